"""Drift: error rates and readout that wander from one block of shots to the next."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from noise_models.catalogue import MECHANISMS
from noise_models.specification import NoiseSpecification, NoiseTerm

READOUT = frozenset({"readout", "correlated_readout"})
"""The terms that follow the factor of the readout."""

_STREAM = 0xD41F7  # apart from the streams of outcomes, which have the same seed


def drifted(
    specification: NoiseSpecification, times_s: Sequence[float], seed: int
) -> list[NoiseSpecification]:
    """Return the noise of each block of shots of a task.

    The strength of every readout error is multiplied by one factor, that of every other error
    (gates, relaxation, waits, angles) by another one: F = exp(sigma y - sigma**2 / 2), whose mean
    is 1, with y a stationary Ornstein-Uhlenbeck process of variance 1 and correlation
    exp(-|t - t'| / time). At strength x of the drift term, sigma is x times as large. All qubits
    share the factors: the spread of a result is an upper bound where qubits wander by themselves.
    Log-normal rates: Burnett et al., npj Quantum Information 5, 54 (2019) show T1 and T2 that
    wander by tens of per cent over hours.

    Args:
        specification: With a drift term or without, in which case nothing wanders.
        times_s: When each block begins, in seconds, ascending; shape (blocks,).
        seed: Equal seeds give equal factors.
    """
    drift = drift_term(specification)
    whole = without_drift(specification)
    if drift is None:
        return [whole] * len(times_s)
    sigma, correlation_time = drift.number("sigma") * drift.strength, drift.number("time")
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(_STREAM,)))
    wander = np.empty((len(times_s), 2))
    for block, time in enumerate(times_s):
        draw = rng.standard_normal(2)
        if block:
            kept = math.exp(-(time - times_s[block - 1]) / correlation_time)
            draw = kept * wander[block - 1] + math.sqrt(1 - kept**2) * draw
        wander[block] = draw
    factors = np.exp(sigma * wander - sigma**2 / 2)
    return [
        NoiseSpecification(tuple(_scaled(whole, float(errors), float(readout))))
        for errors, readout in factors
    ]


def drift_term(specification: NoiseSpecification) -> NoiseTerm | None:
    """Return the drift of a specification, None if nothing wanders."""
    return next((term for term in specification.active_terms if term.name == "drift"), None)


def without_drift(specification: NoiseSpecification) -> NoiseSpecification:
    """Return the noise that drift wanders about."""
    return NoiseSpecification(tuple(term for term in specification.terms if term.name != "drift"))


def _scaled(
    specification: NoiseSpecification, errors: float, readout: float
) -> Iterator[NoiseTerm]:
    for term in specification.terms:
        if not term.is_device:
            factor = readout if term.name in READOUT else errors
            yield replace(term, strength=term.strength * factor)
            continue
        switched_off = dict(term.parameters)
        others = {name: False for name in MECHANISMS if name != "readout"}
        for factor, off in ((errors, {"readout": False}), (readout, others)):
            parameters = tuple(sorted((switched_off | off).items()))
            if len(parameters) < len(MECHANISMS):
                yield replace(term, parameters=parameters, strength=term.strength * factor)
