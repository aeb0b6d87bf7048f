"""The budget of a run: a cap on what can be billed, not a guess of what will be."""

import math
from collections.abc import Sequence

from qnnq.devices.service_limits import ServiceLimits
from qnnq.errors import InputError, QnnqError
from qnnq.jobs.estimate import Estimate
from qnnq.jobs.layer_plan import LayerCost
from qnnq.jobs.ledger import Ledger
from qnnq.jobs.records import Attempt, Job

LONGEST_SESSION_S = 28_800
"""Eight hours; a longer wish might be refused."""


class Budget:
    """Shares out the quantum seconds of a run.

    Whatever is sent gets a cap, a time after which the service stops it, and counts with that cap
    until the service has said what it was billed. All that counts together never exceeds the
    budget, so the bill cannot either. A session counts with its own longest time, and its jobs
    do not count besides.

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
        found = self._ledger.fact("budget_s")
        return None if found is None else float(found)

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
            self._most(attempts[tag]) if seconds is None else seconds
            for _, tag, _, seconds in self._ledger.surplus()
        )

    def _most(self, attempt: Attempt) -> float:
        if attempt.seconds is not None and not attempt.under_way:
            return attempt.seconds
        return self._limits.seconds_per_job if attempt.cap is None else attempt.cap

    def unsettled(self) -> bool:
        """Whether something has ended whose bill is not known yet."""
        if any(seconds is None for _, _, _, seconds in self._ledger.surplus()):
            return True
        return any(attempt.is_billed_later for attempt in self._ledger.attempts())

    def cost(self, job: Job) -> float:
        """Return the seconds that a job is expected to take."""
        return self._costs[job.layer].seconds(job.sets, job.shots, 1, self._limits)

    def cap(self, job: Job) -> int | None:
        """Return the cap of a job that is to be sent, None if it needs none.

        A job gets its share of what is left: what it is expected to take, and as much more as
        there is for it if all that is still to be sent gets alike.

        Raises:
            OverBudget: If what is left is less than it needs.
        """
        budget_s = self.seconds
        if budget_s is None or self._ledger.bills_sessions:
            return self._max_execution_s
        left = budget_s - self.committed()
        needed = least_cap(self.cost(job))
        if needed > left:
            raise OverBudget(
                f"--budget {budget_s:g}: layer {job.layer + 1}, job {job.part + 1} may take "
                f"{needed} s more, and {budget_s - left:.1f} s are used or may still be; to allow "
                f"more: qnnq resume {self._ledger.folder} "
                f"--budget {math.ceil(budget_s - left + needed)}"
            )
        share = math.floor(left * self.cost(job) / self._still_to_send(job))
        most = min(math.ceil(self._limits.seconds_per_job), max(needed, share))
        return most if self._max_execution_s is None else min(most, self._max_execution_s)

    def affords_round(self) -> bool:
        """Whether another round of shots can end within the budget.

        Sessions are left out: what is left of the one that is open, only the service knows.
        """
        budget_s = self.seconds
        if budget_s is None or self._ledger.bills_sessions:
            return True
        return least_budget(self._estimates, self._jobs) <= budget_s - self.committed()

    def _still_to_send(self, job: Job) -> float:
        """Return the seconds that all are expected to take that are not sent yet, with `job`."""
        planned = self._ledger.jobs()
        under_way = {attempt.job for attempt in self._ledger.attempts() if attempt.under_way}
        here = [each for each in planned if not each.done and each.number not in under_way]
        shot_round = max(each.round for each in planned)
        reached = max(each.layer for each in planned if each.round == shot_round)
        return (
            sum(self.cost(each) for each in here if each.number != job.number)
            + self.cost(job)
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


def least_cap(cost_s: float) -> int:
    """Return the least whole number of seconds that is above an expected cost."""
    return math.floor(cost_s) + 1


def least_budget(seconds: Sequence[float], jobs: Sequence[int]) -> float:
    """Return the least budget with which layers can be measured: caps of jobs are whole seconds.

    Args:
        seconds: Quantum seconds that each layer is expected to take.
        jobs: Into how many jobs it is divided.
    """
    return max(
        sum(seconds[:number]) + each * (1 - 1 / count) + least_cap(each / count)
        for number, (each, count) in enumerate(zip(seconds, jobs, strict=True))
    )


def check_budget(estimate: Estimate, budget_s: float | None) -> None:
    """Raise InputError where a run cannot end within the budget, or the budget is no number."""
    if budget_s is None:
        return
    if not (math.isfinite(budget_s) and budget_s > 0):
        raise InputError(f"--budget {budget_s:g}: expected quantum seconds > 0")
    needed = least_budget(
        [layer.quantum_seconds for layer in estimate.layers],
        [layer.jobs for layer in estimate.layers],
    )
    if needed > budget_s:
        raise InputError(
            f"--budget {budget_s:g}: the estimate is {estimate.quantum_seconds:.1f} quantum "
            f"seconds ({estimate.formula()}), and the caps of jobs are whole seconds: expected at "
            f"least {math.ceil(needed)}"
        )
