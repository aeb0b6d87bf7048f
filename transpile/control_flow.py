"""What a dynamic circuit asks of a machine's controller, and what controllers refuse.

Source of the limits: https://quantum.cloud.ibm.com/docs/guides/execute-dynamic-circuits (Qiskit
Runtime limitations). They hold for a job, whatever circuits it consists of.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from qiskit.circuit import ClassicalRegister, ControlFlowOp, IfElseOp, QuantumCircuit
from qiskit.transpiler import Target

from transpile.errors import TranspileError

MAX_OPERAND_BITS = 32
"""Bits that one condition may compare."""

MAX_BROADCASTS = 2400
"""Broadcasts of one bit each that a job may have."""

BROADCAST_BIT_COST = (2400 / 300 - 1) / (60 - 1)
"""What each further bit costs, in broadcasts of one bit. The source gives about 2,400 broadcasts of
one bit and about 300 of 60 bits; between them this interpolates linearly."""


@dataclass(frozen=True)
class ControllerLoad:
    """What one execution of a circuit asks of the controller.

    Attributes:
        if_tests: Conditional instructions.
        branches: Alternatives that do something other than wait.
        measurements: Bits that are recorded.
        broadcasts: Transfers of bits to the controllers that conditions depend on; conditions on
            the same bits, if these have not changed, share one.
        broadcast_bits: Bits in all of them.
        broadcast_cost: In units of a broadcast of one bit, of which a job may have MAX_BROADCASTS.
    """

    if_tests: int
    branches: int
    measurements: int
    broadcasts: int
    broadcast_bits: int
    broadcast_cost: float


def controller_load(circuit: QuantumCircuit) -> ControllerLoad:
    """Count what a circuit asks of the controller."""
    written: dict[int, int] = {}
    sent: set[tuple[tuple[int, int], ...]] = set()
    branches = if_tests = measurements = 0
    for instruction in circuit.data:
        operation = instruction.operation
        for bit in instruction.clbits if operation.name.startswith("measure") else ():
            index = circuit.find_bit(bit).index
            written[index] = written.get(index, 0) + 1
            measurements += 1
        if isinstance(operation, IfElseOp):
            if_tests += 1
            branches += sum(_does_something(block) for block in operation.blocks)
            sent.add(tuple((bit, written.get(bit, 0)) for bit in operand(circuit, operation)))
    bits = sum(map(len, sent))
    cost = len(sent) + BROADCAST_BIT_COST * (bits - len(sent))
    return ControllerLoad(if_tests, branches, measurements, len(sent), bits, cost)


def check_controller(
    circuit: QuantumCircuit, target: Target, most_broadcasts: int = MAX_BROADCASTS
) -> ControllerLoad:
    """Check that a machine's controller takes a circuit, and return what it asks of it.

    Args:
        circuit: The circuit.
        target: The machine.
        most_broadcasts: Broadcasts of one bit each that a job may have.

    Raises:
        TranspileError: Where the target lacks an instruction, a condition has too many bits, a
            branch contains another one, a measurement or a reset, or the circuit alone exceeds a
            job's broadcasts.
    """
    _check_instructions(circuit, target, range(circuit.num_qubits))
    for instruction in circuit.data:
        operation = instruction.operation
        if not isinstance(operation, ControlFlowOp):
            continue
        if not isinstance(operation, IfElseOp):
            raise TranspileError(f"condition: found {operation.name}, expected if_else")
        width = len(operand(circuit, operation))
        if width > MAX_OPERAND_BITS:
            raise TranspileError(
                f"condition: found {width} bits, the service takes at most {MAX_OPERAND_BITS}"
            )
        for block in operation.blocks:
            for inner in block.data:
                name = inner.operation.name
                if isinstance(inner.operation, ControlFlowOp) or name.startswith(
                    ("measure", "reset")
                ):
                    raise TranspileError(f"branch: found {name}, which the service does not take")
    load = controller_load(circuit)
    if load.broadcast_cost > most_broadcasts:
        raise TranspileError(
            f"feed-forward: found {load.broadcasts} broadcasts of {load.broadcast_bits} bits, "
            f"the service takes about {most_broadcasts} of one bit or {most_broadcasts // 8} of 60 "
            "in a job"
        )
    return load


def _check_instructions(circuit: QuantumCircuit, target: Target, physical: Sequence[int]) -> None:
    """Raise TranspileError for what the target lacks; `physical`: the qubits of the circuit."""
    for instruction in circuit.data:
        operation = instruction.operation
        qubits = tuple(physical[circuit.find_bit(qubit).index] for qubit in instruction.qubits)
        for block in operation.blocks if isinstance(operation, ControlFlowOp) else ():
            _check_instructions(block, target, qubits)
        name = operation.name
        if name == "barrier" or target.instruction_supported(name, qubits):
            continue
        where = "" if name not in target.operation_names else f" on {', '.join(map(str, qubits))}"
        raise TranspileError(f"target: found no {name}{where}, which the circuit needs")


def operand(circuit: QuantumCircuit, operation: IfElseOp) -> list[int]:
    """Indices of the bits that a condition compares."""
    left = operation.condition[0]
    bits = left if isinstance(left, ClassicalRegister) else [left]
    return [circuit.find_bit(bit).index for bit in bits]


def _does_something(block: QuantumCircuit) -> bool:
    return any(instruction.operation.name != "delay" for instruction in block.data)
