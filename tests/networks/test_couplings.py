"""Couplings of neurons: their closed form, what is refused, and their file format."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import save_file

from qnnq.errors import InputError
from qnnq.execution.engines.coupled import component_response
from qnnq.execution.engines.polynomials import basis, products
from qnnq.networks.couplings import KINDS, SIZES, Coupling, joint_probabilities
from qnnq.networks.file import read_network, write_network
from qnnq.networks.network import Network
from tests.networks.coupled import BELL, coupling_of, network_444, statevector_response


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kind", KINDS)
def test_the_closed_form_is_that_of_the_circuit(kind, size):
    rng = np.random.default_rng(size)
    theta = rng.uniform(-6, 6, (3, size))
    neurons = tuple(rng.permutation(size).tolist())
    coupling = coupling_of(kind, neurons, size)
    found = joint_probabilities(kind, theta[:, neurons], np.array(coupling.angles), np)
    response = component_response(coupling)
    assert response.slots == tuple(range(size))
    polynomials = response.coefficients.reshape(2**size, -1)
    by_angles = products(basis(theta, coupling.degree)) @ polynomials.T
    for angles, row, fitted in zip(theta, found, by_angles, strict=True):
        expected = statevector_response([coupling], angles)
        np.testing.assert_allclose(fitted, expected.ravel(), atol=1e-12)
        np.testing.assert_allclose(row, expected.transpose(neurons).ravel(), atol=1e-12)


def test_a_pair_exchanged_is_a_coin_and_a_bell_pair_is_none():
    theta, half = np.array([0.4, 1.9]), 0.6
    alone = joint_probabilities("xx+yy", theta, np.array([0.0]), np)
    swapped = alone[[0, 2, 1, 3]]
    found = joint_probabilities("xx+yy", theta, np.array([2 * half]), np)
    mixed = math.cos(half) ** 2 * alone + math.sin(half) ** 2 * swapped
    np.testing.assert_allclose(found, mixed, atol=1e-12)

    def mean(first, second):
        joint = joint_probabilities("bell", np.array([first, second]), np.array([BELL]), np)
        return joint @ [1, -1, -1, 1]

    quarter = math.pi / 4
    chsh = mean(0, quarter) + mean(2 * quarter, quarter) + mean(2 * quarter, 3 * quarter)
    assert chsh - mean(0, 3 * quarter) == pytest.approx(2 * math.sqrt(2), abs=1e-12)


def test_a_file_gives_back_couplings_and_the_same_bytes(tmp_path):
    path = tmp_path / "net.safetensors"
    network = network_444(information={"seed": "7"})
    write_network(network, path)
    first = path.read_bytes()
    again = read_network(path)
    assert again.couplings == network.couplings
    assert (again.digest, again.information) == (network.digest, {"seed": "7"})
    write_network(again, path)
    assert path.read_bytes() == first
    with safe_open(path, framework="numpy") as file:
        metadata = file.metadata()
    assert metadata["format"] == "qnnq-network/3"
    assert json.loads(metadata["activation"]) == ["htanh"] * 3
    write_network(replace(network, couplings=()), path)
    with safe_open(path, framework="numpy") as file:
        assert file.metadata()["format"] == "qnnq-network/1"
        assert "couplings" not in file.metadata()


def test_couplings_that_are_nested_too_deep_are_one_line(tmp_path):
    path = tmp_path / "net.safetensors"
    write_network(network_444(), path)
    with safe_open(path, framework="numpy") as file:
        metadata, tensors = file.metadata(), {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    save_file(tensors, path, metadata={**metadata, "couplings": "[" * 9000})
    with pytest.raises(InputError, match="metadata: couplings: expected a JSON list"):
        read_network(path)


def test_the_digest_tells_couplings_apart_but_not_their_order():
    network = network_444()
    first, *others = network.couplings
    assert replace(network, couplings=(first[::-1], *others)).digest == network.digest
    turned = replace(first[0], angles=(0.1,))
    changed = replace(network, couplings=((turned, first[1]), *others))
    digests = {network.digest, changed.digest, replace(network, couplings=()).digest}
    assert len(digests) == 3


BAD = {
    "couplings.0.1: expected neurons that no other coupling joins, got 1": [
        ("cz", (0, 1), (0, 0)),
        ("cz", (1, 2), (0, 0)),
    ],
    "couplings.0.0: expected kind cz, cz-own, xx+yy, bell, got 'cx'": [("cx", (0, 1), (0, 0))],
    "couplings.0.0: expected 2 to 4 different neurons, got [0]": [("cz", (0,), (0,))],
    "couplings.0.0: expected 2 to 4 different neurons, got [0, 1, 2, 3, 4]": [
        ("bell", (0, 1, 2, 3, 4), (0,))
    ],
    "couplings.0.0: expected 2 to 4 different neurons, got [1, 1]": [("bell", (1, 1), (0,))],
    "couplings.0.0: expected neurons 0 to 4, got 5": [("bell", (4, 5), (0,))],
    "couplings.0.0: expected finite angles (radians), 1 of xx+yy on 2 neurons, got [0, 1]": [
        ("xx+yy", (0, 1), (0, 1))
    ],
}


@pytest.mark.parametrize("message", BAD)
def test_what_is_no_coupling_is_named(message):
    couplings = (tuple(Coupling(*each) for each in BAD[message]),)
    weights = (np.ones((5, 2)), np.ones((2, 5)))
    with pytest.raises(InputError) as raised:
        Network(weights, couplings=couplings)
    assert str(raised.value).startswith(message)


def test_weak_layers_and_other_numbers_of_lists_are_named():
    weights = (np.ones((2, 2)), np.ones((2, 2)))
    pair = Coupling("bell", (0, 1), (1.0,))
    with pytest.raises(InputError, match=r"couplings.0: expected .* projectively"):
        Network(weights, entanglement=1.0, couplings=((pair,),))
    Network(weights, entanglement=1.0, last_projective=True, couplings=((pair,),))
    with pytest.raises(InputError, match=r"expected 1 lists \(one a hidden layer\), got 2"):
        Network(weights, couplings=((pair,), ()))


BELL_OF = '[[{"kind": "bell", "neurons": [0, %s], "angles": [%s]}], [], []]'


@pytest.mark.parametrize(
    "text",
    [
        *("{", "7", '[["cz"]]', '[[{"kind": "cz"}]]', "[[[]]]", "[" * 100_000),
        *(BELL_OF % (1.5, 1), BELL_OF % (1, "[]"), BELL_OF % (1, '"1"')),
    ],
)
def test_a_file_of_bad_couplings_is_named(tmp_path, text):
    path = tmp_path / "net.safetensors"
    network = network_444()
    metadata = {**network.physics(), "format": "qnnq-network/3", "couplings": text}
    save_file(network.tensors(), path, metadata)
    with pytest.raises(InputError, match="net.safetensors: metadata: couplings: expected a JSON"):
        read_network(path)


def test_a_kind_that_is_no_word_is_named(tmp_path):
    path = tmp_path / "net.safetensors"
    network = network_444()
    text = (BELL_OF % (1, 1)).replace('"bell"', "5")
    save_file(
        network.tensors(),
        path,
        {**network.physics(), "format": "qnnq-network/3"} | {"couplings": text},
    )
    with pytest.raises(InputError, match="couplings.0.0: expected kind cz, .*, got 5"):
        read_network(path)
