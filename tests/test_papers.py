"""What the scripts in benchmarks/papers conclude from numbers."""

import hashlib
import json
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
sys.path.append(str(Path(__file__).parent.parent / "benchmarks" / "papers"))

import check_tables
import reproduce_published
from answers import read_answers, write_answers
from published_shares import Comparison, Share
from scipy.stats import chi2
from study import Study
from together import Kind, trained_together
from transition import crossing, right
from verdicts import Interval, _interval, above, below, better, holm_corrected, judged
from weak_signs import SignNetwork, information, last_outcomes, votes

from qnnq.data.dataset import Dataset
from qnnq.errors import InputError
from qnnq.networks.activation import probability, rotated, state_after
from qnnq.networks.network import Network
from qnnq.runs.request import RunRequest
from qnnq.runs.run import prepare
from qnnq.training.settings import TrainingSettings
from qnnq.training.trainer import train


def test_intervals_hold_the_mean_of_new_seeds_and_new_images():
    """Over 400 studies of 5 seeds and 200 images; a true 95 % fails the bound with 1e-6."""
    rng = np.random.default_rng(0)
    held = 0
    for _ in range(400):
        seeds, images = rng.normal(0, 0.02, (5, 1)), rng.normal(0, 0.3, 200)
        found = _interval(0.9 + seeds + images + rng.normal(0, 0.1, (5, 200)))
        held += found.low <= 0.9 <= found.high
    assert held >= 400 * 0.95 - 4.75 * np.sqrt(400 * 0.95 * 0.05)


def test_an_interval_of_one_seed_is_that_of_the_images():
    values = np.array([[1.0, 0, 1, 1, 0, 1, 1, 1]])
    found = _interval(values)
    half = 2.3646 * values.std(ddof=1) / np.sqrt(8)  # Student's t with 7 degrees of freedom
    assert (found.low, found.high) == pytest.approx((0.75 - half, 0.75 + half), rel=1e-4)


def test_verdicts_follow_from_p_values_corrected_over_the_table():
    clear, near = (Interval(0.02, low, 0.04 - low, 0.01 / z, 9) for low, z in ((0.01, 3), (0.0, 1)))
    claims = [better("it is larger", clear), above("over 3 %", clear, 0.03), better("near", near)]
    verdicts = [verdict for verdict, _ in judged(claims)]
    assert verdicts == ["holds", "does not hold", "cannot be told"]
    alone, _ = judged([below("under 3 %", clear, 0.03)])[0]
    assert alone == "holds"


def test_a_p_value_without_a_standard_error_is_the_largest_that_the_interval_allows():
    error = 0.03 / 3.0905  # Student's t with 24 degrees of freedom is above it in 0.0025
    half = 2.0639 * error
    known = Interval(0.03, 0.03 - half, 0.03 + half, error, 24)
    assert known.p_value() == pytest.approx(0.005, rel=1e-3)
    unknown = Interval(0.03, known.low, known.high, None, 24)
    assert unknown.p_value() == pytest.approx(0.005, rel=1e-3)
    assert Interval(0.03, known.low, known.high, None, 2).p_value() > 0.01


def test_holm_multiplies_by_the_tests_that_are_left():
    found = holm_corrected([0.01, 0.04, 0.03, 0.005, 0.9])
    np.testing.assert_allclose(found, [0.04, 0.09, 0.09, 0.025, 0.9])


def test_the_edge_is_interpolated_in_the_logarithm_of_the_angle():
    angles = (1 / 64, 1 / 16, 1 / 4)
    edges = [(0.9, 0.7, 0.1), (0.2, 0.1, 0.1), (0.9, 0.9, 0.8)]
    levels = (0.4, 0.5, 0.5)
    found = [np.exp(crossing(angles, np.array(each), level)) for each, level in zip(edges, levels)]
    assert found == pytest.approx([1 / 8, 1 / 64, 1 / 4])


def test_answers_come_back_from_their_file(tmp_path):
    rng = np.random.default_rng(0)
    answers = {"one": rng.random((3, 13)) < 0.5, "other": rng.random((1, 13)) < 0.5}
    write_answers(tmp_path / "answers.npz", answers)
    found = read_answers(tmp_path / "answers.npz")
    assert list(found) == list(answers)
    for name, seeds in found.items():
        np.testing.assert_array_equal([each.right for each in seeds], answers[name])


@pytest.mark.parametrize(
    ("stretch", "entanglement", "recipe"),
    [
        (0.0, np.pi / 4, {}),
        (
            0.5,
            np.pi / 2,
            {"train_shots": 3, "input_dropout": 0.2, "schedule": "cosine", "weight_decay": 0.01},
        ),
    ],
)
def test_networks_that_are_trained_together_are_those_that_training_makes(
    stretch, entanglement, recipe
):
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (96, 20), dtype=np.uint8)
    data = Dataset(images, rng.permutation(np.arange(96) % 10), "some")
    settings = TrainingSettings(
        (6, 6), stretch, activation="tanh", entanglement=entanglement, epochs=2, **recipe
    )
    kinds = [Kind("p-bit", 2.0), Kind("quantum", stretch, entanglement, "tanh")]
    model = trained_together(kinds, settings, (0, 3), data)
    for place, seed in enumerate((0, 3)):
        of_seed = TrainingSettings(**{**vars(settings), "seed": seed})
        alone = train(of_seed, data, data, device="cpu").network
        for ours, theirs in zip(model.network(place, 1).weights, alone.weights, strict=True):
            np.testing.assert_allclose(ours, theirs, atol=1e-6)
        assert model.network(place, 1).last_projective


def weak(width: int, depth: int, entanglement: float) -> Network:
    rng = np.random.default_rng(width)
    sizes = [30, *[width] * depth, 4]
    weights = tuple(rng.normal(0, 1, (b, a)) for a, b in zip(sizes, sizes[1:], strict=False))
    return Network(
        weights, activation="tanh", stretch=0.0, entanglement=entanglement, last_projective=True
    )


@pytest.mark.parametrize(("width", "depth"), [(6, 2), (6, 4), (20, 3)])
def test_weak_measurements_at_stretch_0_are_signs_with_wrong_reports(width, depth):
    """Two samples of the same counts: chi-squared fails with 1e-6; the first is the engine's."""
    network = weak(width, depth, np.pi / 5)
    rng = np.random.default_rng(0)
    data = Dataset(rng.integers(0, 256, (5, 30), dtype=np.uint8), np.arange(5) % 4, "some")
    request = RunRequest(network, data=data, noise="ideal", engine="ideal", shots=4000)
    engine = prepare(request).execute().counts
    signs = SignNetwork.of(network)
    *_, drawn = votes(signs, data.images, (1000, 4000), rng)
    both = engine + drawn
    used = both > 0
    squares = ((engine - drawn) ** 2)[used] / both[used]
    assert squares.sum() < chi2.isf(1e-6, int(used.sum()) - 5)
    if width <= 8:
        chances = last_outcomes(signs, data.images)
        _, classes = signs.tables()
        exact = np.stack([chances[:, classes == c].sum(axis=1) for c in range(4)], axis=1)
        wanted = 4000 * exact
        squares = ((engine - wanted) ** 2)[used] / np.maximum(wanted, 1e-9)[used]
        assert squares.sum() < chi2.isf(1e-6, int(used.sum()) - 5)


def test_the_record_of_a_shot_tells_the_first_signs_whatever_the_angle():
    """Shots in closed form; the decoding has to be right in every one of them."""
    network, rng = weak(16, 4, 0.02), np.random.default_rng(0)
    pixels = rng.random((200, 30))
    alpha = last = None
    outcomes, signs = [], []
    values = pixels
    for layer, weight in enumerate(network.weights[:-1]):
        signs.append(np.sign(values @ weight.T))
        angle = rotated(signs[-1], alpha, last)
        g = network.entanglements[layer]
        last = np.where(rng.random(angle.shape) < probability(-1, angle, g), -1.0, 1.0)
        alpha = state_after(last, angle, g)
        outcomes.append(last)
        values = last
    error = np.ones_like(last)
    for outcome, sign in list(zip(outcomes, signs, strict=True))[:0:-1]:
        error = outcome * sign * error
    assert np.array_equal(outcomes[0] * error, signs[0])
    assert not np.array_equal(outcomes[0], signs[0])


def test_information_is_that_of_a_noisy_bit():
    labels = np.array([0, 0, 1, 1])
    chances = np.array([[0.9, 0.1], [0.9, 0.1], [0.1, 0.9], [0.1, 0.9]])
    assert information(chances, labels) == pytest.approx(
        1 + 0.9 * np.log2(0.9) + 0.1 * np.log2(0.1)
    )


def test_a_bias_that_all_images_share_is_removed_by_centred_and_likelihood_votes():
    counts = np.array([[60, 40, 0], [74, 24, 2], [70, 20, 10]])
    truth = np.array([1, 0, 2])
    others = np.array([[66, 30, 4], [74, 24, 2], [64, 36, 0], [68, 20, 12]])
    found = right(counts, others, (truth, np.array([0, 0, 1, 2])))
    assert found["plain"].tolist() == [False, True, False]
    assert found["centred"].tolist() == [True, True, True]


def test_a_comparison_counts_the_spread_of_trainings_for_the_other_network_too():
    ours = [0.8, 0.82, 0.84, 0.86, 0.88]
    found = Comparison("some", "0 pairs", "ours", Share(96, 96), ours, 0.0)
    error = np.std(ours, ddof=1) * np.sqrt(1.2)
    assert found.half == pytest.approx(2.7764 * error, rel=1e-4)  # 4 degrees of freedom
    assert found.verdict(0.01) == "disagrees"
    assert found.verdict(0.2) == "cannot be told"


@pytest.fixture
def authors_folder(tmp_path):
    rng = np.random.default_rng(0)
    shapes = [(16, 784), (16, 16), (16, 16), (10, 16)]
    for stretch in reproduce_published.STRETCHES:
        matrices = [rng.normal(0, 0.1, shape).round(3).tolist() for shape in shapes]
        path = tmp_path / f"mnist_a{stretch:g}_lr-2_shots20_width16.json"
        path.write_text(json.dumps({"last_params": matrices}))
    return tmp_path


def test_the_authors_weights_are_read_and_checked_by_their_digest(authors_folder, monkeypatch):
    with pytest.raises(
        InputError, match=r"a0\.5.*expected the published file, of SHA-256 9ca65fd9"
    ):
        reproduce_published.authors_networks(authors_folder)
    content = (authors_folder / "mnist_a0.5_lr-2_shots20_width16.json").read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    files = reproduce_published.PUBLISHED["authors_files"]
    monkeypatch.setitem(files, "sha256_of_a0.5", digest)
    networks = reproduce_published.authors_networks(authors_folder)
    (network,) = networks[0.5]
    assert network.stretch == 0.5
    assert network.widths == (16, 16, 16)
    some = list(reproduce_published.image_6929(networks, "the authors'", 30))
    assert {each.experiment for each in some} == {
        "image 6929, trapped ions", "image 6929, superconducting",
    }  # fmt: skip
    assert all(len(each.ours) == 1 for each in some)


def test_missing_weights_of_the_authors_are_named(tmp_path, monkeypatch, capsys):
    out = tmp_path / "out"
    monkeypatch.setattr(
        sys, "argv", ["reproduce", "--weights", str(tmp_path), "--quick", "--out", str(out)]
    )
    with pytest.raises(SystemExit) as stopped:
        reproduce_published.main()
    assert stopped.value.code == 2
    assert "mnist_a0" in capsys.readouterr().err


def test_figures_of_a_text_are_those_outside_of_code():
    text = (
        "It errs in 9.3 % (`x 1.5`), 6.6 (6.2 to 7.0) or\n185 of 200; see [that](a-2.5.md), 16-16."
    )
    assert check_tables.figures_of(text) == ["9.3", "6.6 (6.2 to 7.0)", "185 of 200"]


def test_what_the_texts_tell_follows_from_committed_files():
    """All but the transition's resampled edges, which `check_tables.py` takes seconds for."""
    assert list(check_tables.of_texts()) == []
    assert list(check_tables.of_quantum_data()) == []
    assert list(check_tables.of_reproduction()) == []
    assert list(check_tables.of_scoreboards()) == []
    for path in sorted(check_tables.RESULTS.glob("stretch-claims.csv")):
        assert list(check_tables.of_claims(path)) == []


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--data", "nosuch.idx"), "nosuch.idx: no such file"),
        (("--hidden", "-3"), "`hidden`: expected widths >= 1"),
        (("--epochs", "-1"), "`epochs` -1: expected"),
    ],
)
def test_bad_options_of_a_study_are_told_and_write_nothing(
    options, says, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(sys, "argv", ["study", *options, "--out", str(tmp_path / "out")])
    with pytest.raises(SystemExit) as stopped:
        Study("study", "")
    assert stopped.value.code == 2
    assert says in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
