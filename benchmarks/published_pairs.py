"""Inserted pairs SX, SX-dagger: the published fall of accuracy, ours, and what explains it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from published_shares import (
    CONSOLE,
    FIRST_QUBITS,
    PUBLISHED,
    Share,
    accuracy,
    new_table,
    request,
    shares,
    shown,
)

from qnnq.devices.names import resolve_device
from qnnq.execution.run import prepare

NETWORK = "mnist16-a0.5"
SHOTS = 2000
"""For each strength tried; chance is 1.1 points at most."""
SHOWN_SHOTS = 200_000
"""For each number in the table that is of one image."""
STRENGTHS = np.geomspace(1, 32, 16)


@dataclass(frozen=True)
class Fit:
    """The strength of the gate errors that explains the published pairs best."""

    strength: float
    accuracies: list[float]
    p_value: float


def scaled_gates(device: str, strength: float) -> str:
    """Return a device's noise with its gate errors made `strength` times larger."""
    readout = f"{device}(gate=off, relaxation=off)"
    return f"{device}(readout=off)*{strength:.4g} + {readout}"


def with_pairs(noise: str, device: str, qubits: str, images: str, shots: int) -> list[float]:
    """Return the single-shot accuracy for each published number of pairs."""
    fixed = {"device": device, "qubits": qubits, "images": images, "shots": shots}
    counts = PUBLISHED["inserted_single_qubit_pairs"]["superconducting"]["pairs"]
    return [
        accuracy("single_shot", request(NETWORK, noise, pairs=pairs, **fixed)) for pairs in counts
    ]


def fit_strength(device: str, qubits: str, published: Sequence[Share], image: str) -> Fit:
    """Return the best of `STRENGTHS` by likelihood, with the p-value of its deviance."""
    from scipy.stats import binom, chi2

    right, n = np.array([share.right for share in published]), published[0].n
    perfect = binom.logpmf(right, n, right / n).sum()

    def deviance(values: list[float]) -> float:
        p = np.clip(values, 1e-4, 1 - 1e-4)
        return float(2 * (perfect - binom.logpmf(right, n, p).sum()))

    tried = [
        (strength, with_pairs(scaled_gates(device, strength), device, qubits, image, SHOTS))
        for strength in shown(STRENGTHS, f"pairs, qubits {qubits[:5]}")
    ]
    strength, values = min(tried, key=lambda each: deviance(each[1]))
    return Fit(float(strength), values, float(chi2.sf(deviance(values), len(right) - 1)))


def sx_error(device: str, qubits: str) -> float:
    """Return the mean calibrated error of SX on the qubits that the network uses."""
    wanted = request(NETWORK, device, qubits=qubits, images="0")
    deployment = prepare(wanted).deployment
    assert deployment is not None
    errors = resolve_device(device).target["sx"]
    return float(np.mean([errors[(site.neuron,)].error for site in deployment.layers[0].sites]))


def inserted_pairs(device: str) -> dict[str, list[float]]:
    """Print accuracy against inserted pairs and what explains the published fall."""
    published = PUBLISHED["inserted_single_qubit_pairs"]["superconducting"]
    theirs = shares(published["stretch_0.5_accuracy_approx"], PUBLISHED["image_6929"]["shots"])
    image = str(PUBLISHED["image_6929"]["test_index"])
    layouts = {"best": "best qubits", FIRST_QUBITS: "qubits 0 to 15"}
    fits = {qubits: fit_strength(device, qubits, theirs, image) for qubits in layouts}
    columns = {}
    for qubits, name in layouts.items():
        columns[name] = with_pairs(device, device, qubits, image, SHOWN_SHOTS)
        columns[f"{name}, gate errors x {fits[qubits].strength:.1f}"] = fits[qubits].accuracies
    for qubits, name in layouts.items():
        columns[f"1,000 images, {name}"] = with_pairs(device, device, qubits, "0:1000", 15)
    table = new_table(
        f"Pairs SX, SX-dagger, {NETWORK}, {device}: right shots in %, image {image} "
        "unless it says 1,000 images",
        "pairs",
        "published, superconducting",
        *columns,
    )
    for row, (pairs, share) in enumerate(zip(published["pairs"], theirs, strict=True)):
        cells = [f"{100 * values[row]:.1f}" for values in columns.values()]
        table.add_row(str(pairs), str(share), *cells)
    CONSOLE.print(table)
    for qubits, fit in fits.items():
        error = sx_error(device, qubits)
        print(
            f"{layouts[qubits]}: mean SX error {error:.2%}; the published fall wants "
            f"{fit.strength:.1f} times the gate errors ({fit.strength * error:.2%} a pulse; "
            f"goodness of fit p = {fit.p_value:.2g})"
        )
    for angle in (0.1, 0.3):
        values = with_pairs(f"overrotation(angle={angle})", device, "best", image, SHOTS)
        line = ", ".join(f"{100 * value:.1f}" for value in values)
        print(f"overrotation of {angle} rad a pulse, nothing else: {line} %")
    return {name: values for name, values in columns.items() if "1,000" not in name}
