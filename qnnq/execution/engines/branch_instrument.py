"""What a controller's branches and the layer behind them do to each neuron, as functions of angles.

Where a network is one circuit, each outcome of the layer before turns every neuron by an angle of
its own, by gates that err. What happens to the Pauli vector of a site where a branch is taken is
A + B cos(delta) + C sin(delta): three circuits with other angles tell the matrices of all.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from noise_models.channels import NoiseChannels
from qnnq.errors import InputError
from qnnq.execution.engines.response import GROUND_STATE
from qnnq.execution.engines.site_instrument import Branch, SiteInstrument, StagedStep, staged
from transpile import CompiledNetwork


@dataclass(frozen=True, eq=False)
class BranchInstrument:
    """A layer and the branches in front of it.

    Attributes:
        width: Neurons that the layer turns and measures.
        bits: On whose outcome in the layer before each branch depends, (branches,).
        branches: On Pauli vectors, (branches, neurons, before, 4 * after): where the outcome is +1;
            and where it is -1, the factors of 1, cos(delta) and sin(delta).
        measured: Those of 1, cos(theta) and sin(theta) for the angle theta with all outcomes +1,
            each for both reported outcomes, (neurons, before, 3 * 2 * after).
        start: The Pauli vector of each site whose qubits are in |0>, (neurons, components).
    """

    width: int
    bits: tuple[int, ...]
    branches: NDArray[np.float32]
    measured: NDArray[np.float32]
    start: NDArray[np.float32]


def branch_instruments(
    angles: Sequence[float],
    compiled: Sequence[CompiledNetwork],
    channels: Sequence[NoiseChannels],
) -> list[BranchInstrument]:
    """Return the instruments of the layers of a network.

    Args:
        angles: Three, radians: by which all branches of a circuit turn all neurons.
        compiled: The network with each of these angles.
        channels: The noise of each.

    Raises:
        InputError: If a branch depends on several outcomes.
    """
    powers = np.stack([np.ones(3), np.cos(angles), np.sin(angles)], axis=1)
    to_factors = np.linalg.inv(powers)
    size = max(4 ** len(site.qubits) for site in compiled[0].sites)
    found = []
    for steps in zip(*(map(staged, each.steps) for each in compiled), strict=True):
        layer = compiled[0].steps.index(steps[0].step)
        neurons = [
            neuron
            for neuron in range(len(compiled[0].sites))
            if any(neuron < step.width for step in compiled[0].steps[layer:])
        ]
        bits = _bits(steps[0])
        branches = np.zeros((len(bits), len(neurons), size, 4, size))
        measured = np.zeros((len(neurons), size, 3, 2, size))
        start = np.zeros((len(neurons), size))
        for row, neuron in enumerate(neurons):
            taken = []
            for step, network, noise in zip(steps, compiled, channels, strict=True):
                alone = SiteInstrument(network.sites[neuron], neuron, noise)
                not_taken, own, last = alone.branched(step)
                taken.append(own)
            count = last.shape[-1]
            factors = np.tensordot(to_factors, np.array(taken), axes=1)  # (3, branches, out, in)
            each = np.concatenate([np.array(not_taken)[None], factors])
            if bits:
                branches[:, row, :count, :, :count] = each.transpose(1, 3, 0, 2)
            measured[row, :count, :, :, :count] = last.transpose(3, 0, 1, 2)
            start[row, :count] = reduce(np.kron, [GROUND_STATE] * len(alone.site.qubits))
        found.append(
            BranchInstrument(
                steps[0].step.width,
                bits,
                branches.reshape(len(bits), len(neurons), size, 4 * size).astype(np.float32),
                measured.reshape(len(neurons), size, -1).astype(np.float32),
                start.astype(np.float32),
            )
        )
    return found


def _bits(step: StagedStep) -> tuple[int, ...]:
    branches = [each for each, _ in step.before if isinstance(each, Branch)]
    if any(len(each.bits) > 1 or each.value != 1 for each in branches):
        raise InputError(
            "activation: expected linear in all layers but the first under noise in mode coherent, "
            "or more than 10 neurons in front of each; got a table of patterns"
        )
    return tuple(each.bits[0] for each in branches)
