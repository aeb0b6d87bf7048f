"""The spread of accuracy over simulated days, against binomial error bars alone.

    python benchmarks/drift.py

runs one network on one device over 100 days on which each qubit's errors, its readout and each
pair's gate wander log-normally, and prints the standard deviation of its accuracies over the days,
beside the one that counting shots or images alone would give, and beside the same days without
drift.
"""

import argparse
import math

import numpy as np

SIGMAS = [0.0, 0.1, 0.2, 0.4]


def main() -> None:
    from qnnq.runs.request import RunRequest
    from qnnq.runs.run import prepare

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="mnist16-a0.5")
    parser.add_argument("--device", default="fake_torino")
    parser.add_argument("--pairs", type=int, default=20)
    parser.add_argument("--images", default="0:1000")
    parser.add_argument("--shots", type=int, default=15)
    parser.add_argument("--days", type=int, default=100)
    options = parser.parse_args()
    print(f"{options.model} on {options.device}, {options.pairs} pairs, images {options.images}")
    print("| sigma | accuracy | mean | spread over days | binomial | lowest to highest day |")
    print("|---|---|---|---|---|---|")
    for sigma in SIGMAS:
        noise = options.device + (f" + drift(sigma={sigma:g}, time=24h)" if sigma else "")
        days: dict[str, list[float]] = {}
        for seed in range(options.days):
            request = RunRequest(
                model=options.model,
                images=options.images,
                noise=noise,
                pairs=options.pairs,
                shots=options.shots,
                seed=seed,
            )
            result = prepare(request).execute(with_error=False)
            for name, accuracy in result.to_json()["accuracy"].items():
                days.setdefault(name, []).append(accuracy["value"])
        images = len(result.images)
        for name, trials in (("single_shot", images * options.shots), ("majority", images)):
            found = 100 * np.array(days[name])
            mean = found.mean()
            binomial = math.sqrt(mean * (100 - mean) / trials)
            print(
                f"| {sigma:g} | {name} | {mean:.2f} % | {found.std(ddof=1):.2f} | {binomial:.2f} | "
                f"{found.min():.2f} to {found.max():.2f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
