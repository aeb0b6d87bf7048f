"""From what a user asks for to a deployment: words become objects here."""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from noise_models import NoiseSpecification
from qnnq.data.states.dataset import States
from qnnq.deployments.base import Deployment
from qnnq.deployments.coherent import CoherentDeployment
from qnnq.deployments.ideal import IdealDeployment
from qnnq.deployments.noise_text import MEASURED, is_measured, parse_noise
from qnnq.deployments.placed_network import PlacedNetwork
from qnnq.deployments.placement import Placement
from qnnq.deployments.stepwise import StepwiseDeployment
from qnnq.deployments.timing import Timing
from qnnq.devices.device import Device, DeviceLike
from qnnq.devices.names import own_name, resolve_device
from qnnq.errors import InputError
from qnnq.networks.network import Network
from qnnq.runs.request import RunRequest

if TYPE_CHECKING:
    from qnnq.execution.measured_response import MeasuredResponse

Find = Callable[[DeviceLike], Device]
"""Returns the device of a name."""


def deploy(
    request: RunRequest,
    network: Network,
    find: Find = resolve_device,
    states: States | None = None,
) -> Deployment:
    """Put a network where a request wants it, and see that everything fits together.

    Args:
        request: What is asked for.
        network: The network.
        find: Gives a name its device.
        states: What the network receives, if it receives any.

    Raises:
        InputError, NoiseError, TranspileError: If the engine, the noise, the device and the
            placement do not fit together.
    """
    deployment = deployment_of(request, network, find, states)
    deployment.check(request.engine)
    return deployment


def deployment_of(
    request: RunRequest,
    network: Network,
    find: Find = resolve_device,
    states: States | None = None,
) -> Deployment:
    """Return the deployment that a request asks for; nothing is compiled. See `deploy`.

    `states` are what a network receives that receives any.
    """
    if network.receives:
        return _receiving(request, network, find, states)
    if not isinstance(request.noise, str):
        return _given(request, network, find)
    if request.engine == "ideal":
        _check_ideal(request)
        return IdealDeployment(network)
    if request.compensate:
        check_compensable(network)
    measured = is_measured(request.noise)
    if request.mode == "coherent":
        if measured:
            raise InputError(
                f"`noise` {request.noise}: expected `mode` stepwise, got coherent: layers were "
                "measured one by one"
            )
        return coherent(request, network, find)
    return _measured(request, network) if measured else stepwise(request, network, find)


def stepwise(
    request: RunRequest, network: Network, find: Find = resolve_device
) -> StepwiseDeployment:
    """Return the deployment of a circuit a layer; nothing is compiled."""
    specification, name = _noise(request)
    placement = Placement(
        find(name), request.qubits, request.copies, request.pairs, request.pair_gate
    )
    return StepwiseDeployment(PlacedNetwork(network, placement), specification, request.compensate)


def coherent(
    request: RunRequest, network: Network, find: Find = resolve_device
) -> CoherentDeployment:
    """Return the deployment of neurons that live on; nothing is compiled."""
    specification, name = _noise(request)
    return CoherentDeployment(
        network, find(name), request.qubits, Timing.of(request), specification
    )


def _receiving(
    request: RunRequest, network: Network, find: Find, states: States | None
) -> Deployment:
    """Return the deployment of a network that receives states."""
    from qnnq.data.states.preparations import preparations_of
    from qnnq.deployments.receiving import (
        IdealReceivingDeployment,
        ReceivingDeployment,
        placed_states,
    )

    if states is None:
        raise InputError("`model`: expected a network that receives no states")
    if request.mode != "stepwise" or request.compensate or not isinstance(request.noise, str):
        raise InputError(
            "`mode` stepwise, no `compensate` and noise in words are expected with a network that "
            "receives states"
        )
    prepared = preparations_of(states)
    if request.engine == "ideal":
        _check_ideal(request)
        return IdealReceivingDeployment(network, preparations=prepared, states=states.digest)
    if is_measured(request.noise):
        raise InputError(f"`noise` {request.noise}: expected no measured response of states")
    specification, name = _noise(request)
    placement = Placement(
        find(name), request.qubits, request.copies, request.pairs, request.pair_gate
    )
    placed = placed_states(network, placement, prepared)
    return ReceivingDeployment(placed, specification, preparations=prepared, states=states.digest)


def _check_ideal(request: RunRequest) -> None:
    if request.noise != "ideal" and _is_noisy(request):
        raise InputError(
            f"`engine` ideal: expected `noise` ideal, got {request.noise!r} "
            "(engines instrument and aer simulate noise)"
        )


def _noise(request: RunRequest) -> tuple[NoiseSpecification, DeviceLike]:
    base, name = parse_noise(request.noise, request.device)
    return base.scaled(request.strength), name


def _given(request: RunRequest, network: Network, find: Find) -> Deployment:
    """Return the deployment under a noise model of Aer, on a device that noise does not name."""
    from qnnq.deployments.given import GivenNoiseDeployment

    refused = {
        f"`engine` {request.engine}": request.engine == "ideal",
        f"`mode` {request.mode}": request.mode != "stepwise",
        f"`strength` {request.strength:g}": request.strength != 1,
    }
    for given, wrong in refused.items():
        if wrong:
            raise InputError(
                f"{given}: expected `engine` instrument, aer or exact, `mode` stepwise and "
                "`strength` 1 with a NoiseModel, whose errors are as they are"
            )
    if request.compensate:
        check_compensable(network)
    plain = stepwise(replace(request, noise="ideal"), network, find)
    return GivenNoiseDeployment(
        plain.placed, plain.specification, plain.compensate, given=request.noise
    )


def _measured(request: RunRequest, network: Network) -> Deployment:
    from qnnq.deployments.measured import MeasuredDeployment, check_engine
    from qnnq.execution.measured_response import read_response

    check_engine(request.engine)
    path = request.noise.strip().removeprefix(MEASURED)
    response = read_response(path)
    _check_response(path, response, request)
    return MeasuredDeployment(
        network, response, path, request.copies, request.pairs, request.compensate
    )


def _check_response(path: str, response: "MeasuredResponse", request: RunRequest) -> None:
    asked = request.device
    if asked is not None:
        device = asked if isinstance(asked, str) else own_name(asked)
        if device != response.device:
            raise InputError(
                f"{path}: expected a response of {device}, got one of {response.device}"
            )
    if request.strength != 1:
        raise InputError(f"`strength` {request.strength:g}: expected 1 with a measured response")
    if request.qubits != "best":
        raise InputError(f"`qubits` {request.qubits}: {path} fixes the qubits; expected best")
    if request.pairs != response.pairs or (request.pairs and request.pair_gate != "sx"):
        raise InputError(
            f"{path}: expected a response with {request.pairs} {request.pair_gate} pairs, "
            f"got one with {response.pairs} sx pairs"
        )


def check_compensable(network: Network) -> None:
    """Raise InputError for coupled neurons, and for angles that give all the contrast there is.

    At stretch 0 a weakly measured neuron is always asked for its extreme probabilities,
    (1 +- sin g) / 2. Noise puts both out of reach, and only a larger g would bring them back.
    """
    network.refuse_couplings("`compensate`")
    if network.stretch == 0 and min(network.entanglements) < math.pi / 2:
        raise InputError(
            "`compensate`: expected a stretch above 0 with weak measurements: at stretch 0 every "
            "angle gives the largest contrast already, so correcting angles changes nothing"
        )


def _is_noisy(request: RunRequest) -> bool:
    return is_measured(request.noise) or bool(_noise(request)[0].active_terms)
