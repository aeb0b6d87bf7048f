"""`qnnq train`: train a network with natural quantization."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from qnnq.cli.output import print_table, progress_bar, write_json

if TYPE_CHECKING:
    from qnnq.training.settings import Epoch, TrainingSettings
    from qnnq.training.trainer import TrainingResult


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def train(
        out: Annotated[str, typer.Option(help="The network file to write.", metavar="FILE")],
        stretch: Annotated[float, typer.Option(help="Of the activation; 0 is sign(z).")] = 0.5,
        entanglement: Annotated[
            str, typer.Option(help="Angle in radians, such as 5pi/19; pi/2 is projective.")
        ] = "pi/2",
        activation: Annotated[str, typer.Option(help="htanh or tanh.")] = "htanh",
        last_projective: Annotated[
            bool, typer.Option(help="Measure the last hidden layer at pi/2 in any case.")
        ] = True,
        hidden: Annotated[str, typer.Option(help="Width of each hidden layer.")] = "16,16,16",
        data: Annotated[str, typer.Option(help="A data set's name or a file.")] = "mnist5k",
        test_data: Annotated[str, typer.Option(help="What errors are measured on.")] = "mnist-test",
        epochs: Annotated[int, typer.Option(help="Times through the data.")] = 100,
        seed: Annotated[int, typer.Option(help="Seed of every random number.")] = 0,
        learning_rate: Annotated[float, typer.Option(help="Of SGD with momentum 0.9.")] = 0.01,
        batch_size: Annotated[int, typer.Option(help="Images an update.")] = 64,
        evaluate_every: Annotated[int, typer.Option(help="Epochs between test errors.")] = 10,
        json: Annotated[
            str | None,
            typer.Option(help="Write the history as JSON (- is stdout).", metavar="FILE"),
        ] = None,
    ) -> None:
        """Train a network; needs qnnq[train]. It takes a GPU if there is one, else the CPU.

        Example: qnnq train --stretch 0.5 --hidden 16,16,16 --epochs 100 --out net.safetensors
        """
        from qnnq.data.load import load_data
        from qnnq.networks.angles import parse_entanglement
        from qnnq.networks.file import write_network
        from qnnq.storage.files import check_writable
        from qnnq.training.settings import TrainingSettings

        check_writable(out)
        if json not in (None, "-"):
            check_writable(json)
        settings = TrainingSettings(
            hidden=_widths(hidden),
            stretch=stretch,
            activation=activation,  # type: ignore[arg-type]  # checked with the network
            entanglement=parse_entanglement(entanglement),
            last_projective=last_projective,
            epochs=epochs,
            seed=seed,
            learning_rate=learning_rate,
            batch_size=batch_size,
            evaluate_every=evaluate_every,
        )
        trainer = _torch_trainer()
        with progress_bar("epochs", epochs) as advance:
            result = trainer(
                settings, load_data(data), load_data(test_data), lambda epoch: advance(1)
            )
        write_network(result.network, out)
        if json is not None:
            write_json(_document(settings, result), json)
        if json != "-":
            _print(result, out)
        if result.interrupted:
            from qnnq.errors import Interrupted

            done = result.history[-1].epoch
            raise Interrupted(f"stopped: {out} has the network after epoch {done} of {epochs}")


def _torch_trainer():  # type: ignore[no-untyped-def]  # naming the type would import torch
    from qnnq.errors import QnnqError

    try:
        from qnnq.training.trainer import train
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        raise QnnqError("training needs torch: pip install 'qnnq[train]'") from None
    return train


def _widths(text: str) -> tuple[int, ...]:
    import re

    from qnnq.errors import InputError

    widths = [width.strip() for width in text.split(",")]
    if not all(re.fullmatch(r"[0-9]{1,9}", width) for width in widths):
        raise InputError(f"--hidden {text!r}: expected widths such as 16,16,16")
    return tuple(map(int, widths))


def _document(settings: "TrainingSettings", result: "TrainingResult") -> dict[str, object]:
    return {
        "schema": "qnnq.train/1",
        "settings": asdict(settings),
        "network": result.network.digest,
        "information": dict(result.network.information),
        "interrupted": result.interrupted,
        "history": [asdict(epoch) for epoch in result.history],
    }


def _print(result: "TrainingResult", out: str) -> None:
    from rich.table import Table

    from qnnq.training.settings import MAJORITY_SHOTS

    table = Table(title=f"{out}: errors after training", title_justify="left")
    for column in ("epoch", "loss", "training", "test, one shot", f"majority of {MAJORITY_SHOTS}"):
        table.add_column(column, justify="right")
    for epoch in result.history:
        if epoch.majority_error is not None or epoch is result.history[-1]:
            table.add_row(*_row(epoch))
    print_table(table)


def _row(epoch: "Epoch") -> list[str]:
    errors = (epoch.training_error, epoch.single_shot_error, epoch.majority_error)
    return [str(epoch.epoch), f"{epoch.loss:.4f}"] + [
        "-" if error is None else f"{100 * error:.2f} %" for error in errors
    ]
