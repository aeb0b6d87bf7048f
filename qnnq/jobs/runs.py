"""An open run folder, and what its ledger makes: a service, a budget, an engine, votes."""

import contextlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from qnnq.data.states.preparations import Preparations
from qnnq.devices.device import Device
from qnnq.devices.names import device_kind, provider_of, resolve_device
from qnnq.devices.service_limits import ServiceLimits
from qnnq.errors import InputError
from qnnq.execution.engines.base import Engine
from qnnq.execution.engines.receiving import ReceivingEngine
from qnnq.execution.modes.base import Mode
from qnnq.execution.modes.dynamic_circuit import DynamicCircuit
from qnnq.execution.modes.stepwise import Stepwise
from qnnq.execution.shot_loop import Votes, run_shots
from qnnq.jobs.budget import Budget
from qnnq.jobs.compensation import compensating
from qnnq.jobs.engine import RuntimeEngine
from qnnq.jobs.folder import NETWORK, FolderLock
from qnnq.jobs.hardware_request import JobOptions
from qnnq.jobs.layer_plan import LayerCost
from qnnq.jobs.ledger import Ledger
from qnnq.jobs.priced_budget import PricedBudget
from qnnq.jobs.sampled import sampled
from qnnq.jobs.service import Service
from qnnq.jobs.submission import Reconciler
from qnnq.networks.file import read_network
from qnnq.networks.network import Network
from qnnq.results.task import Task

Say = Callable[[str], None]
OverChunks = Callable[[Callable[[slice], Votes], Iterable[slice]], Iterable[Votes]]
LOOKING_PATIENCE_S = 15.0
"""Who only looks does not want to wait for a service that is down."""


@dataclass(frozen=True)
class Run:
    """An open run folder."""

    ledger: Ledger
    network: Network
    request: dict[str, Any]

    @property
    def device(self) -> str:
        """The device's name."""
        return str(self.ledger.fact("device"))

    @property
    def is_local(self) -> bool:
        """Whether its provider's devices are simulated in this process, at no cost."""
        return device_kind(self.device) == "simulated"

    @property
    def instance(self) -> str | None:
        """The service instance that its jobs belong to, None for that of the saved account."""
        found: str | None = self.request["instance"]
        return found

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
        provider, make = provider_of(self.device), provider_of(self.device).service
        # A machine that has a service of its own is not asked for its calibration here.
        if make is None or (self.is_local and provider.samples(self.found_device())):
            return sampled(self.found_device(), provider)
        found: Service = make(self, limits or self.limits)
        return found

    def found_device(self) -> Device:
        """Return the device as its provider finds it now.

        Raises:
            InputError: If what is simulated is not what this run was made for.
        """
        device = resolve_device(self.device, self.limits, self.instance)
        content = self.ledger.fact("task").get("device_content")
        if device.kind == "simulated" and device.content != content:
            raise InputError(f"{self.device}: not the device that this run was made for")
        return device

    def looking_service(self) -> Service:
        """Return the service for who only looks, and does not want to wait for it."""
        patience = min(self.limits.patience_s, LOOKING_PATIENCE_S)
        return self.service(replace(self.limits, patience_s=patience, listing_patience_s=patience))

    def reconciler(self, service: Service, say: Say) -> Reconciler:
        """Return what brings the ledger up to what a service says."""
        return Reconciler(self.ledger, service, self.budget, self.limits, say)

    @property
    def costs(self) -> list[LayerCost]:
        """What an execution of each layer costs."""
        return [LayerCost(**cost) for cost in self.ledger.fact("costs")]

    @property
    def budget(self) -> Budget:
        """What may be billed."""
        kind = Budget if self.limits.tariff is None else PricedBudget
        return kind(self.ledger, self.costs, self.limits, self.options.max_execution_s)

    def engine(self, service: Service | None, wait_s: float, say: Say) -> RuntimeEngine:
        """Return the engine over the run's ledger, which waits for jobs so long at most."""
        circuits = self.ledger.circuits()
        return RuntimeEngine(
            *(self.ledger, circuits, self.costs, self.limits, service, self.budget),
            wait_s=wait_s,
            say=say,
        )

    def votes(self, engine: Engine, over: OverChunks = map) -> tuple[Votes, float | None]:
        """Run the shot loop over an engine; return how many angles were out of reach as well.

        Args:
            engine: Where layers are measured.
            over: Calls the loop for each chunk of images and returns what it found, as `map` does.
        """
        data = self.ledger.data()
        compensated = None
        if self.request["compensate"]:
            responses = [data[f"response{i}"] for i in range(self.network.hidden)]
            engine = compensated = compensating(engine, self.ledger.layers(), responses)
        if self.network.receives:
            prepared = Preparations.of_arrays(data, self.network.widths[0])
            engine = ReceivingEngine(engine, prepared)
        shots, seed = self.request["shots"], self.request["seed"]
        mode: Mode = Stepwise(engine, self.network.entanglements)
        if self.ledger.is_coherent:
            mode = DynamicCircuit(engine, self.network.widths)
        # Executions are paid for, so images fill the copies by their place in the selection.
        places = np.arange(len(data["images"]))
        starts = self.ledger.fact("chunks")
        ends = [*starts[1:], len(places)]

        def votes_of(chunk: slice) -> Votes:
            images = data["images"][chunk]
            return run_shots(self.network, images, places[chunk], mode, shots, seed)

        found = list(over(votes_of, map(slice, starts, ends)))
        votes = Votes(
            np.concatenate([each.counts for each in found]),
            np.concatenate([each.softmax_sums for each in found]),
        )
        return votes, compensated.out_of_reach() if compensated else None


@contextlib.contextmanager
def open_run(folder: Path) -> Iterator[Run]:
    """Open a complete run folder.

    Raises:
        InputError: If it is damaged or of another version.
    """
    with Ledger(folder) as ledger:
        network = read_network(folder / NETWORK)
        if network.digest != Task.from_json(ledger.fact("task")).network:
            raise InputError(f"{folder / NETWORK}: not the network that this run was made with")
        yield Run(ledger, network, ledger.fact("request"))


@contextlib.contextmanager
def locked_run(folder: Path) -> Iterator[Run]:
    """Open a run folder in which no other process works.

    Raises:
        QnnqError: If another one does.
    """
    with contextlib.closing(FolderLock(folder)), open_run(folder) as run:
        yield run
