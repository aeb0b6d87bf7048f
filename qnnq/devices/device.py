"""What a device is, whoever offers it, and how those who offer devices make themselves known."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias

if TYPE_CHECKING:
    from qiskit.providers import BackendV2
    from qiskit.transpiler import Target

    from qnnq.devices.service_limits import ServiceLimits

Kind = Literal["simulated", "machine"]

DEFAULT_DEVICE = "fake_kingston"


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


@dataclass(frozen=True, eq=False)
class Device:
    """A device as it was calibrated at one time.

    Two lookups of a machine give two devices, so what is remembered of one, such as compiled
    circuits, is never taken for the other, which may be calibrated anew.

    Attributes:
        name: Its name, as specifications of noise write it.
        backend: What Qiskit's samplers and transpiler take.
        calibration: The time of its calibration data, ISO 8601, None where it has none.
        kind: `machine`, or `simulated` in this process at no cost.
        limits: What its service allows and charges.
        account: The account of a machine, None for a simulated one.
        content: Digest of a device that was given as an object or a file, whose identity it is;
            None of one whose name and time of calibration say which it is.
        found_as: What it was asked for by, where that is another word than its name.
    """

    name: str
    backend: "BackendV2"
    calibration: str | None
    kind: Kind
    limits: "ServiceLimits"
    account: Account | None = None
    content: str | None = None
    found_as: str | None = None

    @classmethod
    def of(
        cls, backend: "BackendV2", kind: Kind, limits: "ServiceLimits", account: Account | None
    ) -> "Device":
        """Return the device of a backend, under the backend's name."""
        return cls(backend.name, backend, cls.calibrated(backend), kind, limits, account)

    @classmethod
    def of_content(
        cls,
        backend: "BackendV2",
        name: str,
        calibration: str | None,
        limits: "ServiceLimits",
        found_as: str | None = None,
    ) -> "Device":
        """Return a device, simulated in this process, whose identity is its content."""
        from qnnq.devices.snapshot import snapshot_of

        content = snapshot_of(backend.target, name, calibration).digest
        return cls(name, backend, calibration, "simulated", limits, None, content, found_as)

    @staticmethod
    def calibrated(backend: "BackendV2") -> str | None:
        """Return the time of a backend's calibration data, ISO 8601, None where it has none."""
        updated = getattr(_properties(backend), "last_update_date", None)
        return updated.isoformat() if updated else None

    @property
    def request(self) -> str:
        """The word by which `resolve_device` finds it."""
        return self.found_as or self.name

    @property
    def target(self) -> "Target":
        """Its qubits, instructions, durations and errors."""
        return self.backend.target

    def calibration_data(self) -> dict[str, Any] | None:
        """Return all that its service says about its calibration, as plain JSON."""
        properties = _properties(self.backend)
        if properties is None:
            return None
        found: dict[str, Any] = json.loads(json.dumps(properties.to_dict(), default=str))
        return found

    def rep_delay(self) -> tuple[float, float, float]:
        """Return the default, the shortest and the longest repetition delay, seconds."""
        configuration = getattr(self.backend, "configuration", lambda: None)()
        default = getattr(configuration, "default_rep_delay", None)
        low, high = getattr(configuration, "rep_delay_range", None) or (0.0, 1.0)
        return self.limits.rep_delay_s if default is None else default, low, high


DeviceLike: TypeAlias = "str | Device | BackendV2 | Target"
"""What `qnnq.devices.names.resolve_device` makes a device of."""


def _properties(backend: "BackendV2") -> Any:
    return getattr(backend, "properties", lambda: None)()


@dataclass(frozen=True)
class Provider:
    """Who offers devices.

    Attributes:
        example: What its names look like, for messages.
        kind: The kind of its devices.
        claims: Whether a name is one of its own; whether there is such a device may be open.
        names: The names that are known without asking anybody.
        find: Returns the device of a name that it claims, by the limits and through the service
            instance that the user chose, if any; raises InputError if there is none.
        named_by_request: Whether a device is called by the name that it was asked for by.
    """

    example: str
    kind: Kind
    claims: Callable[[str], bool]
    names: Callable[[], Iterable[str]]
    find: Callable[[str, "ServiceLimits", str | None], Device]
    named_by_request: bool = True


PROVIDERS: list[Provider] = []


def register(provider: Provider) -> None:
    """Let the devices of a provider be found by name; those registered first are asked first."""
    PROVIDERS.append(provider)
