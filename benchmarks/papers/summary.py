"""Write `results/TABLES.md` from the tables that the other scripts left in `results/`.

python benchmarks/papers/summary.py
"""

import ast
import csv
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
    (TABLES / "TABLES.md").write_text("\n".join(parts), encoding="utf-8")


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
