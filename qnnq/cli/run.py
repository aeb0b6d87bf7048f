"""`qnnq run`: one network, one noise model, many images."""

from typing import Annotated

import typer

from qnnq.cli import options
from qnnq.cli.accuracies import print_confusion, print_run
from qnnq.cli.declared import takes
from qnnq.cli.output import progress_bar, write_json
from qnnq.cli.physics import turns
from qnnq.cli.rows import write_csv
from qnnq.runs.request import RunRequest


@takes(
    RunRequest,
    helps={
        "noise": "Noise, such as fake_kingston*2 or 'readout(p=0.02)'; `qnnq noise` lists all. "
        "Default: the device's noise, or ideal with --engine ideal."
    },
)
def run(
    request: RunRequest,
    instance: options.Instance = None,
    json: options.Json = None,
    counts: options.Counts = False,
    predictions: Annotated[
        str | None,
        typer.Option(
            help="Write the class and the votes of each image as CSV; the data need no labels.",
            metavar="FILE",
        ),
    ] = None,
    confusion: Annotated[
        bool, typer.Option("--confusion", help="Count the majority by true class as well.")
    ] = False,
) -> None:
    """Say how accurate a trained network is on a noisy device.

    Example: qnnq run mnist16-a0.5 --noise "fake_kingston*2" --images 0:1000 --shots 15

    Example: qnnq run net.safetensors --data new.csv --predictions predicted.csv
    """
    from dataclasses import asdict
    from functools import partial

    from qnnq.data.load import split_part
    from qnnq.devices.names import resolve_device
    from qnnq.errors import InputError, Interrupted
    from qnnq.runs.run import prepare
    from qnnq.storage.files import check_another, check_writable
    from qnnq.wording import counted

    if counts and json is None:
        raise InputError("--counts: expected --json FILE beside it, where the counts go")
    for path in (json, predictions):
        if path is not None:
            check_another(path, split_part(request.data)[0])
    check_writable(json, predictions)
    if request.engine == "exact" and confusion:
        raise InputError("--confusion: expected an engine that takes shots, got exact")
    if request.engine == "exact" and request.seed:
        raise InputError(f"--seed {request.seed}: expected an engine that draws, got exact")
    prepared = prepare(request, partial(resolve_device, instance=instance), labelled=False)
    if confusion and not prepared.dataset.labelled:
        raise InputError(f"--confusion: expected labels in {request.data}, found none")
    with progress_bar("images", len(prepared.images)) as advance:
        result = prepared.execute(advance, keep_partial=True)
    document = result.to_json(with_counts=counts)
    if prepared.dataset.labelled and not prepared.network.receives:
        document["unsampled"] = asdict(prepared.unsampled().accuracy())
    if confusion:
        table = result.confusion()
        document["confusion"] = table.tolist()
    if "-" not in (json, predictions):
        print_run(request.model, document)
        for line in turns(getattr(prepared.deployment, "turns", ())):
            print(line)
        if confusion:
            print_confusion(table)
    write_json(document, json)
    if predictions is not None:
        write_csv(result.predictions(), predictions)
    if len(result.images) < len(prepared.images):
        done = f"{len(result.images):,} of {counted(len(prepared.images), 'image')}"
        raise Interrupted(f"stopped after {done}; the result is theirs")
