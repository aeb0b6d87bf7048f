"""Learned noise: the formats of the runtime, against the exponential of the dissipator."""

import json

import numpy as np
import pytest
from ibm_quantum_schemas.common import F64TensorModel, PauliLindbladMapModel
from ibm_quantum_schemas.noise_learner_v3.version_0_3 import NoiseLearnerV3ResultsModel
from qiskit import QuantumCircuit
from qiskit.quantum_info import Operator, Pauli, PauliLindbladMap, PauliList, SuperOp
from qiskit_ibm_runtime import RuntimeEncoder
from qiskit_ibm_runtime.decoders.noise_learner_v3.decoder import NoiseLearnerV3ResultDecoder
from qiskit_ibm_runtime.results import LayerError, NoiseLearnerResult, PauliLindbladError
from scipy.linalg import expm

from noise_models import NoiseError
from noise_models.channels import build_channels
from noise_models.coverage import check_coverage
from noise_models.pauli_lindblad import read_layers
from tests.noise_models.devices import parse, small_target

# Qubit 2 first. The gate is on qubits 0 and 1.
RATES = {"IIX": 1e-3, "IZZ": 4e-3, "IYI": 2e-3, "XII": 5e-3, "XZI": 3e-3, "IXY": 1e-3}
ON_THE_GATE = {"IX": 1e-3, "ZZ": 4e-3, "YI": 2e-3, "ZI": 3e-3, "XY": 1e-3}


def as_map(path):
    model = PauliLindbladMapModel.from_pauli_lindblad_map(
        PauliLindbladMap.from_list([*RATES.items()])
    )
    path.write_text(model.model_dump_json())


def as_list_of_maps(path):
    as_map(path)
    path.write_text(f"[{path.read_text()}]")


def as_result(path):
    generators = [[(p.replace("I", ""), _qubits(p))] for p in RATES]
    kept = {"fraction_kept": {0: 1.0}, "success_rates": {}}
    layer = {
        "generators_sparse": generators,
        "num_qubits": 3,
        "rates": F64TensorModel.from_numpy(np.array([*RATES.values()])),
        "rates_std": F64TensorModel.from_numpy(np.zeros(len(RATES))),
        "metadata": {"learning_protocol": "lindblad", "post_selection": kept},
    }
    readout = layer | {
        "metadata": {
            "learning_protocol": "trex",
            "post_selection": {"fraction_kept": 1.0, "success_rates": {}},
        }
    }
    path.write_text(NoiseLearnerV3ResultsModel(data=[layer, readout]).model_dump_json())


def _qubits(label):
    # The sparse letters of a label stand in its order, so the qubits descend.
    return [len(label) - 1 - place for place, letter in enumerate(label) if letter != "I"]


def as_legacy_result(path):
    circuit = QuantumCircuit(3)
    circuit.cz(0, 1)
    error = PauliLindbladError(PauliList([*RATES]), [*RATES.values()])
    other = QuantumCircuit(2)
    other.cz(0, 1)
    layers = [
        LayerError(circuit, [0, 1, 2], error),
        LayerError(other, [1, 2], PauliLindbladError(PauliList(["ZZ"]), [0.1])),
        LayerError(other, [0, 1], None),
    ]
    path.write_text(json.dumps(NoiseLearnerResult(layers, {}), cls=RuntimeEncoder))


def as_encoded_map(path):
    learned = PauliLindbladMap.from_list([*RATES.items()])
    path.write_text(json.dumps(learned, cls=RuntimeEncoder))


def as_maps_of_learned_layers(path):
    """What a NoiseLearnerV3 found, which the encoder does not take itself."""
    as_result(path)
    results = NoiseLearnerV3ResultDecoder.decode(path.read_text())
    maps = [results[0].to_pauli_lindblad_map()]
    path.write_text(json.dumps(maps, cls=RuntimeEncoder))


def as_one_layer_error(path):
    circuit = QuantumCircuit(3)
    circuit.cz(0, 1)
    error = PauliLindbladError(PauliList([*RATES]), [*RATES.values()])
    path.write_text(json.dumps(LayerError(circuit, [0, 1, 2], error), cls=RuntimeEncoder))


def lindblad(rates, strength=1.0):
    """exp(sum r (P rho P - rho))."""
    paulis = [(SuperOp(Operator(Pauli(p))).data, rate) for p, rate in rates.items()]
    return expm(sum(strength * rate * (p - np.eye(16)) for p, rate in paulis))


FORMATS = [
    as_map,
    as_list_of_maps,
    as_result,
    as_legacy_result,
    as_encoded_map,
    as_maps_of_learned_layers,
    as_one_layer_error,
]


@pytest.mark.parametrize("write", FORMATS)
@pytest.mark.parametrize("strength", [1, 2.5])
def test_learned_noise_is_its_dissipator(tmp_path, write, strength):
    path = tmp_path / "learned.json"
    write(path)
    specification = parse(f"pauli_lindblad({path})*{strength}")
    channels = build_channels(specification, small_target(), range(3))
    expected = lindblad(ON_THE_GATE, strength)
    np.testing.assert_allclose(channels.superoperator("cz", (0, 1)), expected, atol=1e-14)
    assert ("sx", (0,)) in channels.exact


def test_the_layer_of_a_gate(tmp_path):
    path = tmp_path / "learned.json"
    as_legacy_result(path)
    channels = build_channels(parse(f"pauli_lindblad({path})"), small_target(), range(3))
    expected = lindblad({"ZZ": 0.1})
    np.testing.assert_allclose(channels.superoperator("cz", (1, 2)), expected, atol=1e-14)


def test_a_gate_that_no_layer_or_two_layers_have(tmp_path):
    path = tmp_path / "learned.json"
    circuit = QuantumCircuit(3)
    circuit.cz(0, 1)
    specification = parse(f"pauli_lindblad({path})")
    one = {"num_qubits": 3, "sparse_terms": [["ZZ", [1, 2], 1e-3]]}
    two = {"num_qubits": 3, "sparse_terms": [["ZZ", [0, 1], 1e-3]]}
    for layers, found in (([one], "no"), ([two, two], "2")):
        path.write_text(json.dumps(layers))
        channels = build_channels(specification, small_target(), range(3))
        with pytest.raises(NoiseError, match=f"cz on qubits 0, 1: found {found} layers of"):
            check_coverage(circuit, channels, specification)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "No such file or directory"),
        ("not json", "expected the JSON of"),
        ("[]", "found no layer of gates"),
        ("[1]", "expected the JSON"),
        ('{"__type__": "complex", "__value__": [1, 2]}', "expected the JSON"),
        ('{"schema_version": "v9", "data": []}', "expected the JSON"),
        ('{"num_qubits": 3, "sparse_terms": [["ZQ", [0, 1], 1]]}', "expected the JSON"),
        ('{"num_qubits": 2, "sparse_terms": []}', "found a layer of 2 qubits, expected the 3 of"),
        ('{"num_qubits": 3, "sparse_terms": [["Z", [0], -1]]}', "found the rate -1 of"),
    ],
)
def test_bad_files(tmp_path, content, message):
    path = tmp_path / "learned.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(NoiseError, match=message) as caught:
        build_channels(parse(f"pauli_lindblad({path})"), small_target(), range(3))
    assert "\n" not in str(caught.value)


def test_a_pointer_of_git_lfs_is_named(tmp_path):
    path = tmp_path / "learned.json"
    path.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n")
    with pytest.raises(NoiseError, match="learned.json: is a Git LFS pointer, not the file itself"):
        read_layers(str(path), 3)
