"""Shot by shot simulation of compiled circuits with Qiskit Aer."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from qiskit.circuit import QuantumCircuit, QuantumRegister
from qiskit_aer import AerSimulator
from qiskit_aer.noise import NoiseModel

from noise_models.aer_model import aer_noise_model
from noise_models.channels import NoiseChannels
from noise_models.given import on_qubits
from qnnq.arrays import FloatArray, OutcomeArray
from qnnq.execution.engines.aer_seeds import SHOTS_PER_ROW, independent_seeds
from qnnq.execution.engines.angles import Angles
from qnnq.execution.engines.base import Draws
from qnnq.execution.engines.packing import MergedRows, merge_rows, pack
from transpile import CompiledLayer, CompiledNetwork, network_circuit
from transpile.simulable import simulable

METHOD = "matrix_product_state"
"""Exact here: neurons are never entangled with one another beyond a joined pair, so the bond
dimension stays small and nothing is truncated. Its cost grows linearly with the width."""

SHOTS_PER_RUN, NETWORK_SHOTS_PER_RUN = 4096, 512
"""Of a layer, of a whole network: bounds a call of Aer, which cannot be interrupted, to seconds."""


def most_qubits() -> int:
    """Return how many qubits a circuit may have."""
    return int(AerSimulator(method=METHOD).configuration().n_qubits)


class AerCircuit:
    """A circuit on its active qubits, and the simulator that runs it under its noise.

    Args:
        circuit: An ISA circuit; its parameters, in their order, are the angles of a row.
        noise: That of its gates, waits and measurements, or a model of Aer, taken as it is.
        shots_per_run: How many shots a call of Aer takes, where rows have fewer.
    """

    def __init__(
        self,
        circuit: QuantumCircuit,
        noise: NoiseChannels | NoiseModel,
        shots_per_run: int = SHOTS_PER_RUN,
    ) -> None:
        self.circuit, index = active_part(circuit)
        own = isinstance(noise, NoiseChannels)
        model = aer_noise_model(noise, index) if own else on_qubits(noise, index)
        self._shots_per_run = shots_per_run
        # One thread, so that a seed gives the same shots on every machine.
        self._simulator = AerSimulator(method=METHOD, noise_model=model, max_parallel_threads=1)

    def bits(
        self, angles: FloatArray, origins: FloatArray, key: tuple[int, ...], seed: int
    ) -> NDArray[np.int8]:
        """Return the recorded bits (rows, bits) of one execution for each row of angles.

        Args:
            angles: Shape (rows, parameters), radians.
            origins: What tells rows apart, (rows, columns).
            key: What tells these executions from the others of the task.
            seed: Of the task.
        """
        bits = np.empty((len(angles), self.circuit.num_clbits), dtype=np.int8)
        runs = list(_runs(angles, origins, self._shots_per_run))
        for run, own in zip(runs, independent_seeds(seed, key, len(runs)), strict=True):
            bits[run.places] = self._run(run.angles, run.shots, own)
        return bits

    def _run(self, angles: FloatArray, shots: int, seed: int) -> NDArray[np.int8]:
        """Return recorded bits (rows, shots, bits) for rows of angles."""
        columns = zip(self.circuit.parameters, angles.T.tolist(), strict=True)
        job = self._simulator.run(
            self.circuit,
            parameter_binds=[dict(columns)],
            shots=shots,
            memory=True,
            seed_simulator=seed,
        )
        result = job.result()
        if not result.success:
            raise RuntimeError(f"Aer: {result.status}")
        count = self.circuit.num_clbits
        memory = [[s.replace(" ", "") for s in result.get_memory(k)] for k in range(len(angles))]
        text = np.array(memory, dtype=f"S{count}").view(np.uint8).reshape(len(angles), shots, count)
        return (text[..., ::-1] - ord("0")).astype(np.int8)


class AerEngine:
    """Runs the ISA circuits of the layers under an Aer noise model.

    Args:
        layers: The compiled circuits of the hidden layers.
        noises: The noise of each layer's gates and measurements.
    """

    images_per_call = 64

    def __init__(
        self, layers: Sequence[CompiledLayer], noises: Sequence[NoiseChannels | NoiseModel]
    ) -> None:
        self._layers = tuple(layers)
        self._circuits = [
            AerCircuit(layer.circuit, noise) for layer, noise in zip(layers, noises, strict=True)
        ]

    def measure(self, layer: int, angles: Angles, draws: Draws) -> OutcomeArray:
        """Measure every neuron of a layer, for many images and shots."""
        packed = pack(self._layers[layer], angles, draws)
        key = (layer, draws.shots, *draws.images.tolist())
        circuit = self._circuits[layer]
        return packed.outcomes(circuit.bits(packed.angles, packed.origins, key, draws.seed))


class AerNetworkEngine:
    """Runs the one dynamic circuit of a network: an engine of `modes.dynamic_circuit`.

    Args:
        compiled: The network, with branches.
        channels: The noise of its gates, waits and measurements.
    """

    images_per_call = 16

    def __init__(self, compiled: CompiledNetwork, channels: NoiseChannels) -> None:
        self._layers = len(compiled.steps)
        self._circuit = AerCircuit(network_circuit(compiled), channels, NETWORK_SHOTS_PER_RUN)

    def measure(self, layer: int, angles: Angles, draws: Draws) -> OutcomeArray:
        """Return the outcomes of all layers, (images, shots, sum of widths)."""
        rows = np.repeat(angles.values[:, 0], draws.shots, axis=0)
        # A stepwise run of the same seed has the keys of its layers: 0, 1, ...
        key = (self._layers, draws.shots, *draws.images.tolist())
        bits = self._circuit.bits(rows, rows, key, draws.seed)
        return (1 - 2 * bits).reshape(len(angles), draws.shots, -1)


def _runs(angles: FloatArray, origins: FloatArray, shots_per_run: int) -> Iterator[MergedRows]:
    """Split rows of angles (executions, slots) into runs whose rows have random numbers apart."""
    for group in merge_rows(angles, origins):
        fit = max(1, shots_per_run // group.shots)
        rows = fit if group.shots <= SHOTS_PER_ROW else 1
        for start in range(0, len(group.angles), rows):
            part = slice(start, start + rows)
            yield MergedRows(group.shots, group.angles[part], group.places[part])


def active_part(circuit: QuantumCircuit) -> tuple[QuantumCircuit, dict[int, int]]:
    """Return the circuit on its active qubits only, and the map from physical to new qubits."""
    active = sorted(
        {
            circuit.find_bit(qubit).index
            for item in circuit.data
            if item.operation.name != "barrier"
            for qubit in item.qubits
        }
    )
    index = {physical: number for number, physical in enumerate(active)}
    small = QuantumCircuit(QuantumRegister(len(active), "q"), *circuit.cregs)
    small.delay(0, 0, unit="s")  # has Aer look for errors of waits, couplings and leakage
    for item in simulable(circuit).data:
        if item.operation.name != "barrier":
            qubits = [index[circuit.find_bit(qubit).index] for qubit in item.qubits]
            small.append(item.operation, qubits, item.clbits)
    return small, index
