"""The budget of a run: a cap on what can be billed, not a guess of what will be."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from qnnq.devices.service_limits import ServiceLimits
from qnnq.devices.tariff import ROUNDING, Tariff, amount
from qnnq.errors import InputError, QnnqError
from qnnq.jobs.estimate import Estimate
from qnnq.jobs.hardware_request import ExecutionMode
from qnnq.jobs.layer_plan import LayerCost
from qnnq.jobs.ledger import Ledger
from qnnq.jobs.records import Attempt, Job

if TYPE_CHECKING:
    from qnnq.jobs.planning import Plan

LONGEST_SESSION_S = 28_800
"""Eight hours; a longer wish might be refused."""
ROOM = 4
"""Times its estimate that a job may take before it is stopped, and a run where no budget is given.

IBM's quick formula says up to 1.4 times our estimate
(https://quantum.cloud.ibm.com/docs/en/guides/estimate-job-run-time), and what a small job costs
besides its executions is not published.
"""
MORE_ROOM = 2
"""Times the cap that was not enough that a job gets at least when it is sent again."""
PAUSE_S = 60
"""What a session may be billed besides for each layer, while the host works and asks for jobs."""


class Budget:
    """Shares out the quantum seconds of a run.

    Whatever is sent gets a cap, a time after which the service stops it: `ROOM` times what it is
    expected to take, or less where the budget is shared out. It counts with that cap, and what it
    may run on past it, until the service has said what it was billed. All that counts together
    never exceeds the budget. A session counts with its own longest time, and its jobs do not count
    besides.

    The bills of the jobs that are done, against their estimates, give one number, the price, which
    scales what the others are expected to take.

    Args:
        ledger: The run's ledger.
        costs: What an execution of each layer costs.
        limits: The service's limits.
        max_execution_s: The longest that the user allows any job.
    """

    def __init__(
        self,
        ledger: Ledger,
        costs: Sequence[LayerCost],
        limits: ServiceLimits,
        max_execution_s: int | None,
    ) -> None:
        self._ledger = ledger
        self._costs = costs
        self._limits = limits
        self._max_execution_s = max_execution_s
        layers = ledger.fact("estimate")["layers"]
        self._estimates: list[float] = [layer["quantum_seconds"] for layer in layers]
        self._jobs: list[int] = [layer["jobs"] for layer in layers]

    @property
    def seconds(self) -> float | None:
        """The budget, None if there is none."""
        return self._ledger.budget_s

    def committed(self) -> float:
        """Return the seconds that are billed or still can be, for all that was sent so far."""
        if self._ledger.bills_sessions:
            return sum(
                session.seconds
                if session.ended and session.seconds is not None
                else session.most or LONGEST_SESSION_S
                for session in self._ledger.sessions()
            )
        attempts = {attempt.tag: attempt for attempt in self._ledger.attempts()}
        return sum(map(self._most, attempts.values())) + sum(
            self._surplus(tag, attempts.get(tag)) if seconds is None else seconds
            for _, tag, _, seconds in self._ledger.surplus()
        )

    def _most(self, attempt: Attempt) -> float:
        if attempt.seconds is not None and not attempt.under_way:
            return attempt.seconds
        return self._reserved(attempt.cap)

    def _reserved(self, cap: int | None) -> float:
        """Return the most that what has this cap may be billed."""
        return self._limits.seconds_per_job if cap is None else cap + self._limits.overrun_s

    def _surplus(self, tag: str, attempt: Attempt | None) -> float:
        """Return the most that a job that is too many may be billed, perhaps one of a copy."""
        if attempt is not None:
            return self._reserved(attempt.cap)
        number = int(tag.split("-")[-2])
        (job,) = [job for job in self._ledger.jobs() if job.number == number]
        return self._reserved(self.ceiling(job))

    def unsettled(self) -> bool:
        """Whether something has ended whose bill is not known yet."""
        if any(seconds is None for _, _, _, seconds in self._ledger.surplus()):
            return True
        return any(attempt.is_billed_later for attempt in self._ledger.attempts())

    def price(self) -> float | None:
        """Return the bills so far as a multiple of the estimate, None where none is known.

        The jobs of a session are not billed, and those that measure prices have no common one.
        """
        if self._ledger.bills_sessions or self._ledger.fact("kind") == "price":
            return None
        jobs = {each.number: each for each in self._ledger.jobs()}
        billed = [
            (attempt.seconds, self._estimate(jobs[attempt.job]))
            for attempt in self._ledger.attempts()
            if attempt.state == "done" and attempt.seconds
        ]
        if not billed:
            return None
        return sum(seconds for seconds, _ in billed) / sum(expected for _, expected in billed)

    @property
    def wants_price(self) -> bool:
        """Whether the first bill is to be known before more is sent than one job at a time."""
        kind = self._ledger.fact("kind")
        within_budget = self.seconds is not None and not self._ledger.bills_sessions
        return within_budget and kind != "price" and self.price() is None

    def _estimate(self, job: Job) -> float:
        return self._costs[job.layer].seconds(job.sets, job.shots, 1, self._limits)

    def cost(self, job: Job) -> float:
        """Return the seconds that a job is expected to take, by the bills so far."""
        return self._estimate(job) * (self.price() or 1.0)

    def ceiling(self, job: Job) -> int | None:
        """Return the longest cap that a job may get, None if it needs none."""
        if self.seconds is None or self._ledger.bills_sessions:
            return self._max_execution_s
        dearest = max(self._estimate(job), self.cost(job))
        most = max(math.ceil(ROOM * dearest), self._least(job))
        most = min(math.ceil(self._limits.seconds_per_job), most)
        return most if self._max_execution_s is None else min(most, self._max_execution_s)

    def cap(self, job: Job) -> int | None:
        """Return the cap of a job that is to be sent, None if it needs none.

        A job gets what it is expected to take, and as much more, up to its ceiling, as there is for
        it if all that is still to be sent gets alike. What was stopped by its cap is not sent again
        with less than `MORE_ROOM` times that.

        Raises:
            OverBudget: If what is left is less than it needs or, where a bill is known, less than
                it and all that follows it are expected to take.
            QnnqError: If it was stopped, and may not take longer.
        """
        ceiling, needed = self.ceiling(job), self._least(job)
        if self._too_little(job):
            self._check_room(job, ceiling, needed)
        budget_s = self.seconds
        if ceiling is None or budget_s is None or self._ledger.bills_sessions:
            return ceiling
        left, overrun_s = budget_s - self.committed(), self._limits.overrun_s
        needed = min(needed, ceiling)
        rest, price = self._still_to_send(job), self.price()
        after = 0.0 if price is None else rest - self.cost(job)
        if after + needed + overrun_s > left:
            follows = f", and what follows it {after:.1f} s" if after else ""
            raise OverBudget(
                f"--budget {budget_s:g}: layer {job.layer + 1}, job {job.part + 1} may take "
                f"{needed + overrun_s:g} s more{self._evidence(job)}{follows}{_priced(price)}, and "
                f"{budget_s - left:.1f} s are used or may still be; to allow more: qnnq resume "
                f"{self._ledger.folder} "
                f"--budget {math.ceil(budget_s - left + after + needed + overrun_s)}"
            )
        share = math.floor(left * self.cost(job) / rest - overrun_s)
        return min(ceiling, max(needed, share))

    def _least(self, job: Job) -> int:
        """Return the least cap with which it makes sense to send a job."""
        return max(least_cap(self.cost(job)), math.ceil(MORE_ROOM * self._too_little(job)))

    def _too_little(self, job: Job) -> float:
        """Return the longest time that was not enough for a job of this cost, 0 if none was."""
        jobs = {each.number: each for each in self._ledger.jobs()}
        return max(
            (
                (attempt.cap or self._limits.seconds_per_job)
                * (self._estimate(job) / self._estimate(jobs[attempt.job]))
                for attempt in self._ledger.attempts()
                if attempt.state == "capped"
            ),
            default=0.0,
        )

    def _check_room(self, job: Job, ceiling: int | None, needed: int) -> None:
        """Raise QnnqError where a job may not have more time than what was not enough."""
        most = min(ceiling or math.inf, self._limits.seconds_per_job)
        if needed <= most:
            return
        how = f"a job takes {most:g} s at most: make a run with smaller jobs (--limits)"
        if self._max_execution_s is not None and self._max_execution_s <= most:
            how = f"to allow more: qnnq resume {self._ledger.folder} --max-execution-time {needed}"
        raise QnnqError(
            f"layer {job.layer + 1}, job {job.part + 1}: not sent again{self._evidence(job)}; {how}"
        )

    def _evidence(self, job: Job) -> str:
        """Return what is known of jobs that were stopped, to go into a message."""
        too_little = self._too_little(job)
        if not too_little:
            return ""
        stopped = [each for each in self._ledger.attempts() if each.state == "capped"]
        billed = max((each.seconds or 0.0 for each in stopped), default=0.0)
        return (
            f" (its estimate is {self.cost(job):.1f} s, and {too_little:g} s were not enough: what "
            f"was stopped by its cap was billed {billed:.1f} s; sent again it gets at least "
            f"{self._least(job)} s)"
        )

    def affords_round(self) -> bool:
        """Whether another round of shots can end within the budget.

        Sessions are left out: what is left of the one that is open, only the service knows.
        """
        budget_s = self.seconds
        if budget_s is None or self._ledger.bills_sessions:
            return True
        price = self.price() or 1.0
        estimates = [price * each for each in self._estimates]
        least = least_budget(estimates, self._jobs, self._limits.overrun_s)
        return least <= budget_s - self.committed()

    def _still_to_send(self, job: Job) -> float:
        """Return the seconds that all are expected to take that are not sent yet, with `job`.

        By the bills so far; of layers that are not planned yet by their upper bounds.
        """
        planned = self._ledger.jobs()
        under_way = {attempt.job for attempt in self._ledger.attempts() if attempt.under_way}
        here = [each for each in planned if not each.done and each.number not in under_way]
        shot_round = max(each.round for each in planned)
        reached = max(each.layer for each in planned if each.round == shot_round)
        return (self.price() or 1.0) * (
            sum(self._estimate(each) for each in here if each.number != job.number)
            + self._estimate(job)
            + self._ledger.unplanned_share(reached, shot_round) * self._estimates[reached]
            + sum(self._estimates[reached + 1 :])
        )

    def session_cap(self) -> int | None:
        """Return the longest time of a session that is to be opened, None without a budget.

        Raises:
            QnnqError: If less than a second is left, or the answers to too many openings got lost.
        """
        lost = [each for each in self._ledger.sessions() if each.id is None and not each.ended]
        if len(lost) >= self._limits.attempts and self._ledger.bills_sessions:
            raise QnnqError(
                f"{len(lost)} times the service did not answer when a session was to be opened; "
                "look for open sessions at https://quantum.cloud.ibm.com/workloads"
            )
        budget_s = self.seconds
        if budget_s is None or not self._ledger.bills_sessions:
            return None
        left = math.floor(budget_s - self.committed())
        if left < 1:
            raise QnnqError(
                f"--budget {budget_s:g}: nothing is left for another session, which is billed by "
                f"the clock; to allow more: qnnq resume {self._ledger.folder} --budget SECONDS"
            )
        return min(left, LONGEST_SESSION_S)


class OverBudget(QnnqError):
    """What would be sent next might cost more than is left of the budget."""


def _priced(price: float | None) -> str:
    """Return what the bills say of the estimate, to go into a message."""
    return "" if price is None else f" (bills so far are {price:.2f} times the estimate)"


def least_cap(cost_s: float) -> int:
    """Return the least whole number of seconds that is above an expected cost."""
    return math.floor(cost_s) + 1


def least_budget(seconds: Sequence[float], jobs: Sequence[int], overrun_s: float) -> float:
    """Return the least budget with which layers can be measured: caps of jobs are whole seconds.

    Args:
        seconds: Quantum seconds that each layer is expected to take.
        jobs: Into how many jobs it is divided.
        overrun_s: Seconds that a job may run on past its cap.
    """
    return overrun_s + max(
        sum(seconds[:number]) + each * (1 - 1 / count) + least_cap(each / count)
        for number, (each, count) in enumerate(zip(seconds, jobs, strict=True))
    )


def parse_budget(text: str, tariff: Tariff | None) -> float | None:
    """Return the number of an option `--budget`, None for `none`.

    Args:
        text: The option.
        tariff: Of the device, in whose currency it is; None: it is in quantum seconds.

    Raises:
        InputError: If it is neither.
    """
    if text == "none":
        return None
    try:
        found = float(text)
    except ValueError:
        found = math.nan
    if not (math.isfinite(found) and found > 0):
        unit = "quantum seconds" if tariff is None else tariff.currency
        raise InputError(f"--budget {text}: expected {unit} > 0, or none")
    return found


def usual_budget(
    estimate: Estimate, limits: ServiceLimits, mode: ExecutionMode = "job", rounds: int = 1
) -> float:
    """Return the budget of a run for which none was given, in the unit of its cost.

    Args:
        estimate: What a round of shots costs.
        limits: The service's limits.
        mode: How jobs are run; a session is billed while the host works, too.
        rounds: Rounds of shots at most.
    """
    if limits.tariff is not None:
        return rounds * estimate.cost
    pauses = PAUSE_S * len(estimate.layers) if mode == "session" else 0
    found = (rounds - 1 + ROOM) * (estimate.quantum_seconds + pauses)  # room in the last one too
    return float(math.ceil(max(found, _least_of(estimate, limits))))


def check_budget(plan: "Plan", budget_s: float | None) -> None:
    """Raise InputError where a run cannot end within the budget, or nobody knows."""
    if budget_s is None:
        return
    estimate, limits = plan.estimate, plan.device.limits
    if plan.device.unpriced:
        raise InputError(
            f"--budget {budget_s:g}: nobody says what {plan.device.name} charges: expected none, "
            "or a [tariff] in --limits"
        )
    if limits.tariff is not None:
        if estimate.cost > budget_s * (1 + ROUNDING):
            raise InputError(
                f"--budget {budget_s:g}: the estimate is {estimate.formula()}: expected at least "
                f"{amount(estimate.cost)}"
            )
        return
    needed = _least_of(estimate, limits)
    if needed > budget_s:
        raise InputError(
            f"--budget {budget_s:g}: the estimate is {estimate.quantum_seconds:.1f} quantum "
            f"seconds ({estimate.formula()}), the caps of jobs are whole seconds, and a job may "
            f"run {limits.overrun_s:g} s past its cap: expected at least {math.ceil(needed)}"
        )


def _least_of(estimate: Estimate, limits: ServiceLimits) -> float:
    return least_budget(
        [layer.quantum_seconds for layer in estimate.layers],
        [layer.jobs for layer in estimate.layers],
        limits.overrun_s,
    )
