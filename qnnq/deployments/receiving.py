"""Networks whose first layer receives quantum states, on a device or without noise."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from qnnq.data.dataset import Dataset
from qnnq.data.states.preparations import Preparations
from qnnq.deployments.base import PlacedCircuit
from qnnq.deployments.ideal import IdealDeployment
from qnnq.deployments.layered import LayeredMode
from qnnq.deployments.placed_network import PlacedNetwork
from qnnq.deployments.placement import Placement
from qnnq.deployments.stepwise import StepwiseDeployment
from qnnq.errors import InputError
from qnnq.execution.engines.base import Engine
from qnnq.execution.engines.layer_response import LayerResponse
from qnnq.networks.network import Network

if TYPE_CHECKING:
    from transpile import CompiledLayer, Shape


def placed_states(
    network: Network, placement: Placement, preparations: Preparations
) -> "PlacedStates":
    """Return a network and where it goes, with what its first layer receives.

    Raises:
        InputError: For options that such a layer has no place for.
    """
    refused = {
        f"`copies` {placement.copies}": placement.copies != 1,
        f"`pairs` {placement.pairs}": placement.pairs,
        f"`qubits` {placement.qubits}": placement.qubits != "best",
    }
    for option, given in refused.items():
        if given:
            raise InputError(
                f"{option}: expected `copies` 1, `pairs` 0 and `qubits` best with a network that "
                "receives states"
            )
    return PlacedStates(network, placement, preparations=preparations)


@dataclass(frozen=True, eq=False, kw_only=True)
class PlacedStates(PlacedNetwork):
    """A network and where it goes; its first circuit prepares the states as well.

    Attributes:
        preparations: Of the states.
    """

    preparations: Preparations

    @cached_property
    def layers(self) -> "tuple[CompiledLayer, ...]":
        """The compiled circuit of every hidden layer; raises as `compile_layers` does."""
        from qnnq.deployments.compilation import compile_layers
        from qnnq.deployments.site_errors import site_errors
        from transpile import compile_receiving_layer

        device, prepared = self.placement.device, self.preparations
        shape = receiving_shape(self.network, self.placement)
        first = compile_receiving_layer(
            *(device.target, shape, prepared.append_to, prepared.columns),
            score=site_errors(device, shape.entanglement),
        )
        behind = behind_first(self.network)
        return (first, *(compile_layers(behind, self.placement) if behind else ()))


def receiving_shape(network: Network, placement: Placement) -> "Shape":
    """Return the shape of the layer that receives states."""
    return placement.shape(network.widths[0], network.entanglements[0], network.couplings[0])


def behind_first(network: Network) -> Network | None:
    """Return the network behind its first layer; None where that is the only hidden one."""
    if network.hidden == 1:
        return None
    return replace(
        network,
        weights=network.weights[1:],
        biases=network.biases[1:],
        activation=network.activations[1:],
        stretch=network.stretches[1:],
        couplings=network.couplings[1:],
    )


@dataclass(frozen=True, eq=False, kw_only=True)
class _OfStates:
    """What deployments have whose images are the numbers of states.

    Attributes:
        preparations: Of the states.
        states: SHA-256 (hexadecimal) of the states.
    """

    preparations: Preparations
    states: str


@dataclass(frozen=True, eq=False, kw_only=True)
class ReceivingDeployment(_OfStates, StepwiseDeployment):
    """A network on a device whose images are the numbers of states."""

    def check(self, engine: str) -> None:
        """Compile, build the noise and see that an engine takes them."""
        if engine == "exact":
            _ = self.exact_responses()
        super().check(engine)

    def exact_responses(self) -> tuple[LayerResponse, ...]:
        """Raise InputError: that engine knows no states."""
        raise InputError(
            "`engine` exact: expected instrument, aer or ideal with a network that receives states"
        )

    def identity(self) -> dict[str, Any]:
        """Return all that determines the circuits and their noise, as plain JSON."""
        return {**super().identity(), "states": self.states}

    def circuits(self) -> tuple[PlacedCircuit, ...]:
        """Return the circuits that a device would execute, in their order."""
        first, *others = super().circuits()
        slots = len(first.circuit.circuit.parameters)
        return (replace(first, slots=slots), *others)

    def engine(self, name: str) -> Engine:
        """Return the engine `aer` or `instrument` over these layers, without drift."""
        from qnnq.execution.engines.receiving import ReceivingEngine

        return ReceivingEngine(super().engine(name), self.preparations)

    def _engine(self, name: str) -> Engine:
        if name != "instrument":
            return super()._engine(name)
        from qnnq.execution.engines.instrument import InstrumentEngine
        from qnnq.execution.engines.receiving import ReceivingInstrument, noisy_components

        components = noisy_components(self.layers[0].circuit, self.channels[0])
        return ReceivingInstrument(components, InstrumentEngine(self.responses))

    @cached_property
    def responses(self) -> tuple[LayerResponse, ...]:
        """The exact responses of the layers behind the first one."""
        from qnnq.execution.engines.response import layer_response

        return tuple(map(layer_response, self.layers[1:], self.channels[1:]))

    def predicted(self, dataset: Dataset) -> None:
        """Return None: there is nothing to choose between by it."""


@dataclass(frozen=True, eq=False, kw_only=True)
class IdealReceivingDeployment(_OfStates, IdealDeployment):
    """A network on no device, without noise, whose images are the numbers of states."""

    def mode(self, engine: str, shots: int, seed: int) -> LayeredMode:
        """Return what the shot loop goes through the layers with."""
        from qnnq.execution.engines.coupled import ideal_responses
        from qnnq.execution.engines.instrument import InstrumentEngine
        from qnnq.execution.engines.receiving import (
            ReceivingEngine,
            ReceivingInstrument,
            pure_components,
        )
        from transpile import Shape, receiving_circuit

        network, prepared = self.network, self.preparations
        shape = Shape(network.widths[0], network.entanglements[0], couplings=network.couplings[0])
        circuit = receiving_circuit(shape, prepared.append_to, prepared.columns)
        others = InstrumentEngine(ideal_responses(network)[1:])
        instrument = ReceivingInstrument(pure_components(circuit), others)
        return LayeredMode(ReceivingEngine(instrument, prepared), network.entanglements)

    def identity(self) -> dict[str, Any]:
        """Return all that determines the circuits and their noise, as plain JSON."""
        return {**super().identity(), "states": self.states}
