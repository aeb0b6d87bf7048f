"""The file formats `qnnq-network/1` to `/3`: safetensors, the physics in the header; no torch.

Version 2 is written where hidden layers differ: activation and stretch are JSON lists of one value
for each. Version 3 is written where hidden layers have couplings, and has a JSON list of each
layer's beside that; or where the first layer receives a quantum state, which has no inputs.
"""

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from qnnq.arrays import FloatArray
from qnnq.errors import InputError
from qnnq.networks.couplings import Coupling
from qnnq.networks.network import Network
from qnnq.storage.files import reading, refuse_pointer, write_atomically

FORMAT = "qnnq-network/1"
FORMAT_WITH_LISTS = "qnnq-network/2"
FORMAT_WITH_COUPLINGS = "qnnq-network/3"
_FORMATS = (FORMAT, FORMAT_WITH_LISTS, FORMAT_WITH_COUPLINGS)
_ELSEWHERE = {
    ".onnx": "ONNX",
    ".pt": "torch's",
    ".pth": "torch's",
    ".ckpt": "torch's",
    ".h5": "HDF5",
    ".keras": "Keras's",
    ".json": "JSON",
}
_Item = TypeVar("_Item", str, float)
_PHYSICS = ("activation", "stretch", "entanglement", "last_projective")


def read_network(path: str | Path) -> Network:
    """Read a network file; raise InputError, one line with the path and the place, if it is bad."""
    path = Path(path)
    if not os.path.isfile(path):
        found = "not a file" if os.path.exists(path) else "no such file"
        raise InputError(f"{path}: {found}")
    with reading(path):
        with path.open("rb") as opened:
            refuse_pointer(path, opened.read(1024))
        return _read(path)


def _read(path: Path) -> Network:
    try:
        with safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
            _check_header(metadata)
            for name in file.keys():  # noqa: SIM118 (not a mapping)
                if (stored := file.get_slice(name).get_dtype()) not in ("F32", "F64"):
                    raise InputError(f"{name}: expected float32 or float64, got {stored}")
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except SafetensorError as error:
        raise InputError(f"{_other_kind(path)}: {error}") from error
    return _assemble(tensors, metadata)


_KINDS = {
    b"SQLite format 3": "a results file, no network (a classical rival is none either), which "
    "qnnq report and qnnq compare read",
    b"PK": "an archive: data go to --data, and qnnq import takes weights that torch saved",
    b"\x89HDF": "HDF5, which is not read: qnnq import takes weights that torch saved",
    b"[[grid]]": "a sweep file, which asks for results: qnnq sweep",
    b"\x08": "ONNX, which is not read: qnnq import takes weights that torch saved",
    b"\x80": "a pickle: weights that torch saved become a network by qnnq import",
}
"""What other files begin with, and what to do with them."""


def _other_kind(path: Path) -> str:
    """Return what a file is that is no whole safetensors file."""
    with path.open("rb") as file:
        start = file.read(64).lstrip()
    for beginning, kind in _KINDS.items():
        if start.startswith(beginning):
            return kind
    return "not a whole safetensors file (qnnq import makes one of trained weights)"


def check_network_path(path: str | Path) -> None:
    """Raise InputError where the name of a network file says that it is of another format."""
    suffix = Path(path).suffix.lower()
    if suffix in _ELSEWHERE:
        raise InputError(
            f"{path}: a network file is safetensors, with its physics in the header, not "
            f"{_ELSEWHERE[suffix]}; expected a name such as {Path(path).stem}.safetensors"
        )


def write_network(network: Network, path: str | Path) -> None:
    """Write a network file, whole or not at all; the same network gives the same bytes."""
    check_network_path(path)
    version = FORMAT_WITH_LISTS if network.layers_differ else FORMAT
    if network.has_couplings or network.receives:
        version = FORMAT_WITH_COUPLINGS
    metadata = {**network.information, "format": version, **network.physics()}
    write_atomically(path, _sorted_header(save(network.tensors(), metadata=metadata)))


def _sorted_header(content: bytes) -> bytes:
    """Sort the header's keys, which safetensors writes in an order that changes from run to run."""
    size = int.from_bytes(content[:8], "little")
    header = json.dumps(json.loads(content[8 : 8 + size]), sort_keys=True).encode()
    header += b" " * (-len(header) % 8)
    return len(header).to_bytes(8, "little") + header + content[8 + size :]


def _check_header(metadata: Mapping[str, str]) -> None:
    found = metadata.get("format")
    expected = f"metadata: expected `format` one of {', '.join(_FORMATS)}"
    if found is None:
        raise InputError(f"{expected}, got none (trained weights become a network by qnnq import)")
    if found not in _FORMATS:
        newer = re.fullmatch(r"qnnq-network/[1-9][0-9]*", found)
        hint = "; written by a newer qnnq" if newer else ""
        raise InputError(f"{expected}, got {found!r}{hint}")
    physics = _physics(metadata)
    missing = [key for key in physics if key not in metadata]
    if missing:
        raise InputError(f"metadata: expected {', '.join(physics)}; missing: {', '.join(missing)}")


def _physics(metadata: Mapping[str, str]) -> tuple[str, ...]:
    """Return the keys of what is no free text."""
    coupled = metadata["format"] == FORMAT_WITH_COUPLINGS
    return (*_PHYSICS, "couplings") if coupled else _PHYSICS


def _assemble(tensors: Mapping[str, FloatArray], metadata: Mapping[str, str]) -> Network:
    count = sum(name.endswith(".weight") for name in tensors)
    names = [f"layers.{i}.weight" for i in range(count)]
    allowed = {*names, *(f"layers.{i}.bias" for i in range(count))}
    unexpected = sorted(set(tensors) - allowed)
    missing = [name for name in names if name not in tensors]
    if unexpected or missing:
        found = f"unexpected: {', '.join(unexpected)}" if unexpected else ""
        raise InputError(
            "tensors: expected layers.0.weight, layers.1.weight, ... and layers.N.bias; "
            + (found or f"missing: {', '.join(missing)}")
        )
    activation: str | tuple[str, ...] = metadata["activation"]
    if metadata["format"] != FORMAT:
        activation = _list(metadata, "activation", str)
        stretch: float | tuple[float, ...] = _list(metadata, "stretch", float)
    else:
        stretch = _number(metadata, "stretch")
    return Network(
        weights=tuple(tensors[name] for name in names),
        biases=tuple(tensors.get(f"layers.{i}.bias") for i in range(count)),
        activation=activation,  # type: ignore[arg-type]  # checked by Network
        stretch=stretch,
        entanglement=_number(metadata, "entanglement"),
        last_projective=_truth(metadata, "last_projective"),
        information={k: v for k, v in metadata.items() if k not in (*_physics(metadata), "format")},
        couplings=_couplings(metadata),
    )


def _couplings(metadata: Mapping[str, str]) -> tuple[tuple[Coupling, ...], ...]:
    if metadata["format"] != FORMAT_WITH_COUPLINGS:
        return ()
    try:
        layers = json.loads(metadata["couplings"])
        return tuple(tuple(Coupling.of(**each) for each in layer) for layer in layers)
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        raise InputError(
            "metadata: couplings: expected a JSON list of lists of kind, neurons and angles, one "
            f"a hidden layer: {error}"
        ) from error


def _number(metadata: Mapping[str, str], key: str) -> float:
    try:
        return float(metadata[key])
    except ValueError:
        raise InputError(f"metadata: {key}: expected a number, got {metadata[key]!r}") from None


def _list(metadata: Mapping[str, str], key: str, kind: type[_Item]) -> tuple[_Item, ...]:
    try:
        items = json.loads(metadata[key])
    except (ValueError, RecursionError):
        items = None
    allowed = str if kind is str else int | float
    if not isinstance(items, list) or not all(isinstance(item, allowed) for item in items):
        what = "names" if kind is str else "numbers"
        raise InputError(f"metadata: {key}: expected a JSON list of {what}, got {metadata[key]!r}")
    return tuple(items)


def _truth(metadata: Mapping[str, str], key: str) -> bool:
    if metadata[key] not in ("true", "false"):
        raise InputError(f"metadata: {key}: expected true or false, got {metadata[key]!r}")
    return metadata[key] == "true"
