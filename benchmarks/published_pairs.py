"""Inserted pairs SX, SX-dagger: the published fall of accuracy, ours, and what explains it."""

import numpy as np
from published_shares import (
    CONSOLE,
    FIRST_QUBITS,
    PUBLISHED,
    accuracy,
    new_table,
    published_points,
    request,
    shares,
)

from noise_models.free import FreeSpecification
from qnnq.devices.names import device_names, resolve_device
from qnnq.execution.run import prepare
from qnnq.fitting.explanation import Explanation, explain
from qnnq.fitting.forward import InstrumentForward
from qnnq.fitting.likelihood import Likelihood

NETWORK = "mnist16-a0.5"
SHOTS = 2000
"""For each angle tried; chance is 1.1 points at most."""
SHOWN_SHOTS = 200_000
"""For each number in the table that is of one image."""


def with_pairs(noise: str, device: str, qubits: str, images: str, shots: int) -> list[float]:
    """Return the single-shot accuracy for each published number of pairs."""
    fixed = {"device": device, "qubits": qubits, "images": images, "shots": shots}
    counts = PUBLISHED["inserted_single_qubit_pairs"]["superconducting"]["pairs"]
    return [
        accuracy("single_shot", request(NETWORK, noise, pairs=pairs, **fixed)) for pairs in counts
    ]


def fit_gates(device: str, qubits: str) -> Explanation:
    """Fit the published pairs by gate errors that are so many times as large as calibrated."""
    text = f"{device}(readout=off)*?1:32 + {device}(gate=off, relaxation=off)"
    points = published_points(NETWORK, qubits)
    noise = FreeSpecification.parse(text, device_names())
    return explain(Likelihood(noise, points, InstrumentForward(points, device)))


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
    fits = {qubits: fit_gates(device, qubits) for qubits in layouts}
    strengths = {qubits: next(iter(fit.parameters.values())) for qubits, fit in fits.items()}
    columns = {}
    for qubits, name in layouts.items():
        columns[name] = with_pairs(device, device, qubits, image, SHOWN_SHOTS)
        fitted = [point.value for point in fits[qubits].predictions]
        columns[f"{name}, gate errors x {strengths[qubits]:.1f}"] = fitted
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
        error, strength = sx_error(device, qubits), strengths[qubits]
        print(
            f"{layouts[qubits]}: mean SX error {error:.2%}; the published fall wants "
            f"{strength:.1f} times the gate errors ({strength * error:.2%} a pulse; "
            f"goodness of fit p = {fit.p_value:.2g})"
        )
    for angle in (0.1, 0.3):
        values = with_pairs(f"overrotation(angle={angle})", device, "best", image, SHOTS)
        line = ", ".join(f"{100 * value:.1f}" for value in values)
        print(f"overrotation of {angle} rad a pulse, nothing else: {line} %")
    return {name: values for name, values in columns.items() if "1,000" not in name}
