"""How often the 95 % interval of one shot's accuracy holds the true one, and how wide it is.

    python benchmarks/one_shot_coverage.py [--samples 2000]

draws few images that are nearly perfect, each right with a chance of its own: all equal, or from a
beta distribution in which two shots of an image correlate by `alike`. The width is compared with
that of Wilson's interval of the number of independent shots that have the true variance. The last
settings are beyond it: five images, or many shots, whose interval is wider, and images that are
always right or always wrong, or nearly so, which may all be right by chance.
"""

import argparse

import numpy as np

SETTINGS = [
    *((images, 15, right, 0.0) for images in (10, 20, 50) for right in (0.9, 0.95, 0.98, 0.995)),
    *((images, 15, right, 0.03) for images in (10, 20) for right in (0.98, 0.99, 0.995)),
    *((images, 15, 0.995, 0.1) for images in (10, 50)),
]  # fmt: skip
"""Images, shots of each, chance that a shot is right, correlation of an image's shots."""
BEYOND = [
    (10, 50, 0.995, 0.0),
    (5, 15, 0.995, 0.0),
    (10, 15, 0.9, 1.0),
    (20, 15, 0.98, 1.0),
    (20, 15, 0.9, 0.5),
]


def measured(images, shots, right, alike, samples, seed=0):
    """Return the coverage, and the mean width in units of that with the true variance."""
    from qnnq.statistics import effective_wilson, wilson

    rng = np.random.default_rng([seed, images, shots, round(1000 * right), round(1000 * alike)])
    size = samples, images
    if alike in (0.0, 1.0):
        chances = np.full(size, right) if alike == 0 else (rng.random(size) < right).astype(float)
    else:
        total = 1 / alike - 1
        chances = rng.beta(right * total, (1 - right) * total, size)
    independent = images * shots / (1 + (shots - 1) * alike)
    inside, width, known = 0, 0.0, 0.0
    for fractions in rng.binomial(shots, chances) / shots:
        low, high = effective_wilson(fractions, images * shots)
        inside += low <= right <= high
        width += high - low
        ends = wilson(independent * min(1.0, float(fractions.mean())), independent)
        known += ends[1] - ends[0]
    return inside / samples, width / known


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", type=int, default=2000)
    arguments = parser.parse_args()
    print("images  shots   right  alike   coverage   width / known")
    for setting in (*SETTINGS, *BEYOND):
        coverage, width = measured(*setting, arguments.samples)
        images, shots, right, alike = setting
        print(f"{images:6} {shots:6} {right:7} {alike:6} {coverage:10.3f} {width:15.2f}")


if __name__ == "__main__":
    main()
