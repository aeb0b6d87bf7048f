"""The exact distribution of the class that one shot names, for narrow projective networks.

The outcomes of a layer of w neurons are one of 2^w patterns. For each pattern of a layer the
classes that the layers after it lead to have a distribution, V(pattern, class). The last one is
known, as the readout is deterministic; each layer before it follows backward:

    V_l(r, c) = sum over r' of P_l+1(r' | r) V_l+1(r', c).

P(r' | r) is a product over independent groups of neurons (one neuron, or those that an inserted
gate joins). With the groups in two parts, the sum over the patterns of one part is one matrix
product for all r, and that over the other a weighted sum. An image is a row of its own before the
first layer. Few images are sooner done forward, each with its likely patterns alone. Nothing is
sampled; sums are in single precision, which errs by some 1e-7.
"""

import math
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from qnnq.arrays import FloatArray, IntArray
from qnnq.errors import InputError
from qnnq.execution.engines.layer_response import LayerResponse
from qnnq.execution.engines.polynomials import basis as basis_of
from qnnq.execution.engines.polynomials import products
from qnnq.networks.activation import phi, rotated
from qnnq.networks.network import Network

WIDEST = 16
"""Neurons of a layer whose patterns are enumerated."""

BYTES_PER_BLOCK = 48 << 20
"""Bounds what a thread holds beside the tables of patterns."""

FEW_IMAGES = 12
"""Of one copy, up to which the forward sums take less time."""

LEFT_OUT = 1e-7
"""Probability of the least likely patterns of a layer, which the forward sums leave out."""


def is_enumerable(network: Network) -> bool:
    """Whether a network forgets its past at every layer, and no layer is wider than `WIDEST`."""
    return max(network.widths) <= WIDEST and min(network.entanglements) >= math.pi / 2


def check_enumerable(network: Network) -> None:
    """Raise InputError unless no layer of a network is weakly measured or wider than `WIDEST`."""
    if min(network.entanglements) < math.pi / 2:
        raise InputError(
            "--engine exact: expected a network that is measured projectively, as neurons that are "
            "measured weakly remember their past; --engine instrument samples it"
        )
    if max(network.widths) > WIDEST:
        raise InputError(
            f"--engine exact: expected layers of at most {WIDEST} neurons, got "
            f"{max(network.widths)}; --engine instrument samples it"
        )


def class_probabilities(
    network: Network,
    pixels: NDArray[np.generic],
    images: IntArray,
    responses: Sequence[LayerResponse],
    progress: Callable[[int], None] | None = None,
    threads: int = 1,
) -> NDArray[np.float64]:
    """Return the probability that a shot names each class, shape (images, classes).

    Args:
        network: One that `check_enumerable` accepts.
        pixels: Of the images, shape (images, inputs).
        images: Their indices in the data set, shape (images,), by which they have their copy.
        responses: Of the hidden layers.
        progress: Called with the number of images that were finished since the last call.
        threads: Threads to work with; they change no result.
    """
    copies = max(response.copies for response in responses)
    found = np.empty((len(images), network.classes))
    with threadpool_limits(1, "blas"), ThreadPoolExecutor(threads) as pool:
        for copy in range(copies):
            rows = np.flatnonzero(images % copies == copy)
            if not len(rows):
                continue
            answers = [
                _LayerAnswer(response, copy, width)
                for response, width in zip(responses, network.widths, strict=True)
            ]
            sums = _forward if len(rows) <= FEW_IMAGES else _backward
            found[rows] = sums(network, pixels[rows], answers, pool)
            if progress is not None:
                progress(len(rows))
    return found


def _backward(
    network: Network,
    pixels: NDArray[np.generic],
    answers: "Sequence[_LayerAnswer]",
    pool: ThreadPoolExecutor,
) -> NDArray[np.float64]:
    logits = network.sums(network.hidden)(patterns(network.widths[-1]))
    chosen = logits.argmax(axis=1)  # ties: the lowest class
    # the last class has what the others leave
    table: NDArray[np.floating] = np.eye(network.classes)[chosen, :-1]
    for layer in reversed(range(network.hidden)):
        inputs = pixels if layer == 0 else patterns(network.widths[layer - 1])
        table = _before(network, layer, inputs, answers[layer], table, pool)
    last = np.clip(1 - table.sum(axis=1, keepdims=True), 0, None)
    return np.concatenate([table, last], axis=1)


def _before(
    network: Network,
    layer: int,
    inputs: NDArray[np.generic],
    answer: "_LayerAnswer",
    table: NDArray[np.floating],
    pool: ThreadPoolExecutor,
) -> NDArray[np.float64]:
    """Return V of what enters a layer, shape (inputs, classes), from V of its patterns."""
    # The products of the smaller part of the groups weigh what the larger part adds up to.
    weighing, adding = answer.split(3 / 8)
    classes = table.shape[1]
    order = [neuron for group in [*weighing, *adding] for neuron in group.neurons]
    bits = table.reshape(*[2] * len(order), classes).transpose(*order, len(order))
    weights = 2 ** sum(len(group.neurons) for group in weighing)
    by_weight = bits.reshape(weights, -1, classes).transpose(1, 0, 2)
    summed = by_weight.reshape(len(by_weight), -1).astype(np.float32)  # (added, weights * classes)
    found = np.empty((len(inputs), classes))
    step = max(1, BYTES_PER_BLOCK // (8 * (weights * classes + 2 * len(summed))))

    def fill(start: int) -> None:
        rows = slice(start, start + step)
        basis = _basis(network, layer, inputs[rows], answer.degree)
        inner = (_products(adding, basis) @ summed).reshape(-1, weights, classes)
        found[rows] = np.matmul(_products(weighing, basis)[:, None, :], inner)[:, 0]

    for _ in pool.map(fill, range(0, len(inputs), step)):
        pass
    return found


def _forward(
    network: Network,
    pixels: NDArray[np.generic],
    answers: "Sequence[_LayerAnswer]",
    pool: ThreadPoolExecutor,
) -> NDArray[np.float64]:
    return np.stack([*pool.map(lambda row: _of_image(network, row[None], answers), pixels)])


def _of_image(
    network: Network, inputs: NDArray[np.generic], answers: "Sequence[_LayerAnswer]"
) -> NDArray[np.float64]:
    weights: FloatArray = np.ones(1, np.float32)
    for layer, answer in enumerate(answers):
        first, second = answer.split(1 / 2)
        order = [neuron for group in [*first, *second] for neuron in group.neurons]
        joint: FloatArray = np.zeros((1, 1), np.float32)
        step = BYTES_PER_BLOCK // (8 << len(order) // 2)
        for start in range(0, len(inputs), step):
            rows = slice(start, start + step)
            basis = _basis(network, layer, inputs[rows], answer.degree)
            weighted = _products(first, basis) * weights[rows, None]
            joint = joint + weighted.T @ _products(second, basis)
        by_neuron = joint.reshape([2] * len(order)).transpose(np.argsort(order))
        distribution = by_neuron.ravel()
        kept = _likely(distribution)
        weights, inputs = distribution[kept], patterns(len(order))[kept]
    classes = network.sums(network.hidden)(inputs).argmax(axis=1)  # ties: the lowest
    chosen = np.bincount(classes, weights, minlength=network.classes)
    return np.asarray(chosen / chosen.sum())


def _likely(distribution: FloatArray) -> IntArray:
    """Return the most likely patterns, which have all but `LEFT_OUT` of the probability."""
    order = np.argsort(distribution)
    below = np.cumsum(distribution[order], dtype=np.float64)
    return np.sort(order[np.searchsorted(below, LEFT_OUT) :])


def patterns(width: int) -> NDArray[np.int8]:
    """Return all outcomes of a layer, (2**width, width); neuron 0 is the most significant bit."""
    bits = np.arange(2**width)[:, None] >> np.arange(width)[::-1] & 1
    return (1 - 2 * bits).astype(np.int8)


def _basis(
    network: Network, layer: int, inputs: NDArray[np.generic], degree: int
) -> NDArray[np.float64]:
    """Return (1, cos, sin, ...) of the neurons' angles as in the shot loop, (inputs, width, ..)."""
    z = network.sums(layer)(inputs)
    activations = phi(z, network.activations[layer], network.stretches[layer])
    angles = rotated(activations.astype(np.float32)).astype(np.float64)
    return basis_of(angles, degree)


@dataclass(frozen=True)
class _Group:
    """Neurons of one joint answer.

    Attributes:
        neurons: Shape (k,).
        coefficients: Of each pattern over the products of (1, cos, sin), (2**k, 3**k); 5**k with
            those of half the angles.
        degree: 1, or 2 where there are half angles.
    """

    neurons: IntArray
    coefficients: NDArray[np.float64]
    degree: int = 1

    def probabilities(self, basis: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return those of all patterns, (rows, 2**k), for `_basis`, (rows, width, terms)."""
        terms = products(basis[:, self.neurons, : 2 * self.degree + 1])
        found = np.clip(terms @ self.coefficients.T, 0, None)
        return np.asarray(found / found.sum(axis=1, keepdims=True))


class _LayerAnswer:
    """The independent groups of neurons of one copy of a layer."""

    def __init__(self, response: LayerResponse, copy: int, width: int) -> None:
        of_layer = copy % response.copies
        self._groups = [
            _Group(neurons, coefficients, kind.degree)
            for kind in response.joined[of_layer]
            for neurons, coefficients in zip(kind.neurons, kind.coefficients, strict=True)
        ]
        joined = {int(neuron) for group in self._groups for neuron in group.neurons}
        if max(joined, default=0) >= width:
            raise InputError(
                "--engine exact: expected a layer that fits on the chip at once, got one whose "
                "spare neurons are joined to others; --engine instrument samples it"
            )
        for neuron in sorted(set(range(width)) - joined):
            minus = response.minus[:, of_layer, neuron].astype(np.float64)
            patterns = np.stack([np.array([1.0, 0.0, 0.0]) - minus, minus])
            self._groups.append(_Group(np.array([neuron]), patterns))
        self._width = width
        self.degree = max(group.degree for group in self._groups)

    def split(self, share: float) -> tuple[list[_Group], list[_Group]]:
        """Return the groups in two parts, the first with about a share of the neurons."""
        first: list[_Group] = []
        second: list[_Group] = []
        taken = 0
        for group in sorted(self._groups, key=lambda each: len(each.neurons)):
            part = first if taken + len(group.neurons) <= int(share * self._width) else second
            part.append(group)
            taken += len(group.neurons)
        return first, second


def _products(groups: list[_Group], basis: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return the probabilities of all patterns of independent groups, (rows, 2**neurons)."""
    found = np.empty((2 ** sum(len(group.neurons) for group in groups), len(basis)), np.float32)
    found[0] = 1
    filled = 1
    for group in reversed(groups):  # the first group is the most significant
        own = group.probabilities(basis).T.astype(np.float32)
        for pattern in reversed(range(len(own))):
            part = found[pattern * filled : (pattern + 1) * filled]
            np.multiply(found[:filled], own[pattern], out=part)
        filled *= len(own)
    return found.T
