"""Counts of IQM's fake Adonis by `benchmarks/iqm_counts.py`, iqm-client 36.0.0 (Apache-2.0)."""

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from qiskit import QuantumCircuit
from scipy import stats

import qnnq

HERE = Path(__file__).parent
MEASURED = json.loads((HERE / "iqm_adonis_counts.json").read_text())
SHOTS = 100_000


@pytest.mark.parametrize("row", range(len(MEASURED["circuits"])))
def test_counts_of_the_device_file_are_theirs(row: int) -> None:
    """Layers of rotations, and one with a CZ; a false alarm in a million each."""
    circuit = QuantumCircuit(5)
    for gate, parameters, qubits in MEASURED["circuits"][row]:
        getattr(circuit, gate)(*parameters, *qubits)
    circuit.measure_all()
    noise = "device(idle=off)"  # its simulator knows no waits
    sampler = qnnq.InstrumentSampler(str(HERE / "iqm_adonis.json"), noise, seed=row)
    found = sampler.run([circuit], shots=SHOTS).result()[0].data.meas
    ours, theirs = Counter(found.get_counts()), MEASURED["counts"][row]
    patterns = sorted(ours | theirs)
    table = np.array([[each.get(pattern, 0) for pattern in patterns] for each in (ours, theirs)])
    rare = table.sum(axis=0) < 30
    table = np.column_stack([table[:, ~rare], table[:, rare].sum(axis=1)])
    assert stats.chi2_contingency(table[:, table.sum(axis=0) > 0]).pvalue > 1e-6
