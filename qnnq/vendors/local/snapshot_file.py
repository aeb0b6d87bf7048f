"""Devices from files: our own snapshots, and what IBM's client and IonQ say of a machine."""

import json
import warnings
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qnnq.devices.device import Device, Provider
from qnnq.errors import InputError
from qnnq.storage.files import FileVersion, file_versions, read_text, write_atomically
from qnnq.vendors.local.simulation import simulated

if TYPE_CHECKING:
    from pydantic import ValidationError
    from qiskit.transpiler import Target

    from qnnq.devices.service_limits import ServiceLimits
    from qnnq.devices.snapshot import DeviceSnapshot

LIKELY = 1e7
"""T1 and T2 over the longest instruction: ions and atoms come to some 1e6."""
EXPECTED = (
    'a device of "format": "qnnq-device/1", {"configuration": .., "properties": ..} of the client '
    'of IBM Quantum, or {"qubits": .., "fidelity": .., "timing": ..} of IonQ'
)


def write_device(device: Device, path: str) -> None:
    """Write a device as it is calibrated now; raises InputError if it cannot be written."""
    from qnnq.devices.snapshot import snapshot_of

    snapshot = snapshot_of(device.target, device.name, device.calibration)
    content = snapshot.model_dump_json(exclude_defaults=True)
    document = {"format": snapshot.format, **json.loads(content)}
    for each in document["instructions"]:
        each.setdefault("on", None)
    write_atomically(path, (json.dumps(document) + "\n").encode())


def read_device(path: str, limits: "ServiceLimits") -> Device:
    """Read a device; the same one for a file that did not change.

    Args:
        path: A snapshot, a JSON object with the dictionaries that `configuration()` and
            `properties()` of IBM's client give, or a characterization of IonQ.
        limits: Of the service that it stands for.

    Raises:
        InputError: If it cannot be read, or is another thing.
    """
    try:
        (version,) = file_versions(path)
        return _read(path, version, limits)
    except OSError as error:
        raise InputError(f"device {path}: cannot be read: {error.strerror}") from error


@lru_cache(maxsize=8)
def _read(path: str, version: FileVersion, limits: "ServiceLimits") -> Device:
    from qnnq.devices.objects import TargetBackend

    try:
        document = json.loads(read_text(path))
    except (ValueError, RecursionError) as error:
        raise InputError(f"device {path}: not JSON: {error}") from error
    if not isinstance(document, dict):
        raise InputError(f"device {path}: expected {EXPECTED}")
    read = _ours if "format" in document else _published
    target, name, calibrated = read(path, document)
    return Device.of_content(TargetBackend(target, name), name, calibrated, limits, found_as=path)


def _ours(path: str, document: dict[str, Any]) -> "tuple[Target, str, str | None]":
    from pydantic import ValidationError

    from qnnq.devices.snapshot import DeviceSnapshot

    try:
        snapshot = DeviceSnapshot.model_validate_json(json.dumps(document))
    except ValidationError as error:
        raise InputError(f"device {path}: {_first(error)}") from error
    _doubt_units(path, snapshot)
    return snapshot.target(), snapshot.name, snapshot.calibrated


def _first(error: "ValidationError") -> str:
    """Return the place of the first thing that is wrong, and what was expected."""
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"])
    return f"{f'{place}: ' if place else ''}{first['msg']}"


def _doubt_units(path: str, snapshot: "DeviceSnapshot") -> None:
    """Warn of times that are too long to be seconds beside the instructions' durations."""
    places = (place for each in snapshot.instructions for place in each.on or ())
    longest = max((place.duration_s or 0.0 for place in places), default=0.0)
    times = [
        (value, name, number)
        for number, qubit in enumerate(snapshot.qubits)
        for name, value in (("T1", qubit.t1_s), ("T2", qubit.t2_s))
        if value is not None and value > LIKELY * longest > 0
    ]
    if times:
        value, name, number = max(times)
        warnings.warn(
            f"device {path}: {name} of qubit {number} is {value:g} s, {value / longest:.0e} times "
            "the longest instruction: is it in microseconds?",
            stacklevel=2,
        )


def _published(path: str, document: dict[str, Any]) -> "tuple[Target, str, str | None]":
    from pydantic import ValidationError

    from qnnq.devices.characterization import is_characterization, snapshot_of_characterization
    from qnnq.devices.client_files import snapshot_of_files

    of_client = "configuration" in document
    if not of_client and not is_characterization(document):
        raise InputError(f"device {path}: expected {EXPECTED}")
    try:
        if of_client:
            configuration, properties = document["configuration"], document["properties"]
            snapshot = snapshot_of_files(configuration["backend_name"], configuration, properties)
        else:
            snapshot = snapshot_of_characterization(document)
        _doubt_units(path, snapshot)
        return snapshot.target(), snapshot.name, snapshot.calibrated
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        what = "the client's configuration" if of_client else "a characterization of IonQ"
        if isinstance(error, ValidationError):
            reason = _first(error)
        else:
            reason = f"{type(error).__name__} {str(error).splitlines()[0] if str(error) else ''}"
        raise InputError(f"device {path}: not {what}: {reason}") from error


PROVIDER = Provider(
    example="FILE.json",
    kind="simulated",
    claims=lambda name: Path(name).suffix == ".json",
    names=tuple,
    find=lambda name, limits, instance: read_device(name, limits),
    service=simulated,
    named_by_request=False,
)
