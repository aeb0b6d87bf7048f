"""Targets to compile for, and circuits cut down to a few of a device's qubits."""

import warnings
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from itertools import permutations

from qiskit.circuit import Delay, Measure, Parameter, QuantumCircuit
from qiskit.circuit.library import (
    CXGate,
    CZGate,
    ECRGate,
    RGate,
    RXGate,
    RXXGate,
    RYGate,
    RZGate,
    RZZGate,
    SXGate,
    UGate,
    XGate,
    iSwapGate,
)
from qiskit.transpiler import InstructionProperties, QubitProperties, Target
from qiskit_ibm_runtime import fake_provider

from transpile.ion_gates import GPI2Gate, GPIGate, MolmerSorensenGate

Pair = tuple[int, int]

ANGLE, PHASE, OTHER = (Parameter(name) for name in ("angle", "phase", "other"))
GATE_SETS = {
    "rx, ry, cz": (RXGate(ANGLE), RYGate(ANGLE), RZGate(ANGLE), CZGate()),
    "u, cx": (UGate(ANGLE, PHASE, OTHER), CXGate()),
    "sx, iswap": (SXGate(), RZGate(ANGLE), iSwapGate()),
    "r, cz": (RGate(ANGLE, PHASE), CZGate()),
    "r, rzz": (RGate(ANGLE, PHASE), RZGate(ANGLE), RZZGate(ANGLE)),
    "r, rxx": (RGate(ANGLE, PHASE), RZGate(ANGLE), RXXGate(ANGLE)),
    "gpi, ms": (GPIGate(ANGLE), GPI2Gate(ANGLE), MolmerSorensenGate(ANGLE, PHASE, OTHER)),
}


@cache
def everywhere(gates: str) -> Target:
    """Five qubits, each gate of a set on all of them alike, and nothing known of it."""
    target = Target(num_qubits=5)
    for gate in (*GATE_SETS[gates], Measure()):
        target.add_instruction(gate, None)
    return target


def calibrated(gates: str) -> Target:
    """Four qubits, each gate of a set on all of them, and everything known of it."""
    every = [QubitProperties(t1=1e-2, t2=1e-3) for _ in range(4)]
    target = Target(num_qubits=4, qubit_properties=every)
    for gate in (*GATE_SETS[gates], Measure()):
        places = permutations(range(4), gate.num_qubits)
        target.add_instruction(gate, dict.fromkeys(places, InstructionProperties(1e-6, 3e-3)))
    return target


@cache
def device(name: str) -> Target:
    """The target of a fake backend, or "fractional": a line of 12 qubits with RX and RZZ."""
    if name == "fractional":
        return small_target(line(12), fractional=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # FakeNighthawk says that its errors are made up
        return getattr(fake_provider, name)().target


def line(n: int) -> dict[Pair, float]:
    return {(q, q + 1): 0.005 for q in range(n - 1)}


def small_target(
    couplings: Mapping[Pair, float | None],
    *,
    gate: str = "cz",
    fractional: bool = False,
    readout: Mapping[int, float | None] | None = None,
    gate_error: Mapping[int, float | None] | None = None,
    t1: Mapping[int, float | None] | None = None,
    t2: Mapping[int, float | None] | None = None,
    gate_duration: Mapping[int, float | None] | None = None,
) -> Target:
    """A device of the given two-qubit errors; single qubits are alike but for what is given."""
    n = 1 + max(max(pair) for pair in couplings)
    target = Target(
        num_qubits=n,
        qubit_properties=[
            QubitProperties(t1=(t1 or {}).get(q, 1e-4), t2=(t2 or {}).get(q, 8e-5))
            for q in range(n)
        ],
    )
    single = {
        (q,): InstructionProperties(
            error=(gate_error or {}).get(q, 2e-4), duration=(gate_duration or {}).get(q, 4e-8)
        )
        for q in range(n)
    }
    exact = {(q,): InstructionProperties(error=0.0, duration=0.0) for q in range(n)}
    angle = Parameter("t")
    target.add_instruction(RZGate(angle), exact)
    target.add_instruction(SXGate(), single)
    target.add_instruction(XGate(), dict(single))
    measured = {
        (q,): InstructionProperties(error=(readout or {}).get(q, 0.01), duration=1e-6)
        for q in range(n)
    }
    target.add_instruction(Measure(), measured)
    target.add_instruction(Delay(Parameter("d")), {(q,): None for q in range(n)})
    pairs = {
        pair: InstructionProperties(error=error, duration=1e-7) for pair, error in couplings.items()
    }
    if fractional:
        target.add_instruction(RXGate(angle), dict(single))
        target.add_instruction(RZZGate(angle), dict(pairs))
    both_ways = {pair[::-1]: properties for pair, properties in pairs.items()}
    target.add_instruction(
        ECRGate() if gate == "ecr" else CZGate(), {**pairs, **({} if gate == "ecr" else both_ways)}
    )
    return target


def qubits_of(circuit: QuantumCircuit, instruction) -> tuple[int, ...]:
    return tuple(circuit.find_bit(qubit).index for qubit in instruction.qubits)


def counts_by_qubits(circuit: QuantumCircuit) -> dict[tuple[str, tuple[int, ...]], int]:
    """How often each gate acts on each qubit or pair of qubits (in ascending order)."""
    counts: dict[tuple[str, tuple[int, ...]], int] = {}
    for instruction in circuit.data:
        key = (instruction.operation.name, tuple(sorted(qubits_of(circuit, instruction))))
        counts[key] = counts.get(key, 0) + 1
    return counts


def gates_on(circuit: QuantumCircuit, qubits: Sequence[int]) -> QuantumCircuit:
    """The circuit's gates on these qubits, renumbered; no gate may reach beyond them."""
    index = {qubit: k for k, qubit in enumerate(qubits)}
    part = QuantumCircuit(len(qubits))
    for instruction in circuit.data:
        touched = qubits_of(circuit, instruction)
        if not set(touched) & set(qubits) or instruction.operation.name in ("measure", "barrier"):
            continue
        part.append(instruction.operation, [index[qubit] for qubit in touched])
    return part


def used_qubits(circuit: QuantumCircuit) -> set[int]:
    return {qubit for instruction in circuit.data for qubit in qubits_of(circuit, instruction)}


def bind(circuit: QuantumCircuit, angles: Iterable[float]) -> QuantumCircuit:
    return circuit.assign_parameters(list(angles))
