"""How often the intervals of a measured response, and of the accuracy from it, hold the truth.

    python benchmarks/calibration_coverage.py

Calibrations of a device whose response is known are simulated, 200 of 4,096 shots an angle. Each
predicts the accuracy of a network; the truth is what the exact response gives with the same random
numbers, so that only the calibration makes a difference.
"""

import argparse
from functools import partial
from tempfile import TemporaryDirectory

import numpy as np

from qnnq.data.load import load_data
from qnnq.execution.measured_response import (
    KindResponse,
    MeasuredResponse,
    fit_sites,
    write_response,
)
from qnnq.execution.modes.base import Mode
from qnnq.execution.response_fit import BASIS
from qnnq.execution.shot_loop import Votes, run_shots
from qnnq.networks.bundled import load_model
from qnnq.runs.deploy import deploy
from qnnq.runs.request import RunRequest
from qnnq.statistics import Accuracy, accuracies


def main() -> None:
    """Print the coverage of 95 % intervals."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--calibrations", type=int, default=200)
    parser.add_argument("--shots", type=int, default=4096, help="at each angle")
    parser.add_argument("--images", type=int, default=2000)
    parser.add_argument("--votes", type=int, default=15, help="shots an image")
    parser.add_argument("--noise", default="fake_kingston")
    parser.add_argument("--model", default="mnist16-a0.5")
    options = parser.parse_args()

    network, data = load_model(options.model), load_data("mnist-test")
    labels = data.labels[: options.images].astype(np.int64)
    deployed = deploy(RunRequest(noise=options.noise), network)

    def run(mode: Mode, seed: int) -> Votes:
        pixels = data.images[: options.images]
        return run_shots(network, pixels, np.arange(options.images), mode, options.votes, seed)

    def measured(votes: Votes) -> dict[str, Accuracy]:
        return accuracies(votes.counts, votes.softmax_sums, labels, options.votes)

    exact = deployed.responses[0].minus[:, 0].T.astype(np.float64)  # (neurons, 3)
    probabilities = np.clip(BASIS @ exact.T, 0, 1)
    random = np.random.default_rng(0)
    inside, held, offsets = [], [], []
    for number in range(options.calibrations):
        counts = random.binomial(options.shots, probabilities)
        sites = fit_sites([str(site) for site in deployed.layers[0].sites], counts, options.shots)
        low, high = np.moveaxis([site.intervals for site in sites], -1, 0)
        inside.append((low <= exact) & (exact <= high))
        kind = KindResponse(entanglement=network.entanglement, sites=tuple(sites))
        response = MeasuredResponse(
            device=options.noise, calibration=None, measured="", shots=options.shots, kinds=(kind,)
        )
        with TemporaryDirectory() as folder:
            write_response(response, f"{folder}/response.json")
            twin = deploy(RunRequest(noise=f"measured:{folder}/response.json"), network)
        again = partial(run, seed=number)
        truth = measured(again(deployed.mode("instrument", options.votes, number)))
        votes = again(twin.mode("instrument", options.votes, number))
        (calibration,) = twin.variations("instrument", options.votes, number)
        deviations = calibration.deviations(again, measured, votes)
        offset = {name: found.value - truth[name].value for name, found in measured(votes).items()}
        held.append([abs(offset[name]) <= 1.959964 * deviations[name] for name in offset])
        offsets.append(list(offset.values()))
    print("the interval holds the truth:")
    for name, share in zip("abc", np.mean(inside, axis=(0, 1)), strict=True):
        print(f"  coefficient {name}: {100 * share:.1f} %")
    for name, share, mean in zip(
        offset, np.mean(held, axis=0), np.mean(offsets, axis=0), strict=True
    ):
        print(f"  {name}: {100 * share:.1f} %, predictions are off by {100 * mean:+.3f} points")


if __name__ == "__main__":
    main()
