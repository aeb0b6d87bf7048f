"""Is a random process real? The count of Phi+ under the noise of devices.

    python benchmarks/quantum_data/process_devices.py

The circuits of `process.py` are compiled for a device, layout and SWAPs included, and run by Aer
under its calibrated noise, waits included. A shot's number is how many pairs of twins were found in
Phi+ (coupled), or how many equal bits both registers had, each measured by itself (separate). Real
is said where the sum over the shots is above a threshold, which training circuits fix. Rows go to a
CSV file, one by one: a run that was stopped goes on where it was. `--quick` takes few circuits.
"""

import argparse
from functools import partial
from pathlib import Path

import numpy as np
from curves import Rows, share
from qiskit.circuit import ParameterVector, QuantumCircuit
from qiskit.transpiler import generate_preset_pass_manager
from qiskit_aer import AerSimulator

from noise_models.aer_model import aer_noise_model
from noise_models.channels import build_channels
from noise_models.specification import NoiseSpecification
from qnnq.data.states.pure import DEPTH, haar_angles
from qnnq.devices.names import resolve_device
from qnnq.execution.engines.aer import active_part
from qnnq.execution.states.layout import ROUTING_LEVEL
from qnnq.execution.states.pair_neuron import append_pair_neuron
from transpile.schedule import schedule

DEVICES = (("fake_nighthawk", 8), ("fake_kingston", 4))
TRAINING_SHOTS = 10
SHOTS = (1, 2, 3)
HERE = Path(__file__).parent


def shot_circuit(qubits: int, coupled: bool, angles: ParameterVector) -> QuantumCircuit:
    """Return Bell pairs, the process on both registers, and the measurement; twins n apart.

    `angles` are three for each rotation of the process.
    """
    circuit = QuantumCircuit(2 * qubits, 2 * qubits)
    for qubit in range(qubits):
        circuit.h(qubit)
        circuit.cx(qubit, qubits + qubit)
    for layer in range(DEPTH):
        for register in (0, qubits):
            for qubit in range(qubits):
                start = 3 * (layer * qubits + qubit)
                # U(theta, phi, lambda) in native gates: bound circuits need no further compiling.
                circuit.rz(angles[start], register + qubit)
                circuit.sx(register + qubit)
                circuit.rz(angles[start + 1], register + qubit)
                circuit.sx(register + qubit)
                circuit.rz(angles[start + 2], register + qubit)
            for qubit in range(layer % 2, qubits - 1, 2):
                circuit.cz(register + qubit, register + qubit + 1)
    for qubit in range(qubits if coupled else 0):
        append_pair_neuron(circuit, qubit, qubits + qubit)
    circuit.measure(range(2 * qubits), range(2 * qubits))
    return circuit


class OnDevice:
    """The compiled circuit and the simulator of its noise.

    Args:
        device: Its name.
        qubits: n.
        coupled: Whether twins are measured together.
    """

    def __init__(self, device: str, qubits: int, coupled: bool) -> None:
        self.qubits, self.coupled = qubits, coupled
        target = resolve_device(device).target
        manager = generate_preset_pass_manager(ROUTING_LEVEL, target=target, seed_transpiler=0)
        self._angles = ParameterVector("angle", 3 * DEPTH * qubits)
        compiled = manager.run(shot_circuit(qubits, coupled, self._angles))
        self.gates = compiled.num_nonlocal_gates()
        small, index = active_part(schedule(compiled, target))
        channels = build_channels(
            NoiseSpecification.parse(device, [device]), target, frozenset(index)
        )
        self._circuit = small
        self._simulator = AerSimulator(
            method="statevector",
            noise_model=aer_noise_model(channels, index),
            max_parallel_threads=1,
        )

    def counts(self, rng: np.random.Generator, labels: np.ndarray, shots: int) -> np.ndarray:
        """Return how many pairs each shot of a fresh process has in Phi+, (circuits, shots)."""
        return np.stack([self._counts(rng, bool(label), shots) for label in labels])

    def _counts(self, rng: np.random.Generator, real: bool, shots: int) -> np.ndarray:
        angles = np.array([haar_angles(rng) for _ in range(DEPTH * self.qubits)])
        if real:
            angles = angles[:, 1:2] * np.array([1, 0, 0])
        theta, phi, lam = angles.T
        turns = np.stack([lam, theta + np.pi, phi + np.pi], axis=1)
        values = dict(zip(self._angles, turns.ravel(), strict=True))
        # The compiler drops rotations about Z that a measurement does not see.
        bound = self._circuit.assign_parameters(values, strict=False)
        seed = int(rng.integers(2**31))
        job = self._simulator.run(bound, shots=shots, memory=True, seed_simulator=seed)
        bits = np.array([list(text[::-1]) for text in job.result().get_memory()]) == "1"
        first, second = bits[:, : self.qubits], bits[:, self.qubits :]
        # Phi+ has XX = 1 and ZZ = 1: the first outcome is 0, the second 1.
        return np.sum(~first & second if self.coupled else first == second, axis=1)


def threshold(sums: np.ndarray, labels: np.ndarray) -> float:
    """Return above which sum most training circuits are real, the middle one of equally good."""
    cuts = np.arange(sums.max() + 2) - 0.5
    right = np.array([np.mean((sums > cut) == labels[:, None]) for cut in cuts])
    return float(np.median(cuts[right == right.max()]))


def judged(device: str, qubits: int, coupled: bool, circuits: tuple[int, int]) -> dict[str, object]:
    rng = np.random.default_rng([qubits, int(coupled)])
    on_device = OnDevice(device, qubits, coupled)
    trained = np.arange(circuits[0]) % 2
    seen = on_device.counts(rng, trained, TRAINING_SHOTS)
    labels = np.arange(circuits[1]) % 2
    fresh = on_device.counts(rng, labels, max(SHOTS))
    found: dict[str, object] = {"gates": on_device.gates, "circuits": circuits[1]}
    for name, shots in zip(("one", "two", "three"), SHOTS, strict=True):
        groups = TRAINING_SHOTS // shots
        sums = seen[:, : groups * shots].reshape(len(seen), groups, shots).sum(axis=-1)
        answers = fresh[:, :shots].sum(axis=1) > threshold(sums, trained)
        value, low, high = share(answers == labels)
        found |= {name: value, f"{name}_low": low, f"{name}_high": high}
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=HERE / "process_devices.csv")
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    columns = [name + end for name in ("one", "two", "three") for end in ("", "_low", "_high")]
    rows = Rows(options.out, ["device", "n", "measured"], ["gates", "circuits", *columns])
    for device, qubits in DEVICES:
        circuits = (10, 20) if options.quick else (30, 60) if qubits > 4 else (60, 100)
        for coupled in (True, False):
            make = partial(judged, device, qubits, coupled, circuits)
            rows.make(make, device=device, n=qubits, measured="coupled" if coupled else "separate")


if __name__ == "__main__":
    main()
