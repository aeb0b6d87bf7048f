"""`qnnq train`: train a network with natural quantization."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from qnnq.cli import options
from qnnq.cli.declared import takes
from qnnq.cli.output import print_table, progress_bar, write_json
from qnnq.training.settings import TrainingSettings

if TYPE_CHECKING:
    from qnnq.data.dataset import Dataset
    from qnnq.training.settings import Epoch
    from qnnq.training.trainer import TrainingResult


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    @takes(TrainingSettings, without=("seed",))
    def train(
        settings: TrainingSettings,
        out: options.NetworkFile,
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
        seed: Annotated[
            str, typer.Option(help="Of every random number; 0,1,2 trains three networks.")
        ] = "0",
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
        from qnnq.training.settings import parse_seeds

        seeds = parse_seeds(seed)
        outs = _outs(out, seeds)
        test_data = test_data or test_part(data) or "mnist-test"
        sources = (data, test_data, *_measured(settings.noise))
        _check_outputs(outs, json, figure, sources)
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
                f"{last.history[-1].epoch} of {settings.epochs}; the same command goes on from "
                "there"
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
