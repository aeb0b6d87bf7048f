"""What a service bills: measured by three pilots, and fitted.

The bill of a job is taken to be overhead + a x parameter sets + b x executions.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from qnnq.arrays import FloatArray
from qnnq.errors import InputError
from qnnq.execution.response_fit import ANGLES
from qnnq.jobs.engine import RuntimeEngine
from qnnq.jobs.estimate import layer_estimate
from qnnq.jobs.hardware_request import HardwareRequest
from qnnq.jobs.layer_plan import JobPlan, LayerShape
from qnnq.jobs.ledger import Ledger
from qnnq.jobs.payload import angle_bytes
from qnnq.jobs.placed import place_choices
from qnnq.jobs.planning import Plan, measuring_plan
from qnnq.jobs.records import now
from qnnq.jobs.service import Service
from qnnq.networks.bundled import load_model
from qnnq.storage.files import write_atomically

PRICES = "prices.toml"
PILOT_S = 30.0
"""Quantum seconds that the executions of a large pilot are expected to take: a bill in whole
seconds says that to 2 %."""
LEAST_PILOT_S = 10.0
"""Of a large pilot where the limits allow no larger one."""
FEW = 10
"""Parameter sets of the pilots that have few of them: 12,000 shots of each are 30 s."""


@dataclass(frozen=True)
class Prices:
    """What a service bills.

    Attributes:
        overhead_s: Quantum seconds a job.
        set_s: Quantum seconds a parameter set.
        execution_s: Quantum seconds an execution, with its delay and its circuit.
    """

    overhead_s: float
    set_s: float
    execution_s: float

    def bill(self, sets: int, shots: int) -> float:
        """Return the quantum seconds of a job."""
        return self.overhead_s + self.set_s * sets + self.execution_s * sets * shots


def fit_prices(shapes: Sequence[tuple[int, int]], billed: Sequence[float]) -> Prices:
    """Return the prices, none below 0, whose bills are nearest to those of some jobs.

    Bills scatter in proportion to their size, so relative differences count. Those that are all
    whole seconds are taken to be rounded up, by half a second in the mean.

    Args:
        shapes: Parameter sets and shots of each job.
        billed: Its bill, quantum seconds.
    """
    from scipy.optimize import nnls

    bills = np.asarray(billed, dtype=float)
    if (bills == np.round(bills)).all():
        bills = bills - 0.5
    terms = np.array([(1.0, sets, sets * shots) for sets, shots in shapes])
    found, _ = nnls(terms / bills[:, None], np.ones(len(bills)))
    return Prices(*map(float, found))


def plan_prices(request: HardwareRequest) -> Plan:
    """Plan pilots of a network's first layer: few and many parameter sets, few and many shots.

    Raises:
        InputError: If the device bills nothing, or no pilot is large enough within the limits.
    """
    request = replace(request, copies=1, pairs=0)
    network = load_model(request.model)
    (placed,) = place_choices(request, network, 1)
    device, limits = placed.device, placed.device.limits
    if device.account is None:
        bills = "nothing" if device.kind == "simulated" else "no quantum seconds"
        raise InputError(f"--price: expected a machine, got {device.name}, which bills {bills}")
    if request.options.mode == "session":
        raise InputError(
            "--price: expected --execution-mode job or batch, got session, which is billed by the "
            "clock"
        )
    layer = placed.layers[0]
    cost = replace(placed.costs[0], bytes_per_angle=angle_bytes(_angles(10 * FEW, layer.slots)))
    most = min(cost.sets_per_job(layer.slots, 1, limits), limits.executions_per_job)
    size = min(math.ceil(PILOT_S / cost.execution_s(limits)), most) // FEW * FEW
    if size * cost.execution_s(limits) < LEAST_PILOT_S:
        raise InputError(
            f"limits: expected room for a job of {LEAST_PILOT_S:g} s, since bills may be in whole "
            f"seconds; {most} parameter sets fit"
        )
    shape = LayerShape(layer.shape.width, layer.shape.copies, layer.parts, layer.slots, cost)
    pilots = [layer_estimate(0, shape, sets, each, 1, limits) for sets, each in pilot_shapes(size)]
    total = replace(
        pilots[0],
        jobs=len(pilots),
        pubs=len(pilots),
        parameter_sets=sum(each.parameter_sets for each in pilots),
        executions=sum(each.executions for each in pilots),
        payload_bytes=sum(each.payload_bytes for each in pilots),
        quantum_seconds=sum(each.quantum_seconds for each in pilots),
    )
    return measuring_plan(
        "price", replace(request, shots=size), placed, (layer,), (cost,), (total,)
    )


def pilot_shapes(size: int) -> list[tuple[int, int]]:
    """Return parameter sets and shots of the pilots, the large ones of `size` executions."""
    return [(FEW, 1), (size, 1), (FEW, size // FEW)]


def _angles(sets: int, slots: int) -> FloatArray:
    """Return rows of angles that compress well, shape (sets, slots)."""
    return ANGLES[np.arange(sets)[:, None] % len(ANGLES) * np.ones(slots, dtype=np.int64)]


def measure_prices(ledger: Ledger, engine: RuntimeEngine, service: Service) -> None:
    """Bring the pilots to an end and write limits with what they were billed into the folder.

    Raises:
        Pending: If jobs are not finished, or a bill is not known.
    """
    (layer,) = ledger.layers()
    if not ledger.jobs():
        plans = [
            JobPlan(_angles(sets, layer.slots), np.arange(sets * shots).reshape(sets, shots))
            for sets, shots in pilot_shapes(ledger.fact("task")["shots"])
        ]
        ledger.write_plan(0, plans, layer.slots)
    engine.finish(0, service)
    engine.await_bills(service)
    done = {each.job: each.seconds for each in ledger.attempts() if each.state == "done"}
    jobs = ledger.jobs()
    shapes = [(job.sets, job.shots) for job in jobs]
    bills = [done[job.number] or 0.0 for job in jobs]
    if not all(bills):
        raise InputError(f"{ledger.folder}: a pilot was billed nothing: no prices follow")
    cost = ledger.fact("costs")[0]
    found = fit_prices(shapes, bills)
    besides = found.execution_s - cost["rep_delay_s"] - cost["duration_s"]
    said = "; ".join(
        f"{sets} x {shots}: {bill:g} s" for (sets, shots), bill in zip(shapes, bills, strict=True)
    )
    text = (
        f"# {ledger.fact('device')}, {now()}; parameter sets x shots: {said}\n"
        f"overhead_s = {found.overhead_s:.6g}\n"
        f"seconds_per_set = {found.set_s:.6g}\n"
        f"seconds_per_execution = {besides:.6g}\n"
    )
    write_atomically(ledger.folder / PRICES, text.encode())
