"""`qnnq results`: the accuracies of a results file, as a table, CSV or JSON."""

from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from qnnq.cli import options


class _ShowUnlessNamed(TyperGroup):
    """`qnnq results FILE` is `qnnq results show FILE`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Take the words of `show` where no other command is named."""
        named = args and args[0] in self.commands
        return super().parse_args(ctx, args if named else ["show", *args])


def register(app: typer.Typer) -> None:
    """Add the command and those below it."""
    group = typer.Typer(cls=_ShowUnlessNamed, rich_markup_mode=None)
    app.add_typer(group, name="results", help="List, merge or verify what sweeps found.")
    _register_show(group)

    @group.command()
    def merge(
        files: Annotated[list[Path], typer.Argument(metavar="FILE", help="Results files.")],
        out: Annotated[Path, typer.Option(help="The file that gets all.", metavar="FILE")],
        json: options.Json = None,
    ) -> None:
        """Put several results files into one, as of machines that share no disk.

        The same task counts once. Split a large sweep by its seeds, one file a machine.

        Example: qnnq results merge a.sqlite b.sqlite --out all.sqlite
        """
        from qnnq.cli.output import write_json
        from qnnq.results.file import Store
        from qnnq.results.merging import merge as merge_files
        from qnnq.storage.files import check_writable
        from qnnq.wording import counted

        check_writable(json)
        merge_files(files, out)
        with Store(out) as store:
            tasks = store.count("results")
        document = {"results": str(out), "tasks": tasks, "sources": [*map(str, files)]}
        write_json({"schema": "qnnq.merge/1", **document}, json)
        if json != "-":
            print(f"{out}: {counted(tasks, 'task')} of {counted(len(files), 'file')}")

    @group.command()
    def verify(file: options.ResultsFile, json: options.Json = None) -> None:
        """Check every row of a results file against its checksum.

        Example: qnnq results verify results.sqlite
        """
        from qnnq.cli.output import print_notes, write_json
        from qnnq.results.file import Store
        from qnnq.wording import counted

        with Store(file) as store:
            print_notes(store.notes)
            store.check()
            tasks = store.count("results")
        write_json({"schema": "qnnq.verify/1", "results": str(file), "tasks": tasks}, json)
        if json != "-":
            print(f"{file}: whole, {counted(tasks, 'task')}")


def _register_show(app: typer.Typer) -> None:
    @app.command()
    def show(
        file: options.ResultsFile,
        csv: Annotated[
            str | None, typer.Option(help="Write as CSV (- is stdout).", metavar="FILE")
        ] = None,
        json: options.Json = None,
        where: options.Where = None,
        report: Annotated[
            str, typer.Option(help="accuracy, breakdown, latency, attribution or behaviour.")
        ] = "accuracy",
        threshold: Annotated[
            str | None,
            typer.Option(
                help="breakdown, latency: the accuracy not to fall below; breakdown: or unsampled, "
                "that of the same weights without sampling. Default: the classical network's, or "
                "one point less than at the shortest latency.",
                metavar="ACCURACY|unsampled",
            ),
        ] = None,
        unfinished: options.Unfinished = False,
        pool_seeds: options.PoolSeeds = False,
    ) -> None:
        """List what a sweep found, with 95 % intervals.

        A vote is that of one seed (and round of a target width); an image is right by the share of
        them whose vote is, which `--pool-seeds` changes. It can be asked while the sweep is
        running: points that are not finished say `complete false`, and reports that compare points
        refuse them. Where a file with the same name has changed between sweeps, `content` tells
        the points apart. Reports:

        \b
        accuracy      accuracy of one shot, of the majority and of the soft vote of every point
        breakdown     the strength at which each network's majority accuracy falls too low
        latency       the feedback latency at which a point of accuracy is lost, mode coherent
        attribution   what each mechanism costs alone, and gains when it is switched off
        behaviour     images, once a seed, answered otherwise than at stretch 0, and the p-value of
                      McNemar's exact test (several seeds: of flips of signs over images), which
                      is stricter than the bootstrap interval of the change beside it

        Example: qnnq results results.sqlite --where network=mnist16-a0.5 --csv accuracies.csv

        `qnnq results merge` puts files into one, `qnnq results verify` checks one.
        """
        from qnnq.cli.output import print_notes, write_json
        from qnnq.cli.rows import print_rows, write_csv
        from qnnq.errors import InputError
        from qnnq.results.labels import setting_text
        from qnnq.results.points import read_notes, read_points, read_references
        from qnnq.results.tables import build_report, parse_threshold
        from qnnq.storage.files import check_writable

        if threshold is not None and report not in ("breakdown", "latency"):
            raise InputError("--threshold: expected --report breakdown or latency beside it")
        if csv == json == "-":
            raise InputError("--json -: expected a file, as --csv takes stdout")
        check_writable(csv, json)
        notes, failures = read_notes(file)
        print_notes(notes)
        rows = build_report(
            report,
            read_points(file, where or (), pool_seeds=pool_seeds),
            None if threshold is None else parse_threshold(threshold),
            unfinished,
            read_references(file),
        )
        if csv is not None:
            write_csv(rows, csv)
        failed = [{"labels": each.labels, "reason": each.reason} for each in failures]
        document = {"schema": "qnnq.results/1", "report": report, "rows": rows}
        write_json({**document, "failed": failed, "notes": notes}, json)
        if "-" not in (csv, json):
            print_rows(str(file), rows)
        print_notes(f"failed: {setting_text(each.labels)}: {each.reason}" for each in failures)
