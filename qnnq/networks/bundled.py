"""Networks by name: the bundled ones, or a file's path."""

import os
from pathlib import Path

from qnnq.errors import InputError
from qnnq.networks.file import read_network
from qnnq.networks.network import Network
from qnnq.wording import nearest

BUNDLED_FOLDER = Path(__file__).parent.parent / "bundled" / "networks"


def bundled_models() -> tuple[str, ...]:
    """Return the names of the bundled networks."""
    return tuple(sorted(path.stem for path in BUNDLED_FOLDER.glob("*.safetensors")))


def load_model(name_or_path: str | Path) -> Network:
    """Load a bundled network by name, or a network file; raise InputError if there is neither."""
    known = bundled_models()
    if str(name_or_path) in known:
        return read_network(BUNDLED_FOLDER / f"{name_or_path}.safetensors")
    if not os.path.exists(name_or_path):
        raise InputError(
            f"{name_or_path}: no such file, nor a bundled network (`qnnq models` lists them)"
            f"{nearest(str(name_or_path), known)}"
        )
    if Path(name_or_path).suffix in (".pt", ".pth", ".json"):
        raise InputError(
            f"{name_or_path}: expected a network file of qnnq; trained weights become one by "
            f"qnnq import {name_or_path} --stretch A --activation NAME --out net.safetensors"
        )
    return read_network(name_or_path)
