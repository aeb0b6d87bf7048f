"""What commands share: progress on stderr, JSON to a file or stdout, tables."""

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.table import Table


@contextmanager
def progress_bar(description: str, total: int) -> Iterator[Callable[[int], None]]:
    """Show a progress bar on stderr, if that is a terminal; yields `advance(steps)`."""
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
        disable=not sys.stderr.isatty(),
    ) as progress:
        bar = progress.add_task(description, total=total)
        yield lambda steps: progress.advance(bar, steps)


def write_json(document: Any, destination: str) -> None:
    """Write a document to a file, or to stdout for `-`."""
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


def print_table(table: "Table") -> None:
    """Print a rich table on stdout, as wide as it needs to be where stdout is no terminal."""
    from rich.console import Console

    width = None if sys.stdout.isatty() else 160
    Console(width=width, markup=False, emoji=False).print(table)


def percent(accuracy: dict[str, Any]) -> str:
    """Return an accuracy with its interval, such as `92.3 % (91.8 to 92.8)`."""
    value, low, high = (100 * accuracy[name] for name in ("value", "low", "high"))
    return f"{value:.2f} % ({low:.2f} to {high:.2f})"
