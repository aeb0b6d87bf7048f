"""Pictures of where and what: device maps, circuits, steps along time, in axes of the caller."""

import math

import numpy as np
import pytest
from matplotlib.figure import Figure

from noise_models import NoiseSpecification
from qnnq.cli.main import main
from qnnq.devices.names import resolve_device
from qnnq.figures.circuits import plot_circuit, plot_timeline
from qnnq.figures.comparisons import plot_attribution, plot_devices
from qnnq.figures.curves import plot_curves
from qnnq.figures.device_map import coordinates, plot_device
from qnnq.figures.images import plot_behaviour, plot_confusion
from qnnq.figures.style import COLUMNS, paper, styled
from tests.figures.test_figures import measured
from transpile import compile_network, linear_feedforward
from transpile.groups import Group

DEVICE = NoiseSpecification.parse("device", ["device"])
MACHINES = ("fake_manila", "fake_guadalupe", "fake_torino", "fake_sherbrooke", "fake_kingston")


def test_distances_on_a_map_are_those_of_the_couplings():
    line = coordinates([(0, 1), (1, 2), (2, 3)], 4)
    apart = np.linalg.norm(line[:, None] - line[None], axis=2)
    np.testing.assert_allclose(apart, np.abs(np.subtract.outer(range(4), range(4))), atol=1e-6)
    circle = coordinates([(0, 1), (0, 2), (1, 2)], 3)
    sides = [np.linalg.norm(circle[a] - circle[b]) for a, b in ((0, 1), (1, 2), (0, 2))]
    assert sides == pytest.approx([sides[0]] * 3)


@pytest.mark.parametrize("name", MACHINES)
def test_the_map_of_a_device_has_all_qubits_and_names_what_was_avoided(name):
    target = resolve_device(name).target
    figure = plot_device(target, DEVICE, [Group((0,), (1,))], name)
    axes = figure.axes[0]
    drawn = [each for each in axes.collections if len(each.get_offsets()) == 1]
    assert len(drawn) >= target.num_qubits
    assert figure.get_label().startswith(f"{name}; circles: 1 neuron, squares: their ancillas")


def test_a_step_along_time_takes_as_long_as_it_was_compiled_for():
    target = resolve_device("fake_kingston").target
    weight = np.array([[0.5, -0.25], [0.75, 0.5]])
    feedforward = linear_feedforward(weight, np.zeros(2), 2.0)
    network = compile_network(target, [2, 2], [1.2, math.pi / 2], feedforward=[feedforward])
    step = network.steps[1]
    axes = plot_timeline(step, target, network.sites).axes[0]
    ends = [bar.get_x() + bar.get_width() for bar in axes.patches]
    assert max(ends) == pytest.approx(1e6 * step.duration, rel=1e-3)
    names = [tick.get_text().split(":")[0] for tick in axes.get_yticklabels()]
    assert names == ["neuron 0", "neuron 1"]
    gates = plot_circuit(step.circuit, network.sites).axes[0]
    assert any(text.get_text().startswith("if") for text in gates.texts)


def test_every_figure_draws_into_axes_of_the_caller():
    points = [
        measured(0.9 - x / 50, strength=float(x), off=off) for x in (0, 1) for off in ("", "gate")
    ]
    other = measured(0.5, stretch=0.0, network="zero")
    for draw in (
        lambda ax: plot_curves(points[::2], "strength", ("majority", "single_shot"), ax=ax),
        lambda ax: plot_devices(points[2:3], ax=ax),
        lambda ax: plot_attribution(points, ax=ax),
        lambda ax: plot_behaviour([other, measured()], ax=ax),
        lambda ax: plot_confusion([other], ax=ax),
        lambda ax: plot_device(resolve_device("fake_manila").target, DEVICE, ax=ax),
    ):
        figure = Figure()
        axes = figure.subplots(1, 2)
        assert draw(axes[0]) is figure
        assert axes[0].has_data() or axes[0].child_axes
        assert not axes[1].has_data()


def test_figures_for_papers_have_the_width_of_columns_and_their_caption_apart():
    points = [measured(0.9 - x / 50, strength=float(x)) for x in (0, 1, 4)]
    for columns, width in COLUMNS.items():
        with styled(paper(columns)):
            figure = plot_curves(points, "strength")
        assert figure.get_figwidth() == width
        assert figure.axes[0].get_title(loc="left") == ""
        assert figure.get_label() == "fake_kingston, mnist-test, 60 images x 15 shots"


def test_commands_draw_maps_and_circuits(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    line = "compile mnist16-a0.5 --device fake_guadalupe --figure map.svg --circuits gates.svg"
    assert main(line.split()) == 0
    assert main(["noise", "fake_manila*2", "--figure", "noise.png"]) == 0
    assert "fake_manila*2 on fake_manila" in " ".join(capsys.readouterr().out.split())
    assert main(["noise", "fake_manila"]) == 0
    assert "on fake_manila" not in capsys.readouterr().out
    written = {path.name for path in tmp_path.iterdir()}
    assert {"map.svg", "noise.png"} < written
    assert any(name.startswith("gates") for name in written)
