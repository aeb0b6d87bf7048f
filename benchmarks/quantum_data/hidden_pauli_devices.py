"""Copies that it takes to find a hidden Pauli of eight qubits under the noise of devices.

    python benchmarks/quantum_data/hidden_pauli_devices.py

Pairs of twins sit on the best pairs of coupled qubits of each device, or on the middle ones of as
many as it takes, chosen at strength 1. Preparation, gates and readout are noisy; the contrast that
they leave is exact. For each noise strength: the contrast for Paulis without identities and for
uniform ones, and the copies for 95 % in A2, P or Q told afterwards (exact, at that contrast); at
strength 1 also those of A1, name P (simulated trials). The errors a pair at which single copies,
credited with no noise, do as well go to break_even.csv. A run that was stopped goes on where it
was. `--quick` takes two devices, three strengths and few trials.
"""

import argparse
from functools import partial
from pathlib import Path

import numpy as np
from curves import Rows, copies_for

from noise_models.specification import NoiseSpecification
from qnnq.data.states.hidden_pauli import draw_bits
from qnnq.data.states.paulis import pauli_number, random_paulis
from qnnq.devices.names import resolve_device
from qnnq.execution.states.answers import name_paulis
from qnnq.execution.states.device_pairs import PairResponses, choose_pairs, device_responses
from qnnq.statistics import copies as exact
from qnnq.statistics.floors import adaptive_telling_floor

DEVICES = ["fake_sherbrooke", "fake_torino", "fake_kingston", "fake_marrakesh", "fake_nighthawk"]
STRENGTHS = (0.0, 0.5, 1.0, 2.0, 4.0, 8.0)
QUBITS = 8
C2 = exact.CONTRAST**2
HERE = Path(__file__).parent


def name_on_device(
    rng: np.random.Generator, responses: PairResponses, copies: int, trials: int
) -> int:
    """Return how often a uniform Pauli is named, outcomes drawn from the pairs' exact responses."""
    right = 0
    for begin in range(0, trials, 100):
        paulis = random_paulis(rng, min(100, trials - begin), QUBITS)
        outcomes = []
        for pauli in paulis:
            sign = 1 - 2 * int(rng.integers(2))
            first, second = (draw_bits(rng, pauli, sign, copies // 2) for _ in range(2))
            outcomes.append(responses.sample(rng, pauli, first, second))
        named = name_paulis(rng, np.stack(outcomes))
        right += int(np.sum(named == pauli_number(paulis)))
    return right


def row(responses: PairResponses, pairs: list[tuple[int, int]], trials: int) -> dict[str, object]:
    full, uniform = responses.full_weight_contrast, responses.uniform_contrast
    found: dict[str, object] = {
        "full_weight_contrast": full,
        "uniform_contrast": uniform,
        "A2_copies_full_weight": exact.pair_copies_needed(C2 * full),
        "pairs": " ".join(f"{a}-{b}" for a, b in pairs),
    }
    if trials:
        simulate = partial(name_on_device, np.random.default_rng(0), responses)
        value, low, high = copies_for(simulate, trials, round(64 / uniform**1.8 / 2) * 2, 2)
        found |= {"A1_copies": value, "A1_low": low, "A1_high": high}
    return found


def uniform_copies(error: float) -> int:
    """Return the copies of A2 over uniform anticommuting Paulis, each pair depolarised."""
    weights = exact.anticommuting_weights(QUBITS).sum(axis=1)

    def accuracy(shots: int) -> float:
        return sum(
            weight * exact.pair_accuracy(shots, C2 * (1 - error) ** w)
            for w, weight in enumerate(weights)
        )

    return 2 * exact.copies_needed(accuracy)


def break_even(copies_of: object, rival: int) -> float:
    """Return the error a pair at which two copies a shot need as many copies as a rival."""
    low, high = 0.0, 0.6
    while high - low > 1e-4:
        middle = (low + high) / 2
        low, high = (middle, high) if copies_of(middle) < rival else (low, middle)
    return low


def add_break_even(path: Path) -> None:
    """Write the errors a pair at which single copies without noise do as well in A2, n = 8."""
    right = exact.right_answers()
    clifford, ghz = (
        exact.copies_needed(exact.told_after(law, right))
        for law in (exact.random_stabiliser_bases(QUBITS), exact.rotated_ghz_bases(QUBITS))
    )

    def full(error: float) -> int:
        return exact.pair_copies_needed(C2 * (1 - error) ** QUBITS)

    rows = Rows(path, ["paulis", "against"], ["copies", "error"])
    for paulis, copies_of, against, rival in (
        ("uniform", uniform_copies, "random Clifford bases", clifford),
        ("full weight", full, "random Clifford bases", clifford),
        ("full weight", full, "GHZ bases", ghz),
        ("uniform", uniform_copies, "proven floor", adaptive_telling_floor(QUBITS)),
    ):
        rows.make(
            lambda copies_of=copies_of, rival=rival: {
                "copies": rival,
                "error": break_even(copies_of, rival),
            },
            paulis=paulis,
            against=against,
        )


def draw(rows: Rows, path: Path) -> None:
    from matplotlib.figure import Figure

    from qnnq.figures.style import look, save, styled

    with styled():
        figure = Figure(figsize=(6.5, 4.4), layout="constrained")
        axes = figure.subplots()
        devices = list(dict.fromkeys(each["device"] for each in rows.rows))
        for number, device in enumerate(devices):
            for which, line in (("best", "-"), ("median", "--")):
                own = [r for r in rows.rows if (r["device"], r["which"]) == (device, which)]
                shown = [(float(r["strength"]), float(r["A2_copies_full_weight"])) for r in own]
                style = look(number)
                axes.plot(
                    *zip(*sorted(shown), strict=True),
                    color=style.color,
                    marker=style.marker,
                    ls=line,
                    label=device if which == "best" else None,
                )
        axes.axhline(265, color="0.5", ls=":", lw=1)
        axes.annotate("single copies, GHZ bases, no noise: 265", (0, 275), fontsize=7)
        axes.set_yscale("log")
        axes.set_xscale("symlog", linthresh=0.5)
        axes.set_xticks(STRENGTHS, [f"{strength:g}" for strength in STRENGTHS])
        axes.set_xlim(-0.02, 1.1 * STRENGTHS[-1])
        axes.set_xlabel("noise strength (solid: best pairs, dashed: middle ones)")
        axes.set_ylabel("copies for 95 %, P or Q told afterwards, n = 8")
        axes.legend(fontsize=7)
        save(figure, path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=HERE / "hidden_pauli_devices.csv")
    parser.add_argument("--devices", nargs="+", default=DEVICES)
    parser.add_argument("--trials", type=int, default=500)
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    keys = ["device", "which", "strength"]
    values = ["full_weight_contrast", "uniform_contrast", "A2_copies_full_weight"]
    rows = Rows(options.out, keys, [*values, "A1_copies", "A1_low", "A1_high", "pairs"])
    devices = options.devices[2:4] if options.quick else options.devices
    trials = 100 if options.quick else options.trials
    for device in devices:
        target = resolve_device(device).target
        noise = NoiseSpecification.parse(device, [device])
        for which in ("best", "median"):
            pairs = choose_pairs(target, noise, QUBITS, which)
            for strength in (0.0, 1.0, 4.0) if options.quick else STRENGTHS:
                responses = device_responses(target, noise.scaled(strength), pairs)
                make = partial(row, responses, pairs, trials if strength == 1 else 0)
                rows.make(make, device=device, which=which, strength=strength)
    add_break_even(options.out.with_name("break_even.csv"))
    draw(rows, options.out.with_suffix(".png"))


if __name__ == "__main__":
    main()
