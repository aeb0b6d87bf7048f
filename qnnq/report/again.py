"""How to do it again: a sweep file and command lines that ask for the same results."""

import json
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from qnnq.report.sources import Origin
from qnnq.results.labels import OF_COHERENT_MODE, TIMES
from qnnq.results.task import Task
from transpile import CONDITION_OVERHEAD

# Labels and the keys of a grid, in the order of their lines; the last are gathered first.
GRID_KEYS = {
    "shots": "shots",
    "engine": "engine",
    "mode": "mode",
    "feedback_latency": "feedback_latency",
    "condition_overhead": "condition_overhead",
    "measurement": "measurement",
    "recycling": "recycling",
    "dynamical_decoupling": "dynamical_decoupling",
    "device": "devices",
    "noise": "noise",
    "network": "networks",
    "off": "off",
    "data": "data",
    "images": "images",
    "qubits": "qubits",
    "copies": "copies",
    "compensate": "compensate",
    "pair_gate": "pair_gate",
    "pairs": "pairs",
    "strength": "strength",
}


def sweep_file(origins: Sequence[Origin]) -> str:
    """Return a sweep file for all that was simulated, "" where nothing was."""
    # The default is left out, as most networks have no branches.
    left_out = {"condition_overhead": ("", round(1e6 * CONDITION_OVERHEAD, 9)), "off": ()}
    simulated = [each for each in origins if each.result.task.engine != "runtime"]
    settings = [
        {key: _value(key, origin.labels[label]) for label, key in GRID_KEYS.items()
         if origin.labels.get(label, "") not in left_out.get(label, ("",))}
        for origin in simulated
    ]  # fmt: skip
    seeds: dict[str, set[int]] = {}
    for setting, origin in zip(settings, simulated, strict=True):
        seeds.setdefault(json.dumps(setting), set()).update(origin.seeds)
    # Seeds may be many: settings are compared by a number that stands for theirs.
    numbers: dict[tuple[int, ...], int] = {}
    unique = [
        {**json.loads(text), "seeds": numbers.setdefault(tuple(sorted(found)), len(numbers))}
        for text, found in seeds.items()
    ]
    lists = list(map(list, numbers))
    return "\n".join(_grid({**each, "seeds": lists[each["seeds"][0]]}) for each in _grids(unique))


def submissions(origins: Sequence[Origin]) -> list[str]:
    """Return a command line for everything that ran as jobs."""
    options = ("device", "data", "images", "shots", "qubits", "copies", "pairs")
    of_mode = ("mode", *OF_COHERENT_MODE)
    return [
        shlex.join(
            [
                *("qnnq", "submit", str(origin.labels["network"])),
                *(part for name in options for part in (f"--{name}", str(origin.labels[name]))),
                *("--seed", str(seed)),
                *(
                    part
                    for name in (of_mode if origin.result.task.mode == "coherent" else ())
                    for part in (
                        f"--{name.replace('_', '-')}",
                        str(_value(name, origin.labels[name])),
                    )
                ),
                *(["--pair-gate", origin.labels["pair_gate"]] if origin.labels["pairs"] else []),
                *(["--compensate"] if origin.labels["compensate"] else []),
                *_of_jobs(origin.result.task),
            ]
        )
        for origin in origins
        if origin.result.task.engine == "runtime"
        for seed in origin.seeds
    ]


def _of_jobs(task: Task) -> list[str]:
    """Return options of jobs that no label tells."""
    found = ["--measurement-twirling"] if task.measurement_twirling else []
    if task.mode == "stepwise" and task.dynamical_decoupling:
        found += ["--dynamical-decoupling", task.dynamical_decoupling]
    if task.rep_delay_s is not None:
        found += ["--rep-delay", f"{1e6 * task.rep_delay_s:.9g}"]
    return found


def _value(key: str, label: Any) -> Any:
    if key == "off":
        return label.split("+") if label else []
    return f"{label:g}us" if key in TIMES else label


def _grids(settings: Sequence[Mapping[str, Any]]) -> list[dict[str, list[Any]]]:
    """Gather settings into grids whose lists, crossed, are exactly these settings."""
    grids = [{key: [value] for key, value in setting.items()} for setting in settings]
    for key in reversed([each for each in GRID_KEYS.values() if each != "shots"]):
        alike: dict[str, dict[str, list[Any]]] = {}
        for grid in grids:
            others = {name: value for name, value in grid.items() if name != key}
            place = json.dumps([others, key in grid])
            if place in alike and key in grid:
                alike[place][key] += grid[key]
            else:
                alike[place] = grid
        grids = list(alike.values())
    return grids


def _grid(values: Mapping[str, list[Any]]) -> str:
    lines = ["[[grid]]"]
    for key, found in values.items():
        value = found[0] if key == "shots" else sorted(found)
        lines.append(f"{key} = {json.dumps(value, ensure_ascii=False)}")
    return "\n".join(lines) + "\n"
