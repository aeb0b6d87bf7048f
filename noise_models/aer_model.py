"""Noise channels as a noise model of Aer."""

from collections.abc import Collection, Mapping

from qiskit.circuit import Delay, Measure, Qubit
from qiskit.dagcircuit import DAGCircuit
from qiskit.transpiler import TransformationPass
from qiskit_aer.noise import NoiseModel, QuantumError, ReadoutError

from noise_models.aer import quantum_error
from noise_models.channels import NoiseChannels
from noise_models.elements import Element
from noise_models.sequence import LocalError, noisy_sequence
from noise_models.stages import Mixture, Stages


def aer_noise_model(
    channels: NoiseChannels,
    index: Mapping[int, int] | None = None,
    elements: Collection[Element] | None = None,
) -> NoiseModel:
    """Return the same noise as Aer's model.

    What `sequence` adds to the errors of gates and to readout errors (waits, measured qubits that
    go on, couplings, leakage), Aer adds to circuits that contain a delay; one of no duration will
    do. Correlated readout is left to who reads the bits.

    Args:
        channels: The noise.
        index: The circuit's qubit for each physical qubit, the others are left out; None: the
            circuit's qubits are the physical ones.
        elements: The instructions that need errors; None: all.
    """
    numbers = {q: q for q in channels.qubits} if index is None else index
    known = {*channels.stages, *channels.exact} if elements is None else set(elements)
    names = {name for name, _ in known} - {"measure", "barrier"}
    # Gates that Aer does not know are unitaries, labelled with their names.
    model = NoiseModel(basis_gates=sorted({*names, "unitary"}))
    for (name, qubits), error in channels.gate_errors.items():
        if (name, qubits) in known and numbers.keys() >= set(qubits):
            model.add_quantum_error(error, name, [numbers[q] for q in qubits])
    for qubit, matrix in channels.readout_errors.items():
        if qubit in numbers:
            model.add_readout_error(ReadoutError(matrix), [numbers[qubit]])
    if channels.sources:
        # As `NoiseModel.from_backend` does for the relaxation in delays.
        model._custom_noise_passes.append(SequenceErrors(channels, numbers))
    return model


class SequenceErrors(TransformationPass):  # type: ignore[misc]
    """Puts in the errors of delays and of measured qubits, and what acts before operations.

    Aer runs it on circuits in which it has replaced control flow by jumps, so that it reaches the
    inside of branches.

    Args:
        channels: The noise.
        numbers: The circuit's qubit for each physical qubit; the others have no errors.
    """

    def __init__(self, channels: NoiseChannels, numbers: Mapping[int, int]) -> None:
        super().__init__()
        self._channels = channels
        self._numbers = dict(numbers)
        # Aer keeps each error object that a circuit refers to: one for equal errors.
        self._errors: dict[tuple[object, ...], QuantumError] = {}

    def __deepcopy__(self, _: object) -> "SequenceErrors":
        # Aer copies a noise model for each run; runs change nothing in here.
        return self

    def run(self, dag: DAGCircuit) -> DAGCircuit:
        """Return the circuit with the errors."""
        # Qubits of the circuit that the noise does not know get numbers that it does not know.
        physical = {bit: -1 - number for number, bit in enumerate(dag.qubits)}
        for qubit, number in self._numbers.items():
            if number < len(dag.qubits):
                physical[dag.qubits[number]] = qubit
        bits = {qubit: bit for bit, qubit in physical.items()}
        nodes = list(dag.topological_op_nodes())
        placed = [(node.op, tuple(physical[bit] for bit in node.qargs)) for node in nodes]
        result = dag.copy_empty_like()
        for noisy in noisy_sequence(placed, self._channels):
            node = nodes[noisy.position]
            self._append(result, noisy.before, bits)
            result.apply_operation_back(node.op, node.qargs, node.cargs, check=False)
            if isinstance(node.op, Delay | Measure):
                self._append(result, noisy.after, bits)
        return result

    def _append(
        self, dag: DAGCircuit, errors: tuple[LocalError, ...], bits: Mapping[int, Qubit]
    ) -> None:
        for stages, qubits in errors:
            key = _key(stages)
            if key not in self._errors:
                self._errors[key] = quantum_error(stages, len(qubits))
            instruction = self._errors[key].to_instruction()
            dag.apply_operation_back(instruction, [bits[qubit] for qubit in qubits], check=False)


def _key(stages: Stages) -> tuple[object, ...]:
    return tuple(
        (stage.probabilities.shape, stage.probabilities.tobytes())
        if isinstance(stage, Mixture)
        else (stage.qubits, stage.operators.tobytes())
        for stage in stages
    )
