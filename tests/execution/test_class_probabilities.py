"""Engine `exact`: against sums over all outcome patterns, and against what `instrument` samples."""

import math

import numpy as np
import pytest

from qnnq.errors import InputError
from qnnq.execution import class_probabilities as exact
from qnnq.execution.class_probabilities import class_probabilities
from qnnq.networks.bundled import bundled_models, load_model
from qnnq.networks.network import Network
from qnnq.results.exact_result import ExactResult
from qnnq.runs.deploy import deploy
from qnnq.runs.request import RunRequest
from qnnq.runs.run import prepare
from tests.execution.engines.test_response import reference
from tests.execution.enumeration import class_distribution

NOISES = ("fake_torino*4", "overrotation(angle=0.3) + readout(p01=0.02, p10=0.08)", "ideal")
JOINED = {"pairs": 2, "pair_gate": "cz"}
PIXELS = np.random.default_rng(0).random((3, 5))
IMAGES = np.array([4, 7, 8])
ROUNDING = 2e-6


@pytest.fixture(params=["forward", "backward"])
def _direction(request, monkeypatch):
    """Few images are summed forward; here many are few, or none."""
    monkeypatch.setattr(exact, "FEW_IMAGES", 100 if request.param == "forward" else 0)


def narrow(widths, seed=1, stretch=0.6):
    rng = np.random.default_rng(seed)
    shapes = [(out, into) for into, out in zip((5, *widths), (*widths, 3))]
    weights = tuple(rng.normal(0, 0.8, shape) for shape in shapes)
    biases = tuple(rng.normal(0, 0.5, out) for out, _ in shapes)
    return Network(weights, stretch=stretch, biases=biases)


def independent(deployment, copy):
    """Return the distribution of a layer whose neurons answer on their own, by their sines."""

    def response(layer, angles):
        constant, cosine, sine = deployment.responses[layer].exact[:, copy]
        joint = np.ones(())
        for a, b, c, angle in zip(constant, cosine, sine, angles):
            minus = a + b * math.cos(angle) + c * math.sin(angle)
            joint = np.multiply.outer(joint, [1 - minus, minus])
        return joint

    return response


@pytest.mark.usefixtures("_direction")
@pytest.mark.parametrize("noise", NOISES)
@pytest.mark.parametrize("widths", [(2, 3), (4, 5), (6, 2), (6, 5, 3)])
def test_the_sum_over_all_patterns(widths, noise):
    """Two copies on the chip, each with qubits of its own; biases."""
    network = narrow(widths)
    deployment = deploy(RunRequest(noise=noise, copies=2), network)
    found = class_probabilities(network, PIXELS, IMAGES, deployment.responses, threads=2)
    for pixels, image, row in zip(PIXELS, IMAGES, found):
        expected = class_distribution(network, pixels, independent(deployment, image % 2))
        np.testing.assert_allclose(row, expected, atol=ROUNDING)


@pytest.mark.usefixtures("_direction")
@pytest.mark.parametrize("noise", NOISES[:2])
def test_joined_pairs_against_density_matrices(noise):
    network = narrow((3, 2))
    deployment = deploy(RunRequest(noise=noise, **JOINED), network)
    assert any(response.has_joined for response in deployment.responses)

    def response(layer, angles):
        return reference(deployment.layers[layer], deployment.channels[layer], angles)

    found = class_probabilities(network, PIXELS[:1], IMAGES[:1], deployment.responses)
    expected = class_distribution(network, PIXELS[0], response)
    np.testing.assert_allclose(found[0], expected, atol=ROUNDING)


def assert_agree(model, images, seeds, sigmas, **options):
    """Compare shots, and majorities of 15, of some seeds with what `exact` says of them."""
    found = prepare(RunRequest(model=model, images=images, engine="exact", **options)).execute()
    assert isinstance(found, ExactResult)
    np.testing.assert_allclose(found.probabilities.sum(axis=1), 1)
    sampled = prepare(RunRequest(model=model, images=images, shots=15, **options))
    one, votes = np.zeros(len(found.images)), np.zeros(len(found.images))
    for seed in range(seeds):
        result = sampled.part(images, seed).execute(with_error=False)
        one += result.counts[np.arange(len(one)), result.labels] / 15
        votes += result.counts.argmax(axis=1) == result.labels
    chances = ExactResult.of(
        "", found.task, found.images, found.labels, found.probabilities,
        seconds=0.0, versions={}, calibration=None, majority_of=15,
    ).chances()  # fmt: skip
    for seen, prediction, each in ((one, "single_shot", 15), (votes, "majority", 1)):
        p = chances.answers(prediction, found.labels)[0]
        deviation = math.sqrt((p * (1 - p)).sum() / (each * seeds))
        assert abs(seen.sum() / seeds - p.sum()) < sigmas * deviation + 1e-4 * len(p)


@pytest.mark.parametrize("options", [{}, {"copies": 2, **JOINED}], ids=["alone", "joined"])
def test_the_instrument_samples_them(options):
    """Five standard deviations for four numbers: false-alarm rate 2e-6."""
    assert_agree("mnist16-a0.5", "0:50", 10, 5, noise="fake_torino*4", **options)


METHOD_1 = [name for name in bundled_models() if min(load_model(name).entanglements) == math.pi / 2]


@pytest.mark.slow
@pytest.mark.parametrize("model", METHOD_1)
def test_all_bundled_networks_over_forty_seeds(model):
    """Three standard deviations; the seeds are fixed, so that a pass stays one."""
    assert_agree(model, "0:10000", 40, 3, noise="fake_kingston*4")


REFUSED = {
    "weak": ({"model": "mnist16-a0.5-g3pi8"}, "expected a network that is measured projectively"),
    "drift": ({"noise": "fake_fez + drift(sigma=0.2, time=24h)"}, "expected noise without drift"),
    "correlated": (
        {"noise": "fake_fez + correlated_readout(p=0.01)", "qubits": ",".join(map(str, range(16)))},
        "expected noise without correlated_readout",
    ),
    "measured": ({"noise": "measured:r.json"}, "expected instrument with `noise` measured:FILE"),
    "coherent": ({"mode": "coherent"}, "expected `engine` instrument or aer, got exact"),
    "compensated": ({"compensate": True}, "expected `engine` instrument or aer, got exact"),
    "votes": ({"shots": 5000}, "expected at most 1,001 with `engine` exact"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_it_cannot_do_is_refused_in_a_line(case):
    options, message = REFUSED[case]
    with pytest.raises(InputError, match=message) as found:
        prepare(RunRequest(engine="exact", images="0:2", **options))
    assert "\n" not in str(found.value)


def test_layers_of_seventeen_are_refused():
    with pytest.raises(InputError, match="at most 16 neurons, got 17"):
        exact.check_enumerable(narrow((17, 2)))


def test_neither_shots_nor_seed_are_part_of_the_task():
    tasks = [
        prepare(RunRequest(engine="exact", images="0:2", shots=shots, seed=seed)).task
        for shots, seed in ((15, 0), (31, 7))
    ]
    assert tasks[0].id == tasks[1].id
    assert not {"shots", "seed"} & tasks[0].to_json().keys()
