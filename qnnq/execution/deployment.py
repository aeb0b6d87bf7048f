"""A network on a device: compiled layers, their noise, and the engines that run them."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

from noise_models import NoiseSpecification
from noise_models.channels import NoiseChannels, build_channels
from noise_models.coverage import check_coverage
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
from qnnq.networks.network import Network
from transpile import CompiledLayer, PairGate, Site, capacity, compile_layer, parse_sites

if TYPE_CHECKING:
    from qiskit.transpiler import Target

    from qnnq.execution.engines.compensation import CompensatedEngine
    from qnnq.execution.engines.layer_response import LayerResponse


@dataclass(frozen=True, eq=False)
class Deployment:
    """The hidden layers of a network, compiled for a device, with the noise of their qubits.

    Attributes:
        device: The device.
        specification: The noise, its strength included.
        layers: The compiled circuit of every hidden layer.
        channels: The noise of every hidden layer.
        task: What of this determines a result, for a task's identity.
        calibration: The device and the time of its calibration data.
    """

    device: Device
    specification: NoiseSpecification
    layers: tuple[CompiledLayer, ...]
    channels: tuple[NoiseChannels, ...]
    task: dict[str, Any]
    calibration: dict[str, str | None]

    def engine(self, name: str) -> Engine:
        """Return the engine `aer` or `instrument` over these layers."""
        if name == "aer":
            from qnnq.execution.engines.aer import AerEngine

            return AerEngine(self.layers, self.channels)
        from qnnq.execution.engines.instrument import InstrumentEngine

        return InstrumentEngine(self.responses)

    @cached_property
    def responses(self) -> "tuple[LayerResponse, ...]":
        """The exact response of every layer; equal layers share one."""
        from qnnq.execution.engines.layer_response import layer_response

        return tuple(map(layer_response, self.layers, self.channels))

    def compensated(self, engine: Engine) -> "CompensatedEngine":
        """Return an engine that corrects angles for this noise before `engine` measures them."""
        from qnnq.execution.engines.compensation import CompensatedEngine

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
    found = find(device_name)
    layers = compile_network(network, found, qubits, copies, pairs, pair_gate)
    channels = tuple(layer_channels(found, specification, layer) for layer in layers)
    canonical, common = split_strength(specification)
    task = {
        "noise": canonical,
        "strength": common,
        "device": found.name,
        "calibration": found.calibration,
        "qubits": [",".join(map(str, layer.sites)) for layer in layers],
        "copies": layers[0].copies,
        "pairs": pairs,
        "pair_gate": pair_gate if pairs else None,
    }
    calibration = {"device": found.name, "time": found.calibration}
    return Deployment(found, specification, layers, channels, task, calibration)


def compile_network(
    network: Network, device: Device, qubits: str, copies: int, pairs: int, pair_gate: PairGate
) -> tuple[CompiledLayer, ...]:
    """Return the compiled circuit of every hidden layer; equal layers share one."""
    angles = network.entanglements
    kinds = list(zip(network.widths, angles, strict=True))
    if qubits == "all":
        if copies != 1:
            raise InputError(f"--copies {copies}: --qubits all puts as many copies as fit")
        copies = max(1, min(capacity(device.target, angle, pair_gate) // w for w, angle in kinds))
    elif qubits != "best" and qubits.count(",") >= copies * max(network.widths):
        raise InputError(
            f"--qubits: expected at most {copies * max(network.widths)} (the widest layer), "
            f"got {qubits.count(',') + 1}"
        )
    weak = min(angles)
    return tuple(
        _compiled(device, width, angle, weak, copies, qubits, pairs, pair_gate)
        for width, angle in kinds
    )


@lru_cache(maxsize=64)
def _compiled(
    device: Device,
    width: int,
    entanglement: float,
    weakest: float,
    copies: int,
    qubits: str,
    pairs: int,
    pair_gate: PairGate,
) -> CompiledLayer:
    sites = None
    if qubits not in ("best", "all"):
        sites = _explicit_sites(device.target, qubits, width * copies, entanglement, weakest)
    return compile_layer(
        device.target,
        width,
        entanglement,
        copies=copies,
        sites=sites,
        pairs=pairs,
        pair_gate=pair_gate,
    )


def _explicit_sites(
    target: "Target", qubits: str, count: int, entanglement: float, weakest: float
) -> tuple[Site, ...]:
    """Return the sites that a user named; a projective last layer needs no ancillas."""
    sites = parse_sites(qubits, target, weakest)[:count]
    return sites if entanglement == weakest else tuple(Site(site.neuron) for site in sites)


@lru_cache(maxsize=256)
def layer_channels(
    device: Device, specification: NoiseSpecification, layer: CompiledLayer
) -> NoiseChannels:
    """Return the noise of the qubits of a layer; raises NoiseError if it does not cover them."""
    qubits = [qubit for site in layer.sites for qubit in site.qubits]
    channels = build_channels(specification, device.target, qubits)
    check_coverage(layer.circuit, channels, specification)
    return channels


def split_strength(specification: NoiseSpecification) -> tuple[str, float]:
    """Return the noise at strength 1 and the strength that all terms share, else 1."""
    strengths = {term.strength for term in specification.terms}
    if len(strengths) != 1 or 0.0 in strengths:
        return str(specification), 1.0
    whole = tuple(replace(term, strength=1.0) for term in specification.terms)
    return str(NoiseSpecification(whole)), strengths.pop()
