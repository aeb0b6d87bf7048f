"""Refusing circuits that a noise model does not cover.

Aer runs a gate that its noise model does not list without noise and without a word.
"""

from collections.abc import Iterator

from qiskit.circuit import (
    Barrier,
    CircuitInstruction,
    ControlFlowOp,
    Delay,
    Measure,
    QuantumCircuit,
)

from noise_models.channels import NoiseChannels
from noise_models.elements import describe
from noise_models.errors import NoiseError
from noise_models.specification import NoiseSpecification


def check_coverage(
    circuit: QuantumCircuit,
    channels: NoiseChannels,
    specification: NoiseSpecification,
    unknown_wait: str | None = None,
) -> None:
    """Check that every instruction of a circuit has the noise that the specification gives it.

    An instruction without noise passes where the model says zero (virtual gates, strength 0, a
    switched-off mechanism), and is refused where the model does not know it: calibration that the
    device lacks, a wait of unknown duration. An instruction that the device does not have is
    refused without noise, too.

    Args:
        circuit: An ISA circuit on the target's physical qubits.
        channels: Built from the specification.
        specification: Named in the message.
        unknown_wait: The instruction whose unknown duration leaves open how long qubits wait; None:
            the circuit has all waits, as delays.

    Raises:
        NoiseError: The first instruction that is not covered, and why.
    """
    branches = any(isinstance(item.operation, ControlFlowOp) for item in circuit.data)
    if branches and (channels.coupling_rates or channels.leakage or channels.correlated_readout):
        raise NoiseError(
            f"noise {specification}: found control flow, expected none with zz, leakage or "
            "correlated_readout"
        )
    if unknown_wait is not None and channels.acts_in_waits:
        raise NoiseError(
            f"noise {specification}: {unknown_wait}: the device's calibration lacks its duration, "
            "so how long the others wait for it is not known"
        )
    measured: set[int] = set()
    for instruction, qubits in physical_instructions(circuit):
        problem = _problem(instruction, qubits, channels)
        try:
            if problem is None and channels.sources and isinstance(instruction.operation, Delay):
                channels.after(instruction.operation, qubits)
            for qubit in measured.intersection(qubits):
                channels.measuring(qubit)
        except NoiseError as error:
            problem = str(error)
        if problem is not None:
            raise NoiseError(f"noise {specification}: {problem}")
        if isinstance(instruction.operation, Measure):
            measured.update(qubits)


def physical_instructions(
    circuit: QuantumCircuit, physical: tuple[int, ...] | None = None
) -> Iterator[tuple[CircuitInstruction, tuple[int, ...]]]:
    """Yield the instructions with their physical qubits, those inside control flow included.

    Args:
        circuit: An ISA circuit.
        physical: The physical qubit of each of its qubits; None: they are the physical ones.
    """
    physical = tuple(range(circuit.num_qubits)) if physical is None else physical
    for instruction in circuit.data:
        qubits = tuple(physical[circuit.find_bit(bit).index] for bit in instruction.qubits)
        if isinstance(instruction.operation, ControlFlowOp):
            for block in instruction.operation.blocks:
                yield from physical_instructions(block, qubits)
        elif not isinstance(instruction.operation, Barrier):
            yield instruction, qubits


def _problem(
    instruction: CircuitInstruction, qubits: tuple[int, ...], channels: NoiseChannels
) -> str | None:
    name = instruction.operation.name
    element = (name, qubits)
    if element in channels.refused:
        return channels.refused[element]
    if isinstance(instruction.operation, Measure) and qubits[0] in channels.readout_errors:
        return None
    where = describe(name, qubits)
    if instruction.clbits and not isinstance(instruction.operation, Measure):
        return f"{where} has no readout error, expected measure"
    if element in channels.stages or element in channels.exact:
        return None
    if not channels.qubits.issuperset(qubits):
        return f"{where} is outside the qubits that the model was built for"
    if isinstance(instruction.operation, Delay) or (len(qubits) > 2 and not channels.sources):
        return None
    return f"{where} is no instruction of the device, so it would run without noise"
