"""`qnnq estimate`: what a run on a machine would cost."""

from dataclasses import asdict
from typing import TYPE_CHECKING

from qnnq.cli import hardware, options
from qnnq.cli.declared import takes
from qnnq.cli.output import print_table, progress, write_json
from qnnq.cli.physics import turns
from qnnq.jobs.hardware_request import HardwareRequest
from qnnq.wording import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qnnq.devices.tariff import Tariff
    from qnnq.jobs.estimate import Estimate
    from qnnq.jobs.planning import Plan
    from qnnq.jobs.preflight import Choice

_SUBMITTED = (
    *("target_width", "max_shots", "compensate", "response"),
    *("execution_mode", "measurement_twirling", "max_execution_time", "tag"),
)
"""Options that are no part of an estimate."""


@takes(
    HardwareRequest,
    without=_SUBMITTED,
    defaults={"images": "0:1000", "shots": 10},
    helps={"seed": "Seed; it drives the simulator of a fake device."},
)
def estimate(
    request: HardwareRequest,
    json: options.Json = None,
) -> None:
    """Say what a run on a machine would cost; nothing is sent.

    Example: qnnq estimate mnist16-a0.5 --device fake_kingston --images 0:1000 --shots 10
    """
    from qnnq.jobs.verbs import plan_of

    with progress("planning"):
        plan = plan_of(request.of_words())
    if json != "-":
        print_estimate(plan)
    document = {"device": plan.device.name, **plan.estimate.to_json()}
    copies = [asdict(each) for each in plan.choices]
    document["copies"] = [{plan.estimate.cost_name: each.pop("cost"), **each} for each in copies]
    document["predicted"] = None if plan.predicted is None else asdict(plan.predicted)
    write_json(document, json)


def _print_choices(choices: "Sequence[Choice]", unit: str | None, tariff: "Tariff | None") -> None:
    rows = []
    for each in choices:
        accuracy = "unknown" if each.accuracy is None else f"{100 * each.accuracy:.1f} %"
        cost = "" if unit is None else hardware.cost_text(each.cost, tariff)
        rows.append([str(each.copies), accuracy, cost, "used" if each.chosen else ""])
    headings = ("copies", "accuracy of a shot", unit or "", "")
    print_table(headings, rows, title="images side by side, by the calibration data")


def _room(estimate: "Estimate", images: int) -> str:
    """Say what the run takes of this computer, and how it is divided for that."""
    from qnnq.jobs.chunks import readable

    chunks = -(-images // estimate.chunk_images)
    divided = f", in {counted(chunks, 'chunk')} of images" if chunks > 1 else ""
    return (
        f"this computer: at most about {readable(estimate.memory_bytes)} of memory{divided}, and "
        f"{readable(estimate.disk_bytes)} of disk for the ledger"
    )


def print_estimate(plan: "Plan") -> None:
    """Print a plan's cost by layer, its formula, and what would be cheaper."""
    from transpile import NetworkCircuit

    estimate, tariff = plan.estimate, plan.estimate.tariff
    first = plan.circuits[0]
    names = [str(layer.layer + 1) for layer in estimate.layers]
    if isinstance(first, NetworkCircuit):
        names = [f"1 to {len(first.widths)}"]
        arrangement = f"one circuit of {first.circuit.num_clbits} outcomes"
    else:
        copies = counted(first.shape.copies, "image")
        arrangement = f"{copies} side by side on {len(first.sites)} neurons"
    in_seconds = hardware.in_seconds(plan)
    headings = ("layer", "jobs", "PUBs", "parameter sets", "executions", "payload MB", "quantum s")
    print_table(
        headings if in_seconds else headings[:-1],
        [
            [
                name,
                *(str(layer.jobs), str(layer.pubs)),
                *(str(layer.parameter_sets), str(layer.executions)),
                f"{layer.payload_bytes / 1e6:.2f}",
                *([f"{layer.quantum_seconds:.1f}"] if in_seconds else []),
            ]
            for name, layer in zip(names, estimate.layers, strict=True)
        ],
        title=f"{plan.device.name}: {counted(len(plan.arrays['indices']), 'image')} x "
        f"{counted(plan.task.shots or 0, 'shot')}, {arrangement}",
    )
    layers = [each for each in plan.circuits if not isinstance(each, NetworkCircuit)]
    for line in turns((each.shape.width, each.slots, each.parts) for each in layers):
        print(line)
    print(hardware.cost_line(plan))
    if len(estimate.layers) > 1:
        print(
            "upper bounds after layer 1: equal angle rows share a parameter set, "
            "and how many are equal is known only when layer 1 was measured"
        )
    print(_room(estimate, len(plan.arrays["indices"])))
    if plan.choices:
        unit = "quantum s" if in_seconds else tariff.currency if tariff else None
        _print_choices(plan.choices, unit, tariff)
        print(hardware.prediction_line(plan))
    account = plan.device.account
    if account is not None:
        left = account.plan_left_s()
        print(
            f"{account.queue_length(plan.device.name)} jobs wait for {plan.device.name}; "
            f"seconds left in the plan: {'not known' if left is None else f'{left:g}'}"
        )
    if in_seconds:
        unknown = " + ".join(str(layer.parameter_sets) for layer in estimate.layers)
        print(
            f"not in it: what {unknown} parameter sets cost to load, of which nothing is published "
            "(qnnq calibrate --price measures it)"
            if not plan.device.limits.seconds_per_set
            else f"parameter sets: {unknown} x {plan.device.limits.seconds_per_set:g} s"
        )
    for how, cost in estimate.cheaper if in_seconds or tariff else ():
        unit = "s" if tariff is None else tariff.currency
        print(f"cheaper: {how}: {hardware.cost_text(cost, tariff)} {unit}")
