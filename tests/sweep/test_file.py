"""Sweep files: what is crossed, and one clear line for everything that is wrong."""

from itertools import product

import pytest

from benchmarks.feedback_latency import sweep_file
from qnnq.data.selection import parse_images
from qnnq.errors import InputError
from qnnq.sweep.file import read_sweep
from qnnq.sweep.points import count_tasks, expand, round_seed, switch_off

HEAD = '[[grid]]\nnetworks = ["tiny.safetensors"]\nnoise = "fake_kingston"\ndata = "data.npz"\n'
MEASURED = HEAD.replace("fake_kingston", "measured:r.json")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "missing key 'grid'"),
        ("grids = 1", "unknown key 'grids'; nearest: grid (and 1 more)"),
        (
            "networks = ['a']",
            "key 'networks' belongs to a grid: write [[grid]] above it (and 1 more)",
        ),
        ("[[grid]]\nnetworks = 'a'", "[[grid]] 1: missing key 'noise'"),
        (HEAD + "strenght = [1]", "[[grid]] 1: unknown key 'strenght'; nearest: strength"),
        (HEAD + HEAD + "noisse = 1", "[[grid]] 2: unknown key 'noisse'; nearest: noise"),
        (HEAD + "strength = []", "[[grid]] 1: strength: the list is empty"),
        (HEAD + 'strength = [0, "x"]', '[[grid]] 1: strength[1]: expected number, found "x"'),
        (HEAD + "strength = [-1]", "[[grid]] 1: strength[0]: expected greater than or equal to 0"),
        (HEAD + "shots = 1.5", "[[grid]] 1: shots: expected integer, found 1.5"),
        (HEAD + "max_shots = 9", "[[grid]] 1: max_shots goes with target_width"),
        (HEAD + "threshold = 0.5", "[[grid]] 1: threshold goes with target_width"),
        (
            HEAD + "target_width = 0.1\nmax_shots = 9",
            "[[grid]] 1: max_shots: expected at least shots, 15 a round, found 9",
        ),
        (
            HEAD + 'off = ["gate", ["readuot"]]',
            "[[grid]] 1: off[1][0]: expected one of gate, relaxation, readout",
        ),
        ("[[grid]\n", "expected TOML"),
    ],
)
def test_bad_files_are_one_line(folder, text, message):
    path = folder / "sweep.toml"
    path.write_text(text)
    with pytest.raises(InputError) as caught:
        read_sweep(path)
    assert str(caught.value).startswith(f"{path}: {message}")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (HEAD.replace("tiny", "tiyn"), "[[grid]] 1: tiyn.safetensors: no such file"),
        (HEAD.replace("kingston", "kingstn"), "fake_kingstn"),
        (HEAD + 'devices = "fake_kingstn"', "fake_kingstn"),
        (HEAD.replace("fake_kingston", "device"), "noise: 'device' means the noise of each"),
        (HEAD.replace("fake_kingston", "readout(p=0.1)") + 'off = ["gate"]', "no mechanism 'gate'"),
        (HEAD + "images = '0:50'", "expected indices 0 to 39, got 49"),
        (HEAD + "shots = 2_000_000", "`shots` 2000000: expected at most 1,000,000"),
        (HEAD + 'engine = "ideal"', "`engine` ideal: expected `noise` ideal, got 'fake_kingston'"),
        (HEAD + 'feedback_latency = "2us"', "feedback_latency: expected coherent in `mode`"),
        (
            HEAD + 'mode = "coherent"\nfeedback_latency = "-2us"',
            "`feedback_latency` '-2us': expected a time >= 0",
        ),
        (HEAD + 'recycling = ["flip", "reset"]', "recycling: expected coherent in `mode`"),
        (HEAD + 'mode = "coherent"\npairs = 1', "`pairs` 1: expected `mode` stepwise"),
        (MEASURED + 'mode = "coherent"', "expected `mode` stepwise, got coherent"),
        (MEASURED, "r.json: cannot be read: No such file or directory"),
        (MEASURED.replace("r.json", ""), "`noise` measured: expected a response file"),
        (MEASURED + 'engine = "aer"', "`engine` aer: expected instrument with `noise` measured"),
        (MEASURED + 'engine = "ideal"', "`engine` ideal: expected `noise` ideal, got 'measured:"),
        (MEASURED + 'off = "gate"', "off: 'measured:r.json' is measured as a whole"),
    ],
)
def test_what_does_not_exist_is_found_before_anything_runs(folder, text, message):
    path = folder / "sweep.toml"
    path.write_text(text)
    with pytest.raises(InputError) as caught:
        expand(read_sweep(path))  # before any of them is asked for
    assert message in str(caught.value)


def test_missing_file():
    with pytest.raises(InputError, match=r"nowhere\.toml: cannot be read: No such file"):
        read_sweep("nowhere.toml")


def test_every_list_is_crossed_and_grids_are_united(folder):
    path = folder / "sweep.toml"
    path.write_text(
        HEAD
        + 'strength = [0, 1, 2]\npairs = [0, 10]\noff = [[], "gate", ["gate", "readout"]]\n'
        + HEAD
        + "strength = [2, 4]\nseeds = [0, 1]\n"
    )
    sweep = read_sweep(path)
    points = list(expand(sweep))
    assert sum(len(point.seeds) for point in points) == 3 * 2 * 3 + 2 * 2
    assert count_tasks(sweep) == (18 + 2, 18 + 4, 0, 18 + 4)
    assert {point.request.noise for point in points} == {
        "fake_kingston",
        "fake_kingston(gate=off)",
        "fake_kingston(gate=off, readout=off)",
    }
    assert {point.labels["off"] for point in points} == {"", "gate", "gate+readout"}


def test_the_noise_of_each_device(folder):
    path = folder / "sweep.toml"
    text = HEAD.replace('"fake_kingston"', '"device*2 + readout(p=0.01)"')
    path.write_text(text + 'devices = ["fake_fez", "fake_torino"]\n')
    assert [point.request.noise for point in expand(read_sweep(path))] == [
        "fake_fez*2 + readout(p=0.01)",
        "fake_torino*2 + readout(p=0.01)",
    ]


def test_blocks_cover_the_selection_in_order(folder):
    path = folder / "sweep.toml"
    path.write_text(HEAD + 'images = "0:7,30,32,31"\nimages_per_task = 4\n')
    (point,) = expand(read_sweep(path))
    assert point.blocks == ("0:4", "4:7,30", "32,31")
    path.write_text(HEAD + 'images = "0,2,1,3"\nimages_per_task = 4\n')
    (point,) = expand(read_sweep(path))
    assert point.blocks == ("0,2,1,3",)


def test_a_target_width_takes_images_at_random(folder):
    path = folder / "sweep.toml"
    path.write_text(HEAD + "strength = [1, 2]\nimages_per_task = 8\ntarget_width = 0.1\n")
    one, two = expand(read_sweep(path))
    assert one.blocks == two.blocks
    blocks = [parse_images(block, 40).tolist() for block in one.blocks]
    assert sorted(image for block in blocks for image in block) == list(range(40))
    assert max(blocks[0]) > 8


def test_switching_off_leaves_other_terms():
    assert (
        switch_off("fake_kingston(readout=off)*2 + readout(p=0.1)", ["gate"])
        == "fake_kingston(gate=off, readout=off)*2 + readout(p=0.1)"
    )


def test_rounds_have_their_own_seeds():
    assert round_seed(5, 0) == 5
    seeds = {round_seed(seed, number) for seed in range(50) for number in range(50)}
    assert len(seeds) == 2500


def test_modes_are_crossed_with_latencies_and_stepwise_has_none(folder):
    path = folder / "sweep.toml"
    path.write_text(
        HEAD + 'mode = ["stepwise", "coherent"]\nfeedback_latency = ["0us", "2us", "1ms"]'
    )
    labels = [point.labels for point in expand(read_sweep(path))]
    found = [(each["mode"], each["feedback_latency"]) for each in labels]
    assert found == [("stepwise", ""), ("coherent", 0), ("coherent", 2), ("coherent", 1000)]


def test_what_ancillas_and_waits_get_are_axes_of_the_coherent_mode(folder):
    path = folder / "sweep.toml"
    path.write_text(
        HEAD
        + 'mode = ["coherent", "stepwise"]\nmeasurement = ["measure", "measure_2"]\n'
        + 'recycling = ["flip", "reset"]\ndynamical_decoupling = ["none", "XX"]'
    )
    points = list(expand(read_sweep(path)))
    names = ("measurement", "recycling", "dynamical_decoupling")
    found = [tuple(point.labels[name] for name in names) for point in points]
    crossed = product(("measure", "measure_2"), ("flip", "reset"), ("none", "XX"))
    assert found == [*crossed, ("", "", "")]
    requests = [point.request for point in points[:-1]]
    assert [tuple(getattr(each, name) for name in names) for each in requests] == found[:-1]


def test_the_benchmark_of_latencies_asks_for_what_exists(tmp_path):
    path = tmp_path / "sweep.toml"
    path.write_text(sweep_file(quick=True))
    points = list(expand(read_sweep(path)))
    networks = len({point.labels["network"] for point in points})
    # Without noise; stepwise and 6 latencies on 2 devices; 3 by measure_2; 2 modes at a strength.
    assert len(points) == networks * (1 + 2 * 7 + 3 + 2 * 2)
