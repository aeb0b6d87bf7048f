"""The unit on the chip: neurons whose outcomes are drawn together, on their physical qubits."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Group:
    """Neurons that gates join, usually a single one, and the qubits that they are on.

    Attributes:
        neurons: The qubit of each neuron.
        ancillas: For a weak measurement that of each neuron's ancilla, else none.
        couplings: Pairs of its neurons' qubits on which gates act together.
    """

    neurons: tuple[int, ...]
    ancillas: tuple[int, ...] = ()
    couplings: tuple[tuple[int, int], ...] = ()

    @property
    def measured(self) -> tuple[int, ...]:
        """The qubits that are measured, in the order of the neurons."""
        return self.ancillas or self.neurons

    @property
    def qubits(self) -> tuple[int, ...]:
        """The qubits in use."""
        return self.neurons + self.ancillas

    @property
    def sites(self) -> tuple["Group", ...]:
        """Each neuron by itself."""
        if not self.ancillas:
            return tuple(Group((neuron,)) for neuron in self.neurons)
        pairs = zip(self.neurons, self.ancillas, strict=True)
        return tuple(Group((neuron,), (ancilla,)) for neuron, ancilla in pairs)

    def __str__(self) -> str:
        return ",".join(":".join(map(str, site.qubits)) for site in self.sites)


def parse_site(text: str) -> Group:
    """Return the place of one neuron from `3` or, with its ancilla, `3:4`."""
    neuron, *ancilla = map(int, text.split(":"))
    return Group((neuron,), tuple(ancilla))


def pair_key(a: int, b: int) -> tuple[int, int]:
    """The two qubits in ascending order."""
    return (min(a, b), max(a, b))
