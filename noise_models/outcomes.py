"""Synthetic errors of what is read: readout errors, alone and correlated, and leakage."""

import numpy as np
from numpy.typing import NDArray

from noise_models.mechanisms import contracted, readout_matrix
from noise_models.source import NoiseSource
from noise_models.stages import Stages, mixture


class Readout(NoiseSource):
    """The same readout matrix for every qubit."""

    def readout(self, qubit: int) -> NDArray[np.float64] | None:
        """Return the readout matrix of a qubit, None if this term has none."""
        p01, p10 = self.term.number("p01"), self.term.number("p10")
        strength = self.strength((qubit,), "readout")
        return readout_matrix(p01, p10, strength, f"readout(p01={p01:g}, p10={p10:g})")


class CorrelatedReadout(NoiseSource):
    """With probability p the outcomes of two coupled qubits flip together.

    It acts on the reported bits, after the readout errors of each; contraction (1 - 2 p)**x.
    """

    def correlated_readout(self, pair: tuple[int, int]) -> float:
        """Return the probability that the outcomes of two coupled qubits flip together."""
        strength = self.strength(pair, "readout")
        return (1 - contracted(1 - 2 * self.term.number("p"), strength, self.term.name)) / 2


class Leakage(NoiseSource):
    """After each physical gate, each of its qubits leaves for |2> with probability p.

    There no gate reaches it, and it reads as 1; a neighbour does not feel it. A measurement brings
    it back, as |1>. So a qubit that is measured after n gates is in |1> for the measurement with
    probability 1 - (1 - p)**n, whatever its state: the rate L1 of Wood and Gambetta, Phys. Rev. A
    97, 032306 (2018), without seepage (L2 = 0).
    """

    def leakage(self, qubit: int) -> float:
        """Return the probability for each physical gate that the qubit leaves |0> and |1>."""
        strength = self.strength((qubit,))
        return 1 - contracted(1 - self.term.number("p"), strength, self.term.name)


def leaked_stages(probability: float, gates: int) -> Stages:
    """Return what happens before the measurement of a qubit after a number of gates."""
    leaked = 1 - (1 - probability) ** gates
    return (mixture(1, 0, {"reset x": leaked}),) if leaked else ()
