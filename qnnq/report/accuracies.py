"""What a reader came for: the accuracies, what they share above them once."""

from collections import Counter
from collections.abc import Sequence

from qnnq.figures.captions import name_groups, named, vote_name
from qnnq.figures.curves import on_machine
from qnnq.report.content import Cell, Section, Table
from qnnq.results.labels import shown
from qnnq.results.points import Measured
from qnnq.results.references import rivals, unsampled_of
from qnnq.results.robustness import groups
from qnnq.statistics import Accuracy

_UNTOLD = (
    *("network", "stretch", "entanglement", "widths", "device", "strength", "images", "shots"),
    *("condition_overhead", "measurement", "recycling", "dynamical_decoupling"),
)
"""Labels that a name leaves out: the network tells some, counts and columns others."""
FEW = 200
"""Images below which counts stand beside per cents."""


def accuracies(points: Sequence[Measured], references: Sequence[Measured]) -> Section:
    """Return a row a point, a strength at a time where there are several."""
    lines = sorted(groups(points, ["strength"]), key=lambda line: len(line) == 1)
    common = name_groups(lines, ["strength"])[1]
    names = _names(lines)
    strengths = {float(point.labels["strength"]) for point in points}
    several = len(strengths) > 1
    rows, steps = [], []
    for line, name in zip(lines, names, strict=True):
        for point in sorted(line, key=lambda each: float(each.labels["strength"])):
            reference = unsampled_of(point, references)
            stays = several and len(line) == 1 and not on_machine(point)
            at = f", strength {shown(point.labels['strength'])}" if stays else ""
            rows.append((Cell(name + at), *_of_point(point, reference)))
            steps.append(float(point.labels["strength"]) if len(line) > 1 else None)
    for rival in rivals(references):
        answer = _cell(rival, rival.accuracy())
        rows.append((Cell(f"{rival.labels['network']}, classical"), Cell(""), answer, Cell("")))
        steps.append(None)
    if not several and points:
        strength = shown(strengths.pop())
        common += "" if strength == "1" else f", strength {strength}"
    text = (
        f"{common}. In brackets: 95 %. Unsampled is the same weights with the activation phi(z) in "
        "place of each measured outcome, a classical network that costs nothing."
    )
    table = Table(
        ("network or setting", "one shot", vote_name(points), "unsampled"),
        tuple(rows),
        steps=tuple(steps) if several else (),
        first=min(strengths, key=lambda each: (abs(each - 1), each), default=0.0),
    )
    return Section("Accuracies", (text,), tables=(table,))


def _names(lines: Sequence[Sequence[Measured]]) -> list[str]:
    """Return a name for each line: its network, and where it differs from most of the others."""
    firsts = [line[0].labels for line in lines]
    told = [name for name in firsts[0] if name not in _UNTOLD]
    usual = {
        name: Counter(shown(labels[name]) for labels in firsts).most_common(1)[0][0]
        for name in told
    }
    devices = len({labels.get("device") for labels in firsts}) > 1
    found = []
    for labels in firsts:
        words = [named("network", labels["network"])]
        if labels.get("engine") == "runtime":
            words.append(f"measured on {labels['device']}")
        elif devices:
            words.append(str(labels["device"] or "no device"))
        machine = labels.get("engine") == "runtime"
        told_before = ("device", labels.get("device"))
        words += [
            named(name, labels[name])
            for name in told
            if shown(labels[name]) != usual[name] and labels[name] != ""
            if not (name == "noise" and (machine or labels[name] in told_before))
            if not (name == "engine" and machine)
        ]
        found.append(", ".join(words))
    return found


def _of_point(point: Measured, reference: Measured | None) -> tuple[Cell, Cell, Cell]:
    mark = "" if point.complete else "unfinished"
    vote = _cell(point, point.accuracy("majority"), mark)
    certain = Cell("")
    if reference is not None:
        there = reference.on(point.images)
        certain = _cell(there, there.accuracy())
    return _cell(point, point.accuracy("single_shot"), counts=False), vote, certain


def _cell(point: Measured, found: Accuracy, mark: str = "", counts: bool = True) -> Cell:
    number = len(point.images)
    small = [f"({100 * found.low:.1f} to {100 * found.high:.1f})"]
    if counts and number < FEW and len(point.repetitions.keys) == 1:
        small.insert(0, f"{round(found.value * number)} of {number}")
    return Cell(f"{100 * found.value:.1f} %", found.value, " ".join([*small, mark]).strip())
