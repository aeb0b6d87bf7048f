"""A network on a measured device: the empirical twin, ``noise` measured:FILE`."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qnnq.data.dataset import Dataset
from qnnq.deployments.base import Deployment
from qnnq.deployments.identity import compiler
from qnnq.deployments.layered import LayeredMode
from qnnq.deployments.noise_text import MEASURED
from qnnq.deployments.prediction import sampled_accuracy
from qnnq.deployments.variations import REPETITIONS, Variation
from qnnq.errors import InputError
from qnnq.execution.engines.base import Engine
from qnnq.execution.engines.compensated import CompensatedEngine
from qnnq.execution.engines.instrument import InstrumentEngine
from qnnq.execution.engines.layer_response import LayerResponse
from qnnq.execution.measured_response import KindResponse, MeasuredResponse
from qnnq.networks.network import Network
from qnnq.results.task import Task


@dataclass(frozen=True, eq=False)
class MeasuredDeployment(Deployment):
    """The hidden layers of a network on sites whose responses were measured.

    Neurons 0, 1, 2, ... of every copy are on the measured sites, in the order of the file.

    Attributes:
        network: The network.
        response: What was measured.
        path: What to call it in an error.
        copies: Images side by side.
        pairs: SX pairs that were inserted after each rotation.
        compensate: Whether angles are corrected for the response.
    """

    network: Network
    response: MeasuredResponse
    path: str
    copies: int = 1
    pairs: int = 0
    compensate: bool = False

    @cached_property
    def responses(self) -> tuple[LayerResponse, ...]:
        """The response of every hidden layer."""
        return self._layers_of(self.response)

    @property
    def calibration(self) -> dict[str, str | None]:
        """The device and the time of the measurement."""
        return {"device": self.response.device, "time": self.response.measured}

    @cached_property
    def noise(self) -> str:
        """What a task calls this noise."""
        content = hashlib.sha256(self.response.model_dump_json().encode()).hexdigest()
        return f"measured({content})"

    def check(self, engine: str) -> None:
        """Compile, build the noise and see that an engine takes them."""
        check_engine(engine)
        _ = self.responses

    def identity(self) -> dict[str, Any]:
        """Return all that determines the circuits and their noise, as plain JSON."""
        return {
            "mode": "stepwise",
            "network": self.network.digest,
            "noise": self.noise,
            "copies": self.copies,
            "pairs": self.pairs,
            "compensate": self.compensate,
            "compiler": compiler(),
        }

    def completed(self, task: Task) -> Task:
        """Return a task with what of this deployment determines its simulated result."""
        return replace(
            task,
            noise=self.noise,
            strength=1.0,
            device=self.response.device,
            calibration=self.response.measured,
            copies=self.copies,
            pairs=self.pairs,
            pair_gate="sx" if self.pairs else None,
        )

    def exact_responses(self) -> tuple[LayerResponse, ...]:
        """Return what every layer answers, by which engine `exact` calculates probabilities."""
        check_engine("exact")
        return self.responses

    def engine(self, name: str) -> Engine:
        """Return the engine `instrument`; a measured response is no circuit for another one."""
        check_engine(name)
        return InstrumentEngine(self.responses)

    def compensated(self, engine: Engine) -> CompensatedEngine:
        """Return an engine that corrects angles for this response before `engine` measures."""
        return CompensatedEngine(engine, self.responses, self.network.entanglements)

    def submitted(self, task: Task) -> Task:
        """Return a task whose result comes from executing `circuits` on the device."""
        return self.completed(task)

    def mode(self, engine: str, shots: int, seed: int) -> LayeredMode:
        """Return what the shot loop goes through the layers with."""
        return self._over(self.engine(engine))

    def _over(self, engine: Engine) -> LayeredMode:
        """Return the mode over an engine; angles are corrected by what was measured."""
        compensated = self.compensated(engine) if self.compensate else None
        return LayeredMode(engine, self.network.entanglements, compensated)

    def predicted(self, dataset: Dataset) -> float:
        """Return the share of shots that will be right, None where the noise is not known."""
        return sampled_accuracy(replace(self, compensate=False), "instrument", dataset)

    def variations(self, engine: str, shots: int, seed: int) -> tuple[Variation, ...]:
        """Return why another run of the same task on the device might differ; see `mode`."""

        def modes() -> Iterator[LayeredMode]:
            random = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(REPETITIONS,)))
            for _ in range(REPETITIONS):
                yield self._over(InstrumentEngine(self.redrawn(random)))

        return (Variation("calibration", modes),)

    def redrawn(self, random: np.random.Generator) -> tuple[LayerResponse, ...]:
        """Return the responses that another calibration of the same length might have found."""
        return self._layers_of(self.response.drawn(random))

    def tables(self) -> list[NDArray[np.float32]]:
        """Return what every layer answers, for a training under this noise."""
        return [response.minus.swapaxes(0, 1) for response in self.responses]

    def _layers_of(self, response: MeasuredResponse) -> tuple[LayerResponse, ...]:
        network = self.network
        network.refuse_couplings(f"`noise` {MEASURED}{self.path}")
        layers = tuple(zip(network.widths, network.entanglements, strict=True))
        return _layer_responses(self.path, response, layers, self.copies)


def check_engine(name: str) -> None:
    """Raise InputError for an engine that runs circuits, which a measured response has not."""
    if name != "instrument":
        raise InputError(f"`engine` {name}: expected instrument with `noise` {MEASURED}FILE")


def _kind(path: str, response: MeasuredResponse, entanglement: float) -> KindResponse:
    for kind in response.kinds:
        if abs(kind.entanglement - entanglement) < 1e-9:
            return kind
    found = ", ".join(f"{kind.entanglement:.6g}" for kind in response.kinds)
    raise InputError(
        f"{path}: expected a response at entanglement angle {entanglement:.6g}, got {found}"
    )


def _layer_responses(
    path: str, response: MeasuredResponse, layers: Sequence[tuple[int, float]], copies: int
) -> tuple[LayerResponse, ...]:
    """Return the responses of layers of these widths and entanglement angles."""
    return tuple(
        _layer_response(path, _kind(path, response, angle), width, copies)
        for width, angle in layers
    )


def _layer_response(path: str, kind: KindResponse, width: int, copies: int) -> LayerResponse:
    slots = min(copies * width, len(kind.sites))
    if slots < copies * width:
        if copies > 1:
            raise InputError(
                f"{path}: expected at least {copies * width} sites for {copies} copies of "
                f"{width} neurons, got {len(kind.sites)}"
            )
        slots = -(-width // -(-width // slots))  # equal shares, as the circuits are split
    coefficients = np.array([site.coefficients for site in kind.sites[:slots]])
    slot_of = np.arange(copies * width, dtype=np.int64).reshape(copies, -1) % slots
    return LayerResponse.of_slots(slot_of, coefficients)
