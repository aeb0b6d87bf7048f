"""Machines of complete graphs, and the simulators that other vendors' packages bring along."""

from collections.abc import Callable
from importlib import import_module
from itertools import permutations
from typing import TYPE_CHECKING, Any

from qnnq.devices.device import Device, Provider
from qnnq.errors import InputError

if TYPE_CHECKING:
    from qiskit.circuit import Gate
    from qiskit.primitives import BaseSamplerV2
    from qiskit.transpiler import Target

    from qnnq.devices.service_limits import ServiceLimits


def offline_provider(
    targets: "dict[str, Callable[[], Target]]", sampler: "Callable[[Device], BaseSamplerV2]"
) -> Provider:
    """Return the provider of a vendor's simulators.

    Args:
        targets: By name what a simulator can do, in gates that its sampler takes one for one.
        sampler: Returns the vendor's sampler for one of them.
    """

    def find(name: str, limits: "ServiceLimits", instance: str | None) -> Device:
        from qnnq.devices.objects import TargetBackend

        return Device.of(TargetBackend(targets[name](), name), "simulated", limits)

    return Provider(
        example=next(iter(targets)),
        kind="simulated",
        claims=targets.__contains__,
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


def complete_graph(
    qubits: int, coupling: "Gate", one_qubit: float = 0.0, two_qubits: float = 0.0
) -> "Target":
    """Return a target of RX, RZ and a coupling of any two qubits, which take no time.

    Args:
        qubits: How many.
        coupling: The gate on two qubits.
        one_qubit: Probability of depolarizing after RX (`qiskit_aer.noise.depolarizing_error`).
        two_qubits: The same after the coupling.
    """
    from qiskit.circuit import Measure, Parameter
    from qiskit.circuit.library import RXGate, RZGate
    from qiskit.transpiler import InstructionProperties, Target

    target = Target(num_qubits=qubits)
    for instruction, probability in (
        (RXGate(Parameter("theta")), one_qubit),
        (RZGate(Parameter("theta")), 0.0),
        (coupling, two_qubits),
        (Measure(), 0.0),
    ):
        infidelity = probability * (1 - 0.5**instruction.num_qubits)
        known = InstructionProperties(0.0, infidelity)
        places = permutations(range(qubits), instruction.num_qubits)
        target.add_instruction(instruction, dict.fromkeys(places, known))
    return target
