"""Classical networks of the same size beside the quantum ones, trained in the same way.

    python benchmarks/classical_baseline.py                      # 16-16-16, about 2 minutes
    python benchmarks/classical_baseline.py --hidden 512,512     # about 15 minutes

Real-valued tanh, hard tanh and ReLU networks, the sign network, and networks with one projectively
measured qubit a neuron: the first 5,000 MNIST training images, SGD with momentum 0.9, learning rate
0.01, batches of 64, 100 epochs, no biases, weights from N(0, 1/fan_in). Nothing was tuned for
either kind, and the bundled networks are beside them. Needs torch (the extra `train`).
"""

import argparse
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from rich.console import Console
from rich.progress import track
from rich.table import Table
from torch import nn

from qnnq.data.dataset import Dataset
from qnnq.data.load import load_data
from qnnq.errors import InputError
from qnnq.execution.request import RunRequest
from qnnq.execution.run import prepare
from qnnq.networks.activation import phi
from qnnq.networks.bundled import bundled_models
from qnnq.networks.network import Network
from qnnq.statistics import wilson
from qnnq.training.module import QuantizedNetwork
from qnnq.training.settings import MAJORITY_SHOTS, MOMENTUM, TrainingSettings
from qnnq.training.trainer import train

REAL = {"tanh": nn.Tanh, "hard tanh": nn.Hardtanh, "ReLU": nn.ReLU}
STRETCHES = (0.316, 0.5, 1.0)


@dataclass(frozen=True)
class Accuracies:
    """Accuracies on the test images, in [0, 1]; `expected`: with phi(z) instead of outcomes."""

    one_shot: float
    majority: float | None = None
    expected: float | None = None


def real_valued(
    activation: type[nn.Module], settings: TrainingSettings, data: Dataset, test: Dataset
) -> Accuracies:
    """Train a network with a real-valued activation."""
    generator = torch.Generator().manual_seed(settings.seed)
    classes = int(data.labels.max()) + 1
    first, *rest = QuantizedNetwork(data.images.shape[1], classes, settings, generator).layers
    model = nn.Sequential(first, *(part for layer in rest for part in (activation(), layer)))
    optimizer = torch.optim.SGD(model.parameters(), lr=settings.learning_rate, momentum=MOMENTUM)
    pixels, labels = tensors(data)
    for _ in range(settings.epochs):
        for batch in torch.randperm(len(labels), generator=generator).split(settings.batch_size):
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(pixels[batch]), labels[batch]).backward()
            optimizer.step()
    pixels, labels = tensors(test)
    with torch.no_grad():
        right = model(pixels).argmax(1) == labels
    return Accuracies(right.double().mean().item())


def tensors(data: Dataset) -> tuple[torch.Tensor, torch.Tensor]:
    return torch.tensor(data.images / np.float32(255)), torch.tensor(data.labels)


def measured(settings: TrainingSettings, data: Dataset, test: Dataset) -> Accuracies:
    """Train a network whose neurons are measured: stretch 0 is the sign network."""
    result = train(settings, data, test, device="cpu")
    last = result.history[-1]
    assert last.single_shot_error is not None
    assert last.majority_error is not None
    if settings.stretch == 0:
        return Accuracies(1 - last.single_shot_error)
    expected = without_sampling(result.network, test)
    return Accuracies(1 - last.single_shot_error, 1 - last.majority_error, expected)


def without_sampling(network: Network, test: Dataset) -> float:
    """Return the accuracy of the real-valued network with these weights and r = phi(z)."""
    values = test.images / 255
    layers = zip(network.weights, network.activations, network.stretches, strict=False)
    for weight, activation, stretch in layers:
        values = phi(values @ weight.T, activation, stretch)
    return float(np.mean((values @ network.weights[-1].T).argmax(1) == test.labels))


def bundled(model: str, test: Dataset) -> Accuracies:
    """Return a bundled network's accuracies without noise."""
    prepared = prepare(RunRequest(model=model, engine="ideal", noise="ideal", shots=MAJORITY_SHOTS))
    found = prepared.execute().to_json()["accuracy"]
    network = prepared.network
    sampled = network.stretch > 0 and network.entanglement == math.pi / 2
    expected = without_sampling(network, test) if sampled else None
    return Accuracies(found["single_shot"]["value"], found["majority"]["value"], expected)


def numbers(text: str) -> tuple[int, ...]:
    """Read whole numbers such as 16,16,16."""
    return tuple(map(int, text.split(",")))


def cell(values: Sequence[float | None], images: int) -> str:
    """Return the mean over seeds with its Wilson interval, and the range over seeds."""
    present = [value for value in values if value is not None]
    if not present:
        return ""
    mean = float(np.mean(present))
    low, high = wilson(round(mean * images), images)
    text = f"{100 * mean:.2f} ({100 * low:.2f} to {100 * high:.2f})"
    if len(present) > 1:
        text += f", {100 * min(present):.2f} to {100 * max(present):.2f}"
    return text


def add(table: Table, name: str, found: Sequence[Accuracies], images: int) -> None:
    """Add a network's row."""
    columns = ("one_shot", "majority", "expected")
    cells = ([getattr(each, column) for each in found] for column in columns)
    table.add_row(name, *(cell(values, images) for values in cells))


def compared(base: TrainingSettings, seeds: Sequence[int], test: Dataset) -> Table:
    """Train every kind of network with every seed; return their accuracies as a table."""
    data, images = load_data("mnist5k"), len(test.labels)
    table = Table(
        title=f"Accuracy in % on {images} MNIST test images, {'-'.join(map(str, base.hidden))} "
        f"hidden neurons, {base.epochs} epochs:\nmean over {len(seeds)} seeds (95 % Wilson "
        "interval for the images), lowest and highest seed",
        title_justify="left",
    )
    for heading in ("network", "one pass", f"majority of {MAJORITY_SHOTS}", "without sampling"):
        table.add_column(heading)
    errors = Console(stderr=True)
    kinds: list[str | float] = [*REAL, 0.0, *STRETCHES]
    for kind in track(
        kinds, "training", console=errors, transient=True, disable=not errors.is_terminal
    ):
        if isinstance(kind, str):
            runs = [replace(base, seed=seed) for seed in seeds]
            found = [real_valued(REAL[kind], settings, data, test) for settings in runs]
            add(table, kind, found, images)
        else:
            runs = [replace(base, stretch=kind, seed=seed) for seed in seeds]
            found = [measured(settings, data, test) for settings in runs]
            add(table, f"quantum, stretch {kind:g}" if kind else "sign", found, images)
    return table


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--hidden", type=numbers, default="16,16,16")
    parser.add_argument("--seeds", type=numbers, default="0,1,2")
    parser.add_argument("--epochs", type=int, default=100)
    parser.add_argument("--activation", default="htanh", choices=("htanh", "tanh"))
    arguments = parser.parse_args()
    test = load_data("mnist-test")
    try:
        settings = TrainingSettings(
            arguments.hidden,
            stretch=0.0,
            activation=arguments.activation,
            epochs=arguments.epochs,
            evaluate_every=arguments.epochs,
        )
        table = compared(settings, arguments.seeds, test)
    except InputError as error:
        parser.error(str(error))
    if arguments.hidden == (16, 16, 16):
        table.add_section()
        for model in bundled_models():
            add(table, model, [bundled(model, test)], len(test.labels))
    Console(width=150).print(table)
    print(
        "one pass: one forward pass or one shot. without sampling: the same weights in a real-"
        "valued network,\neach outcome replaced by its expectation phi(z). A projectively measured "
        "network is a classical\nstochastic network: without noise, its shots can be drawn without "
        "a quantum computer."
    )


if __name__ == "__main__":
    main()
