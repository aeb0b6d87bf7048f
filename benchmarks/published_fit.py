"""Which noise explains the published fall of accuracy with inserted SX pairs.

    python benchmarks/published_fit.py --figure published_fit.png

Five published points (image 6929, stretch 0.5, 96 shots each, read off a figure) are fitted by
larger gate errors, phase errors, detuning, readout errors and mixtures, all added to the calibrated
noise of a fake device, with the bundled network: the published weights are not known.
"""

import argparse
import csv
from functools import partial
from pathlib import Path

import numpy as np
from likelihood_surface import LikelihoodSurface, in_processes
from papers.published_shares import CONSOLE, PUBLISHED, new_table, shares

from noise_models.free import FreeSpecification
from qnnq.data.load import load_data
from qnnq.devices.names import device_names
from qnnq.figures.fits import fit_figure
from qnnq.figures.style import save
from qnnq.fitting.explanation import Explanation, explain, verdict, weights
from qnnq.fitting.forward import Forward, InstrumentForward
from qnnq.fitting.observation import Observation
from qnnq.networks.bundled import load_model
from qnnq.runs.request import RunRequest

DEVICE = "fake_torino"
SIMULATED = 200
"""Shots of the model for each published shot."""
READOUT = f"{DEVICE}(gate=off, idle=off, relaxation=off)"
GATES = f"{DEVICE}(readout=off)*?0:24 + {READOUT}"
NOISES = {
    # what it is: the noise, nodes of the polynomial in each parameter
    "calibration alone": (DEVICE, ()),
    "all calibrated errors larger": (f"{DEVICE}*?0:16", (11,)),
    "gate errors larger": (GATES, (11,)),
    "phase error a gate": (f"{DEVICE} + phase(angle=?0:0.06)", (21,)),
    "detuning": (f"{DEVICE} + detuning(frequency=?0kHz:300kHz)", (17,)),
    "readout error": (f"{DEVICE} + readout(p=?0:0.45)", (9,)),
    "gate and phase errors": (f"{GATES} + phase(angle=?0:0.03)", (9, 9)),
    "gate and readout errors": (f"{GATES} + readout(p=?0:0.2)", (11, 6)),
    "phase and readout errors": (f"{DEVICE} + phase(angle=?0:0.06) + readout(p=?0:0.3)", (17, 6)),
}


def published(model: str) -> list[Observation]:
    """Return the published points, as if they were this network's."""
    network, data = load_model(model), load_data("mnist-test")
    points, image = PUBLISHED["inserted_single_qubit_pairs"]["superconducting"], "6929"
    found = []
    for pairs, share in zip(
        points["pairs"],
        shares(points["stretch_0.5_accuracy_approx"], PUBLISHED["image_6929"]["shots"]),
        strict=True,
    ):
        request = RunRequest(model=model, images=image, pairs=pairs)
        index, shots = np.array([int(image)]), np.array([share.n])
        found.append(Observation(request, network, data, index, shots, share.right))
    return found


def table(explanations: dict[str, Explanation]) -> None:
    """Print the explanations."""
    found = list(explanations.values())
    rows = new_table(
        f"published SX pairs, {DEVICE}: explanations (parameters with 95 % intervals)",
        *("noise", "parameters", "log-likelihood", "AIC", "weight", "p", "predicted, %"),
    )
    for (name, each), weight in zip(explanations.items(), weights(found), strict=True):
        parameters = "\n".join(
            f"{key.removeprefix(DEVICE)} {value:.4g} ({each.intervals[key].low:.4g} to "
            f"{each.intervals[key].high:.4g})"
            for key, value in each.parameters.items()
        )
        predicted = " ".join(f"{100 * point.value:.0f}" for point in each.predictions)
        rows.add_row(
            name,
            parameters,
            f"{each.log_likelihood:.2f}",
            f"{each.aic:.1f}",
            f"{weight:.3f}",
            f"{each.p_value:.2g}",
            predicted,
        )
    CONSOLE.print(rows)


def write_csv(explanations: dict[str, Explanation], path: Path) -> None:
    """Write a line for each parameter of each explanation."""
    names = ["explanation", "noise", "parameter", "value", "low", "high"]
    names += ["log_likelihood", "aic", "weight", "p_value"]
    found = list(explanations.values())
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, names, restval="")
        writer.writeheader()
        for (name, each), weight in zip(explanations.items(), weights(found), strict=True):
            row = {
                "explanation": name,
                "noise": each.noise,
                "log_likelihood": f"{each.log_likelihood:.2f}",
                "aic": f"{each.aic:.2f}",
                "weight": f"{weight:.4f}",
                "p_value": f"{each.p_value:.4f}",
            }
            for key, value in each.parameters.items() or [("", "")]:
                ends = each.intervals.get(key)
                numbers = {"parameter": key, "value": value}
                if ends is not None:
                    numbers = {"parameter": key, "value": f"{value:.4g}"}
                    numbers |= {"low": f"{ends.low:.4g}", "high": f"{ends.high:.4g}"}
                writer.writerow(row | numbers)


def explained(name: str, observations: list[Observation], forward: Forward) -> Explanation:
    """Return one of the explanations."""
    text, nodes = NOISES[name]
    free = FreeSpecification.parse(text, device_names())
    degrees = [count - 1 for count in nodes]
    surface = LikelihoodSurface(free, observations, forward, nodes, degrees)
    found = explain(surface)
    print(
        f"{name}: {found.fitted}, AIC {found.aic:.1f}, p = {found.p_value:.2g}; polynomials "
        f"off by {surface.error(2):.1e}",
        flush=True,
    )
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="mnist16-a0.5")
    parser.add_argument("--out", type=Path, default=Path(__file__).with_suffix(".csv"))
    parser.add_argument("--figure", type=Path, help="draw the five best")
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    observations = published(options.model)
    forward = InstrumentForward(observations, DEVICE, SIMULATED)
    forward(FreeSpecification.parse(DEVICE, device_names()).at([]))  # compiles the circuits
    work = partial(explained, observations=observations, forward=forward)
    found = in_processes(work, list(NOISES), options.workers)
    explanations = dict(zip(NOISES, found, strict=True))
    table(explanations)
    print(verdict(found))
    write_csv(explanations, options.out)
    print(f"{options.out}: the same as a table")
    if options.figure:
        drawn = sorted(found, key=lambda each: each.aic)[:5]
        save(fit_figure(drawn, [each.request.pairs for each in observations]), options.figure)
        print(f"Figure: {options.figure}")


if __name__ == "__main__":
    main()
