"""What a training run is asked for, and what it records."""

import math
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

from qnnq.errors import InputError, require
from qnnq.networks.activation import Activation
from qnnq.options.circuits import ModeName

MOMENTUM = 0.9
MAJORITY_SHOTS = 15
"""Forward passes that the majority's error is measured with, as in the publication."""

Schedule = Literal["constant", "cosine"]
SCHEDULES: tuple[Schedule, ...] = get_args(Schedule)
Rival = Literal["relu", "tanh", "sign"]
RIVALS: tuple[Rival, ...] = get_args(Rival)
RECIPES = ("best", "published")
_LARGE = 256
"""Inputs from which on dropping some of them helps."""


def recipe(name: str, inputs: int) -> dict[str, Any]:
    """Return what a recipe changes of the defaults of `TrainingSettings`.

    `best` did best on images that were held out, of MNIST (benchmarks/papers/best_recipe.py) and of
    scikit-learn's digits, where dropped pixels cost 2 to 3 points; `published` is that of
    arXiv:2503.15482.

    Args:
        name: One of `RECIPES`.
        inputs: Pixels or features of an image.
    """
    if name == "published":
        return {"activation": "tanh"}
    return {
        "activation": "tanh",
        "learning_rate": 0.03,
        "schedule": "cosine",
        "weight_decay": 0.001,
        "epochs": 150,
        "input_dropout": 0.2 if inputs >= _LARGE else 0.0,
    }


@dataclass(frozen=True)
class TrainingSettings:
    """A network's shape and physics, and how to train it; the defaults are those published.

    Attributes:
        hidden: The width of each hidden layer.
        stretch: Of the activation: one for all hidden layers, or one for each.
        activation: Which activation; likewise.
        entanglement: Radians.
        last_projective: Whether the last hidden layer is measured at pi/2 in any case.
        epochs: Times through the training images.
        seed: Of every random number.
        learning_rate: Of SGD with momentum 0.9.
        batch_size: Images an update.
        evaluate_every: Epochs between measurements of the test errors, which are also measured
            after the last; how often changes no weight.
        train_shots: Shots an image in training. The loss is the cross-entropy of the mean of their
            class probabilities, so that many of them train the vote rather than a shot.
        schedule: `cosine` takes the learning rate to 0 along half a period.
        weight_decay: Of SGD, on all weights.
        label_smoothing: Share of each label that is spread over all classes.
        input_dropout: Share of the pixels that are set to 0, anew for every image of a batch.
        dropout: The same of the hidden neurons' outcomes, anew for every shot.
        shift: Augmentation: images are moved by up to so many pixels, up or down and sideways.
        validation: Share of the training images that is held out. The network kept is then the one
            of the epoch with the lowest loss on them, else the last.
        patience: Epochs without a lower validation loss after which training stops; 0 is never.
        noise: What the outcomes are sampled under: `ideal`, a noise specification, whose layers are
            compiled for `device`, or `measured:FILE`.
        strengths: Of the noise; each image of a batch draws one of them.
        device: Its name; None is the device that the noise names.
        qubits: Where the neurons are, as in `qnnq.runs.request.RunRequest`; of several copies
            each image draws one.
        mode: How layers are measured under the noise: `stepwise`, or `coherent` with living
            neurons.
        feedback_latency: Of the coherent mode, as in `qnnq.runs.request.RunRequest`.
        classical: Train a rival instead, whose hidden neurons have this activation and sample
            nothing; stretch, activation and entanglement are then no part of it.

    Raises:
        InputError: For a value out of range; the physics is checked by `Network`.
    """

    hidden: tuple[int, ...]
    stretch: float | tuple[float, ...]
    activation: Activation | tuple[Activation, ...] = "htanh"
    entanglement: float = math.pi / 2
    last_projective: bool = True
    epochs: int = 100
    seed: int = 0
    learning_rate: float = 0.01
    batch_size: int = 64
    evaluate_every: int = 10
    train_shots: int = 1
    schedule: Schedule = "constant"
    weight_decay: float = 0.0
    label_smoothing: float = 0.0
    input_dropout: float = 0.0
    dropout: float = 0.0
    shift: int = 0
    validation: float = 0.0
    patience: int = 0
    noise: str = "ideal"
    strengths: tuple[float, ...] = (1.0,)
    device: str | None = None
    qubits: str = "best"
    mode: ModeName = "stepwise"
    feedback_latency: str | None = None
    classical: Rival | None = None

    def __post_init__(self) -> None:
        found = ",".join(map(str, self.hidden)) or "none"
        good = min(self.hidden, default=0) >= 1
        require(good, "hidden", "widths >= 1 such as 16,16,16", found)
        for name in ("epochs", "batch_size", "evaluate_every", "train_shots"):
            self._check(name, getattr(self, name) >= 1, ">= 1")
        for name in ("seed", "shift", "patience"):
            self._check(name, getattr(self, name) >= 0, ">= 0")
        for name in ("label_smoothing", "input_dropout", "dropout", "validation"):
            self._check(name, 0 <= getattr(self, name) < 1, "a number in [0, 1)")
        self._check("learning_rate", 0 < self.learning_rate <= 1000, "a number in (0, 1000]")
        self._check("weight_decay", 0 <= self.weight_decay <= 1000, "a number in [0, 1000]")
        self._check("schedule", self.schedule in SCHEDULES, f"one of {', '.join(SCHEDULES)}")
        self._check("classical", self.classical in (None, *RIVALS), f"one of {', '.join(RIVALS)}")
        if self.classical and self.noise != "ideal":
            raise InputError("classical: expected without a noise, which a rival does not have")
        good = bool(self.strengths) and all(0 <= x < math.inf for x in self.strengths)
        self._check("strengths", good, "numbers >= 0")
        if self.noise == "ideal":
            for name in ("strengths", "device", "qubits", "mode", "feedback_latency"):
                if getattr(self, name) != getattr(TrainingSettings, name):
                    option = name.replace("strengths", "strength").replace("_", "-")
                    raise InputError(f"{option}: expected with a noise to train under")
        if self.patience and not self.validation:
            raise InputError("patience: expected with a validation share, whose loss it watches")

    def identity(self) -> dict[str, Any]:
        """Return the fields that make a training what it is: those of the coherent mode there."""
        fields = asdict(self)
        if self.classical is None:
            del fields["classical"]
        if self.mode == "stepwise":
            del fields["mode"], fields["feedback_latency"]
        return fields

    def _check(self, name: str, good: bool, expected: str) -> None:
        require(good, name.replace("_", "-"), expected, getattr(self, name))


@dataclass(frozen=True)
class Epoch:
    """One epoch's record; errors are fractions, None where they were not measured.

    Attributes:
        epoch: Its number, from 1.
        loss: Mean over the epoch's batches, each before its update.
        training_error: The same; with several shots an image, that of their mean probabilities.
        single_shot_error: On the test images, the mean over `MAJORITY_SHOTS` forward passes.
        majority_error: On the test images, that of their majority.
        seconds: Since the beginning of the training, without what lay between interruptions.
        validation_loss: Of the mean probabilities of `MAJORITY_SHOTS` shots of the images held out.
        validation_error: Of their majority.
    """

    epoch: int
    loss: float
    training_error: float
    single_shot_error: float | None
    majority_error: float | None
    seconds: float
    validation_loss: float | None = None
    validation_error: float | None = None
