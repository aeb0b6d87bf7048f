"""Which noise explains the published fall of accuracy with inserted SX pairs.

    python benchmarks/published_fit.py --figure published_fit.png

Ten published points (images 6929 and 0, stretch 0.5, 96 shots each) were measured on an Eagle, six
copies of 16 neurons side by side. They are fitted by larger gate errors, phase errors, detuning,
readout errors and mixtures, all added to the calibrated noise of snapshots of Eagles, with the
bundled network on the first 96 qubits that work: the published weights are not at hand. A ZZ
coupling of all neighbours is beyond the instrument engine: it acts between the two qubits of each
of eight pairs that are not coupled to one another.
"""

import argparse
import csv
from functools import partial
from itertools import count, islice
from pathlib import Path

import numpy as np
from likelihood_surface import LikelihoodSurface, in_processes
from papers.published_shares import CONSOLE, PUBLISHED, new_table

from noise_models.free import FreeSpecification
from qnnq.data.load import load_data
from qnnq.devices.names import device_names, resolve_device
from qnnq.figures.fits import fit_figure
from qnnq.figures.style import save
from qnnq.fitting.explanation import Explanation, explain, verdict
from qnnq.fitting.forward import InstrumentForward
from qnnq.fitting.observation import Observation
from qnnq.networks.bundled import load_model
from qnnq.runs.request import RunRequest

DEVICE = "fake_sherbrooke"
OTHER_EAGLES = ("fake_brisbane", "fake_kyiv")
"""Snapshots without a faulty qubit among the first 96."""
COPIES = 6
COUPLED = "0,1,3,4,6,7,9,10,18,19,21,22,24,25,27,28"
"""Eight pairs of coupled qubits on an Eagle, none of which is coupled to another pair."""
BROKEN = 0.4
"""A readout error of qubits that do not work."""
SIMULATED = 50
"""Shots of the model for each published shot."""
LARGER, GATES = "all calibrated errors larger", "gate errors larger"
NOISES = {
    # what it is: the noise of device D, nodes of the polynomial in each parameter
    "calibration alone": ("D", ()),
    LARGER: ("D*?0:16", (9,)),
    GATES: ("D(readout=off)*?0:24 + D(gate=off, idle=off, relaxation=off)", (9,)),
    "phase error a gate": ("D + phase(angle=?0:0.06)", (15,)),
    "detuning": ("D + detuning(frequency=?0kHz:300kHz)", (13,)),
    "readout error": ("D + readout(p=?0:0.45)", (9,)),
    "gate and readout errors": (
        "D(readout=off)*?0:24 + D(gate=off, idle=off, relaxation=off) + readout(p=?0:0.2)",
        (7, 5),
    ),
    "gate and phase errors": (
        "D(readout=off)*?0:24 + D(gate=off, idle=off, relaxation=off) + phase(angle=?0:0.03)",
        (7, 5),
    ),
}
ZZ = {
    "ZZ coupling": ("D + zz(rate=?0kHz:600kHz)", (13,)),
    "gate errors and ZZ coupling": (
        "D(readout=off)*?0:24 + D(gate=off, idle=off, relaxation=off) + zz(rate=?0kHz:200kHz)",
        (7, 5),
    ),
}
"""Judged on the pairs that are coupled."""


def first_qubits(device: str) -> str:
    """Return the first qubits of a device that work, for six copies."""
    measure = resolve_device(device).target["measure"]
    working = (each for each in count() if (measure[(each,)].error or 0) < BROKEN)
    return ",".join(map(str, islice(working, 16 * COPIES)))


def published(model: str, **options: object) -> list[Observation]:
    """Return the published points, as if they were this network's, with options of a run."""
    network, data = load_model(model), load_data("mnist-test")
    pairs = PUBLISHED["inserted_single_qubit_pairs"]
    shots = PUBLISHED["image_6929"]["shots"]
    found = []
    for image, points, key in (
        ("6929", pairs["superconducting"], "stretch_0.5_correct_of_96"),
        ("0", pairs["superconducting_image_0"], "correct_of_96"),
    ):
        for number, right in zip(points["pairs"], points[key], strict=True):
            request = RunRequest(model=model, images=image, pairs=number, **options)
            index = np.array([int(image)])
            found.append(Observation(request, network, data, index, np.array([shots]), right))
    return found


Work = tuple[str, str, str]
"""A device, a layout and an explanation."""
Fit = tuple[str, str, str, str]
"""The same, and of which images."""
FIRST, BEST, PAIRS = "first 96", "best 96", "eight pairs"
IMAGES = {"6929 and 0": range(10), "6929": range(5), "0": range(5, 10)}
"""Which settings are fitted."""


def table(explanations: dict[Fit, Explanation]) -> None:
    """Print the explanations."""
    rows = new_table(
        "published SX pairs: explanations (parameters with 95 % intervals)",
        *(
            "device",
            "qubits",
            "noise",
            "images",
            "parameters",
            "log-likelihood",
            "AIC",
            "p",
            "predicted, %",
        ),
    )
    for (device, layout, name, images), each in explanations.items():
        parameters = "\n".join(
            f"{key.removeprefix(device)} {value:.4g} ({each.intervals[key].low:.4g} to "
            f"{each.intervals[key].high:.4g})"
            for key, value in each.parameters.items()
        )
        predicted = " ".join(f"{100 * point.value:.0f}" for point in each.predictions)
        rows.add_row(
            device, layout, name, images, parameters, f"{each.log_likelihood:.2f}",
            f"{each.aic:.1f}", f"{each.p_value:.2g}", predicted,
        )  # fmt: skip
    CONSOLE.print(rows)


def write_csv(explanations: dict[Fit, Explanation], path: Path) -> None:
    """Write a line for each parameter of each explanation."""
    names = [
        "device",
        "qubits",
        "explanation",
        "images",
        "noise",
        "parameter",
        "value",
        "low",
        "high",
    ]
    names += ["log_likelihood", "aic", "p_value"]
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, names, restval="")
        writer.writeheader()
        for (device, layout, name, images), each in explanations.items():
            row = {
                "device": device,
                "qubits": layout,
                "images": images,
                "explanation": name,
                "noise": each.noise,
                "log_likelihood": f"{each.log_likelihood:.2f}",
                "aic": f"{each.aic:.2f}",
                "p_value": f"{each.p_value:.4f}",
            }
            for key, value in each.parameters.items() or [("", "")]:
                ends = each.intervals.get(key)
                numbers = {"parameter": key, "value": value}
                if ends is not None:
                    numbers = {"parameter": key, "value": f"{value:.4g}"}
                    numbers |= {"low": f"{ends.low:.4g}", "high": f"{ends.high:.4g}"}
                writer.writerow(row | numbers)


def explained(work: Work, model: str) -> dict[Fit, Explanation]:
    """Return one of the explanations, of the images together and of each."""
    device, layout, name = work
    text, nodes = (NOISES | ZZ)[name]
    placed: dict[str, object] = {"copies": 1 if layout == PAIRS else COPIES}
    if layout != BEST:
        placed["qubits"] = COUPLED if layout == PAIRS else first_qubits(device)
    observations = published(model, **placed)
    forward = InstrumentForward(observations, device, SIMULATED)
    free = FreeSpecification.parse(text.replace("D", device), device_names())
    degrees = [count - 1 for count in nodes]
    surface = LikelihoodSurface(free, observations, forward, nodes, degrees)
    found = {}
    for images, settings in IMAGES.items():
        each = explain(surface.only(settings))
        told = f"{each.fitted}, AIC {each.aic:.1f}, p = {each.p_value:.2g}"
        print(f"{device}, {layout}, {name}, {images}: {told}", flush=True)
        found[device, layout, name, images] = each
    return found


def main() -> None:
    assert __doc__
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="mnist16-a0.5")
    parser.add_argument("--out", type=Path, default=Path(__file__).with_suffix(".csv"))
    parser.add_argument("--figure", type=Path, help="draw the five best on the first device")
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    work = [(DEVICE, FIRST, name) for name in NOISES]
    work += [(DEVICE, PAIRS, name) for name in (*ZZ, GATES)]
    work += [(DEVICE, BEST, name) for name in (LARGER, GATES)]
    work += [(device, FIRST, name) for device in OTHER_EAGLES for name in (LARGER, GATES)]
    found = in_processes(partial(explained, model=options.model), work, options.workers)
    explanations = {fit: each for fits in found for fit, each in fits.items()}
    table(explanations)
    comparable = [
        each
        for (device, layout, _, images), each in explanations.items()
        if (device, layout, images) == (DEVICE, FIRST, next(iter(IMAGES)))
    ]
    print(verdict(comparable))
    write_csv(explanations, options.out)
    print(f"{options.out}: the same as a table")
    if options.figure:
        drawn = sorted(comparable, key=lambda each: each.aic)[:5]
        pairs = [each.request.pairs for each in published(options.model)]
        save(fit_figure(drawn, pairs), options.figure)
        print(f"Figure: {options.figure}")


if __name__ == "__main__":
    main()
