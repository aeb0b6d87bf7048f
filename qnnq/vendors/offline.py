"""What the simulators have in common that other vendors' packages bring along."""

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any

from qnnq.devices.device import Device, Provider
from qnnq.errors import InputError

if TYPE_CHECKING:
    from qiskit.primitives import BaseSamplerV2

    from qnnq.devices.service_limits import ServiceLimits


def offline_provider(
    devices: dict[str, tuple[int, float, float]],
    sampler: "Callable[[Device], BaseSamplerV2]",
) -> Provider:
    """Return the provider of a vendor's simulators, whose sampler compiles to its own gates.

    Args:
        devices: By name the number of qubits, and the probabilities of depolarizing
            (`qiskit_aer.noise.depolarizing_error`) of its gates of one and of two qubits.
        sampler: Returns the vendor's sampler for one of them.
    """

    def find(name: str, limits: "ServiceLimits", instance: str | None) -> Device:
        from qnnq.devices.objects import TargetBackend

        return Device.of(TargetBackend(_target(*devices[name]), name), "simulated", limits)

    return Provider(
        example=next(iter(devices)),
        kind="simulated",
        claims=devices.__contains__,
        names=tuple,  # their packages may not be installed
        find=find,
        sampler=sampler,
    )


def imported(module: str, device: str, extra: str) -> Any:
    """Return a module of a vendor's package.

    Raises:
        InputError: If it is not installed, with the extra that brings it.
    """
    try:
        return import_module(module)
    except ImportError as error:
        raise InputError(
            f"device {device}: {error}; its package comes with: pip install 'qnnq[{extra}]'"
        ) from error


def _target(qubits: int, one_qubit: float, two_qubits: float) -> Any:
    """Return a complete graph with RX, RZ and CZ, one physical gate of the vendor for each."""
    from qiskit.circuit import Parameter
    from qiskit.circuit.library import CZGate, Measure, RXGate, RZGate
    from qiskit.transpiler import InstructionProperties, Target

    target = Target(num_qubits=qubits)
    places = [(qubit,) for qubit in range(qubits)]
    pairs = [(one, two) for one in range(qubits) for two in range(qubits) if one != two]
    # A depolarizing probability p is the infidelity p / 2 of one qubit, 3 p / 4 of two.
    for gate, where, error in (
        (RXGate(Parameter("theta")), places, one_qubit / 2),
        (RZGate(Parameter("theta")), places, 0.0),
        (CZGate(), pairs, 3 * two_qubits / 4),
        (Measure(), places, 0.0),
    ):
        target.add_instruction(gate, {on: InstructionProperties(None, error) for on in where})
    return target
