"""One run: a network, data, noise and an engine, from the user's words to additive counts."""

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from qnnq.data.selection import image_ranges, parse_images
from qnnq.devices.device import Device, DeviceLike
from qnnq.devices.names import resolve_device
from qnnq.errors import InputError
from qnnq.execution.inputs import data_for
from qnnq.execution.prepared_run import PreparedRun
from qnnq.execution.request import RunRequest, check_request
from qnnq.limits import MOST_OUTCOMES
from qnnq.networks.bundled import load_model
from qnnq.networks.network import Network
from qnnq.results.result import RunResult
from qnnq.results.task import Task

if TYPE_CHECKING:
    from qnnq.execution.coherent_deployment import CoherentDeployment
    from qnnq.execution.deployment import Deployment
    from qnnq.execution.measured_deployment import MeasuredDeployment


def prepare(
    request: RunRequest,
    find: Callable[[DeviceLike], Device] = resolve_device,
    labelled: bool = True,
) -> PreparedRun:
    """Check, load and compile what a run needs.

    Args:
        request: What is asked for.
        find: Returns the device of a name. A series of runs that is to see one calibration of a
            machine passes one that remembers its devices.
        labelled: Whether data without labels are refused.

    Raises:
        InputError: If anything that was asked for does not exist or does not fit together.
    """
    check_request(request)
    network = load_model(request.model)
    dataset = data_for(network, request.data, request.model, labelled)
    widest, most = max(network.widths), MOST_OUTCOMES[request.mode]
    if request.shots * widest > most:
        raise InputError(
            f"`shots` {request.shots}: expected at most {most // widest:,} with layers of "
            f"{widest} neurons, as the shots of an image are held in memory together"
        )
    images = parse_images(request.images, len(dataset.labels))
    sampled = request.engine != "exact"
    deployment = deploy_request(request, network, find)
    task = Task(
        network=network.digest,
        data=dataset.digest,
        images=image_ranges(images),
        shots=request.shots if sampled else None,
        seed=request.seed if sampled else None,
        engine=request.engine,
        compensate=request.compensate,
        noise="ideal",
        strength=1.0,
    )
    if deployment is not None:
        task = deployment.completed(task)
    return PreparedRun(
        network=network,
        dataset=dataset,
        images=images,
        shots=request.shots,
        seed=request.seed,
        task=task,
        deployment=deployment,
        engine_name=request.engine,
        compensate=request.compensate,
    )


def run(request: RunRequest, progress: Callable[[int], None] | None = None) -> RunResult:
    """Run a network as a request says.

    Args:
        request: What is asked for.
        progress: Called with the number of images that were finished since the last call.

    Raises:
        InputError, NoiseError, TranspileError: If anything that was asked for does not exist or
            does not fit together.
    """
    return prepare(request, labelled=False).execute(progress)


def deploy_request(
    request: RunRequest, network: Network, find: Callable[[DeviceLike], Device] = resolve_device
) -> "Deployment | MeasuredDeployment | CoherentDeployment | None":
    """Put the network where the request wants it; None for the ideal engine.

    Raises:
        InputError: If the engine, the noise and the placement do not fit together.
    """
    if request.engine == "ideal":
        if request.noise != "ideal" and _is_noisy(request):
            raise InputError(
                f"`engine` ideal: expected `noise` ideal, got {request.noise!r} "
                "(engines instrument and aer simulate noise)"
            )
        return None
    if request.compensate:
        check_compensable(network)
    if request.engine == "exact":
        return _deploy_exact(request, network, find)
    from qnnq.execution.coherent_deployment import deploy_coherent
    from qnnq.execution.deployment import deploy
    from qnnq.execution.measured_deployment import deploy_measured, is_measured

    measured = is_measured(request.noise)
    if request.mode == "coherent":
        if measured:
            raise InputError(
                f"`noise` {request.noise}: expected `mode` stepwise, got coherent: layers were "
                "measured one by one"
            )
        return deploy_coherent(request, network, find)
    if measured and request.engine != "instrument":
        raise InputError(
            f"`engine` {request.engine}: expected instrument with `noise` measured:FILE"
        )
    if measured:
        return deploy_measured(request, network)
    return deploy(request, network, find)


def _deploy_exact(
    request: RunRequest, network: Network, find: Callable[[DeviceLike], Device]
) -> "Deployment":
    from qnnq.execution.class_probabilities import check_enumerable
    from qnnq.execution.deployment import deploy
    from qnnq.execution.exact_run import check_exact
    from qnnq.execution.measured_deployment import is_measured

    check_enumerable(network)
    if is_measured(request.noise):
        raise InputError("--engine exact: expected instrument with --noise measured:FILE")
    deployment = deploy(request, network, find)
    check_exact(deployment)
    return deployment


def check_compensable(network: Network) -> None:
    """Raise InputError for a network whose angles already give all the contrast that there is.

    At stretch 0 a weakly measured neuron is always asked for its extreme probabilities,
    (1 +- sin g) / 2. Noise puts both out of reach, and only a larger g would bring them back.
    """
    if network.stretch == 0 and min(network.entanglements) < math.pi / 2:
        raise InputError(
            "`compensate`: expected a stretch above 0 with weak measurements: at stretch 0 every "
            "angle gives the largest contrast already, so correcting angles changes nothing"
        )


def _is_noisy(request: RunRequest) -> bool:
    from qnnq.execution.measured_deployment import is_measured
    from qnnq.execution.noise_text import parse_noise

    if is_measured(request.noise):
        return True
    specification, _ = parse_noise(request.noise, request.device)
    return bool(specification.scaled(request.strength).active_terms)
