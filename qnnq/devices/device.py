"""What a device is, whoever offers it, and how those who offer devices make themselves known."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

if TYPE_CHECKING:
    from qiskit.providers import BackendV2
    from qiskit.transpiler import Target

    from qnnq.devices.service_limits import ServiceLimits

Kind = Literal["simulated", "machine"]


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
        name: Its name, as the user writes it.
        backend: What Qiskit's samplers and transpiler take.
        calibration: The time of its calibration data, ISO 8601, None where it has none.
        kind: `machine`, or `simulated` in this process at no cost.
        limits: What its service allows and charges.
        account: The account of a machine, None for a simulated one.
    """

    name: str
    backend: "BackendV2"
    calibration: str | None
    kind: Kind
    limits: "ServiceLimits"
    account: Account | None = None

    @classmethod
    def of(
        cls, backend: "BackendV2", kind: Kind, limits: "ServiceLimits", account: Account | None
    ) -> "Device":
        """Return the device of a backend, under the backend's name."""
        updated = getattr(_properties(backend), "last_update_date", None)
        calibration = updated.isoformat() if updated else None
        return cls(backend.name, backend, calibration, kind, limits, account)

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
    """

    example: str
    kind: Kind
    claims: Callable[[str], bool]
    names: Callable[[], Iterable[str]]
    find: Callable[[str, "ServiceLimits", str | None], Device]


PROVIDERS: list[Provider] = []


def register(provider: Provider) -> None:
    """Let the devices of a provider be found by name; those registered first are asked first."""
    PROVIDERS.append(provider)
