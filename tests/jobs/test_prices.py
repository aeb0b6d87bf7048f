"""What a service bills: hidden, rounded up and scattered, and found with three pilots."""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import REAL_LIMITS, Command, Files, connect
from loopback import Machine, OwnClock, Server

from qnnq.devices.service_limits import read_limits
from qnnq.jobs.layer_plan import LayerCost
from qnnq.jobs.ledger import Ledger
from qnnq.jobs.prices import fit_prices, pilot_shapes

JITTER = 0.05
TOLERANCE = 0.1
JOBS = [(40_000, 1), (2000, 40), (100, 1000), (90_000, 1), (20_000, 10), (500, 500)]
"""Parameter sets and shots; the least takes some 12 s at the least prices."""


class Biller(Machine):
    """Measures nothing, and bills by prices that it tells nobody: rounded up, and up to 5 % off."""

    prices: tuple[float, float, float]
    random: np.random.Generator

    def measure(self, program: Any) -> Any:
        from qiskit_ibm_runtime.results import QuantumProgramItemResult, QuantumProgramResult

        bits = [
            {
                register.name: np.zeros(
                    (*item.circuit_arguments.shape[:-1], program.shots, register.size), bool
                )
                for register in item.circuit.cregs
            }
            for item in program.items
        ]
        found = QuantumProgramResult(
            data=[QuantumProgramItemResult(result=each, metadata=None) for each in bits],
            metadata=None,
            passthrough_data=program.passthrough_data,
        )
        found._semantic_role = program._semantic_role
        return found

    def bill(self, sets: int, executions: int) -> float:
        return billed(self.prices, sets, executions, self.random)


def hidden(random: np.random.Generator) -> tuple[float, float, float]:
    """Return an overhead, seconds a set and seconds an execution, each from a wide range."""
    return (
        float(random.uniform(0.5, 5)),
        float(10 ** random.uniform(-5.5, -3.3)),
        float(random.uniform(150e-6, 400e-6)),
    )


def expected(prices: tuple[float, float, float], sets: int, executions: int) -> float:
    return prices[0] + prices[1] * sets + prices[2] * executions


def billed(
    prices: tuple[float, float, float], sets: int, executions: int, random: np.random.Generator
) -> float:
    scatter = 1 + JITTER * random.uniform(-1, 1)
    return math.ceil(expected(prices, sets, executions) * scatter)


def test_the_fit_is_within_ten_per_cent() -> None:
    """20 settings; the bound follows from the scatter and the rounding, whatever the numbers.

    Of a job within the pilots' range the fit is a mean of the pilots' bills with weights that are
    not negative: 5 % and half a second of 30 s, and less than a second of the overhead in 12 s.
    """
    random = np.random.default_rng(3)
    pilots = pilot_shapes(120_000)
    for _ in range(20):
        prices = hidden(random)
        found = fit_prices(
            pilots, [billed(prices, sets, sets * shots, random) for sets, shots in pilots]
        )
        for sets, shots in JOBS:
            true = expected(prices, sets, sets * shots)
            assert found.bill(sets, shots) == pytest.approx(true, rel=TOLERANCE)


def test_bills_that_are_exact() -> None:
    pilots = pilot_shapes(1000)
    found = fit_prices(pilots, [2.25 + 1e-3 * s + 2e-4 * s * n for s, n in pilots])
    assert (found.overhead_s, found.set_s, found.execution_s) == pytest.approx((2.25, 1e-3, 2e-4))
    free = fit_prices(pilots, [2.0, 2.5, 2.6])  # sets seem to be refunded
    assert free.set_s == 0
    assert free.execution_s > 0


@pytest.fixture
def dear(
    tmp_path: Path, files: Files, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Server, Biller]]:
    """A service that hides what it bills, at a clock of the test's own."""
    from qiskit_ibm_runtime.fake_provider import FakeJakartaV2

    clock = OwnClock()
    monkeypatch.setattr("qnnq.devices.patience.time", clock)
    files.limits.write_text(REAL_LIMITS)
    folder = tmp_path / "service"
    folder.mkdir()
    machine = Biller("ibm_jakarta", FakeJakartaV2())
    server = Server(folder, [machine], queue_delay=5, clock=clock)
    connect(server, tmp_path / "home", monkeypatch)
    yield server, machine
    server.stop()


@pytest.mark.parametrize("settings", [2, pytest.param(20, marks=pytest.mark.slow)])
def test_three_pilots_find_the_prices(
    dear: tuple[Server, Biller], files: Files, tmp_path: Path, qnnq: Command, settings: int
) -> None:
    server, machine = dear
    machine.random = np.random.default_rng(11)
    server.usage_lag = 40
    formula_off = 0.0
    for number in range(settings):
        machine.prices = hidden(machine.random)
        out, run = tmp_path / f"prices{number}.toml", tmp_path / f"price{number}"
        answer = qnnq(
            *("calibrate", files.network, "--price", "--device", "ibm_jakarta", "--yes"),
            *("--out", out, "--run", run, "--limits", files.limits, "--budget", "2000"),
        )
        assert answer.code == 0, answer.err
        first, budget, *_ = answer.out.splitlines()
        assert first.startswith("ibm_jakarta: three pilots: quantum seconds: 2 s x 3 jobs + ")
        assert budget == "budget: 2000 quantum seconds"
        assert len(server.store.jobs()) == 3 * (number + 1)
        ledger = Ledger(run)
        cost = LayerCost(**ledger.fact("costs")[0])
        ledger.close()
        for sets, shots in JOBS:
            true = expected(machine.prices, sets, sets * shots)
            assert cost.seconds(sets, shots, 1, read_limits(str(out))) == pytest.approx(
                true, rel=TOLERANCE
            )
            usual = cost.seconds(sets, shots, 1, read_limits(None))
            formula_off = max(formula_off, abs(usual / true - 1))
    assert formula_off > 0.3  # what is shipped knows nothing of this service


def test_what_has_no_price(files: Files, tmp_path: Path, qnnq: Command) -> None:
    price = ("calibrate", files.network, "--price", "--out", tmp_path / "prices.toml")
    answer = qnnq(*price, "--device", "fake_jakarta")
    assert answer.code == 2
    assert "--price: expected a machine, got fake_jakarta, which bills nothing" in answer.err
    answer = qnnq(*price, "--device", "fake_jakarta", "--check", "0:5")
    assert answer.code == 2
    assert "--price: expected no --check beside it" in answer.err
