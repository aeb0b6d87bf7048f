"""Training of couplings: what is sampled, and its gradients against finite differences."""

import math
from itertools import product

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from qnnq.data.dataset import Dataset  # noqa: E402
from qnnq.errors import InputError  # noqa: E402
from qnnq.networks.activation import phi  # noqa: E402
from qnnq.networks.couplings import KINDS, joint_probabilities  # noqa: E402
from qnnq.networks.file import read_network, write_network  # noqa: E402
from qnnq.training.settings import TrainingSettings  # noqa: E402
from qnnq.training.trainer import train  # noqa: E402
from qnnq.training.training_run import TrainingRun  # noqa: E402
from tests.execution.enumeration import class_distribution  # noqa: E402
from tests.networks.coupled import (  # noqa: E402
    SIGMAS,
    distribution_error,
    statevector_response,
)

STRETCH, IMAGE, LABEL = 1.5, np.array([[0.3, 0.9, 0.6]]), 1


def small_run(kind):
    """3 pixels, layers of 3 and 2 neurons, 2 classes; of three neurons two are joined."""
    settings = TrainingSettings(
        hidden=(3, 2), stretch=STRETCH, coupling=kind, epochs=1, seed=1, batch_size=4
    )
    data = Dataset(np.repeat(IMAGE, 4, axis=0), np.array([0, 1, 1, 0]), "four")
    run = TrainingRun(settings, data, data, "cpu")
    with torch.no_grad():
        for layer in run.model.layers:
            layer.weight.mul_(1.5)
        for name, parameter in run.model.named_parameters():
            if name.endswith("angles"):
                parameter.add_(0.7)
    return run


def layers_of(run):
    weights = [layer.weight.detach().numpy().astype(float) for layer in run.model.layers]
    angles = [step.angles.detach().numpy()[0].astype(float) for step in run.model.steps]
    return weights, angles


def expected_loss(kind, weights, angles, inputs=IMAGE[0], weight=1.0, layer=0):
    """Of the cross-entropy of one shot, by summing over all patterns."""
    z = weights[layer] @ inputs
    if layer == len(angles):
        return weight * float(np.log(np.exp(z).sum()) - z[LABEL])
    theta = math.pi / 2 * (1 - phi(z, "htanh", STRETCH))
    joint = joint_probabilities(kind, theta[:2], angles[layer], np)
    plus = [(1 + math.cos(angle)) / 2 for angle in theta[2:]]
    total = 0.0
    for bits in product((0, 1), repeat=len(z)):
        p = joint[2 * bits[0] + bits[1]]
        p *= math.prod(q if bit == 0 else 1 - q for q, bit in zip(plus, bits[2:]))
        outcomes = 1.0 - 2.0 * np.array(bits)
        total += expected_loss(kind, weights, angles, outcomes, weight * p, layer + 1)
    return total


def differences(function, arrays):
    """Central differences of a function of no arguments by the entries of arrays."""
    found = []
    for array in arrays:
        slopes = np.zeros_like(array)
        for place in np.ndindex(array.shape):
            ends = []
            for step in (1e-4, -2e-4):
                array[place] += step
                ends.append(function())
            array[place] += 1e-4
            slopes[place] = (ends[0] - ends[1]) / 2e-4
        found.append(slopes)
    return found


def sampled_gradients(run, parameters, images=2000, repetitions=40):
    """Means and standard errors of what a batch's backward pass finds."""
    random = torch.Generator().manual_seed(0)
    pixels = torch.tensor(IMAGE, dtype=torch.float32).expand(images, -1)
    labels = torch.full((images,), LABEL)
    found = []
    for _ in range(repetitions):
        run.optimizer.zero_grad()
        logits = run.model(pixels, random)
        loss = torch.nn.functional.cross_entropy(logits, labels)
        (loss + run._score(logits, labels)).backward()
        found.append([each.grad.clone().numpy() for each in parameters])
    columns = [np.stack(each) for each in zip(*found, strict=True)]
    return [(c.mean(axis=0), c.std(axis=0, ddof=1) / math.sqrt(repetitions)) for c in columns]


BIAS = {"cz": (0.99, 0.80), "cz-own": (0.98, 0.73), "xx+yy": (-0.98, 0.46), "bell": (-0.94, 0.71)}
"""Cosines between the straight-through and the true gradient, of the weights before each layer."""


@pytest.mark.parametrize("kind", KINDS)
def test_gradients_against_those_of_the_mean_loss(kind):
    """Of angles and readout within 7 standard errors of 40 batches: a false alarm in 1e6."""
    run = small_run(kind)
    weights, angles = layers_of(run)
    expected = differences(lambda: expected_loss(kind, weights, angles), [*angles, *weights])
    parameters = [step.angles for step in run.model.steps]
    found = sampled_gradients(run, [*parameters, *(layer.weight for layer in run.model.layers)])
    *hidden, readout = range(2, 5)
    for place in (0, 1, readout):
        slopes, (mean, error) = expected[place], found[place]
        assert np.abs(slopes).max() > 5 * error.max()  # else the test could not fail
        assert np.all(np.abs(mean.reshape(slopes.shape) - slopes) < 7 * error.reshape(slopes.shape))
    for place, cosine in zip(hidden, BIAS[kind], strict=True):
        true, mean = expected[place].ravel(), found[place][0].ravel()
        alike = true @ mean / np.linalg.norm(true) / np.linalg.norm(mean)
        assert alike == pytest.approx(cosine, abs=0.03)


@pytest.mark.parametrize("coupling", ["cz:3", "cz-own", "xx+yy:3", "bell"])
def test_what_is_sampled_is_what_the_network_says(coupling):
    run = small_run(coupling)
    network = run.model.to_network({})
    size = int(coupling.partition(":")[2] or 2)
    assert [len(layer) for layer in network.couplings] == [1, int(size == 2)]
    assert len(network.couplings[0][0].neurons) == size

    def response(layer, angles):
        return statevector_response(network.couplings[layer], angles)

    share = class_distribution(network, IMAGE[0], response)
    random = torch.Generator().manual_seed(0)
    with torch.no_grad():
        logits = run.model.shots(torch.tensor(IMAGE, dtype=torch.float32), 40_000, random)
    counts = np.bincount(logits.argmax(-1).flatten().numpy(), minlength=2)
    assert distribution_error(counts, share) < SIGMAS


def test_a_trained_network_has_its_couplings(tmp_path):
    rng = np.random.default_rng(0)
    data = Dataset(rng.random((40, 3)), rng.integers(0, 2, 40), "some")
    settings = TrainingSettings(
        hidden=(5, 2), coupling="bell:4", epochs=3, weight_decay=0.1, schedule="cosine"
    )
    found = train(settings, data, data)
    (chain,), none = found.network.couplings
    assert (chain.kind, chain.neurons, none) == ("bell", (0, 1, 2, 3), ())
    assert found.network.information["coupling"] == "bell:4"
    path = tmp_path / "net.safetensors"
    write_network(found.network, path)
    assert read_network(path).digest == found.network.digest
    checkpoint = tmp_path / "checkpoint"

    def stop(epoch):
        if epoch.epoch == 2:
            raise KeyboardInterrupt

    assert train(settings, data, data, stop, checkpoint=checkpoint).interrupted
    again = train(settings, data, data, checkpoint=checkpoint)
    assert again.network.digest == found.network.digest


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"coupling": "cx"}, "`coupling` 'cx': expected cz, cz-own, xx.yy, bell, or one of them"),
        ({"coupling": "cz:5"}, "`coupling` 'cz:5': expected .* 2 to 4 neurons such as cz:4"),
        ({"coupling": "cz:4", "hidden": (3, 2)}, "`coupling` cz:4: expected a layer of 4 neurons"),
        ({"coupling": "cz", "noise": "fake_kingston"}, "`coupling`: expected without `noise`"),
        ({"coupling": "cz", "classical": "relu"}, "`coupling`: expected without `classical`"),
        ({"coupling": "cz", "activation": "linear"}, "expected without `activation` linear"),
    ],
)
def test_settings_that_do_not_fit(changes, message):
    with pytest.raises(InputError, match=message):
        TrainingSettings(**changes)
