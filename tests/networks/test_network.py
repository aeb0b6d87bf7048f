"""Networks and their files: what is kept, what is refused and with which words."""

import json
import math
import struct
from itertools import pairwise

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import save_file

from qnnq.errors import InputError
from qnnq.networks.bundled import bundled_models, load_model
from qnnq.networks.file import FORMAT, FORMAT_WITH_LISTS, read_network, write_network
from qnnq.networks.network import Network

PHYSICS = {
    "format": FORMAT,
    "activation": "tanh",
    "stretch": "0.25",
    "entanglement": "0.8",
    "last_projective": "true",
}


def weights(dtype=np.float32, sizes=(5, 4, 3, 2)):
    rng = np.random.default_rng(0)
    return tuple(rng.normal(size=(out, into)).astype(dtype) for into, out in pairwise(sizes))


def tensors(**changes):
    return {f"layers.{i}.weight": weight for i, weight in enumerate(weights())} | changes


@pytest.fixture
def path(tmp_path):
    return tmp_path / "net.safetensors"


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_file_gives_back_the_network_and_the_same_bytes(path, dtype):
    bias = np.array([0.5, -1, 2], dtype)
    network = Network(
        weights(dtype), (None, bias, None), "tanh", 0.1, 5 * math.pi / 19, True, {"seed": "7"}
    )
    write_network(network, path)
    first = path.read_bytes()
    again = read_network(path)
    assert again.digest == network.digest
    assert (again.stretch, again.entanglement) == (0.1, 5 * math.pi / 19)
    assert (again.activation, again.last_projective) == ("tanh", True)
    assert again.information == {"seed": "7"}
    for one, other in zip(again.weights, network.weights, strict=True):
        assert one.dtype == dtype
        assert np.array_equal(one, other)
    assert np.array_equal(again.biases[1], bias)
    assert again.biases[0] is None
    write_network(again, path)
    assert path.read_bytes() == first
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_a_file_of_format_version_1_can_be_read(request):
    network = read_network(request.path.parent / "network-1.safetensors")
    assert network.weights[0].tolist() == [[1.5, -2.0], [0.25, 4.0], [-0.5, 3.0]]
    assert network.weights[1].tolist() == [[1.0, 2.0, -3.0]]
    assert network.weights[1].dtype == np.float64
    assert network.biases[0].tolist() == [0.5, 0.0, -0.5]
    assert (network.activation, network.stretch) == ("tanh", 0.316)
    assert (network.entanglement, network.last_projective) == (5 * math.pi / 19, True)
    assert network.information == {"seed": "3"}
    # Run identifiers are made of digests: another digest would orphan stored results.
    assert network.digest == "496ea195aa1d8250c23c4e21a279a04962d57396970b649a3a9bca2c01111d9e"


def test_a_file_of_format_version_2_can_be_read(request):
    network = read_network(request.path.parent / "network-2.safetensors")
    assert network.activation == ("htanh", "linear")
    assert network.stretch == (0.5, 2.0)
    assert network.widths == (3, 2)
    assert network.weights[1].tolist() == [[1.0, 0.5, -1.0], [0.0, 2.0, 0.25]]
    assert network.digest == "b4a845e131ea11ddece1004ebc7072c2b4493d1256140362fd9ee48d8eed19f9"


def test_layers_that_differ_are_kept_and_written_as_lists(path):
    network = Network(weights(), (), ("htanh", "linear"), (0.5, 2), 1.2)
    assert (network.activations, network.stretches) == (("htanh", "linear"), (0.5, 2.0))
    write_network(network, path)
    again = read_network(path)
    assert (again.activation, again.stretch) == (("htanh", "linear"), (0.5, 2.0))
    assert again.digest == network.digest
    with safe_open(path, framework="numpy") as file:
        header = file.metadata()
    assert header["format"] == "qnnq-network/2"
    assert (header["activation"], header["stretch"]) == ('["htanh", "linear"]', "[0.5, 2.0]")
    only_one = Network(weights(), (), "tanh", (0.5, 2.0))
    assert (only_one.activation, only_one.activations) == ("tanh", ("tanh", "tanh"))
    assert only_one.digest != network.digest


def test_layers_that_agree_are_one_value_and_version_1(path):
    listed = Network(weights(), (), ("tanh", "tanh"), (0.5, 0.5))
    plain = Network(weights(), (), "tanh", 0.5)
    assert (listed.activation, listed.stretch) == ("tanh", 0.5)
    assert listed.digest == plain.digest
    write_network(listed, path)
    with safe_open(path, framework="numpy") as file:
        assert file.metadata()["format"] == FORMAT


def test_the_digest_depends_on_physics_and_arrays_only():
    base = Network(weights(), stretch=0.5)
    assert Network(weights(), stretch=0.5, information={"seed": "1"}).digest == base.digest
    changed = list(weights())
    changed[1] = changed[1].copy()
    changed[1][0, 0] += np.float32(1e-6)
    others = [
        Network(weights(), stretch=0.25),
        Network(weights(), stretch=0.5, activation="tanh"),
        Network(weights(), stretch=0.5, entanglement=1.0),
        Network(weights(), stretch=0.5, last_projective=True),
        Network(weights(np.float64), stretch=0.5),
        Network(tuple(changed), stretch=0.5),
        Network(weights(), (None, np.zeros(3, np.float32), None), stretch=0.5),
    ]
    assert len({base.digest, *(other.digest for other in others)}) == 8


def test_shapes_and_layer_entanglement():
    network = Network(weights(), entanglement=0.8, last_projective=True)
    assert (network.inputs, network.widths, network.classes, network.hidden) == (5, (4, 3), 2, 2)
    assert network.entanglements == (0.8, math.pi / 2)


def test_arrays_are_read_only_copies():
    mine = weights()
    network = Network(mine)
    mine[0][0, 0] = 99
    assert network.weights[0][0, 0] != 99
    with pytest.raises(ValueError, match="read-only"):
        network.weights[0][0, 0] = 1


HUGE = weights(np.float64)[0].copy()
HUGE[1] = 1e308


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"activation": "hatnh"},
            "activation: expected one of htanh, tanh, linear, got 'hatnh'; nearest",
        ),
        ({"activation": ("htanh", "lineal")}, "activation: .*, got 'lineal'; nearest: linear"),
        (
            {"activation": ("htanh",) * 3},
            r"activation: expected one value, or 2 \(one a hidden layer\), got 3",
        ),
        ({"stretch": ()}, r"stretch: expected one value, or 2 \(one a hidden layer\), got 0"),
        ({"stretch": (1.0, -2.0)}, "stretch: expected a number >= 0, got -2"),
        ({"activation": "linear"}, "stretch: expected a number > 0 for linear, got 0"),
        ({"stretch": -0.5}, "stretch: expected a number >= 0, got -0.5"),
        ({"stretch": math.nan}, "stretch: expected a number >= 0, got nan"),
        ({"entanglement": 0.0}, "entanglement: expected radians in"),
        ({"entanglement": 1.6}, "got 1.6"),
        ({"entanglement": 1e-12}, "entanglement: expected radians in"),
        (
            {"weights": (HUGE, *weights()[1:])},
            "layers.0.weight: expected sums .* in row 1",
        ),
        ({"biases": (None,)}, "biases: expected 3"),
        ({"biases": (None, np.zeros(2), None)}, r"layers.1.bias: expected \(3,\), got \(2,\)"),
        ({"weights": weights()[:1]}, "expected a hidden layer and a readout layer, got 1"),
        ({"weights": weights(np.float16)}, "layers.0.weight: expected float32 or float64, got"),
    ],
)
def test_bad_networks_are_refused(arguments, message):
    with pytest.raises(InputError, match=message):
        Network(**{"weights": weights(), **arguments})


NAN = weights()[1].copy()
NAN[2, 1] = np.nan


@pytest.mark.parametrize(
    ("contents", "metadata", "message"),
    [
        (
            tensors(),
            {},
            "metadata: expected `format` one of qnnq-network/1, .*, qnnq-network/3, got none",
        ),
        (tensors(), {**PHYSICS, "format": "qnnq-network/4"}, "written by a newer qnnq"),
        (
            tensors(),
            {**PHYSICS, "format": "qnnq-network/2"},
            "metadata: activation: expected a JSON list of names, got 'tanh'",
        ),
        (
            tensors(),
            {**PHYSICS, "format": "qnnq-network/2", "activation": '["tanh", "linear"]'},
            "metadata: stretch: expected a JSON list of numbers, got '0.25'",
        ),
        (tensors(), {"format": FORMAT, "stretch": "1"}, "missing: activation, entanglement, last"),
        (tensors(), {**PHYSICS, "stretch": "half"}, "metadata: stretch: expected a number"),
        (
            tensors(),
            {**PHYSICS, "format": FORMAT_WITH_LISTS, "activation": "[" * 9000},
            "metadata: activation: expected a JSON list of names",
        ),
        (tensors(), {**PHYSICS, "last_projective": "yes"}, "expected true or false, got 'yes'"),
        (tensors(), {**PHYSICS, "activation": "relu"}, "activation: expected one of"),
        (tensors(), {**PHYSICS, "entanglement": "2"}, "entanglement: expected radians in"),
        (tensors(**{"layers.1.weight": NAN}), PHYSICS, r"layers.1.weight: .* nan at \(2, 1\)"),
        (
            tensors(**{"layers.1.weight": np.ones((3, 5), np.float32)}),
            PHYSICS,
            r"layers.1.weight: expected \(3, 4\), got \(3, 5\)",
        ),
        (tensors(**{"layers.0.weight": np.ones(5)}), PHYSICS, r"layers.0.weight: .* got \(5,\)"),
        (tensors(**{"fc.weight": NAN}), PHYSICS, "unexpected: fc.weight"),
        (tensors(**{"layers.9.bias": NAN}), PHYSICS, "unexpected: layers.9.bias"),
        (
            tensors(**{"layers.1.weight": np.ones((3, 4), np.int64)}),
            PHYSICS,
            "layers.1.weight: expected float32 or float64, got I64",
        ),
    ],
)
def test_bad_files_are_refused_with_path_and_place(path, contents, metadata, message):
    save_file(contents, path, metadata=metadata)
    with pytest.raises(InputError, match=message) as caught:
        read_network(path)
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("kept", [0, 4, 100, -1])
def test_a_truncated_file_is_refused(path, kept):
    save_file(tensors(), path, metadata=PHYSICS)
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(InputError, match="not a whole safetensors file"):
        read_network(path)


def test_bfloat16_is_refused(path):
    header = json.dumps(
        {
            "__metadata__": PHYSICS,
            "layers.0.weight": {"dtype": "BF16", "shape": [1, 2], "data_offsets": [0, 4]},
        }
    ).encode()
    path.write_bytes(struct.pack("<Q", len(header)) + header + bytes(4))
    with pytest.raises(InputError, match=r"layers\.0\.weight: expected float32 .* got BF16"):
        read_network(path)


def test_writing_where_it_cannot_be_is_one_line(tmp_path):
    with pytest.raises(InputError, match="cannot be written: No such file or directory"):
        write_network(Network(weights()), tmp_path / "missing" / "net.safetensors")
    with pytest.raises(InputError, match="cannot be written: Is a directory"):
        write_network(Network(weights()), tmp_path)


def test_a_model_is_a_name_or_a_path(path):
    write_network(Network(weights(), stretch=0.75), path)
    assert load_model(path).stretch == 0.75
    assert load_model("mnist16-a0.5").stretch == 0.5
    with pytest.raises(InputError, match=r"mnist16-a05: .*nearest: mnist16-a0"):
        load_model("mnist16-a05")
    with pytest.raises(InputError, match="not a file"):
        load_model(path.parent)
    with pytest.raises(InputError, match="no such file"):
        load_model("x" * 5000)


def test_all_bundled_networks_load_and_say_how_they_were_trained():
    expected = {f"mnist16-a{a}" for a in ("0", "0.1", "0.2", "0.5", "1", "1.5", "2")}
    expected |= {f"mnist16-a{a}-{g}" for a in ("0", "0.5") for g in ("g5pi19", "g3pi8")}
    linear = {"mnist16-linear", "mnist16-linear-g3pi8"}
    assert set(bundled_models()) == expected | linear
    angles = {"g5pi19": 5 * math.pi / 19, "g3pi8": 3 * math.pi / 8}
    for name in expected:
        network = load_model(name)
        stretch, _, angle = name.removeprefix("mnist16-a").partition("-")
        assert (network.inputs, network.widths, network.classes) == (784, (16, 16, 16), 10)
        assert network.stretch == float(stretch)
        assert network.entanglement == angles.get(angle, math.pi / 2)
        assert (network.information["seed"], network.information["epochs"]) == ("0", "100")
    for name in linear:
        network = load_model(name)
        assert network.activations == ("htanh", "linear", "linear")
        assert network.stretches == (0.5, 2.0, 2.0)
        angle = 3 * math.pi / 8 if name.endswith("g3pi8") else math.pi / 2
        assert network.entanglement == angle
        least = 0.88 if angle == math.pi / 2 else 0.86
        assert float(network.information["majority_accuracy"]) >= least
