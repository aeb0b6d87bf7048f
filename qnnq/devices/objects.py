"""Objects of Qiskit as devices: any BackendV2, any Target."""

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from qiskit.circuit import QuantumCircuit
from qiskit.providers import BackendV2, Options
from qiskit.transpiler import Target

from qnnq.devices.device import OBJECT, Device, Kind, OfBackend
from qnnq.errors import InputError, QnnqError

if TYPE_CHECKING:
    from qnnq.devices.service_limits import ServiceLimits

SIMULATORS = (
    "qiskit.providers.fake_provider.",
    "qiskit_aer.",
    "qiskit_ibm_runtime.fake_provider.",
)
"""Where the classes of backends are that run in this process; any other may be billed."""


class TargetBackend(BackendV2):  # type: ignore[misc]
    """A target as a backend that is compiled for, and runs nothing itself."""

    def __init__(self, target: Target, name: str) -> None:
        super().__init__(name=name)
        self._target = target

    @property
    def target(self) -> Target:
        """What the device can do."""
        return self._target

    @property
    def max_circuits(self) -> None:
        """Most circuits of a job: none is said."""

    @classmethod
    def _default_options(cls) -> Options:
        return Options()

    def run(self, run_input: QuantumCircuit, **_: object) -> None:
        """Raise QnnqError: there is no machine behind it."""
        raise QnnqError(f"device {self.name}: a target, which runs no circuits itself")


GIVEN: dict[str, Device] = {}
"""Machines that were given as objects, by the words that find them again in this process."""


def given_device(found: object, limits: "ServiceLimits") -> Device:
    """Return the device of an object; a machine has words by which its runs find it again.

    Args:
        found: As `device_of`.
        limits: Those of the service.

    Raises:
        InputError: As `device_of`.
    """
    device = device_of(found, limits)
    if device.kind == "simulated" or device.content is None or device.found_as is not None:
        return device
    words = f"{OBJECT}{device.name}-{device.content[:12]}"
    GIVEN[words] = replace(device, found_as=words)
    return GIVEN[words]


def device_of(found: object, limits: "ServiceLimits", place: str = "device") -> Device:
    """Return the device of an object; its identity is its content.

    Args:
        found: A Device, a BackendV2 or a Target.
        limits: Those of the service.
        place: Where it was given, for messages.

    Raises:
        InputError: It is another thing, or has no number of qubits.
    """
    if isinstance(found, Device):
        return found
    name = _word(getattr(found, "name", None) or "target")
    if isinstance(found, Target):
        found = TargetBackend(found, name)
    if not isinstance(found, BackendV2):
        raise InputError(f"{place}: expected a BackendV2 or a Target, got {type(found).__name__}")
    _check_silent(found, place)
    if not found.target.num_qubits:
        raise InputError(f"{place}: expected a device with a number of qubits")
    kind: Kind = "simulated" if _simulates(found) else "machine"
    return Device.of_content(found, name, OfBackend(found).calibrated, limits, kind=kind)


def _simulates(backend: BackendV2) -> bool:
    """Whether a backend is known to be simulated in this process, at no cost."""
    return isinstance(backend, TargetBackend) or type(backend).__module__.startswith(SIMULATORS)


def _check_silent(backend: BackendV2, place: str) -> None:
    """Raise InputError for a simulator with noise of its own, which its target does not tell."""
    from qiskit.providers.fake_provider import GenericBackendV2

    own = getattr(getattr(backend, "options", None), "noise_model", None)
    if own is not None and not isinstance(backend, GenericBackendV2):  # which has its target's
        raise InputError(
            f"{place}: {backend.name} simulates noise of its own; expected it without another "
            "noise beside it, or a simulator without"
        )


def _word(name: str) -> str:
    """Return a name that a specification of noise can hold."""
    word = re.sub(r"\W", "_", name, flags=re.ASCII)
    return f"_{word}" if word[:1].isdigit() else word
