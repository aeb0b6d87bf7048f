"""What is installed: versions of packages, and what they offer us as entry points."""

import os
import sys
from functools import lru_cache
from typing import Any

from qnnq.storage.cache import recall_while

LIBRARIES = ("qnnq", "numpy", "qiskit", "qiskit-aer", "qiskit-ibm-runtime", "rustworkx")
"""Whose versions we tell, or whose results hang on them."""

GROUP = "qnnq.devices"
"""The entry points of those who offer devices."""

_Folders = tuple[tuple[str, int], ...]


def versions() -> dict[str, str]:
    """Return the versions of `LIBRARIES`."""
    return dict(_installed(_folders())["versions"])


def device_entry_points() -> dict[str, str]:
    """Return the entry points of `GROUP`, `module:name` by their own names."""
    return dict(_installed(_folders())["devices"])


def _folders() -> _Folders:
    """Return where packages are, and when one was last added or removed there."""
    return tuple((path, os.stat(path).st_mtime_ns) for path in sys.path if os.path.exists(path))


@lru_cache(maxsize=1)
def _installed(folders: _Folders) -> dict[str, Any]:
    # Reading the metadata of all packages takes longer than what a run does that was made before.
    paths = [path for path, _ in folders]
    return recall_while(f"installed in {paths}", folders, _read)


def _read() -> dict[str, Any]:
    from importlib.metadata import entry_points, version

    return {
        "versions": {name: version(name) for name in LIBRARIES},
        "devices": {each.name: each.value for each in entry_points(group=GROUP)},
    }
