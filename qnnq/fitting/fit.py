"""A noise fitted to counts, from whatever holds them to the explanations of them."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from noise_models import NoiseSpecification
from noise_models.free import FreeSpecification
from qnnq.devices.names import device_names, names_in
from qnnq.errors import InputError
from qnnq.fitting.explanation import Explanation, explain, verdict, weights
from qnnq.fitting.forward import InstrumentForward, device_of
from qnnq.fitting.likelihood import Likelihood, Values
from qnnq.fitting.maximum_likelihood import expected_runs
from qnnq.fitting.mechanisms import Unfitted, mechanisms, unfitted
from qnnq.fitting.observation import SETTING, Observation
from qnnq.fitting.request import FitRequest
from qnnq.fitting.separation import settings
from qnnq.fitting.stored import observation_of_run, read_results
from qnnq.fitting.table import read_table
from qnnq.networks.bundled import load_model
from qnnq.results.points import filtered

Bar = Callable[[str, int], AbstractContextManager[Callable[[int], None]]]
"""Shows how far something is: what is counted, and how many there are."""

_RUNS_A_MECHANISM = 2
"""About how often the model is run for a mechanism that was not fitted."""


@dataclass(frozen=True)
class Fitted:
    """What noises explain of counts.

    Attributes:
        explanations: One for each noise, in their order.
        settings: What they were fitted to.
        held_out: What they were not.
    """

    explanations: tuple[Explanation, ...]
    settings: tuple[Observation, ...]
    held_out: tuple[Observation, ...]

    @property
    def best(self) -> Explanation:
        """The explanation with the lowest AIC."""
        return min(self.explanations, key=lambda each: each.aic)

    @property
    def weights(self) -> list[float]:
        """The Akaike weight of each explanation."""
        return weights(self.explanations)

    @property
    def verdict(self) -> str:
        """What the counts say, in a sentence or a few."""
        return verdict(self.explanations)

    def to_json(self) -> dict[str, Any]:
        """Return the explanations with their weights, and the verdict."""
        pairs = zip(self.explanations, self.weights, strict=True)
        found = [{**asdict(each), "weight": weight} for each, weight in pairs]
        return {"explanations": found, "verdict": self.verdict}


@contextmanager
def _untold(what: str, total: int) -> Iterator[Callable[[int], None]]:
    yield lambda done: None


def fit(request: FitRequest, bar: Bar = _untold) -> Fitted:
    """Infer noise from counts, by maximum likelihood.

    A file of points, `model,images,shots,correct` with a line for each setting:

    >>> import qnnq
    >>> request = qnnq.FitRequest("points.csv", "fake_torino*? + readout(p=?0:0.1)")
    >>> found = qnnq.fit(request)  # doctest: +SKIP
    >>> found.best.intervals, found.verdict  # doctest: +SKIP

    Args:
        request: What is fitted to which counts.
        bar: Shows how far it is.

    Raises:
        InputError, NoiseError: For bad input, or a noise that is impossible.
    """
    fitted, held_out = _divided(_observations(request), request.hold_out)
    noises = [request.noise] if isinstance(request.noise, str) else request.noise
    explanations = _explain(noises, request.device, fitted, held_out, bar)
    return Fitted(tuple(explanations), tuple(fitted), tuple(held_out))


def _observations(request: FitRequest) -> list[Observation]:
    source = request.source
    if isinstance(source, str | Path) and not str(source).endswith(".csv"):
        return read_results(source, request.where)
    if request.where:
        raise InputError("`where`: expected with a results file, whose points it chooses")
    if isinstance(source, str | Path):
        return read_table(source)
    if isinstance(source, list | tuple) and all(isinstance(each, Observation) for each in source):
        return [*source]
    if not hasattr(source, "hardware"):
        raise InputError(
            "`source`: expected a file, a collected run or a list of Observation, got "
            f"{type(source).__name__}"
        )
    network = load_model(source.labels["network"])
    if network.digest != source.result.task.network:
        raise InputError(
            f"`source`: expected the network {source.labels['network']} as it was measured; it has "
            "changed since"
        )
    return [observation_of_run(source.result, source.labels, network)]


def _divided(
    observations: Sequence[Observation], conditions: Sequence[str]
) -> tuple[list[Observation], list[Observation]]:
    """Return the settings that are fitted, and those that are held out."""
    labelled = [
        ({key: getattr(each.request, key) for key in SETTING}, each) for each in observations
    ]
    try:
        out = [each for _, each in filtered(labelled, conditions)] if conditions else []
    except InputError as error:
        raise InputError(f"`hold_out`: {error}") from error
    fitted = [each for each in observations if each not in out]
    if not fitted:
        raise InputError("`hold_out`: expected settings that are left to be fitted, got none")
    return fitted, out


def _explain(
    noises: Sequence[str],
    device: Any,
    fitted: Sequence[Observation],
    held_out: Sequence[Observation],
    bar: Bar,
) -> list[Explanation]:
    specifications = [
        FreeSpecification.parse(text, [*device_names(), *names_in(text)]) for text in noises
    ]
    name = device_of(specifications, device)
    fitted_model, held_out_model = (InstrumentForward(each, name) for each in (fitted, held_out))
    runs = [
        expected_runs(len(each.parameters)) + _RUNS_A_MECHANISM * len(mechanisms(name, each))
        for each in specifications
    ]
    explanations = []
    with bar("runs of the model", sum(runs)) as advance:
        for each, left in zip(specifications, runs, strict=True):

            def told(specification: NoiseSpecification) -> list[NDArray[np.float64]]:
                nonlocal left
                if left > 1:  # of about so many; the last one counts when the noise is fitted
                    left -= 1
                    advance(1)
                return fitted_model(specification)

            def against(likelihood: Likelihood, values: Values) -> Unfitted:
                return unfitted(likelihood, values, mechanisms(name, likelihood.specification))

            def elsewhere(specification: FreeSpecification = each) -> Likelihood:
                return Likelihood(specification, *settings(fitted, name))

            others = Likelihood(each, held_out, held_out_model) if held_out else None
            likelihood = Likelihood(each, fitted, told, fitted_model.simulated)
            explanations.append(explain(likelihood, others, against, elsewhere))
            advance(left)
    return explanations
