"""16-16-16 with activation linear on `fake_kingston`: one circuit, run in Aer and sampled.

Its 48 bits have too many patterns to compare, so all pairs of neurons of one layer, and of one and
the next layer, are, and the votes.
"""

import numpy as np
import pytest
from scipy.stats import chi2, chi2_contingency

from qnnq.execution.engines.base import Draws
from qnnq.networks.activation import phi
from qnnq.runs.request import RunRequest
from qnnq.runs.run import prepare
from tests.transpile.test_dynamic import supported
from transpile import check_controller, machine_circuit, network_circuit

FALSE_ALARM = 1e-6
IMAGE, SAMPLED = 7, 40_000
CASES = [("mnist16-linear", 800), ("mnist16-linear-g3pi8", 400)]


def reported(run, mode, shots):
    """The bits of all layers, (shots, 48), and the votes, (10,), of one image."""
    network, session = run.network, mode.start()
    inputs, columns = run.dataset.images[[IMAGE]][:, None, :] / 255, []
    for layer in range(network.hidden):
        z = inputs @ network.weights[layer].T
        activations = phi(z, network.activations[layer], network.stretches[layer])
        draws = Draws(3, layer, np.array([IMAGE]), shots)
        inputs = session.step(layer, activations.astype(np.float32), draws)
        columns.append(inputs[0] < 0)
    classes = (inputs[0] @ network.weights[-1].T).argmax(axis=-1)
    return np.concatenate(columns, axis=-1), np.bincount(classes, minlength=network.classes)


@pytest.mark.parametrize(
    ("model", "shots"),
    [
        ("mnist16-linear-g3pi8", 100),
        *(pytest.param(*case, marks=pytest.mark.slow) for case in CASES),
    ],
)
def test_one_circuit_of_three_layers_of_16(model, shots):
    """Chi-square at a false-alarm rate of 1e-6 for all tables together (Bonferroni)."""
    request = RunRequest(
        model, mode="coherent", noise="fake_kingston*2", engine="aer", feedback_latency="2us"
    )
    run = prepare(request)
    compiled, target = run.deployment.compiled, run.deployment.device.target
    whole = network_circuit(compiled)
    machine = machine_circuit(compiled, target)
    assert check_controller(machine, target).if_tests == 32
    for circuit in (whole, machine):
        assert set(supported(circuit, target, range(circuit.num_qubits)))

    aer, aer_votes = reported(run, run.deployment.mode("aer", 1, 0), shots)
    sampled, sampled_votes = reported(run, run.deployment.mode("instrument", 1, 0), SAMPLED)
    pairs = [(a, b) for a in range(48) for b in range(a + 1, min(48, 16 * (a // 16) + 32))]
    tables = (
        [aer_votes, sampled_votes],
        *(
            [np.bincount(2 * bits[:, a] + bits[:, b], minlength=4) for bits in (aer, sampled)]
            for a, b in pairs
        ),
    )
    for few, many in tables:
        rare = few.sum() * many / many.sum() < 5
        table = np.array([[*counts[~rare], counts[rare].sum()] for counts in (few, many)])
        statistic, _, freedom, _ = chi2_contingency(table[:, table.sum(axis=0) > 0])
        assert statistic < chi2.isf(FALSE_ALARM / len(tables), freedom)
