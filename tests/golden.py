"""Counts of every bundled network, engine and kind of noise, to see that a change changes none.

    python -m tests.golden --write before.json
    python -m tests.golden --check before.json

One line of the file is one task: its id, and the SHA-256 of its counts and softmax sums.
"""

import argparse
import hashlib
import json
import sys
from dataclasses import asdict
from pathlib import Path

from qnnq.networks.bundled import bundled_models
from qnnq.runs.request import RunRequest
from qnnq.runs.run import prepare

NOISES = {
    "fake_kingston": {},
    "fake_torino(readout=off)*4": {},
    "depolarizing(p1=1e-3, p2=1e-2) + readout(p01=0.01, p10=0.03)": {},
    "fake_sherbrooke": {"pairs": 3},
    "fake_boston": {"copies": 3},
    "ions_aria*20": {},
}
JOINED = ("mnist16-a0.5", "mnist16-a2", "mnist16-a0.5-g3pi8")
"""Networks that are also run with inserted CZ pairs, which join neurons."""

LIVING = ("mnist16-a1", "mnist16-a0.5-g3pi8", "mnist16-linear-g3pi8")
TIMINGS = (
    {"noise": "fake_boston*2", "feedback_latency": "20us"},
    {"measurement": "measure_2", "recycling": "reset"},
)
"""Of coherent runs, of one network of each method."""


def requests() -> list[RunRequest]:
    """Return the runs of the golden file."""
    found = []
    for model in bundled_models():
        found.append(RunRequest(model, images="0:300", noise="ideal", engine="ideal", shots=5))
        for noise, options in NOISES.items():
            found.append(RunRequest(model, images="0:300", noise=noise, shots=5, **options))
            found.append(
                RunRequest(model, images="3:6", noise=noise, shots=4, engine="aer", **options)
            )
        found.append(RunRequest(model, images="0:300", shots=5, mode="coherent"))
        if model in LIVING:
            for options in TIMINGS:
                found.append(RunRequest(model, images="0:300", shots=5, mode="coherent", **options))
        if model.startswith("mnist16-linear"):  # which are one circuit
            found.append(RunRequest(model, images="3:5", shots=4, mode="coherent", engine="aer"))
        if model in JOINED:
            joined = {"noise": "fake_kingston", "pairs": 2, "pair_gate": "cz", "seed": 7}
            found.append(RunRequest(model, images="0:100", shots=5, **joined))
            found.append(RunRequest(model, images="0:2", shots=3, engine="aer", **joined))
        if model.startswith("mnist16-a0.5"):
            found.append(RunRequest(model, images="0:100", shots=5, qubits="all"))
        if not model.startswith("mnist16-a0-g"):  # which compensation cannot help
            found.append(RunRequest(model, images="0:100", shots=5, compensate=True))
    return found


def golden_name(request: RunRequest) -> str:
    """Return the name of a run in the golden file: what it asks for beside the defaults."""
    changed = {k: v for k, v in asdict(request).items() if v != getattr(RunRequest(), k)}
    return json.dumps(changed, sort_keys=True)


def measured(request: RunRequest) -> str:
    """Return the digest of what a run finds."""
    result = prepare(request).execute(threads=1)
    digest = hashlib.sha256(result.counts.tobytes())
    digest.update(result.softmax_sums.round(9).tobytes())
    return f"{result.task_id[:16]} {digest.hexdigest()[:16]}"


def main() -> int:
    """Write or check a golden file; exit code 1 lists what differs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", type=Path)
    parser.add_argument("--check", type=Path)
    parser.add_argument("--counts-only", action="store_true", help="task ids may differ")
    options = parser.parse_args()
    found = {}
    for request in requests():
        found[golden_name(request)] = measured(request)
    if options.write:
        options.write.write_text(json.dumps(found, indent=1) + "\n")
        print(f"{len(found)} runs written")
        return 0
    expected = json.loads(options.check.read_text())
    part = slice(17, None) if options.counts_only else slice(None)
    wrong = [name for name in expected if found.get(name, "")[part] != expected[name][part]]
    print("\n".join(f"differs: {name}" for name in wrong) or f"{len(found)} runs equal")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
