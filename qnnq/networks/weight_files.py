"""Tensors by name of files that hold weights alone: plain safetensors, and what torch saved."""

import re
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from safetensors import SafetensorError, deserialize

from qnnq.arrays import FloatArray
from qnnq.errors import InputError, QnnqError
from qnnq.limits import MOST_ARRAY_BYTES

if TYPE_CHECKING:
    from torch import Tensor

HALF = ("float16", "bfloat16")
_STATES = ("state_dict", "model_state_dict", "model_state", "model")
"""Where Lightning, the tutorials of torch and others keep a state within a checkpoint."""

_SAFETENSORS = {"F16": "float16", "BF16": "bfloat16", "F32": "float32", "F64": "float64"}
_EXPECTED = "expected a state_dict that torch saved: torch.save(model.state_dict(), path)"


def read_safetensors(path: Path) -> tuple[dict[str, FloatArray], set[str]]:
    """Return the tensors of a plain safetensors file, and the types that they are stored in.

    Such a file has no order; its names are sorted, numbers in them by their value.

    Raises:
        InputError: If the file is bad, or has tensors of other types.
    """
    with path.open("rb") as file:
        content = file.read(MOST_ARRAY_BYTES + 1)
    if len(content) > MOST_ARRAY_BYTES:
        raise InputError(f"expected at most {MOST_ARRAY_BYTES:,} bytes, found more")
    try:
        stored = deserialize(content)  # type: ignore[no-untyped-call]
    except SafetensorError as error:
        raise InputError(f"not a whole safetensors file: {error}") from error
    found = {name: (each["dtype"], each["shape"], each["data"]) for name, each in stored}
    tensors, types = {}, set()
    for name in sorted(found, key=_by_number):
        dtype, shape, data = found[name]
        if name.endswith("num_batches_tracked"):
            tensors[name] = np.zeros(shape)  # a count, of which nothing depends
            continue
        if dtype not in _SAFETENSORS:
            raise InputError(f"{name}: expected float16, 32, 64 or bfloat16, got {dtype}")
        tensors[name] = _widened(bytes(data), _SAFETENSORS[dtype]).reshape(shape)
        types.add(_SAFETENSORS[dtype])
    return tensors, types


def read_torch(path: Path) -> tuple[dict[str, FloatArray], set[str]]:
    """Return the tensors of a state_dict, also within a checkpoint, and the types of them.

    Raises:
        InputError: If the file is another one; a pickled model is not loaded, as that could run
            any code.
        QnnqError: If torch is not installed.
    """
    try:
        import torch
    except ImportError:
        raise QnnqError(f"{path}: reading it needs torch: pip install 'qnnq[train]'") from None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch has no common class for what a bad file raises
        if type(error).__name__ == "UnpicklingError" and _is_torch_archive(path):
            raise InputError(
                "holds more than weights, which could run any code when it is loaded; if you "
                "trust it, save what is needed: "
                f"model = torch.load({str(path)!r}, weights_only=False); "
                "torch.save(model.state_dict(), 'weights.pt') (of a checkpoint: "
                "model['state_dict'])"
            ) from error
        raise InputError(f"{_EXPECTED}; torch cannot load it ({type(error).__name__})") from error
    return arrays(_state_within(state))


def arrays(state: Mapping[Any, Any]) -> tuple[dict[str, FloatArray], set[str]]:
    """Return the tensors of a state_dict as arrays, half precision widened, and their types."""
    found, types = {}, set()
    for name, tensor in state.items():
        if not hasattr(tensor, "layout"):
            raise InputError(
                f"{name}: expected a weight or bias of a linear layer, got {type(tensor).__name__}"
            )
        stored = str(tensor.dtype).removeprefix("torch.")
        if str(name).endswith("num_batches_tracked"):
            found[str(name)] = np.zeros(tuple(tensor.shape))
            continue
        found[str(name)] = _array(str(name), tensor, stored)
        types.add(stored)
    return found, types


def _state_within(loaded: Any) -> Mapping[Any, Any]:
    if isinstance(loaded, Mapping):
        for name in _STATES:
            if isinstance(loaded.get(name), Mapping):
                return _state_within(loaded[name])
        return loaded
    raise InputError(f"{_EXPECTED}, got {type(loaded).__name__}")


def _array(name: str, tensor: "Tensor", stored: str) -> FloatArray:
    if stored not in ("float32", "float64", *HALF):
        raise InputError(f"{name}: expected float16, 32, 64 or bfloat16, got {stored}")
    if tensor.is_meta or str(tensor.layout) != "torch.strided":
        kind = "one without values" if tensor.is_meta else str(tensor.layout)
        raise InputError(f"{name}: expected a dense tensor, got {kind}")
    values: FloatArray = (tensor.float() if stored in HALF else tensor).detach().cpu().numpy()
    return values


def _widened(content: bytes, stored: str) -> FloatArray:
    if stored == "bfloat16":  # the upper half of a float32
        return (np.frombuffer(content, "<u2").astype(np.uint32) << 16).view(np.float32)
    values: FloatArray = np.frombuffer(content, np.dtype(stored).newbyteorder("<"))
    return values.astype(np.float32) if stored == "float16" else values.astype(stored)


def _by_number(name: str) -> list[tuple[int, str]]:
    return [
        (int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"([0-9]+)", name)
    ]


def _is_torch_archive(path: Path) -> bool:
    """Whether a file begins as torch saves: a zip archive, or a pickle of old."""
    with path.open("rb") as file:
        start = file.read(2)
    return start == b"PK" or start[:1] == b"\x80"
