"""Shot by shot simulation of the compiled circuits with Qiskit Aer."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from qiskit.circuit import QuantumCircuit, QuantumRegister
from qiskit_aer import AerSimulator

from noise_models.aer_model import aer_noise_model
from noise_models.channels import NoiseChannels
from qnnq.arrays import FloatArray, OutcomeArray
from qnnq.execution.engines.aer_seeds import SHOTS_PER_ROW, independent_seeds
from qnnq.execution.engines.base import Draws
from qnnq.execution.engines.packing import MergedRows, merge_rows, pack
from transpile import CompiledLayer

METHOD = "matrix_product_state"
"""Exact here: neurons are never entangled with one another beyond a joined pair, so the bond
dimension stays small and nothing is truncated. Its cost grows linearly with the width."""

SHOTS_PER_RUN = 4096
"""Bounds a call of Aer, which cannot be interrupted, to seconds."""


class AerEngine:
    """Runs the ISA circuits of the layers under an Aer noise model.

    Args:
        layers: The compiled circuits of the hidden layers.
        channels: The noise of each layer's gates and measurements.
    """

    images_per_call = 64

    def __init__(self, layers: Sequence[CompiledLayer], channels: Sequence[NoiseChannels]) -> None:
        self._layers = tuple(layers)
        self._circuits = [active_part(layer.circuit) for layer in layers]
        self._simulators = []
        for (_, index), noise in zip(self._circuits, channels, strict=True):
            # One thread, so that a seed gives the same shots on every machine.
            self._simulators.append(
                AerSimulator(
                    method=METHOD,
                    noise_model=aer_noise_model(noise, index),
                    max_parallel_threads=1,
                )
            )

    def measure(self, layer: int, angles: FloatArray, draws: Draws) -> OutcomeArray:
        """See `qnnq.execution.engines.base.Engine`."""
        packed = pack(self._layers[layer], angles, draws)
        bits = np.empty(packed.angles.shape, dtype=np.int8)
        runs = list(_runs(packed.angles))
        key = (layer, draws.shots, *draws.images.tolist())
        seeds = independent_seeds(draws.seed, key, len(runs))
        for run, seed in zip(runs, seeds, strict=True):
            bits[run.places] = self._run(layer, run.angles, run.shots, seed)
        return packed.outcomes(bits)

    def _run(self, layer: int, angles: FloatArray, shots: int, seed: int) -> NDArray[np.int8]:
        """Return recorded bits (rows, shots, slots) for rows of angles (rows, slots)."""
        circuit, _ = self._circuits[layer]
        by_name = {parameter.name: parameter for parameter in circuit.parameters}
        slots = angles.shape[1]
        binds = {by_name[f"angle[{slot}]"]: angles[:, slot].tolist() for slot in range(slots)}
        job = self._simulators[layer].run(
            circuit, parameter_binds=[binds], shots=shots, memory=True, seed_simulator=seed
        )
        result = job.result()
        if not result.success:
            raise RuntimeError(f"Aer: {result.status}")
        memory = [result.get_memory(row) for row in range(len(angles))]
        text = np.array(memory, dtype=f"S{slots}").view(np.uint8).reshape(len(angles), shots, slots)
        return (text[..., ::-1] - ord("0")).astype(np.int8)


def _runs(angles: FloatArray) -> Iterator[MergedRows]:
    """Split rows of angles (executions, slots) into runs whose rows have random numbers apart."""
    for group in merge_rows(angles):
        rows = SHOTS_PER_RUN // group.shots if group.shots <= SHOTS_PER_ROW else 1
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
    for item in circuit.data:
        if item.operation.name != "barrier":
            qubits = [index[circuit.find_bit(qubit).index] for qubit in item.qubits]
            small.append(item.operation, qubits, item.clbits)
    return small, index
