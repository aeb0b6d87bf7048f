"""A network on a device: compiled layers, their noise, and the engines that run them."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from noise_models import NoiseSpecification
from noise_models.channels import NoiseChannels
from noise_models.coverage import physical_instructions
from noise_models.drift import drift_term, without_drift
from noise_models.factors import Factors, steady
from noise_models.sequence import relaxes_while_coupled
from qnnq.devices.device import Device, DeviceLike
from qnnq.devices.names import resolve_device
from qnnq.errors import InputError
from qnnq.execution.compilation import compile_network, layer_channels, scheduled
from qnnq.execution.engines.base import Engine
from qnnq.execution.noise_text import parse_noise, split_strength
from qnnq.execution.placement import Placement
from qnnq.execution.request import RunRequest
from qnnq.networks.network import Network
from qnnq.results.task import Task
from qnnq.wording import nearest
from transpile import CompiledLayer

if TYPE_CHECKING:
    from qnnq.execution.engines.compensated import CompensatedEngine
    from qnnq.execution.engines.layer_response import LayerResponse

SIMULATING = ("instrument", "aer")
"""Engines that simulate a deployment."""


@dataclass(frozen=True, eq=False)
class Deployment:
    """The hidden layers of a network, compiled for a device, with the noise of their qubits.

    Attributes:
        placement: Where the network is.
        specification: The noise, its strength included.
        layers: The compiled circuit of every hidden layer, its waits explicit.
        channels: The noise of every hidden layer, without its drift.
    """

    placement: Placement
    specification: NoiseSpecification
    layers: tuple[CompiledLayer, ...]
    channels: tuple[NoiseChannels, ...]

    @property
    def calibration(self) -> dict[str, str | None]:
        """The device and the time of its calibration data."""
        return {"device": self.placement.device.name, "time": self.placement.device.calibration}

    @property
    def copies(self) -> int:
        """Images side by side on the chip."""
        return self.layers[0].copies

    @property
    def noise(self) -> str:
        """The noise at strength 1, in canonical words."""
        return split_strength(self.specification)[0]

    def completed(self, task: Task) -> Task:
        """Return a task with what of this deployment determines its result."""
        noise, strength = split_strength(self.specification)
        return replace(
            self.placement.placed(task, self.layers),
            noise=noise,
            strength=strength,
            waits="coupled" if self._relaxes_while_coupled else None,
            wandering="elements" if self.drifts else None,
        )

    @property
    def _relaxes_while_coupled(self) -> bool:
        return any(
            relaxes_while_coupled(
                [(item.operation, qubits) for item, qubits in physical_instructions(layer.circuit)],
                channels,
            )
            for layer, channels in zip(self.layers, self.channels, strict=True)
            if channels.coupling_rates
        )

    def engine(self, name: str) -> Engine:
        """Return the engine `aer` or `instrument` over these layers.

        Raises:
            InputError: If there is no such engine.
        """
        engine = self._engine(name)
        if any(channels.correlated_readout for channels in self.channels):
            from qnnq.execution.engines.correlated_readout import CorrelatedReadoutEngine

            return CorrelatedReadoutEngine(engine, self.layers, self.channels)
        return engine

    def _engine(self, name: str) -> Engine:
        if name == "aer":
            from qnnq.execution.engines.aer import AerEngine

            return AerEngine(self.layers, self.channels)
        if name != "instrument":
            raise InputError(
                f"`engine` {name!r}: expected one of {', '.join(SIMULATING)}"
                f"{nearest(name, SIMULATING)}"
            )
        from qnnq.execution.engines.instrument import InstrumentEngine

        return InstrumentEngine(self.responses)

    def under(self, specification: NoiseSpecification, factors: Factors = steady) -> "Deployment":
        """Return the same circuits under another noise.

        Args:
            specification: The noise, without a drift.
            factors: What its strengths are multiplied by, element by element.
        """
        device = self.placement.device
        channels = tuple(
            layer_channels(device, specification, layer, factors) for layer in self.layers
        )
        return replace(self, specification=specification, channels=channels)

    @property
    def drifts(self) -> bool:
        """Whether the noise wanders with time."""
        return drift_term(self.specification) is not None

    def drifting_engine(self, name: str, *, shots: int, seed: int) -> Engine:
        """Return the engine `aer` or `instrument` under the drift of the noise.

        Args:
            name: The engine.
            shots: Shots an image.
            seed: Seed of the drift.
        """
        from qnnq.execution.engines.drifting import DriftingEngine

        drift, steady_noise = drift_term(self.specification), without_drift(self.specification)
        if drift is None:
            raise ValueError(f"{self.specification}: expected a drift")
        return DriftingEngine(
            lambda factors: self.under(steady_noise, factors).engine(name),
            drift,
            shots=shots,
            copies=self.copies,
            seed=seed,
        )

    @cached_property
    def responses(self) -> "tuple[LayerResponse, ...]":
        """The exact response of every layer; equal layers share one."""
        from qnnq.execution.engines.layer_response import layer_response

        return tuple(map(layer_response, self.layers, self.channels))

    def compensated(self, engine: Engine) -> "CompensatedEngine":
        """Return an engine that corrects angles for this noise before `engine` measures them."""
        from qnnq.execution.engines.compensated import CompensatedEngine

        if any(channels.correlated_readout for channels in self.channels):
            raise InputError("`compensate`: expected noise without correlated_readout")
        angles = [layer.entanglement for layer in self.layers]
        return CompensatedEngine(engine, self.responses, angles)


def deploy(
    request: RunRequest, network: Network, find: Callable[[DeviceLike], Device] = resolve_device
) -> Deployment:
    """Compile every hidden layer and build the noise of the qubits in use.

    Args:
        request: What is asked for.
        network: The network.
        find: Gives a name its device.

    Raises:
        InputError, NoiseError, TranspileError: If the parts do not fit together.
    """
    base, device_name = parse_noise(request.noise, request.device)
    specification = base.scaled(request.strength)
    placement = Placement(
        find(device_name),
        qubits=request.qubits,
        copies=request.copies,
        pairs=request.pairs,
        pair_gate=request.pair_gate,
    )
    compiled = compile_network(network, placement)
    layers = tuple(scheduled(placement.device, layer) for layer in compiled)
    steady_noise = without_drift(specification)
    channels = tuple(layer_channels(placement.device, steady_noise, layer) for layer in layers)
    return Deployment(placement, specification, layers, channels)
