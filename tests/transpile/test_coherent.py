"""Steps of living neurons with angles from outside: states, times, sites, bad input."""

import math

import numpy as np
import pytest

from tests.transpile.closed_form import angle_after, probability, ry_state
from tests.transpile.devices import device, line, qubits_of, small_target
from tests.transpile.histories import Histories
from tests.transpile.networks import PROJECTIVE, STRONG, WEAK, LivingNetwork
from transpile import (
    Group,
    TranspileError,
    compile_network,
    delay_seconds,
    network_circuit,
    parse_sites,
)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("last", ["weak", "projective"])
def test_a_history_follows_the_state_update(seed, last):
    rng = np.random.default_rng(seed)
    steps, width = 5, 2
    phi = rng.uniform(-1, 1, (steps, width))
    outcomes = rng.choice([-1, 1], (steps, width))
    g = rng.uniform(0.1, 1.5, steps)
    if last == "projective":
        g[-1] = PROJECTIVE
    compiled = compile_network(device("FakeKingston"), [width] * steps, g)
    circuit = network_circuit(compiled)
    assert len(circuit.parameters) == steps * width

    theta = math.pi / 2 * (np.vstack([np.ones((1, width)), outcomes[:-1]]) - phi)
    histories = Histories(circuit.assign_parameters(theta.ravel()))
    expected, largest = 1.0, 0.0
    for k in range(width):
        alpha = 0.0
        for t in range(steps):
            rotated = alpha + theta[t, k]
            largest = max(largest, abs(rotated))
            expected *= probability(rotated, g[t], outcomes[t, k])
            alpha = angle_after(rotated, g[t], outcomes[t, k])
        group = next(
            i for i, qs in enumerate(histories.groups) if compiled.sites[k].neurons[0] in qs
        )
        qubits = histories.groups[group]
        row = int(np.flatnonzero((histories.bits == (1 - outcomes.ravel()) // 2).all(axis=1))[0])
        rho = histories.states[group][row].reshape((2,) * (2 * len(qubits)))
        if len(qubits) == 2:  # axes: second qubit, first qubit
            axis = 1 - qubits.index(compiled.sites[k].neurons[0])
            rho = np.trace(rho, axis1=1 - axis, axis2=3 - axis)
        state = ry_state(alpha)
        np.testing.assert_allclose(rho / np.trace(rho), np.outer(state, state), atol=1e-9)
    if seed == 0:
        assert largest > math.pi
    bits = tuple(((1 - outcomes) // 2).ravel())
    assert histories.probabilities()[bits] == pytest.approx(expected, abs=1e-12)


def test_the_waits_of_projective_neurons():
    target = device("FakeKingston")
    compiled = compile_network(target, [2, 2], [PROJECTIVE] * 2, feedback_latency=2e-6)
    first, second = compiled.steps
    assert "delay" not in first.circuit.count_ops()
    assert sorted(first.alive) == sorted(site.neurons[0] for site in compiled.sites)
    assert second.alive == ()
    waits = [delay_seconds(i.operation, target) for i in second.circuit.get_instructions("delay")]
    assert waits == pytest.approx([2e-6, 2e-6])
    assert first.duration == pytest.approx(2 * 3.2e-8 + 2.28e-6)
    assert second.duration == pytest.approx(2e-6 + first.duration)
    assert (second.feedforward_duration, second.measurement_duration) == pytest.approx(
        (2e-6, 2.28e-6)
    )


def test_the_waits_of_a_weakly_measured_neuron():
    target = small_target(line(2))
    compiled = compile_network(target, [1, 1], [WEAK] * 2, sites=[Group((0,), (1,))])
    first, second = compiled.steps

    def waits(step, qubit):
        return [
            delay_seconds(i.operation, target)
            for i in step.circuit.get_instructions("delay")
            if qubits_of(step.circuit, i) == (qubit,)
        ]

    # Two SX on the ancilla between the CZs; then one, and its measurement.
    assert waits(first, 0) == pytest.approx([8e-8, 4e-8 + 1e-6])
    assert waits(second, 0) == pytest.approx([0.9e-6, 8e-8])
    # The ancilla is measured until the step ends. It waits for the latency, and its flip, one of
    # two gate times long, ends when the neuron has turned.
    assert waits(first, 1) == []
    assert waits(second, 1) == pytest.approx([0.9e-6 + 4e-8])
    (flip,) = second.circuit.get_instructions("if_else")
    assert flip.operation.condition == (second.circuit.cregs[1][0], 1)
    assert [i.operation.name for i in flip.operation.blocks[0].data] == ["x"]


def test_a_longer_reset_prolongs_the_step_and_a_shorter_one_does_not():
    target = device("FakeKingston")
    reset = 2.312e-6
    for latency in (1e-6, 5e-6):
        flipped, been_reset = (
            compile_network(
                target, [1, 1], [WEAK] * 2, feedback_latency=latency, recycling=recycling
            ).steps[1]
            for recycling in ("flip", "reset")
        )
        longer = been_reset.duration - flipped.duration
        assert longer == pytest.approx(max(0, reset - latency), abs=5e-9)
        assert been_reset.circuit.count_ops()["reset"] == 1


def test_a_neuron_that_comes_back_is_reset_and_one_that_does_not_is_not():
    target = device("FakeKingston")
    steps = compile_network(target, [3, 1, 2], [PROJECTIVE] * 3).steps
    assert [step.circuit.count_ops().get("reset", 0) for step in steps] == [0, 1, 0]
    (reset,) = steps[1].circuit.get_instructions("reset")
    sites = compile_network(target, [3, 1, 2], [PROJECTIVE] * 3).sites
    assert qubits_of(steps[1].circuit, reset) == (sites[1].neurons[0],)


def test_a_device_without_reset_is_refused_where_one_is_needed():
    with pytest.raises(
        TranspileError, match="^target: expected reset and its duration, found none"
    ):
        compile_network(small_target(line(3)), [2, 1, 2], [PROJECTIVE] * 3)


def test_shorter_measurements_shorten_the_waits():
    target = device("FakeKingston")
    plain, short = (
        compile_network(target, [2, 2], [WEAK] * 2, measurement=name).steps[1]
        for name in ("measure", "measure_2")
    )
    assert plain.duration - short.duration == pytest.approx(2.28e-6 - 1.76e-6)
    assert short.circuit.count_ops()["measure"] == 2


def test_sites_serve_weak_layers_and_wide_ones():
    target = device("FakeKingston")
    compiled = compile_network(target, [3, 5, 2], [WEAK, PROJECTIVE, WEAK])
    assert [not site.ancillas for site in compiled.sites] == [False] * 3 + [True] * 2
    angles = [WEAK] * 3 + [PROJECTIVE] * 2
    text = ",".join(map(str, compiled.sites))
    assert parse_sites(text, target, angles) == compiled.sites
    given = compile_network(target, [3, 5, 2], [WEAK, PROJECTIVE, WEAK], sites=compiled.sites)
    assert given.sites == compiled.sites


BAD = [
    (
        {"feedback_latency": -1e-6},
        "feedback latency: expected a number of seconds >= 0, got -1e-06",
    ),
    ({"condition_overhead": math.nan}, "condition overhead: expected a number of seconds >= 0, .*"),
    ({"recycling": "flop"}, "recycling: expected one of flip, reset, got 'flop'; nearest: flip"),
    ({"measurement": "measure_3"}, "measurement: expected one of measure, got 'measure_3'.*"),
    (
        {"widths": [2, 0]},
        "network: expected a width of at least 1 and an angle for every layer, .*",
    ),
    ({"entanglements": [0.7]}, "network: expected .*, got widths .2, 2. and 1 angles"),
    ({"entanglements": [0.7, 2.0]}, "entanglement: expected 0 < g <= pi/2 radians, got 2.0"),
    ({"sites": [Group((0,), (1,))]}, "qubits: expected 2 sites, got 1"),
    ({"sites": [Group((0,)), Group((1,))]}, "qubits: expected neuron:ancilla, got 0"),
    (
        {"widths": [7, 7]},
        "layout: 7 neuron-ancilla pairs wanted, the device can place 6; neurons that live on "
        "cannot be split over several executions",
    ),
    (
        {"widths": [13, 2], "entanglements": [PROJECTIVE] * 2},
        "layout: 13 neurons wanted, the device can place 12; .*",
    ),
    ({"feedforward": []}, "feed-forward: expected one for each of 1 layers, got 0"),
    (
        {"feedforward": LivingNetwork((2, 3), (STRONG,) * 2, "linear").feedforward()},
        "feed-forward of layer 2: expected 2 angles, got 3",
    ),
    (
        {"feedforward": LivingNetwork((3, 2), (STRONG,) * 2, "linear").feedforward()},
        "feed-forward of layer 2: expected bits 0 to 1, got 2",
    ),
]


@pytest.mark.parametrize(("arguments", "message"), BAD)
def test_bad_input_is_one_line(arguments, message):
    arguments = {"widths": [2, 2], "entanglements": [WEAK] * 2, **arguments}
    with pytest.raises(TranspileError, match=f"^{message}$") as raised:
        compile_network(small_target(line(12)), **arguments)
    assert "\n" not in str(raised.value)
