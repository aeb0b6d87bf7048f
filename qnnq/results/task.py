"""The identity of a run: everything that determines its result, and nothing else."""

import hashlib
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any, Self

from qnnq.errors import InputError
from qnnq.results.rows import canonical

SAMPLING = 2
"""Part of every task: raised when the same task and seed come to mean other random numbers."""


UNSAMPLED = "unsampled"
"""Engine of a network's own weights with phi(z) in place of outcomes."""
CLASSICAL = "classical"
"""Engine of a classical network that was trained as a rival."""
REFERENCES = (UNSAMPLED, CLASSICAL)
"""Engines that answer once for every image; others are read beside them."""


@dataclass(frozen=True)
class Task:
    """Everything that determines a result; None where it does not apply.

    Labels and paths are no part of it, so that the same task has the same id wherever it is done.

    Attributes:
        network: Digest of the network.
        engine: What measures the layers: `ideal`, `instrument`, `aer` or `runtime`; or `exact`,
            which samples nothing and has neither shots nor a seed; or one of `REFERENCES`.
        shots: Shots an image.
        seed: Seed of every random number.
        mode: How the layers are deployed, such as `stepwise`.
        sampling: `SAMPLING` when it was run.
        data: Digest of the data.
        images: The images, such as `0:200`.
        noise: The noise at strength 1, in canonical words.
        strength: What multiplies it.
        waits: Of qubits that relax while a ZZ coupling turns them: `coupled`, where both act at
            once. None of such a task: one acted after the other.
        wandering: Of noise that drifts: `elements`, whose factors are each their own. None of such
            a task: all gates and waits shared one factor, all readout another one.
        compensate: Whether angles are corrected, or the digest of what they are corrected with.
        device: The device's name.
        calibration: The time of its calibration data.
        device_content: Digest of a device that was given as a file or an object.
        qubits: The sites of every layer's neurons.
        copies: Images side by side on the chip.
        pairs: Inserted gate pairs.
        pair_gate: Their gate, where there are any.
        circuits: Digest of the compiled circuits, which another version of Qiskit may compile
            differently. None of a compiled task: it was run by a version that did not keep it.
        feedback_latency_s: Of living neurons, from the end of a measurement to the first gate that
            depends on it.
        condition_overhead_s: Of living neurons, between two branches, where it is not the default.
        measurement: Of living neurons, the device's instruction where it is not `measure`.
        recycling: Of their ancillas, where they are not flipped by their own outcome: `reset`.
        dynamical_decoupling: Sequence that jobs, or the waits of living neurons, decouple idle
            qubits with.
        measurement_twirling: Whether jobs twirl measurements.
        rep_delay_s: Delay after each execution, where it is not the device's own.
        shots_per_round: Shots of a round, where jobs took several until they were enough.
        kind: `calibration` or `price` where no images are run.
    """

    network: str
    engine: str
    shots: int | None = None
    seed: int | None = None
    mode: str = "stepwise"
    sampling: int = SAMPLING
    data: str | None = None
    images: str | None = None
    noise: str | None = None
    strength: float | None = None
    waits: str | None = None
    wandering: str | None = None
    compensate: bool | str | None = None
    device: str | None = None
    calibration: str | None = None
    device_content: str | None = None
    qubits: tuple[str, ...] | None = None
    copies: int | None = None
    pairs: int | None = None
    pair_gate: str | None = None
    circuits: str | None = None
    feedback_latency_s: float | None = None
    condition_overhead_s: float | None = None
    measurement: str | None = None
    recycling: str | None = None
    dynamical_decoupling: str | None = None
    measurement_twirling: bool | None = None
    rep_delay_s: float | None = None
    shots_per_round: int | None = None
    kind: str | None = None

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> Self:
        """Return the task of a document of this or an earlier version.

        Raises:
            InputError: If it has keys that this version does not know, or lacks what every has.
        """
        if not isinstance(document, dict):
            raise InputError(f"task: expected an object, found {type(document).__name__}")
        unknown = sorted(document.keys() - {field.name for field in fields(cls)})
        if unknown:
            raise InputError(f"task: {unknown[0]!r} is of a newer qnnq than this one")
        try:
            task = cls(**document)
        except TypeError as error:
            raise InputError(f"task: {error}") from error
        drawn = task.engine != "exact"
        for name in ("shots", "seed"):
            if (getattr(task, name) is not None) != drawn:
                found = "missing" if drawn else "unexpected"
                raise InputError(f"task: {found} key {name!r} of engine {task.engine}")
        if task.qubits is not None:
            object.__setattr__(task, "qubits", tuple(task.qubits))
        return task

    def part(self, images: str, seed: int) -> Self:
        """Return the same with other images, and another seed if it has one."""
        return replace(self, images=images, seed=None if self.seed is None else seed)

    def to_json(self) -> dict[str, Any]:
        """Return what applies, as plain JSON."""
        found = {name: value for name, value in vars(self).items() if value is not None}
        found.pop("id", None)
        return found | ({"qubits": list(self.qubits)} if self.qubits is not None else {})

    def canonical(self) -> str:
        """Return the canonical JSON, of which the id is the hash."""
        return canonical(self.to_json())

    @cached_property
    def id(self) -> str:
        """SHA-256 (hexadecimal) of the canonical JSON."""
        return hashlib.sha256(self.canonical().encode()).hexdigest()
