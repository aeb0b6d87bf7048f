"""Options of neurons that live on from layer to layer: when things happen, and what resets."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from qnnq.options.option import option, options_of

RecyclingName = Literal["flip", "reset"]
DecouplingName = Literal["none", "XX"]


@dataclass(frozen=True, kw_only=True)
class CoherentOptions:
    """What the coherent mode alone has; times are words such as `2us`, or seconds.

    Attributes:
        feedback_latency: From the end of a measurement to the first gate that depends on it; None
            takes `transpile.FEEDBACK_LATENCY`.
        condition_overhead: Between two branches of a layer whose angles a controller chooses
            (activation `linear`); None takes `transpile.CONDITION_OVERHEAD`.
        measurement: The device's instruction that measures, such as `measure_2`.
        recycling: What brings a measured ancilla back to |0>: `flip` (by its own outcome) or
            `reset`.
        dynamical_decoupling: `XX` lets two X gates stand in each wait of a weakly measured neuron
            for its ancilla's measurement and for the feedback.
    """

    feedback_latency: str | float | None = option(
        None,
        "Coherent: from the end of a measurement to the first gate that depends on it.",
        metavar="TIME",
        is_time=True,
        usual=0.9e-6,
        mode="coherent",
        told="{} of feedback latency",
        label=True,
        grid=True,
    )
    condition_overhead: str | float | None = option(
        None,
        "Coherent, linear layers: from one branch of a layer to the next.",
        metavar="TIME",
        is_time=True,
        usual=68e-9,
        mode="coherent",
        needs="branches",
        told="{} between branches",
        label=True,
        grid=True,
    )
    measurement: str = option(
        "measure",
        "Coherent: the device's instruction, such as measure_2.",
        metavar="NAME",
        mode="coherent",
        label=True,
        grid=True,
    )
    recycling: RecyclingName = option(
        "flip",
        "Coherent: of measured ancillas, flip (by their outcome) or reset.",
        known=get_args(RecyclingName),
        mode="coherent",
        needs="ancillas",
        label=True,
        grid=True,
    )
    dynamical_decoupling: DecouplingName = option(
        "none",
        "Coherent: XX puts two X gates into each wait of a weakly measured neuron; it undoes "
        "constant frequency offsets, not relaxation.",
        metavar="SEQUENCE",
        known=get_args(DecouplingName),
        mode="coherent",
        needs="ancillas",
        told="dynamical decoupling {}",
        label=True,
        grid=True,
    )


OF_COHERENT_MODE = tuple(options_of(CoherentOptions))
"""Their names; as labels they are "" where the mode is stepwise."""
TIMES = tuple(name for name, each in options_of(CoherentOptions).items() if each.is_time)
"""Labels in microseconds."""


def told(values: Mapping[str, Any]) -> str:
    """Return in words what of these options is there: times in seconds, as a task has them too."""
    found = []
    for name, declared in options_of(CoherentOptions).items():
        value = values.get(f"{name}_s", values.get(name)) if declared.is_time else values.get(name)
        if value is not None:
            found.append(declared.told.format(_time(value) if declared.is_time else value))
    return ", ".join(found)


def _time(seconds: float) -> str:
    return f"{1e9 * seconds:g} ns" if 0 < seconds < 0.5e-6 else f"{1e6 * seconds:g} us"
