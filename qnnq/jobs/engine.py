"""The engine that measures through the service's jobs, and remembers everything in a ledger."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from qnnq.arrays import OutcomeArray
from qnnq.devices.patience import Patience, Pause
from qnnq.devices.service_limits import ServiceLimits
from qnnq.errors import QnnqError
from qnnq.execution.engines.angles import Angles
from qnnq.execution.engines.base import Draws
from qnnq.execution.engines.packing import PackedAngles, pack
from qnnq.execution.shot_loop import Votes
from qnnq.jobs.budget import Budget, OverBudget
from qnnq.jobs.layer_plan import LayerCost, plan_jobs
from qnnq.jobs.ledger import Ledger
from qnnq.jobs.records import Attempt, Job
from qnnq.jobs.service import DIGEST, Missing, Service, Submission
from qnnq.jobs.submission import Reconciler
from transpile import CompiledLayer, NetworkCircuit

LONGEST_POLL_S = 20.0
POLL_GROWTH = 1.3
LONGEST_RETRY_PAUSE_S = 600.0
RETRY_GROWTH = 4


class Pending(Exception):
    """A layer's jobs are submitted but not finished; the run goes on with `resume`.

    Args:
        name: What is not finished.
        layer: The layer.
    """

    def __init__(self, name: str, layer: int = 0) -> None:
        super().__init__(name)
        self.layer = layer


class RuntimeEngine:
    """Measures a layer by jobs; a layer whose outcomes are in the ledger is not run again.

    A run is continued by running the same shot loop again: the earlier layers' outcomes come from
    the ledger, so it arrives where it was.

    Args:
        ledger: The run's ledger.
        circuits: The compiled layers, or one circuit of the whole network, called layer 0.
        costs: What an execution of each costs.
        limits: The service's limits.
        service: Where jobs go; None reads the ledger only.
        budget: What may be billed.
        wait_s: How long to wait for jobs in all, seconds; then `Pending` is raised.
        say: Told what happens, one line at a time.

    Attributes:
        shot_round: The round of shots that is measured.
    """

    images_per_call = None

    def __init__(
        self,
        ledger: Ledger,
        circuits: Sequence[CompiledLayer | NetworkCircuit],
        costs: Sequence[LayerCost],
        limits: ServiceLimits,
        service: Service | None,
        budget: Budget,
        *,
        wait_s: float = 0.0,
        say: Callable[[str], None] = lambda line: None,
    ) -> None:
        self._ledger = ledger
        self._circuits = circuits
        self._costs = costs
        self._limits = limits
        self._service = service
        self._budget = budget
        self._wait = wait_s > 0
        self._poll = Patience(wait_s, longest_s=LONGEST_POLL_S, growth=POLL_GROWTH)
        self._say = say
        self._retries: dict[int, Pause] = {}
        self._last_awaited = self._last_planned = len(circuits)
        self.shot_round = 0

    def in_passes(self, measure: Callable[[slice], Votes], chunks: Iterable[slice]) -> list[Votes]:
        """Measure chunks of images so that the jobs of a layer wait in the queue together.

        First that layer of all chunks is sent which is next, then a layer is waited for, chunk by
        chunk, and the next one sent. What was measured is read from the ledger in each pass.

        Args:
            measure: Runs the shot loop over this engine for some of the images.
            chunks: All of the images. A single chunk is measured without passes.

        Raises:
            Pending: If jobs are not finished.
        """
        chunks = list(chunks)
        if len(chunks) == 1:
            return [measure(chunks[0])]
        for last_awaited in range(-1, len(self._circuits)):
            self._last_awaited = last_awaited
            found: list[Votes] = []
            pending: Pending | None = None
            self._last_planned = len(self._circuits)
            for chunk in chunks:
                try:
                    found.append(measure(chunk))
                except Pending as error:
                    self._last_planned = min(self._last_planned, error.layer)
                    pending = error if pending is None or error.layer < pending.layer else pending
            if pending is None:
                return found
            if pending.layer <= last_awaited:
                raise pending
        raise AssertionError("the last pass waits for all layers")

    def measure(self, layer: int, angles: Angles, draws: Draws) -> OutcomeArray:
        """See `qnnq.execution.engines.base.Engine`; raises Pending and QnnqError as well."""
        first = int(draws.images[0])
        if self._service is not None:
            if not self._ledger.jobs(layer, self.shot_round, first):
                if not self._may_plan(layer):
                    raise Pending(self._name(layer), layer)
                packed = pack(self._circuits[layer], angles, draws)
                plans = plan_jobs(packed.angles, self._costs[layer], self._limits, packed.origins)
                self._ledger.write_plan(layer, plans, packed.bits, self.shot_round, first)
                del packed, plans  # of a large chunk, and jobs are waited for
            self.finish(layer, self._service, first)
        jobs = self._ledger.jobs(layer, self.shot_round, first)
        if not jobs or not all(job.done for job in jobs):
            raise Pending(self._name(layer), layer)
        return recorded_outcomes(self._ledger, jobs, pack(self._circuits[layer], angles, draws))

    def _may_plan(self, layer: int) -> bool:
        """Whether a layer of a chunk is the next to be planned: layer by layer, chunk by chunk.

        Jobs are numbered in this order whenever they end, so that copies of a run know them.
        """
        if layer > self._last_planned:
            return False
        return layer == 0 or not self._ledger.unplanned_share(layer - 1, self.shot_round)

    def finish(self, layer: int, service: Service, first_image: int | None = None) -> None:
        """Bring all jobs of a layer to an end; without `wait`, only submit what is missing.

        Args:
            layer: The layer.
            service: Where jobs go.
            first_image: Of the chunk of images, None for all.
        """
        if not self._open_jobs(layer, first_image):
            return
        reconciler = self._reconciler(service)
        reconciler.all()
        name = self._name(layer)
        self._poll.begin_anew()
        bills = Patience(self._limits.patience_s)
        while True:
            steps = [
                step
                for job in self._next_jobs(layer, first_image)
                if (step := self._advance(job, service)) is not None
            ]
            # A duplicate is cancelled before it runs; bills that are known free what was reserved.
            reconciler.all()
            if not steps:
                if not self._open_jobs(layer, first_image):
                    return
                if not self._next_jobs(layer, first_image):
                    raise Pending(name, layer)  # the first job of all, in another chunk
                continue  # the first one is done
            self._say(f"{name}: {'; '.join(step.text for step in steps)}")
            if all(step.over_budget for step in steps):
                if not (self._wait and self._budget.unsettled() and bills.pause()):
                    self._budget.cap(self._open_jobs(layer, first_image)[0])
                continue
            if self._wait:
                self._mention_the_plan(steps, service)
            awaited = layer <= self._last_awaited or self._budget.wants_price
            if not (awaited and self._poll.pause()):
                raise Pending(name, layer)

    def affords_round(self, service: Service) -> bool:
        """Whether another round of shots fits into the budget, by what the jobs so far cost.

        Raises:
            Pending: If that is not known yet, and nobody waits.
        """
        bills = Patience(self._limits.patience_s)
        while not self._budget.affords_round():
            self._reconciler(service).all()
            if not self._budget.unsettled():
                return self._budget.affords_round()
            if not self._wait:
                raise Pending("the bill of the jobs so far")
            if not bills.pause():
                return False
        return True

    def await_bills(self, service: Service) -> None:
        """Ask for bills until they are known.

        Raises:
            Pending: If they are not, and nobody waits or `patience_s` are over.
        """
        bills = Patience(self._limits.patience_s)
        self._reconciler(service).all()
        while self._budget.unsettled():
            if not (self._wait and bills.pause()):
                raise Pending("the bill of the jobs so far")
            self._reconciler(service).all()

    def _reconciler(self, service: Service) -> Reconciler:
        return Reconciler(self._ledger, service, self._budget, self._limits, self._say)

    def _name(self, layer: int) -> str:
        circuit = self._circuits[layer]
        if isinstance(circuit, NetworkCircuit):
            return f"layers 1 to {len(circuit.widths)}"
        shots = f", round {self.shot_round + 1}" if self.shot_round else ""
        return f"layer {layer + 1} of {len(self._circuits)}{shots}"

    def _open_jobs(self, layer: int, first_image: int | None) -> list[Job]:
        jobs = self._ledger.jobs(layer, self.shot_round, first_image)
        return [job for job in jobs if not job.done]

    def _next_jobs(self, layer: int, first_image: int | None) -> list[Job]:
        """Return the jobs to go on with: one, until its bill says what the others will cost."""
        jobs = self._open_jobs(layer, first_image)
        if not self._budget.wants_price:
            return jobs
        done = {job.number for job in self._ledger.jobs() if job.done}
        begun = {attempt.job for attempt in self._ledger.attempts()} - done
        if begun:
            return [job for job in jobs if job.number in begun]
        return jobs[:1]

    def _mention_the_plan(self, steps: "Sequence[_Step]", service: Service) -> None:
        if all(step.waits for step in steps):
            usage = service.plan_usage()
            if usage is not None and usage.used_up:
                self._say("usage_limit_reached: jobs wait, since the plan's seconds are used up")

    def _advance(self, job: Job, service: Service) -> "_Step | None":
        """Submit, look, fetch or submit again; None once the job's bits are stored."""
        attempt = next((each for each in self._ledger.attempts(job) if each.under_way), None)
        if attempt is None:
            retry = self._retries.get(job.number)
            if self._wait and retry is not None and not retry.over:
                return _Step(f"job {job.name} waits before it is sent again", waits=True)
            try:
                job_id = self._submit(job, service)
            except OverBudget as error:
                return _Step(str(error), over_budget=True)
        elif attempt.id is None and service.finds_jobs:
            job_id = self._reconciler(service).look_for(job, attempt)
        else:
            return self._look(job, attempt, service)
        if job_id is None:
            return self._advance(job, service)
        sent = next(each for each in self._ledger.attempts(job) if each.id == job_id)
        return self._look(job, sent, service)

    def _look(self, job: Job, attempt: Attempt, service: Service) -> "_Step | None":
        job_id = attempt.id or attempt.tag
        view = service.view(job_id)
        if view.status == "done":
            try:
                found = service.result(job_id, job.shape)
            except Missing as error:
                raise QnnqError(f"{error}; {self._resubmit(job)}") from error
            if found.timing is not None:
                self._ledger.set_fact("scheduler_timing", asdict(found.timing))
            self._ledger.finish(job, attempt.tag, found.bits, view.seconds, view.started)
            return None
        if view.status == "lost":
            raise QnnqError(f"job {job_id}: {view.message}; {self._resubmit(job)}")
        if view.status in ("failed", "cancelled", "gone"):
            self._check_not_cancelled()
            state = "capped" if view.capped else "lost" if view.status == "gone" else "failed"
            message = view.message or view.status
            self._ledger.ended(attempt.tag, state, view.seconds, message)
            self._say(f"job {job_id}: {view.status}: {message}")
            if state == "failed":
                failures = len(self._spent(job))
                pause = self._limits.retry_pause_s * RETRY_GROWTH ** (failures - 1)
                self._retries[job.number] = Pause(min(pause, LONGEST_RETRY_PAUSE_S))
            return self._advance(job, service)
        place = f", place {view.position} in the queue" if view.position else ""
        end = f", until about {view.until}" if view.until else ""
        return _Step(f"{view.id} {view.status}{place}{end}", waits=view.status == "queued")

    def _resubmit(self, job: Job) -> str:
        return (
            "to submit it again, which is billed again: "
            f"qnnq resume {self._ledger.folder} --resubmit {job.name}"
        )

    def _spent(self, job: Job) -> list[Attempt]:
        """Return the attempts that came to nothing, and count against the limit."""
        attempts = self._ledger.attempts(job)
        return [each for each in attempts if each.state in ("failed", "capped", "unanswered")]

    def _submit(self, job: Job, service: Service) -> str | None:
        """Submit a job where the limits allow it; None where the answer got lost."""
        self._check_not_cancelled()
        spent = self._spent(job)
        reconciler = self._reconciler(service)
        # Taken behind a refusal, or sent by another process after this folder was copied.
        if (found := reconciler.one(job)) is not None:
            return found
        if len(spent) >= self._attempts:
            raise QnnqError(
                f"layer {job.layer + 1}, job {job.part + 1}: failed {len(spent)} times, last: "
                f"{spent[-1].message}; to go on: qnnq resume {self._ledger.folder} "
                f"--attempts {len(spent) + 1}"
            )
        cap = self._budget.cap(job)
        usage = service.plan_usage()
        if usage is not None and usage.used_up:
            left = "" if usage.left_s is None else f", {usage.left_s:g} s are left"
            raise QnnqError(
                f"usage_limit_reached: the plan's seconds are used up{left}: nothing was sent; "
                f"go on when there are more: qnnq resume {self._ledger.folder}"
            )
        attempt = self._ledger.intend(job, cap, service.calibration())
        plan = self._ledger.plan(job)
        digest = f"{DIGEST}{self._ledger.planned(job).digest}"
        tags = (attempt.tag, self._ledger.fact("run_tag"), digest, *self._tags)
        circuit, angles = self._circuits[job.layer].circuit, plan.angles.astype(np.float64)
        sent = Submission(circuit, angles, job.shots, tags, job.number, cap)
        job_id = reconciler.send(job, attempt, sent)
        if job_id is not None and self._ledger.fact("cancelled"):
            service.cancel(job_id)
        return job_id

    @property
    def _attempts(self) -> int:
        return int(self._ledger.fact("attempts") or self._limits.attempts)

    @property
    def _tags(self) -> Sequence[str]:
        found: list[str] = self._ledger.fact("request")["options"]["tags"]
        return found

    def _check_not_cancelled(self) -> None:
        if self._ledger.fact("cancelled"):
            raise QnnqError(
                f"{self._ledger.folder}: cancelled meanwhile; qnnq resume goes on from here"
            )


@dataclass(frozen=True)
class _Step:
    """Where an unfinished job stands.

    Attributes:
        text: What to say about it.
        waits: Whether nothing happens at the moment.
        over_budget: Whether it cannot be sent before others are billed less than their caps.
    """

    text: str
    waits: bool = False
    over_budget: bool = False


def recorded_outcomes(ledger: Ledger, jobs: Sequence[Job], packed: PackedAngles) -> OutcomeArray:
    """Return the outcomes of a layer's jobs; those of jobs that are not finished are arbitrary."""
    bits = np.zeros((len(packed.angles), packed.bits), dtype=np.uint8)
    for job in jobs:
        if job.done:
            bits[ledger.plan(job).places] = ledger.bits(job)
    return packed.outcomes(bits)


def complete_images(
    ledger: Ledger, jobs: Sequence[Job], executions: int, rows: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Return which images have all outcomes of a layer.

    Args:
        ledger: The run's ledger.
        jobs: Those of the layer.
        executions: Executions of the layer in all.
        rows: The execution of every image, shot and neuron, shape (images, shots, width).
    """
    known = np.zeros(executions, dtype=bool)
    for job in jobs:
        if job.done:
            known[ledger.plan(job).places] = True
    return np.asarray(known[rows].all(axis=(1, 2)))
