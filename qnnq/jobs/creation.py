"""Making a run folder: everything is in it before anything is submitted."""

import base64
import contextlib
import hashlib
import itertools
import json
import secrets
from dataclasses import asdict
from pathlib import Path
from typing import Any

from qnnq.devices.device import Device
from qnnq.devices.names import resolve_device
from qnnq.errors import InputError
from qnnq.jobs.folder import DEVICE, LEDGER, NETWORK, FolderLock, make_folder, remember_latest
from qnnq.jobs.hardware_request import HardwareRequest
from qnnq.jobs.ledger import Ledger
from qnnq.jobs.planning import Plan
from qnnq.jobs.records import now
from qnnq.networks.file import write_network
from qnnq.results.result import package_versions
from qnnq.storage.files import write_atomically

_RUN_DIGITS = 10
"""Of a run's random part, 50 bits; the tags of its jobs stay within 24 characters."""


def create_run(request: HardwareRequest, plan: Plan, folder: Path, budget_s: float | None) -> None:
    """Write the run folder of a plan; nothing is submitted yet.

    Raises:
        InputError: If the folder holds a run already, or cannot be made.
        QnnqError: If another process is making a run in it.
    """
    make_folder(folder)
    with contextlib.closing(FolderLock(folder)):
        _create(request, plan, folder, budget_s)
    remember_latest(folder)


def check_free(folder: Path) -> None:
    """Refuse a folder that holds a run already.

    Raises:
        InputError: If it does.
    """
    if (folder / LEDGER).exists():
        raise InputError(f"{folder}: holds a run already; go on with it by qnnq resume {folder}")


def _create(request: HardwareRequest, plan: Plan, folder: Path, budget_s: float | None) -> None:
    check_free(folder)
    facts = {
        "task": plan.task.to_json(),
        "device": _device_words(plan.device, folder),
        "calibration": plan.device.calibration,
        "calibration_data": plan.device.source.properties,
        "kind": plan.kind,
        "assumed_timing": plan.timing,
        "scheduler_timing": None,
        "layers": len(plan.circuits),
        "request": asdict(request.in_words()),
        "asked": _asked(request),
        "costs": [asdict(cost) for cost in plan.costs],
        "estimate": plan.estimate.to_json(),
        "predicted": None if plan.predicted is None else asdict(plan.predicted),
        "simulated": None,
        "chunks": chunk_starts(len(plan.arrays.get("images", ())), plan.estimate.chunk_images),
        "budget_s": budget_s,
        "versions": package_versions(),
        "created": now(),
        "finished": None,
        "run_tag": _new_run_tag(),
        "attempts": None,
        "cancelled": None,
    }
    responses = {f"response{i}": found for i, found in enumerate(plan.responses)}
    arrays = {**plan.arrays, **responses}
    write_network(plan.network, folder / NETWORK)
    Ledger.create(folder, facts, arrays, plan.circuits).close()


def _device_words(device: Device, folder: Path) -> str:
    """Return the words that the device is found by again; those of an object are a file."""
    if device.content is None or device.found_as is not None:
        return device.request
    from qnnq.devices.snapshot import snapshot_of

    file = folder.resolve() / DEVICE
    snapshot = snapshot_of(device.target, device.name, device.calibration)
    write_atomically(file, snapshot.model_dump_json().encode())
    return str(file)


def chunk_starts(images: int, size: int) -> list[int]:
    """Return the first image of each chunk of a run's images; one where nothing is run."""
    return list(range(0, images, size)) if images and size else [0]


def calibration_folder(
    request: HardwareRequest, run: str | None, kind: str = "calibration"
) -> Path:
    """Return where a calibration is made: a folder that is new, unfinished or up to date.

    One that was cut off goes on, whether the device was calibrated anew meanwhile or not. One that
    is finished is used as long as the device's own calibration is that of then.

    Args:
        request: What is asked for.
        run: The folder, None for one named after the request.
        kind: What is calibrated: `calibration` of the qubits, or `price`.

    Raises:
        InputError: If the folder holds another run, or one that is out of date.
    """
    if run is not None:
        folder = Path(run)
        if not is_useful_calibration(folder, request, kind):
            raise InputError(f"{folder}: its calibration is out of date; expected a new folder")
        return folder
    asked = json.dumps(_asked(request), sort_keys=True)
    name = f"{kind}-{hashlib.sha256(asked.encode()).hexdigest()[:12]}"
    for number in itertools.count(1):
        folder = Path("qnnq-runs") / (name if number == 1 else f"{name}-{number}")
        if is_useful_calibration(folder, request, kind):
            return folder
    raise AssertionError("unreachable")


def is_useful_calibration(folder: Path, request: HardwareRequest, kind: str) -> bool:
    """Whether a folder is new, or holds a calibration that is unfinished or up to date.

    Raises:
        InputError: If it holds another run.
    """
    if not (folder / LEDGER).exists():
        return True
    with Ledger(folder) as ledger:
        if ledger.fact("kind") != kind or ledger.fact("asked") != _asked(request):
            raise InputError(f"{folder}: holds another run; expected an empty folder")
        if ledger.fact("finished") is None:
            return True
        device = resolve_device(ledger.fact("device"), request.limits, request.instance)
        return bool(device.calibration == ledger.fact("calibration"))


def _asked(request: HardwareRequest) -> dict[str, Any]:
    """Return what a request asks to be measured; by what means may change on the way."""
    found: dict[str, Any] = json.loads(json.dumps(asdict(request.in_words())))
    del found["limits"], found["instance"], found["options"]["mode"]
    return found


def _new_run_tag() -> str:
    """Return a tag for all jobs of a run, that no other run has."""
    digits = base64.b32encode(secrets.token_bytes(8)).decode().lower()
    return f"qnnq-{digits[:_RUN_DIGITS]}"
