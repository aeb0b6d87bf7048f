"""`qnnq train`: train a network with natural quantization."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from qnnq.cli import options
from qnnq.cli.declared import described, takes
from qnnq.cli.output import percent, print_table, progress_bar, write_json
from qnnq.training.settings import TrainingSettings

if TYPE_CHECKING:
    from qnnq.data.dataset import Dataset
    from qnnq.training.settings import Epoch
    from qnnq.training.trainer import RivalResult, TrainingResult

_OF_RECIPES = (
    "activation",
    "epochs",
    "learning_rate",
    "schedule",
    "weight_decay",
    "input_dropout",
)


@takes(TrainingSettings, without=("seed", *_OF_RECIPES))
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
    recipe: Annotated[
        str,
        typer.Option(
            help="Defaults of what follows: best (found on images held out: 150 epochs, a "
            "cosine from 0.03, weight decay 0.001, of large pictures input dropout 0.2) or "
            "published (100 epochs at 0.01); both of tanh."
        ),
    ] = "best",
    activation: Annotated[str | None, described(TrainingSettings, "activation")] = None,
    epochs: Annotated[int | None, described(TrainingSettings, "epochs")] = None,
    learning_rate: Annotated[float | None, described(TrainingSettings, "learning_rate")] = None,
    schedule: Annotated[str | None, described(TrainingSettings, "schedule")] = None,
    weight_decay: Annotated[float | None, described(TrainingSettings, "weight_decay")] = None,
    input_dropout: Annotated[float | None, described(TrainingSettings, "input_dropout")] = None,
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

    Example: qnnq train --classical relu --data mine.npz --out relu.sqlite

    Example: qnnq train --noise fake_kingston --strength 1,32 --out net.safetensors

    Example: qnnq train --activation htanh,linear,linear --stretch 0.5,1,1 --out net.safetensors

    Example: qnnq train --seed 0,1,2 --train-shots 4 --out "net-{seed}.safetensors"
    """
    from dataclasses import replace

    from qnnq.data.load import load_data, test_part
    from qnnq.networks.per_layer import parse_activation
    from qnnq.training.settings import parse_seeds

    seeds = parse_seeds(seed)
    classical = settings.classical is not None
    outs = _outs(out, seeds, classical)
    test_data = test_data or test_part(data) or "mnist-test"
    sources = (data, test_data, *_measured(settings.noise))
    _check_outputs(outs, json, figure, sources, classical)
    training, test = load_data(data, prefer="train"), load_data(test_data)
    given = {
        "activation": None if activation is None else parse_activation(activation),
        "epochs": epochs,
        "learning_rate": learning_rate,
        "schedule": schedule,
        "weight_decay": weight_decay,
        "input_dropout": input_dropout,
    }
    settings = replace(settings, **_recipe(recipe, given, training.images.shape[1]))
    each = [replace(settings, seed=number) for number in seeds]
    trainings = _train_all(each, outs, training, test, clip)
    pairs = zip(each, trainings)
    document = [_document(settings, result) for settings, result in pairs]
    write_json({"schema": "qnnq.train/2", "trainings": document}, json)
    if figure is not None:
        from qnnq.figures.style import save
        from qnnq.figures.training import plot_learning

        histories = {s.seed: r.history for s, r in zip(each, trainings)}
        save(plot_learning(histories, len(test.labels), settings.train_shots), figure)
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
    for trained, path in zip(each, outs):
        Path(_checkpoint(path, trained)).unlink(missing_ok=True)


def _train_all(
    settings: "Sequence[TrainingSettings]",
    outs: Sequence[str],
    data: "Dataset",
    test: "Dataset",
    clip: bool,
) -> "list[TrainingResult | RivalResult]":
    """Train a network a seed and write it; stops after one that was interrupted."""
    trainer = _torch_trainer(settings[0].classical is not None)
    results: list[TrainingResult | RivalResult] = []
    with progress_bar("epochs", len(outs) * settings[0].epochs) as advance:
        for each, out in zip(settings, outs):
            result = trainer(
                each,
                data,
                test,
                lambda epoch: advance(1),
                checkpoint=_checkpoint(out, each),
                clip=clip,
            )
            _write(result, each, out, test.name)
            results.append(result)
            if result.interrupted:
                break
    return results


def _write(
    result: "TrainingResult | RivalResult", settings: "TrainingSettings", out: str, data: str
) -> None:
    """Write a network, or add the answers of a rival to a results file."""
    from qnnq.training.trainer import TrainingResult

    if isinstance(result, TrainingResult):
        from qnnq.networks.file import write_network

        write_network(result.network, out)
        return
    if result.interrupted:
        return
    from qnnq.results.file import Place, Store
    from qnnq.runs.labels import rival_labels

    found = result.answers
    labels = rival_labels(str(settings.classical), settings.hidden, data, str(found.task.images))
    with Store(out, create=True) as store:
        store.add(found)
        places = {Place(settings.seed, 0, 0): found.task_id}
        store.link(labels, found.task.to_json(), places, 1, fresh=True)


def _recipe(name: str, given: "dict[str, Any]", inputs: int) -> "dict[str, Any]":
    """Return what a recipe changes, and what was given instead."""
    from qnnq.errors import InputError
    from qnnq.training.settings import RECIPES, recipe
    from qnnq.wording import nearest

    if name not in RECIPES:
        hint = nearest(name, RECIPES)
        raise InputError(f"--recipe {name!r}: expected one of {', '.join(RECIPES)}{hint}")
    chosen = {key: value for key, value in given.items() if value is not None}
    return {**recipe(name, inputs), **chosen}


def _checkpoint(out: str, settings: "TrainingSettings") -> str:
    return f"{out}.{settings.seed}.checkpoint" if settings.classical else f"{out}.checkpoint"


def _outs(out: str, seeds: Sequence[int], classical: bool) -> list[str]:
    from qnnq.errors import InputError

    if classical:
        if out.endswith(".safetensors") or "{seed}" in out:
            raise InputError(
                f"--out {out}: expected a results file such as rival.sqlite with --classical, "
                "which gets the answers of all seeds; a classical network is no network file"
            )
        return [out] * len(seeds)
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
    outs: Sequence[str],
    json: str | None,
    figure: str | None,
    sources: Sequence[str],
    classical: bool,
) -> None:
    import os

    from qnnq.data.load import split_part
    from qnnq.errors import InputError
    from qnnq.networks.file import check_network_path
    from qnnq.storage.files import check_another, check_writable

    for out in () if classical else outs:
        check_network_path(out)
    if figure is not None:
        from qnnq.figures.style import check_ending

        check_ending(figure)
    written: list[str] = []
    for path in (*dict.fromkeys(outs), json, figure):
        if path is not None and path != "-":
            check_another(path, *(split_part(source)[0] for source in sources))
            check_writable(path)
            if os.path.realpath(path) in written:
                raise InputError(f"{path}: expected another file for each output")
            written.append(os.path.realpath(path))


def _torch_trainer(classical: bool) -> "Callable[..., Any]":
    from qnnq.errors import QnnqError

    try:
        from qnnq.training.trainer import train, train_rival
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        raise QnnqError("training needs torch: pip install 'qnnq[train]'") from None
    return train_rival if classical else train


def _document(
    settings: "TrainingSettings", result: "TrainingResult | RivalResult"
) -> dict[str, object]:
    return {
        "settings": settings.identity(),
        **_trained(result),
        "interrupted": result.interrupted,
        "history": [asdict(epoch) for epoch in result.history],
    }


def _trained(result: "TrainingResult | RivalResult") -> dict[str, object]:
    from qnnq.training.trainer import RivalResult

    if isinstance(result, RivalResult):
        accuracy = asdict(result.answers.accuracy())
        return {"network": result.answers.task.network, "accuracy": accuracy}
    return {"network": result.network.digest, "information": dict(result.network.information)}


def _print(trainings: "Sequence[TrainingResult | RivalResult]", outs: Sequence[str]) -> None:
    """Print one training's epochs, or the kept epoch of each of several."""
    from qnnq.cli.physics import measured
    from qnnq.training.settings import MAJORITY_SHOTS
    from qnnq.training.trainer import RivalResult, TrainingResult

    several = len(trainings) > 1
    title = "accuracy after training" if several else f"{outs[0]}: accuracy after training"
    headings = (
        *(["network"] if several else []),
        *("epoch", "loss", "training", "validation", "test, one shot"),
        f"majority of {MAJORITY_SHOTS}",
    )
    rows = []
    for result, out in zip(trainings, outs):
        kept = _kept(result)
        for epoch in result.history:
            if several and epoch.epoch == kept:
                rows.append([out, *_row(epoch)])
            elif not several and (epoch.majority_error is not None or epoch.epoch == kept):
                rows.append(_row(epoch))
    print_table(headings, rows, text=("network",), title=title)
    for result, out in zip(trainings, outs):
        if isinstance(result, RivalResult):
            accuracy = percent(asdict(result.answers.accuracy()))
            print(f"{out}: seed {result.answers.seed}, {accuracy} of the test images are right")
    if isinstance(trainings[0], TrainingResult):
        print(measured(trainings[0].network))


def _kept(result: "TrainingResult | RivalResult") -> int:
    """Return the number of the epoch whose weights were kept."""
    from qnnq.training.trainer import RivalResult

    if isinstance(result, RivalResult):
        return result.history[-1].epoch
    return int(result.network.information["epochs"])


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
