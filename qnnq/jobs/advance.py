"""Going on with a run where it stands, as far as its jobs have come."""

import contextlib
import math
from dataclasses import asdict
from pathlib import Path

from qnnq.devices.names import resolve_device
from qnnq.errors import QnnqError
from qnnq.jobs.engine import Pending
from qnnq.jobs.prediction import calibrated_mode, predict_run
from qnnq.jobs.prices import measure_prices
from qnnq.jobs.records import now
from qnnq.jobs.responses import measure_responses
from qnnq.jobs.rounds import measure_rounds
from qnnq.jobs.runs import Run, Say, locked_run
from qnnq.jobs.service import Service
from transpile import NetworkCircuit, TranspileError, check_groups
from transpile.network_layout import smallest_entanglements


def advance(
    folder: Path,
    wait: bool,
    say: Say,
    timeout_s: float | None = None,
    despite_faults: bool = False,
) -> bool:
    """Go on with a run where it stands; return whether it is finished.

    Args:
        folder: The run's folder.
        wait: Whether to wait for jobs.
        say: Told what happens, one line at a time.
        timeout_s: How long to wait for jobs, None for as long as they take if `wait` says so.
        despite_faults: Whether to go on where the device has become faulty where the run is.

    Raises:
        QnnqError: If another process works in it, the service fails, or a job failed too often.
    """
    with locked_run(folder) as run:
        if run.ledger.fact("finished"):
            if any(each.id and not each.ended for each in run.ledger.sessions()):
                run.service().close()
            return True
        run.ledger.set_fact("cancelled", None)
        service = run.service()
        _check_calibration(run, service, say, despite_faults)
        # A job that ends with its process leaves nothing to come back for.
        wait_s = math.inf if wait or not service.finds_jobs else 0.0
        engine = run.engine(service, wait_s if timeout_s is None else timeout_s, say)
        try:
            match run.ledger.fact("kind"):
                case "calibration":
                    measure_responses(run.ledger, engine, service)
                case "price":
                    measure_prices(run.ledger, engine, service)
                case _:
                    measure_rounds(run, engine, service, say)
        except Pending:
            return False
        except QnnqError:
            if run.ledger.bills_sessions:
                service.close()  # an open one goes on to be billed
            raise
        service.close()
        # The run is finished, whatever the device is by now.
        with contextlib.suppress(QnnqError, TranspileError):
            _simulate(run, service)
        run.ledger.set_fact("finished", now())
        run.reconciler(service, say).all()
        return True


def _simulate(run: Run, service: Service) -> None:
    """Keep what the calibration data of the end of a run say of it, where they are other ones."""
    planned, time = run.ledger.fact("predicted"), service.calibration()
    if planned is None:
        return
    if time == planned["calibration"]:
        run.ledger.set_fact("simulated", planned)
        return
    if run.network.receives:
        return  # nor does that of a layer say what it receives
    if run.ledger.is_coherent:
        return  # its circuit alone does not say how long its neurons wait
    device, data = resolve_device(run.device, run.limits, run.instance), run.ledger.data()
    responses = []
    if run.request["compensate"]:
        responses = [data[f"response{i}"] for i in range(run.network.hidden)]
    mode = calibrated_mode(run.network, device, run.ledger.layers(), responses)
    if mode is not None:
        shown = data["images"], data["labels"], run.request["shots"]
        found = predict_run(run.network, mode, *shown, device.calibration)
        run.ledger.set_fact("simulated", asdict(found))


def _check_calibration(run: Run, service: Service, say: Say, despite_faults: bool) -> None:
    """Say that the device was calibrated anew; raise QnnqError where the run is on faults now."""
    planned, current = run.ledger.fact("calibration"), service.calibration()
    if current == planned:
        return
    say(
        f"{run.device}: calibrated anew at {current}; the run was placed by the calibration of "
        f"{planned}"
    )
    target = resolve_device(run.device, run.limits, run.instance).target
    for number, circuit in enumerate(run.ledger.circuits(), 1):
        place = f"layer {number}: "
        try:
            if isinstance(circuit, NetworkCircuit):
                place = ""
                angles = smallest_entanglements(run.network.widths, run.network.entanglements)
                measurement = run.request["measurement"]
                check_groups(circuit.sites, target, angles, measurement)
            else:
                check_groups(circuit.groups, target, circuit.shape.entanglement)
        except TranspileError as error:
            if not despite_faults:
                raise QnnqError(
                    f"{run.device}: {place}{error}; make a new run, or go on: "
                    f"qnnq resume {run.ledger.folder} --despite-faults"
                ) from error
            say(f"{place}{error}")
