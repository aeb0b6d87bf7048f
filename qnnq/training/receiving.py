"""A network whose first layer receives quantum states, as a torch module."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from qiskit.quantum_info import Statevector
from torch import Tensor, nn

from qnnq.data.states.dataset import States
from qnnq.errors import InputError
from qnnq.networks.couplings import Coupling, cz_signs, rotated_amplitudes
from qnnq.networks.network import Network
from qnnq.networks.receiving import receiving_network
from qnnq.training.coupled import SPREAD
from qnnq.training.module import QuantizedNetwork
from qnnq.training.settings import TrainingSettings

MOST_NUMBERS = 1 << 26
"""Amplitudes of all preparations, 512 MiB."""

MOST_QUBITS = 12
"""Of a shot."""


class ReceivingNetwork(QuantizedNetwork):
    """RY on every qubit of a state, CZ and RY on coupled ones, measurement; then ordinary layers.

    What arrives is the number of a state, counted through all data sets. The outcomes are drawn
    from the exact probabilities without noise. They are joint, so the angles of the first layer
    learn by the score function: the gradient of the mean loss is the mean of (loss - baseline)
    times that of ln p(outcomes). The layers behind are differentiated straight through; the next
    one has a bias, as without any the answers to outcomes and to their opposites are opposite.

    Args:
        data: The data sets, of equally many qubits and copies.
        classes: Classes that are told apart.
        settings: `hidden` are the layers behind the first one.
        generator: Of the weights at the start.

    Raises:
        InputError: If the data sets do not fit together, or there is too much of them.
    """

    def __init__(
        self,
        data: Sequence[States],
        classes: int,
        settings: TrainingSettings,
        generator: torch.Generator,
    ) -> None:
        qubits, self.copies = data[0].qubits, data[0].copies
        for each in data:
            if (each.qubits, each.copies) != (qubits, self.copies):
                raise InputError(
                    f"{each.name}: expected states of {qubits} qubits and {self.copies} a shot, "
                    f"got {each.qubits} and {each.copies}"
                )
        self.width = qubits * self.copies
        super().__init__(self.width, classes, settings, generator)
        joined = _joined(settings.receive, self.width, self.copies)
        self.receiver = Receiver(self.width, joined, generator)
        drawn = torch.randn(settings.hidden[0], generator=generator)
        self.layers[0].bias = nn.Parameter(drawn * self.width**-0.5)
        amplitudes, starts = _amplitudes(data, self.width)
        self.register_buffer("amplitudes", amplitudes, persistent=False)
        self.register_buffer("starts", starts, persistent=False)
        self._likely = torch.zeros(())
        self.to_network({})

    def _first(self, pixels: Tensor, count: int | None, random: torch.Generator) -> Tensor:
        """Return the pre-activations behind received states, whose numbers are (states, 1)."""
        shape = (len(pixels),) if count is None else (count, len(pixels))
        outcomes = self._received(pixels[:, 0].long().repeat(count or 1), random)
        self._likely = self._likely.reshape(shape)
        return self.layers[0](outcomes.reshape(*shape, -1))

    def log_probability(self) -> Tensor:
        """Return that of the last pass's outcomes of joined qubits; see `QuantizedNetwork`."""
        behind = super().log_probability()
        return self._likely if behind is None else self._likely + behind

    def _received(self, numbers: Tensor, random: torch.Generator) -> Tensor:
        """Return the outcomes of states, (shots, width), and keep ln of their probabilities."""
        chances = self.receiver(self._prepared(numbers, random))
        drawn = torch.multinomial(chances.detach(), 1, generator=random)
        self._likely = chances.gather(1, drawn)[:, 0].clamp_min(1e-12).log()
        places = torch.arange(self.width - 1, -1, -1, device=drawn.device)
        return 1.0 - 2.0 * (drawn >> places & 1).float()

    def _prepared(self, numbers: Tensor, random: torch.Generator) -> Tensor:
        """Return the amplitudes of shots of states, each copy prepared at random, (shots, 2^w)."""
        first = self.starts[numbers]
        count = self.starts[numbers + 1] - first
        state = torch.ones((len(numbers), 1), dtype=torch.complex64, device=numbers.device)
        for _ in range(self.copies):
            uniform = torch.rand(len(numbers), generator=random, device=numbers.device)
            chosen = first + torch.minimum((uniform * count).long(), count - 1)
            own = self.amplitudes[chosen]
            state = (state[:, :, None] * own[:, None, :]).flatten(1)
        return state

    def to_network(self, information: Mapping[str, str]) -> Network:
        """Return the present weights as a network; raise InputError if they are not finite."""
        behind = super().to_network(information)
        bias = self.layers[0].bias.detach().cpu().numpy()
        behind = replace(behind, biases=(bias, *behind.biases[1:]))
        return receiving_network(self.receiver.layer(), behind)


class Receiver(nn.Module):  # type: ignore[misc]
    """The probabilities of all outcomes of a layer that receives states.

    Args:
        width: Qubits.
        pairs: Those that CZ joins.
        generator: Draws the first angles.

    Attributes:
        angles: Radians: of RY on each qubit, then of RY behind the CZ of each pair, two each.
    """

    def __init__(
        self, width: int, pairs: Sequence[tuple[int, int]], generator: torch.Generator
    ) -> None:
        super().__init__()
        self.width, self.pairs = width, tuple(pairs)
        drawn = torch.randn(width + 2 * len(pairs), generator=generator)
        self.angles = nn.Parameter(SPREAD * drawn)
        self.register_buffer("signs", torch.tensor(cz_signs(width, pairs)), persistent=False)

    def forward(self, states: Tensor) -> Tensor:
        """Return the probabilities of all patterns, (shots, 2^w), the first qubit counting most."""
        for qubit in range(self.width):
            states = rotated_amplitudes(states, qubit, self.angles[qubit] / 2, torch)
        states = states * self.signs
        behind = self.angles[self.width :]
        for turn, qubit in zip(behind, (q for pair in self.pairs for q in pair), strict=True):
            states = rotated_amplitudes(states, qubit, turn / 2, torch)
        return torch.view_as_real(states).square().sum(-1)

    def layer(self) -> tuple[NDArray[np.float64], tuple[Coupling, ...]]:
        """Return the layer as it is now; see `receiving_network`."""
        angles = self.angles.detach().cpu().numpy().astype(np.float64)
        behind = angles[self.width :].reshape(-1, 2)
        joined = zip(self.pairs, behind, strict=True)
        return angles[: self.width], tuple(Coupling.of("cz", *each) for each in joined)


def _joined(kind: str | None, width: int, copies: int) -> list[tuple[int, int]]:
    """Return the pairs of qubits that CZ joins."""
    if kind == "twins" and copies == 1:
        raise InputError("`receive` twins: expected states of two copies a shot")
    if kind == "neighbours":
        own = width // copies
        starts = range(0, width, own)
        return [(s + i, s + i + 1) for s in starts for i in range(0, own - 1, 2)]
    if kind == "twins" or (kind is None and copies == 2):
        return [(i, width // 2 + i) for i in range(width // 2)]
    return []


def _amplitudes(data: Sequence[States], width: int) -> tuple[Tensor, Tensor]:
    """Return the amplitudes of all preparations, (preparations, 2^n), and the first of each state.

    The first qubit counts most.
    """
    circuits = [state.circuits for each in data for state in each.states]
    count, qubits = sum(map(len, circuits)), data[0].qubits
    if width > MOST_QUBITS or count << qubits > MOST_NUMBERS:
        raise InputError(
            f"{data[0].name}: expected at most {MOST_QUBITS} qubits a shot and {MOST_NUMBERS:,} "
            f"amplitudes to train on, got {width} and {count << qubits:,}"
        )
    found = np.empty((count, 2**qubits), dtype=np.complex64)
    for row, circuit in enumerate(circuit for own in circuits for circuit in own):
        found[row] = Statevector(circuit.reverse_bits()).data
    starts = np.cumsum([0, *map(len, circuits)])
    return torch.tensor(found), torch.tensor(starts)
