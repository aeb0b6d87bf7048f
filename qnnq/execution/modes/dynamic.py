"""Neurons that live on, shot by shot in Aer: a network is one dynamic circuit for all images."""

import math

import numpy as np

from noise_models.channels import NoiseChannels
from qnnq.arrays import FloatArray, OutcomeArray
from qnnq.execution.engines.aer import AerCircuit
from qnnq.execution.engines.base import Draws
from transpile import CompiledNetwork, network_circuit


class Dynamic:
    """A `qnnq.execution.modes.base.Mode` whose layers are all run when the first one is asked for.

    The circuit's branches choose the later angles from the bits that are reported; the host's
    activations of later layers are not used.

    Args:
        compiled: The network, with branches.
        channels: The noise of its gates, waits and measurements.
    """

    images_per_call = 64

    def __init__(self, compiled: CompiledNetwork, channels: NoiseChannels) -> None:
        self._widths = [step.width for step in compiled.steps]
        self._circuit = AerCircuit(network_circuit(compiled), channels)

    def start(self) -> "_Running":
        """See `Mode`."""
        return _Running(self._circuit, self._widths)


class _Running:
    """The outcomes of all layers, once the circuit has run."""

    def __init__(self, circuit: AerCircuit, widths: list[int]) -> None:
        self._circuit = circuit
        self._widths = widths
        self._outcomes: list[OutcomeArray] = []

    def step(self, layer: int, activations: FloatArray, draws: Draws) -> OutcomeArray:
        """See `qnnq.execution.modes.base.Session`."""
        if layer == 0:
            self._outcomes = self._run(activations, draws)
        return self._outcomes[layer]

    def _run(self, activations: FloatArray, draws: Draws) -> list[OutcomeArray]:
        images = len(activations)
        angles = np.repeat(math.pi / 2 * (1 - activations[:, 0]), draws.shots, axis=0)
        # A stepwise run of the same seed has the keys of its layers: 0 to len(widths) - 1.
        key = (len(self._widths), draws.shots, *draws.images.tolist())
        bits = self._circuit.bits(angles, key, draws.seed).reshape(images, draws.shots, -1)
        return np.split(1 - 2 * bits, np.cumsum(self._widths)[:-1], axis=-1)
