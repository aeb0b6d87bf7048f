"""`qnnq models`: the bundled networks."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import typer

from qnnq.cli import options
from qnnq.cli.output import print_table, write_json

if TYPE_CHECKING:
    from qnnq.networks.network import Network


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def models(
        json: options.Json = None,
    ) -> None:
        """List the bundled networks and their accuracy without noise.

        Example: qnnq models --json -
        """
        from qnnq.networks.bundled import bundled_models, load_model

        networks = {name: load_model(name) for name in bundled_models()}
        if json is not None:
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
    from rich.table import Table

    table = Table(title="Bundled networks, accuracy without noise", title_justify="left")
    for column in ("model", "hidden", "activation"):
        table.add_column(column)
    for column in ("stretch", "angle", "trained", "one shot", "majority"):
        table.add_column(column, justify="right")
    for name, network in networks.items():
        known = network.information
        table.add_row(
            name,
            "-".join(map(str, network.widths)),
            _one_or_each(network.activation, network.activations),
            _one_or_each(network.stretch, [f"{stretch:g}" for stretch in network.stretches]),
            f"{network.entanglement / math.pi:.4g} pi",
            f"{known['data']}, {known['epochs']} epochs, seed {known['seed']}",
            f"{100 * float(known['single_shot_accuracy']):.2f} %",
            f"{100 * float(known['majority_accuracy']):.2f} %",
        )
    table.caption = _caption(next(iter(networks.values())))
    print_table(table)


def _one_or_each(value: object, layers: Sequence[str]) -> str:
    return ", ".join(layers) if isinstance(value, tuple) else layers[0]


def _caption(network: "Network") -> str:
    known = network.information
    return f"on {known['test_data']}; majority of {known['shots']} shots; angle: the entanglement's"
