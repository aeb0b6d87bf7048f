"""What a provider charges in its currency."""

import math
from dataclasses import asdict, dataclass, fields
from typing import Any

from qnnq.errors import InputError, require
from qnnq.wording import counted

ROUNDING = 1e-9
"""Of sums of prices, relative."""


@dataclass(frozen=True)
class Tariff:
    """Prices, all known before a job is sent.

    Attributes:
        currency: Such as `USD`, or a provider's credits.
        job: Of each job.
        circuit: Of each circuit with its angles, which some providers call a task.
        shot: Of each shot of each circuit.
    """

    currency: str
    job: float = 0.0
    circuit: float = 0.0
    shot: float = 0.0

    def __post_init__(self) -> None:
        for price in fields(self)[1:]:
            value = getattr(self, price.name)
            number = isinstance(value, int | float) and not isinstance(value, bool)
            good = number and math.isfinite(value) and value >= 0
            require(good, f"tariff.{price.name}", "a price >= 0", repr(value))

    def price(self, jobs: int, circuits: int, shots: int) -> float:
        """Return what is charged for so many jobs, circuits in all and shots in all."""
        return self.job * jobs + self.circuit * circuits + self.shot * shots

    def formula(self, jobs: int, circuits: int, shots: int) -> str:
        """Return the sum with its numbers."""
        prices = asdict(self)
        counts = {"job": jobs, "circuit": circuits, "shot": shots}
        terms = [
            f"{prices[name]:g} x {counted(count, name)}"
            for name, count in counts.items()
            if prices[name]
        ]
        total = amount(self.price(jobs, circuits, shots))
        return f"{' + '.join(terms) or 0} = {total} {self.currency}"


def amount(price: float) -> str:
    """Return a price to the cent, or with as many digits as a budget of this number needs."""
    cents = f"{price:.2f}"
    return cents if abs(float(cents) - price) <= ROUNDING * price else f"{price:.12g}"


def read_tariff(found: dict[str, Any]) -> Tariff:
    """Return the tariff of a table with the keys of `Tariff`; raises InputError for others."""
    known = [each.name for each in fields(Tariff)]
    for name in found:
        if name not in known:
            raise InputError(f"tariff: {name!r}: expected one of {', '.join(known)}")
    if not isinstance(found.get("currency"), str):
        raise InputError("tariff: expected a currency, such as 'USD'")
    return Tariff(**found)
