"""Shots of weakly measured networks of stretch 0, which are sign networks with wrong reports.

At stretch 0 each rotation is by 0 or pi, so a neuron is always in one of its poles and a
measurement leaves it there: the state never is a superposition. What is reported is wrong, e = -1,
with probability (1 - sin g)/2, and the next rotation, which is by what was reported, carries the
error on: with phi = sign(z) the outcomes of layer l are r_l = phi_l e_(l-1) e_l, where the last
layer, measured projectively, has no e of its own.

A layer's outcomes before their own errors, a_l = phi_l e_(l-1), are a Markov chain. As words of
bits, 1 for -1, signs multiply by exclusive or:

    a_1 = phi_1,    a_(l+1) = v(a_l ^ e_l) ^ a_l,    v(r) = sign(W_(l+1) r) ^ r

and the last outcomes are the last a. Up to `TABULATED` neurons v is a table; with `EXACT` or fewer
the whole chain is summed, without sampling.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from qnnq.networks.network import Network

TABULATED, EXACT = 16, 8
BITS = 16
"""Binary digits of the probability that a report is wrong: rounded by 8e-6."""
POOL = 1 << 19
"""Words of wrong reports that the images of a network share, at least."""
SHOTS_AT_ONCE = 1 << 10
"""Of an image, so that a layer's outcomes stay in the processor's cache."""
Words = NDArray[np.uint16]
Counts = NDArray[np.int64]


@dataclass(frozen=True)
class SignNetwork:
    """A network of stretch 0 whose hidden layers have one width.

    Attributes:
        network: Its weights.
        wrong: Probability that a report of a layer but the last is wrong.
    """

    network: Network
    wrong: float

    @classmethod
    def of(cls, network: Network) -> "SignNetwork":
        """Return a network as one of signs; its stretch has to be 0."""
        assert not any(network.stretches)
        assert network.last_projective
        assert len({len(weight) for weight in network.weights[:-1]}) == 1
        return cls(network, float((1 - np.sin(network.entanglement)) / 2))

    @property
    def width(self) -> int:
        return len(self.network.weights[0])

    def first(self, images: NDArray[np.uint8]) -> NDArray[np.bool_]:
        """Return which neurons of the first layer have z < 0, shape (images, width)."""
        pixels = images / np.float32(255)
        negative: NDArray[np.bool_] = pixels @ self.network.weights[0].T < 0
        return negative

    def tables(self) -> tuple[list[Words], NDArray[np.uint8]]:
        """Return v of each layer after the first, and the class, of each word of outcomes."""
        words = np.arange(1 << self.width, dtype=np.uint32)
        outcomes = (1 - 2.0 * _bits(words, self.width)).astype(np.float32)
        layers = [
            (_words(outcomes @ weight.T < 0) ^ words).astype(np.uint16)
            for weight in self.network.weights[1:-1]
        ]
        scores = outcomes @ self.network.weights[-1].T
        return layers, scores.argmax(axis=1).astype(np.uint8)


def _bits(words: NDArray[np.unsignedinteger], width: int) -> NDArray[np.unsignedinteger]:
    return (words[:, None] >> np.arange(width, dtype=np.uint32)) & np.uint32(1)


def _words(bits: NDArray[np.bool_]) -> NDArray[np.uint32]:
    return (bits << np.arange(bits.shape[1], dtype=np.uint32)).sum(axis=1, dtype=np.uint32)


def _errors(network: SignNetwork) -> NDArray[np.float64]:
    """Return the probability of each word of wrong reports."""
    words = np.arange(1 << network.width, dtype=np.uint32)
    count = np.bitwise_count(words)
    return np.asarray(network.wrong**count * (1 - network.wrong) ** (network.width - count))


def last_outcomes(network: SignNetwork, images: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return the probability of each word of the last hidden layer's outcomes, summed exactly.

    Returns:
        Shape (images, 2^width), for up to `EXACT` neurons a layer.
    """
    layers, _ = network.tables()
    words = np.arange(1 << network.width)
    errors, size = _errors(network), 1 << network.width
    chances = np.zeros((len(images), size))
    chances[np.arange(len(images)), _words(network.first(images))] = 1
    for layer in layers:
        step = np.zeros((size, size))
        after = layer[words[:, None] ^ words] ^ words[:, None]  # of each a and each e
        np.add.at(step, (words[:, None], after), errors)
        chances = chances @ step
    return chances


def information(chances: NDArray[np.float64], labels: NDArray[np.integer]) -> float:
    """Return the bits that outcomes tell of the label of an image drawn from these.

    Args:
        chances: Probability of each outcome for each image, shape (images, outcomes).
        labels: Shape (images,).
    """
    classes, counts = np.unique(labels, return_counts=True)
    each = np.array([chances[labels == label].mean(axis=0) for label in classes])
    share = counts / counts.sum()
    return float(_entropy(share @ each) - share @ np.array([_entropy(row) for row in each]))


def _entropy(chances: NDArray[np.float64]) -> float:
    some = chances[chances > 0]
    return float(-(some * np.log2(some)).sum())


def two_layers(network: SignNetwork, images: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return class probabilities, (images, classes), of two tabulated layers, summed exactly."""
    (layer,), classes = network.tables()
    errors = _errors(network)
    everything = np.arange(1 << network.width, dtype=np.uint16)
    first, place = np.unique(_words(network.first(images)).astype(np.uint16), return_inverse=True)
    count = len(network.network.weights[-1])
    found = [
        np.bincount(classes[layer[everything ^ word] ^ word], errors, minlength=count)
        for word in first
    ]
    return np.array(found)[place]


def votes(
    network: SignNetwork,
    images: NDArray[np.uint8],
    numbers: Sequence[int],
    random: np.random.Generator,
) -> Iterator[Counts]:
    """Yield the counts of each class, (images, classes), when so many shots were drawn.

    Args:
        network: Of signs.
        images: Pixels, shape (images, inputs).
        numbers: Of shots, rising; a later vote holds the earlier ones.
        random: What they are drawn with.
    """
    total = np.zeros((len(images), len(network.network.weights[-1])), np.int64)
    exact = None
    if network.width <= TABULATED and len(network.network.weights) == 3:
        exact = two_layers(network, images)
        exact /= exact.sum(axis=1, keepdims=True)
    done = 0
    for number in numbers:
        if exact is not None:
            total = total + random.multinomial(number - done, exact)
        elif network.width <= TABULATED:
            total = total + _tabulated(network, images, number - done, random)
        else:
            total = total + _multiplied(network, images, number - done, random)
        done = number
        yield total


def _tabulated(
    network: SignNetwork, images: NDArray[np.uint8], shots: int, random: np.random.Generator
) -> Counts:
    """Draw shots; images and layers take wrong reports from other places of one long list.

    Those of an image's shots are independent within each layer, and pairwise between layers.
    """
    layers, classes = network.tables()
    layers = [np.resize(layer, 1 << TABULATED) for layer in layers]  # as any word of 16 bits
    classes = np.resize(classes, 1 << TABULATED)
    wrong = _flips(max(POOL, 8 * shots), network.wrong, random)
    if network.width < TABULATED:
        wrong &= np.uint16((1 << network.width) - 1)
    count = len(network.network.weights[-1])
    total = np.empty((len(images), count), np.int64)
    for image, first in enumerate(_words(network.first(images)).astype(np.uint16)):
        starts = random.choice(len(wrong) // shots, len(layers), replace=False) * shots
        word = np.full(shots, first)
        for layer, start in zip(layers, starts, strict=True):
            word ^= layer.take(word ^ wrong[start : start + shots], mode="wrap")
        total[image] = np.bincount(classes.take(word, mode="wrap"), minlength=count)
    return total


def _flips(size: int, wrong: float, random: np.random.Generator) -> Words:
    """Return words of 16 bits that are 1 with probability `wrong`, to `BITS` binary digits."""
    longs = -(-size // 4)
    digits = round(wrong * 2**BITS)
    found = np.zeros(longs, np.uint64)
    for place in range(BITS):
        drawn = random.bit_generator.random_raw(longs)
        found = found | drawn if digits >> place & 1 else found & drawn
    return found.view(np.uint16)[:size]


def _multiplied(
    network: SignNetwork, images: NDArray[np.uint8], shots: int, random: np.random.Generator
) -> Counts:
    """Draw shots of wider networks, which take wrong reports as `_tabulated` does."""
    width = network.width
    rows = max(16 * POOL // width, 8 * shots)
    words = _flips(-(-rows * width // 16), network.wrong, random)
    bits = np.unpackbits(words.view(np.uint8), count=rows * width).astype(np.float32)
    wrong = torch.from_numpy(1 - 2 * bits).view(rows, width)
    first = torch.tensor(1.0 - 2.0 * network.first(images), dtype=torch.float32)
    *layers, last = [torch.tensor(weight.T).float() for weight in network.network.weights[1:]]
    total = np.zeros((len(images), last.shape[1]), np.int64)
    for image, signs in enumerate(first):
        starts = random.choice(rows // shots, len(layers), replace=False) * shots
        for begin in range(0, shots, SHOTS_AT_ONCE):
            size, state = min(SHOTS_AT_ONCE, shots - begin), signs
            for layer, start in zip(layers, starts + begin, strict=True):
                error = wrong[start : start + size]
                state = torch.sign((state * error) @ layer).mul_(error)
            chosen = (state @ last).argmax(dim=1)
            total[image] += torch.bincount(chosen, minlength=total.shape[1]).numpy()
    return total
