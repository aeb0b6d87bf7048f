"""A 156-qubit device: three jobs for a whole data set, as accurate as the exact engine says."""

import math
from pathlib import Path

import numpy as np
import pytest
from checks import assert_complete
from conftest import Command

SHOTS = 10


@pytest.mark.parametrize("images", [18, pytest.param(1000, marks=pytest.mark.slow)])
def test_three_jobs(tmp_path: Path, qnnq: Command, images: int) -> None:
    run = tmp_path / "run"
    what = ("mnist16-a0.5", "--device", "fake_kingston", "--images", f"0:{images}", "--copies", 9)
    estimate = qnnq("estimate", *what, "--shots", SHOTS, "--json", "-").json()
    assert estimate["jobs"] == 3
    assert qnnq("submit", *what, "--shots", SHOTS, "--run", run).code == 0
    assert_complete(run, images, SHOTS)
    document = qnnq("collect", run, "--json", "-", "--counts").json()
    assert len(document["hardware"]["jobs"]) == 3
    copies = document["task"]["copies"]
    assert copies == 9  # 144 of 156 qubits
    assert document["hardware"]["executions"] == 3 * math.ceil(images / copies) * SHOTS
    assert document["hardware"]["executions"] == estimate["executions"]

    repeats = 100
    exact = qnnq(
        *("run", what[0], "--noise", "fake_kingston", *what[3:]),
        *("--shots", SHOTS * repeats, "--json", "-", "--counts"),
    ).json()
    # Votes of each image, given the exact engine's shares; false alarm below 1e-6: the sum over
    # images of independent binomial counts, whose variance is known, within 5 deviations.
    shares = np.array(exact["counts"]) / (SHOTS * repeats)
    votes = np.array(document["counts"])
    for wanted in range(10):
        variance = (shares[:, wanted] * (1 - shares[:, wanted])).sum() * SHOTS * (1 + 1 / repeats)
        difference = votes[:, wanted].sum() - SHOTS * shares[:, wanted].sum()
        assert abs(difference) < 5.5 * math.sqrt(variance) + 1e-9
