"""Exact noisy sampling without simulating shots."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from qnnq.arrays import OutcomeArray
from qnnq.execution.engines.angles import Angles, Index
from qnnq.execution.engines.base import Draws
from qnnq.execution.engines.close_draws import ROUNDING, decide, decide_close, outcomes_from
from qnnq.execution.engines.layer_response import JoinedNeurons, LayerResponse
from qnnq.execution.engines.polynomials import basis, products

_PRODUCTS = 1 << 20
"""Numbers that are held at a time: 8 MiB."""


class InstrumentEngine:
    """Samples the outcome distributions of layers whose responses are known.

    Args:
        responses: Of the hidden layers.
    """

    images_per_call = 1 << 16

    def __init__(self, responses: Sequence[LayerResponse]) -> None:
        self._responses = tuple(responses)

    def closed_form(self, layer: int) -> NDArray[np.float64] | LayerResponse:
        """Return a, b, c of a layer, shape (3, copies, neurons); all where outcomes are joint."""
        response = self._responses[layer]
        return response if response.has_joined else response.exact

    def measure(self, layer: int, angles: Angles, draws: Draws) -> OutcomeArray:
        """Measure every neuron of a layer, for many images and shots."""
        response = self._responses[layer]
        width, padded = angles.shape[-1], response.exact.shape[-1]
        values, error = angles.values, angles.error
        if padded > width:
            spare = ((0, 0), (0, 0), (0, padded - width))
            values = np.pad(values, spare)
            error = error if isinstance(error, float) else np.pad(error, spare)

        def at(index: Index) -> NDArray[np.float64]:
            image, shot, neuron = index
            own = angles.at((image, shot, np.minimum(neuron, width - 1)))
            return np.where(neuron < width, own, 0.0)

        def exact(index: Index) -> NDArray[np.float64]:
            theta = at(index)
            constant, cosine, sine = response.coefficients_at(index, draws)
            return constant + cosine * np.cos(theta) + sine * np.sin(theta)

        uniforms = draws.uniforms(padded)
        cosines, sines = np.cos(values), np.sin(values)
        constant, cosine, sine = response.coefficients(draws)
        minus = cosines * cosine
        minus += sines * sine
        minus += constant
        outcomes = outcomes_from(minus, uniforms)
        decide_close(outcomes, minus, uniforms, error + ROUNDING, exact)
        if response.has_joined:
            shot = np.arange(values.shape[1])[None, :, None]
            copy_of = draws.copies(response.copies)
            for copy, groups in enumerate(response.joined):
                rows = np.flatnonzero(copy_of == copy)
                for joined in groups if len(rows) else ():
                    neurons = joined.neurons.ravel()
                    theta = at((rows[:, None, None], shot, neurons[None, None, :]))
                    found = _sample_joined(joined, theta, uniforms[rows])
                    outcomes[rows[:, None, None], :, joined.neurons] = np.moveaxis(found, 1, -1)
        return outcomes[..., :width]


def _sample_joined(
    joined: JoinedNeurons, theta: NDArray[np.float64], uniforms: NDArray[np.float32]
) -> OutcomeArray:
    """Sample correlated bits by inverting the distribution function of their pattern.

    Args:
        joined: The groups of k neurons.
        theta: Their angles, shape (images, 1 or shots, groups * k).
        uniforms: Shape (images, shots, neurons); a neuron uses its own, given the ones before it.

    Returns:
        Outcomes, shape (images, shots, groups, k).
    """
    own = uniforms[..., joined.neurons]  # (images, shots, groups, k)
    shape = own.shape
    if theta.shape[1] > 1:  # every shot has angles of its own
        theta = theta.reshape(-1, 1, theta.shape[-1])
        own = own.reshape(len(theta), 1, *shape[2:])
    size = max(1, _PRODUCTS // math.prod(joined.coefficients.shape[::2]))
    blocks = [slice(start, start + size) for start in range(0, len(theta), size)]
    drawn = [_drawn(joined, theta[block], own[block]) for block in blocks]
    return np.concatenate(drawn).reshape(shape)


def _drawn(
    joined: JoinedNeurons, theta: NDArray[np.float64], own: NDArray[np.float32]
) -> OutcomeArray:
    """Return outcomes (rows, shots, groups, k) of angles (rows, 1, groups * k)."""
    count = joined.neurons.shape[1]
    factors = basis(theta, joined.degree)
    factors = factors.reshape(*theta.shape[:2], -1, count, factors.shape[-1])
    # (rows, 1, groups, 2**k)
    joint = np.einsum("isgt,gpt->isgp", products(factors), joined.coefficients, optimize=True)
    joint = np.broadcast_to(joint, (*own.shape[:3], 2**count))
    outcomes = np.empty(own.shape, dtype=np.int8)
    for neuron in range(count):
        halves = joint.reshape(*joint.shape[:-1], 2, -1)  # the next bit, the bits after it
        weights = halves.sum(axis=-1)
        minus = weights[..., 1] / weights.sum(axis=-1)
        outcomes[..., neuron] = decide(minus, own[..., neuron])
        chosen = (outcomes[..., neuron] < 0)[..., None]
        joint = np.where(chosen, halves[..., 1, :], halves[..., 0, :])
    return outcomes
