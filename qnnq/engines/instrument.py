"""Exact noisy sampling without simulating shots."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from noise_models import NoiseChannels
from qnnq.engines.base import Draws, FloatArray, IntArray, OutcomeArray
from qnnq.engines.ideal import outcomes_from
from qnnq.engines.response import ComponentResponse, layer_response
from transpile import CompiledLayer


class InstrumentEngine:
    """Samples the exact outcome distribution of the compiled, noisy circuits.

    Args:
        layers: The compiled circuits of the hidden layers.
        channels: The noise of each layer's gates and measurements.
    """

    images_per_call = 1 << 16

    def __init__(self, layers: Sequence[CompiledLayer], channels: Sequence[NoiseChannels]) -> None:
        known: dict[tuple[int, int], LayerSampler] = {}
        self._samplers = []
        for layer, noise in zip(layers, channels, strict=True):
            key = (id(layer), id(noise))
            if key not in known:
                known[key] = LayerSampler(layer, layer_response(layer.circuit, noise))
            self._samplers.append(known[key])

    def measure(self, layer: int, angles: FloatArray, draws: Draws) -> OutcomeArray:
        """See `qnnq.engines.base.Engine`."""
        return self._samplers[layer].sample(angles, draws)


class LayerSampler:
    """The responses of one layer, arranged by copy and neuron for array arithmetic."""

    def __init__(self, layer: CompiledLayer, responses: Sequence[ComponentResponse]) -> None:
        self._slots = layer.slot_of  # (copies, width)
        self._component_of: dict[int, ComponentResponse] = {
            slot: response for response in responses for slot in response.slots
        }
        self._joint = [response for response in responses if len(response.slots) > 1]
        single = np.zeros((int(self._slots.max()) + 1, 3))
        for slot in range(len(single)):
            single[slot] = self._marginal(slot)
        # P(-1) = constant + cosine cos + sine sin, each (copies, width)
        self._minus = np.moveaxis(single[self._slots], -1, 0).astype(np.float32)

    def sample(self, angles: FloatArray, draws: Draws) -> OutcomeArray:
        """Return outcomes (images, shots, width) for angles (images, 1 or shots, width)."""
        copies, width = self._slots.shape
        uniforms = draws.uniforms(width)
        cosines, sines = np.cos(angles), np.sin(angles)
        copy_of = draws.copies(copies)
        constant, cosine, sine = (
            values if copies == 1 else values[copy_of][:, None, :] for values in self._minus
        )
        minus = cosines * cosine
        minus += sines * sine
        minus += constant
        outcomes = outcomes_from(minus, uniforms)
        if self._joint:
            self._resample_joint(outcomes, cosines, sines, uniforms, copy_of)
        return outcomes

    def _marginal(self, slot: int) -> NDArray[np.float64]:
        """Return P(-1) of a neuron whose response does not depend on other angles."""
        response = self._component_of[slot]
        return response.coefficients[1] if len(response.slots) == 1 else np.zeros(3)

    def _resample_joint(
        self,
        outcomes: OutcomeArray,
        cosines: FloatArray,
        sines: FloatArray,
        uniforms: NDArray[np.float32],
        copy_of: IntArray,
    ) -> None:
        """Draw the correlated neurons of joined components one after the other, in place."""
        for copy, slots in enumerate(self._slots):
            rows = copy_of == copy
            for neurons, response in self._joint_neurons(slots):
                basis = np.stack(
                    [np.ones_like(cosines[rows][..., neurons]), cosines[rows][..., neurons], sines[rows][..., neurons]],
                    axis=-1,
                )  # (images, 1 or shots, k, 3)
                outcomes[np.ix_(rows, np.arange(outcomes.shape[1]), neurons)] = _sample_joint(
                    response.coefficients, basis, uniforms[rows][..., neurons]
                )

    def _joint_neurons(self, slots: IntArray) -> list[tuple[list[int], ComponentResponse]]:
        place = {int(slot): neuron for neuron, slot in enumerate(slots)}
        return [
            ([place[slot] for slot in response.slots], response)
            for response in self._joint
            if response.slots[0] in place
        ]


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
        joint = np.where((outcomes[..., neuron] < 0)[..., None], halves[..., 1, :], halves[..., 0, :])
    return outcomes
