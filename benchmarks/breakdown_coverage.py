"""How often the 95 % interval of a breakdown strength holds the true one, thin margins included.

    python benchmarks/breakdown_coverage.py [--sweeps 400 --images 1000]

simulates sweeps whose true accuracy curve is known: each image has a difficulty, each strength its
own chance, and accuracy falls from 88 % to 10 % along a normal distribution of the logarithm of the
strength. The threshold lies `margin` standard errors below the accuracy without noise, as a number
or as the accuracy of a reference network on the same images. Twelve strengths from 0 to 256.
"""

import argparse
import time

import numpy as np

STRENGTHS = np.array([0, 0.25, 0.5, 1, 2, 4, 8, 16, 32, 64, 128, 256.0])
BEST, CHANCE = 0.88, 0.1
SHARED = 0.9
"""Share of the variance of an image's latent variable that all strengths have in common."""


def true_accuracy(strength, middle=20.0, spread=0.8):
    """Return the accuracy of infinitely many images at a strength."""
    from scipy.special import ndtr

    with np.errstate(divide="ignore"):
        fallen = ndtr((np.log(strength) - np.log(middle)) / spread)
    return CHANCE + (BEST - CHANCE) * (1 - fallen)


def coverage(images, margin, sweeps, seed, reference=False, middle=20.0, spread=0.8):
    """Return the share of simulated sweeps whose interval holds the true breakdown strength."""
    from scipy.optimize import brentq
    from scipy.special import ndtr

    from qnnq.statistics import breakdown

    rng = np.random.default_rng(seed)
    # Of two answers of one image the difference varies less than two independent ones.
    error = np.sqrt(BEST * (1 - BEST) / images) * (np.sqrt(2 * 0.3) if reference else 1)
    threshold = BEST - margin * error
    truth = brentq(lambda x: true_accuracy(x, middle, spread) - threshold, 1e-9, STRENGTHS[-1])

    def answers(difficulty, accuracy):
        own = rng.normal(size=images)
        return ndtr(np.sqrt(SHARED) * difficulty + np.sqrt(1 - SHARED) * own) < accuracy

    inside = 0
    for _ in range(sweeps):
        difficulty = rng.normal(size=images)
        right = [answers(difficulty, true_accuracy(x, middle, spread)) for x in STRENGTHS]
        limit = answers(difficulty, threshold) if reference else float(threshold)
        found = breakdown(STRENGTHS, right, limit)
        inside += found.low <= truth <= found.high
    return inside / sweeps


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sweeps", type=int, default=400)
    parser.add_argument("--images", type=int, default=1000)
    arguments = parser.parse_args()
    print(f"{arguments.sweeps} sweeps of {arguments.images} images, 95 % intervals")
    print("threshold   margin (standard errors)   coverage   seconds")
    for reference in (False, True):
        for margin in (0.3, 1, 2, 4, 8):
            started = time.perf_counter()
            share = coverage(arguments.images, margin, arguments.sweeps, 1, reference)
            name = "reference" if reference else "number"
            seconds = time.perf_counter() - started
            print(f"{name:11} {margin:>24g} {share:>10.3f} {seconds:>9.0f}", flush=True)


if __name__ == "__main__":
    main()
