"""Exact noisy sampling without simulating shots."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from qnnq.arrays import FloatArray, OutcomeArray
from qnnq.execution.engines.base import Draws
from qnnq.execution.engines.ideal import outcomes_from
from qnnq.execution.engines.layer_response import JoinedNeurons, LayerResponse


class InstrumentEngine:
    """Samples the outcome distributions of layers whose responses are known.

    Args:
        responses: Of the hidden layers.
    """

    images_per_call = 1 << 16

    def __init__(self, responses: Sequence[LayerResponse]) -> None:
        self._responses = tuple(responses)

    def measure(self, layer: int, angles: FloatArray, draws: Draws) -> OutcomeArray:
        """See `qnnq.execution.engines.base.Engine`."""
        response = self._responses[layer]
        width, padded = angles.shape[-1], response.minus.shape[-1]
        if padded > width:
            angles = np.pad(angles, ((0, 0), (0, 0), (0, padded - width)))
        uniforms = draws.uniforms(padded)
        cosines, sines = np.cos(angles), np.sin(angles)
        constant, cosine, sine = response.coefficients(draws)
        minus = cosines * cosine
        minus += sines * sine
        minus += constant
        outcomes = outcomes_from(minus, uniforms)
        if response.has_joined:
            basis = np.stack([np.ones_like(cosines), cosines, sines], axis=-1)
            copy_of = draws.copies(response.copies)
            for copy, groups in enumerate(response.joined):
                rows = np.flatnonzero(copy_of == copy)
                for joined in groups if len(rows) else ():
                    found = _sample_joined(joined, basis[rows], uniforms[rows])
                    outcomes[rows[:, None, None], :, joined.neurons] = np.moveaxis(found, 1, -1)
        return outcomes[..., :width]


def _sample_joined(
    joined: JoinedNeurons, basis: FloatArray, uniforms: NDArray[np.float32]
) -> OutcomeArray:
    """Sample correlated bits by inverting the distribution function of their pattern.

    Args:
        joined: The groups of k neurons.
        basis: (1, cos, sin) of the angles, shape (images, 1 or shots, neurons, 3).
        uniforms: Shape (images, shots, neurons); a neuron uses its own, given the ones before it.

    Returns:
        Outcomes, shape (images, shots, groups, k).
    """
    count = joined.neurons.shape[1]
    own = uniforms[..., joined.neurons]  # (images, shots, groups, k)
    products = basis[..., joined.neurons[:, 0], :]  # (images, 1 or shots, groups, 3)
    for neuron in range(1, count):
        factor = basis[..., joined.neurons[:, neuron], :]
        products = products[..., :, None] * factor[..., None, :]
        products = products.reshape(*products.shape[:-2], -1)
    # (images, 1 or shots, groups, 2**k)
    joint = np.einsum("isgt,gpt->isgp", products, joined.coefficients, optimize=True)
    joint = np.broadcast_to(joint, (*own.shape[:3], 2**count))
    outcomes = np.empty(own.shape, dtype=np.int8)
    for neuron in range(count):
        halves = joint.reshape(*joint.shape[:-1], 2, -1)  # the next bit, the bits after it
        weights = halves.sum(axis=-1)
        minus = weights[..., 1] / weights.sum(axis=-1)
        outcomes[..., neuron] = outcomes_from(minus, own[..., neuron])
        chosen = (outcomes[..., neuron] < 0)[..., None]
        joint = np.where(chosen, halves[..., 1, :], halves[..., 0, :])
    return outcomes
