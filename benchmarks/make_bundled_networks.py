"""Train the bundled networks again and compare them with the files; `--write` replaces the files.

16-16-16 hidden neurons, htanh, the first 5,000 training images, 100 epochs, seed 0, whatever the
test accuracy turns out to be. The linear ones have htanh in their first layer only, and are trained
with a learning rate that falls along a cosine: `mnist16-linear` for the vote of 4 shots;
`mnist16-linear-g3pi8`, which is harder to train, for the vote of 15, in 200 epochs, from a learning
rate of 0.02, with a weight decay of 0.001 and a fifth of the pixels dropped, on the first 4,000
images: the other 1,000 chose this recipe among ten. Its training is not robust, another seed or all
5,000 images may end some points lower. One thread of the CPU and
torch's deterministic algorithms make the same torch on the same kind of processor give the same
bytes; another torch or processor may round matrix products differently, and the script then says
how far apart the weights are.
"""

import argparse
import math
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from qnnq.data.dataset import Dataset
from qnnq.data.load import load_data
from qnnq.networks.bundled import BUNDLED_FOLDER
from qnnq.networks.file import read_network, write_network
from qnnq.networks.network import Network
from qnnq.training.settings import TrainingSettings
from qnnq.training.trainer import train

METHOD_1 = ("0", "0.1", "0.2", "0.5", "1", "1.5", "2")
ENTANGLEMENTS = {"g5pi19": 5 * math.pi / 19, "g3pi8": 3 * math.pi / 8}
FEWER_IMAGES = {"mnist16-linear-g3pi8": 4000}


def settings_by_name() -> dict[str, TrainingSettings]:
    all_settings = {f"mnist16-a{a}": TrainingSettings((16, 16, 16), float(a)) for a in METHOD_1}
    for a in ("0", "0.5"):
        for name, entanglement in ENTANGLEMENTS.items():
            all_settings[f"mnist16-a{a}-{name}"] = TrainingSettings(
                (16, 16, 16), float(a), entanglement=entanglement
            )
    linear = TrainingSettings(
        (16, 16, 16),
        (0.5, 2.0, 2.0),
        activation=("htanh", "linear", "linear"),
        train_shots=4,
        schedule="cosine",
    )
    all_settings["mnist16-linear"] = linear
    all_settings["mnist16-linear-g3pi8"] = replace(
        linear,
        entanglement=ENTANGLEMENTS["g3pi8"],
        train_shots=15,
        epochs=200,
        learning_rate=0.02,
        weight_decay=1e-3,
        input_dropout=0.2,
    )
    return all_settings


def training_images(name: str) -> Dataset:
    data = load_data("mnist5k")
    if name not in FEWER_IMAGES:
        return data
    count = FEWER_IMAGES[name]
    return Dataset(data.images[:count], data.labels[:count], f"{data.name} 0:{count}")


def compare(network: Network, path: Path) -> str:
    if not path.is_file():
        return "no file to compare with"
    with tempfile.TemporaryDirectory() as folder:
        again = Path(folder) / path.name
        write_network(network, again)
        if again.read_bytes() == path.read_bytes():
            return "bit for bit the same"
    old = read_network(path)
    if old.digest == network.digest:
        return "same network, other information"
    pairs = zip(old.weights, network.weights, strict=True)
    apart = max(float(np.abs(one - other).max()) for one, other in pairs)
    versions = f"torch {old.information['torch']} then, {torch.__version__} now"
    return f"DIFFERENT: weights up to {apart:.3g} apart ({versions})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--only", default="", help="networks whose names begin so", metavar="NAME")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    test = load_data("mnist-test")
    for name, settings in settings_by_name().items():
        if not name.startswith(arguments.only):
            continue
        result = train(settings, training_images(name), test, device="cpu")
        path = BUNDLED_FOLDER / f"{name}.safetensors"
        known = result.network.information
        print(
            f"{name:20} {result.history[-1].seconds:5.1f} s  "
            f"one shot {known['single_shot_accuracy']}  majority {known['majority_accuracy']}  "
            f"{compare(result.network, path)}",
            flush=True,
        )
        if arguments.write:
            write_network(result.network, path)


if __name__ == "__main__":
    main()
