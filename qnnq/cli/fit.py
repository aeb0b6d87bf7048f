"""`qnnq fit`: which noise explains what a machine showed."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from qnnq.cli.output import print_table, progress_bar, write_json

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from qnnq.fitting.explanation import Explanation
    from qnnq.fitting.observation import Observation

RUNS_A_MECHANISM = 2
"""About how often the model is run for a mechanism that was not fitted."""


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def fit(
        source: Annotated[
            str,
            typer.Argument(
                metavar="FILE|DIR|latest",
                help="A CSV file, a results file of a sweep, or the folder of a run.",
            ),
        ],
        noise: Annotated[
            list[str],
            typer.Option(
                help="A noise with ? for what is to be found, or ?LOW:HIGH; several are compared.",
                metavar="SPEC",
            ),
        ],
        device: Annotated[
            str | None,
            typer.Option(
                help="The device whose gates were used. Default: the noises'.", metavar="NAME"
            ),
        ] = None,
        where: Annotated[
            list[str] | None,
            typer.Option(help="Only these points of a results file.", metavar="LABEL=VALUE"),
        ] = None,
        hold_out: Annotated[
            list[str] | None,
            typer.Option(
                help="Leave these settings out of the fit and predict them: pairs=100.",
                metavar="KEY=VALUE",
            ),
        ] = None,
        figure: Annotated[
            str | None, typer.Option(help="Draw it: .png, .svg or .pdf.", metavar="PICTURE")
        ] = None,
        json: Annotated[
            str | None, typer.Option(help="Write as JSON (- is stdout).", metavar="FILE")
        ] = None,
    ) -> None:
        """Infer noise from counts, by maximum likelihood.

        With 95 % intervals, the goodness of fit, AIC where several noises are compared, and what
        the noise cannot be told from: mechanisms that were not fitted, and the setting that would
        tell them apart.

        A CSV file has a line for each setting: model, images, shots (of each image), correct (right
        shots, of all images together), and if wanted data, pairs, pair_gate, qubits, copies. Or a
        line for each image and setting, with votes (the shots that named each class, "0 3 92 ...")
        instead of shots and correct.

        Example: qnnq fit points.csv --noise "fake_torino*?" --noise "fake_torino + phase(angle=?)"

        Example: qnnq fit latest --noise "fake_kingston*? + readout(p=?0:0.1)" --json fit.json
        """
        from dataclasses import asdict

        from qnnq.fitting.explanation import verdict, weights
        from qnnq.storage.files import check_writable

        check_writable(json, figure)
        if figure is not None:
            from qnnq.figures.style import check_ending

            check_ending(figure)
        observations = _read(source, where or [])
        fitted, held_out = _divided(observations, hold_out or [])
        explanations = _explain(noise, device, fitted, held_out)
        said = verdict(explanations)
        document = {
            "schema": "qnnq.fit/1",
            "source": source,
            "explanations": [
                {**asdict(each), "weight": weight}
                for each, weight in zip(explanations, weights(explanations), strict=True)
            ],
            "verdict": said,
        }
        write_json(document, json)
        if figure is not None:
            from qnnq.figures.fits import fit_figure
            from qnnq.figures.style import save

            pairs = [each.request.pairs for each in (*fitted, *held_out)]
            save(fit_figure(explanations, pairs), figure)
        if json != "-":
            _print(explanations, said)


def _read(source: str, where: list[str]) -> "list[Observation]":
    from qnnq.errors import InputError
    from qnnq.fitting.stored import observation_of_run, read_results
    from qnnq.fitting.table import read_table

    folder = source == "latest" or Path(source).is_dir()
    if where and (folder or source.endswith(".csv")):
        raise InputError("--where: expected with a results file, whose points it chooses")
    if source.endswith(".csv"):
        return read_table(source)
    if not folder:
        return read_results(source, where)
    from qnnq.jobs.folder import NETWORK, find_run
    from qnnq.jobs.reading import collect_run
    from qnnq.networks.file import read_network

    path = find_run(source)
    collected = collect_run(path)
    network = read_network(path / NETWORK)
    return [observation_of_run(collected.result, collected.labels, network)]


def _divided(
    observations: "Sequence[Observation]", conditions: list[str]
) -> "tuple[list[Observation], list[Observation]]":
    """Return the settings that are fitted, and those that are held out."""
    from qnnq.errors import InputError
    from qnnq.results.points import filtered

    keys = ("model", "images", "data", "pairs", "pair_gate", "qubits", "copies")
    labelled = [({key: getattr(each.request, key) for key in keys}, each) for each in observations]
    try:
        out = [each for _, each in filtered(labelled, conditions)] if conditions else []
    except InputError as error:
        raise InputError(f"--hold-out: {error}") from error
    fitted = [each for each in observations if each not in out]
    if not fitted:
        raise InputError("--hold-out: expected settings that are left to be fitted, got none")
    return fitted, out


def _explain(
    noises: list[str],
    device: str | None,
    fitted: "list[Observation]",
    held_out: "list[Observation]",
) -> "list[Explanation]":
    from noise_models import NoiseSpecification
    from noise_models.free import FreeSpecification
    from qnnq.devices.names import device_names, names_in
    from qnnq.fitting.explanation import explain
    from qnnq.fitting.forward import InstrumentForward, device_of
    from qnnq.fitting.likelihood import Likelihood, Values
    from qnnq.fitting.maximum_likelihood import expected_runs
    from qnnq.fitting.mechanisms import Unfitted, mechanisms, unfitted
    from qnnq.fitting.separation import settings

    specifications = [
        FreeSpecification.parse(text, [*device_names(), *names_in(text)]) for text in noises
    ]
    name = device_of(specifications, device)
    fitted_model, held_out_model = (InstrumentForward(each, name) for each in (fitted, held_out))
    runs = [
        expected_runs(len(each.parameters)) + RUNS_A_MECHANISM * len(mechanisms(name, each))
        for each in specifications
    ]
    explanations = []
    with progress_bar("runs of the model", sum(runs)) as advance:
        for each, left in zip(specifications, runs, strict=True):

            def told(specification: NoiseSpecification) -> "list[NDArray[np.float64]]":
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


def _print(explanations: "list[Explanation]", said: str) -> None:
    from qnnq.fitting.explanation import weights

    rows = []
    for each, weight in zip(explanations, weights(explanations), strict=True):
        found = "\n".join(
            f"{name} {value:.4g} ({each.intervals[name].low:.4g} to "
            f"{each.intervals[name].high:.4g})"
            for name, value in each.parameters.items()
        )
        numbers = (f"{each.log_likelihood:.2f}", f"{each.aic:.2f}", f"{weight:.3f}")
        p_value = f"{each.p_value:.2g}" if each.degrees_of_freedom > 0 else "-"
        rows.append([each.noise, found or "-", *numbers, p_value])
    print_table(
        ("noise", "parameters", "log-likelihood", "AIC", "weight", "p"),
        rows,
        text=("noise", "parameters"),
        title="explanations of the counts",
        caption="parameters with 95 % profile-likelihood intervals; p: goodness of fit",
    )
    best = min(explanations, key=lambda each: each.aic)
    rows = []
    for point in best.predictions:
        value, low, high = (100 * x for x in (point.value, point.low, point.high))
        name = point.name + (" (held out)" if point.held_out else "")
        inside = "inside" if point.holds else "OUTSIDE"
        predicted = f"{value:.1f} % ({low:.1f} to {high:.1f})"
        measured = f"{100 * point.measured:.1f} %"
        rows.append([name, str(point.shots), measured, predicted, inside])
    headings = ("setting", "shots", "measured", "predicted (95 % interval)", "")
    title = f"accuracy of one shot under {best.fitted}"
    print_table(headings, rows, text=("setting",), title=title)
    _print_rivals(best)
    print(said)


def _print_rivals(best: "Explanation") -> None:
    if best.overdispersion is not None:
        scatter = best.overdispersion
        print(
            f"Votes of single images scatter {scatter.value:.2f} times as much as independent "
            f"shots of this noise ({scatter.low:.2f} to {scatter.high:.2f} by chance)."
        )
    if best.rivals:
        rows = []
        for each in best.rivals:
            told = (each.told_by or "no setting tried") if each.is_rival else "these counts"
            numbers = (f"{each.p_value:.2g}", each.found or "none", each.limit, told)
            rows.append([each.mechanism, *numbers])
        headings = ("mechanism", "p", "best", "up to", "told by")
        print_table(
            headings,
            rows,
            text=headings,
            title=f"mechanisms that were not fitted, beside {best.noise}",
            caption="p: score test that there is none; up to: one-sided 95 % limit",
        )
    if best.unseen:
        print(f"These circuits cannot show: {', '.join(best.unseen)}.")
