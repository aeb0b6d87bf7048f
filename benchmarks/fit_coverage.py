"""How often the intervals of `qnnq fit` hold the truth, and how often wrong noises are rejected.

    python benchmarks/fit_coverage.py

simulates runs of 20 images x 15 shots at 0, 5 and 20 inserted pairs by the instrument engine under
a known noise, each with a seed of its own, and fits noises with free parameters to the votes. The
model of the fit is a polynomial in the parameters, which makes many fits quick.
Wrong noises are fitted to a fifth as many runs.
"""

import argparse
import csv
from functools import partial
from pathlib import Path

import numpy as np
from likelihood_surface import LikelihoodSurface, in_processes
from scipy.stats import binomtest

from noise_models.free import FreeSpecification
from qnnq.data.load import load_data
from qnnq.devices.names import device_names
from qnnq.fitting.explanation import REJECTED
from qnnq.fitting.forward import InstrumentForward
from qnnq.fitting.goodness import goodness
from qnnq.fitting.maximum_likelihood import Interval, maximize
from qnnq.fitting.observation import Observation
from qnnq.networks.bundled import load_model
from qnnq.runs.request import RunRequest
from qnnq.runs.run import prepare

DEVICE, PAIRS = "fake_torino", (0, 5, 20)
SIMULATED = 1000
"""Shots of the model for each shot of the data."""
FITS = [
    # what is fitted, the true noise, its parameters, nodes and degrees of the polynomials
    ("fake_torino*?1.5:8", "fake_torino*4", (4.0,), (16,), (5,)),
    ("fake_torino*?0:12", "fake_torino + phase(angle=0.04)", None, (16,), (6,)),
    ("fake_torino*?0:12", "fake_torino*4 + readout(p=0.08)", None, (16,), (6,)),
    ("fake_torino + phase(angle=?0:0.12)", "fake_torino*4", None, (24,), (10,)),
    (
        "fake_torino*?1:8 + readout(p=?0:0.12)",
        "fake_torino*4 + readout(p=0.04)",
        (4.0, 0.04),
        (8, 6),
        (4, 3),
    ),
]


def observations(noise: str, seed: int, images: str, shots: int) -> list[Observation]:
    """Return the votes of one simulated run."""
    network, data = load_model(RunRequest.model), load_data(RunRequest.data)
    found = []
    for number, pairs in enumerate(PAIRS):
        request = RunRequest(
            noise=noise,
            device=DEVICE,
            pairs=pairs,
            images=images,
            shots=shots,
            seed=len(PAIRS) * seed + number,  # one seed would make the settings' shots alike
        )
        result = prepare(request).execute(with_error=False, threads=1)
        right = int(result.counts[range(len(result.labels)), result.labels].sum())
        each = result.counts.sum(axis=1)
        found.append(Observation(request, network, data, result.images, each, right, result.counts))
    return found


def fitted(
    surface: LikelihoodSurface, noise: str, images: str, shots: int, seed: int
) -> tuple[np.ndarray, tuple[Interval, ...], float]:
    """Return parameters, intervals and p-value by class of a fit to one simulated run."""
    found = maximize(surface.of(observations(noise, seed, images, shots)))
    return found.values, found.intervals, goodness(found)[0].by_class


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--images", default="0:20")
    parser.add_argument("--shots", type=int, default=15)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--out", type=Path, default=Path(__file__).with_suffix(".csv"))
    options = parser.parse_args()
    rows: list[dict[str, str | int | float]] = []
    for text, noise, truth, nodes, degrees in FITS:
        free = FreeSpecification.parse(text, device_names())
        # Seeds of the data and of the model's random numbers (0) have to differ.
        data = observations(noise, 1, options.images, options.shots)
        forward = InstrumentForward(data, DEVICE, SIMULATED)
        surface = LikelihoodSurface(free, data, forward, nodes, degrees)
        print(
            f"{text}, data of {noise}: error of the polynomials {surface.error():.1e}", flush=True
        )
        runs = options.runs if truth is not None else options.runs // 5
        work = partial(fitted, surface, noise, options.images, options.shots)
        found = in_processes(work, range(1, runs + 1), options.workers)
        values = [each for each, _, _ in found]
        rejected = sum(p < REJECTED for _, _, p in found)
        held = [0] * len(nodes)
        for number, true in enumerate(truth or ()):
            ends = [intervals[number] for _, intervals, _ in found]
            held[number] = sum(interval.low <= true <= interval.high for interval in ends)
        row = {"fitted": text, "data": noise, "runs": runs, "rejected": rejected}
        for number, parameter in enumerate(free.parameters):
            mean, spread = np.mean(values, axis=0)[number], np.std(values, axis=0)[number]
            each = {"parameter": parameter.name, "mean": f"{mean:.4g}", "spread": f"{spread:.2g}"}
            if truth is not None:
                low, high = binomtest(held[number], runs).proportion_ci()
                each |= {"true": truth[number], "held": held[number]}
                print(
                    f"  {parameter.name}: true {truth[number]:g}, estimated {mean:.4g} +- "
                    f"{spread:.2g}; 95 % intervals hold it in {held[number]} of {runs} "
                    f"({100 * low:.1f} to {100 * high:.1f} %)",
                    flush=True,
                )
            rows.append(row | each)
        print(f"  rejected (p < {REJECTED}): {rejected} of {runs}", flush=True)
    names = ["fitted", "data", "runs", "parameter", "true", "mean", "spread", "held", "rejected"]
    with options.out.open("w", newline="") as file:
        writer = csv.DictWriter(file, names, restval="")
        writer.writeheader()
        writer.writerows(rows)
    print(f"{options.out}: the same as a table")


if __name__ == "__main__":
    main()
