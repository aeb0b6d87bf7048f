"""Machines of complete graphs, and the simulators that other vendors' packages bring along."""

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

from qnnq.devices.device import Device, Provider
from qnnq.errors import InputError

if TYPE_CHECKING:
    from qiskit.circuit import Instruction
    from qiskit.primitives import BaseSamplerV2
    from qiskit.transpiler import Target

    from qnnq.devices.service_limits import ServiceLimits

    Calibrated = tuple[Instruction, float, float | None]
    """An instruction, its error and its duration in seconds."""


def offline_provider(
    targets: "dict[str, Callable[[], Target]]",
    sampler: "Callable[[Device], BaseSamplerV2]",
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
    qubits: int,
    instructions: "Sequence[Calibrated]",
    t1: float | None = None,
    t2: float | None = None,
) -> "Target":
    """Return a target whose qubits are alike and all coupled.

    Args:
        qubits: How many.
        instructions: With what is known of them.
        t1: Seconds, None where it is not known.
        t2: The same.
    """
    from itertools import permutations

    from qiskit.transpiler import InstructionProperties, QubitProperties, Target

    every = [QubitProperties(t1=t1, t2=t2) for _ in range(qubits)]
    target = Target(num_qubits=qubits, qubit_properties=every)
    for instruction, error, duration in instructions:
        places = permutations(range(qubits), instruction.num_qubits)
        known = InstructionProperties(duration, error)
        target.add_instruction(instruction, dict.fromkeys(places, known))
    return target


def depolarized(qubits: int, probability: float) -> float:
    """Return the average infidelity of Aer's `depolarizing_error` on one or two qubits."""
    return probability * (1 - 0.5**qubits)
