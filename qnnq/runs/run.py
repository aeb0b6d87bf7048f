"""One run: a network, data, noise and an engine, from the user's words to additive counts."""

from collections.abc import Callable

from qnnq.data.selection import image_ranges, parse_images
from qnnq.devices.device import Device, DeviceLike
from qnnq.devices.names import resolve_device
from qnnq.errors import InputError
from qnnq.execution.inputs import data_for
from qnnq.limits import MOST_OUTCOMES
from qnnq.networks.bundled import load_model
from qnnq.results.result import RunResult
from qnnq.results.task import Task
from qnnq.runs.deploy import deploy
from qnnq.runs.prepared_run import PreparedRun
from qnnq.runs.request import RunRequest, check_request


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
    deployment = deploy(request, network, find)
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
    return PreparedRun(
        network=network,
        dataset=dataset,
        images=images,
        shots=request.shots,
        seed=request.seed,
        task=deployment.completed(task),
        deployment=deployment,
        engine_name=request.engine,
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
