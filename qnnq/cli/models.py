"""`qnnq models`: the bundled networks."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from qnnq.cli import options
from qnnq.cli.output import print_table, write_json

if TYPE_CHECKING:
    from qnnq.networks.network import Network


def models(
    files: Annotated[
        list[str] | None,
        typer.Argument(metavar="MODEL", help="These, instead of all bundled ones."),
    ] = None,
    json: options.Json = None,
) -> None:
    """List networks and their accuracy without noise.

    All bundled ones, or those that are named.

    Example: qnnq models net.safetensors
    """
    from qnnq.networks.bundled import bundled_models, load_model

    networks = {name: load_model(name) for name in files or bundled_models()}
    entries = [_entry(name, network) for name, network in networks.items()]
    write_json({"schema": "qnnq.models/1", "models": entries}, json)
    if json != "-":
        _print(networks)


def _entry(name: str, network: "Network") -> dict[str, Any]:
    return {
        "name": name,
        "digest": network.digest,
        "inputs": network.inputs,
        "hidden": list(network.widths),
        "classes": network.classes,
        "activation": network.activation,
        "stretch": network.stretch,
        "entanglement": network.entanglement,
        "last_projective": network.last_projective,
        "information": dict(network.information),
    }


def _print(networks: dict[str, "Network"]) -> None:
    rows = []
    for name, network in networks.items():
        known = network.information
        rows.append(
            [
                name,
                "-".join(map(str, network.widths)),
                _one_or_each(network.activation, network.activations),
                _one_or_each(network.stretch, [f"{stretch:g}" for stretch in network.stretches]),
                f"{network.entanglement / math.pi:.4g} pi",
                _training(known),
                *(_accuracy(known, name) for name in ("single_shot_accuracy", "majority_accuracy")),
            ]
        )
    text = ("model", "hidden", "activation")
    print_table(
        (*text, "stretch", "entanglement", "trained", "one shot", "majority"),
        rows,
        text=text,
        title="Networks, accuracy without noise",
        caption=_caption(networks.values()),
    )


def _training(known: Mapping[str, str]) -> str:
    if {"data", "epochs", "seed"} <= known.keys():
        return f"{known['data']}, {known['epochs']} epochs, seed {known['seed']}"
    return f"imported from {known['imported_from']}" if "imported_from" in known else "unknown"


def _accuracy(known: Mapping[str, str], name: str) -> str:
    return f"{100 * float(known[name]):.2f} %" if name in known else "-"


def _one_or_each(value: object, layers: Sequence[str]) -> str:
    return ", ".join(layers) if isinstance(value, tuple) else layers[0]


def _caption(networks: "Iterable[Network]") -> str:
    """Say what accuracies were measured on, as far as the files tell."""
    known = [network.information for network in networks if "test_data" in network.information]
    told = dict.fromkeys(f"on {each['test_data']}, majority of {each['shots']}" for each in known)
    return "; ".join(told)
