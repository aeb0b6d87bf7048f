"""All runs that were made on this computer, as far as their folders are still there."""

from dataclasses import dataclass
from pathlib import Path

from qnnq.errors import QnnqError
from qnnq.jobs.folder import LEDGER, known_folders
from qnnq.jobs.ledger import Ledger


@dataclass(frozen=True)
class RunSummary:
    """One line of `qnnq runs`; only `folder` and `state` are known of a damaged one.

    The budget is in quantum seconds where there is no currency.
    """

    folder: str
    state: str
    created: str = ""
    device: str = ""
    network: str = ""
    quantum_seconds: float | None = None
    budget_s: float | None = None
    currency: str | None = None


def all_runs() -> list[RunSummary]:
    """Return the runs, the newest first, from their ledgers alone."""
    found = [summary for folder in known_folders() if (summary := _summary(folder)) is not None]
    return sorted(found, key=lambda summary: summary.created, reverse=True)


def _summary(folder: Path) -> RunSummary | None:
    """Return one line, None where the folder is gone."""
    try:
        if not (folder / LEDGER).is_file():
            return None
        with Ledger(folder) as ledger:
            return RunSummary(
                folder=str(folder),
                state=_state(ledger),
                created=ledger.fact("created"),
                device=ledger.fact("device"),
                network=ledger.fact("request")["model"],
                quantum_seconds=ledger.quantum_seconds(),
                budget_s=ledger.budget_s,
                currency=ledger.fact("estimate").get("tariff", {}).get("currency"),
            )
    except OSError as error:
        return RunSummary(str(folder), f"cannot be read: {error.strerror}")
    except QnnqError as error:
        return RunSummary(str(folder), str(error))


def _state(ledger: Ledger) -> str:
    if ledger.fact("finished"):
        return "finished"
    if ledger.fact("cancelled"):
        return "cancelled"
    if any(attempt.under_way for attempt in ledger.attempts()):
        return "jobs under way"
    return "to be resumed"
