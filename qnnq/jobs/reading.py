"""Looking at a run: where it stands, and what it found so far. Nothing here changes it."""

from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qnnq.data.selection import image_ranges
from qnnq.errors import InputError, QnnqError
from qnnq.execution.engines.angles import Angles
from qnnq.execution.engines.base import Draws
from qnnq.execution.engines.packing import pack
from qnnq.execution.shot_loop import Votes
from qnnq.execution.unsampled import unsampled_logits
from qnnq.jobs.engine import Pending, complete_images, recorded_outcomes
from qnnq.jobs.hardware_request import submission
from qnnq.jobs.ledger import Ledger
from qnnq.jobs.prediction import Prediction, comparison
from qnnq.jobs.reconciliation import OVER
from qnnq.jobs.records import Attempt, Job, now
from qnnq.jobs.runs import Run, open_run
from qnnq.jobs.scheduler_timing import SchedulerTiming, compared
from qnnq.jobs.service import JobView, Service
from qnnq.options.coherent import OF_COHERENT_MODE
from qnnq.results.outcomes import Outcomes
from qnnq.results.result import RunResult
from qnnq.results.task import UNSAMPLED, Task
from qnnq.runs.labels import mode_labels
from qnnq.runs.request import RunRequest
from qnnq.runs.unsampled import answers
from qnnq.statistics import Accuracy, accuracies
from transpile import CompiledLayer, NetworkCircuit

LABELS_OF_REQUEST = (
    *("pairs", "pair_gate", "qubits", "compensate"),
    *("data", "images", "shots", "seed"),
)
STATES_WITH_JOB = ("submitted", "done")


@dataclass(frozen=True)
class JobState:
    """One line of `qnnq status`."""

    round: int
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
    """Return where a run stands, asking the service about its unfinished jobs.

    Where it does not answer, `unanswered` says why, and the states are those of the ledger.
    """
    with open_run(folder) as run:
        ledger = run.ledger
        service: Service | None = None
        unanswered: str | None = None
        states = []
        seen_s = 0.0
        for job in ledger.jobs():
            attempts = ledger.attempts(job)
            view: JobView | None = None
            submitted = next((each.id for each in attempts if each.state == "submitted"), None)
            if submitted is not None and unanswered is None:
                service = service or run.looking_service()
                try:
                    view = service.view(submitted)
                except QnnqError as error:
                    unanswered = str(error)
            if view is not None and view.status in OVER and not ledger.bills_sessions:
                seen_s += view.seconds or 0.0  # in the ledger when the run goes on
            states.append(_state(job, attempts, view))
        charged = _charged(run)
        return {
            "schema": "qnnq.status/1",
            "folder": str(folder),
            "task_id": Task.from_json(ledger.fact("task")).id,
            "device": run.device,
            "instance": run.instance,
            "created": ledger.fact("created"),
            "finished": ledger.fact("finished"),
            "layers": ledger.fact("layers"),
            "target_width": run.request["target_width"],
            "jobs": [asdict(state) for state in states],
            "unanswered": unanswered,
            "surplus": [
                {"id": job_id, "cancelled": cancelled}
                for job_id, _, cancelled, _ in ledger.surplus()
            ],
            "quantum_seconds": ledger.quantum_seconds() + seen_s,
            "quantum_seconds_at_most": 0.0 if charged else run.budget.committed(),
            "budget_s": ledger.budget_s,
            "charged": charged,
            "price": run.budget.price(),
            "estimated_quantum_seconds": ledger.fact("estimate")["quantum_seconds"],
        }


def _charged(run: Run) -> dict[str, Any] | None:
    """Return what a run is charged at most by its tariff, None where nothing is."""
    tariff = run.limits.tariff
    if tariff is None or (run.is_local and run.ledger.budget_s is None):
        return None
    return {"currency": tariff.currency, "at_most": run.budget.committed()}


def _state(job: Job, attempts: list[Attempt], view: JobView | None) -> JobState:
    last = next((each for each in attempts if each.under_way or each.state == "done"), None)
    last = last or (attempts[-1] if attempts else None)
    known = view or last
    return JobState(
        round=job.round,
        layer=job.layer,
        part=job.part,
        state=view.status if view else (last.state if last else "planned"),
        id=last.id if last else None,
        attempts=len(attempts),
        executions=job.sets * job.shots,
        position=view.position if view else None,
        seconds=known.seconds if known else None,
        message=known.message if known else None,
    )


@dataclass(frozen=True)
class Collected(Outcomes):
    """The results of a run.

    Attributes:
        result: As `qnnq.runs.run` returns it, for the images that have all their shots.
        hardware: Jobs, executions and quantum seconds, against the estimate.
        labels: What tables and figures call the run, with the keys of a sweep's points.
        command: The command line that asks for the same run.
        unsampled: What the same weights say of its images where phi(z) stands for every outcome,
            None where the first layer receives states.
        partial: Whether images are missing.
        prediction: What was expected beside what was measured (`qnnq.jobs.prediction`), None where
            nothing was, or images are missing.
    """

    result: RunResult
    hardware: dict[str, Any]
    labels: dict[str, Any]
    command: str
    unsampled: RunResult | None
    partial: bool
    prediction: dict[str, Any] | None = None

    @property
    def images(self) -> NDArray[np.int64]:
        """The indices of the images."""
        return self.result.images

    @property
    def truth(self) -> NDArray[np.int64]:
        """Their classes."""
        return self.result.labels

    @property
    def counts(self) -> NDArray[np.int64]:
        """Shots that chose each class, shape (images, classes)."""
        return self.result.counts

    def accuracy(self, prediction: str = "majority") -> Accuracy:
        """Return the accuracy of `single_shot`, `majority` or `soft_vote`; see `RunResult`."""
        return self.result.accuracy(prediction)


def collect_run(folder: Path) -> Collected:
    """Return the results that are in a run's ledger.

    Raises:
        QnnqError: If no image has all its shots yet.
    """
    with open_run(folder) as run:
        ledger = run.ledger
        if ledger.fact("kind") != "run":
            raise InputError(f"{folder}: a calibration, which has no accuracy to collect")
        data = ledger.data()
        engine = _Reader(run)
        try:
            votes, rounds, out_of_reach = _all_rounds(run, engine)
        except Pending as pending:
            raise QnnqError(
                f"{folder}: no image has all its shots yet: {pending} is not finished; "
                f"{_go_on(folder)}"
            ) from None
        kept = engine.complete
        if not kept.any():
            raise QnnqError(f"{folder}: no image has all its shots yet; {_go_on(folder)}")
        task = Task.from_json(ledger.fact("task"))
        if rounds > 1:
            each = task.shots or 0  # jobs have some
            task = replace(task, shots=rounds * each, shots_per_round=each)
        partial = not kept.all()
        if partial:
            task = replace(task, images=",".join(map(str, data["indices"][kept])))
        result = RunResult(
            task_id=task.id,
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
        prediction = None if partial else _compared(ledger, result, rounds)
        return Collected(
            result,
            _hardware(run),
            _labels(run, task),
            submission(run.request),
            _unsampled(run, result, data["images"][kept]),
            bool(partial),
            prediction,
        )


def _unsampled(run: Run, result: RunResult, pixels: NDArray[Any]) -> RunResult | None:
    if run.network.receives:
        return None
    network, images = run.network, image_ranges(result.images)
    task = Task(network.digest, UNSAMPLED, 1, 0, data=result.task.data, images=images)
    logits = unsampled_logits(network, pixels)
    return answers(task, result.images, result.labels, logits, 0.0)


def _go_on(folder: Path) -> str:
    return f"go on with qnnq resume {folder} --wait"


def _compared(ledger: Ledger, result: RunResult, rounds: int) -> dict[str, Any] | None:
    """Return what was expected beside the result; majorities of more rounds are other ones."""
    predicted, simulated = ledger.fact("predicted"), ledger.fact("simulated")
    if predicted is None:
        return None
    measured = accuracies(result.counts, result.softmax_sums, result.labels, result.shots)
    names = ("single_shot",) if rounds > 1 else ("single_shot", "majority")
    return comparison(
        Prediction.from_json(predicted),
        None if simulated is None else Prediction.from_json(simulated),
        {name: measured[name] for name in names},
    )


def _all_rounds(run: Run, engine: "_Reader") -> tuple[Votes, int, float | None]:
    """Return the votes of all complete rounds of shots, how many these are, and what was amiss."""
    votes, out_of_reach = run.votes(engine)
    out_of_reaches = [out_of_reach]
    for number in range(1, 1 + max(job.round for job in run.ledger.jobs())):
        engine.shot_round = number
        try:
            more, out_of_reach = run.votes(engine)
        except Pending:
            break
        votes = votes + more
        out_of_reaches.append(out_of_reach)
    known = [each for each in out_of_reaches if each is not None]
    return votes, len(out_of_reaches), sum(known) / len(known) if known else None


class _Reader:
    """The engine that only reads; in the first round it takes what is there.

    That is of the last layer, and of the layers before where there are several chunks of images.
    What it returns for images that are not `complete` is arbitrary.
    """

    images_per_call = None

    def __init__(self, run: Run) -> None:
        self._run = run
        self._engine = run.engine(None, wait_s=0.0, say=lambda line: None)
        self._circuits = run.ledger.circuits()
        self.shot_round = 0
        self.complete: NDArray[np.bool_] = np.ones(len(run.ledger.data()["indices"]), dtype=bool)
        self._chunks = len(run.ledger.fact("chunks"))

    def measure(self, layer: int, angles: Angles, draws: Draws) -> NDArray[np.int8]:
        self._engine.shot_round = self.shot_round
        try:
            return self._engine.measure(layer, angles, draws)
        except Pending:
            if self.shot_round or (layer < len(self._circuits) - 1 and self._chunks == 1):
                raise
            packed = pack(self._circuits[layer], angles, draws)
            ledger = self._run.ledger
            jobs = ledger.jobs(layer, self.shot_round, int(draws.images[0]))
            complete = complete_images(ledger, jobs, len(packed.angles), packed.rows)
            if self._chunks == 1 and not complete.any():
                raise
            self.complete[draws.images] &= complete
            return recorded_outcomes(ledger, jobs, packed)


def _labels(run: Run, task: Task) -> dict[str, Any]:
    network, request = run.network, run.request
    of_mode = ("mode", *OF_COHERENT_MODE)
    return {
        "network": request["model"],
        "stretch": max(network.stretches),
        "entanglement": network.entanglement,
        "widths": "-".join(map(str, network.widths)),
        "noise": task.noise,
        "off": "",
        "strength": task.strength,
        "engine": task.engine,
        "device": task.device,
        "copies": task.copies or 1,
        **mode_labels(RunRequest(**{key: request[key] for key in of_mode})),
        **{key: request[key] for key in LABELS_OF_REQUEST},
    }


def _hardware(run: Run) -> dict[str, Any]:
    ledger = run.ledger
    attempts = [attempt for attempt in ledger.attempts() if attempt.state in STATES_WITH_JOB]
    estimate = ledger.fact("estimate")
    circuits = ledger.circuits()
    timing = {"timing": _timing(ledger)} if ledger.is_coherent else {}
    return {
        "jobs": [attempt.id for attempt in attempts],
        "started": [attempt.started for attempt in attempts],
        "calibrations": [attempt.calibration for attempt in attempts],
        "executions": sum(job.sets * job.shots for job in ledger.jobs()),
        "estimated_executions": estimate["executions"],
        "quantum_seconds": ledger.quantum_seconds(),
        "estimated_quantum_seconds": estimate["quantum_seconds"],
        "charged": _charged(run),
        "qubits": [",".join(map(str, each.sites)) for each in circuits],
        # image i of the run is in block i modulo the number of blocks
        "blocks": [_blocks(each) for each in circuits],
        **timing,
    }


def _timing(ledger: Ledger) -> dict[str, Any] | None:
    """Return how the service's schedule compares with the assumed one, None if it gave none."""
    found = ledger.fact("scheduler_timing")
    if found is None:
        return None
    try:
        return compared(SchedulerTiming(**found), ledger.fact("assumed_timing"))
    except QnnqError as error:
        return {"not_understood": str(error)}


def _blocks(circuit: CompiledLayer | NetworkCircuit) -> list[str]:
    """Return for each image side by side the sites of its neurons, each once."""
    if isinstance(circuit, NetworkCircuit):
        return [",".join(map(str, circuit.sites))]
    return [
        ",".join(str(circuit.sites[slot]) for slot in dict.fromkeys(slots))
        for slots in circuit.slot_of
    ]


def _wall_seconds(ledger: Ledger) -> float:
    started = datetime.fromisoformat(ledger.fact("created"))
    ended = datetime.fromisoformat(ledger.fact("finished") or now())
    return (ended - started).total_seconds()
