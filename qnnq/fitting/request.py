"""What a user wants to have fitted to which counts."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from qnnq.options.option import option, same
from qnnq.runs.request import RunRequest


def _all(found: Sequence[str] | None) -> tuple[str, ...]:
    return tuple(found or ())


@dataclass(frozen=True)
class FitRequest:
    """What is fitted to which counts.

    Attributes:
        source: A CSV file, a results file of a sweep, what `qnnq.collect` returned, or a list of
            `qnnq.fitting.observation.Observation`.
        noise: A noise with ? for what is to be found, or ?LOW:HIGH; several are compared.
        device: The device whose gates were used, as `resolve_device` takes it; None takes that of
            the noises.
        where: Conditions `label=value` that choose points of a results file.
        hold_out: Conditions `key=value` of settings that are left out of the fit and predicted.
    """

    source: Any = option(
        "",
        "A CSV file, a results file of a sweep, or the folder of a run.",
        metavar="FILE|DIR|latest",
        argument=True,
    )
    noise: str | Sequence[str] = option(
        (),
        "A noise with ? for what is to be found, or ?LOW:HIGH; several are compared.",
        kind=list[str],
        metavar="SPEC",
        parse=_all,
    )
    device: Any = same(
        RunRequest, "device", help="The device whose gates were used. Default: the noises'."
    )
    where: Sequence[str] = option(
        (),
        "Only these points of a results file.",
        kind=list[str],
        metavar="LABEL=VALUE",
        parse=_all,
    )
    hold_out: Sequence[str] = option(
        (),
        "Leave these settings out of the fit and predict them: pairs=100.",
        kind=list[str],
        metavar="KEY=VALUE",
        parse=_all,
    )
