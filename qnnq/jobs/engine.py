"""The engine that measures through the service's jobs, and remembers everything in a ledger."""

import math
import time
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from qnnq.arrays import FloatArray, OutcomeArray
from qnnq.devices.ibm.client import FIRST_PAUSE_S
from qnnq.devices.limits import ServiceLimits
from qnnq.errors import QnnqError
from qnnq.execution.engines.base import Draws
from qnnq.execution.engines.packing import pack
from qnnq.jobs.layer_plan import LayerCost, plan_jobs
from qnnq.jobs.ledger import Ledger
from qnnq.jobs.placing import place
from qnnq.jobs.records import Attempt, Job
from qnnq.jobs.service import JobView, Service
from transpile import CompiledLayer

LONGEST_POLL_S = 20.0
POLL_GROWTH = 1.3


class Pending(Exception):
    """A layer's jobs are submitted but not finished; the run goes on with `resume`."""


class RuntimeEngine:
    """Measures a layer by jobs; a layer whose outcomes are in the ledger is not run again.

    A run is continued by running the same shot loop again: the earlier layers' outcomes come from
    the ledger, so it arrives where it was.

    Args:
        ledger: The run's ledger.
        layers: The compiled layers.
        costs: What an execution of each layer costs.
        limits: The service's limits.
        service: Where jobs go; None reads the ledger only.
        budget_s: Quantum seconds that the run may use in all.
        wait: Whether to wait for jobs; else `Pending` is raised.
        say: Told what happens, one line at a time.
    """

    images_per_call = None

    def __init__(
        self,
        ledger: Ledger,
        layers: Sequence[CompiledLayer],
        costs: Sequence[LayerCost],
        limits: ServiceLimits,
        service: Service | None,
        *,
        budget_s: float | None = None,
        max_execution_s: int | None = None,
        wait: bool = False,
        say: Callable[[str], None] = lambda line: None,
    ) -> None:
        self._ledger = ledger
        self._layers = layers
        self._costs = costs
        self._limits = limits
        self._service = service
        self._budget_s = budget_s
        self._max_execution_s = max_execution_s
        self._wait = wait
        self._say = say

    def measure(self, layer: int, angles: FloatArray, draws: Draws) -> OutcomeArray:
        """See `qnnq.execution.engines.base.Engine`; raises Pending and QnnqError as well."""
        packed = pack(self._layers[layer], angles, draws)
        if self._service is not None:
            if not self._ledger.jobs(layer):
                plans = plan_jobs(packed.angles, self._costs[layer], self._limits)
                self._ledger.write_plan(layer, plans)
            self.finish(layer, self._service)
        jobs = self._ledger.jobs(layer)
        if not jobs or not all(job.done for job in jobs):
            raise Pending(f"layer {layer + 1} of {len(self._layers)}")
        bits = np.empty(packed.angles.shape, dtype=np.uint8)
        for job in jobs:
            bits[self._ledger.plan(job).places] = self._ledger.bits(job)
        return packed.outcomes(bits)

    def finish(self, layer: int, service: Service) -> None:
        """Bring all jobs of a layer to an end; without `wait`, only submit what is missing."""
        pause = FIRST_PAUSE_S
        while True:
            open_jobs = [job for job in self._ledger.jobs(layer) if not job.done]
            views = [view for job in open_jobs if (view := self._advance(job, service)) is not None]
            if not views:
                return
            self._say(_progress(layer, len(self._layers), views))
            if not self._wait:
                raise Pending(f"layer {layer + 1} of {len(self._layers)}")
            time.sleep(pause)
            pause = min(pause * POLL_GROWTH, LONGEST_POLL_S)

    def _advance(self, job: Job, service: Service) -> JobView | None:
        """Submit, look, fetch or submit again; None once the job's bits are stored."""
        attempt = self._current_attempt(job)
        if attempt.id is None:
            job_id = place(
                attempt,
                lambda: self._submit(job, attempt, service),
                self._ledger,
                service,
                self._limits,
                self._say,
            )
        else:
            job_id = attempt.id
        view = service.view(job_id)
        if view.status == "done":
            self._cancel_latecomers(attempt.tag, job_id, service)
            bits = service.bits(job_id, job.shape)
            self._ledger.finish(job, attempt.tag, bits, view.seconds)
            return None
        if view.status in ("failed", "cancelled", "lost"):
            if view.status == "lost" and not job_id.startswith("local-"):
                raise QnnqError(
                    f"job {job_id}: {view.message}; resume with the account that submitted it, "
                    f"or give it up with qnnq cancel {self._ledger.folder}"
                )
            state = "lost" if view.status == "lost" else "failed"
            message = view.message or view.status
            self._ledger.ended(attempt.tag, state, view.seconds, message)
            self._say(f"job {job_id}: {view.status}: {message}")
            return self._advance(job, service)
        return view

    def _cancel_latecomers(self, tag: str, job_id: str, service: Service) -> None:
        """Cancel a second submission that reached the service after the first was found."""
        for view in service.find(tag):
            if view.id != job_id and view.status in ("queued", "running"):
                self._ledger.add_surplus(tag, view.id, service.cancel(view.id))
                self._say(f"the service accepted one job twice: {view.id} cancelled")

    def _current_attempt(self, job: Job) -> Attempt:
        """Return the attempt that is under way, or a new one where the limit allows it."""
        attempts = self._ledger.attempts(job)
        if attempts and attempts[-1].state in ("intended", "submitted"):
            return attempts[-1]
        failed = [attempt for attempt in attempts if attempt.state == "failed"]
        if len(failed) >= self._limits.attempts:
            raise QnnqError(
                f"layer {job.layer + 1}, job {job.part + 1}: failed {len(failed)} times, last: "
                f"{failed[-1].message} (the limit is `attempts` = {self._limits.attempts})"
            )
        self._check_budget(job)
        return self._ledger.intend(job)

    def _check_budget(self, job: Job) -> None:
        if self._budget_s is None:
            return
        used = self._spent()
        cost = self._cost(job)
        if used + cost > self._budget_s:
            raise QnnqError(
                f"--budget {self._budget_s:g}: layer {job.layer + 1}, job {job.part + 1} would "
                f"take about {cost:.1f} s more, {used:.1f} s are used"
            )

    def _spent(self, besides: str | None = None) -> float:
        """Return the quantum seconds of all attempts, expected ones where they are not known yet.

        `besides`: the tag of an attempt that does not count.
        """
        costs = {job.number: self._cost(job) for job in self._ledger.jobs()}
        attempts = self._ledger.attempts()
        cost_of = {attempt.tag: costs[attempt.job] for attempt in attempts}
        twice = (cost_of[tag] for _, tag, cancelled in self._ledger.surplus() if not cancelled)
        return sum(twice) + sum(
            cost_of[attempt.tag] if attempt.seconds is None else attempt.seconds
            for attempt in attempts
            if attempt.tag != besides
        )

    def _cost(self, job: Job) -> float:
        return self._costs[job.layer].seconds(job.sets * job.shots, 1, self._limits)

    def _submit(self, job: Job, attempt: Attempt, service: Service) -> str:
        plan = self._ledger.plan(job)
        circuit = self._layers[job.layer].circuit
        most = self._max_execution_s
        if most is None and self._budget_s is not None:
            left = self._budget_s - self._spent(besides=attempt.tag)
            most = max(1, math.ceil(min(left, self._limits.seconds_per_job)))
        return service.submit(circuit, plan.angles, job.shots, attempt.tag, job.number, most)


def complete_images(
    ledger: Ledger, layer: int, executions: int, rows: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Return which images have all outcomes of a layer.

    Args:
        ledger: The run's ledger.
        layer: The layer.
        executions: Executions of the layer in all.
        rows: The execution of every image, shot and neuron, shape (images, shots, width).
    """
    known = np.zeros(executions, dtype=bool)
    for job in ledger.jobs(layer):
        if job.done:
            known[ledger.plan(job).places] = True
    return np.asarray(known[rows].all(axis=(1, 2)))


def _progress(layer: int, layers: int, views: Sequence[JobView]) -> str:
    states = []
    for view in views:
        place = f", place {view.position} in the queue" if view.position else ""
        states.append(f"{view.id} {view.status}{place}")
    return f"layer {layer + 1} of {layers}: {'; '.join(states)}"
