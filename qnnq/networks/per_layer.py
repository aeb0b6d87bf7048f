"""Activations and stretches as people write them: one for all hidden layers, or one for each."""

from typing import TYPE_CHECKING, cast

from qnnq.errors import InputError

if TYPE_CHECKING:
    from qnnq.networks.activation import Activation


def parse_activation(text: str) -> "Activation | tuple[Activation, ...]":
    """Return what `htanh` or `htanh,linear,linear` says; `Network` checks the names."""
    names = tuple(cast("Activation", part.strip()) for part in text.split(","))
    return names if len(names) > 1 else names[0]


def parse_stretch(text: str) -> float | tuple[float, ...]:
    """Return what `0.5` or `0.5,2,2` says; raise InputError where it says no numbers."""
    try:
        numbers = tuple(map(float, text.split(",")))
    except ValueError:
        raise InputError(
            f"stretch {text!r}: expected a number, or one for each hidden layer such as 0.5,2,2"
        ) from None
    return numbers if len(numbers) > 1 else numbers[0]
