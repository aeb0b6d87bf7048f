"""What a training run is asked for, and what it records."""

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

from qnnq.errors import InputError, require
from qnnq.networks.angles import parse_entanglement
from qnnq.networks.per_layer import parse_activation, parse_stretch
from qnnq.options.circuits import ModeName
from qnnq.options.option import check_options, make_plain, option, options_of, same
from qnnq.runs.request import RunRequest

if TYPE_CHECKING:
    from qnnq.networks.activation import Activation

MOMENTUM = 0.9
MAJORITY_SHOTS = 15
"""Forward passes that the majority's error is measured with, as in the publication."""

Schedule = Literal["constant", "cosine"]
Receive = Literal["none", "neighbours", "twins"]
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
            compiled for `device`, or `measured:FILE`; or an object as in
            `qnnq.runs.request.RunRequest`.
        strengths: Of the noise; each image of a batch draws one of them.
        device: Its name; None is the device that the noise names.
        qubits: Where the neurons are, as in `qnnq.runs.request.RunRequest`; of several copies
            each image draws one.
        mode: How layers are measured under the noise: `stepwise`, or `coherent` with living
            neurons.
        feedback_latency: Of the coherent mode, as in `qnnq.runs.request.RunRequest`.
        coupling: What joins neighbours of all hidden layers, `KIND[:k]` of
            `qnnq.networks.couplings`, k = 2 where it is left out; neurons that are left over, and
            layers of fewer than k, are not joined. The angles are trained.
        classical: Train a rival instead, whose hidden neurons have this activation and sample
            nothing; stretch, activation and entanglement are then no part of it.
        receive: Where the data are quantum states, whose qubits a first layer in front of the
            hidden ones receives: what couplings join. None joins twins where there are any.

    Raises:
        InputError: For a value out of range; the physics is checked by `Network`.
    """

    hidden: tuple[int, ...] = option(
        (16, 16, 16),
        "Width of each hidden layer.",
        written="16,16,16",
        parse=lambda text: _whole_numbers("hidden", text, "widths such as 16,16,16"),
    )
    stretch: float | tuple[float, ...] = option(
        0.5,
        "Of the activation; 0 is sign(z). One, or one a hidden layer.",
        written="0.5",
        parse=parse_stretch,
    )
    activation: "Activation | tuple[Activation, ...]" = option(
        "htanh", "htanh, tanh or linear. One, or one a hidden layer.", parse=parse_activation
    )
    entanglement: float = option(
        math.pi / 2,
        "Angle in radians, such as 5pi/19; pi/2 is projective.",
        written="pi/2",
        parse=parse_entanglement,
    )
    last_projective: bool = option(
        True, "Measure the last hidden layer at pi/2 in any case, as published."
    )
    epochs: int = option(100, "Times through the data.", least=1)
    seed: int = option(0, "Of every random number.", least=0)
    learning_rate: float = option(0.01, "Of SGD with momentum 0.9.", least=0, most=1000)
    batch_size: int = option(64, "Images an update.", least=1)
    evaluate_every: int = option(10, "Epochs between test errors.", least=1)
    train_shots: int = option(1, "Shots an image in the loss: more train the vote.", least=1)
    schedule: Schedule = option(
        "constant", "Of the learning rate: constant or cosine.", known=get_args(Schedule)
    )
    weight_decay: float = option(0.0, "Of SGD, on all weights.", least=0, most=1000)
    label_smoothing: float = option(
        0.0, "Share of a label that goes to all classes.", least=0, below=1
    )
    input_dropout: float = option(0.0, "Share of pixels set to 0.", least=0, below=1)
    dropout: float = option(0.0, "Share of outcomes set to 0.", least=0, below=1)
    shift: int = option(0, "Augmentation: move images by up to so many pixels.", least=0)
    validation: float = option(
        0.0,
        "Share of the training images held out to choose the best epoch.",
        least=0,
        below=1,
    )
    patience: int = option(0, "Stop so many epochs after the best one; 0: never.", least=0)
    noise: Any = option("ideal", "Train under this noise, or measured:FILE.", metavar="SPEC")
    strengths: tuple[float, ...] = option(
        (1.0,),
        "Of the noise; of several, each image of a batch draws one.",
        written="1",
        flag="strength",
        parse=lambda text: _numbers("strength", text),
    )
    device: Any = same(RunRequest, "device")
    qubits: str = same(RunRequest, "qubits")
    mode: ModeName = same(
        RunRequest, "mode", help="Of the layers under noise: stepwise or coherent."
    )
    feedback_latency: str | float | None = same(RunRequest, "feedback_latency")
    classical: Rival | None = option(
        None,
        "Train a rival in place of a network: relu, tanh or sign neurons. --out is then a results "
        "file with its answers, which compare and report read.",
        metavar="NEURON",
        known=RIVALS,
    )

    coupling: str | None = option(
        None,
        "Join neighbours of all hidden layers: cz, cz-own, xx+yy or bell, of :2 to :4 neurons.",
        metavar="KIND[:k]",
    )
    receive: Receive | None = option(
        None,
        "What joins the qubits of quantum states: none, neighbours (0 and 1, 2 and 3, ...) or "
        "twins.  [default: twins where a shot has two copies, else none]",
        known=get_args(Receive),
    )

    def __post_init__(self) -> None:
        make_plain(self)
        widths = (self.hidden,) if isinstance(self.hidden, int) else tuple(self.hidden)
        object.__setattr__(self, "hidden", widths)
        found = ",".join(map(str, self.hidden)) or "none"
        good = min(self.hidden, default=0) >= 1
        require(good, "`hidden`", "widths >= 1 such as 16,16,16", found)
        check_options(self)
        require(self.learning_rate > 0, "`learning_rate`", "a number > 0", self.learning_rate)
        if self.classical and self.noise != "ideal":
            raise InputError("`classical`: expected without a noise, which a rival does not have")
        good = bool(self.strengths) and all(0 <= x < math.inf for x in self.strengths)
        require(good, "`strength`", "numbers >= 0", self.strengths)
        if self.noise == "ideal":
            for name in ("strengths", "device", "qubits", "mode", "feedback_latency"):
                if getattr(self, name) != getattr(TrainingSettings, name):
                    called = options_of(TrainingSettings)[name].flag or name
                    raise InputError(f"`{called}`: expected with a noise to train under")
        if self.coupling is not None:
            self._check_coupling(self.coupling)
        if self.patience and not self.validation:
            raise InputError("`patience`: expected with a validation share, whose loss it watches")

    def _check_coupling(self, coupling: str) -> None:
        from qnnq.networks.couplings import parse_coupling

        _, size = parse_coupling(coupling)
        widest = max(self.hidden)
        require(widest >= size, f"`coupling` {coupling}", f"a layer of {size} neurons", widest)
        for other, given in (
            ("`noise`", self.noise != "ideal"),
            ("`classical`", self.classical is not None),
            ("`activation` linear", "linear" in self.activation),
        ):
            if given:
                raise InputError(f"`coupling`: expected without {other}")

    def identity(self) -> dict[str, Any]:
        """Return the fields that make a training what it is: those of the coherent mode there."""
        fields = dict(vars(self))
        for name in ("classical", "coupling", "receive"):
            if fields[name] is None:
                del fields[name]
        if not isinstance(self.noise, str):
            noise = RunRequest(noise=self.noise).noise
            fields["noise"] = getattr(noise, "name", noise)
        if not isinstance(self.device, str | None):
            from qnnq.devices.names import resolve_device

            found = resolve_device(self.device)
            fields["device"] = found.content or found.name
        if self.mode == "stepwise":
            del fields["mode"], fields["feedback_latency"]
        return fields


def _whole_numbers(name: str, text: str, expected: str) -> tuple[int, ...]:
    numbers = [number.strip() for number in text.split(",")]
    if not all(re.fullmatch(r"[0-9]{1,9}", number) for number in numbers):
        raise InputError(f"`{name}` {text!r}: expected {expected}")
    return tuple(map(int, numbers))


def parse_seeds(text: str) -> tuple[int, ...]:
    """Return the seeds of several trainings, such as 0,1,2; raises InputError for other words."""
    return _whole_numbers("seed", text, "seeds such as 0 or 0,1,2")


def _numbers(name: str, text: str) -> tuple[float, ...]:
    try:
        return tuple(float(number) for number in text.split(","))
    except ValueError:
        raise InputError(f"`{name}` {text!r}: expected numbers such as 1 or 1,32") from None


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
