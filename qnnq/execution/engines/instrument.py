"""Exact noisy sampling without simulating shots."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from noise_models.channels import NoiseChannels
from qnnq.arrays import FloatArray, IntArray, OutcomeArray
from qnnq.execution.engines.base import Draws
from qnnq.execution.engines.ideal import outcomes_from
from qnnq.execution.engines.response import ComponentResponse, layer_response
from transpile import CompiledLayer


class InstrumentEngine:
    """Samples the outcome distributions of layers whose responses are known.

    Args:
        samplers: The hidden layers, from `layer_samplers` or from measured responses.
    """

    images_per_call = 1 << 16

    def __init__(self, samplers: "Sequence[LayerSampler]") -> None:
        self._samplers = tuple(samplers)

    def measure(self, layer: int, angles: FloatArray, draws: Draws) -> OutcomeArray:
        """See `qnnq.execution.engines.base.Engine`."""
        return self._samplers[layer].sample(angles, draws)


def layer_samplers(
    layers: Sequence[CompiledLayer], channels: Sequence[NoiseChannels]
) -> "list[LayerSampler]":
    """Return the sampler of every layer; layers that share circuit and noise share one."""
    return [_sampler(layer, noise) for layer, noise in zip(layers, channels, strict=True)]


class LayerSampler:
    """The responses of one layer, arranged by copy and neuron for array arithmetic.

    Args:
        slot_of: The slot of each neuron of each copy, (copies, width). A layer wider than the chip
            uses each slot several times, neuron j being in execution j // slots.
        slots: How many slots there are.
        responses: The components of the circuit, which cover the slots.

    Attributes:
        joined: Whether an inserted gate makes the outcome of a neuron depend on another's angle.
    """

    def __init__(
        self, slot_of: IntArray, slots: int, responses: Sequence[ComponentResponse]
    ) -> None:
        self._joint = [response for response in responses if len(response.slots) > 1]
        self.joined = bool(self._joint)
        self._slots = slot_of
        parts = -(-slot_of.shape[1] // slots)
        if self._joint and parts > 1:
            # The last execution's spare slots, whose angle is 0, may be joined to used ones.
            self._slots = np.arange(parts * slots)[None, :] % slots
        single = np.zeros((slots, 3))
        for response in responses:
            if len(response.slots) == 1:
                single[response.slots[0]] = response.coefficients[1]
        # P(-1) = constant + cosine cos + sine sin, each (copies, width)
        self._minus = np.moveaxis(single[self._slots], -1, 0).astype(np.float32)

    def sample(self, angles: FloatArray, draws: Draws) -> OutcomeArray:
        """Return outcomes (images, shots, width) for angles (images, 1 or shots, width)."""
        width = angles.shape[-1]
        padded = self._slots.shape[1]
        if padded > width:
            angles = np.pad(angles, ((0, 0), (0, 0), (0, padded - width)))
        uniforms = draws.uniforms(padded)
        cosines, sines = np.cos(angles), np.sin(angles)
        constant, cosine, sine = self.coefficients(draws)
        minus = cosines * cosine
        minus += sines * sine
        minus += constant
        outcomes = outcomes_from(minus, uniforms)
        if self._joint:
            basis = np.stack([np.ones_like(cosines), cosines, sines], axis=-1)
            self._draw_joint(outcomes, basis, uniforms, draws.copies(len(self._slots)))
        return outcomes[..., :width]

    def coefficients(self, draws: Draws) -> list[NDArray[np.float32]]:
        """Return a, b, c of P(-1) = a + b cos + c sin; each broadcasts to (images, shots, width).

        They are 0 for joined neurons.
        """
        if len(self._slots) == 1:
            return list(self._minus)
        copy_of = draws.copies(len(self._slots))
        return [values[copy_of][:, None, :] for values in self._minus]

    def _draw_joint(
        self,
        outcomes: OutcomeArray,
        basis: FloatArray,
        uniforms: NDArray[np.float32],
        copy_of: IntArray,
    ) -> None:
        """Draw the correlated neurons of joined components one after the other, in place.

        `basis` is (1, cos, sin) of the angles, shape (images, 1 or shots, width, 3).
        """
        for copy, slots in enumerate(self._slots):
            rows = np.flatnonzero(copy_of == copy)
            if not len(rows):
                continue
            for response in self._joint:
                places = [np.flatnonzero(slots == slot) for slot in response.slots]
                for neurons in zip(*places, strict=True):  # one for each execution
                    chosen = np.array(neurons)
                    outcomes[rows[:, None], :, chosen] = _sample_joint(
                        response.coefficients,
                        basis[rows][:, :, chosen],
                        uniforms[rows][..., chosen],
                    ).swapaxes(1, 2)


@lru_cache(maxsize=64)
def _sampler(layer: CompiledLayer, channels: NoiseChannels) -> LayerSampler:
    responses = layer_response(layer.circuit, channels)
    return LayerSampler(layer.slot_of.astype(np.int64), layer.slots, responses)


def _sample_joint(
    coefficients: NDArray[np.float64], basis: FloatArray, uniforms: NDArray[np.float32]
) -> OutcomeArray:
    """Sample k correlated bits by inverting the distribution function of their pattern.

    Args:
        coefficients: Shape (2,) * k + (3,) * k.
        basis: (1, cos, sin) of the angles, shape (images, 1 or shots, k, 3).
        uniforms: Shape (images, shots, k); neuron j uses its own, given the ones before it.
    """
    count = basis.shape[-2]
    products = basis[..., 0, :]
    for neuron in range(1, count):
        products = (products[..., :, None] * basis[..., neuron, None, :]).reshape(
            *products.shape[:-1], -1
        )
    joint = products @ coefficients.reshape(2**count, 3**count).T  # (images, 1 or shots, 2**k)
    joint = np.broadcast_to(joint, (*uniforms.shape[:2], 2**count))
    outcomes = np.empty(uniforms.shape, dtype=np.int8)
    for neuron in range(count):
        halves = joint.reshape(*joint.shape[:2], 2, -1)  # the next bit, the bits after it
        weights = halves.sum(axis=-1)
        minus = weights[..., 1] / weights.sum(axis=-1)
        outcomes[..., neuron] = outcomes_from(minus, uniforms[..., neuron])
        joint = np.where(
            (outcomes[..., neuron] < 0)[..., None], halves[..., 1, :], halves[..., 0, :]
        )
    return outcomes
