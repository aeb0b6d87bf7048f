"""Devices, their reference noise models, and a small target made by hand."""

import warnings
from functools import cache

from qiskit.circuit import Measure, Parameter, Reset
from qiskit.circuit.library import CZGate, RXGate, RZGate, RZZGate, SXGate, XGate
from qiskit.transpiler import InstructionProperties, QubitProperties, Target
from qiskit_aer.noise import NoiseModel
from qiskit_ibm_runtime import fake_provider

from noise_models import NoiseSpecification

# The families: ECR, CZ (with a qubit that has no T1 and gate errors of 1), square lattice, RZZ.
DEVICES = ("FakeSherbrooke", "FakeKingston", "FakeNighthawk", "FakeFractionalBackend")


@cache
def backend(name):
    return getattr(fake_provider, name)()


@cache
def reference_noise_model(name):
    """Aer's noise of the whole chip: {(name, qubits): QuantumError}, {qubit: readout matrix}."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = NoiseModel.from_backend(backend(name))
    gates = {
        (gate, qubits): error
        for gate, errors in model._local_quantum_errors.items()
        for qubits, error in errors.items()
    }
    readout = {q: error.probabilities for (q,), error in model._local_readout_errors.items()}
    return gates, readout


def interesting_qubits(target):
    """A few qubits, with all that is odd among them: faulty gates, T2 > 2 T1, no T1."""
    found = set(range(min(8, target.num_qubits)))
    for qubit, properties in enumerate(target.qubit_properties):
        if properties.t1 is None or properties.t2 > 2 * properties.t1:
            found.add(qubit)
    for gate in {"cz", "ecr", "sx"} & set(target.operation_names):
        faulty = [q for q, p in target[gate].items() if p.error is not None and p.error > 0.9]
        found.update(*faulty[:2])
    return sorted(found)


def small_target(*, reset_duration=1e-6, measure_duration=1e-6, dt=None):
    """Three qubits in a line: 0 and 1 calibrated, 2 with T2 > T1, rzz(1, 2) without data."""
    times = [(100e-6, 80e-6), (150e-6, 90e-6), (100e-6, 160e-6)]
    target = Target(
        num_qubits=3, qubit_properties=[QubitProperties(t1=t1, t2=t2) for t1, t2 in times], dt=dt
    )
    angle = Parameter("angle")

    def everywhere(duration, error):
        return {(q,): InstructionProperties(duration=duration, error=error) for q in range(3)}

    target.add_instruction(SXGate(), everywhere(40e-9, 3e-4))
    target.add_instruction(XGate(), everywhere(40e-9, 4e-4))
    target.add_instruction(RXGate(angle), everywhere(40e-9, None))
    target.add_instruction(RZGate(angle), everywhere(0.0, 0.0))
    target.add_instruction(Reset(), everywhere(reset_duration, None))
    target.add_instruction(Measure(), everywhere(measure_duration, 2e-2))
    couplings = {
        (0, 1): InstructionProperties(duration=70e-9, error=4e-3),
        (1, 2): InstructionProperties(duration=80e-9, error=6e-3),
    }
    target.add_instruction(CZGate(), couplings)
    target.add_instruction(RZZGate(angle), {**couplings, (1, 2): None})
    return target


def parse(text):
    """Parse a specification in which `device` is the device."""
    return NoiseSpecification.parse(text, ["device"])
