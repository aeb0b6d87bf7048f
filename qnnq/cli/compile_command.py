"""`qnnq compile`: the circuits of a network on a device, and what they cost."""

from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING, Annotated, Any

import typer

from qnnq.cli import options
from qnnq.cli.declared import takes
from qnnq.cli.output import print_table, write_json
from qnnq.cli.physics import turns
from qnnq.cli.pictures import Circuits, Map, check_pictures, draw_map, save_each
from qnnq.devices.device import DEFAULT_DEVICE
from qnnq.options.coherent import OF_COHERENT_MODE
from qnnq.runs.request import CIRCUITS, RunRequest

if TYPE_CHECKING:
    from transpile import CompiledLayer

_TAKEN = ("model", "data", "images", "mode", *CIRCUITS, *OF_COHERENT_MODE)
"""Options that change circuits, and the images of a Guppy program."""


@takes(
    RunRequest,
    only=_TAKEN,
    required=("model",),
    defaults={"device": DEFAULT_DEVICE, "images": "0:10"},
    helps={"device": "The device to compile for.", "images": "Those of a Guppy program."},
)
def compile_command(
    request: RunRequest,
    instance: options.Instance = None,
    draw: Annotated[bool, typer.Option("--draw", help="Draw the circuits.")] = False,
    qasm: Annotated[
        str | None, typer.Option(help="Write OpenQASM 3 (- is stdout).", metavar="FILE")
    ] = None,
    guppy: Annotated[
        str | None,
        typer.Option(
            help="Write the network on --images as a Guppy program, which runs on Selene or a "
            "trapped-ion machine.",
            metavar="FILE",
        ),
    ] = None,
    figure: Map = None,
    circuits: Circuits = None,
    json: options.Json = None,
) -> None:
    """Show what every layer is on a device: qubits, gates, errors.

    Example: qnnq compile mnist16-a0.5 --device fake_torino --pairs 10 --draw

    Example: qnnq compile mnist16-a0.5 --device fake_kingston --figure where.svg

    Example: qnnq compile mnist16-linear-g3pi8 --mode coherent --qasm network.qasm

    Example: qnnq compile mnist16-a0.5 --guppy program.py --images 0:10
    """
    from qnnq.cli.compile_coherent import compile_coherent
    from qnnq.deployments.layer_rows import layer_rows
    from qnnq.deployments.placed_network import PlacedNetwork
    from qnnq.deployments.placement import Placement
    from qnnq.devices.names import resolve_device
    from qnnq.errors import InputError
    from qnnq.networks.bundled import load_model
    from qnnq.runs.request import check_request
    from qnnq.storage.files import check_writable

    if json == "-" and (draw or qasm == "-"):
        other = "--draw" if draw else "--qasm -"
        raise InputError(f"--json -: expected nothing else on stdout, got {other}")
    check_writable(json, qasm, guppy)
    check_pictures(figure, circuits)
    check_request(request)
    if guppy is not None:
        _write_guppy(request, guppy)
        return
    if request.mode == "coherent":
        compile_coherent(request, instance, draw, qasm, json, figure, circuits)
        return
    network = load_model(request.model)
    placement = Placement(
        resolve_device(str(request.device), instance=instance),
        qubits=request.qubits,
        copies=request.copies,
        pairs=request.pairs,
        pair_gate=request.pair_gate,
    )
    placed = PlacedNetwork(network, placement)
    rows = layer_rows(placed)
    document = {"schema": "qnnq.compile/1", "device": request.device, "layers": rows}
    write_json(document, json)
    if "-" not in (json, qasm):
        _print(f"{request.model} on {request.device}", rows)
        shapes = ((row["neurons"], len(row["sites"]), row["executions"]) for row in rows)
        for line in turns(shapes):
            print(line)
    if figure is not None:
        widest = max(placed.layers, key=lambda layer: len(layer.sites))
        title = f"{request.model} on {placement.device.name}"
        draw_map(placement.device, figure, widest.sites, title=title)
    if circuits is not None:
        _draw_circuits(placed.layers, circuits)
    if draw:
        for layer in _distinct(placed.layers):
            print(layer.circuit.draw("text", idle_wires=False, fold=120))
    if qasm is not None:
        written = _write_qasm(placed.layers, qasm)
        if json != "-":
            print("".join(f"{path}: layers {used}\n" for path, used in written), end="")


def _write_guppy(request: RunRequest, destination: str) -> None:
    """Write the program of a network on images, and say how to run it."""
    from qnnq.data.selection import parse_images
    from qnnq.deployments.guppy import network_program
    from qnnq.execution.inputs import data_for
    from qnnq.networks.bundled import load_model
    from qnnq.storage.files import write_atomically

    network = load_model(request.model)
    dataset = data_for(network, request.data, request.model, labelled=False)
    chosen = parse_images(request.images, len(dataset.images))
    program = network_program(network, dataset.images[chosen])
    if destination == "-":
        print(program, end="")
        return
    write_atomically(Path(destination), program.encode())
    print(
        f"{destination}: {request.model} on {len(chosen)} images; run it with\n"
        f"  pip install 'qnnq[ions]' && python {destination} --shots 15"
    )


def _print(title: str, rows: list[dict[str, Any]]) -> None:
    headings = (
        *("layer", "neurons x copies", "qubits (neuron or neuron:ancilla)", "gates"),
        *("depth", "duration", "rms error of a neuron: mean (worst)"),
    )
    cells = []
    for row in rows:
        errors = row["neuron_errors"]
        executions = f" in {row['executions']} executions" if row["executions"] > 1 else ""
        cells.append(
            [
                str(row["layer"] + 1),
                f"{row['neurons']} x {row['copies']}{executions}",
                fill(" ".join(row["sites"]), 60),
                ", ".join(f"{count} {name}" for name, count in sorted(row["gates"].items())),
                str(row["depth"]),
                f"{1e6 * row['duration_s']:.2f} us",
                f"{100 * sum(errors) / len(errors):.2f} % ({100 * max(errors):.2f} %)",
            ]
        )
    print_table(headings, cells, text=(headings[0], *headings[2:4]), title=title)


def _distinct(layers: "tuple[CompiledLayer, ...]") -> "list[CompiledLayer]":
    return list({id(layer): layer for layer in layers}.values())


def _draw_circuits(layers: "tuple[CompiledLayer, ...]", destination: str) -> None:
    from qnnq.figures.circuits import plot_circuit

    figures = []
    for layer in _distinct(layers):
        used = [number for number, item in enumerate(layers, 1) if item is layer]
        title = f"layer {', '.join(map(str, used))}"
        figures.append(plot_circuit(layer.circuit, layer.sites, title))
    save_each(figures, destination)


def _write_qasm(layers: "tuple[CompiledLayer, ...]", destination: str) -> list[tuple[Path, str]]:
    """Write a program for each circuit; return the files and the layers that each is for."""
    from qiskit import qasm3

    from qnnq.storage.files import write_atomically

    programs = {}
    for layer in _distinct(layers):
        used = [number for number, item in enumerate(layers, 1) if item is layer]
        programs[", ".join(map(str, used))] = f"// layers {used}\n{qasm3.dumps(layer.circuit)}"
    if destination == "-":
        print("\n".join(programs.values()))
        return []
    path = Path(destination)
    several = len(programs) > 1
    paths = [
        path.with_stem(f"{path.stem}-{number}") if several else path
        for number in range(len(programs))
    ]
    for file, program in zip(paths, programs.values(), strict=True):
        write_atomically(file, program.encode())
    return list(zip(paths, programs, strict=True))
