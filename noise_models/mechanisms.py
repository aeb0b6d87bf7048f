"""The physical mechanisms, as stages, at any strength.

Strength x means that the error acts x times; a result that is no channel is a `NoiseError`.
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from noise_models.errors import NoiseError
from noise_models.stages import Kraus, Stage, Stages, depolarizing, mixture


def contracted(contraction: float, strength: float, what: str) -> float:
    """Return contraction**strength.

    Raises:
        NoiseError: The contraction is negative (an error worse than complete randomness) and the
            strength is no whole number, so that no channel is that power.
    """
    if contraction < 0 and not float(strength).is_integer():
        raise NoiseError(
            f"found strength {strength:g}, expected a whole number: {what} is worse than random "
            "and has no other power"
        )
    return float(contraction**strength)


def depolarizing_stages(qubits: int, probability: float, strength: float, what: str) -> Stages:
    """Return the depolarizing error of contraction (1 - probability)**strength."""
    scaled = 1 - contracted(1 - probability, strength, what)
    return (depolarizing(qubits, scaled),) if scaled else ()


def relaxation_stages(
    times: Sequence[tuple[float, float]], duration: float, population: float = 0.0
) -> Stages:
    """Return T1 and T2 relaxation of each qubit, towards a population of |1>.

    The distance to the equilibrium decays by exp(-duration / T1), coherences by
    exp(-duration / T2). For T2 <= T1 that is a random reset and phase flip, otherwise a phase flip
    and (generalized) amplitude damping.

    Args:
        times: (T1, T2) of each qubit, math.inf for none, T2 <= 2 T1, in the unit of `duration`.
        duration: How long.
        population: Of |1> in equilibrium, 0 to 1.
    """
    mixtures: list[Stage] = []
    dampings: list[Stage] = []
    for position, (t1, t2) in enumerate(times):
        decay = -math.expm1(-duration / t1)
        if t2 <= t1:
            flip = (1 - decay) * -math.expm1(duration / t1 - duration / t2) / 2
            up = decay * population
            probabilities = {"reset": decay - up, "reset x": up, "z": flip}
        else:
            probabilities = {"z": -math.expm1(duration / (2 * t1) - duration / t2) / 2}
            dampings += amplitude_damping_stages(position, decay, population)
        if any(probabilities.values()):
            mixtures.append(mixture(len(times), position, probabilities))
    return (*mixtures, *dampings)


def accelerated(times: tuple[float, float], factor: float) -> tuple[float, float]:
    """Return (T1, T2) of a relaxation that is a number of times as fast."""
    t1, t2 = (time / factor if factor else math.inf for time in times)
    return t1, t2


def relaxation_infidelity(times: Sequence[tuple[float, float]], duration: float) -> float:
    """Return the average gate infidelity of `relaxation_stages`."""
    d = 1 << len(times)
    process_fidelity = math.prod(
        (1 + math.exp(-duration / t1) + 2 * math.exp(-duration / t2)) / 4 for t1, t2 in times
    )
    return (1 - process_fidelity) * d / (d + 1)


def amplitude_damping_stages(position: int, probability: float, population: float = 0.0) -> Stages:
    """Return the decay of one qubit, with a probability, to |0>, or in a share of cases to |1>."""
    if not probability:
        return ()
    stay = np.diag([1, math.sqrt(1 - probability)])
    decay = np.array([[0, math.sqrt(probability)], [0, 0]])
    operators = [stay, decay]
    if population:
        down, up = math.sqrt(1 - population), math.sqrt(population)
        operators = [down * stay, down * decay, up * stay[::-1, ::-1], up * decay.T]
    return (Kraus(np.array(operators, dtype=complex), (position,)),)


def phase_damping_stages(qubits: int, position: int, probability: float) -> Stages:
    """Return the channel that multiplies one qubit's coherence by sqrt(1 - probability)."""
    if not probability:
        return ()
    return (mixture(qubits, position, {"z": (1 - math.sqrt(1 - probability)) / 2}),)


def reset_error_stages(probability: float, strength: float) -> Stages:
    """Return the bit flip of contraction (1 - 2 probability)**strength that follows a reset."""
    what = f"the reset error {probability:g}"
    flip = (1 - contracted(1 - 2 * probability, strength, what)) / 2
    return (mixture(1, 0, {"x": flip}),) if flip else ()


def readout_matrix(p01: float, p10: float, strength: float, what: str) -> NDArray[np.float64]:
    """Return [[1 - p01, p01], [p10, 1 - p10]]**strength, rows: prepared, columns: measured."""
    total = p01 + p10
    if not total:
        return np.eye(2)
    # The eigenvalues are 1 and 1 - p01 - p10.
    factor = (1 - contracted(1 - total, strength, what)) / total if strength != 1 else 1.0
    p01, p10 = p01 * factor, p10 * factor
    return np.array([[1 - p01, p01], [p10, 1 - p10]])
