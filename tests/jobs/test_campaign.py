"""Many odd answers and many kills: every run ends, with the counts of an undisturbed one.

The slow ones print a table of what was accepted and billed (`pytest -m slow -s`).
"""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from checks import bill
from conftest import Command, Files, Fork
from loopback import Server
from test_coherent import COHERENT, PROJECTIVE, living_network

from qnnq.jobs.ledger import Ledger
from qnnq.jobs.reading import collect_run
from qnnq.networks.file import write_network

VALUES = (None, [], {}, [[]], "", "odd", -1, 0, 7.5, True, math.nan)
DELETED = object()


def places(body: object) -> list[tuple[Any, Any]]:
    """Return (container, key) of every value in a JSON body."""
    items: list[tuple[Any, Any]] = []
    if isinstance(body, dict):
        items = [(body, key) for key in body]
    elif isinstance(body, list):
        items = [(body, index) for index in range(len(body))]
    return items + [place for own, key in items for place in places(own[key])]


def mutated(text: str, rng: np.random.Generator) -> str:
    """Return a body of which one value is another one or is gone, or only a half."""
    kind = rng.integers(10)
    if kind == 0:
        return text[: len(text) // 2]
    try:
        body = json.loads(text)
    except ValueError:
        return "{}"
    found = places(body)
    value: object = (*VALUES, DELETED)[rng.integers(len(VALUES) + 1)]
    if kind == 1 or not found:
        return json.dumps(None if value is DELETED else value)
    container, key = found[rng.integers(len(found))]
    if value is DELETED:
        del container[key]
    else:
        container[key] = value
    return json.dumps(body)


class Mutator:
    """Changes the answers of a service at random, below some addresses."""

    def __init__(self, server: Server, seed: int, share: float) -> None:
        self.rng, self.share, self.count = np.random.default_rng(seed), share, 0
        self.prefixes: tuple[str, ...] = ()
        server.mutate = self

    def __call__(self, path: str, body: str) -> str:
        if not path.startswith(self.prefixes or ("never",)) or self.rng.random() > self.share:
            return body
        self.count += 1
        return mutated(body, self.rng)


@pytest.mark.parametrize("bodies", [60, pytest.param(2000, marks=pytest.mark.slow)])
def test_mutated_answers(
    unkind: Server, files: Files, tmp_path: Path, qnnq: Command, bodies: int
) -> None:
    """Answers while jobs are sent, then all of them; then the service is itself again."""
    whole = tmp_path / "whole"
    assert qnnq(*files.submit("ibm_jakarta", whole, "--wait")).code == 0
    expected = collect_run(whole).result.counts
    mutator = Mutator(unkind, seed=1, share=0.3)
    runs = resumed = 0
    while mutator.count < bodies:
        run, before = tmp_path / f"run{runs}", len(unkind.store.jobs())
        runs += 1
        mutator.prefixes = ("/jobs", "/sessions", "/instances")
        answer = qnnq(*files.submit("ibm_jakarta", run, "--wait"))
        for prefixes in (("/",), ("/",), ()):
            if answer.code == 0:
                break
            assert answer.code in (1, 2), answer.err
            assert len(answer.err.splitlines()[-1]) < 1100
            resumed += 1
            mutator.prefixes = prefixes
            unkind.clock.sleep(700)  # type: ignore[attr-defined]
            answer = qnnq(*(("resume", run, "--wait") if run.exists() else ("runs",)))
        mutator.prefixes = ()
        if not run.exists():
            continue
        assert answer.code == 0, answer.err
        assert (collect_run(run).result.counts == expected).all()
        assert len(unkind.store.jobs()) - before == 3
    spent = bill(unkind)
    print(
        f"\n{mutator.count} mutated answers: {runs} runs, {resumed} resumed, "
        f"{len(unkind.store.jobs())} jobs ({3 * (runs + 1)} planned), {spent:.1f} s billed "
        f"({6.009 * (runs + 1):.1f} s undisturbed)"
    )


KINDS: dict[str, tuple[str, ...]] = {
    "job": ("--execution-mode", "job"),
    "batch": ("--execution-mode", "batch"),
    "session": ("--execution-mode", "session", "--budget", "2000"),
    # What is lost between intent and answer stays reserved: room for that, and for all rounds.
    "rounds": ("--target-width", "0.4", "--max-shots", "12", "--budget", "200"),
    "coherent": COHERENT,
    "calibrate": (),
}


def command_of(kind: str, files: Files, run: Path) -> list[str]:
    """Return how a run begins, and for a calibration how it goes on as well."""
    if kind != "calibrate":
        return files.submit("ibm_jakarta", run, "--wait", *KINDS[kind])
    return [
        *("calibrate", str(files.network), "--device", "ibm_jakarta", "--shots", "8", "--yes"),
        *("--run", str(run), "--out", str(run.parent / "response.json")),
        *("--data", str(files.data), "--limits", str(files.limits), "--check", "0:5"),
    ]


def results(run: Path) -> list[Any]:
    """Return the bits of all jobs of a run, and of its check."""
    found = []
    for folder in (run, *sorted(run.glob("check-*"))):
        ledger = Ledger(folder)
        found += [ledger.bits(job).tolist() for job in ledger.jobs()]
        ledger.close()
    return found


@pytest.mark.parametrize(
    ("kind", "kills"),
    [
        ("calibrate", 2),
        *(pytest.param(kind, 17, marks=pytest.mark.slow) for kind in KINDS),
    ],
)
def test_kills(
    server: Server, files: Files, tmp_path: Path, fork: Fork, kind: str, kills: int
) -> None:
    """Whatever the process did when it was killed: no job twice, and the results of before."""
    if kind == "coherent":
        write_network(living_network((3, 2, 3), PROJECTIVE), files.network)
    server.plan = "premium"
    whole = tmp_path / "whole"
    assert fork(command_of(kind, files, whole), None)["code"] == 0
    expected, planned = results(whole), len(server.store.jobs())
    rng = np.random.default_rng(kills)
    landed, runs = 0, 1
    while landed < kills:
        run = tmp_path / f"run{runs}"
        runs += 1
        code: int | None = None
        while code != 0:
            made = (run / "ledger.sqlite").exists() and kind != "calibrate"
            arguments = ["resume", str(run), "--wait"] if made else command_of(kind, files, run)
            answer = fork(arguments, float(rng.uniform(0.05, 2)) if landed < kills else None)
            code = answer["code"]
            landed += code is None
            assert code in (None, 0), answer["said"]
        assert results(run) == expected
    assert len(server.store.jobs()) == runs * planned
    sessions = server.store.execute("SELECT * FROM sessions")
    print(
        f"\n{kind}: {landed} kills, {runs} runs, {len(server.store.jobs())} jobs "
        f"({runs * planned} planned), {bill(server):.1f} s billed, {len(sessions)} sessions"
    )
