"""What tables and figures call the options of a request."""

from typing import Any

from qnnq.deployments.timing import Timing
from qnnq.options.coherent import OF_COHERENT_MODE, TIMES
from qnnq.options.images import ImageOptions
from qnnq.options.option import options_of
from qnnq.results.task import CLASSICAL
from qnnq.runs.request import RunRequest


def mode_labels(request: RunRequest) -> dict[str, float | str]:
    """Return what tables and figures say of a request's mode; times are in microseconds.

    What the stepwise mode has no place for is "".
    """
    if request.mode != "coherent":
        return {"mode": request.mode, **dict.fromkeys(OF_COHERENT_MODE, "")}
    found = vars(Timing.of(request))
    times = {name: round(1e6 * found[name], 9) for name in TIMES}
    return {"mode": request.mode, **found, **times}


def rival_labels(neuron: str, hidden: tuple[int, ...], data: str, images: str) -> dict[str, Any]:
    """Return what tables and figures call a classical network, with the labels of a sweep."""
    request = RunRequest(data=data, images=images, shots=1, engine="ideal", noise="ideal")
    widths = "-".join(map(str, hidden))
    aside = {"stretch": "", "entanglement": "", "widths": widths, "off": "", "strength": 0.0}
    return {
        "network": f"{neuron} {widths}",
        **request_labels(request),
        **aside,
        "engine": CLASSICAL,
    }


def request_labels(request: RunRequest) -> dict[str, Any]:
    """Return what tables and figures call the options of a request, "" where one is not given."""
    options, last = options_of(RunRequest), options_of(ImageOptions)
    found = {
        options[name].label: "" if (value := getattr(request, name)) is None else value
        for name in sorted(options, key=last.__contains__)
        if options[name].label and name not in ("model", "seed")
    }
    return {**found, **mode_labels(request)}
