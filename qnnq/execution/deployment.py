"""A network on a device: compiled layers, their noise, and the engines that run them."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from noise_models import NoiseSpecification, NoiseTerm
from noise_models.channels import NoiseChannels, build_channels
from noise_models.coverage import check_coverage
from noise_models.drift import drift_term, without_drift
from qnnq.devices.device import Device
from qnnq.devices.names import (
    DEFAULT_DEVICE,
    device_kind,
    device_names,
    names_in,
    resolve_device,
)
from qnnq.errors import InputError
from qnnq.execution.engines.base import Engine
from qnnq.execution.placement import Placement
from qnnq.networks.network import Network
from qnnq.results.task import Task
from qnnq.wording import nearest
from transpile import (
    CompiledLayer,
    PairGate,
    Site,
    capacity,
    compile_layer,
    parse_sites,
    schedule,
)

if TYPE_CHECKING:
    from qiskit.transpiler import Target

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
        return replace(self.placement.placed(task, self.layers), noise=noise, strength=strength)

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
                f"--engine {name!r}: expected one of {', '.join(SIMULATING)}"
                f"{nearest(name, SIMULATING)}"
            )
        from qnnq.execution.engines.instrument import InstrumentEngine

        return InstrumentEngine(self.responses)

    def under(self, specification: NoiseSpecification) -> "Deployment":
        """Return the same circuits under another noise."""
        device = self.placement.device
        channels = tuple(layer_channels(device, specification, layer) for layer in self.layers)
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

        return DriftingEngine(
            lambda specification: self.under(specification).engine(name),
            self.specification,
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
            raise InputError("--compensate: expected noise without correlated_readout")
        angles = [layer.entanglement for layer in self.layers]
        return CompensatedEngine(engine, self.responses, angles)


def parse_noise(noise: str, device: str | None) -> tuple[NoiseSpecification, str]:
    """Return the noise specification and the name of the device that it acts on.

    Raises:
        InputError: If there is no such device, or the noise is of another one.
    """
    if device is not None:
        device_kind(device)
    # Any machine may be named; whether it exists is found out when it is resolved.
    names = [*device_names(), *names_in(noise)]
    specification = NoiseSpecification.parse(noise, device_names=names)
    named = specification.device_name
    if device is not None and named is not None and named != device:
        raise InputError(
            f"--noise {noise!r}: expected the noise of --device {device}, whose qubits it acts on"
        )
    return specification, device or named or DEFAULT_DEVICE


def deploy(
    network: Network,
    *,
    noise: str,
    strength: float = 1.0,
    device: str | None = None,
    qubits: str = "best",
    copies: int = 1,
    pairs: int = 0,
    pair_gate: PairGate = "sx",
    find: Callable[[str], Device] = resolve_device,
) -> Deployment:
    """Compile every hidden layer and build the noise of the qubits in use.

    The arguments are those of `qnnq.execution.run.RunRequest`; `find` gives a name its device.

    Raises:
        InputError, NoiseError, TranspileError: If the parts do not fit together.
    """
    base, device_name = parse_noise(noise, device)
    specification = base.scaled(strength)
    placement = Placement(find(device_name), qubits, copies, pairs, pair_gate)
    compiled = compile_network(network, placement)
    layers = tuple(scheduled(placement.device, layer) for layer in compiled)
    steady = without_drift(specification)
    channels = tuple(layer_channels(placement.device, steady, layer) for layer in layers)
    return Deployment(placement, specification, layers, channels)


def compile_network(network: Network, placement: Placement) -> tuple[CompiledLayer, ...]:
    """Return the compiled circuit of every hidden layer; equal layers share one."""
    angles = network.entanglements
    kinds = list(zip(network.widths, angles, strict=True))
    qubits, copies = placement.qubits, placement.copies
    if qubits == "all":
        if copies != 1:
            raise InputError(f"--copies {copies}: --qubits all puts as many copies as fit")
        target, gate = placement.device.target, placement.pair_gate
        copies = max(1, min(capacity(target, angle, gate) // width for width, angle in kinds))
        placement = replace(placement, copies=copies)
    elif qubits != "best" and qubits.count(",") >= copies * max(network.widths):
        raise InputError(
            f"--qubits: expected at most {copies * max(network.widths)} (the widest layer), "
            f"got {qubits.count(',') + 1}"
        )
    weak = min(angles)
    return tuple(_compiled(placement, width, angle, weak) for width, angle in kinds)


@lru_cache(maxsize=64)
def _compiled(
    placement: Placement, width: int, entanglement: float, weakest: float
) -> CompiledLayer:
    target, count = placement.device.target, width * placement.copies
    sites = None
    if placement.qubits not in ("best", "all"):
        sites = _explicit_sites(target, placement.qubits, count, entanglement, weakest)
    return compile_layer(
        target,
        width,
        entanglement,
        copies=placement.copies,
        sites=sites,
        pairs=placement.pairs,
        pair_gate=placement.pair_gate,
    )


def _explicit_sites(
    target: "Target", qubits: str, count: int, entanglement: float, weakest: float
) -> tuple[Site, ...]:
    """Return the sites that a user named; a projective last layer needs no ancillas."""
    sites = parse_sites(qubits, target, weakest)[:count]
    return sites if entanglement == weakest else tuple(Site(site.neuron) for site in sites)


@lru_cache(maxsize=64)
def scheduled(device: Device, layer: CompiledLayer) -> CompiledLayer:
    """Return a layer with explicit waits, as the device would run it."""
    return replace(layer, circuit=schedule(layer.circuit, device.target))


@lru_cache(maxsize=256)
def layer_channels(
    device: Device, specification: NoiseSpecification, layer: CompiledLayer
) -> NoiseChannels:
    """Return the noise of the qubits of a layer; raises NoiseError if it does not cover them."""
    qubits = [qubit for site in layer.sites for qubit in site.qubits]
    channels = build_channels(specification, device.target, qubits)
    check_coverage(layer.circuit, channels, specification)
    return channels


def _by_content(specification: NoiseSpecification) -> NoiseSpecification:
    """Return the specification with the hash of each file in place of its name."""

    def named(term: NoiseTerm) -> NoiseTerm:
        if "file" not in dict(term.parameters):
            return term
        content = hashlib.sha256(Path(term.text("file")).read_bytes()).hexdigest()
        return replace(term, parameters=(("file", f"sha256:{content}"),))

    return NoiseSpecification(tuple(map(named, specification.terms)))


def split_strength(specification: NoiseSpecification) -> tuple[str, float]:
    """Return the noise at strength 1 and the strength that all terms share, else 1.

    A file is named by the hash of its content.
    """
    specification = _by_content(specification)
    strengths = {term.strength for term in specification.terms}
    if len(strengths) != 1 or 0.0 in strengths:
        return str(specification), 1.0
    whole = tuple(replace(term, strength=1.0) for term in specification.terms)
    return str(NoiseSpecification(whole)), strengths.pop()
