"""How states and the pairs that receive them fit on a device."""

from dataclasses import dataclass

from qiskit.circuit import QuantumCircuit
from qiskit.transpiler import Target, generate_preset_pass_manager

from noise_models.specification import NoiseSpecification
from qnnq.data.states.dataset import States
from qnnq.devices.device import Device
from qnnq.errors import InputError
from qnnq.execution.states.device_pairs import (
    Pair,
    choose_pairs,
    device_responses,
    pair_capacity,
)
from qnnq.execution.states.pair_neuron import append_pair_neuron

ROUTING_LEVEL = 3


@dataclass(frozen=True)
class StatesLayout:
    """Where a shot of states sits.

    Attributes:
        form: `disjoint pairs` where preparations entangle nothing, else `routed`.
        room: Disjoint pairs that the device takes.
        pairs: The chosen pairs of twins; none where it is routed.
        gates: Two-qubit gates of a shot as written, of the state with the most.
        routed_gates: Of the same on the device.
        contrast: What the noise leaves of a Pauli without identities; None where it is routed.
        uniform_contrast: The same on average over all Paulis.
    """

    form: str
    room: int
    pairs: tuple[Pair, ...]
    gates: int
    routed_gates: int
    contrast: float | None = None
    uniform_contrast: float | None = None

    @property
    def side_by_side(self) -> int:
        """Shots that the device takes at once, all but the first on pairs that are worse."""
        return self.room // len(self.pairs) if self.pairs else 1

    @property
    def swaps(self) -> float:
        """SWAPs that routing adds, three gates each."""
        return max(0, self.routed_gates - self.gates) / 3


def quantum_seconds(device: Device, sets: int) -> float:
    """Return what so many parameter sets of one shot cost in one job; circuits take microseconds.

    Every copy of a mixed state is another preparation, so that each shot has angles of its own in
    the one parametrised circuit. What they cost to load is in it only as far as `seconds_per_set`
    of the limits says.
    """
    delay, _, _ = device.rep_delay()
    return device.limits.overhead_s + sets * (delay + device.limits.seconds_per_set)


def shot_circuit(states: States, number: int) -> QuantumCircuit:
    """Return the circuit of a shot of one state: its preparations, then pairs of twins.

    Twins are n apart. Of a mixed state both copies take its first preparation.
    """
    circuit = QuantumCircuit(2 * states.pairs)
    preparation = states.states[number].circuits[0]
    for copy in range(states.copies):
        start = copy * states.qubits
        circuit.compose(preparation, range(start, start + states.qubits), inplace=True)
    for pair in range(states.pairs):
        append_pair_neuron(circuit, pair, states.pairs + pair)
    return circuit


def states_layout(
    states: States, target: Target, specification: NoiseSpecification
) -> StatesLayout:
    """Return how states with their pairs of twins fit, and what the noise leaves of the contrast.

    Raises:
        InputError: Where there are no twins, or the device has too few pairs or qubits.
    """
    if states.copies == 1 and states.qubits % 2:
        raise InputError(
            f"copies a shot: expected 2, or 1 of an even number of qubits; got 1 of {states.qubits}"
        )
    room = pair_capacity(target)
    largest = max(range(len(states.states)), key=lambda number: _gates(states, number))
    circuit = shot_circuit(states, largest)
    gates = circuit.num_nonlocal_gates()
    if gates == states.pairs:
        pairs = choose_pairs(target, specification, states.pairs)
        responses = device_responses(target, specification, pairs)
        contrasts = responses.full_weight_contrast, responses.uniform_contrast
        return StatesLayout("disjoint pairs", room, tuple(pairs), gates, gates, *contrasts)
    if circuit.num_qubits > target.num_qubits:
        raise InputError(
            f"states: expected at most {target.num_qubits} qubits a shot on this device, "
            f"got {circuit.num_qubits}"
        )
    manager = generate_preset_pass_manager(ROUTING_LEVEL, target=target, seed_transpiler=0)
    return StatesLayout("routed", room, (), gates, manager.run(circuit).num_nonlocal_gates())


def _gates(states: States, number: int) -> int:
    return int(states.states[number].circuits[0].num_nonlocal_gates())
