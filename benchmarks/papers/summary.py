"""Write `results/TABLES.md` from the tables that the other scripts left in `results/`.

python benchmarks/papers/summary.py
"""

import ast
import csv
import re
from collections.abc import Sequence
from pathlib import Path

FOLDER = Path(__file__).parent
TABLES = FOLDER / "results"
LONGEST = 50
"""Rows of a table that is shown; a longer one is only named."""


def main() -> None:
    parts = [
        "# Tables\n\nWritten by `python benchmarks/papers/summary.py` from the tables of the "
        "scripts named below. Errors and accuracies are fractions, on the 10,000 MNIST test images "
        "unless a script says others; `_low` and `_high` are ends of 95 % intervals for new seeds "
        "and new images.\n"
    ]
    claims = []
    for path in sorted(TABLES.glob("*.csv")):
        if path.stem.endswith("-claims"):
            claims += [[*row, path.stem.removesuffix("-claims")] for row in read(path)[1:]]
            continue
        script = FOLDER / f"{path.stem.split('-')[0]}.py"
        title = (ast.get_docstring(ast.parse(script.read_text(encoding="utf-8"))) or "").split(
            "\n"
        )[0]
        rows = read(path)
        parts.append(
            f"## {path.stem}: {title}\n\nTable: `{path.relative_to(FOLDER.parent.parent)}`\n"
        )
        figure = path.with_suffix(".png")
        if figure.exists():
            parts.append(f"![{title}]({figure.name})\n")
        if len(rows) <= LONGEST + 1:
            parts.append(markdown(rows))
    heading = [
        "claim",
        "verdict",
        "evidence",
        "p",
        "p, Holm",
        "seeds",
        "images",
        "networks",
        "script",
    ]
    if claims:
        parts.insert(1, "## Claims\n\n" + markdown([heading, *claims]))
    parts.insert(1, published_and_ours())
    (TABLES / "TABLES.md").write_text("\n".join(parts), encoding="utf-8")


def published_and_ours() -> str:
    """Return the table of what was published, ours, by which command, and what becomes of it."""
    rows = [["published", "value", "ours", "difference (95 %)", "verdict", "command"]]
    for table in ("reproduce_published", "reproduce_published-split-5000",
                  "reproduce_published-split-60000"):  # fmt: skip
        for row in records(TABLES / f"{table}.csv"):
            what = row.get("experiment", "images of the test set")
            setting = row.get("setting") or row["part"]
            apart = f"{row['difference_low']} to {row['difference_high']}"
            rows.append(
                [f"{what}, {setting}", row["published"], f"{row['ours']} ({row['weights']})", apart,
                 row["verdict"], "`reproduce_published.py`"]
            )  # fmt: skip
    for row in records(TABLES / "stretch-claims.csv"):
        if match := re.match(r"(.*) reaches ([\d.]+ %)", row["claim"]):
            said = "cannot be told" if row["verdict"] == "cannot be told" else "disagrees"
            rows.append([f"error at the best, {match[1]}", match[2], row["evidence"], "",
                         said, "`stretch.py`"])  # fmt: skip
    return (
        "## Published and ours\n\nShares of images or shots, and errors; the commands are in "
        "`benchmarks/papers/`.\n\n" + markdown(rows)
    )


def records(path: Path) -> list[dict[str, str]]:
    """Return the rows of a table by their headings."""
    heading, *rows = read(path)
    return [dict(zip(heading, row, strict=True)) for row in rows]


def read(path: Path) -> list[list[str]]:
    """Return the rows of a table, its headings first."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def markdown(rows: Sequence[Sequence[str]]) -> str:
    """Return rows as a table in Markdown."""
    lines = ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]
    return "\n".join([lines[0], "|" + "---|" * len(rows[0]), *lines[1:]]) + "\n"


if __name__ == "__main__":
    main()
