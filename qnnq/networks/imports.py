"""Networks that were trained elsewhere: the published JSON, and torch's state."""

import json
import math
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from qnnq.arrays import FloatArray
from qnnq.errors import InputError, QnnqError
from qnnq.networks.activation import Activation
from qnnq.networks.network import Network
from qnnq.storage.files import read_text

if TYPE_CHECKING:
    from torch import Tensor, nn


def import_network(
    path: str | Path,
    activation: Activation | tuple[Activation, ...],
    stretch: float | tuple[float, ...],
    entanglement: float = math.pi / 2,
    last_projective: bool = False,
) -> Network:
    """Read a network from the published JSON (`.json`), or a state_dict that torch saved (others).

    The files hold weights only, so the physics has to be given.

    Args:
        path: The file.
        activation: See `Network`.
        stretch: See `Network`.
        entanglement: See `Network`.
        last_projective: See `Network`.

    Raises:
        InputError: One line that begins with the path, if the file is bad.
    """
    path = Path(path)
    read = _read_json if path.suffix == ".json" else _read_torch
    try:
        if _is_safetensors(path):
            raise InputError(
                "is a network file of qnnq, which holds its physics already: qnnq run takes it"
            )
        weights, biases = read(path)
        information = {"imported_from": path.name}
        return Network(
            weights, biases, activation, stretch, entanglement, last_projective, information
        )
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from error


def from_torch(
    source: "Mapping[str, Tensor] | nn.Module",
    activation: Activation | tuple[Activation, ...],
    stretch: float | tuple[float, ...],
    entanglement: float = math.pi / 2,
    last_projective: bool = False,
) -> Network:
    """Return the network of a torch `state_dict`, or of an `nn.Sequential` of `nn.Linear`s.

    Args:
        source: The weights; modules without parameters are skipped.
        activation: See `Network`.
        stretch: See `Network`.
        entanglement: See `Network`.
        last_projective: See `Network`.

    Raises:
        InputError: For parameters of any other layer.
    """
    state = source if isinstance(source, Mapping) else source.state_dict()
    weights, biases = _linear_layers(state)
    return Network(weights, biases, activation, stretch, entanglement, last_projective)


def _is_safetensors(path: Path) -> bool:
    """Whether a file begins with the length of a header and the header's brace."""
    with path.open("rb") as file:
        return file.read(9)[8:] == b"{"


_Tensors = tuple[tuple[FloatArray, ...], tuple[FloatArray | None, ...]]


def _read_json(path: Path) -> _Tensors:
    """Read `last_params`: a list of weight matrices, each (outputs, inputs)."""
    try:
        document = json.loads(read_text(path))
    except (ValueError, RecursionError) as error:
        raise InputError(f"not JSON: {error}") from error
    matrices = document.get("last_params") if isinstance(document, dict) else None
    if not isinstance(matrices, list):
        raise InputError("expected a key `last_params` with a list of weight matrices")
    weights = []
    for i, matrix in enumerate(matrices):
        try:
            weights.append(np.array(matrix, dtype=np.float64))
        except (ValueError, TypeError, OverflowError):
            raise InputError(f"last_params[{i}]: expected a matrix of numbers") from None
    return tuple(weights), (None,) * len(weights)


def _read_torch(path: Path) -> _Tensors:
    try:
        import torch
    except ImportError:
        raise QnnqError(f"{path}: reading it needs torch: pip install 'qnnq[train]'") from None
    expected = "expected a state_dict, not the model: torch.save(model.state_dict(), path)"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch has no common class for what a bad file raises
        raise InputError(f"{expected}; torch cannot load it ({type(error).__name__})") from error
    if not isinstance(state, Mapping):
        raise InputError(f"{expected}, got {type(state).__name__}")
    return _linear_layers(state)


def _linear_layers(state: Mapping[str, Any]) -> _Tensors:
    """Return the layers in the order of the state, which is that of the modules."""
    layers: dict[str, dict[str, FloatArray]] = {}
    for name, tensor in state.items():
        layer, _, kind = str(name).rpartition(".")
        axes = {"weight": 2, "bias": 1}.get(kind)
        if axes is None or getattr(tensor, "ndim", None) != axes:
            shape = tuple(getattr(tensor, "shape", ())) or type(tensor).__name__
            raise InputError(f"{name}: expected a weight or bias of a linear layer, got {shape}")
        layers.setdefault(layer, {})[kind] = _array(name, tensor)
    for layer, tensors in layers.items():
        if "weight" not in tensors:
            raise InputError(f"{layer}.bias: expected {layer}.weight beside it, found none")
    return (
        tuple(tensors["weight"] for tensors in layers.values()),
        tuple(tensors.get("bias") for tensors in layers.values()),
    )


def _array(name: str, tensor: "Tensor") -> FloatArray:
    stored = str(tensor.dtype).removeprefix("torch.")
    if stored not in ("float32", "float64"):
        raise InputError(f"{name}: expected float32 or float64, got {stored}")
    if tensor.is_meta or str(tensor.layout) != "torch.strided":
        kind = "one without values" if tensor.is_meta else str(tensor.layout)
        raise InputError(f"{name}: expected a dense tensor, got {kind}")
    values: FloatArray = tensor.detach().cpu().numpy()
    return values
