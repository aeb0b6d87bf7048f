"""Joint outcomes of whole networks from the equations of the activation step alone: no circuits.

A neuron is a density matrix. A step turns it by theta = (pi/2)(r_last - phi(z)); the measurement of
strength s = sin g has the Kraus operators diag(sqrt((1 + x s)/2), sqrt((1 - x s)/2)) for x = +1, -1
(arXiv 2503.15482); x is misread as r, and what the host knows are the r. Coherent neurons keep
their state; stepwise ones are prepared as RY(alpha')|0> from the angle that follows from the r.
"""

import math

import numpy as np


def phi(z, activation, stretch):
    if activation == "linear":
        return z / stretch
    if stretch == 0:
        return np.sign(z)
    return np.clip(z / stretch, -1, 1) if activation == "htanh" else np.tanh(z / stretch)


def layer_activation(network, layer, inputs):
    """phi (patterns, width) of a layer for inputs (patterns, width before)."""
    z = inputs @ np.asarray(network.weights[layer], dtype=float).T
    if network.biases[layer] is not None:
        z = z + network.biases[layer]
    return phi(z, network.activations[layer], network.stretches[layer])


def turn(angle):
    half = np.asarray(angle) / 2
    rows = [[np.cos(half), -np.sin(half)], [np.sin(half), np.cos(half)]]
    return np.moveaxis(np.array(rows), (0, 1), (-2, -1))


def angle_after(angle, entanglement, outcomes):
    """alpha after outcomes +1, -1 at alpha' = angle; a projective measurement leaves 0 or pi."""
    if entanglement == math.pi / 2:
        return math.pi * (outcomes < 0) + 0 * angle
    s = outcomes * math.sin(entanglement)
    sine = np.sqrt(np.maximum(0, 1 - s)) * np.sin(angle / 2)
    return 2 * np.arctan2(sine, np.sqrt(np.maximum(0, 1 + s)) * np.cos(angle / 2))


def reported_states(states, entanglement, outcomes, misread):
    """Unnormalised states (..., ancilla's bit, 2, 2) after reports (..., of +1, -1).

    misread: [true, reported]. An ancilla that starts in |1> measures the opposite; it keeps what
    was measured. For g = pi/2 the neuron itself is measured.
    """
    s = math.sin(entanglement)
    reports = (outcomes < 0).astype(int)
    total = np.zeros_like(states)
    for ancilla, bit in np.ndindex(2, 2):
        x = 1 - 2 * bit
        kraus = np.sqrt(np.maximum(0, [(1 + x * s) / 2, (1 - x * s) / 2]))
        measured = bit if entanglement == math.pi / 2 else bit ^ ancilla
        left = ancilla if entanglement == math.pi / 2 else measured
        after = kraus[:, None] * states[..., ancilla, :, :] * kraus
        total[..., left, :, :] += misread[measured, reports][..., None, None] * after
    return total


def recycled(states, outcomes, flipping):
    """Ancillas that are flipped where -1 was reported, or reset."""
    if flipping:
        return np.where((outcomes < 0)[..., None, None, None], states[..., ::-1, :, :], states)
    return np.stack([states.sum(axis=-3), 0 * states[..., 0, :, :]], axis=-3)


def joint_probabilities(
    first,
    widths,
    entanglements,
    activations,
    *,
    stepwise=False,
    misread=None,
    flipping=True,
    wait=None,
):
    """P of the reports of all neurons of all layers, (2,) * sum(widths), 1 for -1.

    first: theta of the first layer, (width,). activations: for each further layer phi as a function
    of outcomes (patterns, width of the layer before). misread: [true, reported]. wait: what happens
    to the states (..., 2, 2) of coherent neurons between two layers.
    """
    misread = np.eye(2) if misread is None else misread
    shape = (2,) * sum(widths)
    outcomes = 1 - 2 * np.indices(shape).reshape(len(shape), -1).T
    patterns, start = len(outcomes), 0
    ground = np.zeros((2, 2, 2))  # the ancilla's bit, the neuron's rows and columns
    ground[0, 0, 0] = 1
    states = np.zeros((patterns, 0, 2, 2, 2))
    alpha, last, probability = np.zeros((patterns, 0)), np.zeros((patterns, 0)), np.ones(patterns)
    for layer, (width, g) in enumerate(zip(widths, entanglements, strict=True)):
        known = min(width, last.shape[1])
        if stepwise:  # everything is measured and prepared anew
            probability, states = probability * settled(states), states[:, :0]
        # Neurons that are dropped lose their state; their ancillas are theirs where they return.
        dropped = np.trace(states[:, known:], axis1=-2, axis2=-1)[..., None, None] * ground[0]
        fresh = np.broadcast_to(ground, (patterns, max(0, width - states.shape[1]), 2, 2, 2))
        states = np.concatenate([states[:, :known], dropped, fresh], axis=1)
        new = np.ones((patterns, width - known))
        alpha = np.hstack([alpha[:, :known], 0 * new])
        r_last = np.hstack([last[:, :known], new])
        theta = math.pi / 2 * (r_last - activations[layer - 1](last)) if layer else first + 0 * new
        turned = turn(alpha + theta if stepwise else theta)[:, :, None]
        living = turned @ states[:, :width] @ turned.swapaxes(-1, -2)
        last = outcomes[:, start : start + width]
        start += width
        living = reported_states(living, g, last, misread)
        states = np.concatenate([living, states[:, width:]], axis=1)
        if wait is not None:
            states = wait(states)
        if g < math.pi / 2:
            living = recycled(states[:, :width], last, flipping)
            states = np.concatenate([living, states[:, width:]], axis=1)
        alpha = angle_after(alpha + theta, g, last)
    return (probability * settled(states)).reshape(shape)


def settled(states):
    """The product of all neurons' probabilities, (patterns,)."""
    return np.trace(states, axis1=-2, axis2=-1).sum(axis=-1).prod(axis=1)


def network_joint(network, pixels, **options):
    """`joint_probabilities` of a network for an image (inputs,)."""
    first = math.pi / 2 * (1 - layer_activation(network, 0, np.asarray(pixels)[None])[0])
    later = [
        lambda outcomes, k=k: layer_activation(network, k, outcomes)
        for k in range(1, network.hidden)
    ]
    return joint_probabilities(first, network.widths, network.entanglements, later, **options)


def stepwise_joint(network, pixels, measure):
    """The same where `measure(layer, angles)` gives the reports' probabilities, (2,) * width.

    Each layer is prepared anew at the angles (width,) that follow from what was reported.
    """
    table = np.zeros((2,) * sum(network.widths))

    def follow(layer, inputs, alpha, r_last, weight, bits):
        if layer == network.hidden:
            table[bits] = weight
            return
        width, g = network.widths[layer], network.entanglements[layer]
        kept = min(width, len(alpha))
        before = np.append(alpha[:kept], np.zeros(width - kept))
        r_last = np.append(r_last[:kept], np.ones(width - kept))
        turned = r_last - layer_activation(network, layer, inputs[None])[0]
        angles = before + math.pi / 2 * turned
        joint = measure(layer, angles)
        for own in np.ndindex(joint.shape):
            outcomes = 1.0 - 2.0 * np.array(own)
            after = angle_after(angles, g, outcomes)
            follow(layer + 1, outcomes, after, outcomes, weight * joint[own], (*bits, *own))

    follow(0, np.asarray(pixels, dtype=float), np.zeros(0), np.zeros(0), 1.0, ())
    return table
