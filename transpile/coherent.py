"""A network whose neurons live on from layer to layer, compiled step by step with its timeline."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from qiskit.transpiler import Target

from transpile.errors import TranspileError, unknown
from transpile.feedforward import Feedforward
from transpile.groups import Group
from transpile.isa import OPTIMIZATION_LEVEL
from transpile.layout import Score
from transpile.lifetimes import Lifetimes
from transpile.measurement import MEASURE, check_measurement
from transpile.network_layout import network_sites
from transpile.step import CompiledStep, Recycling, StepCompiler
from transpile.timeline import aligned

Decoupling = Literal["none", "XX"]

FEEDBACK_LATENCY = 0.9e-6
"""Seconds from the end of a measurement to the first gate that depends on it.

The end is that of the calibrated duration, whichever instruction measures, as if that were the end
of the capture. In the schedule that IBM Quantum shows for a Heron
(https://quantum.cloud.ibm.com/docs/guides/qiskit-runtime-circuit-timing, dt = 4 ns) the conditional
gate starts 0.86 us after the capture ends, 2.65 us after the measurement began. The calibrated
duration of `measure` there, 2.58 us, goes on for 0.80 us after the capture, so there 0.9 us makes
each wait 0.8 us too long, and 0.06 us would make it right. How much of `measure_2` follows its
capture is not published. Until a job's own schedule says otherwise, 0.9 us is the safe side."""

CONDITION_OVERHEAD = 68e-9
"""Seconds between two branches that follow each other: a guess. In the schedule above 32 ns go by
between the receipt of the bits and the branch, and 36 ns between the branch and what follows."""


@dataclass(frozen=True, eq=False)
class CompiledNetwork:
    """A network whose neurons live on, step by step.

    Attributes:
        steps: The layers.
        sites: Site j is that of neuron j of every layer. No instruction acts on qubits of two
            sites, and a branch acts on each by itself: given the outcomes, sites are independent.
        feedback_latency: Seconds.
        condition_overhead: Seconds.
        measurement: The target's instruction that `measure` stands for in the circuits.
    """

    steps: tuple[CompiledStep, ...]
    sites: tuple[Group, ...]
    feedback_latency: float
    condition_overhead: float
    measurement: str


def compile_network(
    target: Target,
    widths: Sequence[int],
    entanglements: Sequence[float],
    *,
    feedforward: Sequence[Feedforward] | None = None,
    sites: Sequence[Group] | None = None,
    score: Score | None = None,
    feedback_latency: float = FEEDBACK_LATENCY,
    condition_overhead: float = CONDITION_OVERHEAD,
    recycling: Recycling = "flip",
    measurement: str = MEASURE,
    dynamical_decoupling: Decoupling = "none",
    optimization_level: int = OPTIMIZATION_LEVEL,
    seed: int = 0,
) -> CompiledNetwork:
    """Compile the hidden layers of a network for neurons that live on.

    A step is RY(theta) on the neuron's qubit; for g < pi/2 the coupling to its ancilla and the
    measurement of the ancilla, for g = pi/2 that of the neuron, which goes on from the state that
    it fell into. Layers are synchronous. Neuron j goes on as neuron j of the next layer on the
    same qubit; neurons that the next layer does not have are dropped (and reset where a later one
    has them again), further ones start in |0>.

    The first gate that depends on outcomes starts `feedback_latency` seconds after they were
    measured. Without `feedforward` each neuron then turns by an angle that was computed meanwhile.
    With it, branch after branch adds its rotations, `condition_overhead` seconds between them, and
    the layer's own gates, which turn by the base, follow. All alternatives of a branch take the
    same time.

    Args:
        target: The device.
        widths: Neurons of each layer.
        entanglements: The angle g of each layer, radians.
        feedforward: For each layer but the first how its angles follow from outcomes.
        sites: One for each neuron of the widest layer; None: chosen.
        score: How bad a site is; see `transpile.layout.choose_sites`.
        feedback_latency: Seconds.
        condition_overhead: Seconds.
        recycling: What brings a measured ancilla back to |0>: "flip", an X where its outcome was
            -1, together with the first branch that knows it, or "reset", the device's, which
            begins with the latency and, where it is longer, prolongs it.
        measurement: The target's instruction that `measure` stands for: its durations are taken,
            and its faults where sites are chosen.
        dynamical_decoupling: "XX" lets two X stand in each wait of a living neuron for the
            measurement of its ancilla and for the feed-forward (a quarter and three quarters of
            the way): what a constant frequency offset does in the wait is undone, relaxation is
            not.
        optimization_level: 0 to 3.
        seed: Of the transpiler.

    Raises:
        TranspileError: The network does not fit the device, or an argument is out of range.
    """
    for name, seconds in (
        ("feedback latency", feedback_latency),
        ("condition overhead", condition_overhead),
    ):
        if not (seconds >= 0 and math.isfinite(seconds)):
            raise TranspileError(f"{name}: expected a number of seconds >= 0, got {seconds}")
    if recycling not in get_args(Recycling):
        raise unknown("recycling", recycling, get_args(Recycling))
    if dynamical_decoupling not in get_args(Decoupling):
        raise unknown("dynamical decoupling", dynamical_decoupling, get_args(Decoupling))
    check_measurement(target, measurement)
    sites = network_sites(target, widths, entanglements, sites, measurement, score)
    if feedforward is not None:
        _check_feedforward(feedforward, widths)
    compiler = StepCompiler(
        target,
        sites,
        Lifetimes(sites, widths, entanglements),
        aligned(feedback_latency, target),
        aligned(condition_overhead, target),
        recycling,
        measurement,
        dynamical_decoupling == "XX",
        optimization_level,
        seed,
    )
    steps = []
    for step, (width, entanglement) in enumerate(zip(widths, entanglements, strict=True)):
        branches = feedforward[step - 1] if step and feedforward is not None else None
        steps.append(compiler.compile(step, width, widths[step - 1], entanglement, branches))
    return CompiledNetwork(tuple(steps), sites, compiler.latency, compiler.overhead, measurement)


def _check_feedforward(feedforward: Sequence[Feedforward], widths: Sequence[int]) -> None:
    if len(feedforward) != len(widths) - 1:
        raise TranspileError(
            f"feed-forward: expected one for each of {len(widths) - 1} layers, "
            f"got {len(feedforward)}"
        )
    for layer, (before, width, one) in enumerate(
        zip(widths, widths[1:], feedforward, strict=False), 2
    ):
        if len(one.base) != width:
            raise TranspileError(
                f"feed-forward of layer {layer}: expected {width} angles, got {len(one.base)}"
            )
        highest = max((bit for branch in one.branches for bit in branch.bits), default=0)
        if highest >= before:
            raise TranspileError(
                f"feed-forward of layer {layer}: expected bits 0 to {before - 1}, got {highest}"
            )
