"""A fake machine of IQM's as a device file of qnnq, and counts of layers under its own noise.

It runs where IQM's client is, whose Qiskit is older than qnnq's, and takes nothing of qnnq:

    pip install "iqm-client[qiskit]"
    python benchmarks/iqm_counts.py IQMFakeAdonis 5 20000 device.json counts.json
"""

import json
import math
import sys
import time
from importlib.metadata import version

from iqm.qiskit_iqm import fake_backends
from qiskit import QuantumCircuit
from qiskit.quantum_info import average_gate_fidelity
from qiskit_aer.noise import depolarizing_error

NS = 1e-9
name, width, shots, device_file, counts_file = sys.argv[1:]
backend = getattr(fake_backends, name)()
profile, index = backend.error_profile, backend.qubit_name_to_index


def places(depolarizing, duration_ns):
    """Return where a gate is. Its error is relaxation, then depolarizing."""
    found = []
    for names, p in depolarizing.items():
        names = [names] if isinstance(names, str) else names
        error = profile.thermal_relaxation(names[0], duration_ns)
        for each in names[1:]:
            error = error.tensor(profile.thermal_relaxation(each, duration_ns))
        infidelity = 1 - average_gate_fidelity(error.compose(depolarizing_error(p, len(names))))
        on = {"qubits": [index(each) for each in names], "duration_s": duration_ns * NS}
        found.append({**on, "error": max(infidelity, 0)})
    return found


one, two = (
    profile.single_qubit_gate_depolarizing_error_parameters["prx"],
    profile.two_qubit_gate_depolarizing_error_parameters["cz"],
)
readout = [
    {"qubits": [index(q)], "prob_meas1_prep0": wrong["0"], "prob_meas0_prep1": wrong["1"]}
    | {"error": (wrong["0"] + wrong["1"]) / 2}
    for q, wrong in profile.readout_errors.items()
]
device = {
    "format": "qnnq-device/1",
    "name": name,
    "num_qubits": len(profile.t1s),
    "qubits": [{"t1_s": profile.t1s[q] * NS, "t2_s": profile.t2s[q] * NS} for q in profile.t1s],
    "instructions": [
        {
            "name": "r",
            "parameters": ["theta", "phi"],
            "on": places(one, profile.single_qubit_gate_durations["prx"]),
        },
        {"name": "cz", "on": places(two, profile.two_qubit_gate_durations["cz"])},
        {"name": "measure", "num_clbits": 1, "on": readout},
    ],
}

rows, pair = [], device["instructions"][1]["on"][0]["qubits"]
for row in range(6):  # the last one has a CZ in it
    turns = [["r", [0.3 + 0.37 * row + 0.45 * q, math.pi / 2], [q]] for q in range(int(width))]
    rows.append(turns if row < 5 else [*turns, ["cz", [], pair], *turns])
circuits = []
for row in rows:
    circuit = QuantumCircuit(int(width))
    for gate, parameters, qubits in row:
        getattr(circuit, gate)(*parameters, *qubits)
    circuit.measure_all()
    circuits.append(circuit)
start = time.process_time()
counts = backend.run(circuits, shots=int(shots)).result().get_counts()
seconds = time.process_time() - start
versions = {each: version(each) for each in ("iqm-client", "qiskit", "qiskit-aer")}
measured = {"circuits": rows, "counts": counts, "processor_s": seconds, "versions": versions}
for path, document in ((device_file, device), (counts_file, measured)):
    with open(path, "w") as file:
        json.dump(document, file)
        file.write("\n")
print(f"{name}: {len(rows)} circuits x {shots} shots: {seconds:.2f} s of processor time")
