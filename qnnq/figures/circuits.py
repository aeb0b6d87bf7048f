"""Circuits as pictures: gate by gate, or along the time that a device takes for them."""

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from qiskit.circuit import CircuitInstruction, QuantumCircuit
from qiskit.transpiler import Target

from qnnq.errors import InputError
from qnnq.figures.style import look, panels, place_legend, tell
from transpile import CompiledStep
from transpile.groups import Group
from transpile.schedule import delay_seconds

MOST_QUBITS = 40
_KINDS = {
    "gate": (look(3).color, ""),
    "two-qubit gate": (look(1).color, "///"),
    "measurement": (look(5).color, ""),
    "branch": (look(6).color, "|||"),
    "reset": (look(2).color, "xxx"),
    "wait": ("0.9", ""),
}


@dataclass(frozen=True)
class _Box:
    """An instruction as it is drawn, from `start` to `start + length` on some qubits."""

    kind: str
    label: str
    qubits: tuple[int, ...]
    start: float
    length: float


def plot_circuit(
    circuit: QuantumCircuit, sites: Sequence[Group] = (), title: str = "", ax: Axes | None = None
) -> Figure:
    """Draw a circuit's instructions one after the other, those of different qubits side by side.

    Args:
        circuit: On physical qubits, of which those in use are drawn.
        sites: Its neurons and their ancillas, in the order of the rows.
        title: What it is.
        ax: Where to draw; None: a new figure.

    Raises:
        InputError: If it has too many qubits for a picture.
    """
    boxes = [box for box in _boxes(circuit, lambda each: 1.0) if box.kind != "wait"]
    length = max(box.start + box.length for box in boxes)
    with _drawn(boxes, sites, ax, 1.5 + 0.62 * length, names=True) as (figure, axes):
        axes.set_xlabel("instruction")
        axes.set_xticks([])
        tell(figure, title, axes)
    return figure


def plot_timeline(
    step: CompiledStep,
    target: Target,
    sites: Sequence[Group] = (),
    title: str = "",
    ax: Axes | None = None,
) -> Figure:
    """Draw one step of living neurons along time: branches, gates, waits and the measurement.

    Args:
        step: The compiled step.
        target: Its device.
        sites: The neurons and their ancillas, in the order of the rows.
        title: What it is.
        ax: Where to draw; None: a new figure.

    Raises:
        InputError: If it has too many qubits for a picture.
    """

    def microseconds(instruction: CircuitInstruction) -> float:
        return 1e6 * _seconds(instruction, step, target)

    boxes = [box for box in _boxes(step.circuit, microseconds) if box.length]
    with _drawn(boxes, sites, ax, 7.0, names=False) as (figure, axes):
        axes.set_xlabel(r"time since the end of the last measurement ($\mu$s)")
        kinds = [kind for kind in _KINDS if any(box.kind == kind for box in boxes)]
        place_legend(
            axes,
            handles=[
                Patch(label=k, facecolor=_KINDS[k][0], hatch=_KINDS[k][1], edgecolor="0.3")
                for k in kinds
            ],
        )
        tell(figure, title, axes)
    return figure


def _boxes(circuit: QuantumCircuit, length_of: Callable[[CircuitInstruction], float]) -> list[_Box]:
    ready: dict[int, float] = {}
    boxes = []
    for instruction in circuit.data:
        name = instruction.operation.name
        qubits = tuple(circuit.find_bit(qubit).index for qubit in instruction.qubits)
        start = max((ready.get(qubit, 0.0) for qubit in qubits), default=0.0)
        length = 0.0 if name == "barrier" else length_of(instruction)
        ready.update(dict.fromkeys(qubits, start + length))
        if name != "barrier":
            boxes.append(_Box(_kind(instruction), _label(instruction), qubits, start, length))
    if len(ready) > MOST_QUBITS:
        raise InputError(
            f"{len(ready)} qubits are too many for a picture (at most {MOST_QUBITS}): expected "
            "fewer copies or a narrower network"
        )
    return boxes


def _seconds(instruction: CircuitInstruction, step: CompiledStep, target: Target) -> float:
    operation = instruction.operation
    if operation.name == "delay":
        return delay_seconds(operation, target)
    if operation.name.startswith("measure"):
        return step.measurement_duration
    if operation.name == "if_else":
        return max(_of_block(block, target) for block in operation.params if block is not None)
    qubits = tuple(qubit._index for qubit in instruction.qubits)
    properties = target[operation.name].get(qubits) if operation.name in target else None
    return float((properties and properties.duration) or 0.0)


def _of_block(block: QuantumCircuit, target: Target) -> float:
    """Return the duration of a branch, by the longest of each gate, as qubits are alike in it."""
    taken: dict[object, float] = {}
    for instruction in block.data:
        name = instruction.operation.name
        known = target[name].values() if name in target.operation_names else ()
        longest = max((each.duration for each in known if each and each.duration), default=0.0)
        for qubit in instruction.qubits:
            taken[qubit] = taken.get(qubit, 0.0) + longest
    return max(taken.values(), default=0.0)


def _kind(instruction: CircuitInstruction) -> str:
    name = instruction.operation.name
    if name == "delay":
        return "wait"
    if name == "if_else":
        return "branch"
    if name == "reset" or name.startswith("measure"):
        return "reset" if name == "reset" else "measurement"
    return "two-qubit gate" if len(instruction.qubits) > 1 else "gate"


def _label(instruction: CircuitInstruction) -> str:
    name = {"if_else": "if", "measure": "M"}.get(
        instruction.operation.name, instruction.operation.name.upper()
    )
    return f"{name}\n{', '.join(map(_angle, _angles(instruction)))}".strip()


def _angles(instruction: CircuitInstruction) -> Sequence[object]:
    return [] if instruction.operation.name == "if_else" else instruction.operation.params


def _angle(value: object) -> str:
    """Return an angle in multiples of pi, or a parameter by its name."""
    try:
        number = float(value)  # type: ignore[arg-type]
    except TypeError:
        text = str(value)
        return text if len(text) < 12 else text[text.find("angle") :][:9] or text[:9]
    return f"{number / math.pi:.3g}\N{GREEK SMALL LETTER PI}"


@contextmanager
def _drawn(
    boxes: Sequence[_Box], sites: Sequence[Group], ax: Axes | None, width: float, names: bool
) -> Iterator[tuple[Figure, Axes]]:
    there = {qubit for box in boxes for qubit in box.qubits}
    roles = {
        qubit: f"{'ancilla' if qubit in site.ancillas else 'neuron'} {number}: {qubit}"
        for number, site in enumerate(sites)
        for qubit in site.qubits
        if qubit in there
    }
    used = [*roles, *sorted(there - {*roles})]
    rows = {qubit: number for number, qubit in enumerate(used)}
    each = 0.42 if names else 0.24
    with panels(ax, min(width, 30.0), 1.0 + each * len(used)) as (figure, (axes,)):
        end = max(box.start + box.length for box in boxes)
        for row in rows.values():
            axes.axhline(row, color="0.7", lw=0.7, zorder=1)
        for box in boxes:
            _draw_box(axes, box, [rows[qubit] for qubit in box.qubits], names)
        axes.set_yticks([*rows.values()], [roles.get(q, str(q)) for q in used], fontsize="small")
        axes.set_ylim(len(used) - 0.4, -0.6)
        axes.set_xlim(-0.01 * end, 1.01 * end)
        axes.set_ylabel("qubit")
        axes.grid(False)
        yield figure, axes


def _draw_box(axes: Axes, box: _Box, places: Sequence[int], names: bool) -> None:
    colour, hatch = _KINDS[box.kind]
    left, wide = box.start + 0.08 * names, box.length - 0.16 * names
    middle = box.start + box.length / 2
    for place in places:
        axes.barh(place, wide, 0.7, left=left, color=colour, hatch=hatch, edgecolor="0.3",
                  lw=0.5, zorder=2)  # fmt: skip
        if names:
            axes.text(middle, place, box.label, ha="center", va="center", fontsize="xx-small",
                      zorder=4, bbox={"facecolor": "white", "pad": 0.3, "edgecolor": "none",
                      "alpha": 0.8 if hatch else 0})  # fmt: skip
    if len(places) > 1:
        axes.plot([middle, middle], [min(places), max(places)], color="0.2", lw=1.2, zorder=1.5)
