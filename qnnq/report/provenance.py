"""What a run on a device cost, and all that is needed to do it again."""

from typing import Any

from qnnq.jobs.reading import Collected
from qnnq.report.content import Cell, Section, Table
from qnnq.report.sources import Sources


def hardware(sources: Sources) -> Section | None:
    """Return what the runs cost and which calibration they saw; None without runs."""
    if not sources.runs:
        return None
    tables = tuple(_run(folder, found) for folder, found in sources.runs.items())
    text = "Quantum seconds are what the service billed, 0 on simulated devices."
    return Section("Cost and calibration of runs on devices", (text,), tables=tables)


def _run(folder: str, found: Collected) -> Table:
    cost, calibration = found.hardware, found.result.calibration or {}
    measured = sorted({str(time) for time in cost["calibrations"] if time})
    rows: dict[str, Any] = {
        "device": found.result.task.device,
        "jobs": ", ".join(map(str, cost["jobs"])),
        "executions": f"{cost['executions']:,} (estimate {cost['estimated_executions']:,})",
        "quantum seconds": f"{cost['quantum_seconds']:.2f} "
        f"(estimate {cost['estimated_quantum_seconds']:.2f})",
        "time from submission to the end": f"{found.result.seconds:.0f} s",
        "calibration that it was placed by": calibration.get("time") or "unknown",
        "calibrations while it ran": ", ".join(measured) or "unknown",
    }
    rows |= {f"qubits, layer {n}": qubits for n, qubits in enumerate(cost["qubits"], start=1)}
    return Table(
        ("", folder),
        tuple((Cell(name), Cell(str(value))) for name, value in rows.items()),
    )


def again(sources: Sources) -> Section:
    """Return the files and commands that asked for these results, the versions and the digests."""
    code = []
    for number, text in enumerate(sources.sweeps, start=1):
        name = "sweep.toml" if number == 1 else f"sweep{number}.toml"
        code.append((name, text))
        code.append(("Command", f"qnnq sweep {name} --out results.sqlite"))
    if sources.submissions:
        code.append(("Jobs", "\n".join(sources.submissions)))
    versions = sorted(
        {(name, v) for origin in sources.origins for name, v in origin.result.versions.items()}
    )
    devices = sorted(
        {
            (str(calibration["device"]), str(calibration.get("time") or "unknown"))
            for origin in sources.origins
            if (calibration := origin.result.calibration)
        }
    )
    inputs = [(f"{kind} {name}", digest) for kind, name, digest in sources.inputs]
    tables = [
        _pairs("package", "version", versions),
        _pairs("input", "SHA-256", inputs),
        _pairs("device", "time of its calibration", devices),
    ]
    return Section(
        "To do it again",
        ("Equal seeds and versions give equal counts; runs on machines differ by chance.",),
        tables=tuple(table for table in tables if table.rows),
        code=tuple(code),
    )


def _pairs(first: str, second: str, rows: list[tuple[str, str]]) -> Table:
    return Table((first, second), tuple((Cell(name), Cell(value)) for name, value in rows))
