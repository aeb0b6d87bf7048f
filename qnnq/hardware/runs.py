"""Runs on a device: make one, go on with it, look at it, read its results, stop it."""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qnnq.devices import calibration_time, resolve_device
from qnnq.engines.base import Draws, Engine
from qnnq.engines.packing import pack
from qnnq.errors import InputError, QnnqError
from qnnq.hardware.calibration import measure_responses
from qnnq.hardware.compensation import compensating
from qnnq.hardware.engine import Pending, RuntimeEngine, complete_images
from qnnq.hardware.folder import LEDGER, NETWORK, FolderLock, remember_latest
from qnnq.hardware.layer_plan import LayerCost
from qnnq.hardware.ledger import Ledger, now
from qnnq.hardware.limits import ServiceLimits
from qnnq.hardware.planning import HardwareRequest, Plan, is_local
from qnnq.hardware.service import JobOptions, JobView, Service
from qnnq.network import Network
from qnnq.network_file import read_network, write_network
from qnnq.run import RunResult, package_versions, task_id
from qnnq.shot_loop import Votes, run_shots

Say = Callable[[str], None]
LABELS_OF_REQUEST = ("pairs", "pair_gate", "qubits", "data", "images", "shots", "seed")
STATES_WITH_JOB = ("submitted", "done")


def check_budget(plan: Plan, budget_s: float | None) -> None:
    """Raise InputError where the estimate is over the budget."""
    if budget_s is not None and plan.estimate.quantum_seconds > budget_s:
        raise InputError(
            f"--budget {budget_s:g}: the estimate is {plan.estimate.quantum_seconds:.1f} quantum "
            f"seconds ({plan.estimate.formula()})"
        )


def create_run(request: HardwareRequest, plan: Plan, folder: Path, budget_s: float | None) -> None:
    """Write the run folder of a plan; nothing is submitted yet.

    Raises:
        InputError: If the folder holds a run already, or cannot be made.
    """
    if (folder / LEDGER).exists():
        raise InputError(f"{folder}: holds a run already; go on with it by qnnq resume {folder}")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{folder}: cannot be made: {error.strerror}") from error
    backend = resolve_device(plan.device)
    properties = backend.properties()
    facts = {
        "task": plan.task,
        "device": plan.device,
        "calibration": calibration_time(backend),
        "calibration_data": _plain(properties.to_dict()) if properties else None,
        "kind": plan.kind,
        "layers": len(plan.layers),
        "request": asdict(request),
        "costs": [asdict(cost) for cost in plan.costs],
        "estimate": plan.estimate.to_json(),
        "budget_s": budget_s,
        "versions": package_versions(),
        "created": now(),
        "finished": None,
        "session": None,
    }
    responses = {f"response{i}": found for i, found in enumerate(plan.responses)}
    arrays = {**plan.arrays, **responses}
    write_network(plan.network, folder / NETWORK)
    Ledger.create(folder, facts, arrays, plan.layers).close()
    remember_latest(folder)


def holds_run(folder: Path, task: dict[str, Any]) -> bool:
    """Whether a folder holds the run of a task.

    Raises:
        InputError: If it holds another one.
    """
    if not (folder / LEDGER).exists():
        return False
    ledger = Ledger(folder)
    found = ledger.fact("task")
    ledger.close()
    if found != task:
        raise InputError(f"{folder}: holds another run; expected an empty folder")
    return True


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
            if network.digest != ledger.fact("task")["network"]:
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
    def limits(self) -> ServiceLimits:
        """The limits that the run was made with."""
        return ServiceLimits(**self.request["limits"])

    @property
    def options(self) -> JobOptions:
        """How jobs are run."""
        found = self.request["options"]
        return JobOptions(**{**found, "tags": tuple(found["tags"])})

    def service(self) -> Service:
        """Return the service that the run's jobs go to."""
        if is_local(self.device):
            from qnnq.hardware.local import LocalService

            layers = self.ledger.layers()
            return LocalService(self.device, layers, self.options, self.request["seed"])
        from qnnq.hardware.remote import RemoteService

        return RemoteService(
            self.device,
            self.options,
            self.limits,
            self.ledger.fact("session"),
            lambda session: self.ledger.set_fact("session", session),
        )

    def engine(self, service: Service | None, wait: bool, say: Say) -> RuntimeEngine:
        """Return the engine over the run's ledger."""
        return RuntimeEngine(
            self.ledger,
            self.ledger.layers(),
            [LayerCost(**cost) for cost in self.ledger.fact("costs")],
            self.limits,
            service,
            budget_s=self.ledger.fact("budget_s"),
            max_execution_s=self.options.max_execution_s,
            wait=wait,
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
        votes = run_shots(self.network, data["images"], data["indices"], engine, shots, seed)
        return votes, compensated.out_of_reach() if compensated else None


def advance(folder: Path, wait: bool, say: Say) -> bool:
    """Go on with a run where it stands; return whether it is finished.

    Raises:
        QnnqError: If another process works in it, the service fails, or a job failed too often.
    """
    lock = FolderLock(folder)
    try:
        run = Run.open(folder)
        try:
            if run.ledger.fact("finished"):
                return True
            service = run.service()
            # A local job ends with its process, so there is nothing to come back for.
            engine = run.engine(service, wait or is_local(run.device), say)
            try:
                if run.ledger.fact("kind") == "calibration":
                    measure_responses(run.ledger, engine, service)
                else:
                    run.votes(engine)
            except Pending:
                return False
            _settle_usage(run.ledger, service)
            run.ledger.set_fact("finished", now())
            service.close()
            return True
        finally:
            run.ledger.close()
    finally:
        lock.release()


def _settle_usage(ledger: Ledger, service: Service) -> None:
    for attempt in ledger.attempts():
        if attempt.id is not None and attempt.state in ("done", "failed"):
            seconds = service.view(attempt.id).seconds
            if seconds is not None:
                ledger.set_seconds(attempt.tag, seconds)


def cancel_run(folder: Path, say: Say) -> int:
    """Cancel the jobs of a run that have not ended; return how many."""
    lock = FolderLock(folder)
    try:
        run = Run.open(folder)
        try:
            service = run.service()
            cancelled = 0
            for attempt in run.ledger.attempts():
                if attempt.state not in ("intended", "submitted"):
                    continue
                views = service.find(attempt.tag)
                for view in views:
                    if service.cancel(view.id):
                        cancelled += 1
                        say(f"job {view.id}: cancelled")
                seconds = sum(service.view(view.id).seconds or 0.0 for view in views)
                if not any(view.status == "done" for view in views):
                    run.ledger.ended(attempt.tag, "cancelled", seconds, "cancelled by the user")
            service.close()
            return cancelled
        finally:
            run.ledger.close()
    finally:
        lock.release()


@dataclass(frozen=True)
class JobState:
    """One line of `qnnq status`."""

    layer: int
    part: int
    state: str
    id: str | None
    attempts: int
    executions: int
    position: int | None
    seconds: float | None
    message: str | None


def run_status(folder: Path) -> dict[str, Any]:
    """Return where a run stands, asking the service about its unfinished jobs; changes nothing."""
    run = Run.open(folder)
    try:
        ledger = run.ledger
        service: Service | None = None
        states = []
        for job in ledger.jobs():
            attempts = ledger.attempts(job)
            last = attempts[-1] if attempts else None
            view: JobView | None = None
            if last is not None and last.id and last.state == "submitted":
                if not is_local(run.device):
                    service = service or run.service()
                    view = service.view(last.id)
                else:
                    view = JobView(last.id, "lost", message="a local job ends with its process")
            states.append(
                JobState(
                    layer=job.layer,
                    part=job.part,
                    state=view.status if view else (last.state if last else "planned"),
                    id=last.id if last else None,
                    attempts=len(attempts),
                    executions=job.sets * job.shots,
                    position=view.position if view else None,
                    seconds=view.seconds if view else (last.seconds if last else None),
                    message=view.message if view else (last.message if last else None),
                )
            )
        return {
            "schema": "qnnq.status/1",
            "folder": str(folder),
            "task_id": task_id(ledger.fact("task")),
            "device": run.device,
            "created": ledger.fact("created"),
            "finished": ledger.fact("finished"),
            "layers": ledger.fact("layers"),
            "jobs": [asdict(state) for state in states],
            "surplus": [
                {"id": job, "cancelled": cancelled} for job, _, cancelled in ledger.surplus()
            ],
            "quantum_seconds": ledger.quantum_seconds(),
            "estimated_quantum_seconds": ledger.fact("estimate")["quantum_seconds"],
        }
    finally:
        run.ledger.close()


@dataclass(frozen=True)
class Collected:
    """The results of a run.

    Attributes:
        result: As `qnnq.run` returns it, for the images that have all their shots.
        hardware: Jobs, executions and quantum seconds, against the estimate.
        labels: What tables and figures call the run, with the keys of a sweep's points.
        partial: Whether images are missing.
    """

    result: RunResult
    hardware: dict[str, Any]
    labels: dict[str, Any]
    partial: bool


def collect_run(folder: Path) -> Collected:
    """Return the results that are in a run's ledger.

    Raises:
        QnnqError: If no image has all its shots yet.
    """
    run = Run.open(folder)
    try:
        ledger = run.ledger
        if ledger.fact("kind") == "calibration":
            raise InputError(f"{folder}: a calibration, which has no accuracy to collect")
        data = ledger.data()
        engine = _Reader(run)
        try:
            votes, out_of_reach = run.votes(engine)
        except Pending as pending:
            raise QnnqError(
                f"{folder}: no image has all its shots yet: {pending} is not finished; "
                f"go on with qnnq resume {folder} --wait"
            ) from None
        kept = engine.complete
        task = ledger.fact("task")
        partial = not kept.all()
        if partial:
            task = task | {"images": ",".join(map(str, data["indices"][kept]))}
        result = RunResult(
            task_id=task_id(task),
            task=task,
            images=data["indices"][kept],
            labels=data["labels"][kept],
            counts=votes.counts[kept],
            softmax_sums=votes.softmax_sums[kept],
            seconds=_wall_seconds(ledger),
            versions=ledger.fact("versions"),
            calibration={"device": run.device, "time": ledger.fact("calibration")},
            out_of_reach=out_of_reach,
        )
        return Collected(result, _hardware(ledger), _labels(run, task), bool(partial))
    finally:
        run.ledger.close()


class _Reader:
    """The engine that only reads; in the last layer it takes what is there."""

    images_per_call = None

    def __init__(self, run: Run) -> None:
        self._run = run
        self._engine = run.engine(None, wait=False, say=lambda line: None)
        self._layers = run.ledger.layers()
        self.complete: NDArray[np.bool_] = np.ones(len(run.ledger.data()["indices"]), dtype=bool)

    def measure(self, layer: int, angles: NDArray[np.floating], draws: Draws) -> NDArray[np.int8]:
        try:
            return self._engine.measure(layer, angles, draws)
        except Pending:
            if layer < len(self._layers) - 1:
                raise
            packed = pack(self._layers[layer], angles, draws)
            ledger = self._run.ledger
            self.complete = complete_images(ledger, layer, len(packed.angles), packed.rows)
            if not self.complete.any():
                raise
            bits = np.zeros(packed.angles.shape, dtype=np.uint8)
            for job in ledger.jobs(layer):
                if job.done:
                    bits[ledger.plan(job).places] = ledger.bits(job)
            return packed.outcomes(bits)


def _labels(run: Run, task: dict[str, Any]) -> dict[str, Any]:
    network, request = run.network, run.request
    return {
        "network": request["model"],
        "stretch": network.stretch,
        "entanglement": network.entanglement,
        "widths": "-".join(map(str, network.widths)),
        "noise": task["noise"],
        "off": "",
        "strength": task["strength"],
        "engine": task["engine"],
        "device": task["device"],
        "copies": task["copies"],
        **{key: request[key] for key in LABELS_OF_REQUEST},
    }


def _hardware(ledger: Ledger) -> dict[str, Any]:
    attempts = [attempt for attempt in ledger.attempts() if attempt.state in STATES_WITH_JOB]
    estimate = ledger.fact("estimate")
    return {
        "jobs": [attempt.id for attempt in attempts],
        "executions": sum(job.sets * job.shots for job in ledger.jobs()),
        "estimated_executions": estimate["executions"],
        "quantum_seconds": ledger.quantum_seconds(),
        "estimated_quantum_seconds": estimate["quantum_seconds"],
        "qubits": [",".join(map(str, layer.sites)) for layer in ledger.layers()],
    }


def _wall_seconds(ledger: Ledger) -> float:
    started = datetime.fromisoformat(ledger.fact("created"))
    ended = datetime.fromisoformat(ledger.fact("finished") or now())
    return (ended - started).total_seconds()


def _plain(value: Any) -> Any:
    """Return calibration data without objects that JSON does not know."""
    return json.loads(json.dumps(value, default=str))
