"""Which noise explains the published fall of accuracy with inserted SX pairs.

    python benchmarks/published_fit.py            # 3 minutes of processor time

Ten published points (images 6929 and 0, stretch 0.5, 96 shots each) were measured on an Eagle, six
copies of 16 neurons side by side. They are fitted by larger errors, phase errors, detuning and
readout errors, each added to the calibrated noise of an Eagle's snapshot, with the bundled network
on the first 96 qubits that work: the published weights are not at hand. A ZZ coupling of all
neighbours is beyond the instrument engine: it acts between the two qubits of each of eight pairs
that are not coupled to one another. Each image is also fitted alone.
"""

import argparse
import csv
from itertools import count, islice
from pathlib import Path

import numpy as np
from likelihood_surface import LikelihoodSurface
from papers.published_shares import PUBLISHED

from noise_models.free import FreeSpecification
from qnnq.data.load import load_data
from qnnq.devices.names import device_names, resolve_device
from qnnq.fitting.explanation import Explanation, explain
from qnnq.fitting.forward import InstrumentForward
from qnnq.fitting.observation import Observation
from qnnq.networks.bundled import load_model
from qnnq.runs.request import RunRequest

DEVICE = "fake_sherbrooke"
COPIES = 6
COUPLED = "0,1,3,4,6,7,9,10,18,19,21,22,24,25,27,28"
"""Eight pairs of coupled qubits on an Eagle, none of which is coupled to another pair."""
BROKEN = 0.4
"""A readout error of qubits that do not work."""
SIMULATED = 50
"""Shots of the model for each published shot."""
LARGER, GATES, COUPLING = "all calibrated errors larger", "gate errors larger", "ZZ coupling"
NOISES = {
    # what it is: the noise of device D, nodes of the polynomial in each parameter
    "calibration alone": ("D", ()),
    LARGER: ("D*?0:16", (9,)),
    GATES: ("D(readout=off)*?0:24 + D(gate=off, idle=off, relaxation=off)", (9,)),
    "phase error a gate": ("D + phase(angle=?0:0.06)", (15,)),
    "detuning": ("D + detuning(frequency=?0kHz:300kHz)", (13,)),
    "readout error": ("D + readout(p=?0:0.45)", (9,)),
    COUPLING: ("D + zz(rate=?0kHz:600kHz)", (13,)),
}

Work = tuple[str, str, str]
"""A device, a layout and an explanation."""
Fit = tuple[str, str, str, str]
"""The same, and of which images."""
FIRST, PAIRS = "first 96", "eight pairs"
IMAGES = {"6929 and 0": range(10), "6929": range(5), "0": range(5, 10)}
"""Which settings are fitted."""
WORK: list[Work] = [
    *((DEVICE, FIRST, name) for name in NOISES if name != COUPLING),
    *((DEVICE, PAIRS, name) for name in (GATES, COUPLING)),
]
"""In the order in which they are fitted; those that the table has are not fitted again."""


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


def rows_of(fit: Fit, each: Explanation) -> list[dict[str, str]]:
    """Return a row for each parameter of an explanation."""
    row = dict(zip(("device", "qubits", "explanation", "images"), fit, strict=True))
    row |= {
        "noise": each.noise, "parameter": "", "value": "", "low": "", "high": "",
        "log_likelihood": f"{each.log_likelihood:.2f}", "aic": f"{each.aic:.2f}",
        "p_value": f"{each.p_value:.4f}",
        "predicted": " ".join(f"{point.value:.3f}" for point in each.predictions),
    }  # fmt: skip
    return [
        row | {"parameter": name, "value": f"{value:.4g}", "low": f"{each.intervals[name].low:.4g}",
               "high": f"{each.intervals[name].high:.4g}"}
        for name, value in each.parameters.items()
    ] or [row]  # fmt: skip


def explained(work: Work, model: str) -> dict[Fit, Explanation]:
    """Return one of the explanations, of the images together and of each."""
    device, layout, name = work
    text, nodes = NOISES[name]
    placed: dict[str, object] = {"copies": 1 if layout == PAIRS else COPIES}
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
    options = parser.parse_args()
    rows: list[dict[str, str]] = []
    if options.out.exists():
        with options.out.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
    done = {(row["device"], row["qubits"], row["explanation"]) for row in rows}
    for work in (each for each in WORK if each not in done):
        for fit, explanation in explained(work, options.model).items():
            rows += rows_of(fit, explanation)
        with options.out.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, rows[0])
            writer.writeheader()
            writer.writerows(rows)


if __name__ == "__main__":
    main()
