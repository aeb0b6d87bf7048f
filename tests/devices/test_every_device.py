"""Every device that can be had offline: compiled, exact, and noisy in each of its gates."""

import math
from dataclasses import replace

import numpy as np
import pytest
from qiskit.quantum_info import Operator
from qiskit.transpiler import InstructionProperties, Target

from noise_models import NoiseError, NoiseSpecification
from noise_models.channels import build_channels
from noise_models.coverage import check_coverage
from noise_models.stages import average_infidelity
from qnnq.devices.names import device_names, resolve_device
from qnnq.execution.engines.aer import AerCircuit
from qnnq.execution.engines.response import component_responses
from tests.transpile.closed_form import branch, same_state
from tests.transpile.devices import GATE_SETS, bind, calibrated, everywhere, gates_on, qubits_of
from transpile import (
    Shape,
    TranspileError,
    capacity,
    compile_layer,
    schedule_where_known,
    unknown_wait,
)

VENDORS = ("aqt_offline", "aqt_offline_noise", "braket_local", "quantinuum_local")
"""Whose packages need not be installed: what they can do is known here."""
KINDS = [*device_names(), *VENDORS]
KINDS += [f"{known} {gates}" for gates in GATE_SETS for known in ("bare", "calibrated")]

SHAPES = {
    "rotation": Shape(2, math.pi / 2, pairs=1),
    "coupled": Shape(1, 0.7, pairs=1),
    "joined": Shape(2, math.pi / 2, pairs=1, pair_gate="cz"),
}
UNPLACED = {
    "fake_armonk": "one qubit",
    "fake_kyoto": "all its gates on two qubits are calibrated as broken",
}
REFUSED = {
    **dict.fromkeys(
        (f"bare {gates}" for gates in GATE_SETS), "nothing is known of it that its noise could be"
    ),
}
"""Under the noise of its own calibration."""

SYNTHETIC = NoiseSpecification.parse("depolarizing(p1=2e-3, p2=2e-2) + readout(p=0.01)")
OWN = NoiseSpecification.parse("device", ["device"])


def target_of(kind: str) -> Target:
    known, _, gates = kind.partition(" ")
    if not gates:
        return resolve_device(kind).target
    return everywhere(gates) if known == "bare" else calibrated(gates)


def check_exact(compiled):
    """The circuit gives the closed form, by outcome and by what remains of each neuron."""
    shape = compiled.shape
    angles = np.random.default_rng(0).uniform(-2.9 * np.pi, 2.9 * np.pi, compiled.slots)
    circuit = bind(compiled.circuit, angles)
    for group in compiled.groups:
        state = Operator(gates_on(circuit, group.qubits)).data[:, 0]
        own = [angles[compiled.sites.index(site)] for site in group.sites]
        if group.ancillas:
            for bit, outcome in ((0, 1), (1, -1)):
                assert same_state(
                    state.reshape(2, 2)[bit], branch(own[0], shape.entanglement, outcome)
                )
        else:
            single = [np.array([math.cos(a / 2), math.sin(a / 2)]) for a in reversed(own)]
            expected = single[0] if len(single) == 1 else np.kron(*single)
            np.testing.assert_allclose(abs(state) ** 2, expected**2, atol=1e-9)


def physical_gates(compiled, target):
    """The gates that a device plays: all but changes of frame, which take no time."""
    for item in compiled.circuit.data:
        qubits = qubits_of(compiled.circuit, item)
        name = item.operation.name
        assert target.instruction_supported(name, qubits)
        known = target[name].get(qubits) or InstructionProperties()
        free = name in ("rz", "u1", "p") and not known.duration and not known.error
        if name != "measure" and not free:
            yield name, qubits


def check_noisy(compiled, target, specification, scheduled):
    """Every physical gate has a channel of its own; raises NoiseError for what has none."""
    qubits = [qubit for site in compiled.sites for qubit in site.qubits]
    channels = build_channels(specification, target, qubits)
    unknown = unknown_wait(compiled.circuit, target)
    check_coverage(compiled.circuit, channels, specification, unknown)
    elements = list(physical_gates(compiled, target))
    assert elements
    for element in elements:
        infidelity = average_infidelity(channels.superoperator(*element))
        if specification is SYNTHETIC:
            p = {1: 2e-3, 2: 2e-2}[len(element[1])]
            assert infidelity == pytest.approx(p * (1 - 0.5 ** len(element[1])), rel=1e-9)
        else:
            properties = target[element[0]][element[1]]
            assert infidelity == pytest.approx(properties.error, rel=1e-6, abs=1e-12) or (
                properties.error < infidelity  # its own T1 and T2 are worse
            )
    for (qubit,) in (site.measured for site in compiled.sites):
        assert qubit in channels.readout_errors or ("measure", (qubit,)) in channels.exact
    for response in component_responses(scheduled, channels):
        assert np.isfinite(response.coefficients).all()


@pytest.mark.parametrize("kind", KINDS)
def test_a_device_takes_layers_and_has_their_noise(kind):
    target = target_of(kind)
    for what, shape in SHAPES.items():
        if capacity(target, shape) < shape.width:
            assert kind in UNPLACED
            assert what != "rotation" or kind == "fake_armonk"
            with pytest.raises(TranspileError, match="the device can place [01]"):
                compile_layer(target, replace(shape, copies=2))
            continue
        compiled = compile_layer(target, shape)
        scheduled = schedule_where_known(compiled.circuit, target)
        check_exact(compiled)
        check_noisy(compiled, target, SYNTHETIC, scheduled)
        if kind in REFUSED:
            with pytest.raises(NoiseError, match="the device's calibration lacks"):
                check_noisy(compiled, target, OWN, scheduled)
        else:
            check_noisy(compiled, target, OWN, scheduled)


@pytest.mark.parametrize("kind", ["ions_aria", "calibrated sx, iswap"])
def test_aer_runs_gates_that_it_does_not_know(kind):
    """Within 5 standard deviations of the exact probability (false alarms: 6e-7)."""
    target, shots, angle = target_of(kind), 4000, 1.1
    noise = NoiseSpecification.parse("device + amplitude_damping(p=0.05)", ["device"])
    compiled = compile_layer(target, SHAPES["coupled"])
    channels = build_channels(noise, target, compiled.sites[0].qubits)
    ((_, powers),) = component_responses(compiled.circuit, channels)[0].coefficients[None]
    p = powers @ [1.0, math.cos(angle), math.sin(angle)]
    rows = np.full((shots, 1), angle)
    hits = AerCircuit(compiled.circuit, channels).bits(rows, rows, (0,), 1).sum()
    assert abs(hits / shots - p) < 5 * math.sqrt(p * (1 - p) / shots)
