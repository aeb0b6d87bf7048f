"""The machines of the saved IBM Quantum account."""

from typing import TYPE_CHECKING

from qnnq.devices.patience import Patience
from qnnq.devices.service_limits import ServiceLimits
from qnnq.errors import InputError
from qnnq.jobs.service import Missing, Unanswered
from qnnq.vendors.ibm.client import Client
from qnnq.wording import nearest

if TYPE_CHECKING:
    from qiskit_ibm_runtime import IBMBackend, QiskitRuntimeService

LOOKUP_S = 4.0
"""A service that is overloaded says "no such machine"; so a missing one is looked up again."""


class IbmAccount:
    """The saved account.

    Args:
        limits: Time-outs and patience.
        instance: The service instance (its CRN or name), None for that of the account.
    """

    def __init__(self, limits: ServiceLimits, instance: str | None = None) -> None:
        self._client = Client(limits, instance)

    def open_backend(self, name: str) -> "IBMBackend":
        """Return a machine by name, with its fractional gates where it has them.

        Raises:
            InputError: If there is no account, or the account has no such machine.
            QnnqError: If the service does not answer.
        """
        patience = Patience(LOOKUP_S)
        while True:
            try:
                return self._client.call(f"device {name}", lambda service: _backend(service, name))
            except Missing:
                names = self._client.call("its devices", _names)
                if names or not patience.pause():
                    raise _no_such_machine(name, names) from None
                self._client.disconnect()

    def least_busy(self, qubits: int) -> str:
        """Return the name of the machine with the shortest queue and at least `qubits` qubits."""
        try:
            return self._client.call(
                "least busy device",
                lambda service: str(service.least_busy(min_num_qubits=qubits).name),
            )
        except Missing:
            raise InputError(
                f"device least_busy: the account has no machine of {qubits} qubits or more that "
                "is up"
            ) from None

    def instance_of(self, name: str) -> str:
        """Return the CRN of the instance through which a machine is used."""

        def active(service: "QiskitRuntimeService") -> str:
            listed_backend(service, name)
            return str(service.active_instance())

        return self._client.call("instance", active)

    def has_sessions(self) -> bool:
        """Whether the plan of the active instance offers sessions; the open plan does not."""

        def plan(service: "QiskitRuntimeService") -> str:
            active = service.active_instance()
            plans = (str(i["plan"]) for i in service.instances() if i["crn"] == active)
            return next(plans, "unknown")

        return self._client.call("plan", plan) != "open"

    def check_online(self, name: str) -> None:
        """Raise InputError unless a machine takes jobs."""
        status = self._client.call("device status", lambda s: listed_backend(s, name).status())
        if not status.operational:
            raise InputError(f"device {name}: offline ({status.status_msg})")

    def queue_length(self, name: str) -> int:
        """Return how many jobs wait for a machine."""
        status = self._client.call("device status", lambda s: listed_backend(s, name).status())
        return int(status.pending_jobs)

    def plan_left_s(self) -> float | None:
        """Return the quantum seconds that are left in the plan, None where it does not say."""
        found = self._client.call("usage of the plan", lambda service: service.usage())
        left = found.get("usage_remaining_seconds")
        return None if left is None else float(left)


def listed_backend(service: "QiskitRuntimeService", name: str) -> "IBMBackend":
    """Return a machine that is known to exist.

    Raises:
        Unanswered: If none is listed: behind that the client hides 401 and 429.
        InputError: If others are.
    """
    from qiskit.providers import QiskitBackendNotFoundError

    for _ in range(2):
        try:
            return service.backend(name, use_fractional_gates=None)
        except QiskitBackendNotFoundError as error:
            names = _names(service)
            if not names:
                message = f"IBM Quantum: device {name} is not listed at the moment"
                raise Unanswered(message) from error
    raise _no_such_machine(name, names)


def _no_such_machine(name: str, names: list[str]) -> InputError:
    return InputError(
        f"device {name!r}: expected one of the account's machines: "
        f"{', '.join(names) or 'it has none'}{nearest(name, names)}"
    )


def _backend(service: "QiskitRuntimeService", name: str) -> "IBMBackend":
    backend = service.backend(name, use_fractional_gates=None)
    backend.target  # noqa: B018 (fetches the calibration)
    return backend


def _names(service: "QiskitRuntimeService") -> list[str]:
    return sorted(backend.name for backend in service.backends())
