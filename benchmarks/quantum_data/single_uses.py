"""How many single uses of a process tell whether it is real, with the best tests of them.

    python benchmarks/quantum_data/single_uses.py

U|0> is measured in the Y basis, without noise. A real U gives an outcome and its complement the
same probability, which no sum over shots shows, but pairs of shots do (B3). Uses for 95 %:

- collisions: complementary pairs of shots less equal ones, at the threshold of training circuits;
- learned pairs: a logistic function of how many pairs of shots lie at each Hamming distance,
  trained for each number of uses;
- Haar: for U of the orthogonal or the unitary group, the likelihood ratio, which nothing beats.

Rows go to a CSV file, one by one: a run that was stopped goes on where it was. `--quick` takes
n = 4 and few trials.
"""

import argparse
from functools import partial
from pathlib import Path

import numpy as np
from curves import Rows, copies_for
from processes import drawn, processes, walsh, y_law
from scipy.optimize import minimize
from scipy.special import expit, gammaln

from qnnq.data.states.pure import DEPTH

DEPTHS = (DEPTH, 2 * DEPTH)
RECORDS = 4
"""Of each training circuit."""
HERE = Path(__file__).parent


def bank(rng: np.random.Generator, qubits: int, depth: int, circuits: int):
    """Return laws of fresh processes, (circuits, 2^n), and whether each is real."""
    half = circuits // 2
    laws = [y_law(processes(rng, half, qubits, real, 1, depth)) for real in (False, True)]
    return np.concatenate(laws), np.repeat([0, 1], half)


def counts_of(rng: np.random.Generator, laws: np.ndarray, uses: int) -> np.ndarray:
    """Return how often each outcome was seen, (circuits, 2^n)."""
    size = laws.shape[1]
    return np.stack([np.bincount(row, minlength=size) for row in drawn(rng, laws, uses)])


def pairs_by_difference(counts: np.ndarray) -> np.ndarray:
    """Return the pairs of shots whose outcomes differ in these bits, (circuits, 2^n)."""
    size = counts.shape[1]
    pairs = walsh(walsh(counts.astype(float)) ** 2) / size
    pairs[:, 0] -= counts.sum(axis=1)
    return pairs / 2


def collisions(pairs: np.ndarray) -> np.ndarray:
    """Return complementary pairs less equal ones, (circuits, 1)."""
    return pairs[:, -1:] - pairs[:, :1]


def distances(pairs: np.ndarray) -> np.ndarray:
    """Return the share of pairs at each Hamming distance, (circuits, n + 1), of a mean near 1."""
    weight = np.bitwise_count(np.arange(pairs.shape[1]))
    fair = np.bincount(weight) / len(weight)
    share = np.stack([np.bincount(weight, row) for row in pairs]) / pairs.sum(axis=1)[:, None]
    return share / fair


STATISTICS = {"collisions": collisions, "learned pairs": distances}


def fitted(seen: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return the logistic function's coefficients of these features, the constant last."""
    design = np.concatenate([seen, np.ones((len(seen), 1))], axis=1)
    scale = design.std(axis=0) + (np.arange(design.shape[1]) == seen.shape[1])
    signs = 1 - 2 * labels

    def loss(weights: np.ndarray) -> tuple[float, np.ndarray]:
        margin = signs * (design / scale @ weights)
        slope = (signs * expit(margin)) @ (design / scale) / len(seen)
        return float(np.logaddexp(0, margin).mean()), slope

    return minimize(loss, np.zeros(design.shape[1]), jac=True).x / scale


def tested(
    rng: np.random.Generator, statistic: object, trained: tuple, fresh: tuple, uses: int, count: int
) -> int:
    """Return how many of `count` fresh processes, at most all, a statistic says right."""
    laws, labels = (np.tile(each, (RECORDS,) + (1,) * (each.ndim - 1)) for each in trained)
    weights = fitted(statistic(pairs_by_difference(counts_of(rng, laws, uses))), labels)
    chosen = rng.choice(len(fresh[1]), count, replace=False)
    seen = statistic(pairs_by_difference(counts_of(rng, fresh[0][chosen], uses)))
    answers = seen @ weights[:-1] + weights[-1] > 0
    return int(np.sum(answers == fresh[1][chosen]))


def of_haar(rng: np.random.Generator, qubits: int, uses: int, count: int) -> int:
    """Return how often Bayes' rule is right about Haar-random U.

    The weights of U|0> in the Y basis are uniform on the simplex: of 2^n outcomes, or, where U is
    real, of 2^(n-1) pairs of complements, of which either is as likely.
    """
    size = 2**qubits
    right = 0
    for trial in range(count):
        if real := trial % 2:
            half = rng.multinomial(uses, rng.dirichlet(np.ones(size // 2)))
            first = rng.binomial(half, 0.5)
            counts = np.concatenate([first, (half - first)[::-1]])
        else:
            counts = rng.multinomial(uses, rng.dirichlet(np.ones(size)))
        right += (of_real(counts) > of_general(counts)) == real
    return right


def of_general(counts: np.ndarray) -> float:
    """Return ln of the likelihood of counts of outcomes, for a Haar-random unitary U."""
    whole = gammaln(len(counts)) - gammaln(len(counts) + counts.sum())
    return float(whole + gammaln(counts + 1.0).sum())


def of_real(counts: np.ndarray) -> float:
    """Return the same for a Haar-random orthogonal U."""
    half = counts[: len(counts) // 2] + counts[::-1][: len(counts) // 2]
    return of_general(half) - counts.sum() * np.log(2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=HERE / "single_uses.csv")
    parser.add_argument("--trials", type=int, default=2000)
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    trials = 200 if options.quick else options.trials
    rows = Rows(options.out, ["test", "n", "depth"], ["uses", "low", "high", "trials"])
    for qubits in (4,) if options.quick else (4, 6, 8):
        for depth in DEPTHS:
            rng = np.random.default_rng([qubits, depth])
            trained, fresh = (bank(rng, qubits, depth, 2 * trials) for _ in range(2))
            for name, statistic in STATISTICS.items():
                simulate = partial(tested, rng, statistic, trained, fresh)
                make = partial(found, simulate, trials, 60)
                rows.make(make, test=name, n=qubits, depth=depth)
    for qubits in (4,) if options.quick else (4, 6, 8, 10, 12):
        simulate = partial(of_haar, np.random.default_rng(qubits), qubits)
        make = partial(found, simulate, trials, 60)
        rows.make(make, test="likelihood", n=qubits, depth="Haar")


def found(simulate: object, trials: int, start: int) -> dict[str, object]:
    value, low, high = copies_for(simulate, trials, start, 2)
    return {"uses": value, "low": low, "high": high, "trials": trials}


if __name__ == "__main__":
    main()
