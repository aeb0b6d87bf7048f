"""What a training run is asked for, and what it records."""

import math
from dataclasses import dataclass

from qnnq.errors import InputError
from qnnq.networks.activation import Activation

MOMENTUM = 0.9
MAJORITY_SHOTS = 15
"""Forward passes that the majority's error is measured with, as in the publication."""


@dataclass(frozen=True)
class TrainingSettings:
    """A network's shape and physics, and how to train it; the defaults are those published.

    `hidden` has the width of each hidden layer; `entanglement` is in radians. Test errors are
    measured after every `evaluate_every` epochs and after the last; how often changes no weight.
    Raises InputError for a value out of range; the physics is checked by `Network`.
    """

    hidden: tuple[int, ...]
    stretch: float
    activation: Activation = "htanh"
    entanglement: float = math.pi / 2
    last_projective: bool = True
    epochs: int = 100
    seed: int = 0
    learning_rate: float = 0.01
    batch_size: int = 64
    evaluate_every: int = 10

    def __post_init__(self) -> None:
        if not self.hidden or min(self.hidden) < 1:
            found = ",".join(map(str, self.hidden)) or "none"
            raise InputError(f"hidden: expected widths >= 1 such as 16,16,16, got {found}")
        for name, least in (("epochs", 1), ("seed", 0), ("batch_size", 1), ("evaluate_every", 1)):
            if getattr(self, name) < least:
                option = name.replace("_", "-")
                raise InputError(f"{option}: expected >= {least}, got {getattr(self, name)}")
        if not 0 < self.learning_rate <= 1000:
            rate = self.learning_rate
            raise InputError(f"learning-rate: expected a number in (0, 1000], got {rate}")


@dataclass(frozen=True)
class Epoch:
    """One epoch's record; errors are fractions, None where they were not measured.

    `loss` and `training_error` are means over the epoch's batches, each before its update.
    `single_shot_error` is the mean over `MAJORITY_SHOTS` forward passes, `majority_error` that of
    their majority. `seconds` is since the beginning of the training.
    """

    epoch: int
    loss: float
    training_error: float
    single_shot_error: float | None
    majority_error: float | None
    seconds: float
