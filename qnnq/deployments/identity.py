"""What determines circuits and their noise, without compiling either."""

import hashlib
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from noise_models import NoiseSpecification
from qnnq.deployments.noise_text import split_strength
from qnnq.devices.device import Device

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
    digest = hashlib.sha256()
    for package in PACKAGES:
        spec = find_spec(package)
        assert spec is not None
        assert spec.origin is not None
        folder = Path(spec.origin).parent
        for file in sorted(folder.rglob("*.py")):
            name = file.relative_to(folder)
            if package == "qnnq" and name.parts[0] in WITHOUT and name.as_posix() != KEPT:
                continue
            digest.update(f"{package}/{name.as_posix()}\n".encode())
            digest.update(file.read_bytes())
    return {name: version(name) for name in LIBRARIES} | {"source": digest.hexdigest()}
