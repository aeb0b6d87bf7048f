"""Groups of more neurons than two: where they are placed, and that they answer together."""

import math
from functools import cached_property
from itertools import pairwise, product

import numpy as np
import pytest

from noise_models import NoiseSpecification
from noise_models.channels import build_channels
from qnnq.execution.engines.response import component_responses
from tests.transpile.devices import device, line, small_target
from transpile import Group, Shape, TranspileError, capacity, choose_sites, compile_layer


class Chains(Shape):
    """Neurons j, j + 2, ... of a layer of 2 k in a chain: two groups of k, no neighbours."""

    @cached_property
    def groups(self):
        chains = (tuple(range(first, self.width, 2)) for first in (0, 1))
        return tuple(Group(chain, couplings=tuple(pairwise(chain))) for chain in chains)


def test_a_group_by_neurons():
    group = Group((3, 5), (4, 6), ((3, 5),))
    assert group.qubits == (3, 5, 4, 6)
    assert group.measured == (4, 6)
    assert group.sites == (Group((3,), (4,)), Group((5,), (6,)))
    assert str(group) == "3:4,5:6"
    assert Shape(3, 1.0, copies=2, pair_gate="cz").groups == (
        *(Group((0, 1), couplings=((0, 1),)), Group((2,))),
        *(Group((3, 4), couplings=((3, 4),)), Group((5,))),
    )


@pytest.mark.parametrize(("size", "entanglement"), [(3, math.pi / 2), (4, math.pi / 2), (3, 0.8)])
def test_chains_are_placed_on_chains(size, entanglement):
    target = device("FakeTorino")
    shape = Chains(2 * size, entanglement, pairs=1, pair_gate="cz")
    layer = compile_layer(target, shape)
    qubits = [qubit for site in layer.sites for qubit in site.qubits]
    assert len(set(qubits)) == len(qubits)
    for first in (0, 1):
        neurons = [site.neurons[0] for site in layer.sites[first::2]]
        assert all(pair in target["cz"] or pair[::-1] in target["cz"] for pair in pairwise(neurons))
    joined = [response.slots for response in component_responses(layer.circuit, quiet(layer))]
    assert joined == [tuple(range(first, 2 * size, 2)) for first in (0, 1)]


def quiet(layer):
    qubits = [qubit for site in layer.sites for qubit in site.qubits]
    return build_channels(NoiseSpecification(), device("FakeTorino"), qubits)


def test_a_chain_without_noise_answers_as_its_neurons_do():
    layer = compile_layer(device("FakeTorino"), Chains(6, 0.8, pairs=1, pair_gate="cz"))
    angles = np.array([0.3, -1.2, 2.0])
    (first, _) = component_responses(layer.circuit, quiet(layer))
    found = first.coefficients
    for angle in angles:
        found = np.tensordot(found, [1, math.cos(angle), math.sin(angle)], axes=(3, 0))
    for bits in product((0, 1), repeat=3):
        single = (1 + (1 - 2 * np.array(bits)) * math.sin(0.8) * np.cos(angles)) / 2
        assert found[bits] == pytest.approx(single.prod(), abs=1e-9)


def test_a_device_without_a_chain_says_how_many_neurons_it_takes():
    target = small_target({**line(3), (3, 4): 0.005})  # 0-1-2 and 3-4
    shape = Chains(6, math.pi / 2, pair_gate="cz")
    assert capacity(target, shape) == 4  # a chain and a neuron
    with pytest.raises(TranspileError, match="6 neurons wanted, the device can place 4"):
        choose_sites(target, shape)
