"""`qnnq submit`: run a network on a machine, or on a fake device by the same path."""

from qnnq.cli import hardware, options
from qnnq.cli.declared import takes
from qnnq.cli.output import progress
from qnnq.jobs.hardware_request import HardwareRequest

_WORDS = {
    "seed": "Seed; it drives the simulator of a fake device.",
    "compensate": "Correct angles for the device's noise.",
    "dynamical_decoupling": "none, XX, XpXm or XY4; coherent: none or XX, in each wait of a weakly "
    "measured neuron.",
}


@takes(
    HardwareRequest,
    required=("model", "device"),
    defaults={"images": "0:1000", "shots": 10},
    helps=_WORDS,
)
def submit(
    request: HardwareRequest,
    run: options.NewFolder = None,
    budget: options.Budget = None,
    yes: options.Yes = False,
    wait: options.Wait = False,
    json: options.Json = None,
) -> None:
    """Submit a network to a machine. All images and shots go together, one job a layer.

    With --mode coherent the whole network is one circuit, and no layer waits for a job.

    Example: qnnq submit mnist16-a0.5 --device fake_kingston --images 0:90 --shots 10

    Example: qnnq submit mnist16-linear --mode coherent --device fake_kingston --images 0:20
    """
    from pathlib import Path

    from qnnq.cli.estimate import print_estimate
    from qnnq.jobs.budget import check_budget
    from qnnq.jobs.chunks import check_room
    from qnnq.jobs.creation import check_free, create_run
    from qnnq.jobs.planning import check_device
    from qnnq.jobs.rounds import rounds_of
    from qnnq.jobs.verbs import plan_of

    request = request.of_words()
    rounds = rounds_of(request)
    say = hardware.Speaker()
    with progress("planning"):
        plan = plan_of(request)
    checked = check_device(request, plan.device)
    folder = Path(run) if run else Path("qnnq-runs") / plan.task.id[:12]
    check_free(folder)
    budget_s = hardware.budget_of(plan, budget, checked, rounds)
    check_budget(plan, budget_s)
    check_room(plan.estimate.memory_bytes, plan.estimate.disk_bytes, folder)
    if json != "-":
        print_estimate(plan)
    cost = rounds * plan.estimate.cost
    if rounds > 1 and json != "-":
        tariff = plan.estimate.tariff
        unit = "quantum seconds" if tariff is None else tariff.currency
        print(
            f"rounds of {request.shots} shots, until the interval is "
            f"{request.target_width:g} wide: at most {rounds}, "
            f"{hardware.cost_text(cost, tariff)} {unit}"
        )
    if plan.device.kind != "simulated" and json != "-":
        print(hardware.budget_line(plan, budget, budget_s))
    hardware.confirm(plan, yes, budget_s, min(cost, budget_s or cost))
    if checked.options.mode != request.options.mode:
        say("the account's plan has no sessions: using a batch")
    create_run(checked, plan, folder, budget_s)
    say(f"run {folder}: task {plan.task.id[:12]}")
    if hardware.pursue(str(folder), wait, json=json) and json != "-":
        print(f"its accuracy: qnnq collect {folder}")
