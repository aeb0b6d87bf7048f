"""Runs on a device: open one, go on with it, stop it."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from qnnq.devices.limits import ServiceLimits
from qnnq.devices.names import device_kind, resolve_device
from qnnq.errors import InputError, QnnqError
from qnnq.execution.engines.base import Engine
from qnnq.execution.modes.stepwise import Stepwise
from qnnq.execution.shot_loop import Votes, run_shots
from qnnq.jobs.calibration import measure_responses
from qnnq.jobs.compensation import compensating
from qnnq.jobs.engine import Pending, RuntimeEngine
from qnnq.jobs.folder import NETWORK, FolderLock
from qnnq.jobs.layer_plan import LayerCost
from qnnq.jobs.ledger import Ledger
from qnnq.jobs.records import now
from qnnq.jobs.service import JobOptions, Service
from qnnq.networks.file import read_network
from qnnq.networks.network import Network

Say = Callable[[str], None]
LONGEST_SESSION_S = 28_800
"""Eight hours; a longer wish might be refused."""
OVER = ("cancelled", "failed")
"""States of a job that will have no result."""


@dataclass(frozen=True)
class Run:
    """An open run folder."""

    ledger: Ledger
    network: Network
    request: dict[str, Any]

    @classmethod
    def open(cls, folder: Path) -> "Run":
        """Open a complete run folder.

        Raises:
            InputError: If it is damaged or of another version.
        """
        ledger = Ledger(folder)
        try:
            network = read_network(folder / NETWORK)
            if network.digest != ledger.fact("task")["network"]:
                raise InputError(f"{folder / NETWORK}: not the network that this run was made with")
            return cls(ledger, network, ledger.fact("request"))
        except QnnqError:
            ledger.close()
            raise

    @property
    def device(self) -> str:
        """The device's name."""
        return str(self.ledger.fact("device"))

    @property
    def is_local(self) -> bool:
        """Whether the device is simulated in this process, at no cost."""
        return device_kind(self.device) == "simulated"

    @property
    def limits(self) -> ServiceLimits:
        """The limits that the run was made with."""
        return ServiceLimits(**self.request["limits"])

    @property
    def options(self) -> JobOptions:
        """How jobs are run."""
        found = self.request["options"]
        return JobOptions(**{**found, "tags": tuple(found["tags"])})

    def service(self, limits: ServiceLimits | None = None) -> Service:
        """Return the service that the run's jobs go to; `limits` other than the run's own."""
        if self.is_local:
            from qnnq.jobs.local import LocalService

            device, layers = resolve_device(self.device), self.ledger.layers()
            seed, shots = self.request["seed"], self.request["shots"]
            return LocalService(device, layers, self.options, seed=seed, shots=shots)
        from qnnq.jobs.remote import RemoteService

        return RemoteService(
            self.device,
            self.options,
            limits or self.limits,
            self.ledger.fact("session"),
            lambda session: self.ledger.set_fact("session", session),
            self._session_s(),
        )

    def _session_s(self) -> int | None:
        """Return how long a session may stay open within the budget."""
        budget_s = self.ledger.fact("budget_s")
        if budget_s is None:
            return None
        left = budget_s - self.ledger.quantum_seconds()
        return max(1, math.ceil(min(left, LONGEST_SESSION_S)))

    def engine(self, service: Service | None, wait: bool, say: Say) -> RuntimeEngine:
        """Return the engine over the run's ledger."""
        return RuntimeEngine(
            self.ledger,
            self.ledger.layers(),
            [LayerCost(**cost) for cost in self.ledger.fact("costs")],
            self.limits,
            service,
            budget_s=self.ledger.fact("budget_s"),
            max_execution_s=self.options.max_execution_s,
            wait=wait,
            say=say,
        )

    def votes(self, engine: Engine) -> tuple[Votes, float | None]:
        """Run the shot loop over an engine; return how many angles were out of reach as well."""
        data = self.ledger.data()
        compensated = None
        if self.request["compensate"]:
            responses = [data[f"response{i}"] for i in range(self.network.hidden)]
            engine = compensated = compensating(engine, self.ledger.layers(), responses)
        shots, seed = self.request["shots"], self.request["seed"]
        mode = Stepwise(engine, self.network.entanglements)
        # Executions are paid for, so images fill the copies by their place in the selection.
        places = np.arange(len(data["images"]))
        votes = run_shots(self.network, data["images"], places, mode, shots, seed)
        return votes, compensated.out_of_reach() if compensated else None


def advance(folder: Path, wait: bool, say: Say) -> bool:
    """Go on with a run where it stands; return whether it is finished.

    Raises:
        QnnqError: If another process works in it, the service fails, or a job failed too often.
    """
    lock = FolderLock(folder)
    try:
        run = Run.open(folder)
        try:
            if run.ledger.fact("finished"):
                return True
            service = run.service()
            # A local job ends with its process, so there is nothing to come back for.
            engine = run.engine(service, wait or run.is_local, say)
            try:
                if run.ledger.fact("kind") == "calibration":
                    measure_responses(run.ledger, engine, service)
                else:
                    run.votes(engine)
            except Pending:
                return False
            _settle_usage(run.ledger, service)
            run.ledger.set_fact("finished", now())
            service.close()
            return True
        finally:
            run.ledger.close()
    finally:
        lock.release()


def _settle_usage(ledger: Ledger, service: Service) -> None:
    for attempt in ledger.attempts():
        if attempt.id is not None and attempt.state in ("done", "failed"):
            seconds = service.view(attempt.id).seconds
            if seconds is not None:
                ledger.set_seconds(attempt.tag, seconds)


def cancel_run(folder: Path, say: Say) -> int:
    """Cancel the jobs of a run that have not ended; return how many."""
    lock = FolderLock(folder)
    try:
        run = Run.open(folder)
        try:
            service = run.service()
            cancelled = 0
            for attempt in run.ledger.attempts():
                if attempt.state not in ("intended", "submitted"):
                    continue
                found = service.find(attempt.tag)
                for view in found:
                    if service.cancel(view.id):
                        cancelled += 1
                        say(f"job {view.id}: cancelled")
                # What has ended meanwhile is paid: its result is fetched by the next resume.
                views = [service.view(view.id) for view in found]
                seconds = sum(view.seconds or 0.0 for view in views)
                if all(view.status in OVER for view in views):
                    run.ledger.ended(attempt.tag, "cancelled", seconds, "cancelled by the user")
            service.close()
            return cancelled
        finally:
            run.ledger.close()
    finally:
        lock.release()
