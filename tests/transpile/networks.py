"""Random networks of living neurons, and their feed-forward."""

import math
from dataclasses import dataclass

import numpy as np

from tests.physics.equations import joint_probabilities
from transpile import Feedforward, linear_feedforward, table_feedforward

WEAK, STRONG, PROJECTIVE = 5 * math.pi / 19, 3 * math.pi / 8, math.pi / 2


@dataclass
class LivingNetwork:
    widths: tuple[int, ...]
    entanglements: tuple[float, ...]
    activation: str
    stretch: float = 1.3
    seed: int = 0

    def __post_init__(self):
        rng = np.random.default_rng(self.seed)
        before = list(zip(self.widths, self.widths[1:]))
        self.weights = [rng.normal(size=(width, wide)) for wide, width in before]
        self.biases = [rng.normal(size=width) for _, width in before]
        self.first_angles = rng.uniform(-3, 3, self.widths[0])

    def phi(self, layer, outcomes):
        """Activations of layer + 1 for outcomes (patterns, width) of `layer`."""
        z = (outcomes @ self.weights[layer].T + self.biases[layer]) / self.stretch
        return z if self.activation == "linear" else np.clip(z, -1, 1)

    def feedforward(self) -> list[Feedforward]:
        layers = range(len(self.weights))
        if self.activation == "linear":
            return [
                linear_feedforward(self.weights[k], self.biases[k], self.stretch) for k in layers
            ]
        return [table_feedforward(lambda r, k=k: self._theta(k, r), self.widths[k]) for k in layers]

    def joint(self) -> np.ndarray:
        functions = [lambda r, k=k: self.phi(k, r) for k in range(len(self.weights))]
        return joint_probabilities(self.first_angles, self.widths, self.entanglements, functions)

    def _theta(self, layer, outcomes):
        width = self.widths[layer + 1]
        last = np.ones((len(outcomes), width))
        kept = min(width, outcomes.shape[1])
        last[:, :kept] = outcomes[:, :kept]
        return np.pi / 2 * (last - self.phi(layer, outcomes))
