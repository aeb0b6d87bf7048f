"""Runs on machines from Python: what they would cost, submit, go on, collect, calibrate."""

from pathlib import Path

from qnnq.jobs.advance import advance
from qnnq.jobs.budget import check_budget, usual_budget
from qnnq.jobs.creation import calibration_folder, check_free, create_run
from qnnq.jobs.estimate import Estimate
from qnnq.jobs.folder import LEDGER, find_run
from qnnq.jobs.hardware_request import HardwareRequest
from qnnq.jobs.planning import Plan, check_device, plan_run
from qnnq.jobs.reading import Collected, collect_run
from qnnq.jobs.responses import RESPONSE, plan_calibration
from qnnq.jobs.rounds import rounds_of
from qnnq.jobs.runs import Say
from qnnq.runs.request import check_request


def plan_of(request: HardwareRequest) -> Plan:
    """Return the plan of a run in the mode that a request asks for.

    Raises:
        InputError, TranspileError: If anything does not exist or does not fit together.
    """
    check_request(request.simulated())
    return plan_run(request)


def default_budget(plan: Plan, request: HardwareRequest, rounds: int = 1) -> float | None:
    """Return what a run may use where nothing is said: None where nothing is known to be billed."""
    if plan.device.kind == "simulated" or plan.device.unpriced:
        return None
    return usual_budget(plan.estimate, plan.device.limits, request.options.mode, rounds)


def estimate(request: HardwareRequest) -> Estimate:
    """Return what a run on a machine would cost; nothing is sent.

    >>> import qnnq
    >>> request = qnnq.HardwareRequest("mnist16-a0.5", "fake_kingston", images="0:100", shots=10)
    >>> qnnq.estimate(request).to_json()["executions"] > 0
    True

    Raises:
        InputError, TranspileError: If anything does not exist or does not fit together.
    """
    return plan_of(request.of_words()).estimate


def submit(
    request: HardwareRequest,
    folder: str | Path | None = None,
    *,
    budget_s: float | None = None,
    wait: bool = False,
    say: Say = print,
) -> Path:
    """Submit a network to a machine, and return the run's folder.

    Nothing is asked: what the run may use is its budget.

    Args:
        request: What is asked for.
        folder: Of the run, None for one named after its task.
        budget_s: Quantum seconds, or the sum in the currency of its tariff, that may be used; None
            for a multiple of the estimate.
        wait: Whether to wait until all jobs are finished.
        say: Told what happens, one line at a time.

    Raises:
        InputError, TranspileError: If anything does not exist or does not fit together.
        QnnqError: If the service fails.
    """
    request = request.of_words()
    rounds, plan = rounds_of(request), plan_of(request)
    checked = check_device(request, plan.device)
    path = Path(folder) if folder else Path("qnnq-runs") / plan.task.id[:12]
    check_free(path)
    budget = default_budget(plan, checked, rounds) if budget_s is None else budget_s
    check_budget(plan, budget)
    create_run(checked, plan, path, budget)
    advance(path, wait, say)
    return path


def resume(folder: str | Path = "latest", *, wait: bool = False, say: Say = print) -> bool:
    """Go on with a run; return whether it is finished.

    Args:
        folder: The run's folder, or `latest`.
        wait: Whether to wait until all jobs are finished.
        say: Told what happens, one line at a time.

    Raises:
        InputError: If there is no such run.
        QnnqError: If another process works in it, the service fails, or a job failed too often.
    """
    return advance(find_run(str(folder)), wait, say)


def collect(folder: str | Path = "latest") -> Collected:
    """Return the results that a run has so far.

    Args:
        folder: The run's folder, or `latest`.

    Raises:
        InputError: If there is no such run.
        QnnqError: If no image has all its shots yet.
    """
    return collect_run(find_run(str(folder)))


def calibrate(
    request: HardwareRequest,
    folder: str | Path | None = None,
    *,
    budget_s: float | None = None,
    say: Say = print,
) -> Path:
    """Measure how the qubits of a device answer to angles; return the file of the responses.

    It is a twin of the device: `RunRequest(noise=f"measured:{file}")`. Cut off, a calibration goes
    on when it is asked for again, and nothing is paid twice.

    >>> import qnnq
    >>> request = qnnq.HardwareRequest("mnist16-a0.5", "fake_kingston", copies=1, shots=64)
    >>> file = qnnq.calibrate(request, say=lambda line: None)
    >>> twin = qnnq.RunRequest("mnist16-a0.5", noise=f"measured:{file}", images=range(100))
    >>> qnnq.run(twin).accuracy().value > 0.5
    True

    Args:
        request: What is asked for; `shots` are those at each of four angles.
        folder: Of the calibration, None for one named after the request.
        budget_s: Quantum seconds that may be used, None for a multiple of the estimate.
        say: Told what happens, one line at a time.

    Raises:
        InputError, TranspileError: If anything does not exist or does not fit together.
        QnnqError: If the service fails.
    """
    path = calibration_folder(request, None if folder is None else str(folder))
    if not (path / LEDGER).exists():
        plan = plan_calibration(request)
        checked = check_device(request, plan.device)
        budget = default_budget(plan, checked) if budget_s is None else budget_s
        check_budget(plan, budget)
        create_run(checked, plan, path, budget)
    advance(path, True, say)
    return path / RESPONSE
