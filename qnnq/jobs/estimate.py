"""What a run will cost, before anything is sent."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from qnnq.devices.service_limits import ServiceLimits
from qnnq.jobs.layer_plan import LayerCost
from qnnq.wording import counted

_LEAST_SAVING_S = 0.1
"""Estimates are told to a tenth of a second."""


@dataclass(frozen=True)
class LayerShape:
    """How a layer lies on the chip, and what one execution of it costs."""

    width: int
    copies: int
    parts: int
    slots: int
    cost: LayerCost


@dataclass(frozen=True)
class LayerEstimate:
    """The cost of one layer, all images and shots; upper bounds except for the first layer.

    Attributes:
        layer: 0 for the first.
        jobs: Jobs to submit.
        pubs: Primitive unified blocs, one a job.
        parameter_sets: Rows of angles.
        executions: Parameter sets times shots.
        payload_bytes: Size of all requests together.
        duration_s: Circuit length.
        rep_delay_s: Delay after each execution.
        quantum_seconds: overhead x jobs + (rep_delay + duration) x executions.
    """

    layer: int
    jobs: int
    pubs: int
    parameter_sets: int
    executions: int
    payload_bytes: int
    duration_s: float
    rep_delay_s: float
    quantum_seconds: float


@dataclass(frozen=True)
class Estimate:
    """The cost of a run, by layer, and how it could cost less."""

    layers: tuple[LayerEstimate, ...]
    overhead_s: float
    cheaper: tuple[tuple[str, float], ...] = ()

    @property
    def jobs(self) -> int:
        """Jobs of all layers."""
        return sum(layer.jobs for layer in self.layers)

    @property
    def executions(self) -> int:
        """Executions of all layers."""
        return sum(layer.executions for layer in self.layers)

    @property
    def quantum_seconds(self) -> float:
        """Quantum seconds of all layers."""
        return sum(layer.quantum_seconds for layer in self.layers)

    def formula(self) -> str:
        """Return the sum with its numbers."""
        terms = " + ".join(
            f"({each.rep_delay_s * 1e6:g} us + {each.duration_s * 1e6:.3g} us) x {each.executions}"
            for each in self.layers
        )
        overhead = f"{self.overhead_s:g} s x {counted(self.jobs, 'job')}"
        return f"{overhead} + {terms} = {self.quantum_seconds:.1f} s"

    def to_json(self) -> dict[str, Any]:
        """Return the estimate in schema `qnnq.estimate/1`."""
        return {
            "schema": "qnnq.estimate/1",
            "quantum_seconds": self.quantum_seconds,
            "formula": self.formula(),
            "jobs": self.jobs,
            "executions": self.executions,
            "layers": [asdict(layer) for layer in self.layers],
            "upper_bound": len(self.layers) > 1,
            "cheaper": [{"how": how, "quantum_seconds": cost} for how, cost in self.cheaper],
        }


def estimate_layer(
    layer: int, shape: LayerShape, images: int, shots: int, limits: ServiceLimits
) -> LayerEstimate:
    """Return the cost of a layer.

    In the first layer all shots of a group of images share their angles. Later, angles depend on
    the outcomes before: how many rows are equal is not known, so none is counted as merged.
    """
    groups = math.ceil(images / shape.copies) * shape.parts
    shots_per_set = shape.cost.shots_per_set(shots, limits) if layer == 0 else 1
    sets = groups * shots // shots_per_set
    executions = sets * shots_per_set
    jobs = math.ceil(sets / shape.cost.sets_per_job(shape.slots, shots_per_set, limits))
    payload = shape.cost.payload(sets, shape.slots) + (jobs - 1) * shape.cost.circuit_bytes
    seconds = shape.cost.seconds(sets, shots_per_set, jobs, limits)
    return LayerEstimate(
        layer=layer,
        jobs=jobs,
        pubs=jobs,
        parameter_sets=sets,
        executions=executions,
        payload_bytes=payload,
        duration_s=shape.cost.duration_s,
        rep_delay_s=shape.cost.rep_delay_s,
        quantum_seconds=seconds,
    )


def estimate_run(
    shapes: Sequence[LayerShape],
    images: int,
    shots: int,
    limits: ServiceLimits,
    *,
    least_rep_delay_s: float,
) -> Estimate:
    """Return the cost of a run and what would be cheaper.

    Args:
        shapes: The layers.
        images: Number of images.
        shots: Shots an image.
        limits: Limits and prices.
        least_rep_delay_s: The shortest repetition delay that the device offers.
    """

    def total(shapes: Sequence[LayerShape], shots: int) -> Estimate:
        layers = [estimate_layer(i, shape, images, shots, limits) for i, shape in enumerate(shapes)]
        return Estimate(tuple(layers), limits.overhead_s)

    found = total(shapes, shots)
    ways = []
    if any(shape.cost.rep_delay_s > least_rep_delay_s for shape in shapes):
        faster = [
            replace(shape, cost=replace(shape.cost, rep_delay_s=least_rep_delay_s))
            for shape in shapes
        ]
        note = f"--rep-delay {least_rep_delay_s * 1e6:g} (us; qubits start less well reset)"
        ways.append((note, faster, shots))
    if any(shape.cost.broadcasts for shape in shapes):
        once = [replace(shape, cost=replace(shape.cost, broadcasts=0.0)) for shape in shapes]
        note = "broadcasts_per_job of --limits (if a service does not count them by parameter set)"
        ways.append((note, once, shots))
    if shots > 1:
        ways.append((f"--shots {shots // 2} (wider intervals)", list(shapes), shots // 2))
    costs = [(how, total(other, fewer).quantum_seconds) for how, other, fewer in ways]
    cheaper = tuple(
        (how, cost) for how, cost in costs if cost < found.quantum_seconds - _LEAST_SAVING_S
    )
    return replace(found, cheaper=cheaper)
