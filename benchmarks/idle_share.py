"""The share of idle relaxation in stepwise layers, with and without ancillas and pairs.

    python benchmarks/idle_share.py

For each device and kind of layer of 16 neurons it prints how long a neuron's qubits wait while the
outcome depends on them, how far the device's noise moves P(-1) (root mean square over all angles,
mean over the neurons), and each mechanism's share of the sum of what the mechanisms do alone.
"""

import argparse

import numpy as np

DEVICES = ["fake_kingston", "fake_boston", "fake_torino", "fake_sherbrooke", "fake_nighthawk"]
LAYERS = {
    "method 1": ("mnist16-a0.5", {}),
    "method 1, 10 SX pairs": ("mnist16-a0.5", {"pairs": 10}),
    "method 1, 10 CZ pairs": ("mnist16-a0.5", {"pairs": 10, "pair_gate": "cz"}),
    "ancillas": ("mnist16-a0.5-g3pi8", {}),
    "ancillas, 10 SX pairs": ("mnist16-a0.5-g3pi8", {"pairs": 10}),
    "ancillas, 10 CZ pairs": ("mnist16-a0.5-g3pi8", {"pairs": 10, "pair_gate": "cz"}),
}


def main() -> None:
    from noise_models.catalogue import MECHANISMS
    from qnnq.deployments.error_budget import error_budget
    from qnnq.networks.bundled import load_model
    from qnnq.runs.deploy import deploy
    from qnnq.runs.request import RunRequest

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--devices", nargs="+", default=DEVICES)
    arguments = parser.parse_args()
    print("| device | layer | idle (ns) | error | " + " | ".join(MECHANISMS) + " |")
    print("|---|---|---|---|" + "---|" * len(MECHANISMS))
    for device in arguments.devices:
        for layer, (model, options) in LAYERS.items():
            deployed = deploy(RunRequest(noise=device, **options), load_model(model))
            rows = [row for row in error_budget(deployed) if row.layer == 0]
            idle = 1e9 * np.mean([row.idle_s for row in rows])
            error = np.mean([row.total for row in rows])
            shares = [100 * np.mean([row.shares[name] for row in rows]) for name in MECHANISMS]
            cells = " | ".join(f"{share:.1f} %" for share in shares)
            print(f"| {device} | {layer} | {idle:.0f} | {error:.2e} | {cells} |", flush=True)


if __name__ == "__main__":
    main()
