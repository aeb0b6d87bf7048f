"""What commands share: progress on stderr, JSON to a file or stdout, tables."""

import json
import math
import shutil
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console, JustifyMethod
    from rich.table import Table


SECONDS_BETWEEN_LINES = 30.0
"""Without a terminal; the first one comes after a fifteenth of them."""


@contextmanager
def progress_bar(description: str, total: int) -> Iterator[Callable[[int], None]]:
    """Show progress on stderr; yields `advance(steps)`; see `progress`."""
    done = 0
    with progress(description, total) as show:

        def advance(steps: int) -> None:
            nonlocal done
            done += steps
            show(done, total)

        yield advance


@contextmanager
def progress(description: str, total: int | None = None) -> Iterator[Callable[[int, int], None]]:
    """Show progress on stderr; yields `show(done, total)`.

    On a terminal it is a bar, elsewhere a line after two seconds and then every half minute; the
    first one does not wait for the first step.
    """
    if not sys.stderr.isatty():
        began = time.monotonic()
        next_line = began + SECONDS_BETWEEN_LINES / 15
        told = False

        def begin() -> None:
            if not told:
                print(f"qnnq: {description} ...", file=sys.stderr, flush=True)

        def tell(done: int, total: int) -> None:
            nonlocal next_line, told
            now = time.monotonic()
            if now < next_line:
                return
            next_line, told = now + SECONDS_BETWEEN_LINES, True
            left = ""
            if 0 < done < total:
                left = f", about {(now - began) * (total - done) / done:.0f} s left"
            print(f"qnnq: {description}: {done:,} of {total:,}{left}", file=sys.stderr, flush=True)

        with _after(SECONDS_BETWEEN_LINES / 15, begin):
            yield tell
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    ) as bars:
        bar = bars.add_task(description, total=total)
        yield lambda done, total: bars.update(bar, completed=done, total=total)


@contextmanager
def _after(seconds: float, call: Callable[[], None]) -> Iterator[None]:
    """Call something unless this ends before; never after infinitely many seconds."""
    timer = threading.Timer(seconds, call) if 0 < seconds < math.inf else None
    if timer is not None:
        timer.daemon = True
        timer.start()
    try:
        yield
    finally:
        if timer is not None:
            timer.cancel()


def write_json(document: Any, destination: str | None) -> None:
    """Write a document to a file, or to stdout for `-`, or nowhere for None."""
    if destination is None:
        return
    text = json.dumps(document, indent=1, allow_nan=False)
    if destination == "-":
        print(text)
    else:
        from qnnq.storage.files import write_atomically

        write_atomically(Path(destination), (text + "\n").encode())


def print_notes(lines: Iterable[str]) -> None:
    """Print on stderr what is worth knowing and stops nothing, a line each."""
    for line in lines:
        print(f"qnnq: note: {' '.join(line.split())}", file=sys.stderr)


def print_table(
    headings: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    text: Collection[str] = (),
    whole: Collection[str] = (),
    title: str | None = None,
    caption: str | None = None,
) -> None:
    """Print a table on stdout so that no word of it is cut.

    Columns are numbers, but those whose headings are in `text`; those in `whole` are not wrapped.

    On a terminal that is too narrow, cells are wrapped between words; where not even their words
    fit, the rows are printed one below the other. Where stdout is no terminal, it is as wide as it
    needs to be.
    """
    from rich.console import Console
    from rich.table import Table

    table = Table(title=title, title_justify="left", caption=caption)
    for heading in headings:
        justify: JustifyMethod = "left" if heading in text else "right"
        table.add_column(heading, justify=justify, no_wrap=heading in whole)
    for row in rows:
        table.add_row(*row)
    console = Console(markup=False, emoji=False, highlight=False)
    columns = [
        [heading, *map(str, column.cells)]
        for heading, column in zip(headings, table.columns, strict=True)
    ]
    most = [max(len(line) for cell in cells for line in cell.split("\n")) for cells in columns]
    least = [max(len(word) for cell in cells for word in [*cell.split(), ""]) for cells in columns]
    kept = [column.no_wrap for column in table.columns]
    least = [high if whole else low for low, high, whole in zip(least, most, kept, strict=True)]
    frame = 3 * len(columns) + 1
    if sys.stdout.isatty() and sum(least) + frame > console.width:
        table.padding = 0
        frame = len(columns) + 1
    if not sys.stdout.isatty():
        console = Console(markup=False, emoji=False, width=max(160, sum(most) + frame))
    elif sum(least) + frame > console.width:
        _print_stacked(console, table, columns)
        return
    else:
        share = (console.width - frame - sum(least)) / max(1, sum(most) - sum(least))
        for column, low, high in zip(table.columns, least, most, strict=True):
            column.width = low + int((high - low) * min(1.0, share))
    console.print(table)


def print_paragraph(text: str) -> None:
    """Print a text on stdout, on a terminal in lines between words."""
    if sys.stdout.isatty():
        text = textwrap.fill(text, shutil.get_terminal_size().columns)
    print(text)


def _print_stacked(console: "Console", table: "Table", columns: list[list[str]]) -> None:
    """Print a table's rows one below the other, a line a cell that is not empty."""
    headings = [" ".join(heading.split()) for heading, *_ in columns]
    width = max(map(len, headings)) + 2
    if table.title:
        console.print(table.title)
    for row in zip(*(cells for _, *cells in columns), strict=True):
        console.print()
        for heading, cell in zip(headings, row, strict=True):
            if cell:
                console.print(f"{heading:{width}}{cell}", overflow="fold")
    if table.caption:
        console.print(f"\n{table.caption}")


def percent(accuracy: dict[str, Any]) -> str:
    """Return an accuracy with its interval, such as `92.3 % (91.8 to 92.8)`."""
    value, low, high = (100 * accuracy[name] for name in ("value", "low", "high"))
    return f"{value:.2f} % ({low:.2f} to {high:.2f})"
