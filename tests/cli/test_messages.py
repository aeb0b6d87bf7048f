"""What commands say: in our own words, as JSON, and where no terminal is."""

import json
import threading

import numpy as np
import pytest

from qnnq.cli import output
from qnnq.cli.main import build_app, main
from qnnq.data.load import load_data
from qnnq.figures.style import look
from qnnq.networks.bundled import load_model
from qnnq.networks.file import write_network
from qnnq.networks.network import Network

SWEEP = """
[[grid]]
networks = ["mnist16-a0", "mnist16-a0.5"]
noise = "fake_kingston"
off = ["none", "gate"]
images = "0:30"
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("messages")
    (path / "sweep.toml").write_text(SWEEP)
    (path / "grid.toml").write_text(SWEEP.replace("[[grid]]", "[grid]"))
    labels = np.arange(4) % 2
    np.savez(path / "colours.npz", images=np.zeros((4, 3, 2, 2)), labels=labels)
    np.savez(path / "small.npz", images=np.zeros((4, 4)), labels=labels)
    weights = tuple(np.ones(shape, np.float32) for shape in ((3, 4), (2, 3)))
    write_network(Network(weights), path / "small.safetensors")
    out = str(path / "r.sqlite")
    assert main(["sweep", str(path / "sweep.toml"), "--out", out, "--workers", "1"]) == 0
    return path


@pytest.fixture(autouse=True)
def _there(folder, monkeypatch):
    monkeypatch.chdir(folder)


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("plot r.sqlite --kind bars --out a.png", "--kind 'bars': expected one of curve, devices"),
        ("run --shots ten", "--shots 'ten': expected a whole number"),
        ("run --strength x", "--strength 'x': expected a number"),
        ("plot r.sqlite --image -3 --out a.png", "--image '-3': expected at least 0"),
        ("sweep grid.toml --out a.sqlite", "grid.toml: grid: write [[grid]]"),
        ("plot r.sqlite --out a.png --size big", "--size 'big': expected inches such as 7x4"),
        ("plot r.sqlite --out a.png --label x=y", "expected NETWORK=NAME, one of mnist16-a0, "),
        ("noise fake_fez --devices", "--devices: expected alone"),
        ("train --data colours.npz --out a.safetensors", "expected one number a pixel, got shape"),
        ("train --out net.onnx", "not ONNX; expected a name such as net.safetensors"),
        ("run --noise none", "no noise is called ideal"),
        ("run --noise 2*fake_kingston", "a strength stands behind: fake_kingston*2"),
        ("run --noise 2*readout(p=0.1)", "a strength stands behind: readout(p=0.1)*2"),
        (
            "report sweep.toml --out a.html",
            "found a sweep file, which asks for results: qnnq",
        ),
        ("results sweep.toml", "found a sweep file, which asks for results: qnnq"),
        ("train --data small.npz --out a.safetensors", "--test-data FILE takes your own"),
        ("estimate small.safetensors --data small.npz", "all takes all"),
    ],
)
def test_bad_input_in_our_own_words(capsys, command, message):
    capsys.readouterr()
    assert main(command.split()) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert message in error


def test_no_line_of_the_list_of_commands_is_cut(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    capsys.readouterr()
    assert main(["--help"]) == 0
    assert "..." not in capsys.readouterr().out.replace("[ARGS]...", "")


def test_a_warning_is_a_line_of_ours(capsys):
    capsys.readouterr()
    title = "\N{CJK UNIFIED IDEOGRAPH-6570}"
    assert main(["plot", "r.sqlite", "--out", "a.png", "--title", title]) == 0
    error = capsys.readouterr().err
    assert error.startswith("qnnq: note: Glyph 25968 ")
    assert "UserWarning" not in error


def test_programs_of_several_layers_say_where_they_are(capsys):
    capsys.readouterr()
    network = Network(tuple(np.ones(shape, np.float32) for shape in ((3, 4), (2, 3), (2, 2))))
    write_network(network, "two.safetensors")
    assert main(["compile", "two.safetensors", "--qasm", "two.qasm"]) == 0
    assert capsys.readouterr().out.endswith("two-0.qasm: layers 1\ntwo-1.qasm: layers 2\n")


def test_every_command_has_json():
    app = build_app()
    groups = [app, *(group.typer_instance for group in app.registered_groups)]
    commands = [command.callback for group in groups for command in group.registered_commands]
    assert {"run", "show", "merge", "verify"} <= {command.__name__ for command in commands}
    lacking = [each.__name__ for each in commands if "json" not in each.__annotations__]
    assert lacking == []


def test_plot_says_what_it_wrote_and_takes_title_names_and_size(folder, capsys):
    command = "plot r.sqlite --out a.svg --label mnist16-a0=classical --size 5x3 --title Mine"
    assert main(command.split()) == 0
    assert capsys.readouterr().out == "a.svg: curve of 4 points\n"
    small = (folder / "a.svg").read_text()
    assert main([*command.replace("5x3", "10x6").split(), "--json", "-"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["picture"], document["points"]) == ("a.svg", 4)
    wide = (folder / "a.svg").read_text()
    widths = [float(text.split('width="')[1].split("pt")[0]) for text in (small, wide)]
    assert widths[1] - widths[0] == pytest.approx(5 * 72, abs=15)
    assert "classical" in wide  # matplotlib keeps texts as comments beside their outlines
    assert "Mine" in wide


def test_a_network_alone_is_drawn_as_beside_the_others(folder, capsys):
    command = "plot r.sqlite --out one.svg --where network=mnist16-a0.5"
    assert main(command.split()) == 0
    assert f"stroke: {look(1).color.lower()}" in (folder / "one.svg").read_text()


def test_a_network_file_is_shown(capsys):
    network = load_model("mnist16-a0.5")
    write_network(network, "own.safetensors")
    bare = Network(network.weights, network.biases, "tanh", 1.0)
    write_network(bare, "bare.safetensors")
    assert main(["models", "own.safetensors", "bare.safetensors"]) == 0
    table = capsys.readouterr().out
    assert "own.safetensors" in table
    assert "89.41 %" in table
    assert "unknown" in table


def test_progress_is_told_in_lines_where_no_terminal_is(capsys, monkeypatch):
    monkeypatch.setattr(output, "SECONDS_BETWEEN_LINES", 0.0)
    with output.progress_bar("images", 10) as advance:
        advance(4)
        advance(6)
    said = capsys.readouterr().err
    assert said == "qnnq: images: 4 of 10, about 0 s left\nqnnq: images: 10 of 10\n"


def test_work_whose_first_step_is_long_says_before_what_it_is(capsys, monkeypatch):
    class Timer(threading.Timer):
        def start(self):
            self.function()

    monkeypatch.setattr(output, "SECONDS_BETWEEN_LINES", 30.0)
    monkeypatch.setattr(threading, "Timer", Timer)
    with output.progress("planning"):
        assert capsys.readouterr().err == "qnnq: planning ...\n"


@pytest.mark.parametrize(
    "command", ["compile small.safetensors --device fake_manila", "run mnist16-a0 --images 0:3"]
)
def test_a_layer_that_is_wider_than_the_chip_takes_turns(capsys, command):
    capsys.readouterr()
    assert main([*command.split(), "--device", "fake_manila"]) == 0
    told = "layer 1, 2, 3: 16 neurons take turns on 4 places of the chip, in 4 executions\n"
    assert capsys.readouterr().out.endswith(told) == ("mnist16" in command)


def test_numbers_of_images_are_written_in_one_way(capsys):
    capsys.readouterr()
    assert main(["run", "mnist16-a0", "--engine", "ideal", "--shots", "1"]) == 0
    assert "\n10,000 images x 1 shot, " in capsys.readouterr().out
    assert main(["estimate", "mnist16-a0", "--images", "0:1000", "--shots", "1"]) == 0
    assert "1,000 images x 1 shot, " in capsys.readouterr().out


def test_confusion_of_a_run(capsys):
    assert main(["run", "mnist16-a0", "--images", "0:50", "--confusion"]) == 0
    rows = [line.split() for line in capsys.readouterr().out.replace("│", " ").splitlines()]
    table = [row for row in rows if row[:1] and row[0].isdigit() and row[-1] == "%"]
    counts = sum(int(cell) for row in table for cell in row[1:-2])
    assert len(table) == len({*load_data("mnist-test").labels[:50]})
    assert counts == 50
    command = ["run", "mnist16-a0", "--images", "0:50", "--confusion", "--json", "-"]
    assert main(command) == 0
    document = json.loads(capsys.readouterr().out)
    found = np.array(document["confusion"])
    np.testing.assert_array_equal(
        found.sum(axis=1), np.bincount(load_data("mnist-test").labels[:50], minlength=10)
    )
    assert np.trace(found) == round(50 * document["accuracy"]["majority"]["value"])
