"""What the commands for IBM Quantum share: what they ask for, what they say, and the question."""

import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import typer

from qnnq.cli.output import percent

if TYPE_CHECKING:
    from qnnq.devices.tariff import Tariff
    from qnnq.jobs.hardware_request import HardwareRequest
    from qnnq.jobs.planning import Plan


def budget_of(
    plan: "Plan", budget: str | None, request: "HardwareRequest", rounds: int = 1
) -> float | None:
    """Return what a run may use: what was given, or a multiple of the estimate.

    Args:
        plan: What will be run.
        budget: The option, None where it was not given.
        request: How its jobs are run.
        rounds: Rounds of shots at most.
    """
    from qnnq.jobs.budget import parse_budget
    from qnnq.jobs.verbs import default_budget

    if budget is None:
        return default_budget(plan, request, rounds)
    return parse_budget(budget, plan.estimate.tariff)


def in_seconds(plan: "Plan") -> bool:
    """Whether a run is reckoned in quantum seconds: on a machine of IBM's, or one like it."""
    from qnnq.devices.names import provider_of

    sampled = provider_of(plan.device.request).samples(plan.device)
    return plan.estimate.tariff is None and not sampled


def cost_line(plan: "Plan") -> str:
    """Say what a run is expected to cost, and how that is reckoned."""
    if plan.device.unpriced:
        return f"price: nobody says what {plan.device.name} charges; a [tariff] in --limits does"
    if plan.estimate.tariff is None and not in_seconds(plan):
        return f"price: none, {plan.device.name} is simulated on this computer"
    return f"{plan.estimate.cost_name.replace('_', ' ')}: {plan.estimate.formula()}"


def cost_text(cost: float, tariff: "Tariff | None") -> str:
    """Return a cost to the tenth of a quantum second, or as a price."""
    from qnnq.devices.tariff import amount

    return f"{cost:.1f}" if tariff is None else amount(cost)


def budget_line(plan: "Plan", budget: str | None, most: float | None) -> str:
    """Say what may be billed at most; `budget` is the option, None where it was not given."""
    from qnnq.devices.tariff import amount

    if most is None and plan.device.unpriced:
        return f"budget: none, since nobody says what {plan.device.name} charges"
    tariff = plan.estimate.tariff
    if most is None:
        failing = "takes longer than expected" if tariff is None else "fails from being sent again"
        return f"budget: none, so nothing stops a job that {failing}"
    if tariff is not None:
        why = "" if budget else ", the estimate; --budget, or none, changes it"
        return f"budget: {amount(most)} {tariff.currency}{why}"
    why = "" if budget else ", a multiple of the estimate; --budget SECONDS, or none, changes it"
    return f"budget: {most:g} quantum seconds{why}"


def prediction_line(plan: "Plan") -> str:
    """Say what accuracy the calibration data of a plan's device predict, and how old these are."""
    from qnnq.jobs.prediction import age

    calibration = f"calibration data {age(plan.device.calibration)}"
    if plan.predicted is None:
        return f"predicted: unknown, since errors of gates in use are not in the {calibration}"
    shots = plan.task.shots or 0  # jobs have some
    return f"predicted: {accuracy_line(asdict(plan.predicted), shots)}; {calibration}"


def accuracy_line(found: "dict[str, Any]", shots: int) -> str:
    """Return the accuracies of one shot and of the majority, with their intervals."""
    from qnnq.wording import counted

    return (
        f"one shot {percent(found['single_shot'])}, majority of {counted(shots, 'shot')} "
        f"{percent(found['majority'])}"
    )


def spare_the_disk() -> None:
    """Let what is imported next do without a temporary folder, where the disk is full.

    dill, which qiskit imports, asks for one and fails if none can be written to.
    """
    import tempfile

    try:
        tempfile.gettempdir()
    except FileNotFoundError:
        tempfile.tempdir = "."


class Speaker:
    """Says what happens on stderr: a line once, and progress in place where that is a terminal."""

    def __init__(self) -> None:
        self._last = ""
        self._open = False

    def __call__(self, line: str) -> None:
        """Say a line; the same line is not said twice in a row."""
        if line == self._last:
            return
        self._last = line
        if sys.stderr.isatty() and line.startswith("layer"):
            print(f"\r\x1b[K{line}", end="", file=sys.stderr, flush=True)
            self._open = True
            return
        start = "\r\x1b[K" if self._open else ""
        print(f"{start}{line}", file=sys.stderr, flush=True)
        self._open = False

    def close(self) -> None:
        """End a line that is still open."""
        if self._open:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
            self._open = False


def confirm(plan: "Plan", yes: bool, budget: float | None, cost: float | None = None) -> None:
    """Ask before money is spent, unless the answer was given or none is spent.

    Args:
        plan: What will be run.
        yes: Whether the answer is known.
        budget: What may be billed at most, None where nothing limits it.
        cost: What it is expected to cost, None for the cost of the estimate.

    Raises:
        InputError: If nobody can be asked.
        QnnqError: If the answer is no.
    """
    from qnnq.devices.tariff import amount
    from qnnq.errors import InputError, QnnqError
    from qnnq.wording import counted

    if yes or plan.device.kind == "simulated":
        return
    name, tariff = plan.device.name, plan.estimate.tariff
    cost = plan.estimate.cost if cost is None else cost
    most = "without a limit" if budget is None else f"at most {budget:g}"
    question = f"This is expected to use {cost:.0f} quantum seconds on {name}, {most}."
    if tariff is not None:
        question = f"This is expected to cost {amount(cost)} {tariff.currency} on {name}, {most}."
    elif plan.device.unpriced:
        question = f"This sends {plan.estimate.executions} executions to {name}, at unknown prices."
    if plan.predicted is not None:
        copies = max(each.copies for each in plan.choices if each.chosen)
        images = f"{counted(copies, 'image')} side by side"
        question = f"With {images}, {prediction_line(plan)}. {question}"
    if sys.stdin is None or not sys.stdin.isatty():
        raise InputError(f"{question} Expected --yes, since nobody can be asked here")
    if not typer.confirm(f"{question} Go on?", err=True):
        raise QnnqError("nothing was sent")


def pursue(
    folder: str,
    wait: bool,
    timeout_s: float | None = None,
    despite_faults: bool = False,
    json: str | None = None,
) -> bool:
    """Go on with a run and say where it stands: see `qnnq.jobs.advance.advance`.

    `json`: where that goes as JSON as well, or instead for `-`.
    """
    from qnnq.errors import Interrupted
    from qnnq.jobs.advance import advance
    from qnnq.jobs.folder import find_run

    path = find_run(folder)
    say = Speaker()
    try:
        finished = advance(path, wait, say, timeout_s, despite_faults)
    except KeyboardInterrupt:
        raise Interrupted(
            f"{path}: what is submitted goes on and is billed; qnnq resume {path} --wait goes on "
            f"with it, qnnq cancel {path} stops it"
        ) from None
    finally:
        say.close()
    from qnnq.cli.output import write_json

    document = {"schema": "qnnq.resume/1", "folder": str(path), "finished": finished}
    write_json(document, json)
    if json == "-":
        pass
    elif finished:
        print(f"{path}: finished")
    else:
        print(f"{path}: jobs are submitted; go on with qnnq resume {path}")
    return finished
