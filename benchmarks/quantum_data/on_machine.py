"""Hidden Paulis from submission to answer, on a device, and what such a run costs.

    python benchmarks/quantum_data/on_machine.py

A1 at n = 4: a network whose first layer couples twins is submitted with states that hide a Pauli;
the answer is the Pauli with the largest sum of chi over the outcomes of that layer. By default the
device is simulated from its calibration; `--device ibm_...` takes a machine, `--budget` is then
what it may bill. All copies of all states are shots of one parametrised circuit, with angles of
their own. Before that it estimates such runs at n = 8 on a machine of 156 qubits. Rows go to a CSV
file, one by one: a run that was stopped goes on where it was, as jobs do by their folder.
"""

import argparse
from pathlib import Path

import numpy as np
from curves import Rows, share

import qnnq
from qnnq.data.dataset import Dataset
from qnnq.data.states.families import make_states
from qnnq.execution.states.answers import name_paulis
from qnnq.jobs.folder import LEDGER
from qnnq.jobs.received import received_outcomes
from qnnq.networks.network import Network
from qnnq.networks.receiving import bell_receiver, receiving_network

HERE = Path(__file__).parent
DRAWS = 256
"""Preparations that stand for each state."""


def coupled_twins(pairs: int, classes: int) -> Network:
    """Return a network of which only the first layer is of use here."""
    width = 2 * pairs
    behind = Network((np.ones((1, width)), np.zeros((classes, 1))), stretch=0.5)
    return receiving_network(bell_receiver(pairs), behind)


def digits_of(outcomes: np.ndarray) -> np.ndarray:
    """Return the digit of each pair, (states, shots, pairs), of outcomes (states, shots, 2 n)."""
    first, second = np.split(outcomes < 0, 2, axis=-1)
    return 2 * first.astype(np.int64) + second


def request_for(qubits: int, states: int, shots: int, device: str, named: bool):
    """Return what is submitted, and the Paulis' numbers."""
    family = "hidden-pauli" if named else "hidden-pauli-told"
    found = make_states(family, qubits, states, seed=qubits, draws=DRAWS)
    network = coupled_twins(qubits, int(found.labels.max()) + 1)
    data = Dataset.of_states(found)
    return qnnq.HardwareRequest(network, data=data, device=device, images="all", shots=shots), found


def named(options: argparse.Namespace) -> dict[str, object]:
    request, states = request_for(4, options.states, options.shots, options.device, named=True)
    estimate = qnnq.estimate(request)
    folder = options.run
    if (folder / LEDGER).exists():
        qnnq.resume(folder, wait=True)
    else:
        qnnq.submit(request, folder, budget_s=options.budget, wait=True)
    answers = name_paulis(np.random.default_rng(0), digits_of(received_outcomes(folder)))
    value, low, high = share(answers == states.labels)
    return {**cost(estimate), "right": value, "low": low, "high": high}


def cost(estimate: object) -> dict[str, object]:
    """Return what the first layer costs."""
    layer = estimate.layers[0]
    return {
        "jobs": layer.jobs,
        "parameter_sets": layer.parameter_sets,
        "quantum_seconds": layer.quantum_seconds,
        "payload_mb": layer.payload_bytes / 1e6,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=HERE / "on_machine.csv")
    parser.add_argument("--device", default="fake_kingston")
    parser.add_argument("--states", type=int, default=40)
    parser.add_argument("--shots", type=int, default=26, help="of two copies each")
    parser.add_argument("--run", type=Path, default=Path("qnnq-runs/hidden-paulis"))
    parser.add_argument("--budget", type=float, help="quantum seconds")
    options = parser.parse_args()
    values = ["jobs", "parameter_sets", "quantum_seconds", "payload_mb", "right", "low", "high"]
    rows = Rows(options.out, ["device", "task", "n", "states", "copies"], values)
    for shots in (52, 9):  # copies for 95 % of A1, and of A2, under that noise
        key = {"device": "fake_kingston", "task": "estimate", "n": 8, "states": 100}
        request, _ = request_for(8, 100, shots, "fake_kingston", named=False)
        rows.make(lambda request=request: cost(qnnq.estimate(request)), **key, copies=2 * shots)
    key = {"device": options.device, "task": "A1", "n": 4, "states": options.states}
    rows.make(lambda: named(options), **key, copies=2 * options.shots)


if __name__ == "__main__":
    main()
