"""The tables of docs/quantum-data.md, from the CSV files beside this script.

    python benchmarks/quantum_data/tables.py --write

A table of the page begins with the first line of one of these, and ends before an empty line.
Without `--write` it says which tables of the page are other ones, and exits with 1 if any are.
"""

import argparse
import csv
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from qnnq.storage.files import write_atomically

HERE = Path(__file__).parent
PAGE = HERE.parents[1] / "docs" / "quantum-data.md"
SIZES = ("2", "4", "6", "8")
NAMING = {
    "two copies a shot": "pairs",
    "the same, every pair depolarised with 3 %": "noisy pairs",
    "single: mutually unbiased stabiliser bases in turn, maximum likelihood": (
        "single, unbiased bases in turn"
    ),
    "single: adaptive, bases spanned by the likeliest commuting Paulis": "single, adaptive",
    "single: GHZ bases with random axes, only Paulis without identities": (
        "single, GHZ, full weight"
    ),
    "single: Bell bases of pairs within the copy, random axes, only Paulis without identities": (
        "single, Bell within a copy, full weight"
    ),
    "proven floor, single, not adaptive": "floor, not adaptive",
    "proven floor, single, any scheme": "floor, any",
}
TELLING = {
    "two copies a shot": "pairs",
    "the same, 3 % a pair, Paulis without identities": "noisy pairs, full weight",
    "single: random Clifford bases": "single, random Clifford",
    "single: mutually unbiased bases in turn": "single, unbiased bases in turn",
    "single: random Pauli bases": "single, random Pauli",
    "single: random Pauli and GHZ bases, half of each": "single, Pauli and GHZ, half each",
    "single: GHZ bases with random axes, only Paulis without identities": (
        "single, GHZ, full weight"
    ),
    "single: Bell bases of pairs within the copy, only Paulis without identities": (
        "single, Bell within a copy, full weight"
    ),
    "proven floor, single, any scheme, uniform Paulis": "floor, any",
}
NETWORKS = {
    "quantised 16-16, coupled pairs": "coupled",
    "ReLU 16-16, registers measured without coupling": "separate",
}
Table = list[str]


def read(name: str) -> list[dict[str, str]]:
    """Return the rows of a CSV file."""
    with (HERE / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def line(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def whole(text: str) -> str:
    return f"{round(float(text)):,}"


def percent(text: str) -> str:
    return f"{100 * float(text):.1f}"


def naming() -> Table:
    found = {(r["scheme"], r["n"]): r["copies"] for r in read("hidden_pauli") if r["task"] == "A1"}
    rows = [
        line(label, *(whole(found[s, n]) if (s, n) in found else "not run" for n in SIZES))
        for label, s in NAMING.items()
    ]
    return ["| A1 | n = 2 | 4 | 6 | 8 |", "|---|---|---|---|---|", *rows]


def telling() -> Table:
    found = {(r["scheme"], r["n"]): r["copies"] for r in read("hidden_pauli") if r["task"] == "A2"}

    def cell(scheme: str, n: str) -> str:
        known = found.get((f"{scheme}, sign known", n))
        unknown = whole(found[scheme, n])
        return unknown if known is None else f"{unknown} / {whole(known)}"

    rows = [line(label, *(cell(s, n) for n in SIZES)) for label, s in TELLING.items()]
    return ["| A2 | n = 2 | 4 | 6 | 8 |", "|---|---|---|---|---|", *rows]


def devices() -> Table:
    kept = [row for row in read("hidden_pauli_devices") if float(row["strength"]) == 1]
    names = [row["device"] for row in kept if row["which"] == "best"]
    found = {(row["device"], row["which"]): row for row in kept}

    def cells(row: dict[str, str]) -> list[str]:
        full, uniform = (float(row[f"{which}_contrast"]) for which in ("full_weight", "uniform"))
        needed = row["A2_copies_full_weight"], row["A1_copies"]
        return [f"{full:.3f} / {uniform:.3f}", *map(whole, needed)]

    names.sort(key=lambda name: -float(found[name, "best"]["full_weight_contrast"]))
    rows = [line(n, *cells(found[n, "best"]), *cells(found[n, "median"])) for n in names]
    head = line("device", "contrast, best pairs", "A2", "A1", "contrast, middle pairs", "A2", "A1")
    return [head, "|---|---|---|---|---|---|---|", *rows]


def readers() -> Table:
    found = {(r["reader"], r["n"]): r for r in read("readout")}
    sizes = SIZES[:3]
    names = ("ReLU 64-64", "quantised 16-16")
    rows = [
        line(name, *(percent(found[f"{name} of this n", n]["accuracy"]) for n in sizes))
        for name in names
    ]
    exact = [percent(found[f"{names[0]} of this n", n]["exact"]) for n in sizes]
    head = "| reader, % right | n = 2 | 4 | 6 |"
    return [head, "|---|---|---|---|", *rows, line("the given parity", *exact)]


def three(row: dict[str, str]) -> str:
    return " / ".join(percent(row[name]) for name in ("one", "two", "three"))


def process() -> Table:
    found = {(r["measured"], r["n"], float(r["error"])): r for r in read("process")}
    rows = [
        line(
            f"{error:.0%}".replace("%", " %"),
            label,
            *(three(found[k, n, error]) for n in SIZES[1:]),
        )
        for error in (0.0, 0.1, 0.3)
        for label, k in NETWORKS.items()
    ]
    single = [three(found["single uses", n, 0.0]) for n in SIZES[1:]]
    head = "| error a pair | % right after 1 / 2 / 3 shots | n = 4 | 6 | 8 |"
    last = line("none", "quantised 16-16, 2 / 20 / 200 single uses in the Y basis", *single)
    return [head, "|---|---|---|---|---|", *rows, last]


def single_uses() -> Table:
    found = {(r["test"], r["depth"], r["n"]): r["uses"] for r in read("single_uses")}
    tests = {
        "complementary less equal pairs of outcomes, depth 4 (8)": ("collisions", "4", "8"),
        "learned function of the distances of pairs, depth 4 (8)": ("learned pairs", "4", "8"),
    }
    sizes = ("4", "6", "8", "10", "12")
    rows = [
        line(
            label,
            *(f"{whole(found[t, a, n])} ({whole(found[t, b, n])})" for n in sizes[:3]),
            "",
            "",
        )
        for label, (t, a, b) in tests.items()
    ]
    haar = [whole(found["likelihood", "Haar", n]) for n in sizes]
    head = "| single uses for 95 % | n = 4 | 6 | 8 | 10 | 12 |"
    last = line("Haar-random U: likelihood ratio", *haar)
    return [head, "|---|---|---|---|---|---|", *rows, last]


def process_devices() -> Table:
    what = "device, % right after 1 / 2 / 3 shots"
    gates = "two-qubit gates, coupled / without"
    head = line(what, "n", gates, "coupled", "without coupling")
    found = {(r["device"], r["n"], r["measured"]): r for r in read("process_devices")}
    places = dict.fromkeys((device, n) for device, n, _ in found)
    rows = []
    for device, n in places:
        both = [found[device, n, kind] for kind in ("coupled", "separate")]
        counted = " / ".join(row["gates"] for row in both)
        rows.append(line(device, n, counted, *map(three, both)))
    return [head, "|---|---|---|---|---|", *rows]


TABLES = (naming, telling, devices, readers, process, single_uses, process_devices)


def written() -> str:
    """Return the page with these tables."""
    text = PAGE.read_text(encoding="utf-8")
    for table in TABLES:
        lines = table()
        pattern = re.compile(rf"^( *){re.escape(lines[0])}\n(?: *\|.*\n)*", re.MULTILINE)

        def made(match: re.Match[str], lines: Table = lines) -> str:
            return "".join(f"{match[1]}{each}\n" for each in lines)

        text, count = pattern.subn(made, text)
        if count != 1:
            raise LookupError(
                f"{PAGE.name}: expected one table that begins {lines[0]}, got {count}"
            )
    return text


def problems() -> Iterator[str]:
    """Yield where the page is not what the CSV files make of it."""
    ours = PAGE.read_text(encoding="utf-8").splitlines()
    for number, (own, made) in enumerate(zip(ours, written().splitlines(), strict=False), 1):
        if own != made:
            yield f"{PAGE.name}, line {number}: {own}, expected {made}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true")
    if parser.parse_args().write:
        write_atomically(PAGE, written().encode())
        return
    errors = list(problems())
    for error in errors:
        print(error)
    sys.exit(bool(errors))


if __name__ == "__main__":
    main()
