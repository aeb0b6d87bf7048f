"""Train at the published setting (arXiv:2503.15482) and print the errors on the 10,000 test images.

512-512 hidden neurons, tanh, 100 epochs on the first 5,000 training images; three seeds each of the
classical sign network and of method 1 at two stretches. `--seeds 0`, `--epochs 3` make it shorter.
"""

import argparse
import time

import torch

from qnnq.data.load import load_data
from qnnq.training.settings import MAJORITY_SHOTS, TrainingSettings
from qnnq.training.trainer import train

HIDDEN = (512, 512)
STRETCHES = {0.0: "classical", 0.316: "method 1", 0.5: "method 1"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", default="0,1,2")
    parser.add_argument("--epochs", type=int, default=100)
    arguments = parser.parse_args()
    data, test = load_data("mnist5k"), load_data("mnist-test")
    print(
        f"torch {torch.__version__}, {torch.get_num_threads()} threads, {arguments.epochs} epochs"
    )
    print("network    stretch  seed  single-shot error  majority error  seconds")
    for stretch, kind in STRETCHES.items():
        for seed in map(int, arguments.seeds.split(",")):
            settings = TrainingSettings(
                HIDDEN,
                stretch,
                activation="tanh",
                epochs=arguments.epochs,
                seed=seed,
                evaluate_every=arguments.epochs,
            )
            started = time.perf_counter()
            last = train(settings, data, test).history[-1]
            seconds = time.perf_counter() - started
            assert last.single_shot_error is not None
            assert last.majority_error is not None
            print(
                f"{kind:10} {stretch:7g} {seed:5} {last.single_shot_error:17.2%} "
                f"{last.majority_error:15.2%} {seconds:8.1f}",
                flush=True,
            )
    print(f"majority: of {MAJORITY_SHOTS} independent forward passes")


if __name__ == "__main__":
    main()
