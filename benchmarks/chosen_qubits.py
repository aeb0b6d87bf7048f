"""How much worse the best qubits are than an older calibration says.

    python benchmarks/chosen_qubits.py

The errors of a fake device's qubits (that of a projective neuron: of its readout, p / sqrt 2, and
the rest, of its rotation) are taken as the true ones. What an older calibration said of each
readout and of each rotation differs by a log-normal factor of mean 1 of its own, as in
`drift(sigma=..)`; the qubits that look best then are chosen, and their true errors compared with
what they looked like, and with those of the qubits that are best.
"""

import argparse
import csv
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from qnnq.deployments.site_errors import SiteErrors
from qnnq.devices.names import resolve_device
from transpile import Group
from transpile.calibration import read_calibration

DEVICES = ("fake_kingston", "fake_torino", "fake_sherbrooke")
SIGMAS = (0.2, 0.4)
CHOSEN = 16


def main() -> None:
    assert __doc__
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--draws", type=int, default=10_000)
    draws = parser.parse_args().draws
    table = Table(title=f"true errors of the {CHOSEN} qubits that looked best, {draws:,} draws")
    headings = ("device", "wandering (sigma)", "over what they looked like", "over the best ones'")
    for heading in headings:
        table.add_column(heading)
    rng = np.random.default_rng(0)
    rows = []
    for name in DEVICES:
        target = resolve_device(name).target
        groups = [Group((qubit,)) for qubit in read_calibration(target).usable]
        true = np.array(SiteErrors(target, np.pi / 2)(groups))
        readout = np.array([target["measure"][group.neurons].error for group in groups]) / 2**0.5
        rotation = true - readout
        best = np.sort(true)[:CHOSEN].sum()
        for sigma in SIGMAS:
            wander = rng.standard_normal((2, draws, len(true)))
            first, second = np.exp(sigma * wander - sigma**2 / 2)
            looked = readout * first + rotation * second
            chosen = np.argsort(looked, axis=1)[:, :CHOSEN]
            real = true[chosen].sum(axis=1)
            seen = np.take_along_axis(looked, chosen, axis=1).sum(axis=1)
            factors = [float((real / x).mean()) for x in (seen, best)]
            table.add_row(name, f"{sigma:g}", *(f"{factor:.2f}" for factor in factors))
            rows.append([name, f"{sigma:g}", *(f"{factor:.4f}" for factor in factors)])
    Console().print(table)
    with Path(__file__).with_suffix(".csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerows([["device", "sigma", "over_what_they_looked_like", "over_best"], *rows])


if __name__ == "__main__":
    main()
