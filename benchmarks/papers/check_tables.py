"""Recompute what RESULTS.md, README.md and the documentation tell from committed files.

    python benchmarks/papers/check_tables.py

- Tables of studies whose answers are kept (`results/*-answers.npz`) are computed again from the
  answers of each seed: every mean, interval, corrected p-value and verdict.
- Of the other studies, measured before answers were kept, the intervals are taken as they are; a
  p-value is the largest that its interval allows, with one degree of freedom less than seeds.
  The correction over the table and the verdicts follow from these.
- `benchmarks/told.csv` says of every figure in the texts where it comes from, in their order: the
  row and the column of a table, or in words. A figure that is not listed there, or is another
  number in its table, is an error.

Prints a line for each error, and exits with 1 if there is one.
"""

import csv
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import all_images
import breakdown
import collapse
import couplings
import layers
import other_noise
import reproduce_published
import scoreboard
import transition
import weak
from answers import Answers, read_answers
from study import claim_rows
from verdicts import Claim, Interval

BENCHMARKS = Path(__file__).parent.parent
RESULTS = Path(__file__).parent / "results"
ROOT = BENCHMARKS.parent
TEXTS = (
    *("benchmarks/RESULTS.md", "README.md"),
    *("docs/guides/noise.md", "docs/guides/coherent.md", "docs/quantum-data.md"),
)
Row = Mapping[str, str]
STUDIES = {
    module.__name__: module
    for module in (all_images, breakdown, collapse, layers, other_noise, scoreboard, weak)
}
"""Those whose rows and claims follow from their answers alone."""
SUMMARIES: Mapping[str, Any] = {"": max, "least": min, "most": max, "sum": sum, "count": len}
"""Of the column in several rows, by the word before its name."""
NUMBER = r"-?\d+(?:,\d{3})*(?:\.\d+)?"
FIGURE = re.compile(
    rf"(?<![\w.-]){NUMBER}(?: %| points| bits| pi| kHz)? \({NUMBER} to {NUMBER}\)(?: %)?"
    rf"|(?<![\w.-]){NUMBER} to {NUMBER}(?= %| points)"
    r"|(?<![\w.-])\d+\.\d+ to \d+\.\d+(?![\w.])"
    rf"|(?<![\w.-]){NUMBER} of {NUMBER}(?!\w|\.\d)"
    rf"|(?<![\w.-]){NUMBER}(?= %| points?\b| bits\b)"
    r"|(?<![\w.-])-?\d+\.\d+(?![\w.])"
)
"""Intervals, ranges, counts, percentages and decimals."""


def main() -> None:
    errors = list(problems())
    for error in errors:
        print(error)
    print(f"{len(errors)} errors" if errors else "all figures follow from committed files")
    sys.exit(bool(errors))


def problems() -> Iterator[str]:
    """Yield a line for each error."""
    for path in sorted(RESULTS.glob("*-answers.npz")):
        yield from of_answers(path.stem.removesuffix("-answers"), read_answers(path))
    yield from of_transition()
    yield from of_reproduction()
    yield from of_couplings()
    for path in sorted(RESULTS.glob("*-claims.csv")):
        name = path.stem.removesuffix("-claims")
        if not (RESULTS / f"{name}-answers.npz").exists() and name != "reproduce_published":
            yield from of_claims(path)
    yield from of_quantum_data()
    yield from of_texts()


def of_answers(name: str, answers: Answers) -> Iterator[str]:
    """Yield where the tables of a study are not what its answers make of them."""
    study = STUDIES.get(name.split("-")[0])
    if study is None:
        return
    yield from differences(f"{name}.csv", study.rows(answers))
    if study is weak:
        yield from differences(f"{name}-breakdown.csv", weak.breakdown_rows(answers))
    goal = {"with_goal": True} if name == "scoreboard-512-512-mnist5k" else {}
    seeds, table = max(map(len, answers.values())), f"{name}-claims.csv"
    claims = claim_rows(study.claims(answers, **goal), seeds, read(table)[0]["networks"])
    yield from differences(table, claims)


def of_quantum_data() -> Iterator[str]:
    """Yield where the tables of docs/quantum-data.md are not those of the CSV files."""
    sys.path.append(str(BENCHMARKS / "quantum_data"))
    import tables

    yield from tables.problems()


def of_transition() -> Iterator[str]:
    """Yield where the tables of the transition are not what its answers make of them."""
    table = read("transition.csv")
    answers = read_answers(RESULTS / "transition-answers.npz")
    shapes = dict.fromkeys((int(row["width"]), int(row["depth"])) for row in table)
    widths = list(dict.fromkeys(width for width, _ in shapes))
    depths = list(dict.fromkeys(depth for _, depth in shapes))
    every = transition.points(widths, depths, transition.ANGLES)
    yield from differences("transition.csv", transition.rows(answers, every))
    yield from differences(
        "transition-decoded.csv", transition.decoded_rows(answers, widths, depths)
    )
    lines = transition.curves(answers, widths, depths, transition.ANGLES)
    edges = transition.edge_rows(lines, transition.ANGLES)
    yield from differences("transition-edges.csv", edges)
    claims = claim_rows(
        transition.claims(lines, transition.ANGLES),
        len(transition.SEEDS),
        "-".join(map(str, widths)),
    )
    yield from differences("transition-claims.csv", claims)


def of_reproduction() -> Iterator[str]:
    """Yield where the comparison with what was published is not what its numbers make of it."""
    name = "reproduce_published.csv"
    found = reproduce_published.rows(reproduce_published.read_comparisons(read(name)))
    yield from differences(name, found)
    claims = claim_rows(reproduce_published.by_chance(), 1, "16-16-16")
    yield from differences("reproduce_published-claims.csv", claims)
    for path in sorted(RESULTS.glob("reproduce_published-split-*-answers.npz")):
        answers = read_answers(path)
        counts = reproduce_published.split_counts(
            {key: [each.right for each in seeds] for key, seeds in answers.items()}
        )
        table = f"{path.stem.removesuffix('-answers')}.csv"
        weights = read(table)[0]["weights"]
        yield from differences(table, reproduce_published.split_rows(counts, weights))


def of_couplings() -> Iterator[str]:
    """Yield where the tables of couplings are not what their answers make of them."""
    for path in sorted(RESULTS.glob("couplings-*-answers.npz")):
        name, answers = path.stem.removesuffix("-answers"), read_answers(path)
        yield from differences(f"{name}.csv", couplings.rows(answers))
        seeds = max(map(len, answers.values()))
        made = claim_rows(couplings.claims(answers), seeds, name.removeprefix("couplings-"))
        yield from differences(f"{name}-claims.csv", made)


def of_claims(path: Path) -> Iterator[str]:
    """Yield where verdicts do not follow from the intervals beside them."""
    table = read(path.name)
    claims = [from_evidence(row) for row in table]
    for row, made in zip(table, claim_rows(claims, 0, ""), strict=True):
        for column in ("verdict", "p", "p_holm"):
            if row[column] != made[column]:
                yield (
                    f"{path.name}: {row['claim']}: {column} {row[column]}, "
                    f"expected {made[column]} from {row['evidence']}"
                )


def from_evidence(row: Row) -> Claim:
    """Return a claim whose p-value is the largest that its interval allows."""
    text, evidence = row["claim"], row["evidence"]
    freedom = max(int(row["seeds"]) - 1, 1)
    found = [
        tuple(map(float, each))
        for each in re.findall(rf"({NUMBER}) \(({NUMBER}) to ({NUMBER})\)", evidence)
    ]
    value, low, high = found[0]
    difference = Interval(value, low, high, None, freedom)
    limit = 0.0
    if ", plain" in evidence:  # strengths, as if they were independent
        half = [(each[2] - each[1]) / 2 for each in found]
        both = (half[0] ** 2 + half[1] ** 2) ** 0.5
        apart = value - found[1][0]
        difference = Interval(apart, apart - both, apart + both, None, freedom)
    elif match := re.search(r"breakdown at (\d+) or more", text):
        limit = float(match[1])
    elif match := re.search(rf"(?:reaches|errs in at most|costs at most) ({NUMBER})", text):
        limit = -float(match[1])
        if "costs" not in text:
            difference = Interval(-value, -high, -low, None, freedom)
    elif "most images are wrong" in text:
        limit = 50.0
    return Claim(text, difference, evidence, limit)


def differences(table: str, expected: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield where a committed table has another value in the columns that are expected."""
    found = read(table)
    if len(found) != len(expected):
        yield f"{table}: expected {len(expected)} rows, got {len(found)}"
        return
    for number, (row, made) in enumerate(zip(found, expected, strict=True), 2):
        for column, value in made.items():
            if not same(row[column], str(value)):
                yield f"{table}, line {number}: {column} {row[column]}, expected {value}"


def same(first: str, second: str) -> bool:
    """Return whether two cells say the same: numbers may differ by how they are rounded."""
    if first == second:
        return True
    try:
        one, other = float(first), float(second)
    except ValueError:
        return False
    return abs(one - other) <= 2e-6 + 2e-3 * abs(other) * (abs(other) < 0.05)


def of_texts() -> Iterator[str]:
    """Yield figures of the texts that are not listed or not what their tables say."""
    with (BENCHMARKS / "told.csv").open(encoding="utf-8", newline="") as file:
        told = list(csv.DictReader(file))
    for text in TEXTS:
        listed = [row for row in told if row["text"] == text]
        figures = figures_of((ROOT / text).read_text(encoding="utf-8"))
        for place, row in enumerate(listed):
            found = figures[place] if place < len(figures) else "nothing more"
            if row["figure"] != found:
                yield f"{text}: figure {place + 1} is {found}, told.csv has {row['figure']}"
                break
            yield from of_source(row)
        else:
            for figure in figures[len(listed) :]:
                yield f"{text}: told.csv does not say where {figure} comes from"


def figures_of(text: str) -> list[str]:
    """Return the figures of a text in Markdown, in their order: not those of code or addresses."""
    text = re.sub(r"```.*?```|~~~.*?~~~", " ", text, flags=re.DOTALL)
    text = re.sub(r"`[^`]*`", " ", text, flags=re.DOTALL)
    text = re.sub(r"\]\([^)]*\)|arXiv:[\d.]+|https?://\S+", " ", text)
    return FIGURE.findall(re.sub(r"\s+", " ", text))


def of_source(row: Row) -> Iterator[str]:
    """Yield whether a figure is another number than its source."""
    if not row["table"]:
        if not row["source"]:
            yield f"told.csv: {row['text']}: {row['figure']} has no source"
        return
    try:
        values = source_values(row)
    except (LookupError, ValueError, OSError) as error:
        yield f"told.csv: {row['text']}: {row['figure']}: {error}"
        return
    figures = re.findall(NUMBER, row["figure"])
    for figure, value in zip(figures, values, strict=False):
        digits = len(figure.partition(".")[2])
        if abs(float(figure.replace(",", "")) - value) > 0.5001 * 10**-digits:
            source = f"{row['source']} of {row['table']}"
            yield f"{row['text']}: {row['figure']}: {source} has {value:.6g}"
    if len(figures) > len(values):
        yield f"told.csv: {row['text']}: {row['figure']}: expected {len(figures)} columns"


def source_values(row: Row) -> list[float]:
    """Return the numbers of a source: `column=value & ... : column, column : factor+summand`.

    A column may be a difference, `a - b`; of several rows it takes `least`, `most`, `sum` or
    `count` before it. The rows `all` are all of the table.
    """
    table = BENCHMARKS / row["table"]
    where, columns, *scale = row["source"].split(" : ")
    wanted = dict(part.split("=", 1) for part in where.split(" & ")) if where != "all" else {}
    with table.open(encoding="utf-8", newline="") as file:
        rows = [each for each in csv.DictReader(file) if wanted.items() <= each.items()]
    if not rows:
        raise LookupError(f"{row['table']} has no row with {where}")
    factor, _, offset = (scale[0] if scale else "1").partition("+")
    found = []
    for column in columns.split(", "):
        function, name = column.split(" ", 1) if column.split(" ")[0] in SUMMARIES else ("", column)
        minuend, _, subtrahend = name.partition(" - ")
        numbers = [
            (float(each[minuend]) - float(each[subtrahend] if subtrahend else 0)) * float(factor)
            + float(offset or 0)
            for each in rows
        ]
        if not function and len(numbers) > 1:
            raise LookupError(f"{row['table']} has {len(numbers)} rows with {where}")
        found.append(float(SUMMARIES[function](numbers)))
    return found


def read(name: str) -> list[dict[str, str]]:
    """Return the rows of a table of the studies."""
    with (RESULTS / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


if __name__ == "__main__":
    main()
