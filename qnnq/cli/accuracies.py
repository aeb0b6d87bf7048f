"""Accuracies of one run, as `qnnq run` and `qnnq collect` print them."""

import re
from typing import TYPE_CHECKING, Any

from qnnq.cli.output import percent, print_table
from qnnq.options.coherent import told
from qnnq.wording import counted

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def print_run(model: str, document: dict[str, Any]) -> None:
    """Print what was run, and its accuracies with their intervals.

    Args:
        model: What the network is called.
        document: Of schema `qnnq.run/1`.
    """
    task = document["task"]
    strength = f" at strength {task['strength']:g}" if task["strength"] != 1 else ""
    device = f", device {task['device']}" if task.get("device") else ""
    mode = ""
    if task["mode"] == "coherent":
        mode = f", coherent with {told(task)}"
    noise = re.sub(r"(?<=measured\()(\w{8})\w*", r"\1", task["noise"])  # its digest is long
    print(f"{model}: noise {noise}{strength}{device}, engine {task['engine']}{mode}")
    asked = counted(document["images"], "image")
    if "shots" in document:
        asked += f" x {counted(document['shots'], 'shot')}"
    else:
        asked += " without sampling"
    if of_round := task.get("shots_per_round"):
        asked += f" ({document['shots'] // of_round} rounds of {of_round} in one vote)"
    of_majority = ""
    if "majority_seconds" in document:
        of_majority = f", {document['majority_seconds']:.2f} s for the majority"
    print(f"{asked}, {document['seconds']:.2f} s{of_majority}")
    if "accuracy" in document:
        _print_accuracies(document)
    else:
        print("The data have no labels, so there are no accuracies; --predictions has the classes.")
    if "out_of_reach" in document:
        share = 100 * document["out_of_reach"]
        print(f"Compensation: {share:.2f} % of the angles are out of reach of this noise.")
    if "drift_deviations" in document:
        spread = {
            name: f"{100 * value:.2f}" for name, value in document["drift_deviations"].items()
        }
        print(
            f"Drift: at other times the accuracy differs by {spread['single_shot']} (one shot) and "
            f"{spread['majority']} points (majority): one standard deviation, which the intervals "
            "contain."
        )


def _print_accuracies(document: dict[str, Any]) -> None:
    shots = document["shots"] if "shots" in document else document["majority_of"]
    meanings = {
        "single_shot": "one shot",
        "majority": f"majority of {shots} shots",
        "soft_vote": f"soft vote of {shots} shots",
    }
    found = document["accuracy"]
    rows = [(meaning, percent(found[name])) for name, meaning in meanings.items() if name in found]
    if "unsampled" in document:
        rows.append(("unsampled: the same weights, phi(z)", percent(document["unsampled"])))
    print_table(("prediction", "accuracy (95 % interval)"), rows, text=("prediction",))


def print_confusion(found: "NDArray[np.intp]") -> None:
    """Print how many images of each true class the majority took for which; see `confusion`."""
    rows = []
    for number, row in enumerate(found):
        if row.sum():
            share = f"{100 * row[number] / row.sum():.1f} %"
            rows.append([str(number), *(str(count) if count else "" for count in row), share])
    headings = ("class", *map(str, range(len(found))), "right")
    print_table(headings, rows, title="images by true class (rows) and majority (columns)")
