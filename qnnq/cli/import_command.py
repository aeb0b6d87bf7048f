"""`qnnq import`: make a network file of weights that were trained elsewhere."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from qnnq.cli import options
from qnnq.cli.declared import takes
from qnnq.cli.output import percent, write_json
from qnnq.training.settings import TrainingSettings

if TYPE_CHECKING:
    from qnnq.execution.import_check import ImportCheck, LogitsCheck
    from qnnq.networks.network import Network


@takes(
    TrainingSettings,
    only=("stretch", "activation", "entanglement", "last_projective"),
    required=("stretch", "activation"),
    helps={"stretch": "As it was trained; 0 is sign(z). One, or one a hidden layer."},
)
def import_command(
    physics: TrainingSettings,
    weights: Annotated[
        str,
        typer.Argument(
            metavar="WEIGHTS",
            help="Published JSON (last_params), safetensors, or a state_dict or checkpoint "
            "that torch saved.",
        ),
    ],
    out: options.NetworkFile,
    layers: Annotated[
        str | None,
        typer.Option(
            help="The linear layers in the order of their call, where the file has another: "
            "fc1,fc2,out. BatchNorm before an activation is fc1+bn1, after it bn1+fc2.",
            metavar="NAMES",
        ),
    ] = None,
    features: Annotated[
        str | None,
        typer.Option(
            help="Training features that are no pixels, such as a table (CSV) or an .npz with "
            "`features`: the network stores the scaling of their ranges to [0, 1], and then "
            "takes features as they are.",
            metavar="FILE",
        ),
    ] = None,
    clip: options.Clip = False,
    data: Annotated[
        str | None,
        typer.Option(
            help="Show what the import is worth on this, and which stretch fits best.",
            metavar="NAME|FILE",
        ),
    ] = None,
    logits: Annotated[
        str | None,
        typer.Option(
            "--check-logits",
            help="Prove the import: an .npz with `images` or `features`, and the `logits` that "
            "the classical network has for them. They must agree to 1e-5 of the largest.",
            metavar="FILE",
        ),
    ] = None,
    json: options.Json = None,
) -> None:
    """Import trained weights. The physics, which such files do not hold, is given by options.

    Hidden layers with nn.Tanh are --stretch 1 --activation tanh, with nn.Hardtanh --stretch 1
    --activation htanh, with signs --stretch 0 --activation htanh. ReLU has no counterpart.
    From Python, qnnq.from_torch reads all of it, and the order of the layers, from the module.

    Example: qnnq import params.json --stretch 0.5 --activation htanh --out net.safetensors

    Example: qnnq import net.pt --stretch 1 --activation tanh --data my.npz --out my.safetensors
    """
    from qnnq.data.load import load_data, split_part
    from qnnq.execution.import_check import check_import, check_logits
    from qnnq.networks.file import check_network_path, write_network
    from qnnq.networks.imports import import_network
    from qnnq.storage.files import check_another, check_writable

    check_network_path(out)
    read = [split_part(each)[0] for each in (features, data, logits) if each is not None]
    for path in (out, json or "-"):
        check_another(path, weights, *read)
    check_writable(out, json)
    network = import_network(
        weights,
        physics.activation,
        physics.stretch,
        physics.entanglement,
        physics.last_projective,
        None if layers is None else layers.split(","),
    )
    network = _with_scaling(network, features, clip)
    proof = None if logits is None else check_logits(network, logits)
    check = None if data is None else check_import(network, load_data(data))
    write_network(network, out)
    write_json(_document(out, network, check, proof), json)
    if json != "-":
        _print(out, network, check, proof)


def _with_scaling(network: "Network", features: str | None, clip: bool) -> "Network":
    import numpy as np

    from qnnq.data.load import load_data
    from qnnq.errors import InputError
    from qnnq.networks.scaling import Scaling

    if features is None:
        if clip:
            raise InputError("--clip: expected --features FILE beside it")
        return network
    found = load_data(features, prefer="train", labelled=False)
    if found.kind == "pixels":
        raise InputError(
            f"--features {features}: expected features, got pixels, which need no scaling; call "
            "the array `features` if that is what it has"
        )
    scaling = Scaling.of_features(found.images.astype(np.float64), clip, found.columns)
    return scaling.taken_up_by(network)


def _document(
    out: str, network: "Network", check: "ImportCheck | None", proof: "LogitsCheck | None"
) -> dict[str, Any]:
    from dataclasses import asdict

    document: dict[str, Any] = {
        "schema": "qnnq.import/1",
        "network": out,
        "digest": network.digest,
        "inputs": network.inputs,
        "hidden": list(network.widths),
        "classes": network.classes,
        "biases": sum(bias is not None for bias in network.biases),
        "last_projective": network.last_projective,
        "information": dict(network.information),
    }
    if check is not None:
        document["check"] = {**asdict(check), "best_stretch": check.best_stretch}
    if proof is not None:
        document["logits"] = asdict(proof)
    return document


def _print(
    out: str, network: "Network", check: "ImportCheck | None", proof: "LogitsCheck | None"
) -> None:
    from qnnq.cli.physics import measured
    from qnnq.execution.import_check import SHOTS
    from qnnq.wording import counted

    layers = "-".join(str(size) for size in (network.inputs, *network.widths, network.classes))
    biases = sum(bias is not None for bias in network.biases)
    print(f"{out}: {layers}, {len(network.weights)} weight matrices, {biases} with biases")
    print(measured(network))
    _print_order(network)
    if proof is not None:
        precision = f" of weights in {proof.precision}" if proof.precision else ""
        print(
            f"logits of {counted(proof.images, 'image')}: within {proof.deviation:.1g} of the "
            f"largest (allowed{precision}: {proof.tolerance:g})"
        )
    if check is None:
        return
    print(f"without noise, on {counted(check.images, 'image')}:")
    rows = {
        "unsampled: the same weights, phi(z)": check.unsampled,
        "one shot": check.one_shot,
        f"majority of {SHOTS}": check.majority,
    }
    for name, accuracy in rows.items():
        print(f"  {name + ':':36}{percent(vars(accuracy))}")
    if check.majorities:
        best = check.majorities[check.best_stretch]
        name = f"majority at stretch {check.best_stretch:g}, the best:"
        print(f"  {name:36}{percent(vars(best))}")


def _print_order(network: "Network") -> None:
    """Print the layers by name, and that their shapes allow another order where they do."""
    from qnnq.networks.imports import LAYERS

    if LAYERS not in network.information:
        return
    shapes = [weight.shape for weight in network.weights]
    alike = len(set(shapes)) < len(shapes)
    hint = " (some of one shape: --layers gives another order)" if alike else ""
    print(f"layers: {network.information[LAYERS]}{hint}")
