"""What a circuit does, as one hash: the same whatever version of Qiskit compiled it."""

import hashlib
from collections.abc import Iterator
from typing import Any

from qiskit.circuit import Clbit, ControlFlowOp, Delay, ParameterExpression, QuantumCircuit

DECIMALS = 9
"""To which numbers are compared: far below any pulse's precision, far above rounding errors."""


def circuit_digest(circuit: QuantumCircuit) -> str:
    """Return the SHA-256 (hexadecimal) of a circuit's instructions in their order.

    A parameter expression counts by its values where all its parameters are 0 and where they are
    1, which tells apart the affine ones, of which compiled circuits are made.

    Args:
        circuit: An ISA circuit; names, labels and metadata do not count.
    """
    digest = hashlib.sha256(f"{circuit.num_qubits} {circuit.num_clbits}\n".encode())
    qubits = {bit: index for index, bit in enumerate(circuit.qubits)}
    clbits = {bit: index for index, bit in enumerate(circuit.clbits)}
    for line in _lines(circuit, qubits, clbits):
        digest.update(line.encode())
    return digest.hexdigest()


def _lines(
    circuit: QuantumCircuit, qubits: dict[Any, int], clbits: dict[Any, int]
) -> Iterator[str]:
    for item in circuit.data:
        operation = item.operation
        places = [qubits[bit] for bit in item.qubits], [clbits[bit] for bit in item.clbits]
        if not isinstance(operation, ControlFlowOp):
            unit = operation.unit if isinstance(operation, Delay) else ""
            values = [_value(value) for value in operation.params]
            yield f"{operation.name} {places} {values} {unit}\n"
            continue
        left, right = operation.condition
        bits = [left] if isinstance(left, Clbit) else list(left)
        yield f"{operation.name} {places} {[clbits[bit] for bit in bits]} {int(right)}\n"
        for block in operation.blocks:
            inner = dict(zip(block.qubits, places[0], strict=True))
            yield from _lines(block, inner, dict(zip(block.clbits, places[1], strict=True)))
            yield "end\n"


def _value(value: ParameterExpression | float) -> object:
    if not isinstance(value, ParameterExpression):
        return _rounded(value)
    parameters = sorted(value.parameters, key=lambda parameter: parameter.name)
    ends = [float(value.bind(dict.fromkeys(parameters, end)).numeric()) for end in (0.0, 1.0)]
    return [parameter.name for parameter in parameters], *map(_rounded, ends)


def _rounded(value: float) -> float:
    return round(float(value), DECIMALS) + 0.0  # no -0.0
