"""Whole networks as Guppy programs, run on Selene, against the closed form of all histories."""

import itertools
import math
import runpy
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

import qnnq
from qnnq.cli.main import main
from qnnq.deployments.guppy import network_program
from qnnq.networks.activation import phi, probability, rotated, state_after
from transpile import TranspileError

SHOTS = 2000


def a_network(widths: tuple[int, ...], **physics: object) -> qnnq.Network:
    rng = np.random.default_rng(7)
    sizes = (5, *widths, 3)
    weights = [rng.normal(size=(n, m)) / math.sqrt(m) for m, n in itertools.pairwise(sizes)]
    biases = [rng.normal(size=n) / 3 for n in sizes[1:]]
    return qnnq.Network(tuple(weights), tuple(biases), **physics)


def record_probabilities(network: qnnq.Network, pixels: np.ndarray) -> dict[tuple[int, ...], float]:
    """P of the outcomes of all layers, one after the other, for one image."""
    histories = [((), 1.0, pixels, None)]
    for layer in range(network.hidden):
        g, longer = network.entanglements[layer], []
        for record, weight, inputs, alpha in histories:
            z = network.weights[layer] @ inputs + network.biases[layer]
            last = inputs if layer else None
            angle = rotated(
                phi(z, network.activations[layer], network.stretches[layer]), alpha, last
            )
            for outcome in itertools.product((1, -1), repeat=len(z)):
                r = np.array(outcome, dtype=float)
                p = weight * math.prod(probability(r, angle, g))
                if p > 0:
                    longer.append((record + outcome, p, r, state_after(r, angle, g)))
        histories = longer
    found: Counter[tuple[int, ...]] = Counter()
    for record, p, *_ in histories:
        found[record] += p
    return found


def load(network: qnnq.Network, pixels: np.ndarray, tmp_path: Path):
    """The program's function that runs it."""
    file = tmp_path / "program.py"
    file.write_text(network_program(network, pixels))
    return runpy.run_path(str(file))["answers"]


CASES = {
    "method 1": a_network((3, 2, 3), activation="htanh", stretch=0.5),
    "ancillas": a_network(
        (2, 3), activation="tanh", stretch=0.4, entanglement=1.1, last_projective=True
    ),
    "4-4-4": a_network((4, 4, 4), activation="htanh", stretch=1.0),
}


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] * (name == "4-4-4")) for name in CASES]
)
def test_records_follow_the_closed_form(name: str, tmp_path: Path) -> None:
    network = CASES[name]
    pixels = np.random.default_rng(1).random((2, 5))
    pytest.importorskip("selene_sim")
    answers = load(network, pixels, tmp_path)(SHOTS, seed=3)
    for image in range(2):
        expected = record_probabilities(network, pixels[image])
        seen = Counter(
            tuple(
                1 - 2 * bit
                for layer in range(network.hidden)
                for bit in shot[image][f"layer{layer}"]
            )
            for shot in answers
        )
        assert seen.keys() <= expected.keys()
        common = [record for record, p in expected.items() if p * SHOTS >= 5]
        observed = [seen[record] for record in common]
        wanted = [SHOTS * expected[record] for record in common]
        observed.append(SHOTS - sum(observed))
        wanted.append(max(SHOTS - sum(wanted), 1e-9))
        # A false alarm in a million for each of four images.
        assert stats.chisquare(observed, wanted, sum_check=False).pvalue > 1e-6
        for shot in answers:
            r = [1 - 2 * bit for bit in shot[image][f"layer{network.hidden - 1}"]]
            logits = network.weights[-1] @ r + network.biases[-1]
            assert shot[image]["class"] == int(np.argmax(logits))


@pytest.mark.slow
def test_a_process_that_dies_is_not_waited_for(tmp_path: Path) -> None:
    """Of Selene's, here for an error model whose seed is none, and which says so."""
    selene = pytest.importorskip("selene_sim")
    from guppylang.emulator.exceptions import EmulatorError

    program = load(CASES["ancillas"], np.zeros((1, 5)), tmp_path)
    program.__globals__["STARTUP_S"] = 0.5
    with pytest.raises(EmulatorError, match="(?s)Timed out.*invalid type: string"):
        program(1, 1, selene.DepolarizingErrorModel("no seed"))


def test_a_layer_that_is_too_wide_is_refused() -> None:
    with pytest.raises(TranspileError, match="at most 64 neurons"):
        network_program(a_network((65,)), np.zeros((1, 5)))


def test_the_command_writes_a_program_and_says_how_it_is_run(tmp_path: Path, capsys) -> None:
    file = tmp_path / "program.py"
    assert main(["compile", "mnist16-a0", "--guppy", str(file), "--images", "0:2"]) == 0
    assert f"python {file} --shots 15" in capsys.readouterr().out
    compile(file.read_text(), str(file), "exec")
