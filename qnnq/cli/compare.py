"""`qnnq compare`: any two networks, noises or runs, image by image."""

from typing import Annotated

import typer

from qnnq.cli import options

_Side = Annotated[
    list[str] | None,
    typer.Option(help="Only these points on this side; may be repeated.", metavar="LABEL=VALUE"),
]


def compare(
    first: Annotated[
        str, typer.Argument(metavar="A", help="A results file, the folder of a run, or latest.")
    ],
    second: Annotated[
        str | None, typer.Argument(metavar="B", help="Another one. Default: A again.")
    ] = None,
    a: _Side = None,
    b: _Side = None,
    where: options.Where = None,
    csv: Annotated[
        str | None, typer.Option(help="Write as CSV (- is stdout).", metavar="FILE")
    ] = None,
    json: options.Json = None,
    unfinished: options.Unfinished = False,
    pool_seeds: options.PoolSeeds = False,
) -> None:
    """Compare two sets of points on the same images.

    The change is the majority of B minus the majority of A.

    Points are paired where they agree in every label of which both sides have the same values;
    labels in which the sides differ are what is compared. gained and lost count the images
    that only B or only A answers right, once a seed. The change, in percentage points, has a
    bootstrap interval over images; p_value is McNemar's exact test, or of several seeds a
    sign-flip test over images, which is stricter: near 0.05 it may find nothing where the
    interval just leaves out 0.

    Example: qnnq compare results.sqlite --a network=mnist16-a0 --b network=mnist16-a0.5

    unsampled is the accuracy of B's own weights without sampling.

    Example: qnnq compare results.sqlite first-run --a strength=1

    Example: qnnq compare results.sqlite --a engine=unsampled --b strength=1
    """
    from qnnq.cli.output import write_json
    from qnnq.cli.rows import print_rows, write_csv
    from qnnq.errors import InputError
    from qnnq.report.sources import alike, source_points, source_references
    from qnnq.results.comparison import compare as compare_points
    from qnnq.results.robustness import check_complete
    from qnnq.storage.files import check_writable

    if csv == json == "-":
        raise InputError("--json -: expected a file, as --csv takes stdout")
    check_writable(csv, json)
    if second is None and not (a or b):
        raise InputError(
            "expected B, or --a and --b that choose what is compared, such as --a strength=0"
        )
    left = source_points(first, [*(where or ()), *(a or ())], pool_seeds=pool_seeds)
    right = source_points(second or first, [*(where or ()), *(b or ())], pool_seeds=pool_seeds)
    points = alike([*left, *right])
    left, right = points[: len(left)], points[len(left) :]
    if not unfinished:
        check_complete([*left, *right])
    references = [each for name in {first, second or first} for each in source_references(name)]
    rows = compare_points(left, right, references)
    if csv is not None:
        write_csv(rows, csv)
    write_json({"schema": "qnnq.compare/1", "rows": rows}, json)
    if "-" not in (csv, json):
        print_rows(first if second is None else f"{first}, {second}", rows)
