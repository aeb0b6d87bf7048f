"""A torch module is imported as it computes, or refused; so are files of weights."""

import json

import numpy as np
import pytest
from safetensors.torch import save_file

from qnnq.cli.main import main
from qnnq.errors import InputError
from qnnq.execution.unsampled import unsampled_logits
from qnnq.networks.file import read_network
from qnnq.networks.imports import from_torch, import_network

torch = pytest.importorskip("torch")
nn = torch.nn
functional = nn.functional
prune = pytest.importorskip("torch.nn.utils.prune")

IMAGES = np.random.default_rng(3).random((20, 6)).astype(np.float32)


class OutOfOrder(nn.Module):
    """Layers of one shape, called in another order than they were defined."""

    def __init__(self):
        super().__init__()
        self.second = nn.Linear(5, 5)
        self.out = nn.Linear(5, 3)
        self.first = nn.Linear(5, 5)
        self.into = nn.Linear(6, 5)

    def forward(self, x):
        x = torch.tanh(self.into(x.view(x.size(0), -1)))
        return self.out(torch.tanh(self.second(torch.tanh(self.first(x)))))


CALLED = ["into", "first", "second", "out"]


class Functional(nn.Module):
    """Scales, dropout, normalization on both sides of an activation, a softmax at the end."""

    def __init__(self):
        super().__init__()
        self.a, self.b, self.c = nn.Linear(6, 5), nn.Linear(5, 4, bias=False), nn.Linear(4, 3)
        self.inside, self.outside = nn.BatchNorm1d(5), nn.BatchNorm1d(4, affine=False)
        self.start = nn.BatchNorm1d(6)

    def forward(self, x):
        x = functional.dropout(self.inside(self.a(self.start(x))), training=self.training)
        x = torch.tanh(2 * x)
        x = self.outside(torch.clamp(self.b(x) / 0.5, -1, 1))
        return functional.log_softmax(self.c(x), dim=1)


class Branching(OutOfOrder):
    def forward(self, x):
        x = torch.tanh(self.into(x))
        if x.sum() > 0:
            x = torch.tanh(self.first(x))
        return self.out(torch.tanh(self.second(x)))


class Residual(OutOfOrder):
    def forward(self, x):
        x = torch.tanh(self.into(x))
        return self.out(x + torch.tanh(self.first(x)))


def seeded(kind):
    torch.manual_seed(0)
    model = kind()
    for module in model.modules():
        if isinstance(module, nn.BatchNorm1d):
            module.running_mean.normal_()
            module.running_var.uniform_(0.5, 2)
            if module.affine:
                nn.init.normal_(module.weight)
                nn.init.normal_(module.bias)
    return model.eval()


def classical(network):
    return unsampled_logits(network, IMAGES)


def in_torch(model):
    with torch.no_grad():
        return model(torch.tensor(IMAGES)).numpy()


def test_layers_are_taken_in_the_order_of_their_call():
    model = seeded(OutOfOrder)
    network = from_torch(model)
    np.testing.assert_allclose(classical(network), in_torch(model), atol=1e-6)
    assert network.information["layers"] == "into, first, second, out"
    assert network.last_projective


def test_scales_and_normalizations_are_folded():
    model = seeded(Functional)
    network = from_torch(model)
    assert (network.activations, network.stretches) == (("tanh", "htanh"), (0.5, 0.5))
    found = functional.log_softmax(torch.tensor(classical(network)), dim=1)
    np.testing.assert_allclose(found, in_torch(model), atol=1e-5)


def test_signs_are_stretch_0():
    class Signs(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b = nn.Linear(6, 5), nn.Linear(5, 3)

        def forward(self, x):
            return self.b(self.a(x).sign())

    model = seeded(Signs)
    network = from_torch(model)
    assert network.stretch == 0
    np.testing.assert_allclose(classical(network), in_torch(model), atol=1e-6)
    assert from_torch(model, "tanh").activation == "tanh"  # both have this limit


class SoftmaxOverImages(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(6, 5), nn.Linear(5, 3)

    def forward(self, x):
        return functional.softmax(self.b(self.a(x).tanh()), 0)


def stack(*between):
    return nn.Sequential(nn.Linear(6, 4), *between, nn.Linear(4, 3))


@pytest.mark.parametrize(
    ("model", "given", "message"),
    [
        (stack(nn.ReLU()), {}, "1: expected tanh, hardtanh or sign, got ReLU"),
        (stack(nn.Sigmoid()), {"activation": "tanh"}, "1: expected tanh, .* got Sigmoid"),
        (stack(nn.Tanh()), {"activation": "htanh"}, "expected tanh as after 0, got htanh"),
        (stack(nn.Hardtanh(-2, 2)), {}, "1: expected tanh, hardtanh or sign, got Hardtanh"),
        (stack(), {}, "1: expected an activation after 0, got another linear layer"),
        (stack(nn.Tanh(), nn.Tanh()), {}, "2: expected a linear layer before an activation"),
        (nn.Sequential(*stack(nn.Tanh()), nn.Tanh()), {}, "2: expected the end after the last"),
        (nn.Sequential(nn.Conv1d(1, 1, 1)), {}, "0: expected tanh, .* got Conv1d"),
        (nn.Sequential(nn.Linear(6, 4), nn.Tanh(), nn.Linear(4, 1), nn.Sigmoid()), {}, "Sigmoid"),
        (nn.Sequential(nn.Linear(6, 4), nn.Tanh(), nn.Linear(4, 1)), {}, "one output .*torch.cat"),
        (seeded(Residual), {}, "expected layers one after another, got an operation on tanh, tanh"),
        (seeded(Branching), {}, "Branching: its call cannot be followed .* expected layers="),
        (seeded(OutOfOrder), {"layers": CALLED}, "expected both beside a state_dict or layers"),
        (stack(nn.ReLU()), {"layers": ["0", "2"], "activation": "tanh"}, "1: .* tanh, got ReLU"),
        (stack().state_dict(), {}, "activation, stretch: expected both"),
        (nn.Sequential(*stack(nn.Tanh()), nn.Softmax(0)), {}, "3: expected .* dim=1, got dim=0"),
        (seeded(SoftmaxOverImages), {}, "softmax: expected a softmax over the classes, dim=1"),
    ],
)
def test_what_is_no_such_network_is_refused(model, given, message):
    physics = {"stretch": 1.0} if "activation" in given else {}
    with pytest.raises(InputError, match=message):
        from_torch(model, **given, **physics)


def test_what_hooks_change_is_refused():
    hooked = stack(nn.Tanh())
    handle = hooked[0].register_forward_hook(lambda module, inputs, output: 3 * output)
    pruned = stack(nn.Tanh())
    prune.random_unstructured(pruned[2], "weight", amount=2)
    for model, place in ((hooked, "0"), (pruned, "2")):
        with pytest.raises(InputError, match=f"{place}: expected no forward hooks"):
            from_torch(model)
    handle.remove()
    prune.remove(pruned[2], "weight")
    for model in (hooked, pruned):
        np.testing.assert_allclose(classical(from_torch(model)), in_torch(model), atol=1e-6)


def test_a_module_that_cannot_be_followed_takes_the_names_of_its_layers():
    model = seeded(Branching)
    network = from_torch(model, "tanh", 1.0, layers=CALLED)
    expected = from_torch(seeded(OutOfOrder))
    assert network.digest == expected.digest


@pytest.fixture
def saved(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    model = seeded(OutOfOrder)
    np.savez("logits.npz", images=IMAGES, logits=in_torch(model))
    return model


OPTIONS = ["--stretch", "1", "--activation", "tanh", "--out", "net.safetensors"]


def test_the_order_of_a_file_is_printed_and_proved(saved, tmp_path, capsys):
    torch.save(saved.state_dict(), "net.pt")
    assert main(["import", "net.pt", *OPTIONS]) == 2
    assert "order second,out,first,into, and --layers gives another" in capsys.readouterr().err
    wrong = ["import", "net.pt", *OPTIONS, "--layers", "into,second,first,out"]
    assert main(wrong) == 0
    told = "layers: into, second, first, out (some of one shape: --layers gives another order)\n"
    assert capsys.readouterr().out.endswith(told)
    (tmp_path / "net.safetensors").unlink()
    assert main([*wrong, "--check-logits", "logits.npz"]) == 2
    captured = capsys.readouterr()
    assert "logits.npz: expected the network's logits to 1e-05 of the largest, got " in captured.err
    assert not (tmp_path / "net.safetensors").exists()
    right = ["import", "net.pt", *OPTIONS, "--layers", ",".join(CALLED)]
    assert main([*right, "--check-logits", "logits.npz", "--json", "-"]) == 0
    proof = json.loads(capsys.readouterr().out)["logits"]
    assert proof["deviation"] < 1e-6
    assert proof["images"] == 20


@pytest.mark.parametrize("kind", ["half", "bfloat16"])
@pytest.mark.parametrize("form", ["torch", "safetensors"])
def test_half_precision_is_widened(saved, capsys, kind, form):
    state = {name: getattr(tensor, kind)() for name, tensor in saved.state_dict().items()}
    torch.save(state, "net.pt")
    save_file(state, "plain.safetensors")
    file = "net.pt" if form == "torch" else "plain.safetensors"
    check = ["--layers", ",".join(CALLED), "--check-logits", "logits.npz"]
    assert main(["import", file, *OPTIONS, *check]) == 0
    name = "float16" if kind == "half" else kind
    assert f"(allowed of weights in {name}: " in capsys.readouterr().out
    network = read_network("net.safetensors")
    assert np.array_equal(network.weights[1], state["first.weight"].float().numpy())
    assert network.weights[1].dtype == np.float32


def test_plain_safetensors_are_read_without_torch(tmp_path, monkeypatch):
    torch.manual_seed(1)
    numbered = {f"net.{2 * i}.weight": torch.randn(3, 3).bfloat16() for i in range(11)}
    save_file(numbered, tmp_path / "plain.safetensors")
    monkeypatch.setitem(__import__("sys").modules, "torch", None)
    network = import_network(tmp_path / "plain.safetensors", "tanh", 1.0)
    assert network.information["layers"] == ", ".join(str(2 * i) for i in range(11))
    for weight, expected in zip(network.weights, numbered.values(), strict=True):
        assert np.array_equal(weight, expected.float().numpy())


def test_a_plain_safetensors_file_is_told_from_a_network(saved, capsys):
    save_file(saved.state_dict(), "plain.safetensors")
    assert main(["run", "plain.safetensors"]) == 2
    assert "trained weights become a network by qnnq import" in capsys.readouterr().err
    assert main(["import", "plain.safetensors", *OPTIONS, "--layers", ",".join(CALLED)]) == 0
    assert main(["import", "net.safetensors", *OPTIONS[:-1], "other.safetensors"]) == 2
    assert "is a network file of qnnq" in capsys.readouterr().err


@pytest.mark.parametrize(
    "wrap",
    [
        lambda state: {"state_dict": {f"model.{name}": each for name, each in state.items()}},
        lambda state: {"epoch": 3, "model_state_dict": state, "optimizer_state_dict": {}},
        lambda state: {f"module.{name}": each for name, each in state.items()},
        lambda state: state | {"metric.total": torch.zeros(3, 3, 3)},
    ],
    ids=["lightning", "checkpoint", "parallel", "other tensors"],
)
def test_checkpoints(saved, tmp_path, wrap):
    torch.save(wrap(saved.state_dict()), "net.ckpt")
    network = import_network("net.ckpt", "tanh", 1.0, layers=CALLED)
    assert network.digest == from_torch(saved).digest


def normalized(after):
    between = (nn.Tanh(), nn.BatchNorm1d(4)) if after else (nn.BatchNorm1d(4), nn.Tanh())
    return nn.Sequential(nn.Linear(6, 4), *between, nn.Linear(4, 3))


@pytest.mark.parametrize("after", [False, True])
def test_a_normalization_in_a_file_is_folded_where_its_number_says(tmp_path, after):
    model = seeded(lambda: normalized(after))
    torch.save(model.state_dict(), tmp_path / "net.pt")
    network = import_network(tmp_path / "net.pt", "tanh", 1.0)
    assert network.information["layers"] == ("0, 2+3" if after else "0+1, 3")
    np.testing.assert_allclose(classical(network), in_torch(model), atol=1e-5)


def test_a_normalization_whose_name_does_not_say_where_it_acts_is_refused(tmp_path):
    model = seeded(Functional)
    torch.save(model.state_dict(), tmp_path / "net.pt")
    with pytest.raises(InputError, match=r"inside: a normalization, and its name does not say"):
        import_network(tmp_path / "net.pt", "tanh", 1.0)
    with pytest.raises(InputError, match=r"inside: a normalization that --layers leaves out"):
        import_network(tmp_path / "net.pt", "tanh", 1.0, layers=["start+a", "b", "outside+c"])
    layers = ["start+a+inside", "b", "outside+c"]
    network = import_network(tmp_path / "net.pt", ("tanh", "htanh"), (0.5, 0.5), layers=layers)
    np.testing.assert_allclose(classical(network), classical(from_torch(model)), atol=1e-6)


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        (["into", "frist", "out"], "expected some of second, out, first, into, got 'frist'; near"),
        (["into", "first+second", "out"], r"first\+second: expected one linear layer"),
    ],
)
def test_wrong_names_of_layers_are_refused(saved, layers, message):
    torch.save(saved.state_dict(), "net.pt")
    with pytest.raises(InputError, match=message):
        import_network("net.pt", "tanh", 1.0, layers=layers)


def test_nothing_is_written_when_an_import_fails(saved, tmp_path, capsys):
    torch.save(saved.state_dict(), "net.pt")
    np.savez("narrow.npz", images=IMAGES[:, :5], labels=np.zeros(20, int))
    before = sorted(tmp_path.iterdir())
    command = ["import", "net.pt", "--layers", ",".join(CALLED), *OPTIONS]
    for wrong, message in (
        (["--data", "narrow.npz"], "expected images of 6 pixels"),
        (["--data", "none.npz"], "no such file"),
        (["--json", "missing/a.json"], "missing/a.json: cannot be written"),
        (["--out", "net.onnx"], "not ONNX; expected a name such as net.safetensors"),
        (["--clip"], "--clip: expected --features FILE beside it"),
    ):
        assert main([*command, *wrong]) == 2
        assert message in capsys.readouterr().err
        assert sorted(tmp_path.iterdir()) == before


def test_an_onnx_file_is_refused_in_words(tmp_path):
    (tmp_path / "net.onnx").write_bytes(b"\x08\x07")
    with pytest.raises(InputError, match="ONNX is not read; expected weights as safetensors, or"):
        import_network(tmp_path / "net.onnx", "tanh", 1.0)
