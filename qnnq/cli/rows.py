"""Rows of a report, as a table or CSV."""

import csv
import io
from collections.abc import Sequence
from typing import Any

from qnnq.cli.output import print_table

Row = dict[str, Any]


def write_csv(rows: Sequence[Row], destination: str) -> None:
    """Write rows as CSV to a file, or to stdout for `-`; values are whole, shares in [0, 1]."""
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    if destination == "-":
        print(text.getvalue(), end="")
    else:
        from qnnq.storage.files import write_atomically

        write_atomically(destination, text.getvalue().encode())


def print_rows(title: str, rows: Sequence[Row]) -> None:
    """Print what differs between rows as columns, values with their intervals, the rest above.

    Below stands why a p-value may say otherwise than the interval beside it.
    """
    from qnnq.results.layout import lay_out
    from qnnq.results.tables import IDENTIFYING, TESTS
    from qnnq.wording import counted

    found = lay_out(rows)
    why = f"p value: {TESTS}, stricter than the interval by bootstrap"
    names = zip(found.names, found.headings, strict=True)
    print_table(
        found.headings,
        found.cells,
        text=[heading for name, heading in names if name in IDENTIFYING],
        title=f"{title}: {counted(len(rows), 'row')}\n{found.common}",
        caption=why if "p_value" in rows[0] else None,
    )
