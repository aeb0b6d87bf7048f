"""What IonQ's service and Amazon Braket publish of IonQ's machines, as a snapshot of ours.

A characterization of the service
(https://docs.ionq.com/api-reference/v0.4/backends/get-a-characterization) is

    {"backend": "qpu.aria-1", "date": "2025-06-16T00:00:00Z", "qubits": 25,
     "connectivity": [[0, 1], ..], "fidelity": {"1q": {"median": 0.9998}, "2q": .., "spam": ..},
     "timing": {"1q": 1.35e-4, "2q": 6e-4, "readout": 3e-4, "t1": 100, "t2": 1}}

with a mean or a median of each average fidelity, and times in seconds. Braket's capabilities of a
device have the same under `provider`, and the qubits under `paradigm`.
"""

import re
from collections.abc import Iterable, Mapping
from itertools import combinations
from typing import Any

from qnnq.devices.snapshot import (
    FORMAT,
    DeviceSnapshot,
    InstructionSnapshot,
    PlaceSnapshot,
    QubitSnapshot,
)

MOST_IONS = 1000
"""Any two have a gate of their own, each with its noise."""

GATES = {"gpi": ("phase",), "gpi2": ("phase",), "ms": ("phase0", "phase1", "angle")}


def is_characterization(document: Mapping[str, Any]) -> bool:
    """Whether a JSON object is meant to be one, of the service or of Braket."""
    return {"fidelity", "timing"} <= _rates(document).keys()


def snapshot_of_characterization(document: Mapping[str, Any]) -> DeviceSnapshot:
    """Return a machine of IonQ in its native gates.

    Args:
        document: A characterization, or Braket's capabilities of a device.

    Raises:
        AttributeError, KeyError, TypeError, ValueError: If a part is missing or is another thing.
    """
    paradigm = document.get("paradigm", {})
    found = _rates(document)
    count = int(paradigm["qubitCount"] if paradigm else document["qubits"])
    if count > MOST_IONS:
        raise ValueError(f"qubits: expected at most {MOST_IONS}, got {count}")
    name = str(document.get("backend", "ionq"))
    pairs = [(a, b) for a, b in document.get("connectivity") or combinations(range(count), 2)]
    fidelity = {key.lower(): _error(key, value) for key, value in found["fidelity"].items()}
    timing = {key.lower(): value for key, value in found["timing"].items()}
    ions: list[tuple[int, ...]] = [(ion,) for ion in range(count)]
    both: list[tuple[int, ...]] = [*pairs, *((b, a) for a, b in pairs)]
    on = {
        kind: _places(where, kind, fidelity, timing) for kind, where in (("1q", ions), ("2q", both))
    }
    gates = [
        InstructionSnapshot(
            name=gate, parameters=GATES[gate], on=on["2q" if gate == "ms" else "1q"]
        )
        for gate in GATES
    ]
    measured = {"readout": fidelity.get("spam")}
    measure = InstructionSnapshot(
        name="measure", num_clbits=1, on=_places(ions, "readout", measured, timing)
    )
    times = QubitSnapshot(t1_s=timing.get("t1"), t2_s=timing.get("t2"))
    return DeviceSnapshot(
        format=FORMAT,
        name=re.sub(r"\W", "_", name, flags=re.ASCII),
        calibrated=document.get("date"),
        num_qubits=count,
        qubits=(times,) * count,
        instructions=(*gates, measure),
    )


def _rates(document: Mapping[str, Any]) -> Mapping[str, Any]:
    provider = document.get("provider")
    return provider if isinstance(provider, Mapping) else document


def _error(kind: str, fidelity: Any) -> float:
    """Return the average infidelity, as exactly as the fidelity is written."""
    values = fidelity if isinstance(fidelity, Mapping) else {}
    found = [values[name] for name in ("median", "mean") if values.get(name) is not None]
    if not found or not isinstance(found[0], int | float):
        raise ValueError(f"fidelity.{kind}: expected a median or a mean, got {fidelity}")
    value = found[0]
    if not 0 <= value <= 1:
        raise ValueError(f"fidelity.{kind}: expected 0 to 1, got {value}")
    return round(1 - value, 9)


def _places(
    where: Iterable[tuple[int, ...]],
    kind: str,
    errors: Mapping[str, float | None],
    durations: Mapping[str, float],
) -> tuple[PlaceSnapshot, ...]:
    duration, error = durations.get(kind), errors.get(kind)
    return tuple(PlaceSnapshot(qubits=each, duration_s=duration, error=error) for each in where)
