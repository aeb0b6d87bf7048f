"""Qubits that relax while ZZ couplings turn them: the exact propagator of both.

Relaxation and a ZZ coupling do not commute: a qubit that decays halfway through a wait has turned
its neighbours for half of it. But whether a qubit is in a population (|0><0|, |1><1|) or in a
coherence (|0><1|, |1><0|) stays as it is. For given coherences of the neighbours the coupling is an
imaginary frequency of |1><1|, so each population follows a two-state equation of its own, whatever
the others do; the product over the qubits is the solution for all of them (Foss-Feig et al., Phys.
Rev. A 87, 042101 (2013)).

Written as channels: first the ZZ phases of the whole wait, then for each qubit, in any order, its
relaxation in the frame that turns with them, which acts on its neighbours too: a decay takes back
the part of their phases that came after it. Rounding leaves 1e-11 with up to three neighbours; with
four whose rates differ it can leave 4e-8.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from noise_models.stages import ComplexArray, Kraus, Stages, positive_columns, superoperator

_MOST = 1e9
"""Radians, beyond which a decay leaves a neighbour no coherence worth mentioning."""

_SMALL = 1e-3  # below it the series of sinh(x) / x is exact to rounding


def coupled_relaxation(alone: Stages, down: float, up: float, phases: Sequence[float]) -> Stages:
    """Return a wait of a coupled qubit, on it and its neighbours, after the ZZ phases of the wait.

    Args:
        alone: What the wait does to the qubit where nothing couples to it.
        down: How often it decays to |0> in the wait: the rate times the time.
        up: How often it is excited to |1>.
        phases: Radians; of each neighbour, what |11> collects in the wait.
    """
    coherence = complex(superoperator(alone, 1)[1, 1])
    neighbours = np.arange(2 ** len(phases))
    turned = (neighbours[:, None] >> np.arange(len(phases)) & 1) @ np.clip(phases, -_MOST, _MOST)
    moved = _populations(down, up, turned[:, None] - turned[None, :])
    count = len(neighbours)
    # Qubits in order, the relaxing one least significant.
    staying = np.empty((count, 2, count, 2), dtype=complex)
    staying[:, 0, :, 0], staying[:, 1, :, 1] = moved[..., 0, 0], moved[..., 1, 1]
    staying[:, 1, :, 0], staying[:, 0, :, 1] = coherence, coherence.conjugate()
    operators = [
        np.diag(column) for column in positive_columns(staying.reshape(2 * count, 2 * count))
    ]
    for after, before in ((0, 1), (1, 0)):
        jump = np.zeros((2, 2))
        jump[after, before] = 1
        columns = positive_columns(moved[..., after, before])
        operators += [np.kron(np.diag(column), jump).astype(complex) for column in columns]
    return (Kraus(np.array(operators), tuple(range(1 + len(phases)))),)


def _populations(down: float, up: float, phase: NDArray[np.float64]) -> ComplexArray:
    """Return how populations move in the frame of the phases, shape (..., after, before).

    exp(A) diag(1, exp(i phase)), where A = [[-up, down], [up, -down - i phase]].
    """
    mean = -(down + up + 1j * phase) / 2
    half = (down - up + 1j * phase) / 2
    root = np.sqrt(half**2 + down * up)
    plus, minus = np.exp(mean + root), np.exp(mean - root)
    is_small = abs(root) < _SMALL
    series = np.exp(mean) * (1 + root**2 / 6)
    sine = np.where(is_small, series, (plus - minus) / np.where(is_small, 1, 2 * root))
    cosine = (plus + minus) / 2
    whole = np.stack([cosine + half * sine, down * sine, up * sine, cosine - half * sine], axis=-1)
    whole = whole.reshape(*phase.shape, 2, 2)
    whole[..., :, 1] *= np.exp(1j * phase)[..., None]
    return np.asarray(whole)
