"""Figures show what the counts say, in a way that works in grey."""

import zlib
from dataclasses import replace

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from qnnq.cli.main import main
from qnnq.devices.names import device_names
from qnnq.errors import InputError
from qnnq.figures.captions import name_groups
from qnnq.figures.comparisons import MOST_DEVICES, plot_attribution, plot_devices
from qnnq.figures.curves import plot_curves
from qnnq.figures.images import plot_behaviour, plot_confusion, plot_image
from qnnq.figures.style import MOST_SERIES, check_ending, look, looks, percent_axis, save
from qnnq.results.file import Store
from qnnq.results.points import Measured
from qnnq.statistics import wilson

LABELS = {
    "network": "net",
    "stretch": 0.5,
    "entanglement": np.pi / 2,
    "noise": "fake_kingston",
    "strength": 1.0,
    "off": "",
    "device": "fake_kingston",
    "widths": "16-16-16",
    "pairs": 0,
    "pair_gate": "sx",
    "engine": "instrument",
    "data": "mnist-test",
    "images": "0:60",
}


def measured(right=0.8, images=60, **labels):
    truth = np.arange(images) % 10
    share = np.full((images, 10), (1 - right) / 9)
    share[np.arange(images), truth] = right
    seed = zlib.crc32(repr((right, images, labels)).encode())  # whatever was measured before
    counts = np.random.default_rng(seed).multinomial(15, share)
    indices = np.arange(images) if images > 1 else np.array([6929])
    return Measured(
        {**LABELS, **labels}, indices, truth, counts, counts.astype(float), 1.0, "", "", True
    )


@pytest.fixture
def strengths():
    return [
        measured(0.9 - 0.02 * strength, strength=float(strength), network=network)
        for network in ("a", "b")
        for strength in (0, 0.5, 2, 32)
    ]


def test_curves_show_values_and_intervals(strengths):
    (axes,) = plot_curves(strengths, "strength", "majority").axes
    assert axes.get_xscale() == "symlog"  # 0 has a place on it
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["0", "0.5", "2", "32"]
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["a", "b"]
    for number, line in enumerate(axes.get_lines()):
        points = strengths[4 * number : 4 * number + 4]
        assert line.get_xdata().tolist() == [0, 0.5, 2, 32]
        np.testing.assert_allclose(line.get_ydata(), [p.right.mean() for p in points])
        bars = np.array(axes.collections[number].get_segments())  # (4, 2 ends, x and y)
        ends = [wilson(int(p.right.sum()), 60) for p in points]
        np.testing.assert_allclose(bars[:, :, 1], ends)
        assert bars[:, :, 0].tolist() == [[x, x] for x in (0, 0.5, 2, 32)]
        bottom, top = axes.get_ylim()
        assert bottom < np.min(ends) < np.max(ends) < top < 1.2
    assert plot_curves(strengths, "strength", scale="linear").axes[0].get_xscale() == "linear"


def test_unfinished_points_are_marked(strengths):
    whole = plot_curves(strengths, "strength", "majority")
    assert "UNFINISHED" not in whole.axes[0].get_title(loc="left")
    strengths[2] = replace(strengths[2], complete=False)
    (axes,) = plot_curves(strengths, "strength", "majority").axes
    title = " ".join(axes.get_title(loc="left").split())
    assert "UNFINISHED: 1 of 8 points" in title
    (mark,) = (line for line in axes.get_lines() if line.get_markersize() > 10)
    assert (mark.get_xdata()[0], mark.get_ydata()[0]) == (2, strengths[2].right.mean())
    assert "UNFINISHED: 1 of 1" in plot_confusion([strengths[2]]).get_suptitle().replace("\n", " ")


def test_series_differ_in_colour_and_marker():
    first_seven = [look(number) for number in range(7)]
    assert len({each.color for each in first_seven}) == 7
    assert len({look(number).marker for number in range(MOST_SERIES)}) == MOST_SERIES


def test_networks_of_one_place_in_the_palette_are_told_apart():
    known = [str(number) for number in range(8)]
    assert looks(["0", "7"], known) == looks(["1", "1"], known) == [look(0), look(1)]
    assert looks(["7", "1"], known) == [look(7), look(1)]


def test_too_many_lines_is_one_line():
    many = [measured(network=f"n{n}") for n in range(MOST_SERIES + 1)]
    with pytest.raises(InputError, match="13 lines are too many to tell apart"):
        plot_curves(many, "strength")


def test_one_value_on_the_axis_has_its_interval_too():
    (axes,) = plot_curves([measured(0.8, strength=1.0)], "strength").axes
    ((bar,),) = (each.get_segments() for each in axes.collections)
    assert bar[1][1] - bar[0][1] > 0.05


def test_devices_are_sorted_best_at_the_top():
    rates = {"fake_fez": 0.3, "fake_torino": 0.9, "fake_belem": 0.6}
    points = [measured(rate, device=name, noise=name) for name, rate in rates.items()]
    (axes,) = plot_devices(points, "single_shot").axes
    names = [t.get_text().partition("  ")[0] for t in axes.get_yticklabels()]
    assert names == ["fake_fez", "fake_belem *", "fake_torino"]  # of 133, 5 and 156 qubits
    assert "its neurons take turns" in axes.get_title(loc="left").replace("\n", " ")
    assert len(axes.get_legend().get_texts()) == 1


def test_a_device_that_lacks_a_network_is_sorted_by_the_others():
    rates = {"fake_fez": (0.9, 0.5), "fake_torino": (0.95, 0.55), "fake_belem": (0.85, None)}
    points = [
        measured(rate, network=network, images=400, device=name, noise=name)
        for name, both in rates.items()
        for network, rate in zip(("good", "bad"), both, strict=True)
        if rate is not None
    ]
    (axes,) = plot_devices(points, "single_shot").axes
    names = [t.get_text().partition("  ")[0] for t in axes.get_yticklabels()]
    assert names == ["fake_belem *", "fake_fez", "fake_torino"]


def test_devices_too_small_for_any_network_are_marked():
    """27 qubits hold 16 neurons, but no 16 ancillas beside them."""
    weak = {"network": "weak", "entanglement": 3 * np.pi / 8}
    points = [measured(device="fake_algiers", noise="fake_algiers", **own) for own in ({}, weak)]
    (axes,) = plot_devices(points).axes
    assert [t.get_text() for t in axes.get_yticklabels()] == ["fake_algiers *  1"]


def test_long_names_leave_room_for_the_devices(tmp_path):
    points = [
        measured(0.9, network=name, mode="coherent", feedback_latency=latency, data=data)
        for name, data in (("a-network-of-a-long-name", "mnist-test"), ("another", "my-own-data"))
        for latency in (0.0, 30.0)
    ]
    figure = plot_devices(points)
    save(figure, tmp_path / "devices.png")
    assert figure.axes[0].get_position().width > 0.4


def test_of_many_devices_the_middle_is_left_out():
    names = [name for name in device_names() if name.startswith("fake_")][:40]
    points = [
        measured(0.2 + 0.02 * number, images=400, device=name, noise=name)
        for number, name in enumerate(names)
    ]
    (axes,) = plot_devices(points, "single_shot").axes
    shown = [t.get_text().partition("  ")[0].removesuffix(" *") for t in axes.get_yticklabels()]
    assert len(shown) == MOST_DEVICES
    assert {*names[:10], *names[-10:]} < {*shown}
    assert "10 devices in the middle are left out" in axes.get_title(loc="left").replace("\n", " ")


def test_attribution_draws_costs_and_gains():
    points = [
        measured(0.9, strength=0.0),
        measured(0.3, off=""),
        measured(0.85, off="readout"),
        measured(0.4, off="gate+relaxation+idle"),
    ]
    alone, removed = plot_attribution(points).axes
    (cost,) = alone.patches
    (gain,) = removed.patches
    assert cost.get_height() < 0 < gain.get_height()
    assert gain.get_height() == pytest.approx(points[2].right.mean() - points[1].right.mean())
    assert alone.get_figure().get_suptitle().startswith("fake_kingston, strength 1,")
    assert [tick.get_text() for tick in removed.get_xticklabels()] == ["readout"]


def test_a_legend_is_not_pale_where_bars_are():
    points = [measured(0.9, strength=strength, off=off) for strength, off in ((0.0, ""), (1.0, ""))]
    points += [measured(0.9, off="readout")]
    _, removed = plot_attribution(points).axes
    (bar,), (handle,) = removed.patches, removed.get_legend().get_patches()
    assert bar.get_alpha() < 1
    assert handle.get_alpha() is None


def test_pictures_of_images():
    base, other = measured(0.5, stretch=0.0, network="zero"), measured(0.9, network="half")
    (axes,) = plot_behaviour([base, other]).axes
    assert sum(bar.get_width() for bar in axes.patches) == pytest.approx(1)
    assert axes.get_xlim() == (0, 1)
    legend = axes.get_legend().get_texts()
    assert "only zero right" in [text.get_text() for text in legend]
    (confusion,) = plot_confusion([other]).axes
    np.testing.assert_allclose(confusion.images[0].get_array().sum(axis=1), 1)
    with pytest.raises(InputError, match="7 panels are too many"):
        plot_confusion([other] * 7)
    with pytest.raises(InputError, match="no such image"):
        plot_image([other], 61, "strength")
    digit, votes = plot_image([other], 5, "strength").axes
    assert "image 5" in digit.get_title()
    np.testing.assert_allclose(votes.images[0].get_array()[:, 0], other.counts[5] / 15)
    assert votes.get_title() == "half, 15 shots"


def test_ticks_are_told_apart():
    axes = Figure().subplots()
    percent_axis(axes)
    axes.set_ylim(-0.0051, 0.0026)
    texts = [text.get_text() for text in axes.get_yticklabels()]
    assert {"0%", "0.2%", "\N{MINUS SIGN}0.4%"} <= {*texts}
    assert len({*texts}) == len(texts)


def test_files_by_ending(strengths, tmp_path):
    figure = plot_curves(strengths, "strength")
    starts = {"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}
    for ending, start in starts.items():
        for name in ("one", "two"):
            save(figure, tmp_path / f"{name}.{ending}")
        content = (tmp_path / f"one.{ending}").read_bytes()
        assert content.startswith(start)
        assert content == (tmp_path / f"two.{ending}").read_bytes()
    with pytest.raises(
        InputError, match=r"a\.gif: expected a name that ends in \.png, \.svg, \.pdf"
    ):
        check_ending("a.gif")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--out", "a.gif"], "a.gif: expected a name that ends in"),
        (["--out", "no/a.png"], "no/a.png: cannot be written"),
        (["--out", "a.png", "--kind", "image"], "--image: goes with --kind image"),
        (["--out", "a.png", "--kind", "piechart"], "piechart"),
        (["--out", "a.png"], "r.sqlite: no finished points yet"),
    ],
)
def test_bad_options_are_one_line(tmp_path, monkeypatch, capsys, options, message):
    monkeypatch.chdir(tmp_path)
    Store("r.sqlite", create=True).close()
    assert main(["plot", "r.sqlite", *options]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert message in error


def test_sweep_to_picture(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sweep.toml").write_text(
        '[[grid]]\nnetworks = "mnist16-a0.5"\nnoise = "fake_kingston"\nstrength = [0, 1, 16]\n'
        'images = "0:50"\n'
    )
    assert main(["sweep", "sweep.toml", "--out", "r.sqlite", "--workers", "1"]) == 0
    assert main(["plot", "r.sqlite", "--x", "strength", "--out", "figure.pdf"]) == 0
    assert (tmp_path / "figure.pdf").read_bytes().startswith(b"%PDF")


def test_stepwise_networks_are_level_beside_latencies():
    coherent = [
        measured(0.9 - 0.01 * latency, mode="coherent", feedback_latency=latency)
        for latency in (0.0, 10.0, 40.0)
    ]
    stepwise = measured(0.9, mode="stepwise", feedback_latency="")
    (axes,) = plot_curves([*coherent, stepwise], "feedback_latency").axes
    curve, level = axes.get_lines()
    assert list(curve.get_xdata()) == [0, 10, 40]
    assert set(level.get_ydata()) == {stepwise.accuracy("majority").value}
    assert (curve.get_color(), curve.get_linestyle()) == (level.get_color(), "-")
    assert level.get_linestyle() == "--"
    with pytest.raises(InputError, match="^--x feedback_latency: expected points that have one"):
        plot_curves([stepwise], "feedback_latency")
    with pytest.raises(InputError, match="^--x feedback_latency: found points without one"):
        plot_image([*coherent, stepwise], 6929, "feedback_latency")


def test_latencies_have_units_and_modes_short_names():
    options = {"measurement": "measure", "recycling": "flip", "mode": "coherent"}
    coherent = [
        measured(0.9, network=network, feedback_latency=latency, **options)
        for network in ("a", "b")
        for latency in (0.0, 0.5, 30.0, 10_000.0)
    ]
    empty = dict.fromkeys([*options, "feedback_latency"], "")
    stepwise = measured(0.9, network="b", **{**empty, "mode": "stepwise"})
    (axes,) = plot_curves([*coherent, stepwise], "feedback_latency").axes
    ticks = [label.get_text() for label in axes.get_xticklabels()]
    assert ticks == ["0", "1 us", "10 us", "100 us", "1 ms", "10 ms"]
    names = [text.get_text() for text in axes.get_legend().get_texts()]
    assert names == ["a, coherent", "b, coherent", "b, stepwise"]
    (_, second, level) = axes.get_lines()
    assert second.get_color() == level.get_color()
    short = measured(0.9, network="b", feedback_latency=0.5, **options | {"measurement": "brief"})
    (axes,) = plot_curves([*coherent[4:], stepwise, short], "feedback_latency").axes
    names = [text.get_text() for text in axes.get_legend().get_texts()]
    assert names == ["coherent, measure", "stepwise", "coherent, brief"]
    (axes,) = plot_curves(coherent[:2], "feedback_latency").axes  # too near for a log axis
    assert axes.get_xscale() == "linear"
    assert axes.xaxis.get_major_formatter()(0.5) == "0.5 us"


def test_a_caption_tells_the_latency_that_all_share():
    points = [
        measured(0.9, strength=float(strength), mode=mode, feedback_latency=latency)
        for strength in (0, 1)
        for mode, latency in (("coherent", 2000.0), ("stepwise", ""))
    ]
    (axes,) = plot_curves(points, "strength").axes
    assert "feedback latency 2 ms" in axes.get_title(loc="left")
    names = [text.get_text() for text in axes.get_legend().get_texts()]
    assert names == ["coherent", "stepwise"]


def test_a_network_looks_the_same_in_all_figures_of_a_page(strengths):
    known = ["z", "b", "a"]
    (axes,) = plot_curves(strengths, "strength", known=known).axes
    curves = dict(zip(("a", "b"), [line.get_color() for line in axes.get_lines()], strict=False))
    assert curves == {"a": look(2).color, "b": look(1).color}
    points = [measured(network="a", device=device) for device in ("fake_oslo", "fake_lima")]
    (axes,) = plot_devices(points, known=known).axes
    assert axes.get_legend_handles_labels()[0][0].lines[0].get_color() == look(2).color
    points = [measured(network="b", off=off, noise="fake_oslo") for off in ("", "gate")]
    _, removed = plot_attribution(points, known).axes
    assert removed.get_legend().get_patches()[0].get_facecolor()[:3] == to_rgb(look(1).color)


def test_a_machine_has_the_colour_of_its_own_device():
    points = [
        measured(0.9 - strength / 10, strength=float(strength), device=device, noise=device)
        for device in ("fake_kingston", "fake_torino")
        for strength in (0, 1)
    ]
    run = measured(0.8, 40, device="fake_kingston", engine="runtime")
    axes = plot_curves([*points, run], "strength").axes[0]
    colours = {
        text: getattr(handle, "lines", [handle])[0].get_color()
        for handle, text in zip(*axes.get_legend_handles_labels(), strict=True)
        if "fake" in text
    }
    assert colours["measured on fake_kingston"] == colours["fake_kingston"]
    assert colours["fake_kingston"] != colours["fake_torino"]


def test_a_caption_tells_how_many_images_points_have():
    points = [measured(0.9, 60), measured(0.8, 40, engine="runtime")]
    assert name_groups([[point] for point in points], ["strength"])[1].endswith(
        "40 to 60 images x 15 shots"
    )
