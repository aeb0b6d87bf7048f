"""The pair neuron: its outcome law, characters, answers, and its noise on a device."""

import itertools

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.quantum_info import DensityMatrix, Operator, Statevector

from noise_models.channels import build_channels
from noise_models.specification import NoiseSpecification
from qnnq.data.states.hidden_pauli import ANGLE, PHASE, draw_bits, eigenstate_circuit
from qnnq.data.states.paulis import (
    anticommute,
    numbered_paulis,
    pauli_number,
    pauli_text,
    random_partners,
    random_paulis,
)
from qnnq.devices.names import resolve_device
from qnnq.errors import InputError
from qnnq.execution.engines.aer import AerCircuit
from qnnq.execution.states.answers import name_paulis, pauli_sums, tell_paulis
from qnnq.execution.states.device_pairs import (
    PairResponses,
    choose_pairs,
    compile_pairs,
    device_responses,
    pair_capacity,
)
from qnnq.execution.states.pair_neuron import (
    CHARACTERS,
    append_pair_neuron,
    characters,
    draw_outcomes,
)
from qnnq.statistics.copies import pair_accuracy

DEVICE = "fake_kingston"
NOISE = NoiseSpecification.parse(DEVICE, [DEVICE])
ALL = numbered_paulis(np.arange(1, 16), 2)
SINGLET = 2  # the digit on which XX, YY and ZZ are all -1


def joined(qubits):
    """Two copies of n qubits, twins n apart, and the gates of the pairs."""
    circuit = QuantumCircuit(2 * qubits)
    for qubit in range(qubits):
        append_pair_neuron(circuit, qubit, qubits + qubit)
    return circuit


def by_digits(probabilities, qubits):
    """Probabilities of 2 n bits, qubit 0 least significant, as (4,) * n digits of the pairs."""
    bits = np.reshape(probabilities, (2,) * (2 * qubits)).transpose(range(2 * qubits)[::-1])
    order = [axis for qubit in range(qubits) for axis in (qubit, qubits + qubit)]
    return bits.transpose(order).reshape((4,) * qubits)


@pytest.mark.parametrize("sign", [1, -1])
def test_the_outcome_law_for_all_paulis_of_two_qubits(sign):
    gates = Operator(joined(2)).data
    for pauli in ALL:
        hidden = Operator.from_label(pauli_text(pauli[::-1])).data  # Qiskit: qubit 0 last
        state = (np.eye(4) + sign * 0.95 * hidden) / 4
        both = gates @ np.kron(state, state) @ gates.conj().T
        law = by_digits(np.diag(both).real, 2)
        expected = (1 + 0.9025 * characters(pauli, np.stack(np.indices((4, 4)), -1))) / 16
        np.testing.assert_allclose(law, expected, atol=1e-12)
        assert law.max() == pytest.approx(1.9025 / 16, abs=1e-12)


def test_preparations_are_the_state():
    """Mixed with the chances of their signs, the eigenstates are (1 + s c P)/2^n."""
    pauli, sign = np.array([2, 1]), -1
    mean = np.zeros((4, 4), complex)
    for bits in itertools.product([0, 1], repeat=2):
        agrees = (-1) ** sum(bits) == sign
        prepared = DensityMatrix(eigenstate_circuit(pauli, np.array(bits))).data
        mean += (0.975 if agrees else 0.025) / 2 * prepared
    hidden = Operator.from_label("XY").data
    np.testing.assert_allclose(mean, (np.eye(4) - 0.95 * hidden) / 4, atol=1e-12)


def test_drawn_signs_multiply_to_the_hidden_one():
    bits = draw_bits(np.random.default_rng(0), np.array([0, 3, 1]), 1, 100_000)
    signs = (-1) ** bits[:, 1:].sum(axis=1)
    # 5 standard deviations: a false alarm in 2 million, for each of four means
    assert abs(signs.mean() - 0.95) < 5 * np.sqrt((1 - 0.95**2) / 1e5)
    assert np.all(np.abs((1 - 2 * bits).mean(axis=0)) < 5 / np.sqrt(1e5))


def test_numbers_and_partners():
    rng = np.random.default_rng(0)
    paulis = random_paulis(rng, 200, 3)
    assert np.array_equal(numbered_paulis(pauli_number(paulis), 3), paulis)
    assert np.all(anticommute(paulis, random_partners(rng, paulis)))
    matrices = {text: Operator.from_label(text).data for text in ("XY", "ZZ", "XI", "IZ")}
    for first, second in itertools.product(matrices, repeat=2):
        product, reverse = (
            matrices[first] @ matrices[second],
            matrices[second] @ matrices[first],
        )
        letters = [np.array(["IXYZ".index(each) for each in text]) for text in (first, second)]
        assert anticommute(*letters) == (not np.allclose(product, reverse))


def test_the_transform_is_the_sums():
    digits = np.random.default_rng(1).integers(0, 4, (2, 9, 3))
    paulis = numbered_paulis(np.arange(64), 3)
    expected = characters(paulis[None, :, None], digits[:, None]).sum(axis=-1)
    assert np.array_equal(pauli_sums(digits), expected)


def test_one_hidden_pauli_of_65535_from_64_copies():
    """The true share is 95.5 +- .4 %; below 93 % in one of 10,000 streams of random numbers."""
    rng = np.random.default_rng(0)
    right = 0
    for _ in range(10):
        paulis = random_paulis(rng, 100, 8)
        named = name_paulis(rng, draw_outcomes(rng, paulis, 32, 0.9025))
        right += np.sum(named == pauli_number(paulis))
    assert right >= 930


def test_telling_is_as_right_as_the_sums_of_coins():
    rng = np.random.default_rng(2)
    first = random_paulis(rng, 20_000, 8)
    second = random_partners(rng, first)
    answers = tell_paulis(rng, draw_outcomes(rng, first, 5, 0.9025), first, second)
    p = pair_accuracy(5, 0.9025)
    # 5 standard deviations: a false alarm in 2 million
    assert abs(np.mean(answers == 0) - p) < 5 * np.sqrt(p * (1 - p) / 20_000)


def test_singlets_of_products_and_of_random_states():
    """No product of two equal qubits is a singlet; of Haar-random states the share is known.

    The mean of psi x psi is (1 + SWAP)/(2^n (2^n + 1)), "no singlet" is the projector on states
    symmetric in each pair, of which there are 3^n, and SWAP is 1 on them.
    """
    no_singlet = 2 * 1.5**2 / (2**2 + 1)
    rng = np.random.default_rng(3)
    gates = joined(2)
    free = []
    for _ in range(400):
        psi = rng.normal(size=4) + 1j * rng.normal(size=4)
        psi /= np.linalg.norm(psi)
        law = by_digits(Statevector(np.kron(psi, psi)).evolve(gates).probabilities(), 2)
        free.append(np.delete(np.delete(law, SINGLET, 0), SINGLET, 1).sum())
    assert abs(np.mean(free) - no_singlet) < 5 * np.std(free) / np.sqrt(400)
    one = Statevector([0.6, 0.8j])
    law = by_digits((one ^ one ^ one ^ one).evolve(gates).probabilities(), 2)
    assert law[SINGLET].max() < 1e-12
    assert law[:, SINGLET].max() < 1e-12


@pytest.fixture(scope="module")
def device():
    return resolve_device(DEVICE).target


@pytest.fixture(scope="module")
def best(device):
    pairs = choose_pairs(device, NOISE, 8)
    return pairs, device_responses(device, NOISE, pairs)


def test_no_noise_is_the_ideal_response(device, best):
    pairs, noisy = best
    ideal = device_responses(device, NOISE.scaled(0), pairs)
    signs = np.array([1, -1])
    expected = (1 + np.einsum("a,b,ld->labd", signs, signs, CHARACTERS[[3, 1, 2, 3]])) / 4
    np.testing.assert_allclose(ideal.table, np.stack([expected] * 8), atol=1e-12)
    np.testing.assert_allclose(ideal.contrast, 1, atol=1e-12)
    np.testing.assert_allclose(noisy.table.sum(axis=-1), 1, atol=1e-12)


def test_the_best_pairs_of_a_device(device, best):
    pairs, responses = best
    assert len({qubit for pair in pairs for qubit in pair}) == 16
    assert responses.full_weight_contrast > 0.8
    assert pair_accuracy(9, 0.9025 * responses.full_weight_contrast) > 0.95  # 18 copies
    assert pair_capacity(device) == 62  # of 64 with the pairs that are out of order
    with pytest.raises(InputError, match="expected 1 to 62 on this device, got 63"):
        choose_pairs(device, NOISE, 63)


def test_a_hidden_pauli_is_named_on_the_best_pairs(best):
    """With 104 copies 98 % are right; below 90 % of 200 has a chance under 1e-6 elsewhere."""
    _, responses = best
    rng = np.random.default_rng(6)
    paulis = random_paulis(rng, 200, 8)
    outcomes = []
    for pauli in paulis:
        copies = [draw_bits(rng, pauli, 1, 52) for _ in range(2)]
        outcomes.append(responses.sample(rng, pauli, *copies))
    named = name_paulis(rng, np.stack(outcomes))
    assert np.mean(named == pauli_number(paulis)) >= 0.9


def test_instrument_aer_and_formula_agree(device, best):
    """All within 5 standard deviations: a false alarm in about 10,000 runs of other seeds."""
    pairs, responses = best
    pairs = pairs[:2]
    circuit = compile_pairs(device, pairs)
    channels = build_channels(NOISE, device, frozenset(sum(pairs, ())))
    names = {each.name: place for place, each in enumerate(circuit.parameters)}
    pauli, rng, shots = np.array([2, 3]), np.random.default_rng(5), 3000
    copies = [draw_bits(rng, pauli, -1, shots) for _ in range(2)]
    rows = np.zeros((shots, len(names)))
    for pair, letter in enumerate(pauli):
        for copy in range(2):
            slot = 2 * pair + copy
            rows[:, names[f"angle[{slot}]"]] = ANGLE[letter, copies[copy][:, pair]]
            rows[:, names[f"phase[{slot}]"]] = PHASE[letter]
    bits = AerCircuit(circuit, channels).bits(rows, rows, (0,), 0)
    aer = 2 * bits[:, ::2] + bits[:, 1::2]
    two = PairResponses(responses.table[:2])
    contrast = 0.9025 * two.contrast[range(2), pauli].prod()
    for digits in (aer, two.sample(rng, pauli, *copies)):
        mean = characters(pauli, digits).mean()
        assert abs(mean - contrast) < 5 * np.sqrt((1 - contrast**2) / shots)
