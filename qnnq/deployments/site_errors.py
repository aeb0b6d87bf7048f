"""How wrong neurons answer on their qubits: the one error by which places are chosen and told.

It is exact: how far the whole noise of the device's calibration moves P(-1), as the root mean
square over all angles, whatever noise a run simulates, so that places stay where they are along a
sweep.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import astuple, replace
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

from qiskit.circuit import QuantumCircuit
from qiskit.transpiler import Target

from noise_models import NoiseError, NoiseSpecification
from noise_models.channels import NoiseChannels, build_channels
from noise_models.elements import calibrated_instructions, qubit_calibration
from noise_models.specification import NoiseTerm
from qnnq.deployments.identity import device_identity
from qnnq.deployments.kept import kept_errors
from qnnq.devices.device import Device
from qnnq.execution.engines.layer_response import ComponentResponse
from qnnq.execution.engines.response import component_responses
from qnnq.execution.engines.response_error import errors_of_slots
from transpile import (
    PROJECTIVE,
    CompiledLayer,
    CompiledNetwork,
    Group,
    Shape,
    compile_layer,
    layer_circuit,
    schedule_where_known,
)
from transpile.measurement import MEASURE
from transpile.rotations import insert_behind_rotations
from transpile.timeline import delay

Said = tuple[str, tuple[int, ...], float | None, float | None]
"""An instruction, its qubits, its duration (s) and its error."""


class SiteErrors:
    """Errors of groups of neurons on a device, each kept: a `transpile.layout.Score`.

    Groups on whose qubits the calibration says the same have the same error; groups that do not
    meet are calculated side by side.

    Args:
        target: The device.
        entanglement: The angle g of groups with ancillas, radians.
        wait: Seconds that a living neuron waits between its rotation and what follows.
        measurement: The instruction that measures.
        identity: Of the device, by which errors are kept on disk; without it, they are not.
    """

    def __init__(
        self,
        target: Target,
        entanglement: float,
        wait: float = 0.0,
        measurement: str = MEASURE,
        identity: Mapping[str, Any] | None = None,
    ) -> None:
        self._target = target
        self._entanglement = entanglement
        self._wait = wait
        self._measurement = measurement
        self._identity = identity
        self._known: dict[Hashable, tuple[float, ...]] = {}

    def __call__(self, groups: Sequence[Group]) -> list[float]:
        """Return the error of each group, the sum of those of its neurons."""
        return [sum(errors) for errors in self.by_neuron(groups)]

    def by_neuron(self, groups: Sequence[Group]) -> list[tuple[float, ...]]:
        """Return the error of each neuron of each group.

        Two neurons that gates are to join have one gate pair, whatever will join them. Of a chain,
        a neuron has the errors of its pairs.
        """
        parts = [_links(group) for group in groups]
        found = iter(self._of_links([link for links in parts for link in links]))
        return [
            _together(group, links, [next(found) for _ in links])
            for group, links in zip(groups, parts, strict=True)
        ]

    def _of_links(self, groups: Sequence[Group]) -> list[tuple[float, ...]]:
        signatures = [self._signature(group) for group in groups]
        missing = {
            signature: group
            for signature, group in zip(signatures, groups, strict=True)
            if signature not in self._known
        }
        if missing:
            new = list(missing.values())
            self._known.update(zip(missing, self._recalled(new), strict=True))
        return [self._known[signature] for signature in signatures]

    def _recalled(self, groups: Sequence[Group]) -> list[tuple[float, ...]]:
        """Return the errors of the neurons of each group, where they can be from the disk."""
        if self._identity is None:
            return self._calculated(groups)
        key = {
            **self._identity,
            "entanglement": self._entanglement,
            "wait": self._wait,
            "measurement": self._measurement,
            "groups": [astuple(group) for group in groups],
        }
        return kept_errors(key, lambda: self._calculated(groups))

    def _calculated(self, groups: Sequence[Group]) -> list[tuple[float, ...]]:
        kinds: dict[Hashable, list[Group]] = defaultdict(list)
        for group in groups:
            kinds[_kind(group)].append(group)
        found: dict[Group, tuple[float, ...]] = {}
        for alike in kinds.values():
            for batch in _disjoint(alike):
                found.update(zip(batch, self._errors(batch), strict=True))
        return [found[group] for group in groups]

    def _errors(self, groups: Sequence[Group]) -> list[tuple[float, ...]]:
        """Return the errors of the neurons of disjoint groups of one kind."""
        size = len(groups[0].neurons)
        shape = Shape(
            size,
            self._entanglement if groups[0].ancillas else PROJECTIVE,
            copies=len(groups),
            pairs=int(bool(groups[0].couplings)),
            pair_gate="cz" if groups[0].couplings else "sx",
        )
        sites = [site for group in groups for site in group.sites]
        layer = compile_layer(self._target, shape, sites=sites, measurement=self._measurement)
        circuit = schedule_where_known(layer.circuit, self._target)
        if self._wait:
            neurons = [qubit for group in groups for qubit in group.neurons]
            waits = [(delay(self._wait, self._target.dt), (qubit,)) for qubit in neurons]
            circuit = insert_behind_rotations(circuit, neurons, waits)
        ideal = component_responses(layer_circuit(replace(shape, copies=1)), self._exact)
        side_by_side = [
            replace(each, slots=tuple(first + slot for slot in each.slots))
            for first in range(0, shape.neurons, size)
            for each in ideal
        ]
        errors = errors_of_slots(self._noisy(circuit), side_by_side)
        return [tuple(errors[at : at + size]) for at in range(0, len(errors), size)]

    def of_layer(self, layer: CompiledLayer) -> list[float]:
        """Return the error of every slot of a compiled layer, as the device runs it.

        Of coupled neurons it is that of their joint answers.
        """
        circuit, degree = schedule_where_known(layer.circuit, self._target), layer.shape.degree
        return errors_of_slots(
            self._noisy(circuit, degree),
            component_responses(circuit, self._exact, degree),
            [numbers for _, numbers in layer.shape.coupled],
        )

    def _noisy(self, circuit: QuantumCircuit, degree: int = 1) -> list[ComponentResponse]:
        try:
            return component_responses(circuit, self._channels, degree)
        except NoiseError:  # a wait of unknown T1 and T2, which therefore costs nothing
            return component_responses(circuit, self._without_waits, degree)

    @cached_property
    def _exact(self) -> NoiseChannels:
        return build_channels(NoiseSpecification(), self._target, ())

    @cached_property
    def _channels(self) -> NoiseChannels:
        return self._built(())

    @cached_property
    def _without_waits(self) -> NoiseChannels:
        return self._built((("idle", False),))

    def _built(self, switches: tuple[tuple[str, bool], ...]) -> NoiseChannels:
        noise = NoiseSpecification((NoiseTerm("device", switches),))
        qubits = range(self._target.num_qubits)
        return build_channels(noise, self._target, qubits, self._measurement)

    @cached_property
    def _said(self) -> dict[frozenset[int], list[Said]]:
        """What the calibration says of instructions, by their qubits."""
        said: dict[frozenset[int], list[Said]] = defaultdict(list)
        everything = frozenset(range(self._target.num_qubits))
        for each in calibrated_instructions(self._target, everything):
            said[frozenset(each.qubits)].append((each.name, each.qubits, each.duration, each.error))
        return said

    @cached_property
    def _qubits(self) -> dict[int, Hashable]:
        everything = frozenset(range(self._target.num_qubits))
        return {**qubit_calibration(self._target, everything, self._measurement)}

    def _signature(self, group: Group) -> Hashable:
        """Return all that the error of a group depends on."""
        place = {qubit: place for place, qubit in enumerate(group.qubits)}
        joined = [
            *(frozenset((qubit,)) for qubit in group.qubits),
            *map(frozenset, zip(group.neurons, group.ancillas, strict=bool(group.ancillas))),
            *map(frozenset, group.couplings),
        ]
        instructions = {
            (name, tuple(place[qubit] for qubit in qubits), duration, error)
            for together in joined
            for name, qubits, duration, error in self._said.get(together, ())
        }
        qubits = tuple(self._qubits[qubit] for qubit in group.qubits)
        return _kind(group), qubits, frozenset(instructions)


def _kind(group: Group) -> Hashable:
    couplings = [tuple(group.neurons.index(qubit) for qubit in pair) for pair in group.couplings]
    return len(group.neurons), bool(group.ancillas), tuple(couplings)


def _links(group: Group) -> list[Group]:
    """Return the pairs of a chain; of other groups, themselves."""
    if len(group.couplings) < 2:
        return [group]
    return [Group(pair, couplings=(pair,)) for pair in group.couplings]


def _together(
    group: Group, links: Sequence[Group], errors: Sequence[tuple[float, ...]]
) -> tuple[float, ...]:
    if len(links) == 1:
        return errors[0]
    sums = dict.fromkeys(group.neurons, 0.0)
    for link, own in zip(links, errors, strict=True):
        for neuron, error in zip(link.neurons, own, strict=True):
            sums[neuron] += error
    return tuple(min(error, 1.0) for error in sums.values())


def _disjoint(groups: Iterable[Group]) -> list[list[Group]]:
    """Return the groups in batches of such that have no qubit in common."""
    batches: list[tuple[set[int], list[Group]]] = []
    for group in groups:
        free = (batch for batch in batches if batch[0].isdisjoint(group.qubits))
        chosen = next(free, None)
        if chosen is None:
            chosen = (set(), [])
            batches.append(chosen)
        chosen[0].update(group.qubits)
        chosen[1].append(group)
    return [batch for _, batch in batches]


@lru_cache(maxsize=64)
def site_errors(
    device: Device, entanglement: float, wait: float = 0.0, measurement: str = MEASURE
) -> SiteErrors:
    """Return the errors of groups on a device, kept on disk; see `SiteErrors`."""
    identity = device_identity(device)
    return SiteErrors(device.target, entanglement, wait, measurement, identity)


class StepErrors(NamedTuple):
    """Errors of the neurons of one step of living neurons.

    Attributes:
        errors: Of each neuron, with its wait since the last measurement.
        without_waiting: The same without it.
    """

    errors: list[float]
    without_waiting: list[float]


def step_errors(device: Device, compiled: CompiledNetwork) -> list[StepErrors]:
    """Return the errors of every step of a network: what it adds to a state that is right."""
    found = []
    wait = 0.0
    for step in compiled.steps:
        sites = compiled.sites[: step.width]
        if step.entanglement == PROJECTIVE:
            sites = tuple(Group(site.neurons) for site in sites)
        both = (
            site_errors(device, step.entanglement, seconds, compiled.measurement)(sites)
            for seconds in (wait + step.feedforward_duration, 0.0)
        )
        found.append(StepErrors(*both))
        wait = step.measurement_duration
    return found
