"""The budget of a run whose provider charges by the job, the circuit and the shot."""

from collections.abc import Iterable

from qnnq.devices.tariff import ROUNDING, Tariff, amount
from qnnq.jobs.budget import Budget, OverBudget
from qnnq.jobs.records import Job


class PricedBudget(Budget):
    """Shares out a sum in the currency of a tariff, by which every price is known beforehand.

    Whatever was sent counts with its price, also where it failed or its fate is not known. Nothing
    is stopped by a cap, and nothing that is sent may exceed the budget.
    """

    @property
    def _tariff(self) -> Tariff:
        assert self._limits.tariff is not None
        return self._limits.tariff

    def committed(self) -> float:
        """Return the sum that is charged or still can be, for all that was sent so far."""
        jobs = {job.number: job for job in self._ledger.jobs()}
        attempts = [each for each in self._ledger.attempts() if each.state != "refused"]
        surplus = (int(tag.split("-")[-2]) for _, tag, *_ in self._ledger.surplus())
        numbers = (*(each.job for each in attempts), *surplus)
        return self._sum(jobs[number] for number in numbers)

    def unsettled(self) -> bool:
        """Return False: prices are known before."""
        return False

    def price(self) -> None:
        """Return None: there are no bills to compare with an estimate."""

    @property
    def wants_price(self) -> bool:
        """Whether a bill is to be known first; none is."""
        return False

    def ceiling(self, job: Job) -> None:
        """Return None: a job needs no cap."""

    def cap(self, job: Job) -> None:
        """Return None, the cap of a job that is to be sent.

        Raises:
            OverBudget: If it costs more than is left.
        """
        budget, spent, price = self.seconds, self.committed(), self._sum([job])
        if budget is None or spent + price <= budget * (1 + ROUNDING):
            return
        currency = self._tariff.currency
        raise OverBudget(
            f"--budget {budget:g}: layer {job.layer + 1}, job {job.part + 1} costs {amount(price)} "
            f"{currency}, and {amount(spent)} are charged or may still be; to allow more: qnnq "
            f"resume {self._ledger.folder} --budget {amount(spent + price)}"
        )

    def affords_round(self) -> bool:
        """Whether another round of shots fits into the budget."""
        estimate = self._ledger.fact("estimate")
        return self.seconds is None or (
            self.committed() + estimate["price"] <= self.seconds * (1 + ROUNDING)
        )

    def _sum(self, jobs: Iterable[Job]) -> float:
        return sum(self._tariff.price(1, job.sets, job.sets * job.shots) for job in jobs)
