"""Accuracy of living neurons against feedback latency and noise strength, and latency budgets.

    python benchmarks/feedback_latency.py --out runs/latency

sweeps bundled networks on devices of several generations, stepwise and coherent, over all 10,000
test images with 15 shots each: feedback latencies from 0 to 10 ms with the devices' `measure`, and
with `measure_2` where they have it, and noise strengths at the default latency. It draws a figure,
writes a row a network, device and measurement to a CSV file, both beside the results file, and
prints the tables. A run that was stopped goes on where it was. `--quick` takes 500
images, two devices and fewer latencies.
"""

import argparse
import csv
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from qnnq.results.points import Measured

NETWORKS = {
    "mnist16-a0-g3pi8": "weak",
    "mnist16-a0.5-g3pi8": "combined",
    "mnist16-linear": "linear, method 1",
    "mnist16-linear-g3pi8": "linear, weak",
}
DEVICES = [
    "fake_sherbrooke",  # Eagle
    "fake_torino",  # Heron, first revision
    "fake_kingston",  # Heron, second revision
    "fake_pittsburgh",  # Heron, third revision
    "fake_nighthawk",  # Nighthawk
]
WITH_SHORT_MEASUREMENT = ["fake_kingston", "fake_pittsburgh"]
LATENCIES = ["0us", "0.9us", "3us", "10us", "30us", "100us"]
MORE_LATENCIES = ["0.5us", "300us", "10ms"]
STRENGTHS = [2, 4, 8, 16]
QUICK_DEVICES = ["fake_torino", "fake_kingston"]
QUICK_LATENCIES, QUICK_STRENGTHS = ["0us", "0.9us", "20us"], [4]
DEFAULT_LATENCY = 0.9
STYLES = {"-": "coherent", ":": "coherent, measure_2", "--": "stepwise"}


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("runs/latency"), help="folder for results")
    parser.add_argument("--device", default="fake_kingston", help="whose accuracies are printed")
    parser.add_argument("--workers", type=int)
    parser.add_argument("--quick", action="store_true")
    return parser.parse_args()


def sweep_file(quick: bool) -> str:
    devices = QUICK_DEVICES if quick else DEVICES
    short = [device for device in devices if device in WITH_SHORT_MEASUREMENT]
    latencies = QUICK_LATENCIES if quick else LATENCIES
    modes = ["stepwise", "coherent"]
    grids: list[dict[str, Any]] = [
        {"noise": "ideal", "devices": "fake_kingston"},
        {"mode": modes, "devices": devices, "feedback_latency": latencies + MORE_LATENCIES},
        {
            "mode": "coherent",
            "devices": short,
            "feedback_latency": latencies,
            "measurement": "measure_2",
        },
        {
            "mode": modes,
            "devices": devices,
            "strength": QUICK_STRENGTHS if quick else STRENGTHS,
        },
    ]
    images = "0:500" if quick else "all"
    common = {"networks": list(NETWORKS), "noise": "device", "images": images, "shots": 15}
    return "\n".join(
        "\n".join(["[[grid]]", *(f"{key} = {value!r}" for key, value in (common | grid).items())])
        for grid in grids
    )


def run(arguments: argparse.Namespace) -> int:
    """Sweep with the command that one would type, then draw and tabulate."""
    from qnnq.cli.main import main
    from qnnq.figures.style import save
    from qnnq.results.points import read_points

    folder = arguments.out
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "sweep.toml").write_text(sweep_file(arguments.quick), encoding="utf-8")
    results = folder / "results.sqlite"
    workers = ["--workers", str(arguments.workers)] if arguments.workers else []
    code = main(["sweep", str(folder / "sweep.toml"), "--out", str(results), *workers])
    if code:
        return code
    points = read_points(results)
    save(draw(points), folder / "feedback_latency.png")
    rows = list(tabulate(points))
    with (folder / "feedback_latency.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    print_table(rows, arguments.device)
    print_measurements(rows)
    print(f"figure and rows: {folder / 'feedback_latency.png'}, {folder / 'feedback_latency.csv'}")
    return 0


def select(points: Iterable["Measured"], **labels: Any) -> list["Measured"]:
    return [point for point in points if labels.items() <= point.labels.items()]


def tabulate(points: list["Measured"]) -> Iterator[dict[str, str]]:
    """Yield for each network, device and measurement its accuracies and latency budgets."""
    from qnnq.results.latency import latency_budgets

    noisy = select(points, noise="device", strength=1.0)
    for found in latency_budgets(noisy, None):
        labels = found.first.labels
        setting = {name: labels[name] for name in ("network", "device", "measurement")}
        where = {"network": labels["network"], "device": labels["device"]}
        (ideal,) = select(points, network=labels["network"], noise="ideal", mode="stepwise")
        (stepwise,) = select(noisy, **where, mode="stepwise")
        (coherent,) = select(noisy, **setting, feedback_latency=DEFAULT_LATENCY)
        row = dict(setting)
        for name, point in (("ideal", ideal), ("stepwise", stepwise), ("coherent", coherent)):
            for prediction in ("single_shot", "majority"):
                row |= with_ends(f"{name}_{prediction}", point.accuracy(prediction))
        row |= with_ends("latency_us_single_shot", found.single_shot)
        row |= with_ends("latency_us_majority", found.majority)
        yield row


def with_ends(name: str, found: Any) -> dict[str, str]:
    ends = {"": found.value, "_low": found.low, "_high": found.high}
    return {name + end: f"{value:.4g}" for end, value in ends.items()}


def print_table(rows: list[dict[str, str]], device: str) -> None:
    """Print accuracies on one device and the latency budgets of all, in Markdown.

    Accuracies are those of one shot and of the majority; budgets, in microseconds, of the majority.
    """
    plain = [row for row in rows if row["measurement"] == "measure"]
    devices = list(dict.fromkeys(row["device"] for row in plain))
    print(f"| network | without noise | stepwise | coherent | {' | '.join(devices)} |")
    print(f"|---|---|---|---|{'---|' * len(devices)}")
    for network in NETWORKS:
        own = {row["device"]: row for row in plain if row["network"] == network}
        accuracies = [
            " / ".join(
                f"{100 * float(own[device][f'{name}_{prediction}']):.1f}"
                for prediction in ("single_shot", "majority")
            )
            for name in ("ideal", "stepwise", "coherent")
        ]
        budgets = [budget(own[each], "majority") for each in devices]
        print(f"| `{network}` | {' | '.join([*accuracies, *budgets])} |")


def print_measurements(rows: list[dict[str, str]]) -> None:
    """Print what a shorter measurement changes, in Markdown."""
    print(
        "| network | device | measurement | one shot | one point lost at |\n|---|---|---|---|---|"
    )
    short = {(row["network"], row["device"]) for row in rows if row["measurement"] != "measure"}
    for row in rows:
        if (row["network"], row["device"]) in short:
            value, low, high = (
                f"{100 * float(row[f'coherent_single_shot{end}']):.2f}"
                for end in ("", "_low", "_high")
            )
            cells = [row[name] for name in ("network", "device", "measurement")]
            cells += [f"{value} ({low} to {high})", budget(row, "single_shot")]
            print(f"| {' | '.join(cells)} |")


def budget(row: dict[str, str], prediction: str) -> str:
    value, low, high = (
        f"{float(row[f'latency_us_{prediction}{end}']):.2g}" for end in ("", "_low", "_high")
    )
    return f"{value} ({low} to {high})"


def draw(points: list["Measured"]) -> "Figure":
    """Draw majority accuracy against latency (above) and strength (below), a column a network."""
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

    from qnnq.figures.style import look, percent_axis, styled
    from qnnq.results.labels import duration

    noisy = select(points, noise="device")
    devices = [name for name in DEVICES if select(noisy, device=name)]
    with styled():
        figure = Figure(figsize=(11, 5.4), layout="constrained")
        grid = figure.subplots(2, len(NETWORKS), sharey=True, sharex="row")
        for (network, kind), (above, below) in zip(NETWORKS.items(), grid.T, strict=True):
            for number, device in enumerate(devices):
                own, color = select(noisy, network=network, device=device), look(number).color
                calibrated, usual = select(own, strength=1.0), {"measurement": "measure"}
                (stepwise,) = select(calibrated, mode="stepwise")
                above.axhline(stepwise.accuracy("majority").value, color=color, ls="--", lw=0.8)
                line(above, select(calibrated, **usual), "feedback_latency", color, "-", device)
                short = select(calibrated, measurement="measure_2")
                line(above, short, "feedback_latency", color, ":")
                line(below, select(own, mode="stepwise"), "strength", color, "--")
                living = select(own, feedback_latency=DEFAULT_LATENCY, **usual)
                line(below, living, "strength", color, "-")
            above.set_title(f"{network}\n({kind})", fontsize=8)
            above.set_xscale("log")
            above.set_xticks([1, 100, 10_000], map(duration, (1, 100, 10_000)))
            above.set_xticks([], minor=True)
            above.set_xlabel("feedback latency", fontsize=8)
            below.set_xscale("log", base=2)
            below.set_xticks([1, *STRENGTHS], map(str, (1, *STRENGTHS)))
            below.set_xlabel("noise strength", fontsize=8)
            percent_axis(above)
        figure.supylabel("accuracy of the majority vote", fontsize=9)
        handles, names = grid[0, 0].get_legend_handles_labels()
        for style, name in STYLES.items():
            handles.append(Line2D([], [], color="0.4", ls=style, lw=1.1))
            names.append(name)
        figure.legend(handles, names, loc="outside lower center", ncols=len(names), fontsize=8)
        figure.suptitle(
            f"{len(noisy[0].images):,} images x {noisy[0].shots} shots under device noise; "
            f"above at strength 1, below at a feedback latency of {DEFAULT_LATENCY} us",
            fontsize=9,
        )
    return figure


def line(
    axes: "Axes", points: list["Measured"], x: str, color: str, style: str, label: str = ""
) -> None:
    shown = sorted((float(point.labels[x]), point.accuracy("majority").value) for point in points)
    shown = [(place, value) for place, value in shown if place > 0]
    if shown:
        axes.plot(*zip(*shown, strict=True), color=color, ls=style, lw=1.1, label=label or None)


if __name__ == "__main__":
    sys.exit(run(parse_arguments()))
