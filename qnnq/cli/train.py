"""`qnnq train`: train a network with natural quantization."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from qnnq.cli import options
from qnnq.cli.output import print_table, progress_bar, write_json

if TYPE_CHECKING:
    from qnnq.data.dataset import Dataset
    from qnnq.training.settings import Epoch, TrainingSettings
    from qnnq.training.trainer import TrainingResult


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def train(
        out: options.NetworkFile,
        stretch: Annotated[
            str, typer.Option(help="Of the activation; 0 is sign(z). One, or one a hidden layer.")
        ] = "0.5",
        entanglement: options.Entanglement = "pi/2",
        activation: options.Activation = "htanh",
        last_projective: options.LastProjective = True,
        hidden: Annotated[str, typer.Option(help="Width of each hidden layer.")] = "16,16,16",
        data: options.Data = "mnist5k",
        test_data: Annotated[
            str | None,
            typer.Option(
                help="What errors are measured on.  [default: the test part of --data if it has "
                "one, else mnist-test]",
                metavar="NAME|FILE",
            ),
        ] = None,
        clip: options.Clip = False,
        epochs: Annotated[int, typer.Option(help="Times through the data.")] = 100,
        seed: Annotated[
            str, typer.Option(help="Of every random number; 0,1,2 trains three networks.")
        ] = "0",
        learning_rate: Annotated[float, typer.Option(help="Of SGD with momentum 0.9.")] = 0.01,
        batch_size: Annotated[int, typer.Option(help="Images an update.")] = 64,
        evaluate_every: Annotated[int, typer.Option(help="Epochs between test errors.")] = 10,
        train_shots: Annotated[
            int, typer.Option(help="Shots an image in the loss: more train the vote.")
        ] = 1,
        schedule: Annotated[
            str, typer.Option(help="Of the learning rate: constant or cosine.")
        ] = "constant",
        weight_decay: Annotated[float, typer.Option(help="Of SGD, on all weights.")] = 0.0,
        label_smoothing: Annotated[
            float, typer.Option(help="Share of a label that goes to all classes.")
        ] = 0.0,
        input_dropout: Annotated[float, typer.Option(help="Share of pixels set to 0.")] = 0.0,
        dropout: Annotated[float, typer.Option(help="Share of outcomes set to 0.")] = 0.0,
        shift: Annotated[
            int, typer.Option(help="Augmentation: move images by up to so many pixels.")
        ] = 0,
        validation: Annotated[
            float,
            typer.Option(help="Share of the training images held out to choose the best epoch."),
        ] = 0.0,
        patience: Annotated[
            int, typer.Option(help="Stop so many epochs after the best one; 0: never.")
        ] = 0,
        noise: Annotated[
            str,
            typer.Option(help="Train under this noise, or measured:FILE.", metavar="SPEC"),
        ] = "ideal",
        strength: Annotated[
            str, typer.Option(help="Of the noise; of several, each image of a batch draws one.")
        ] = "1",
        device: options.Device = None,
        qubits: options.Qubits = "best",
        mode: Annotated[
            str, typer.Option(help="Of the layers under noise: stepwise or coherent.")
        ] = "stepwise",
        feedback_latency: options.FeedbackLatency = None,
        json: options.Json = None,
        figure: Annotated[
            str | None,
            typer.Option(help="Draw learning curves: .png, .svg or .pdf.", metavar="PICTURE"),
        ] = None,
    ) -> None:
        """Train a network; needs qnnq[train]. It takes a GPU if there is one, else the CPU.

        Under --noise the outcomes are sampled from the noisy response of the compiled layers, with
        --mode coherent of neurons that live on between layers. Test errors are without noise;
        `qnnq run` measures them with it.

        After every epoch FILE.checkpoint is written, so a training that was stopped, in whatever
        way, goes on where it was when the same command is given again. With several seeds FILE has
        {seed} in its name.

        Example: qnnq train --stretch 0.5 --hidden 16,16,16 --epochs 100 --out net.safetensors

        Example: qnnq train --noise fake_kingston --strength 1,32 --out net.safetensors

        Example: qnnq train --activation htanh,linear,linear --stretch 0.5,1,1 --out net.safetensors

        Example: qnnq train --seed 0,1,2 --train-shots 4 --out "net-{seed}.safetensors"
        """
        from dataclasses import replace

        from qnnq.data.load import load_data, test_part
        from qnnq.networks.angles import parse_entanglement
        from qnnq.networks.per_layer import parse_activation, parse_stretch
        from qnnq.training.settings import TrainingSettings

        seeds = _numbers("--seed", seed, "seeds such as 0 or 0,1,2")
        outs = _outs(out, seeds)
        test_data = test_data or test_part(data) or "mnist-test"
        _check_outputs(outs, json, figure, sources=(data, test_data, *_measured(noise)))
        settings = TrainingSettings(
            hidden=_numbers("--hidden", hidden, "widths such as 16,16,16"),
            stretch=parse_stretch(stretch),
            activation=parse_activation(activation),
            entanglement=parse_entanglement(entanglement),
            last_projective=last_projective,
            epochs=epochs,
            learning_rate=learning_rate,
            batch_size=batch_size,
            evaluate_every=evaluate_every,
            train_shots=train_shots,
            schedule=schedule,  # type: ignore[arg-type]  # checked there
            weight_decay=weight_decay,
            label_smoothing=label_smoothing,
            input_dropout=input_dropout,
            dropout=dropout,
            shift=shift,
            validation=validation,
            patience=patience,
            noise=noise,
            strengths=_strengths(strength),
            device=device,
            qubits=qubits,
            mode=mode,  # type: ignore[arg-type]  # checked where layers are compiled
            feedback_latency=feedback_latency,
        )
        each = [replace(settings, seed=number) for number in seeds]
        trainings = _train_all(
            each, outs, load_data(data, prefer="train"), load_data(test_data), clip
        )
        pairs = zip(each, trainings)
        document = [_document(settings, result) for settings, result in pairs]
        write_json({"schema": "qnnq.train/2", "trainings": document}, json)
        if figure is not None:
            from qnnq.figures.style import save
            from qnnq.figures.training import plot_learning

            save(plot_learning({s.seed: r.history for s, r in zip(each, trainings)}), figure)
        if json != "-":
            _print(trainings, outs)
        if len(trainings) < len(seeds) or trainings[-1].interrupted:
            from qnnq.errors import Interrupted

            last = trainings[-1]
            raise Interrupted(
                f"stopped: {outs[len(trainings) - 1]} has the network after epoch "
                f"{last.history[-1].epoch} of {epochs}; the same command goes on from there"
            )
        for path in outs:
            Path(_checkpoint(path)).unlink(missing_ok=True)


def _train_all(
    settings: "Sequence[TrainingSettings]",
    outs: Sequence[str],
    data: "Dataset",
    test: "Dataset",
    clip: bool,
) -> "list[TrainingResult]":
    """Train a network a seed and write it; stops after one that was interrupted."""
    from qnnq.networks.file import write_network

    trainer = _torch_trainer()
    results: list[TrainingResult] = []
    with progress_bar("epochs", len(outs) * settings[0].epochs) as advance:
        for each, out in zip(settings, outs):
            result = trainer(
                each, data, test, lambda epoch: advance(1), checkpoint=_checkpoint(out), clip=clip
            )
            write_network(result.network, out)
            results.append(result)
            if result.interrupted:
                break
    return results


def _checkpoint(out: str) -> str:
    return f"{out}.checkpoint"


def _outs(out: str, seeds: Sequence[int]) -> list[str]:
    from qnnq.errors import InputError

    if len(set(seeds)) < len(seeds):
        raise InputError(f"--seed: expected different seeds, got {','.join(map(str, seeds))}")
    if len(seeds) > 1 and "{seed}" not in out:
        raise InputError(f"--out {out}: expected {{seed}} in the name with several seeds")
    return [out.replace("{seed}", str(seed)) for seed in seeds]


def _measured(noise: str) -> list[str]:
    """Return the file of a measured response."""
    from qnnq.deployments.noise_text import MEASURED, is_measured

    return [noise.strip().removeprefix(MEASURED)] if is_measured(noise) else []


def _check_outputs(
    outs: Sequence[str], json: str | None, figure: str | None, sources: Sequence[str]
) -> None:
    import os

    from qnnq.data.load import split_part
    from qnnq.errors import InputError
    from qnnq.networks.file import check_network_path
    from qnnq.storage.files import check_another, check_writable

    for out in outs:
        check_network_path(out)
    if figure is not None:
        from qnnq.figures.style import check_ending

        check_ending(figure)
    written: list[str] = []
    for path in (*outs, json, figure):
        if path is not None and path != "-":
            check_another(path, *(split_part(source)[0] for source in sources))
            check_writable(path)
            if os.path.realpath(path) in written:
                raise InputError(f"{path}: expected another file for each output")
            written.append(os.path.realpath(path))


def _torch_trainer() -> "Callable[..., TrainingResult]":
    from qnnq.errors import QnnqError

    try:
        from qnnq.training.trainer import train
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        raise QnnqError("training needs torch: pip install 'qnnq[train]'") from None
    return train


def _numbers(option: str, text: str, expected: str) -> tuple[int, ...]:
    import re

    from qnnq.errors import InputError

    numbers = [number.strip() for number in text.split(",")]
    if not all(re.fullmatch(r"[0-9]{1,9}", number) for number in numbers):
        raise InputError(f"{option} {text!r}: expected {expected}")
    return tuple(map(int, numbers))


def _strengths(text: str) -> tuple[float, ...]:
    from qnnq.errors import InputError

    try:
        return tuple(float(number) for number in text.split(","))
    except ValueError:
        raise InputError(f"--strength {text!r}: expected numbers such as 1 or 1,32") from None


def _document(settings: "TrainingSettings", result: "TrainingResult") -> dict[str, object]:
    return {
        "settings": settings.identity(),
        "network": result.network.digest,
        "information": dict(result.network.information),
        "interrupted": result.interrupted,
        "history": [asdict(epoch) for epoch in result.history],
    }


def _print(trainings: "Sequence[TrainingResult]", outs: Sequence[str]) -> None:
    """Print one training's epochs, or the kept epoch of each of several."""
    from qnnq.cli.physics import measured
    from qnnq.training.settings import MAJORITY_SHOTS

    several = len(trainings) > 1
    title = "accuracy after training" if several else f"{outs[0]}: accuracy after training"
    headings = (
        *(["network"] if several else []),
        *("epoch", "loss", "training", "validation", "test, one shot"),
        f"majority of {MAJORITY_SHOTS}",
    )
    rows = []
    for result, out in zip(trainings, outs):
        kept = int(result.network.information["epochs"])
        for epoch in result.history:
            if several and epoch.epoch == kept:
                rows.append([out, *_row(epoch)])
            elif not several and (epoch.majority_error is not None or epoch.epoch == kept):
                rows.append(_row(epoch))
    print_table(headings, rows, text=("network",), title=title)
    print(measured(trainings[0].network))


def _row(epoch: "Epoch") -> list[str]:
    errors = (
        epoch.training_error,
        epoch.validation_error,
        epoch.single_shot_error,
        epoch.majority_error,
    )
    return [str(epoch.epoch), f"{epoch.loss:.4f}"] + [
        "-" if error is None else f"{100 * (1 - error):.2f} %" for error in errors
    ]
