"""What the machine's controllers take of dynamic circuits, and when they run their instructions."""

from qiskit.circuit import ClassicalRegister, IfElseOp, Measure, QuantumCircuit
from qiskit.transpiler import Target

OPERAND_BITS = 32
BROADCASTS = 2400
"""Of one bit in a job; of 60 bits it may have an eighth of them."""


def refusal(circuit: QuantumCircuit) -> str | None:
    """Return why the controllers do not take a circuit, whatever its instructions."""
    for each in circuit.data:
        if not hasattr(each.operation, "blocks"):
            continue
        if not isinstance(each.operation, IfElseOp):
            return f"the instruction {each.operation.name} is not supported"
        if len(_operand(each.operation)) > OPERAND_BITS:
            return f"if_test: expected at most {OPERAND_BITS} bits"
        for block in each.operation.blocks:
            for inner in block.data:
                if inner.operation.name in ("if_else", "reset") or inner.operation.num_clbits:
                    return f"if_test: {inner.operation.name} in a branch is not supported"
    return None


def broadcasts(circuit: QuantumCircuit) -> float:
    """Return what conditions cost in broadcasts of one bit; those on equal bits share one."""
    conditions = {
        frozenset(_operand(each.operation))
        for each in circuit.data
        if isinstance(each.operation, IfElseOp)
    }
    return sum(1 + 7 / 59 * (len(bits) - 1) for bits in conditions)


def for_simulator(circuit: QuantumCircuit) -> QuantumCircuit:
    """Let `measure` stand in for `measure_2`, which Aer does not know."""
    known = circuit.copy_empty_like()
    for each in circuit.data:
        short = each.operation.name == "measure_2"
        known.append(each.replace(operation=Measure()) if short else each)
    return known


def schedule(circuit: QuantumCircuit, target: Target, latency: int) -> tuple[str, int]:
    """Return the lines of a schedule and its duration, in units of dt.

    Args:
        circuit: The circuit.
        target: Gives the durations.
        latency: Between the end of a measurement and what depends on it.
    """
    free = dict.fromkeys(circuit.qubits, 0)
    known = dict.fromkeys(circuit.clbits, 0)
    lines = []

    def add(branch: str, name: str, qubits: list[int], start: int) -> int:
        duration = round(target[name][tuple(qubits)].duration / target.dt)
        lines.extend(
            f"{branch},{name}_{qubits[0]},{channel},{start},{duration},play"
            for channel in ([f"AWGR0_{qubits[0]}"] if name.startswith("measure") else [])
            + [f"Qubit {qubit}" for qubit in qubits]
        )
        return start + duration

    for each in circuit.data:
        start = max(free[qubit] for qubit in each.qubits)
        indices = [circuit.find_bit(qubit).index for qubit in each.qubits]
        if isinstance(each.operation, IfElseOp):
            start = max(start, *(known[bit] + latency for bit in _operand(each.operation)))
            ends = [start]
            for branch, block in zip(("then", "else"), each.operation.blocks, strict=False):
                at = dict.fromkeys(block.qubits, start)
                for inner in block.data:
                    (qubit,) = inner.qubits
                    at[qubit] = add(
                        *(branch, inner.operation.name),
                        *([indices[block.find_bit(qubit).index]], at[qubit]),
                    )
                ends += at.values()
            end = max(ends)
        elif each.operation.name == "barrier":
            end = start
        elif each.operation.name == "delay":  # in units of dt; nothing is played
            end = start + each.operation.duration
        else:
            end = add("main", each.operation.name, indices, start)
        free |= dict.fromkeys(each.qubits, end)
        known |= dict.fromkeys(each.clbits, end) if each.operation.num_clbits else {}
    return "\n".join(lines), max(free.values())


def _operand(operation: IfElseOp) -> list:
    left = operation.condition[0]
    return list(left) if isinstance(left, ClassicalRegister) else [left]
