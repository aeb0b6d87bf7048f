"""Runs on a device: open one, go on with it, stop it."""

import contextlib
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from qnnq.devices.ibm.client import Missing
from qnnq.devices.names import device_kind, resolve_device
from qnnq.devices.service_limits import ServiceLimits
from qnnq.errors import InputError, QnnqError
from qnnq.execution.engines.base import Engine
from qnnq.execution.modes.base import Mode
from qnnq.execution.modes.dynamic_circuit import DynamicCircuit
from qnnq.execution.modes.stepwise import Stepwise
from qnnq.execution.shot_loop import Votes, run_shots
from qnnq.jobs.budget import Budget
from qnnq.jobs.compensation import compensating
from qnnq.jobs.engine import Pending, RuntimeEngine
from qnnq.jobs.folder import NETWORK, FolderLock
from qnnq.jobs.layer_plan import LayerCost
from qnnq.jobs.ledger import Ledger
from qnnq.jobs.records import SessionRecord, now
from qnnq.jobs.responses import measure_responses
from qnnq.jobs.service import JobOptions, Service
from qnnq.jobs.submission import OVER, reconcile
from qnnq.networks.file import read_network
from qnnq.networks.network import Network
from qnnq.results.task import Task
from transpile import NetworkCircuit, PairGate, TranspileError
from transpile.measurement import MEASURE
from transpile.network_layout import smallest_entanglements
from transpile.placement import check_sites

Say = Callable[[str], None]
LOOKING_PATIENCE_S = 15.0
"""Who only looks does not want to wait for a service that is down."""


@dataclass(frozen=True)
class Run:
    """An open run folder."""

    ledger: Ledger
    network: Network
    request: dict[str, Any]

    @classmethod
    def open(cls, folder: Path) -> "Run":
        """Open a complete run folder.

        Raises:
            InputError: If it is damaged or of another version.
        """
        ledger = Ledger(folder)
        try:
            network = read_network(folder / NETWORK)
            if network.digest != Task.from_json(ledger.fact("task")).network:
                raise InputError(f"{folder / NETWORK}: not the network that this run was made with")
            return cls(ledger, network, ledger.fact("request"))
        except QnnqError:
            ledger.close()
            raise

    @property
    def device(self) -> str:
        """The device's name."""
        return str(self.ledger.fact("device"))

    @property
    def is_local(self) -> bool:
        """Whether the device is simulated in this process, at no cost."""
        return device_kind(self.device) == "simulated"

    @property
    def limits(self) -> ServiceLimits:
        """The limits that the run was made with."""
        return ServiceLimits(**self.request["limits"])

    @property
    def options(self) -> JobOptions:
        """How jobs are run."""
        found = self.request["options"]
        return JobOptions(**{**found, "tags": tuple(found["tags"])})

    def service(self, limits: ServiceLimits | None = None) -> Service:
        """Return the service that the run's jobs go to; `limits` other than the run's own."""
        if self.is_local:
            from qnnq.jobs.local import LocalService

            device, circuits = resolve_device(self.device), self.ledger.circuits()
            seed, shots = self.request["seed"], self.request["shots"]
            measurement = self.request.get("measurement", MEASURE)
            return LocalService(
                *(device, circuits, self.options),
                measurement=measurement,
                seed=seed,
                shots=shots,
            )
        from qnnq.jobs.remote import RemoteService

        sessions = RunSessions(self.ledger, self.budget)
        return RemoteService(self.device, self.options, limits or self.limits, sessions)

    def looking_service(self) -> Service:
        """Return the service for who only looks, and does not want to wait for it."""
        patience = min(self.limits.patience_s, LOOKING_PATIENCE_S)
        return self.service(replace(self.limits, patience_s=patience, listing_patience_s=patience))

    @property
    def costs(self) -> list[LayerCost]:
        """What an execution of each layer costs."""
        return [LayerCost(**cost) for cost in self.ledger.fact("costs")]

    @property
    def budget(self) -> Budget:
        """What may be billed."""
        return Budget(self.ledger, self.costs, self.limits, self.options.max_execution_s)

    def engine(self, service: Service | None, wait_s: float, say: Say) -> RuntimeEngine:
        """Return the engine over the run's ledger, which waits for jobs so long at most."""
        circuits = self.ledger.circuits()
        return RuntimeEngine(
            *(self.ledger, circuits, self.costs, self.limits, service, self.budget),
            wait_s=wait_s,
            say=say,
        )

    def votes(self, engine: Engine) -> tuple[Votes, float | None]:
        """Run the shot loop over an engine; return how many angles were out of reach as well."""
        data = self.ledger.data()
        compensated = None
        if self.request["compensate"]:
            responses = [data[f"response{i}"] for i in range(self.network.hidden)]
            engine = compensated = compensating(engine, self.ledger.layers(), responses)
        shots, seed = self.request["shots"], self.request["seed"]
        mode: Mode = Stepwise(engine, self.network.entanglements)
        if self.ledger.is_coherent:
            mode = DynamicCircuit(engine, self.network.widths)
        # Executions are paid for, so images fill the copies by their place in the selection.
        places = np.arange(len(data["images"]))
        votes = run_shots(self.network, data["images"], places, mode, shots, seed)
        return votes, compensated.out_of_reach() if compensated else None


class RunSessions:
    """The sessions and batches of a run: see `qnnq.jobs.remote.Sessions`."""

    def __init__(self, ledger: Ledger, budget: Budget) -> None:
        self._ledger = ledger
        self._budget = budget

    def current(self) -> SessionRecord | None:
        """Return the one that is open, None if there is none."""
        found = [each for each in self._ledger.sessions() if each.id is not None and not each.ended]
        return found[-1] if found else None

    def intend(self) -> tuple[int, int | None]:
        """Note that one will be opened; return its number and the longest it may stay open."""
        most = self._budget.session_cap()
        return self._ledger.intend_session(most), most

    def update(
        self, number: int, session_id: str | None, seconds: float | None, ended: bool
    ) -> None:
        """Note its id, what it is billed, and whether that is final."""
        self._ledger.update_session(number, session_id, seconds, ended)

    def unsettled(self) -> list[SessionRecord]:
        """Return those whose bill is not final."""
        return [each for each in self._ledger.sessions() if each.id is not None and not each.ended]


@contextlib.contextmanager
def locked_run(folder: Path) -> Iterator[Run]:
    """Open a run folder in which no other process works.

    Raises:
        QnnqError: If another one does.
    """
    lock = FolderLock(folder)
    try:
        run = Run.open(folder)
        try:
            yield run
        finally:
            run.ledger.close()
    finally:
        lock.release()


def advance(
    folder: Path,
    wait: bool,
    say: Say,
    timeout_s: float | None = None,
    despite_faults: bool = False,
) -> bool:
    """Go on with a run where it stands; return whether it is finished.

    Args:
        folder: The run's folder.
        wait: Whether to wait for jobs.
        say: Told what happens, one line at a time.
        timeout_s: How long to wait for jobs, None for as long as they take if `wait` says so.
        despite_faults: Whether to go on where the device has become faulty where the run is.

    Raises:
        QnnqError: If another process works in it, the service fails, or a job failed too often.
    """
    with locked_run(folder) as run:
        if run.ledger.fact("finished"):
            return True
        run.ledger.set_fact("cancelled", None)
        service = run.service()
        _check_calibration(run, service, say, despite_faults)
        # A local job ends with its process, so there is nothing to come back for.
        wait_s = math.inf if wait or run.is_local else 0.0
        engine = run.engine(service, wait_s if timeout_s is None else timeout_s, say)
        try:
            if run.ledger.fact("kind") == "calibration":
                measure_responses(run.ledger, engine, service)
            else:
                run.votes(engine)
        except Pending:
            return False
        except QnnqError:
            if run.ledger.bills_sessions:
                service.close()  # an open one goes on to be billed
            raise
        run.ledger.set_fact("finished", now())
        service.close()
        reconcile(run.ledger, service, say)
        return True


def _check_calibration(run: Run, service: Service, say: Say, despite_faults: bool) -> None:
    """Say that the device was calibrated anew; raise QnnqError where the run is on faults now."""
    planned, current = run.ledger.fact("calibration"), service.calibration()
    if run.is_local or current == planned:
        return
    say(
        f"{run.device}: calibrated anew at {current}; the run was placed by the calibration of "
        f"{planned}"
    )
    target = resolve_device(run.device, run.limits).target
    pair_gate: PairGate = run.request["pair_gate"] if run.request["pairs"] else "sx"
    for number, circuit in enumerate(run.ledger.circuits(), 1):
        place = f"layer {number}: "
        try:
            if isinstance(circuit, NetworkCircuit):
                place = ""
                angles = smallest_entanglements(run.network.widths, run.network.entanglements)
                check_sites(circuit.sites, target, angles)
            else:
                check_sites(circuit.sites, target, circuit.entanglement, pair_gate, circuit.width)
        except TranspileError as error:
            if not despite_faults:
                raise QnnqError(
                    f"{run.device}: {place}{error}; make a new run, or go on: "
                    f"qnnq resume {run.ledger.folder} --despite-faults"
                ) from error
            say(f"{place}{error}")


def look_again(folder: Path, say: Say) -> str | None:
    """Ask the service for jobs that turned up late, and for bills; return why it did not answer.

    Jobs that are too many are cancelled and counted. Nothing is done where another process works
    in the run, which looks by itself.
    """
    try:
        with locked_run(folder) as run:
            if not run.is_local:
                service = run.looking_service()
                reconcile(run.ledger, service, say)
                service.settle_sessions()
    except InputError:
        raise
    except QnnqError as error:
        return str(error)
    return None


def raise_limits(folder: Path, budget_s: float | None, attempts: int | None) -> None:
    """Change what a run may use.

    Args:
        folder: The run's folder.
        budget_s: Quantum seconds for the whole run, None leaves them as they are.
        attempts: How often a job is submitted in all, None leaves it as it is.

    Raises:
        InputError: If a limit is none.
    """
    if budget_s is not None and not (math.isfinite(budget_s) and budget_s > 0):
        raise InputError(f"--budget {budget_s:g}: expected quantum seconds > 0")
    if attempts is not None and attempts < 1:
        raise InputError(f"--attempts {attempts}: expected a whole number >= 1")
    run = Run.open(folder)
    try:
        for name, value in (("budget_s", budget_s), ("attempts", attempts)):
            if value is not None:
                run.ledger.set_fact(name, value)
    finally:
        run.ledger.close()


def give_up_job(folder: Path, name: str, say: Say) -> None:
    """Give up the submission of a job, so that the next resume submits it again.

    Args:
        folder: The run's folder.
        name: Layer and job, such as `2.1`.
        say: Told what happens.

    Raises:
        InputError: If there is no such job, or it has its result.
    """
    with locked_run(folder) as run:
        jobs = {job.name: job for job in run.ledger.jobs()}
        open_names = [key for key, job in jobs.items() if not job.done]
        if name not in open_names:
            raise InputError(
                f"--resubmit {name}: expected a job without a result: "
                f"{', '.join(open_names) or 'there is none'}"
            )
        service = run.service()
        for attempt in run.ledger.attempts(jobs[name]):
            if not attempt.under_way:
                continue
            seconds = None
            if attempt.id is not None:
                seconds = _stop(service, attempt.id, say)
            run.ledger.ended(attempt.tag, "abandoned", seconds, "submitted again by the user")


def _stop(service: Service, job_id: str, say: Say) -> float | None:
    """Cancel a job if the service knows it; return what it is billed, as far as known."""
    try:
        if service.cancel(job_id):
            say(f"job {job_id}: cancelled")
    except Missing:
        return None
    view = service.view(job_id)
    return view.seconds if view.status in OVER else None


def cancel_run(folder: Path, say: Say) -> int:
    """Cancel the jobs of a run that have not ended; return how many.

    Another process may be waiting in the run: it sees that, and ends.
    """
    run = Run.open(folder)
    try:
        run.ledger.set_fact("cancelled", now())
        service = run.service()
        cancelled = 0
        for attempt in run.ledger.attempts():
            if not attempt.under_way:
                continue
            ids = [attempt.id] if attempt.id else [v.id for v in service.find(attempt.tag)]
            for job_id in ids:
                if service.cancel(job_id):
                    cancelled += 1
                    say(f"job {job_id}: cancelled")
            # What has ended meanwhile is paid: its result is fetched by the next resume.
            views = [service.view(job_id) for job_id in ids]
            if all(view.status in ("cancelled", "failed") for view in views):
                known = [view.seconds for view in views if view.seconds is not None]
                seconds = sum(known) if views and len(known) == len(views) else None
                message = "cancelled by the user"
                run.ledger.ended(attempt.tag, "cancelled", seconds, message, *ids[:1])
        service.close()
        return cancelled
    finally:
        run.ledger.close()
