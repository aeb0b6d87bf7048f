"""Seeds, rounds and numbers of shots: a vote is not additive, a larger one is asked for by name."""

import csv
import io
import json

import numpy as np
import pytest

from qnnq.cli.main import main
from qnnq.figures.curves import plot_curves
from qnnq.figures.images import plot_confusion
from qnnq.report.build import build_page
from qnnq.results.file import Place, Store
from qnnq.results.merging import merge
from qnnq.results.points import read_notes, read_points
from qnnq.results.robustness import change
from qnnq.statistics import majority_votes, sign_flip
from tests.results.files import a_result, changed, labels

SHOTS, SEEDS, IMAGES = 5, (0, 1, 2), 20


def of_seed(network, seed, strength=1.0, shots=SHOTS, **parts):
    """Return a result whose votes are those of the seed, better without noise."""
    rng = np.random.default_rng([seed, shots, len(network), int(strength)])
    result = changed(a_result(network, strength), seed=seed, shots=shots, **parts)
    share = np.full((IMAGES, 3), 0.3)
    share[np.arange(IMAGES), result.labels] = 0.4 if strength else 0.6
    counts = rng.multinomial(shots, share / share.sum(axis=1, keepdims=True))
    sums = counts + 0.1 * rng.random(counts.shape)
    return type(result)(**{**vars(result), "counts": counts, "softmax_sums": sums})


def write(path, networks=("classical", "half"), seeds=SEEDS, shots=(SHOTS,), rounds=1, **parts):
    """Write points of several seeds and rounds; return the results by network, strength, shots."""
    found = {}
    with Store(path, create=True) as store:
        for network in networks:
            for strength in (0.0, 1.0):
                for size in shots:
                    places = {
                        Place(seed, number, 0): of_seed(
                            network, seed + 1000 * number, strength, size, **parts
                        )
                        for seed in seeds
                        for number in range(rounds)
                    }
                    some = [*places.values()]
                    store.add(*some)
                    named = {**labels(network, strength), "shots": size, **parts}
                    ids = {place: result.task_id for place, result in places.items()}
                    store.link(named, some[0].task.to_json(), ids, 1, fresh=True)
                    found[network, strength, size] = some
    return found


def rows(capsys, *arguments):
    capsys.readouterr()
    assert main([*arguments, "--json", "-"]) == 0
    return json.loads(capsys.readouterr().out)["rows"]


def rights(results):
    return np.array([majority_votes(each.counts) == each.labels for each in results])


@pytest.mark.parametrize("rounds", [1, 2])
def test_right_is_decided_by_seed_and_round_then_averaged(tmp_path, capsys, rounds):
    path = str(tmp_path / "r.sqlite")
    results = write(path, rounds=rounds)
    for row in rows(capsys, "results", path):
        some = results[row["network"], row["strength"], SHOTS]
        assert row["majority"] == pytest.approx(rights(some).mean())
        soft = [np.argmax(each.softmax_sums, axis=1) == each.labels for each in some]
        assert row["soft_vote"] == pytest.approx(np.mean(soft))
        assert (row["shots"], row["majority_of"], row["repetitions"]) == (SHOTS, SHOTS, 3 * rounds)
    one = rows(capsys, "results", path, "--where", "seed=1")
    if rounds == 1:
        assert {row["repetitions"] for row in one} == {1}
    for row in rows(capsys, "results", path, "--pool-seeds"):
        some = results[row["network"], row["strength"], SHOTS]
        counts = sum(each.counts for each in some)
        assert row["majority"] == np.mean(majority_votes(counts) == some[0].labels)
        assert (row["majority_of"], row["repetitions"]) == (3 * rounds * SHOTS, 1)


def test_numbers_of_shots_stay_apart(tmp_path, capsys):
    """Grids of 5 and 15 shots in one file were one row of 20."""
    path = str(tmp_path / "r.sqlite")
    write(path, networks=("half",), seeds=(0,), shots=(5, 15))
    found = rows(capsys, "results", path)
    assert sorted((row["strength"], row["majority_of"]) for row in found) == [
        (strength, shots) for strength in (0, 1) for shots in (5, 15)
    ]
    assert len(rows(capsys, "results", path, "--where", "shots=15")) == 2
    assert main(["results", path]) == 0
    assert "majority of" in capsys.readouterr().out


def test_runs_of_other_numbers_of_rounds_are_not_mixed(tmp_path):
    path = tmp_path / "r.sqlite"
    with Store(path, create=True) as store:
        for seed, shots in ((0, 8), (1, 12)):
            result = of_seed("half", seed, shots=shots)
            store.add(result)
            parts = {Place(seed, 0, 0): result.task_id}
            store.link(labels("half", 1.0), result.task.to_json(), parts, 1, fresh=True)
    points = read_points(path)
    assert [point.shots for point in points] == [12, 8]
    assert [point.labels["content"] for point in points] == ["majority of 12", "majority of 8"]


def test_every_reader_says_how_large_a_vote_is(tmp_path, capsys):
    path = str(tmp_path / "r.sqlite")
    write(path)
    for more, vote in (((), "majority of 5"), (("--pool-seeds",), "majority of 15")):
        assert main(["results", path, *more]) == 0
        assert vote in capsys.readouterr().out
        for report in ("breakdown", "behaviour"):
            command = ["results", path, "--report", report, *more]
            assert main([*command, *(["--threshold", "0.6"] if report == "breakdown" else [])]) == 0
            assert vote in " ".join(capsys.readouterr().out.split())
        sides = ("--a", "network=classical", "--b", "network=half")
        assert main(["compare", path, *sides, *more]) == 0
        assert vote in " ".join(capsys.readouterr().out.split())
        assert main(["results", path, "--csv", "-", *more]) == 0
        table = [*csv.DictReader(io.StringIO(capsys.readouterr().out))]
        assert {f"majority of {row['majority_of']}" for row in table} == {vote}
        out = tmp_path / "page.html"
        assert main(["report", path, "--out", str(out), *more]) == 0
        assert vote in out.read_text()
        figure = tmp_path / "a.svg"
        assert main(["plot", path, "--out", str(figure), *more]) == 0
    points = read_points(path, pool_seeds=True)
    (axes,) = plot_curves(points, "strength").axes
    assert axes.get_ylabel() == "accuracy of the majority of 15"
    assert "seeds pooled: majority of 15" in axes.get_title(loc="left").replace("\n", " ")
    (axes,) = plot_curves(read_points(path), "strength", "soft_vote").axes
    assert axes.get_ylabel() == "accuracy of the soft vote of 5"
    assert "5 shots x 3 repetitions" in axes.get_title(loc="left").replace("\n", " ")
    assert "each counted once a seed" in build_page([path])


def test_comparisons_count_each_seed(tmp_path, capsys):
    path = str(tmp_path / "r.sqlite")
    results = write(path)
    sides = ("--a", "network=classical", "--b", "network=half", "--where", "strength=0")
    (row,) = rows(capsys, "compare", path, *sides)
    a, b = (rights(results[name, 0.0, SHOTS]) for name in ("classical", "half"))
    assert row["gained"] == np.sum(~a & b)
    assert row["lost"] == np.sum(a & ~b)
    assert sum(row[kind] for kind in ("both_right", "both_wrong", "gained", "lost")) == a.size
    assert row["change"] == pytest.approx((row["gained"] - row["lost"]) / a.size)
    assert row["p_value"] == pytest.approx(sign_flip(b.mean(axis=0) - a.mean(axis=0)))
    (axes,) = plot_confusion(read_points(path)[:1]).axes
    np.testing.assert_allclose(axes.images[0].get_array().sum(axis=1), 1)


def test_a_lone_seed_is_compared_with_each_of_several(tmp_path):
    path = tmp_path / "r.sqlite"
    many, lone = write(path, networks=("half",)), write(path, networks=("classical",), seeds=(0,))
    half, classical = read_points(path, ["strength=1"])[::-1]
    found = change(half, classical)
    a, b = rights(lone["classical", 1.0, SHOTS]), rights(many["half", 1.0, SHOTS])
    assert len(found.behaviour.gained) == np.sum(~a & b)
    assert len(found.behaviour.lost) == np.sum(a & ~b)


def test_merged_seeds_are_those_of_one_file(tmp_path, capsys):
    write(tmp_path / "whole.sqlite")
    for seed in SEEDS:
        write(tmp_path / f"{seed}.sqlite", seeds=(seed,))
    merge([tmp_path / f"{seed}.sqlite" for seed in SEEDS], tmp_path / "merged.sqlite")
    whole, merged = (
        rows(capsys, "results", str(tmp_path / name)) for name in ("whole.sqlite", "merged.sqlite")
    )
    assert merged == whole


def test_a_drift_adds_what_differs_between_seeds(tmp_path):
    write(tmp_path / "r.sqlite", networks=("half",), noise="readout(p=0.1) + drift(sigma=0.2)")
    (note,), _ = read_notes(tmp_path / "r.sqlite")
    assert "hold what differs between seeds" in note
    write(tmp_path / "one.sqlite", ("half",), (0,), noise="readout(p=0.1) + drift(sigma=0.2)")
    (note,), _ = read_notes(tmp_path / "one.sqlite")
    assert "are those of counting" in note
    assert all(point.shared for point in read_points(tmp_path / "r.sqlite"))
