"""The exact instruments of a network's steps, from its circuits and their noise.

A step is, for each reported outcome and pattern of earlier ones, a real matrix on the Pauli vector
of each site (`site_instrument`). Few directions of that vector can occur: the state is kept in
coordinates of those, the first of which is its trace.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

import numpy as np
from threadpoolctl import threadpool_limits

from noise_models.channels import NoiseChannels
from qnnq.execution.engines.layer_instrument import BranchTable, LayerInstrument, Matrix
from qnnq.execution.engines.response import GROUND_STATE
from qnnq.execution.engines.site_instrument import SiteInstrument, staged
from transpile import CompiledNetwork

_NEGLIGIBLE = 1e-10
"""Of the largest singular value of the states that can occur: far below single precision."""


@lru_cache(maxsize=8)
def layer_instruments(
    compiled: CompiledNetwork, channels: NoiseChannels
) -> tuple[LayerInstrument, ...]:
    """Return the exact instrument of every step of a network.

    The outcome is that of the state as it enters the measurement, since the calibrated readout
    error contains the decay up to the outcome; relaxing before it would count that twice. The state
    that it falls into then relaxes for as long as the measurement takes.

    Args:
        compiled: The network, with branches, or its angles computed from the outcomes outside.
        channels: The noise of its gates, waits and measurements, without what joins neurons (ZZ
            couplings) and without leakage.
    """
    # Its matrices are so small that threads of BLAS only wait for one another.
    with threadpool_limits(1, "blas"):
        steps = [staged(step) for step in compiled.steps]
        sites = []  # the stages of all steps that a site is used in
        for neuron, site in enumerate(compiled.sites):
            used = (
                max(layer for layer, step in enumerate(compiled.steps) if neuron < step.width) + 1
            )
            alone = SiteInstrument(site, neuron, channels)
            stages = [stage for step in steps[:used] for stage in alone.stages(step)]
            sites.append(_reduced(stages, len(site.qubits)))
        instruments = []
        for step in steps:
            tables = tuple(BranchTable(each.bits, _by_case(_next(sites))) for each in step.tables)
            matrices = None if tables else _products(_next(sites))
            instruments.append(LayerInstrument(step.step.width, tables, matrices))
        return tuple(instruments)


def _next(sites: Iterable[Iterator[Matrix]]) -> list[Matrix]:
    """Return the next stage of each site that has one."""
    found = (next(stages, None) for stages in sites)
    return [stage for stage in found if stage is not None]


def _reduced(stages: Sequence[Matrix], qubits: int) -> Iterator[Matrix]:
    """Yield the same instruments in coordinates of the states that can occur."""
    start = np.ones(1)
    for _ in range(qubits):
        start = np.kron(start, GROUND_STATE)
    trace = np.eye(len(start))[:1]
    # For each outcome that was reported last: takes coordinates to a Pauli vector.
    vectors = [start[:, None], np.empty((len(start), 0))]
    for number, stage in enumerate(stages):
        count = max(each.shape[1] for each in vectors)
        maps = np.broadcast_to(stage, (len(vectors), *stage.shape[1:]))
        outcomes = range(stage.shape[2])
        images = [
            [maps[last, :, reported] @ basis for last, basis in enumerate(vectors)]
            for reported in outcomes
        ]
        if number == len(stages) - 1:
            bases = [(trace, np.empty((len(start), 0)))] * len(outcomes)  # only probabilities
        else:
            bases = [_coordinates(np.concatenate(np.concatenate(all_, -1), -1)) for all_ in images]
        after = max(len(functionals) for functionals, _ in bases)
        reduced = np.zeros((len(vectors), stage.shape[1], len(outcomes), after, count))
        for reported, (functionals, _) in enumerate(bases):
            for last, image in enumerate(images[reported]):
                found = functionals @ image
                reduced[last, :, reported, : found.shape[1], : found.shape[2]] = found
        yield reduced
        vectors = [basis for _, basis in bases]


def _coordinates(vectors: Matrix) -> tuple[Matrix, Matrix]:
    """Return what takes the span of Pauli vectors to coordinates, the first the trace, and back.

    Args:
        vectors: Shape (components, vectors).
    """
    # Those of the triangular factor: there are few components and very many vectors.
    triangle = np.asarray(np.linalg.qr(vectors.T, mode="r"))
    left, values, _ = np.linalg.svd(triangle.T, full_matrices=False)
    basis = left[:, values > _NEGLIGIBLE * max(values[0], _NEGLIGIBLE)]
    if not basis.shape[1]:
        return basis.T, basis
    # The trace, then directions orthogonal to it.
    rotation = np.linalg.qr(basis[:1].T, mode="complete")[0].T
    rotation[0] = basis[0]
    return rotation @ basis.T, basis @ np.linalg.inv(rotation)


def _products(neurons: Sequence[Matrix]) -> Matrix:
    """Return (neurons, cases * last * before, reported * after) matrices."""
    stacked = _stacked(neurons).swapaxes(1, 2)
    return stacked.reshape(len(neurons), -1, stacked.shape[-2] * stacked.shape[-1])


def _by_case(neurons: Sequence[Matrix]) -> Matrix:
    """Return (neurons, last * cases, before, reported * after) matrices."""
    stacked = _stacked(neurons)
    *_, before, reported, after = stacked.shape
    return stacked.reshape(len(neurons), -1, before, reported * after)


def _stacked(neurons: Sequence[Matrix]) -> Matrix:
    """Return (neurons, last, cases, before, reported, after) matrices, padded with 0."""
    after = max(each.shape[3] for each in neurons)
    before = max(each.shape[4] for each in neurons)
    lasts, cases, reported = neurons[0].shape[:3]
    result = np.zeros((len(neurons), lasts, cases, before, reported, after))
    for matrix, each in zip(result, neurons, strict=True):
        swapped = each.transpose(0, 1, 4, 2, 3)  # (last, cases, before, reported, after)
        matrix[:, :, : each.shape[4], :, : each.shape[3]] = swapped
    return result
