"""`qnnq scale`: data of features for a network that carries their scaling."""

from pathlib import Path
from typing import Annotated

import typer

from qnnq.cli import options


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def scale(
        network: Annotated[
            Path, typer.Argument(metavar="NETWORK", help="Made by qnnq import --features.")
        ],
        file: Annotated[
            Path, typer.Argument(metavar="FILE", help="An .npz with `features` and `labels`.")
        ],
        out: Annotated[str, typer.Option(help="The data file to write.", metavar="FILE")],
        json: options.Json = None,
    ) -> None:
        """Turn features into the data that a network takes.

        The network carries their scaling.

        Example: qnnq scale net.safetensors test-features.npz --out test.npz
        """
        from qnnq.cli.output import write_json
        from qnnq.data.files import read_features, write_data
        from qnnq.errors import InputError
        from qnnq.networks.file import read_network
        from qnnq.networks.scaling import Scaling
        from qnnq.storage.files import check_another

        check_another(out, network, file)
        carrier = read_network(network)
        features, labels = read_features(file)
        try:
            pixels = Scaling.of_network(carrier).pixels(features)
        except InputError as error:
            raise InputError(f"{network}, {file}: {error}") from error
        data = write_data(out, pixels, labels)
        count, width = data.images.shape
        if json is not None:
            document = {"data": out, "images": count, "pixels": width, "digest": data.digest}
            write_json({"schema": "qnnq.scale/1", **document}, json)
        if json != "-":
            print(f"{out}: {count} x {width}, labels 0 to {data.labels.max()}")
