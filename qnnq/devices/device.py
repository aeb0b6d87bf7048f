"""What a device is, whoever offers it, and how those who offer devices make themselves known."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias

if TYPE_CHECKING:
    from qiskit.primitives import BaseSamplerV2
    from qiskit.providers import BackendV2
    from qiskit.transpiler import Target

    from qnnq.devices.service_limits import ServiceLimits

Kind = Literal["simulated", "machine"]

DEFAULT_DEVICE = "fake_kingston"
OBJECT = "object:"
"""How the words begin by which machines are found again that were given as objects."""


class Account(Protocol):
    """The account through which a machine is reached."""

    def check_online(self, name: str) -> None:
        """Raise InputError unless a machine takes jobs."""
        ...

    def has_sessions(self) -> bool:
        """Whether the account's plan offers sessions."""
        ...

    def instance_of(self, name: str) -> str:
        """Return the service instance through which a machine is used."""
        ...

    def queue_length(self, name: str) -> int:
        """Return how many jobs wait for a machine."""
        ...

    def plan_left_s(self) -> float | None:
        """Return the quantum seconds that are left in the plan, None where it does not say."""
        ...


class Source(Protocol):
    """What a device is read from, when it is first asked for."""

    @property
    def backend(self) -> "BackendV2":
        """What Qiskit's samplers and transpiler take."""
        ...

    @property
    def target(self) -> "Target":
        """Its qubits, instructions, durations and errors."""
        ...

    @property
    def digest(self) -> str:
        """SHA-256 (hexadecimal) of all that the target says, or of what it is made from."""
        ...

    @property
    def properties(self) -> dict[str, Any] | None:
        """All that its service says about its calibration, as plain JSON."""
        ...

    @property
    def rep_delays(self) -> tuple[float | None, Sequence[float] | None]:
        """The default and the range of the repetition delay, seconds, where it has its own."""
        ...


@dataclass(frozen=True, eq=False)
class OfBackend:
    """A `Source` that is there.

    Attributes:
        backend: What Qiskit's samplers and transpiler take.
    """

    backend: "BackendV2"

    @property
    def target(self) -> "Target":
        """Its qubits, instructions, durations and errors."""
        return self.backend.target

    @cached_property
    def digest(self) -> str:
        """SHA-256 (hexadecimal) of all that the target says, or of what it is made from."""
        from qnnq.devices.snapshot import snapshot_of

        return snapshot_of(self.target, "device", None).digest

    @property
    def calibrated(self) -> str | None:
        """The time of its calibration data, ISO 8601, None where it has none."""
        updated = None if self._properties is None else self._properties.last_update_date
        return updated.isoformat() if updated else None

    @property
    def properties(self) -> dict[str, Any] | None:
        """All that its service says about its calibration, as plain JSON."""
        if self._properties is None:
            return None
        found: dict[str, Any] = json.loads(json.dumps(self._properties.to_dict(), default=str))
        return found

    @property
    def rep_delays(self) -> tuple[float | None, Sequence[float] | None]:
        """The default and the range of the repetition delay, seconds, where it has its own."""
        configuration = self._called("configuration")
        names = ("default_rep_delay", "rep_delay_range")
        default, limits = (getattr(configuration, name, None) for name in names)
        return default, limits

    @property
    def _properties(self) -> Any:
        found = self._called("properties")
        return found if hasattr(found, "last_update_date") else None

    def _called(self, name: str) -> Any:
        """Return what a method of IBM's backends says, None where a backend has no such method."""
        method = getattr(self.backend, name, None)
        return method() if callable(method) else None


@dataclass(frozen=True, eq=False)
class Device:
    """A device as it was calibrated at one time.

    Two lookups of a machine give two devices, so what is remembered of one, such as compiled
    circuits, is never taken for the other, which may be calibrated anew.

    Attributes:
        name: Its name, as specifications of noise write it.
        source: What it is read from.
        calibration: The time of its calibration data, ISO 8601, None where it has none.
        kind: `machine`, or `simulated` in this process at no cost.
        limits: What its service allows and charges.
        account: The account of a machine whose service bills quantum seconds, None for others.
        content: Digest of a device that was given as an object or a file, whose identity it is;
            None of one whose name and time of calibration say which it is.
        found_as: What it was asked for by, where that is another word than its name.
    """

    name: str
    source: Source
    calibration: str | None
    kind: Kind
    limits: "ServiceLimits"
    account: Account | None = None
    content: str | None = None
    found_as: str | None = None

    @classmethod
    def of(
        cls,
        backend: "BackendV2",
        kind: Kind,
        limits: "ServiceLimits",
        account: Account | None = None,
    ) -> "Device":
        """Return the device of a backend, under the backend's name."""
        source = OfBackend(backend)
        if account is None:
            limits = limits.for_circuits(backend.max_circuits)
        return cls(backend.name, source, source.calibrated, kind, limits, account)

    @classmethod
    def of_content(
        cls,
        backend: "BackendV2",
        name: str,
        calibration: str | None,
        limits: "ServiceLimits",
        *,
        kind: Kind = "simulated",
        found_as: str | None = None,
    ) -> "Device":
        """Return a device whose identity is its content."""
        source = OfBackend(backend)
        limits = limits.for_circuits(backend.max_circuits)
        return cls(name, source, calibration, kind, limits, None, source.digest, found_as)

    @property
    def unpriced(self) -> bool:
        """Whether nobody says what its jobs cost."""
        return self.kind == "machine" and self.account is None and self.limits.tariff is None

    @property
    def request(self) -> str:
        """The word by which `resolve_device` finds it."""
        return self.found_as or self.name

    @property
    def backend(self) -> "BackendV2":
        """What Qiskit's samplers and transpiler take."""
        return self.source.backend

    @property
    def target(self) -> "Target":
        """Its qubits, instructions, durations and errors."""
        return self.source.target

    def rep_delay(self) -> tuple[float, float, float]:
        """Return the default, the shortest and the longest repetition delay, seconds."""
        default, limits = self.source.rep_delays
        low, high = limits or (0.0, 1.0)
        return self.limits.rep_delay_s if default is None else default, low, high


DeviceLike: TypeAlias = "str | Device | BackendV2 | Target"
"""What `qnnq.devices.names.resolve_device` makes a device of."""


@dataclass(frozen=True)
class Provider:
    """Who offers devices: what an entry point of the group `qnnq.devices` names.

    Attributes:
        example: What its names look like, for messages; "" where nobody types them.
        kind: The kind of its devices.
        claims: Whether a name is one of its own; whether there is such a device may be open.
        names: The names that are known without asking anybody.
        find: Returns the device of a name that it claims, by the limits and through the service
            instance that the user chose, if any; raises InputError if there is none.
        sampler: Returns the sampler (`qiskit.primitives.BaseSamplerV2`) that runs the jobs of a
            device; None: `BackendSamplerV2` over its backend.
        service: Returns the `qnnq.jobs.service.Service` of a `qnnq.jobs.runs.Run`, by its limits or
            more impatient ones, where jobs outlive the process that sent them; None: jobs go
            through the sampler.
        least_busy: Returns the name of the device with the shortest queue and at least so many
            qubits, by the limits and through the instance that the user chose.
        named_by_request: Whether a device is called by the name that it was asked for by.
    """

    example: str
    kind: Kind
    claims: Callable[[str], bool]
    names: Callable[[], Iterable[str]]
    find: Callable[[str, "ServiceLimits", str | None], Device]
    sampler: "Callable[[Device], BaseSamplerV2] | None" = None
    service: "Callable[[Any, ServiceLimits], Any] | None" = None
    least_busy: "Callable[[int, ServiceLimits, str | None], str] | None" = None
    named_by_request: bool = True

    def samples(self, device: Device) -> bool:
        """Whether jobs of a device go through its sampler: it is not simulated by us."""
        return self.service is None or (self.kind == "simulated" and device.kind == "machine")
