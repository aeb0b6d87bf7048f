"""Weights that were trained elsewhere: the published JSON and torch's own files."""

import json
import math

import numpy as np
import pytest

from qnnq.cli.main import main
from qnnq.errors import InputError
from qnnq.networks.file import read_network
from qnnq.networks.imports import from_torch, import_network

torch = pytest.importorskip("torch")
nn = torch.nn

RNG = np.random.default_rng(0)
POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"
WEIGHTS = [RNG.normal(size=shape) for shape in ((4, 6), (3, 4), (2, 3))]


@pytest.fixture
def published(tmp_path):
    path = tmp_path / "params.json"
    path.write_text(json.dumps({"last_params": [weight.tolist() for weight in WEIGHTS]}))
    return path


def test_the_published_json_through_the_command_line(published, tmp_path, capsys):
    out = tmp_path / "net.safetensors"
    arguments = ["import", str(published), "--stretch", "0.5", "--activation", "htanh"]
    arguments += ["--entanglement", "5pi/19", "--last-projective", "--out", str(out)]
    assert main(arguments) == 0
    captured = capsys.readouterr()
    assert captured.out == (
        f"{out}: 6-4-3-2, 3 weight matrices, 0 with biases\n"
        "hidden layers: measured at 0.2632 pi, the last one projectively (--last-projective)\n"
    )
    network = read_network(out)
    assert (network.activation, network.stretch) == ("htanh", 0.5)
    assert (network.entanglement, network.last_projective) == (5 * math.pi / 19, True)
    for one, other in zip(network.weights, WEIGHTS, strict=True):
        assert np.array_equal(one, other)

    each = ["--stretch", "0.5,2", "--activation", "htanh, linear"]
    assert main(["import", str(published), *each, "--out", str(out)]) == 0
    network = read_network(out)
    assert (network.activation, network.stretch) == (("htanh", "linear"), (0.5, 2.0))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "not JSON"),
        ("[1, 2]", "expected a key `last_params` with a list"),
        ('{"last_params": 3}', "expected a key `last_params` with a list"),
        ('{"last_params": [[[1, 2], [3]], [[1, 2]]]}', r"last_params\[0\]: expected a matrix"),
        ('{"last_params": [[[1, "x"]], [[1]]]}', r"last_params\[0\]: expected a matrix"),
        ('{"last_params": [[[1, NaN]], [[1]]]}', r"layers.0.weight: expected finite numbers"),
        ('{"last_params": [[[1, 2]], [[1, 2]]]}', r"layers.1.weight: expected \(1, 1\)"),
        ('{"last_params": [[1, 2], [[1, 2]]]}', "layers.0.weight: expected a matrix"),
        (f'{{"last_params": [[[{10**400}]], [[1]]]}}', r"last_params\[0\]: expected a matrix"),
        ("[" * 100_000, "not JSON"),
    ],
)
def test_bad_json_is_one_line_and_exit_code_2(tmp_path, capsys, content, message):
    path = tmp_path / "params.json"
    path.write_text(content)
    with pytest.raises(InputError, match=message):
        import_network(path, "tanh", 0.0)
    out = tmp_path / "net.safetensors"
    code = main(["import", str(path), "--stretch", "0", "--activation", "tanh", "--out", str(out)])
    captured = capsys.readouterr()
    assert (code, captured.out, captured.err.count("\n")) == (2, "", 1)
    assert str(path) in captured.err
    assert not out.exists()


def sequential():
    layers = (nn.Linear(6, 4, bias=False), nn.Hardtanh(), nn.Linear(4, 3), nn.Hardtanh())
    return nn.Sequential(*layers, nn.Linear(3, 2))


def test_sequential_and_state_dict_and_file_give_the_same_network(tmp_path):
    model = sequential()
    network = from_torch(model)
    assert (network.activation, network.stretch) == ("htanh", 1.0)
    assert network.digest == from_torch(model.state_dict(), "htanh", 1.0).digest
    torch.save(model.state_dict(), tmp_path / "net.pt")
    assert import_network(tmp_path / "net.pt", "htanh", 1.0).digest == network.digest
    assert [bias is None for bias in network.biases] == [True, False, False]
    assert np.array_equal(network.weights[1], model[2].weight.detach().numpy())
    assert np.array_equal(network.biases[1], model[2].bias.detach().numpy())


def test_eleven_layers_keep_their_order():
    model = nn.Sequential(*(nn.Linear(3, 3, bias=False) for _ in range(11)))
    network = from_torch(model.state_dict(), "htanh", 0.5)
    for weight, layer in zip(network.weights, model, strict=True):
        assert np.array_equal(weight, layer.weight.detach().numpy())


@pytest.mark.parametrize(
    ("saved", "message"),
    [
        (
            sequential(),
            r"model = torch.load\('.*net.pt', weights_only=False\); torch.save\(model.state_dict",
        ),
        ([1, 2], "expected a state_dict .* got list"),
        ({"epoch": 3}, "epoch: expected a weight or bias of a linear layer, got int"),
        (
            nn.Sequential(nn.Conv2d(1, 2, 3), nn.Linear(2, 2)).state_dict(),
            r"0.weight: expected a weight or bias of a linear layer, got \(2, 1, 3, 3\)",
        ),
        (
            {"fc.weight": torch.zeros(2, 2, dtype=torch.int8)},
            "fc.weight: expected float16, 32, 64 or bfloat16, got int8",
        ),
        (nn.Linear(3, 1).state_dict() | {"a.weight": torch.ones(1, 1)}, "one output .a sigmoid"),
        ({"fc.bias": torch.zeros(2)}, "fc.bias: expected fc.weight beside it"),
        ({5: torch.zeros(2)}, "5: expected a weight or bias of a linear layer"),
        ({"fc.weight": torch.zeros(2, 2).to_sparse()}, "fc.weight: expected a dense tensor"),
        ({"fc.weight": torch.zeros(2, 2, device="meta")}, "fc.weight: expected a dense tensor"),
    ],
)
def test_other_torch_files_are_refused(tmp_path, saved, message):
    path = tmp_path / "net.pt"
    torch.save(saved, path)
    with pytest.raises(InputError, match=message) as caught:
        import_network(path, "htanh", 0.5)
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)


def test_a_torch_file_that_was_cut_is_refused(tmp_path):
    path = tmp_path / "net.pt"
    torch.save(sequential().state_dict(), path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(InputError, match="torch cannot load it"):
        import_network(path, "htanh", 0.5)


@pytest.mark.parametrize("name", ["net.pt", "net.safetensors", "net.json"])
def test_a_pointer_of_git_lfs_is_named(tmp_path, name):
    (tmp_path / name).write_text(POINTER)
    with pytest.raises(InputError, match=f"{name}: is a Git LFS pointer, not the file itself"):
        import_network(tmp_path / name, "htanh", 0.5)
    with pytest.raises(InputError, match=f"{name}: is a Git LFS pointer, not the file itself"):
        read_network(tmp_path / name)


def test_a_file_that_is_no_torch_file_is_refused(tmp_path):
    (tmp_path / "net.pt").write_text("hello")
    with pytest.raises(InputError, match=r"net.pt: expected a state_dict"):
        import_network(tmp_path / "net.pt", "htanh", 0.5)
    with pytest.raises(InputError, match=r"none.pt: cannot be read: No such file"):
        import_network(tmp_path / "none.pt", "htanh", 0.5)
