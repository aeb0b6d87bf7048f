"""Training of networks that receive quantum states."""

import numpy as np
import pytest
import torch
from qiskit import QuantumCircuit

from qnnq.data.dataset import Dataset
from qnnq.data.states.dataset import State, States
from qnnq.data.states.families import make_states
from qnnq.data.states.preparations import preparations_of
from qnnq.errors import InputError
from qnnq.execution.engines.receiving import pure_components
from qnnq.runs.request import RunRequest
from qnnq.runs.run import run
from qnnq.training.randomness import generator
from qnnq.training.receiving import ReceivingNetwork
from qnnq.training.settings import TrainingSettings
from qnnq.training.trainer import train
from qnnq.training.training_run import TrainingRun
from transpile import Shape, receiving_circuit


def plus_or_minus(count: int) -> Dataset:
    """Return |+> with the label 0 and |-> with 1, which RY turns to what a measurement tells."""
    states = []
    for number in range(count):
        circuit = QuantumCircuit(1)
        circuit.ry((-1) ** number * np.pi / 2, 0)
        states.append(State((circuit,), number % 2))
    return Dataset.of_states(States(tuple(states), "plus or minus", 1))


def model(states: States, receive: str | None = None) -> ReceivingNetwork:
    settings = TrainingSettings(hidden=(2,), receive=receive)
    return ReceivingNetwork((states,), 2, settings, generator("cpu", 3, 0))


@pytest.mark.parametrize(
    ("family", "receive"),
    [("hidden-pauli", None), ("hidden-pauli", "neighbours"), ("tfim", "none")],
)
def test_probabilities_are_those_of_the_circuit(family, receive):
    """Of the network that is written, as what it is deployed as."""
    states = make_states(family, 3 if family == "tfim" else 2, 2, draws=1)
    found = model(states, receive)
    with torch.no_grad():
        amplitudes = found._prepared(torch.tensor([1]), generator("cpu", 0, 0))
        own = found.receiver(amplitudes)[0].numpy()
    network, prepared = found.to_network({}), preparations_of(states)
    shape = Shape(network.widths[0], np.pi / 2, couplings=network.couplings[0])
    components = pure_components(receiving_circuit(shape, prepared.append_to, prepared.columns))
    turns = found.receiver.angles[: found.width].tolist()
    angles = [*turns, *np.tile(prepared.angles[1], states.copies)]
    expected = np.ones((1,) * network.widths[0])
    for component in components:
        law = component.law(np.array(angles)[None, list(component.columns)])[0]
        shape_of_law = [1] * network.widths[0]
        for bit in component.bits:
            shape_of_law[bit] = 2
        expected = expected * law.reshape(shape_of_law)
    np.testing.assert_allclose(own, expected.ravel(), atol=2e-6)


def test_the_score_term_has_the_gradient_of_the_mean_loss():
    """One qubit, loss 50 after outcome -1: d(mean loss)/d(angle) within 5 standard errors."""
    data = plus_or_minus(2)
    settings = TrainingSettings(hidden=(2,), receive="none")
    running = TrainingRun(settings, data, data, "cpu")
    found, numbers = running.model, torch.zeros((40_000, 1))
    with torch.no_grad():
        found.receiver.angles[:] = 0.4
        found.layers[0].weight[:] = 1e3  # stretch and widths do not matter: the outcome's sign
        found.layers[1].weight[:] = torch.tensor([[0.0, 0.0], [50.0, 0.0]])
    logits = found(numbers, generator("cpu", 1, 0))  # (0, 50 r): the loss is 50 or 0
    labels = torch.ones(len(numbers), dtype=torch.long)
    (gradient,) = torch.autograd.grad(running._score(logits, labels), [found.receiver.angles])
    # |+> turned by RY: P(-1) = (1 + sin(angle))/2
    assert float(gradient[0]) / 50 == pytest.approx(np.cos(0.4) / 2, abs=5 / np.sqrt(40_000))


def test_rotations_learn_to_tell_two_states():
    """16 of 20 are right by chance once in 170; how many are, depends on the version of torch."""
    data, test = plus_or_minus(48), plus_or_minus(20)
    settings = TrainingSettings(hidden=(4,), epochs=12, learning_rate=0.1, batch_size=8)
    trained = train(settings, data, test)
    network = trained.network
    assert network.receives
    assert network.biases[1] is not None  # without it answers to opposite outcomes are opposite
    assert float(network.information["majority_accuracy"]) >= 0.8
    answers = run(RunRequest(network, data=test, engine="ideal", shots=25))
    assert answers.accuracy("majority").value >= 0.8


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"receive": "twins"}, "`receive` twins: expected states of two copies"),
        ({"input_dropout": 0.1}, "`input_dropout` 0.1: expected none of it"),
        ({"noise": "fake_manila"}, "`noise` fake_manila: expected none of it"),
    ],
)
def test_what_states_have_no_place_for(options, expected):
    data = plus_or_minus(4)
    with pytest.raises(InputError, match=expected):
        train(TrainingSettings(hidden=(2,), epochs=1, **options), data, data)


def test_couplings_of_states_are_for_states():
    images = np.zeros((4, 3)), np.arange(4) % 2
    with pytest.raises(InputError, match="`receive` none: expected quantum states"):
        train(TrainingSettings(hidden=(2,), epochs=1, receive="none"), images, images)
