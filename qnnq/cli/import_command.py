"""`qnnq import`: make a network file of weights that were trained elsewhere."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from qnnq.cli import options
from qnnq.cli.output import percent, write_json

if TYPE_CHECKING:
    from qnnq.data.dataset import Dataset
    from qnnq.execution.import_check import ImportCheck
    from qnnq.networks.network import Network
    from qnnq.networks.scaling import Scaling


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command("import")
    def import_command(
        weights: Annotated[
            str,
            typer.Argument(
                metavar="WEIGHTS", help="Published JSON (last_params) or a saved torch state_dict."
            ),
        ],
        out: options.NetworkFile,
        stretch: Annotated[
            str,
            typer.Option(help="As it was trained; 0 is sign(z). One, or one a hidden layer."),
        ],
        activation: options.Activation,
        entanglement: options.Entanglement = "pi/2",
        last_projective: options.LastProjective = False,
        features: Annotated[
            Path | None,
            typer.Option(
                help="Training features that are no pixels, an .npz with `features` and `labels`: "
                "the network takes up the scaling of their ranges to [0, 1]; see qnnq scale.",
                metavar="FILE",
            ),
        ] = None,
        data: Annotated[
            str | None,
            typer.Option(
                help="Show what the import is worth on this, and which stretch fits best; beside "
                "--features a file like that.",
                metavar="NAME|FILE",
            ),
        ] = None,
        json: options.Json = None,
    ) -> None:
        """Import trained weights. The physics, which such files do not hold, is given by options.

        Hidden layers with nn.Tanh are --stretch 1 --activation tanh, with nn.Hardtanh --stretch 1
        --activation htanh, with signs --stretch 0 --activation htanh. ReLU has no counterpart.

        Example: qnnq import params.json --stretch 0.5 --activation htanh --out net.safetensors

        Example: qnnq import net.pt --stretch 1 --activation tanh --data my.npz --out my.safetensors
        """
        from qnnq.data.files import read_features
        from qnnq.execution.import_check import check_import
        from qnnq.networks.angles import parse_entanglement
        from qnnq.networks.file import write_network
        from qnnq.networks.imports import import_network
        from qnnq.networks.per_layer import parse_activation, parse_stretch
        from qnnq.networks.scaling import Scaling
        from qnnq.storage.files import check_another

        check_another(out, weights, *(each for each in (features, data) if each is not None))
        network = import_network(
            weights,
            parse_activation(activation),
            parse_stretch(stretch),
            parse_entanglement(entanglement),
            last_projective,
        )
        scaling = None
        if features is not None:
            scaling = Scaling.of_features(read_features(features)[0])
            network = scaling.taken_up_by(network)
        write_network(network, out)
        check = None if data is None else check_import(network, _data(data, scaling))
        if json is not None:
            write_json(_document(out, network, check), json)
        if json != "-":
            _print(out, network, check)


def _data(name: str, scaling: "Scaling | None") -> "Dataset":
    from qnnq.data.dataset import Dataset
    from qnnq.data.files import read_features
    from qnnq.data.load import load_data

    if scaling is None:
        return load_data(name)
    features, labels = read_features(Path(name))
    return Dataset(scaling.pixels(features), labels, name)


def _document(out: str, network: "Network", check: "ImportCheck | None") -> dict[str, Any]:
    from dataclasses import asdict

    document: dict[str, Any] = {
        "schema": "qnnq.import/1",
        "network": out,
        "digest": network.digest,
        "inputs": network.inputs,
        "hidden": list(network.widths),
        "classes": network.classes,
        "biases": sum(bias is not None for bias in network.biases),
    }
    if check is not None:
        document["check"] = {**asdict(check), "best_stretch": check.best_stretch}
    return document


def _print(out: str, network: "Network", check: "ImportCheck | None") -> None:
    from qnnq.execution.import_check import SHOTS

    layers = "-".join(str(size) for size in (network.inputs, *network.widths, network.classes))
    biases = sum(bias is not None for bias in network.biases)
    print(f"{out}: {layers}, {len(network.weights)} weight matrices, {biases} with biases")
    if check is None:
        return
    print(f"without noise, on {check.images} images:")
    rows = {
        "classical network of these weights": check.classical,
        "one shot": check.one_shot,
        f"majority of {SHOTS}": check.majority,
    }
    for name, accuracy in rows.items():
        print(f"  {name + ':':36}{percent(vars(accuracy))}")
    if check.majorities:
        best = check.majorities[check.best_stretch]
        name = f"majority at stretch {check.best_stretch:g}, the best:"
        print(f"  {name:36}{percent(vars(best))}")
