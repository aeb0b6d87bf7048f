"""Copies that it takes to find a hidden Pauli, with coupled neurons and with single copies.

    python benchmarks/quantum_data/hidden_pauli.py

A1: name the Pauli out of 4^n - 1, nothing told. A2: say which of two anticommuting Paulis it is,
told after the last measurement. Copies for an accuracy of 95 %, two a shot for coupled neurons, for
n = 2, 4, 6, 8: exact sums for A2 and proven floors, simulated trials for A1. Single copies are
credited with no noise. Rows go to a CSV file, one by one: a run that was stopped goes on where it
was. It then draws the figure. `--quick` takes n = 2 and 4 and few trials (with `--out` and
`--figure` elsewhere).
"""

import argparse
from functools import partial
from pathlib import Path

import numpy as np
from curves import Rows, copies_for
from single_copies import (
    Basis,
    adaptive_bases,
    bell_basis,
    ghz_basis,
    random_axes,
    unbiased_bases_in_turn,
)

from qnnq.data.states.paulis import pauli_number, random_paulis
from qnnq.execution.states.answers import name_paulis
from qnnq.execution.states.pair_neuron import draw_outcomes
from qnnq.statistics import copies as exact
from qnnq.statistics import floors

C2 = exact.CONTRAST**2
PAIR_ERROR = 0.03
WITHIN_TRIALS = 400
HERE = Path(__file__).parent
STARTS = {"pairs": (22, 36, 50, 64), "noisy pairs": (26, 50, 82, 120)}
SINGLE_STARTS = {"bases": (52, 280, 1400, 6700), "adaptive": (30, 125, 560, 4000)}
WITHIN = {"GHZ": ghz_basis, "Bell within a copy": bell_basis}
WITHIN_STARTS = (40, 180, 560, 1500)


def name_from_pairs(
    rng: np.random.Generator, qubits: int, error: float, copies: int, trials: int
) -> int:
    """Return how often the Pauli is named; each pair is depolarised with a probability."""
    right = 0
    for begin in range(0, trials, 100):
        paulis = random_paulis(rng, min(100, trials - begin), qubits)
        left = C2 * (1 - error) ** np.sum(paulis > 0, axis=1)
        named = name_paulis(rng, draw_outcomes(rng, paulis, copies // 2, left))
        right += int(np.sum(named == pauli_number(paulis)))
    return right


def naming(rows: Rows, qubits: int, place: int, trials: int, adaptive: int) -> None:
    """Add the rows of A1."""
    add = partial(rows.make, task="A1", n=qubits)
    for scheme, error in (("pairs", 0.0), ("noisy pairs", PAIR_ERROR)):
        rng = np.random.default_rng([qubits, place, round(1000 * error)])
        simulate = partial(name_from_pairs, rng, qubits, error)
        start = STARTS[scheme][place]
        add(partial(found, simulate, trials, start, 2), scheme=scheme)
    rng = np.random.default_rng([qubits, 7])

    def in_turn(copies: int, count: int) -> int:
        return sum(unbiased_bases_in_turn(rng, qubits, copies) for _ in range(count))

    start = SINGLE_STARTS["bases"][place]
    add(partial(found, in_turn, trials, start, 1), scheme="single, unbiased bases in turn")
    for scheme, basis in WITHIN.items():
        rng = np.random.default_rng([qubits, 13])
        simulate = partial(with_random_axes, rng, basis(qubits), qubits)
        start = WITHIN_STARTS[place]
        make = partial(found, simulate, min(trials, WITHIN_TRIALS), start, 1)
        add(make, scheme=f"single, {scheme}, full weight")
    if adaptive and qubits < 8:
        add(partial(adaptively, qubits, place, adaptive), scheme="single, adaptive")
    for scheme, floor in (
        ("floor, not adaptive", floors.naming_floor),
        ("floor, any", floors.adaptive_naming_floor),
    ):
        add(lambda floor=floor: {"copies": floor(qubits)}, scheme=scheme)


def with_random_axes(
    rng: np.random.Generator, basis: Basis, qubits: int, copies: int, trials: int
) -> int:
    return sum(random_axes(rng, basis, qubits, copies) for _ in range(trials))


def found(simulate: object, trials: int, start: int, step: int) -> dict[str, object]:
    value, low, high = copies_for(simulate, trials, start, step)
    return {"copies": value, "low": low, "high": high, "trials": trials}


def adaptively(qubits: int, place: int, trials: int) -> dict[str, object]:
    """Return the first copy after which 95 % of the trials were right, with a bootstrap."""
    rng = np.random.default_rng([qubits, 11])
    length = 2 * SINGLE_STARTS["adaptive"][place]
    right = np.array([adaptive_bases(rng, qubits, length) for _ in range(trials)])

    def first(sample: np.ndarray) -> int:
        return int(np.argmax(np.append(sample.mean(axis=0) >= 0.95, True))) + 1

    drawn = [first(right[rng.integers(0, trials, trials)]) for _ in range(200)]
    low, high = np.quantile(drawn, (0.025, 0.975))
    return {"copies": first(right), "low": float(low), "high": float(high), "trials": trials}


def telling(rows: Rows, qubits: int) -> None:
    """Add the rows of A2: all exact."""
    unknown, known = exact.right_answers(), exact.right_answers(sign_known=True)

    def add(scheme: str, copies: int) -> None:
        rows.make(lambda: {"copies": copies}, task="A2", n=qubits, scheme=scheme)

    add("pairs", exact.pair_copies_needed(C2))
    add("noisy pairs, full weight", exact.pair_copies_needed(C2 * (1 - PAIR_ERROR) ** qubits))
    for scheme, law in (
        ("random Clifford", exact.random_stabiliser_bases(qubits)),
        ("unbiased bases in turn", exact.unbiased_bases_in_turn(qubits)),
        ("random Pauli", exact.random_pauli_bases(qubits)),
        ("Pauli and GHZ, half each", exact.pauli_and_ghz_bases(qubits)),
        ("GHZ, full weight", exact.rotated_ghz_bases(qubits)),
        ("Bell within a copy, full weight", exact.bell_bases_within(qubits)),
    ):
        for sign, right in (("", unknown), (", sign known", known)):
            needed = exact.copies_needed(exact.told_after(law, right))
            add(f"single, {scheme}{sign}", needed)
    add("floor, any", floors.adaptive_telling_floor(qubits))


def draw(rows: Rows, path: Path) -> None:
    """Draw copies against n, a panel a task."""
    from matplotlib.figure import Figure

    from qnnq.figures.style import look, save, styled

    with styled():
        figure = Figure(figsize=(9, 4.4), layout="constrained")
        for axes, task in zip(figure.subplots(1, 2, sharey=True), ("A1", "A2"), strict=True):
            own = [row for row in rows.rows if row["task"] == task]
            own = [row for row in own if "sign known" not in row["scheme"]]
            for number, scheme in enumerate(dict.fromkeys(row["scheme"] for row in own)):
                shown = sorted(
                    (int(row["n"]), float(row["copies"])) for row in own if row["scheme"] == scheme
                )
                style = look(number)
                line = ":" if scheme.startswith("floor") else "-"
                axes.plot(
                    *zip(*shown, strict=True),
                    color=style.color,
                    marker=style.marker,
                    ls=line,
                    label=scheme,
                )
            axes.set_yscale("log")
            axes.set_xticks([2, 4, 6, 8])
            axes.set_xlabel("qubits of a copy, n")
            axes.set_title(f"{task}: {'name P' if task == 'A1' else 'P or Q, told afterwards'}")
            axes.legend(fontsize=7)
        figure.supylabel("copies for 95 %", fontsize=9)
        save(figure, path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=HERE / "hidden_pauli.csv")
    parser.add_argument("--figure", type=Path, default=HERE.parents[1] / "docs/quantum-data.png")
    parser.add_argument("--trials", type=int, default=1000)
    parser.add_argument("--adaptive", type=int, default=200, help="trials, 0: none")
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    values = ["copies", "low", "high", "trials"]
    rows = Rows(options.out, ["task", "n", "scheme"], values)
    trials, adaptive = (200, 40) if options.quick else (options.trials, options.adaptive)
    for place, qubits in enumerate((2, 4) if options.quick else (2, 4, 6, 8)):
        telling(rows, qubits)
        naming(rows, qubits, place, trials, adaptive)
    draw(rows, options.figure)


if __name__ == "__main__":
    main()
