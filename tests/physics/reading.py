"""The exact joint distribution that a mode samples from, read off with chosen random numbers.

An outcome is -1 where its uniform number lies below a probability: bisection finds it. All other
numbers force the outcomes of one history, so what is read is what a run would sample.
"""

import copy

import numpy as np

from tests.physics.equations import layer_activation

STEPS = 30  # of bisection: 1e-9
LOW, HIGH = -1.0, 2.0  # below and above every probability


class Chosen:
    """Stands in for `Draws`: uniform numbers are given, (shots, those of all streams)."""

    def __init__(self, image, numbers):
        self.images, self.shots = np.array([image]), len(numbers)
        self.numbers, self.used = numbers, 0

    def copies(self, number):
        return self.images % number

    def uniforms(self, width, stream=()):
        found = np.full((self.shots, width), HIGH)
        given = self.numbers[:, self.used : self.used + width]
        found[:, : given.shape[1]] = given
        self.used += width
        return found[None]


def read_joint(network, pixels, mode, image=0):
    """P of the reports of all neurons of all layers, (2,) * sum(widths), 1 for -1."""
    counts = _numbers_drawn(network, pixels, mode, image)
    patterns = np.indices((2,) * sum(counts)).reshape(sum(counts), -1).T  # 1: forced to be below
    forced = np.where(patterns, LOW, HIGH)
    session, weights = mode.start(), np.ones(len(forced))
    inputs = np.tile(np.asarray(pixels, dtype=float), (len(forced), 1))
    reports = []
    for layer, ends in enumerate(np.cumsum(counts)):
        activations = layer_activation(network, layer, inputs)[None].astype(np.float32)
        own = slice(ends - counts[layer], ends)

        def step(session, numbers, layer=layer, activations=activations):
            return session.step(layer, activations, Chosen(image, numbers))[0]

        for variable in range(counts[layer]):

            def reported(number, own=own, variable=variable, step=step):
                numbers = forced[:, own].copy()
                numbers[:, variable] = number
                return step(copied(session), numbers)

            below, above = reported(LOW), reported(HIGH)
            low, high = np.zeros(len(forced)), np.ones(len(forced))
            for _ in range(STEPS):
                middle = (low + high) / 2
                under = (reported(middle) == below).all(axis=1)
                low, high = np.where(under, middle, low), np.where(under, high, middle)
            settled = (below == above).all(axis=1)  # a number that nothing depends on
            minus = np.where(settled, 0.0, (low + high) / 2)
            weights *= np.where(patterns[:, own][:, variable] == 1, minus, 1 - minus)
        inputs = step(session, forced[:, own]).astype(float)
        reports.append(inputs < 0)
    records = np.concatenate(reports, axis=1).astype(int)
    table = np.zeros((2,) * records.shape[1])
    np.add.at(table, tuple(records.T), weights)
    return table


def copied(session):
    """A session that goes on by itself; arrays are never changed in place, lists may be."""
    other = copy.copy(session)
    lists = {name: list(value) for name, value in vars(session).items() if isinstance(value, list)}
    vars(other).update(lists)
    return other


def _numbers_drawn(network, pixels, mode, image):
    """How many uniform numbers a shot of each layer takes."""
    session, inputs, counts = mode.start(), np.asarray(pixels, dtype=float)[None], []
    for layer in range(network.hidden):
        chosen = Chosen(image, np.empty((1, 0)))
        activations = layer_activation(network, layer, inputs)[None].astype(np.float32)
        inputs = session.step(layer, activations, chosen)[0].astype(float)
        counts.append(chosen.used)
    return counts
