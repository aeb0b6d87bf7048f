"""`qnnq fit`: which noise explains what a machine showed."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from qnnq.cli import options
from qnnq.cli.declared import takes
from qnnq.cli.output import print_table, progress_bar, write_json
from qnnq.fitting.request import FitRequest

if TYPE_CHECKING:
    from qnnq.fitting.explanation import Explanation
    from qnnq.fitting.fit import Fitted
    from qnnq.fitting.observation import Observation


@takes(FitRequest, required=("source", "noise"))
def fit(
    request: FitRequest,
    figure: Annotated[
        str | None, typer.Option(help="Draw it: .png, .svg or .pdf.", metavar="PICTURE")
    ] = None,
    json: options.Json = None,
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
    from qnnq.fitting.fit import fit as fit_noise
    from qnnq.storage.files import check_writable

    check_writable(json, figure)
    if figure is not None:
        from qnnq.figures.style import check_ending

        check_ending(figure)
    source = request.source
    if source == "latest" or Path(source).is_dir():
        request = replace(request, source=_of_run(source))
    found = fit_noise(request, progress_bar)
    write_json({"schema": "qnnq.fit/1", "source": source, **found.to_json()}, json)
    if figure is not None:
        from qnnq.figures.fits import fit_figure
        from qnnq.figures.style import save

        pairs = [each.request.pairs for each in (*found.settings, *found.held_out)]
        save(fit_figure(found.explanations, pairs), figure)
    if json != "-":
        _print(found)


def _of_run(folder: str) -> "list[Observation]":
    from qnnq.fitting.stored import observation_of_run
    from qnnq.jobs.folder import NETWORK, find_run
    from qnnq.jobs.reading import collect_run
    from qnnq.networks.file import read_network

    path = find_run(folder)
    collected = collect_run(path)
    return [observation_of_run(collected.result, collected.labels, read_network(path / NETWORK))]


def _print(fitted: "Fitted") -> None:
    rows = []
    for each, weight in zip(fitted.explanations, fitted.weights, strict=True):
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
    best = fitted.best
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
    print(fitted.verdict)


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
