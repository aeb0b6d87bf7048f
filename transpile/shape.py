"""What a layer is, wherever it is placed."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Literal, get_args

from transpile.activation_step import check_entanglement, is_projective
from transpile.couplings import Coupling, check_couplings
from transpile.errors import TranspileError, unknown
from transpile.groups import Group

PairGate = Literal["sx", "cz"]


@dataclass(frozen=True)
class Shape:
    """A layer of neurons, with the gate pairs that amplify its noise.

    Raises TranspileError for anything out of range.

    Attributes:
        width: Neurons.
        entanglement: The angle g, radians; below pi/2 every neuron has an ancilla.
        copies: Images side by side.
        pairs: Gate pairs that are inserted behind each rotation.
        pair_gate: "sx", or "cz", which joins neurons 2k and 2k+1 of the same copy; they are on
            coupled qubits even with no pairs, so that the number of pairs does not change them.
        couplings: Of neurons of each copy, as part of the network; their layer is measured
            projectively, and has no "cz" pairs, nor "sx" ones behind a Bell pair.
    """

    width: int
    entanglement: float
    copies: int = 1
    pairs: int = 0
    pair_gate: PairGate = "sx"
    couplings: tuple[Coupling, ...] = ()

    def __post_init__(self) -> None:
        if self.width < 1 or self.copies < 1:
            raise TranspileError(
                f"layer: expected at least 1 neuron and 1 copy, got {self.width} and {self.copies}"
            )
        check_entanglement(self.entanglement)
        if self.pair_gate not in get_args(PairGate):
            raise unknown("pair gate", self.pair_gate, get_args(PairGate))
        if self.pairs < 0:
            raise TranspileError(f"pairs: expected a number >= 0, got {self.pairs}")
        check_couplings(self.couplings)
        if self.couplings and (self.pair_gate == "cz" or not self.is_projective):
            expected = "no pair gate cz and a projective measurement"
            raise TranspileError(f"couplings: expected {expected} of their layer")
        if self.pairs and any(coupling.kind == "bell" for coupling in self.couplings):
            raise TranspileError(f"pairs: expected 0 behind Bell pairs, got {self.pairs}")

    @property
    def is_projective(self) -> bool:
        """Whether neurons are measured themselves, without ancillas."""
        return is_projective(self.entanglement)

    @property
    def neurons(self) -> int:
        """Neurons of all copies; neuron j of copy c has the number c * width + j."""
        return self.copies * self.width

    @property
    def degree(self) -> int:
        """In how many equal parts the angle of a joined neuron turns it at most."""
        return max((coupling.degree for coupling in self.couplings), default=1)

    @cached_property
    def groups(self) -> tuple[Group, ...]:
        """The groups of neurons, by their numbers instead of qubits; ancillas are left out."""
        size = 2 if self.pair_gate == "cz" else 1
        if self.couplings:
            chains = [numbers for _, numbers in self.coupled]
            alone = sorted({*range(self.neurons)}.difference(*chains))
            joined = [Group(chain, couplings=tuple(pairwise(chain))) for chain in chains]
            return (*joined, *(Group((number,)) for number in alone))
        return tuple(
            Group(
                tuple(range(first, min(first + size, end))),
                couplings=((first, first + 1),) if first + 1 < min(first + size, end) else (),
            )
            for end in range(self.width, self.neurons + 1, self.width)
            for first in range(end - self.width, end, size)
        )

    @property
    def coupled(self) -> tuple[tuple[Coupling, tuple[int, ...]], ...]:
        """Each coupling of each copy, and the numbers of its neurons."""
        return tuple(
            (coupling, tuple(first + neuron for neuron in coupling.neurons))
            for first in range(0, self.neurons, self.width)
            for coupling in self.couplings
        )

    def placed(self, sites: Sequence[Group]) -> tuple[Group, ...]:
        """Return the groups on their qubits.

        Args:
            sites: The place of every neuron, by number.
        """
        return tuple(
            Group(
                tuple(sites[number].neurons[0] for number in group.neurons),
                tuple(qubit for number in group.neurons for qubit in sites[number].ancillas),
                tuple((sites[a].neurons[0], sites[b].neurons[0]) for a, b in group.couplings),
            )
            for group in self.groups
        )
