"""What every noise term can answer about a device's elements."""

import numpy as np
from numpy.typing import NDArray

from noise_models.elements import CalibratedInstruction
from noise_models.stages import Stages


class NoiseSource:
    """One term of a specification at its strength; this one does nothing.

    `gate_stages`, `waiting` and `readout` raise `NoiseError` where one element has no such error:
    its strength has no channel, or its calibration is missing.

    Attributes:
        coupling_rate: Hz, of the phase that both of two coupled qubits in |1> collect.
        leakage: Probability for each physical gate that a qubit of it leaves |0> and |1>.
        correlated_readout: Probability that the outcomes of two coupled qubits flip together.
    """

    coupling_rate: float = 0.0
    leakage: float = 0.0
    correlated_readout: float = 0.0

    def gate_stages(self, instruction: CalibratedInstruction) -> Stages:
        """Return what acts after an instruction."""
        return ()

    def waiting(self, qubit: int, duration: float) -> Stages:
        """Return what acts on a qubit that waits for a duration in seconds."""
        return ()

    def missing(self, instruction: CalibratedInstruction) -> str | None:
        """Return which calibration that this term needs an instruction lacks, None if none."""
        return None

    def readout(self, qubit: int) -> NDArray[np.float64] | None:
        """Return the readout matrix of a qubit, None if this term has none."""
        return None

    def relaxation_rates(self, qubit: int) -> tuple[float, float]:
        """Return 1/T1 and 1/T2 (1/s) as they act in this term."""
        return 0.0, 0.0
