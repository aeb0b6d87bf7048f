"""Couplings: gates that join a few neurons of a layer, as part of a network.

A coupling joins k = 2 to 4 neurons in a chain, in the order in which it names them, and needs a
projective measurement. With theta_j the angle by which neuron j is rotated, |0> at the start:

- `cz`: RY(theta_j) on each, CZ on neighbours, RY(angle_j) on each;
- `cz-own`: RY(theta_j / 2) on each, CZ on neighbours, RY(angle_j + theta_j / 2) on each;
- `xx+yy`: RY(theta_j) on each, then exp(-i (angle_j / 4)(XX + YY)) on neighbours j and j + 1, one
  after the other;
- `bell`: cos(angle / 2) |0...0> + sin(angle / 2) |1...1>, then RY(theta_j) on each: at pi/2 a Bell
  pair, of more neurons a GHZ state.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from operator import index
from typing import Any, Literal, Self, get_args

from qnnq.errors import InputError
from qnnq.wording import nearest

Kind = Literal["cz", "cz-own", "xx+yy", "bell"]

KINDS: tuple[Kind, ...] = get_args(Kind)

SIZES = range(2, 5)
"""Neurons of a coupling."""


@dataclass(frozen=True)
class Coupling:
    """Neurons of one layer that gates join.

    Attributes:
        kind: Which gates.
        neurons: In the order of the chain.
        angles: Radians: one a neuron of `cz` and `cz-own`, one for each two neighbours of `xx+yy`,
            one of `bell`.
    """

    kind: Kind
    neurons: tuple[int, ...]
    angles: tuple[float, ...]

    @classmethod
    def of(cls, kind: Kind, neurons: Sequence[int], angles: Sequence[float]) -> Self:
        """Return it with plain numbers; raise TypeError for anything else, texts of them too."""
        return cls(kind, tuple(map(index, neurons)), tuple(float(+angle) for angle in angles))

    @property
    def degree(self) -> int:
        """In how many equal parts a neuron's angle turns it.

        Also the degree of the outcomes' probabilities as trigonometric polynomials in such parts.
        """
        return 2 if self.kind == "cz-own" else 1


def angle_count(kind: Kind, size: int) -> int:
    """Return how many angles a coupling of so many neurons has."""
    return {"xx+yy": size - 1, "bell": 1}.get(kind, size)


def parse_coupling(text: str) -> tuple[Kind, int]:
    """Return the kind and the number of neurons that `cz` (two) or `cz:3` says."""
    kind, _, size = text.partition(":")
    known = next((each for each in KINDS if each == kind), None)
    if known is None or size not in ("", *map(str, SIZES)):
        raise InputError(
            f"`coupling` {text!r}: expected {', '.join(KINDS)}, or one of them and 2 to 4 neurons "
            f"such as {KINDS[0]}:4{nearest(kind, KINDS)}"
        )
    return known, int(size or SIZES[0])


def joint_probabilities(kind: Kind, theta: Any, angles: Any, xp: Any) -> Any:
    """Return the probabilities of all patterns of bits without noise, (..., 2**k).

    Args:
        kind: The coupling's.
        theta: The angles by which its neurons are rotated, radians, (..., k); the first one's bit
            is the most significant.
        angles: The coupling's, (..., angles); broadcasts with `theta`.
        xp: numpy, or torch where a network is trained.
    """
    size = theta.shape[-1]
    if kind == "cz-own":
        theta = theta / 2
    cosine, sine = xp.cos(theta / 2), xp.sin(theta / 2)
    state = _product(cosine, sine, xp)
    if kind == "bell":
        half = angles[..., :1] / 2
        state = xp.cos(half) * state + xp.sin(half) * _product(-sine, cosine, xp)
    elif kind == "xx+yy":
        real, imaginary = state, 0 * state
        for first in range(size - 1):
            real, imaginary = _exchanged(real, imaginary, first, angles[..., first] / 2, xp)
        return real**2 + imaginary**2
    else:
        state = state * xp.asarray(cz_signs(size, pairwise(range(size))), dtype=state.dtype)
        second = (angles + theta if kind == "cz-own" else angles) / 2
        for neuron in range(size):
            state = rotated_amplitudes(state, neuron, second[..., neuron], xp)
    return state**2


def _product(zero: Any, one: Any, xp: Any) -> Any:
    """Return the amplitudes (..., 2**k) of a product of those of |0> and |1>, (..., k)."""
    state = xp.ones_like(zero[..., :1])
    for neuron in range(zero.shape[-1]):
        own = xp.stack([zero[..., neuron], one[..., neuron]], axis=-1)
        state = (state[..., :, None] * own[..., None, :]).reshape(*own.shape[:-1], -1)
    return state


def cz_signs(size: int, pairs: Iterable[tuple[int, int]]) -> list[float]:
    """Return what CZ on pairs of neurons multiplies the amplitude of each pattern by, 2**size."""
    places = [(size - 1 - a, size - 1 - b) for a, b in pairs]
    return [
        (-1.0) ** sum(pattern >> a & pattern >> b & 1 for a, b in places)
        for pattern in range(2**size)
    ]


def rotated_amplitudes(state: Any, neuron: int, half: Any, xp: Any) -> Any:
    """Return amplitudes (..., 2**k) after RY(2 half) on a neuron; the first one's bit counts most.

    Args:
        state: The amplitudes.
        neuron: Its number.
        half: Radians; broadcasts with the amplitudes' leading axes.
        xp: numpy, or torch.
    """
    parts = state.reshape(*state.shape[:-1], 2**neuron, 2, -1)
    zero, one = parts[..., 0, :], parts[..., 1, :]
    cosine, sine = xp.cos(half)[..., None, None], xp.sin(half)[..., None, None]
    turned = xp.stack([cosine * zero - sine * one, sine * zero + cosine * one], axis=-2)
    return turned.reshape(*turned.shape[:-3], -1)


def _exchanged(real: Any, imaginary: Any, first: int, half: Any, xp: Any) -> tuple[Any, Any]:
    """Return amplitudes (..., 2**k) after exp(-i half (XX + YY)/2) on a neuron and the next one."""
    cosine, sine = xp.cos(half)[..., None, None], xp.sin(half)[..., None, None]
    shape = (*real.shape[:-1], 2**first, 4, -1)
    ours, theirs = real.reshape(shape), imaginary.reshape(shape)

    def mixed(own: Any, other: Any, sign: int) -> Any:
        middle = [cosine * own[..., at, :] + sign * sine * other[..., 3 - at, :] for at in (1, 2)]
        ends = [own[..., at, :] + 0 * middle[0] for at in (0, 3)]
        together = xp.stack([ends[0], *middle, ends[1]], axis=-2)
        return together.reshape(*together.shape[:-3], -1)

    return mixed(ours, theirs, 1), mixed(theirs, ours, -1)


def checked_couplings(
    couplings: Sequence[Sequence[Coupling]],
    widths: Sequence[int],
    entanglements: Sequence[float],
) -> tuple[tuple[Coupling, ...], ...]:
    """Return the couplings of every hidden layer in one order.

    Args:
        couplings: Of each hidden layer; left out: none at all.
        widths: Of the hidden layers.
        entanglements: Of the hidden layers, radians.

    Raises:
        InputError: If something is no coupling, or two of them share a neuron.
    """
    couplings = couplings or ((),) * len(widths)
    if len(couplings) != len(widths):
        raise InputError(
            f"couplings: expected {len(widths)} lists (one a hidden layer), got {len(couplings)}"
        )
    for layer, own in enumerate(couplings):
        if own and entanglements[layer] < math.pi / 2:
            raise InputError(
                f"couplings.{layer}: expected a layer that is measured projectively, got "
                f"entanglement {entanglements[layer]:g}"
            )
        used: set[int] = set()
        for number, coupling in enumerate(own):
            place = f"couplings.{layer}.{number}"
            _check(place, coupling, widths[layer])
            shared = used.intersection(coupling.neurons)
            if shared:
                raise InputError(
                    f"{place}: expected neurons that no other coupling joins, got {min(shared)}"
                )
            used.update(coupling.neurons)
    return tuple(tuple(sorted(own, key=lambda each: each.neurons)) for own in couplings)


def _check(place: str, coupling: Coupling, width: int) -> None:
    kind, neurons, angles = coupling.kind, coupling.neurons, coupling.angles
    if kind not in KINDS:
        raise InputError(
            f"{place}: expected kind {', '.join(KINDS)}, got {kind!r}{nearest(str(kind), KINDS)}"
        )
    if len(neurons) not in SIZES or len({*neurons}) < len(neurons):
        raise InputError(f"{place}: expected 2 to 4 different neurons, got {[*neurons]}")
    outside = [neuron for neuron in neurons if not 0 <= neuron < width]
    if outside:
        raise InputError(f"{place}: expected neurons 0 to {width - 1}, got {outside[0]}")
    count = angle_count(kind, len(neurons))
    if len(angles) != count or not all(map(math.isfinite, angles)):
        raise InputError(
            f"{place}: expected finite angles (radians), {count} of {kind} on {len(neurons)} "
            f"neurons, got {[*angles]}"
        )
