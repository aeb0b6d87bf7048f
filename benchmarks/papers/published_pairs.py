"""Inserted pairs SX, SX-dagger: the published fall of accuracy beside ours."""

from collections.abc import Mapping

import numpy as np
from published_shares import (
    CONSOLE,
    DEVICE,
    FIRST_QUBITS,
    PUBLISHED,
    Share,
    accuracy,
    new_table,
    request,
    shares,
)

from qnnq.devices.names import resolve_device
from qnnq.runs.run import prepare

NETWORK = "mnist16-a0.5"
LAYOUTS = {"best": "best qubits", FIRST_QUBITS: "qubits 0 to 15"}
OVERROTATIONS = (0.1, 0.3)
"""Radians a pulse."""


def inserted_pairs(quick: bool) -> tuple[dict[int, Share], dict[str, dict[int, float]]]:
    """Print accuracy against inserted pairs.

    Returns:
        What was published, by the number of pairs; and our accuracies of the one image, by layout.
    """
    published = PUBLISHED["inserted_single_qubit_pairs"]["superconducting"]
    n, image = PUBLISHED["image_6929"]["shots"], str(PUBLISHED["image_6929"]["test_index"])
    theirs = shares(published["stretch_0.5_accuracy_approx"], n)
    pairs = published["pairs"]
    one = {"images": image, "shots": 2_000 if quick else 200_000}
    many = {"images": "0:1000" if quick else "all", "shots": 15}
    ours = {
        name: with_pairs(DEVICE, pairs, qubits=qubits, **one) for qubits, name in LAYOUTS.items()
    }
    columns = dict(ours)
    for qubits, name in LAYOUTS.items():
        found = with_pairs(DEVICE, pairs, qubits=qubits, **many)
        columns[f"{'1,000' if quick else '10,000'} images, {name}"] = found
    show(dict(zip(pairs, theirs, strict=True)), columns, image)
    for qubits, name in LAYOUTS.items():
        print(f"{name}: mean calibrated SX error {sx_error(qubits):.2%}")
    for angle in OVERROTATIONS:
        noise = f"overrotation(angle={angle})"
        values = with_pairs(noise, pairs, device=DEVICE, **one).values()
        line = ", ".join(f"{100 * value:.1f}" for value in values)
        print(f"overrotation of {angle} rad a pulse, nothing else: {line} %")
    return dict(zip(pairs, theirs, strict=True)), ours


def with_pairs(noise: str, pairs: list[int], **options: object) -> dict[int, float]:
    """Return the single-shot accuracy for each number of pairs."""
    return {
        each: accuracy("single_shot", request(NETWORK, noise, pairs=each, **options))
        for each in pairs
    }


def show(
    published: Mapping[int, Share], columns: Mapping[str, Mapping[int, float]], image: str
) -> None:
    """Print the table."""
    table = new_table(
        f"Pairs SX, SX-dagger, {NETWORK}, {DEVICE}: right shots in %, image {image} unless it says "
        "more images",
        "pairs",
        "published, superconducting",
        *columns,
    )
    for pairs, share in published.items():
        cells = [f"{100 * values[pairs]:.1f}" for values in columns.values()]
        table.add_row(str(pairs), str(share), *cells)
    CONSOLE.print(table)


def sx_error(qubits: str) -> float:
    """Return the mean calibrated error of SX on the qubits that the network uses."""
    deployment = prepare(request(NETWORK, DEVICE, qubits=qubits, images="0")).deployment
    errors = resolve_device(DEVICE).target["sx"]
    return float(np.mean([errors[site.neurons].error for site in deployment.layers[0].sites]))
