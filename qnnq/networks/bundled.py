"""Networks by name: the bundled ones, or a file's path."""

import os
from functools import cache, lru_cache
from pathlib import Path

from qnnq.errors import InputError
from qnnq.networks.file import read_network
from qnnq.networks.network import Network
from qnnq.storage.files import FileVersion, file_versions
from qnnq.wording import nearest

BUNDLED_FOLDER = Path(__file__).parent.parent / "bundled" / "networks"


@cache
def bundled_models() -> tuple[str, ...]:
    """Return the names of the bundled networks."""
    return tuple(sorted(path.stem for path in BUNDLED_FOLDER.glob("*.safetensors")))


def load_model(name_or_path: str | Path | Network) -> Network:
    """Load a bundled network by name, or a network file; a network is itself.

    Raises:
        InputError: If there is neither.
    """
    if isinstance(name_or_path, Network):
        return name_or_path
    if not isinstance(name_or_path, str | Path):
        found = type(name_or_path).__name__
        raise InputError(f"`model`: expected a name, a file or a Network, got {found}")
    known = bundled_models()
    path = Path(name_or_path)
    if str(name_or_path) in known:
        path = BUNDLED_FOLDER / f"{name_or_path}.safetensors"
    elif not os.path.exists(path):
        raise InputError(
            f"{name_or_path}: no such file, nor a bundled network (`qnnq models` lists them)"
            f"{nearest(str(name_or_path), known)}"
        )
    if path.suffix in (".pt", ".pth", ".json"):
        raise InputError(
            f"{name_or_path}: expected a network file of qnnq; trained weights become one by "
            f"qnnq import {name_or_path} --stretch A --activation NAME --out net.safetensors"
        )
    return _read_once(path, file_versions(path))


@lru_cache(maxsize=16)
def _read_once(path: Path, versions: tuple[FileVersion, ...]) -> Network:
    """Read a file again only where it has changed."""
    return read_network(path)
