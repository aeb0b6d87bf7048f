"""What a run will cost, before anything is sent."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Self

from qnnq.devices.service_limits import ServiceLimits
from qnnq.devices.tariff import Tariff
from qnnq.jobs.chunks import PLACE_BYTES, images_per_chunk, memory_bytes
from qnnq.jobs.layer_plan import LayerShape
from qnnq.wording import counted

_LEAST_SAVING_S = 0.1
"""Estimates are told to a tenth of a second."""


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
        quantum_seconds: See `LayerCost.seconds`.
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
    """The cost of a run, by layer, what it was reckoned with, and how it could cost less.

    Attributes:
        layers: The layers.
        overhead_s: Quantum seconds a job.
        seconds_per_set: Quantum seconds a parameter set.
        seconds_per_execution: Quantum seconds an execution, besides its delay and its circuit.
        chunk_images: Images that are planned together; fewer than all where memory is scarce.
        memory_bytes: What planning and sending takes at its peak.
        disk_bytes: Upper bound of the ledger's size.
        cheaper: Ways to pay less, with what they cost.
        tariff: What is charged instead of quantum seconds, None where these are billed.
    """

    layers: tuple[LayerEstimate, ...]
    overhead_s: float
    seconds_per_set: float = 0.0
    seconds_per_execution: float = 0.0
    chunk_images: int = 0
    memory_bytes: int = 0
    disk_bytes: int = 0
    cheaper: tuple[tuple[str, float], ...] = ()
    tariff: Tariff | None = None

    @classmethod
    def of(cls, layers: Sequence[LayerEstimate], limits: ServiceLimits) -> Self:
        """Return the estimate of layers that were reckoned with these limits."""
        prices = limits.overhead_s, limits.seconds_per_set, limits.seconds_per_execution
        return cls(tuple(layers), *prices, tariff=limits.tariff)

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

    @property
    def charged(self) -> tuple[int, int, int]:
        """Jobs, circuits with their angles, and shots, of which a tariff has prices."""
        return self.jobs, sum(layer.parameter_sets for layer in self.layers), self.executions

    @property
    def cost_name(self) -> str:
        """What the cost is called."""
        return "quantum_seconds" if self.tariff is None else "price"

    @property
    def cost(self) -> float:
        """What is paid: in the tariff's currency, or else quantum seconds."""
        return self.quantum_seconds if self.tariff is None else self.tariff.price(*self.charged)

    def formula(self) -> str:
        """Return the sum with its numbers."""
        if self.tariff is not None:
            return self.tariff.formula(*self.charged)
        more = f" {1e6 * self.seconds_per_execution:+.3g} us" if self.seconds_per_execution else ""
        terms = [
            f"({each.rep_delay_s * 1e6:g} us + {each.duration_s * 1e6:.3g} us{more}) x "
            f"{each.executions}"
            for each in self.layers
        ]
        if self.seconds_per_set:
            sets = sum(layer.parameter_sets for layer in self.layers)
            terms.insert(0, f"{self.seconds_per_set * 1e6:.3g} us x {sets} sets")
        overhead = f"{self.overhead_s:g} s x {counted(self.jobs, 'job')}"
        return f"{' + '.join([overhead, *terms])} = {self.quantum_seconds:.1f} s"

    def to_json(self) -> dict[str, Any]:
        """Return the estimate in schema `qnnq.estimate/1`."""
        return {
            "schema": "qnnq.estimate/1",
            "quantum_seconds": self.quantum_seconds,
            **({} if self.tariff is None else {"price": self.cost, "tariff": asdict(self.tariff)}),
            "formula": self.formula(),
            "jobs": self.jobs,
            "executions": self.executions,
            "layers": [asdict(layer) for layer in self.layers],
            "upper_bound": len(self.layers) > 1,
            "chunk_images": self.chunk_images,
            "memory_bytes": self.memory_bytes,
            "disk_bytes": self.disk_bytes,
            "cheaper": [{"how": how, self.cost_name: cost} for how, cost in self.cheaper],
        }


def estimate_layer(
    layer: int,
    shape: LayerShape,
    images: int,
    shots: int,
    limits: ServiceLimits,
    chunk_images: int | None = None,
) -> LayerEstimate:
    """Return the cost of a layer, whose images are planned `chunk_images` at a time.

    In the first layer all shots of a group of images share their angles, but for states that are
    prepared in several ways. Later, angles depend on
    the outcomes before: how many rows are equal is not known, so none is counted as merged.
    """
    shots_per_set = shape.cost.shots_per_set(shots, limits) if layer == 0 and not shape.apart else 1
    sets_per_job = shape.cost.sets_per_job(shape.slots, shots_per_set, limits)
    step = chunk_images or images
    sizes = [min(step, images - start) for start in range(0, images, step)]
    chunks = [
        math.ceil(size / shape.copies) * shape.parts * shots // shots_per_set for size in sizes
    ]
    sets, jobs = sum(chunks), sum(math.ceil(each / sets_per_job) for each in chunks)
    return layer_estimate(layer, shape, sets, shots_per_set, jobs, limits)


def layer_estimate(
    layer: int, shape: LayerShape, sets: int, shots: int, jobs: int, limits: ServiceLimits
) -> LayerEstimate:
    """Return the cost of `jobs` jobs that have `sets` parameter sets of `shots` shots together."""
    payload = shape.cost.payload(sets, shape.slots) + (jobs - 1) * shape.cost.circuit_bytes
    seconds = shape.cost.seconds(sets, shots, jobs, limits)
    return LayerEstimate(
        layer=layer,
        jobs=jobs,
        pubs=jobs,
        parameter_sets=sets,
        executions=sets * shots,
        payload_bytes=payload,
        duration_s=shape.cost.duration_s,
        rep_delay_s=shape.cost.rep_delay_s,
        quantum_seconds=seconds,
    )


def _kept_bytes(layer: LayerEstimate, slots: int) -> int:
    """Return an upper bound of what the ledger keeps of a layer: angles, places, outcomes."""
    return layer.payload_bytes + layer.executions * (PLACE_BYTES + math.ceil(slots / 8))


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
        chunk = images_per_chunk(shapes, images, shots, limits)
        layers = [
            estimate_layer(i, shape, images, shots, limits, chunk) for i, shape in enumerate(shapes)
        ]
        return replace(
            Estimate.of(layers, limits),
            chunk_images=chunk,
            memory_bytes=memory_bytes(shapes, chunk, shots, limits),
            disk_bytes=sum(
                _kept_bytes(layer, shape.slots) for layer, shape in zip(layers, shapes, strict=True)
            ),
        )

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
    least_saving = _LEAST_SAVING_S if limits.tariff is None else 0.0
    costs = [(how, total(other, fewer).cost) for how, other, fewer in ways]
    cheaper = tuple((how, cost) for how, cost in costs if cost < found.cost - least_saving)
    return replace(found, cheaper=cheaper)
