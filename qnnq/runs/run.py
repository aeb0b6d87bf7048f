"""One run: a network, data, noise and an engine, from the user's words to additive counts."""

from collections.abc import Callable

from qnnq.data.selection import parse_images
from qnnq.devices.device import Device, DeviceLike
from qnnq.devices.names import resolve_device
from qnnq.errors import InputError
from qnnq.execution.inputs import data_for
from qnnq.limits import MOST_OUTCOMES
from qnnq.networks.bundled import load_model
from qnnq.results.result import RunResult
from qnnq.runs.deploy import deployment_of
from qnnq.runs.planned_run import PlannedRun
from qnnq.runs.prepared_run import PreparedRun
from qnnq.runs.request import RunRequest, check_request


def plan(
    request: RunRequest,
    find: Callable[[DeviceLike], Device] = resolve_device,
    labelled: bool = True,
) -> PlannedRun:
    """Check and load what a run needs; nothing is compiled.

    Args:
        request: What is asked for.
        find: Returns the device of a name. A series of runs that is to see one calibration of a
            machine passes one that remembers its devices.
        labelled: Whether data without labels are refused.

    Raises:
        InputError: If anything that was asked for does not exist, or does not fit together as far
            as can be told without its circuits.
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
    deployment = deployment_of(request, network, find, dataset.states)
    return PlannedRun(request, network, dataset, images, deployment)


def prepare(
    request: RunRequest,
    find: Callable[[DeviceLike], Device] = resolve_device,
    labelled: bool = True,
) -> PreparedRun:
    """Check, load and compile what a run needs; see `plan`.

    Raises:
        InputError, NoiseError, TranspileError: If anything that was asked for does not exist or
            does not fit together.
    """
    return plan(request, find, labelled).compiled()


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
