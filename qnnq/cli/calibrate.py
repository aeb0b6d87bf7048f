"""`qnnq calibrate`: measure how a device's qubits answer, or what it bills."""

import sys
from contextlib import redirect_stdout
from typing import TYPE_CHECKING, Annotated, Any

import typer

from qnnq.cli import hardware, options
from qnnq.cli.declared import takes
from qnnq.cli.output import percent, progress, write_json
from qnnq.jobs.hardware_request import HardwareRequest

if TYPE_CHECKING:
    from pathlib import Path

_TAKEN = (
    *("model", "device", "shots", "qubits", "copies", "pairs", "seed"),
    *("execution_mode", "rep_delay", "limits", "instance"),
)
"""Options that a calibration has."""


@takes(
    HardwareRequest,
    only=_TAKEN,
    defaults={"shots": 4096, "execution_mode": "job"},
    helps={
        "shots": "Shots at each of the four angles.",
        "seed": "Seed; it drives the simulator of a fake device.",
    },
)
def calibrate(
    request: HardwareRequest,
    out: Annotated[
        str | None,
        typer.Option(
            help="The file to write.  [default: response.json; prices.toml with --price]",
            metavar="FILE",
        ),
    ] = None,
    run: options.NewFolder = None,
    budget: options.Budget = None,
    yes: options.Yes = False,
    check: Annotated[
        str | None,
        typer.Option(
            help="Then predict these images, such as 0:200, run them and compare.",
            metavar="IMAGES",
        ),
    ] = None,
    check_shots: Annotated[int, typer.Option(help="Shots of each image of --check.")] = 10,
    data: Annotated[
        str, typer.Option(help="What --check takes images of: a data set's name or a file.")
    ] = "mnist-test",
    price: Annotated[
        bool,
        typer.Option(
            "--price", help="Measure what a machine bills instead, with three pilot jobs."
        ),
    ] = False,
    json: options.Json = None,
) -> None:
    """Measure what a device answers to angles, or what it bills.

    Each entanglement angle of the network takes one job; most networks have one angle.
    Cut off, it goes on when it is called again, and pays nothing twice.
    The file is a twin of the device: qnnq run --noise measured:FILE.

    --check judges the twin: what it predicts of images, with its interval, before they are run.

    Example: qnnq calibrate mnist16-a0.5 --device fake_kingston --out response.json

    --price runs few and many parameter sets, of few and many shots, and fits what a job, a set
    and an execution are billed. --limits FILE then reckons with it.

    Example: qnnq calibrate --device fake_torino --check 0:200 --check-shots 10

    Example: qnnq calibrate --price --device ibm_kingston --out prices.toml
    """
    from dataclasses import replace

    from qnnq.errors import InputError
    from qnnq.jobs.budget import check_budget
    from qnnq.jobs.control import raise_limits
    from qnnq.jobs.creation import calibration_folder, create_run
    from qnnq.jobs.folder import LEDGER
    from qnnq.jobs.planning import check_device, plan_run
    from qnnq.jobs.prices import PRICES
    from qnnq.jobs.responses import RESPONSE, plan_calibration
    from qnnq.jobs.twin_check import checking_request
    from qnnq.storage.files import check_writable, write_atomically

    checking = replace(request, data=data)  # no part of what a calibration measures
    if json is not None and check is None:
        raise InputError("--json: expected --check beside it, whose result it holds")
    if price and check is not None:
        raise InputError("--price: expected no --check beside it, which judges a response")
    out = out or (PRICES if price else "response.json")
    check_writable(out, json)
    if price:
        _price(request, run, out, budget, yes)
        return
    folder = calibration_folder(request, run)
    with redirect_stdout(sys.stderr if json == "-" else sys.stdout):
        if not (folder / LEDGER).exists():
            plan = plan_calibration(request)
            checked = check_device(request, plan.device)
            estimate = plan.estimate
            if check is not None:  # refused before the calibration is paid
                kinds = [[str(site) for site in layer.sites] for layer in plan.circuits]
                wanted = (plan.device.name, kinds, plan.network, check, check_shots)
                judged = plan_run(checking_request(checking, *wanted)).estimate
                estimate = replace(estimate, layers=(*estimate.layers, *judged.layers))
            everything = replace(plan, estimate=estimate)
            budget_s = hardware.budget_of(everything, budget, checked)
            check_budget(everything, budget_s)
            print(f"{plan.device.name}: {hardware.cost_line(plan)}")
            if plan.device.kind != "simulated":
                print(hardware.budget_line(plan, budget, budget_s))
            hardware.confirm(everything, yes, budget_s)
            create_run(checked, plan, folder, budget_s)
        elif budget is not None:
            raise_limits(folder, budget)
        hardware.pursue(str(folder), wait=True)
        write_atomically(out, (folder / RESPONSE).read_bytes())
        print(f"{out}: the response that {folder} measured")
        if check is None:
            return
        document = _check(checking, folder, check, check_shots, yes)
    write_json(document, json)


def _price(
    request: "HardwareRequest", run: str | None, out: str, budget: str | None, yes: bool
) -> None:
    """Measure what a machine bills, and write it as limits."""
    from qnnq.jobs.budget import check_budget
    from qnnq.jobs.control import raise_limits
    from qnnq.jobs.creation import calibration_folder, create_run
    from qnnq.jobs.folder import LEDGER
    from qnnq.jobs.planning import check_device
    from qnnq.jobs.prices import PRICES, plan_prices
    from qnnq.storage.files import write_atomically

    folder = calibration_folder(request, run, "price")
    if not (folder / LEDGER).exists():
        plan = plan_prices(request)
        checked = check_device(request, plan.device)
        budget_s = hardware.budget_of(plan, budget, checked)
        check_budget(plan, budget_s)
        print(f"{plan.device.name}: three pilots: {hardware.cost_line(plan)}")
        print(hardware.budget_line(plan, budget, budget_s))
        hardware.confirm(plan, yes, budget_s)
        create_run(checked, plan, folder, budget_s)
    elif budget is not None:
        raise_limits(folder, budget)
    if hardware.pursue(str(folder), wait=True):
        found = (folder / PRICES).read_bytes()
        write_atomically(out, found)
        print(found.decode(), end="")
        print(f"{out}: what {folder} was billed; qnnq estimate --limits {out} reckons with it")


def _check(
    request: HardwareRequest,
    folder: "Path",
    images: str,
    shots: int,
    yes: bool,
) -> dict[str, Any]:
    """Predict images by a response, run them, and say whether the intervals hold.

    What the calibration was billed, or may still be, is taken from its budget, which is for both.

    Returns:
        The same in schema `qnnq.check/1`.
    """
    from dataclasses import asdict

    from qnnq.execution.measured_response import read_response
    from qnnq.jobs.budget import check_budget
    from qnnq.jobs.control import await_bills, raise_limits
    from qnnq.jobs.creation import create_run
    from qnnq.jobs.folder import LEDGER
    from qnnq.jobs.ledger import Ledger
    from qnnq.jobs.planning import check_device, plan_run
    from qnnq.jobs.reading import collect_run
    from qnnq.jobs.responses import RESPONSE
    from qnnq.jobs.twin_check import checking_request, judge, predict
    from qnnq.networks.bundled import load_model

    response = read_response(folder / RESPONSE)
    kinds = [[site.site for site in kind.sites] for kind in response.kinds]
    network = load_model(request.model)
    wanted = checking_request(request, response.device, kinds, network, images, shots)
    with progress("planning"):
        plan = plan_run(wanted)
    prediction = predict(plan, response, wanted.seed)
    expected = prediction.accuracy(shots)
    print(f"predicted: {percent(asdict(expected))} of the shots of images {images} right")
    run = folder / f"check-{plan.task.id[:12]}"
    with Ledger(folder) as ledger:
        budget_s = ledger.budget_s
    if budget_s is not None:
        budget_s -= await_bills(folder, hardware.Speaker())
    if not (run / LEDGER).exists():
        checked = check_device(wanted, plan.device)
        check_budget(plan, budget_s)
        hardware.confirm(plan, yes, budget_s)
        create_run(checked, plan, run, budget_s)
    else:
        raise_limits(run, "none" if budget_s is None else str(budget_s))
    hardware.pursue(str(run), wait=True)
    result = collect_run(run).result
    whole, blocks = judge(prediction, result.counts, result.labels)
    held = sum(block.inside for block in blocks)
    where = "inside" if whole.inside else "OUTSIDE"
    print(f"measured: {100 * whole.measured:.2f} %, {where} the interval")
    print(f"by parts of the images: {held} of {len(blocks)} intervals hold what was measured")
    return {
        "schema": "qnnq.check/1",
        "device": plan.device.name,
        "images": images,
        "shots": shots,
        "run": str(run),
        "whole": {**asdict(whole), "inside": whole.inside},
        "parts": [{**asdict(block), "inside": block.inside} for block in blocks],
    }
