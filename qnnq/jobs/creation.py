"""Making a run folder: everything is in it before anything is submitted."""

from dataclasses import asdict
from pathlib import Path

from qnnq.errors import InputError
from qnnq.jobs.folder import LEDGER, NETWORK, FolderLock, remember_latest
from qnnq.jobs.ledger import Ledger, new_run_tag
from qnnq.jobs.planning import Plan
from qnnq.jobs.records import now
from qnnq.jobs.request import HardwareRequest
from qnnq.networks.file import write_network
from qnnq.results.result import package_versions
from qnnq.results.task import Task


def create_run(request: HardwareRequest, plan: Plan, folder: Path, budget_s: float | None) -> None:
    """Write the run folder of a plan; nothing is submitted yet.

    Raises:
        InputError: If the folder holds a run already, or cannot be made.
        QnnqError: If another process is making a run in it.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{folder}: cannot be made: {error.strerror}") from error
    lock = FolderLock(folder)
    try:
        _create(request, plan, folder, budget_s)
    finally:
        lock.release()
    remember_latest(folder)


def _create(request: HardwareRequest, plan: Plan, folder: Path, budget_s: float | None) -> None:
    if (folder / LEDGER).exists():
        raise InputError(f"{folder}: holds a run already; go on with it by qnnq resume {folder}")
    facts = {
        "task": plan.task.to_json(),
        "device": plan.device.name,
        "calibration": plan.device.calibration,
        "calibration_data": plan.device.calibration_data(),
        "kind": plan.kind,
        "layers": len(plan.layers),
        "request": asdict(request),
        "costs": [asdict(cost) for cost in plan.costs],
        "estimate": plan.estimate.to_json(),
        "budget_s": budget_s,
        "versions": package_versions(),
        "created": now(),
        "finished": None,
        "run_tag": new_run_tag(),
        "attempts": None,
        "cancelled": None,
    }
    responses = {f"response{i}": found for i, found in enumerate(plan.responses)}
    arrays = {**plan.arrays, **responses}
    write_network(plan.network, folder / NETWORK)
    Ledger.create(folder, facts, arrays, plan.layers).close()


def holds_run(folder: Path, task: Task) -> bool:
    """Whether a folder holds the run of a task.

    Raises:
        InputError: If it holds another one.
    """
    if not (folder / LEDGER).exists():
        return False
    ledger = Ledger(folder)
    found = ledger.fact("task")
    ledger.close()
    if Task.from_json(found) != task:
        raise InputError(f"{folder}: holds another run; expected an empty folder")
    return True
