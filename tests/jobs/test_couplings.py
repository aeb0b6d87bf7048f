"""Networks with couplings as jobs."""

import contextlib
from dataclasses import replace
from pathlib import Path

from checks import assert_complete
from conftest import IMAGES, SHOTS, Command, Files

from qnnq.jobs.ledger import Ledger
from qnnq.networks.couplings import Coupling
from qnnq.networks.file import read_network, write_network


def test_from_estimate_to_collect(files: Files, tmp_path: Path, qnnq: Command) -> None:
    network = read_network(files.network)
    pair = Coupling("cz-own", (2, 0), (-1.5, 0.4))
    couplings = ((pair,), *((),) * (network.hidden - 1))
    write_network(replace(network, couplings=couplings), files.network)
    run = tmp_path / "run"
    answer = qnnq(*files.submit("fake_jakarta", run, "--copies", "1"))
    assert answer.code == 0, answer.err
    assert_complete(run, IMAGES, SHOTS)
    with contextlib.closing(Ledger(run)) as ledger:
        first, *others = ledger.layers()
    assert first.shape.couplings == (pair,)
    assert first.circuit.num_nonlocal_gates() == 1
    assert not any(layer.shape.couplings for layer in others)
    refused = qnnq("calibrate", files.network, "--device", "fake_jakarta")
    assert refused.code == 2
    assert "network without couplings" in refused.err
