"""How many images side by side are worth their loss of accuracy, before they are paid for."""

from collections.abc import Sequence
from dataclasses import dataclass

ACCEPTED_LOSS = 0.005
"""Accuracy of a shot that the default number of copies may lose against a single copy."""


@dataclass(frozen=True)
class Choice:
    """One number of images side by side, and what it means.

    Attributes:
        copies: Images side by side on the chip, in the layer that takes the most.
        accuracy: Predicted accuracy of a shot, None where the calibration data do not suffice.
        cost: Of the run: quantum seconds, or in the currency of a tariff.
        chosen: Whether it is the one that is used.
    """

    copies: int
    accuracy: float | None
    cost: float
    chosen: bool


def numbers_of_copies(most: int) -> list[int]:
    """Return the numbers that are tried, ascending: powers of two, and as many as fit."""
    return sorted({1 << power for power in range(most.bit_length())} | {most})


def best_choice(accuracies: Sequence[float | None]) -> int:
    """Return the index of the most copies that lose at most `ACCEPTED_LOSS` against one copy.

    Where no accuracy is known, that is the last one.
    """
    first = accuracies[0]
    return max(
        number
        for number, accuracy in enumerate(accuracies)
        if number == 0 or first is None or (accuracy or 0.0) >= first - ACCEPTED_LOSS
    )
