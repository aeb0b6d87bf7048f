"""A noise model of Aer as a noise: as it is in Aer, by its channels elsewhere."""

import math

import numpy as np
import pytest
from qiskit.circuit import Delay
from qiskit_aer import AerSimulator
from qiskit_aer.noise import (
    NoiseModel,
    ReadoutError,
    RelaxationNoisePass,
    amplitude_damping_error,
    depolarizing_error,
)
from qiskit_ibm_runtime.fake_provider import FakeLagosV2

import qnnq
from noise_models import NoiseError
from noise_models.given import digest_of_model
from qnnq.runs.run import plan


@pytest.fixture(scope="module")
def inputs():
    """A network of two weakly measured neurons a layer, and three images."""
    rng = np.random.default_rng(4)
    shapes = ((2, 4), (2, 2), (3, 2))
    weights = tuple(rng.normal(size=shape).astype(np.float32) for shape in shapes)
    network = qnnq.Network(weights, stretch=0.5, entanglement=3 * math.pi / 8)
    return network, rng.random((3, 4))


def a_model(turned=False):
    """Strong errors of every kind; `turned`: the same, said in another order."""
    model = NoiseModel()
    damping = [(amplitude_damping_error(0.3), "sx", [q]) for q in (1, 3, 5)]
    for error in reversed(damping) if turned else damping:
        model.add_quantum_error(*error)
    model.add_all_qubit_quantum_error(depolarizing_error(0.05, 1), ["x"])
    model.add_all_qubit_quantum_error(depolarizing_error(0.2, 2), ["cx"])
    model.add_all_qubit_readout_error(ReadoutError([[0.9, 0.1], [0.2, 0.8]]))
    times = [2e-6] * 7, [1e-6] * 7
    model._custom_noise_passes.append(RelaxationNoisePass(*times, dt=2e-9 / 9, op_types=Delay))
    return model


def request(inputs, noise, **options):
    network, images = inputs
    return qnnq.RunRequest(network, data=images, noise=noise, device="fake_lagos", **options)


def test_the_instrument_has_the_channels_of_what_aer_takes_as_it_is(inputs):
    """Both within 6 standard deviations, which 9 comparisons exceed once in 5e7."""
    shots = {"aer": 3000, "instrument": 300_000}
    rates = {
        engine: qnnq.run(request(inputs, a_model(), engine=engine, shots=number)).counts / number
        for engine, number in shots.items()
    }
    mean = rates["instrument"]
    error = np.sqrt(mean * (1 - mean) * sum(1 / number for number in shots.values()))
    assert (abs(rates["aer"] - mean) < 6 * error).all()
    ideal = inputs[0].predict_proba(inputs[1], shots=3000)
    assert (abs(rates["aer"] - ideal) > 6 * error).any()


def test_the_model_of_a_backend_is_the_noise_of_its_name(inputs):
    model = NoiseModel.from_backend(FakeLagosV2())
    simulator = AerSimulator.from_backend(FakeLagosV2())
    words = qnnq.run(request(inputs, "fake_lagos", shots=500))
    for noise in (model, simulator):
        found = qnnq.run(request(inputs, noise, shots=500))
        assert (found.counts == words.counts).all()
        assert found.task.noise == f"aer({digest_of_model(model)})"
    network, images = inputs
    found = qnnq.run(qnnq.RunRequest(network, data=images, device=simulator, shots=500))
    assert (found.counts == words.counts).all()
    assert found.task.device_content is not None


def test_its_identity_is_its_content(inputs):
    digest = digest_of_model(a_model())
    assert digest_of_model(a_model(turned=True)) == digest
    other = a_model()
    other.add_quantum_error(amplitude_damping_error(0.1), "sx", [2])
    assert digest_of_model(other) != digest
    identity = plan(request(inputs, a_model()), labelled=False).identity()
    assert identity.content["noise"] == f"aer({digest})"


def test_what_is_no_channel_after_an_instruction_is_for_aer_alone(inputs):
    model = NoiseModel()
    model.add_all_qubit_quantum_error(depolarizing_error(0.1, 1), ["measure"])
    with pytest.raises(NoiseError, match="measure on qubit .: expected a NoiseModel without an er"):
        qnnq.run(request(inputs, model))
    assert qnnq.run(request(inputs, model, engine="aer", shots=2)).shots == 2
    model = NoiseModel()
    model._custom_noise_passes.append(RelaxationNoisePass([1e-6] * 7, [1e-6] * 7))
    for engine in ("aer", "instrument"):
        with pytest.raises(NoiseError, match="got the pass RelaxationNoisePass in it"):
            qnnq.run(request(inputs, model, engine=engine))
