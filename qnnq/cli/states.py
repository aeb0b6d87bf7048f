"""`qnnq states`: quantum states as data."""

import os
from typing import TYPE_CHECKING, Annotated, Any

import typer

from qnnq.cli import options
from qnnq.cli.output import print_table, write_json

if TYPE_CHECKING:
    from qnnq.data.states.dataset import States
    from qnnq.devices.device import Device
    from qnnq.execution.states.layout import StatesLayout


def states(
    data: Annotated[
        str | None,
        typer.Argument(metavar="STATES", help="A family or a file (.json, .qpy)."),
    ] = None,
    qubits: Annotated[int, typer.Option(help="Of a copy; of a register, time-reversal.")] = 4,
    count: Annotated[int, typer.Option("--states", help="How many.")] = 10,
    seed: Annotated[int, typer.Option(help="Of the family.")] = 0,
    copies: Annotated[
        int | None, typer.Option(help="Copies a shot, 1 or 2. Default: the family's.")
    ] = None,
    draws: Annotated[
        int, typer.Option(help="Preparations that stand for a mixed state in a file.")
    ] = 64,
    draw: Annotated[
        int | None,
        typer.Option(help="Draw the shot of this state, twins coupled.", metavar="N"),
    ] = None,
    device: options.Device = None,
    out: Annotated[
        str | None,
        typer.Option(help="Write them: .json (OpenQASM 3) or .qpy.", metavar="FILE"),
    ] = None,
    json: options.Json = None,
) -> None:
    """List, make, write and draw quantum states.

    With --device it says what fits, and what contrast the noise leaves pairs of twins.

    Example: qnnq states hidden-pauli --qubits 8 --states 3 --device fake_kingston
    """
    if data is None:
        _list_families(json)
        return
    from qnnq.data.states.files import check_ending, write_states
    from qnnq.devices.names import resolve_device

    if out is not None:
        check_ending(out)
    found = _states(data, qubits, count, seed, copies, draws)
    document: dict[str, Any] = {
        "schema": "qnnq.states/1",
        "name": found.name,
        "digest": found.digest,
        "states": len(found.states),
        "qubits": found.qubits,
        "copies": found.copies,
        "labels": found.labels.tolist(),
    }
    resolved = None if device is None else resolve_device(device)
    layout = None if resolved is None else _layout(found, resolved)
    if layout is not None:
        document["layout"] = {
            "device": device,
            "form": layout.form,
            "room": layout.room,
            "pairs": [list(pair) for pair in layout.pairs],
            "gates": layout.gates,
            "routed_gates": layout.routed_gates,
            "contrast": layout.contrast,
            "uniform_contrast": layout.uniform_contrast,
        }
    if out is not None:
        write_states(out, found)
    write_json(document, json)
    if json != "-":
        _print(found, layout, resolved, draw)


def _list_families(json: str | None) -> None:
    from qnnq.data.states.families import FAMILIES

    entries = [
        {"name": name, "about": each.about, "copies": each.copies, "qubits": list(each.qubits)}
        for name, each in FAMILIES.items()
    ]
    write_json({"schema": "qnnq.states/1", "families": entries}, json)
    if json == "-":
        return
    rows = [
        (name, each.about, str(each.copies), f"{each.qubits[0]} to {each.qubits[1]}")
        for name, each in FAMILIES.items()
    ]
    text = ("family", "states, and what is asked")
    headings = (*text, "copies a shot", "qubits")
    print_table(headings, rows, text=text, title="Families of states")


def _states(
    data: str, qubits: int, count: int, seed: int, copies: int | None, draws: int
) -> "States":
    from qnnq.data.states.families import make_states
    from qnnq.data.states.files import read_states

    if os.path.exists(data) or data.endswith((".json", ".qpy")):
        return read_states(data)
    return make_states(data, qubits, count, seed, copies, draws)


def _layout(found: "States", device: "Device") -> "StatesLayout":
    from noise_models.specification import NoiseSpecification
    from qnnq.execution.states.layout import states_layout

    noise = NoiseSpecification.parse(device.name, [device.name])
    return states_layout(found, device.target, noise)


def _print(
    found: "States", layout: "StatesLayout | None", device: "Device | None", draw: int | None
) -> None:
    from qnnq.wording import counted

    copies = {1: "1 copy", 2: "2 copies"}[found.copies]
    labels = ", ".join(map(str, found.labels[:8].tolist())) + ", ..." * (len(found.labels) > 8)
    print(
        f"{found.name}: {counted(len(found.states), 'state')} of {counted(found.qubits, 'qubit')}, "
        f"{copies} a shot; labels {labels}"
    )
    if layout is not None and device is not None:
        _print_layout(found, layout, device)
    if draw is not None:
        from qnnq.errors import require
        from qnnq.execution.states.layout import shot_circuit

        last = len(found.states) - 1
        require(0 <= draw <= last, "--draw", f"a state from 0 to {last}", draw)
        print(shot_circuit(found, draw).draw("text", fold=120))


def _print_layout(found: "States", layout: "StatesLayout", device: "Device") -> None:
    if layout.contrast is None or layout.uniform_contrast is None:
        print(
            f"{device.name}: {layout.gates} two-qubit gates a shot become {layout.routed_gates}, "
            f"as of {layout.swaps:.0f} SWAPs"
        )
        return
    from qnnq.execution.states.layout import quantum_seconds
    from qnnq.statistics.copies import CONTRAST, pair_copies_needed
    from qnnq.wording import counted

    pairs = ", ".join(f"{first}-{second}" for first, second in layout.pairs)
    print(
        f"{device.name}: {found.pairs} of at most {layout.room} disjoint pairs, "
        f"{layout.gates} two-qubit gates: {pairs}"
    )
    print(
        f"contrast that the noise leaves: {layout.contrast:.3f} of a Pauli without identities, "
        f"{layout.uniform_contrast:.3f} on average over all"
    )
    if found.name.startswith("hidden-pauli"):
        needed = pair_copies_needed(CONTRAST**2 * layout.contrast)
        print(f"copies for 95 %, one of two Paulis without identities told afterwards: {needed}")
        sets = len(found.states) * needed // 2
        print(
            f"cost: {counted(sets, 'parameter set')} of one shot, "
            f"{quantum_seconds(device, sets):.2f} quantum seconds and what the sets cost to load, "
            f"of which nothing is published; up to {layout.side_by_side} shots fit side by side, "
            "the others on worse pairs"
        )
