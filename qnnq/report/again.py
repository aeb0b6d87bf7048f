"""How to do it again: a sweep file and command lines that ask for the same results."""

import json
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from qnnq.jobs.hardware_request import HardwareRequest, job_words
from qnnq.options.coherent import OF_COHERENT_MODE, TIMES
from qnnq.options.option import options_of, words_of
from qnnq.report.sources import Origin
from qnnq.runs.request import RunRequest

_FIRST = ("shots", "engine", "mode", *OF_COHERENT_MODE, "device", "noise", "network", "off")
_LAST = ("qubits", "copies", "compensate", "pair_gate", "pairs", "strength")


def _place(label: str) -> int:
    """Return where a label's line stands; the last are gathered first, into the longest lists."""
    if label in _FIRST:
        return _FIRST.index(label) - len(_FIRST)
    return 1 + _LAST.index(label) if label in _LAST else 0


_KEYS = {each.label: each.grid for each in options_of(RunRequest).values() if each.grid}
GRID_KEYS = {
    label: _KEYS.get(label, label) for label in sorted([*_KEYS, "shots", "off"], key=_place)
}
"""Labels and the keys of a grid, in the order of their lines."""


def sweep_file(origins: Sequence[Origin]) -> str:
    """Return a sweep file for all that was simulated, "" where nothing was."""
    # The default is left out of what few networks have.
    left_out: dict[str, tuple[Any, ...]] = {
        each.label: ("", round(1e6 * each.usual, 9))
        for each in options_of(RunRequest).values()
        if each.needs and each.usual is not None
    }
    left_out["off"] = ()
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
    return [
        shlex.join(
            [
                *("qnnq", "submit", str(origin.labels["network"])),
                *_words(origin, seed),
                *job_words(origin.result.task),
            ]
        )
        for origin in origins
        if origin.result.task.engine == "runtime"
        for seed in origin.seeds
    ]


def _words(origin: Origin, seed: int) -> list[str]:
    """Return the options of a submission that labels tell, those of the coherent mode in it."""
    labels, declarations = {**origin.labels, "seed": seed}, options_of(HardwareRequest)
    found: list[str] = []
    for name in sorted(declarations, key=lambda name: name != "device"):
        declared = declarations[name]
        if declared.argument or name not in labels or labels[name] == "":
            continue
        if name == "pair_gate" and not labels["pairs"]:
            continue
        if name in ("mode", *OF_COHERENT_MODE) and origin.result.task.mode != "coherent":
            continue
        if declared.kind is bool:
            found += [words_of(name)] if labels[name] else []
        else:
            found += [words_of(name), str(_value(name, labels[name]))]
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
