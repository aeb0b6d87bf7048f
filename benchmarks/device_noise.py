"""What today's noise costs the bundled networks, and how much of it they stand: one table.

    python benchmarks/device_noise.py

Writes `device_noise.csv`. `cost`: by how much the accuracy of stretch 0.5 is below that without
noise, of one shot and of the majority of 15, with the 16 best qubits and with all in use, on the
10,000 test images; the interval is that of a paired bootstrap. `breakdown`: the strength of
`fake_kingston`'s noise, on the best qubits, at which the majority falls below that of the classical
network of stretch 0 without noise, of the sweep of `sweep_noise.py`.
"""

import csv
from functools import lru_cache
from pathlib import Path

import numpy as np

from qnnq.results.result import RunResult
from qnnq.runs.request import EngineName, RunRequest
from qnnq.runs.run import prepare
from qnnq.statistics import breakdown, majority_votes, single_shot_fractions

DEVICES = ("fake_kingston", "fake_torino", "fake_sherbrooke")
STRENGTHS = (0, 1, 2, 4, 8, 16, 32, 64)
NETWORK, CLASSICAL = "mnist16-a0.5", "mnist16-a0"
RESAMPLED = 2000
Row = dict[str, object]


@lru_cache
def result(model: str, noise: str, qubits: str = "best", seed: int = 0) -> RunResult:
    """Return a run of all test images and 15 shots."""
    engine: EngineName = "ideal" if noise == "ideal" else "instrument"
    request = RunRequest(model, noise=noise, engine=engine, qubits=qubits, seed=seed)
    return prepare(request).execute()


def right(found: RunResult) -> np.ndarray:
    """Return whether each image's majority is right."""
    return np.asarray(majority_votes(found.counts) == found.labels)


def costs() -> list[Row]:
    """Return what the noise of each device costs."""
    ideal = result(NETWORK, "ideal", seed=1)  # random numbers of its own
    random = np.random.default_rng(0)
    images = len(ideal.labels)
    weights = random.multinomial(images, np.full(images, 1 / images), RESAMPLED) / images
    rows: list[Row] = []
    for device in DEVICES:
        for qubits in ("best", "all"):
            noisy = result(NETWORK, device, qubits)
            for vote in ("one shot", "majority"):
                first, second = (
                    single_shot_fractions(each.counts, each.labels)
                    if vote == "one shot"
                    else right(each).astype(float)
                    for each in (ideal, noisy)
                )
                cost = first - second
                low, high = np.quantile(weights @ cost, [0.025, 0.975])
                rows.append(
                    {
                        "quantity": "cost", "device": device, "qubits": qubits, "vote": vote,
                        "network": NETWORK, "value": f"{cost.mean():.5f}", "low": f"{low:.5f}",
                        "high": f"{high:.5f}",
                    }
                )  # fmt: skip
    return rows


def breakdowns() -> list[Row]:
    """Return how much of one device's noise the bundled networks stand."""
    reference = right(result(CLASSICAL, "ideal"))
    rows: list[Row] = []
    for stretch in ("0.5", "1", "2"):
        model = f"mnist16-a{stretch}"
        noises = ["ideal" if not x else f"{DEVICES[0]}*{x}" for x in STRENGTHS]
        found = breakdown(STRENGTHS, [right(result(model, noise)) for noise in noises], reference)
        rows.append(
            {
                "quantity": "breakdown", "device": DEVICES[0], "qubits": "best",
                "vote": "majority", "network": model, "value": f"{found.value:.2f}",
                "low": f"{found.low:.2f}", "high": f"{found.high:.2f}",
            }
        )  # fmt: skip
    return rows


def main() -> None:
    rows = [*costs(), *breakdowns()]
    path = Path(__file__).with_suffix(".csv")
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    for row in rows:
        print(*row.values())


if __name__ == "__main__":
    main()
