"""Which qubits are in use between the steps of a network whose neurons live on."""

from collections.abc import Mapping, Sequence

from transpile.activation_step import is_projective
from transpile.groups import Group


class Lifetimes:
    """Between which steps a qubit holds a state that matters.

    A neuron's does between two successive layers that have it. An ancilla's does from its first
    measurement to its last, also across layers that do not use it.

    Args:
        sites: Site j is that of neuron j of every layer.
        widths: Of the layers.
        entanglements: The angle g of each layer, radians.
    """

    def __init__(
        self, sites: Sequence[Group], widths: Sequence[int], entanglements: Sequence[float]
    ) -> None:
        self._sites = tuple(sites)
        self._widths = tuple(widths)
        self._weak = [not is_projective(angle) for angle in entanglements]

    def alive(self, step: int) -> list[int]:
        """The qubits whose state is kept from step - 1 to `step`."""
        if not 0 < step < len(self._widths):
            return []
        neurons = range(min(self._widths[step - 1 : step + 1]))
        ancillas = range(min(self._measured_weakly(0, step), self._measured_weakly(step)))
        return [self._sites[j].neurons[0] for j in neurons] + [self._ancilla(j) for j in ancillas]

    def measured_ancillas(self, step: int) -> Mapping[int, int]:
        """Neurons and ancillas that step - 1 measured and that `step` or a later one needs."""
        if step == 0:
            return {}
        count = min(self._measured_weakly(step - 1, step), self._measured_weakly(step))
        return {j: self._ancilla(j) for j in range(count)}

    def coherent_neurons(self, step: int) -> list[int]:
        """The qubits of neurons whose ancillas `step` measures and that the next step has."""
        if step + 1 >= len(self._widths) or not self._weak[step]:
            return []
        return [self._sites[j].neurons[0] for j in range(min(self._widths[step : step + 2]))]

    def dropped_neurons(self, step: int) -> list[int]:
        """Qubits of neurons that step - 1 had, `step` has not and a later one has again."""
        if step == 0:
            return []
        again = min(self._widths[step - 1], max(self._widths[step:]))
        return [self._sites[j].neurons[0] for j in range(self._widths[step], again)]

    def _measured_weakly(self, first: int, stop: int | None = None) -> int:
        """The largest number of ancillas that steps first, ..., stop - 1 use."""
        steps = zip(self._widths[first:stop], self._weak[first:stop], strict=True)
        return max((width for width, weak in steps if weak), default=0)

    def _ancilla(self, neuron: int) -> int:
        return self._sites[neuron].ancillas[0]
