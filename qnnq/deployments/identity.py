"""What determines circuits and their noise, without compiling either."""

import hashlib
import os
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from noise_models import NoiseSpecification
from qnnq.deployments.noise_text import split_strength
from qnnq.devices.device import Device
from qnnq.storage.cache import recall_while
from qnnq.storage.installed import versions

LIBRARIES = ("numpy", "qiskit", "qiskit-aer", "rustworkx")
"""Whose versions decide what is compiled and drawn."""

PACKAGES = ("noise_models", "transpile", "qnnq")
"""Our own source that decides it."""

WITHOUT = ("cli", "figures", "fitting", "jobs", "report", "results", "sweep", "training")
"""Parts of `qnnq` that do not, but for `KEPT`."""

KEPT = "results/task.py"
"""Whose fields what is kept on disk has."""


def noisy_device(specification: NoiseSpecification, device: Device) -> dict[str, Any]:
    """Return the identity of a noise on a device; see `device_identity`.

    Args:
        specification: The noise, its strength included.
        device: The device.
    """
    noise, strength = split_strength(specification)
    return {"noise": noise, "strength": strength, **device_identity(device)}


def device_identity(device: Device) -> dict[str, Any]:
    """Return the identity of a device: its whole calibration, and what compiles for it."""
    return {
        "device": device.name,
        "device_content": device.content,
        "calibration": device.source.digest,
        "calibrated": device.calibration,
        "compiler": compiler(),
    }


@cache
def compiler() -> dict[str, str]:
    """Return the versions of `LIBRARIES`, and the SHA-256 (hexadecimal) of `PACKAGES`."""
    files = dict(_sources())
    stats = [(name, os.stat(file)) for name, file in files.items()]
    state = [(name, s.st_size, s.st_mtime_ns, s.st_ctime_ns) for name, s in stats]
    source = recall_while(f"source of {files}", state, lambda: _digest(files))
    found = versions()
    return {name: found[name] for name in LIBRARIES} | {"source": source}


def _digest(files: dict[str, Path]) -> str:
    digest = hashlib.sha256()
    for name, file in files.items():
        digest.update(f"{name}\n".encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _sources() -> Iterator[tuple[str, Path]]:
    """Yield the name and the place of each file of our own source that decides it, in order."""
    for package in PACKAGES:
        spec = find_spec(package)
        assert spec is not None
        assert spec.origin is not None
        folder = Path(spec.origin).parent
        for parent, folders, files in os.walk(folder):
            inside = os.path.relpath(parent, folder)
            without = WITHOUT if package == "qnnq" and inside == "." else ()
            folders[:] = sorted({*folders} - {*without, "__pycache__"})
            for file in sorted(files):
                if file.endswith(".py"):
                    yield os.path.normpath(f"{package}/{inside}/{file}"), Path(parent, file)
    yield f"qnnq/{KEPT}", folder / KEPT
