"""`qnnq import`: make a network file of weights that were trained elsewhere."""

from typing import Annotated

import typer

from qnnq.cli import options


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
    ) -> None:
        """Import trained weights. The physics, which such files do not hold, is given by options.

        Example: qnnq import params.json --stretch 0.5 --activation htanh --out net.safetensors
        """
        from qnnq.networks.angles import parse_entanglement
        from qnnq.networks.file import write_network
        from qnnq.networks.imports import import_network
        from qnnq.networks.per_layer import parse_activation, parse_stretch

        network = import_network(
            weights,
            parse_activation(activation),
            parse_stretch(stretch),
            parse_entanglement(entanglement),
            last_projective,
        )
        write_network(network, out)
        layers = "-".join(str(size) for size in (network.inputs, *network.widths, network.classes))
        print(f"{out}: {layers}, {len(network.weights)} weight matrices")
