"""A network whose neurons live on, on a device: `--mode coherent`."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from noise_models.channels import NoiseChannels, build_channels
from noise_models.coverage import check_coverage
from qnnq.devices.device import Device
from qnnq.devices.names import resolve_device
from qnnq.errors import InputError
from qnnq.execution.deployment import parse_noise, split_strength
from qnnq.execution.modes.coherent import Coherent
from qnnq.execution.request import RunRequest, latency_seconds
from qnnq.networks.network import Network
from transpile import FEEDBACK_LATENCY, CompiledNetwork, compile_network, network_circuit
from transpile.network_layout import smallest_entanglements
from transpile.placement import parse_sites


@dataclass(frozen=True, eq=False)
class CoherentDeployment:
    """The steps of a network, compiled for living neurons, with the noise of their qubits.

    Attributes:
        compiled: The steps.
        channels: The noise.
        task: What of this determines a result, for a task's identity.
        calibration: The device and the time of its calibration data.
    """

    compiled: CompiledNetwork
    channels: NoiseChannels
    task: dict[str, Any]
    calibration: dict[str, str | None]

    def mode(self) -> Coherent:
        """Return the mode that carries the states of the neurons."""
        from qnnq.execution.engines.layer_instrument import layer_instruments

        return Coherent(layer_instruments(self.compiled, self.channels))


def deploy_coherent(
    request: RunRequest, network: Network, find: Callable[[str], Device] = resolve_device
) -> CoherentDeployment:
    """Compile every step and build the noise of the qubits in use.

    Args:
        request: What is asked for.
        network: The network.
        find: Gives a name its device.

    Raises:
        InputError, NoiseError, TranspileError: If the parts do not fit together.
    """
    base, name = parse_noise(request.noise, request.device)
    specification, device = base.scaled(request.strength), find(name)
    sites = None
    if request.qubits != "best":
        angles = smallest_entanglements(network.widths, network.entanglements)
        sites = parse_sites(request.qubits, device.target, angles)
    latency = latency_seconds(request.feedback_latency)
    latency = FEEDBACK_LATENCY if latency is None else latency
    compiled = compile_network(
        device.target,
        network.widths,
        network.entanglements,
        sites=sites,
        feedback_latency=latency,
    )
    used = [qubit for site in compiled.sites for qubit in site.qubits]
    channels = build_channels(specification, device.target, used)
    check_coverage(network_circuit(compiled), channels, specification)
    if channels.coupling_rates or channels.leakage or channels.correlated_readout:
        raise InputError(
            f"--mode coherent: expected noise without zz, leakage and correlated_readout, got "
            f"{specification}"
        )
    noise, strength = split_strength(specification)
    task = {
        "mode": "coherent",
        "feedback_latency_s": latency,
        "noise": noise,
        "strength": strength,
        "device": device.name,
        "calibration": device.calibration,
        "qubits": [",".join(map(str, compiled.sites))],
    }
    calibration = {"device": device.name, "time": device.calibration}
    return CoherentDeployment(compiled, channels, task, calibration)
