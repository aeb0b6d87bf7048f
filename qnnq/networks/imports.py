"""Networks that were trained elsewhere: the published JSON, weights in files, torch's modules."""

import json
import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from qnnq.arrays import FloatArray
from qnnq.errors import InputError
from qnnq.networks.activation import Activation
from qnnq.networks.layers import Layers, layers_of_state
from qnnq.networks.network import Network
from qnnq.networks.weight_files import HALF, arrays, read_safetensors, read_torch
from qnnq.storage.files import read_text, reading, refuse_pointer

if TYPE_CHECKING:
    from torch import Tensor, nn

LAYERS, PRECISION = "layers", "precision"
"""Keys of a network's information: the names of its layers in their order; where it was less than
that of float32, the precision of its weights."""

_ELSEWHERE = {".onnx": "ONNX", ".h5": "HDF5", ".keras": "Keras", ".tflite": "TFLite"}


def import_network(
    path: str | Path,
    activation: Activation | tuple[Activation, ...],
    stretch: float | tuple[float, ...],
    entanglement: float = math.pi / 2,
    last_projective: bool = True,
    layers: Sequence[str] | None = None,
) -> Network:
    """Read a network from the published JSON (`.json`), plain safetensors, or what torch saved.

    torch's files are a state_dict, or a checkpoint that has one (Lightning's, or one with
    `model_state_dict`). Weights of half precision are widened. The files hold weights only, so the
    physics has to be given.

    Args:
        path: The file.
        activation: See `Network`.
        stretch: See `Network`.
        entanglement: See `Network`.
        last_projective: See `Network`.
        layers: Names of the layers in the order of their call; see `layers_of_state`. None: the
            order of the file, of safetensors that of their names.

    Raises:
        InputError: One line that begins with the path, if the file is bad.
    """
    path = Path(path)
    with reading(path):
        found, types = _read(path, layers)
        information = {"imported_from": path.name}
        if path.suffix != ".json":
            information[LAYERS] = ", ".join(found.names)
        if half := sorted(types & {*HALF}):
            information[PRECISION] = half[0]
        physics = (activation, stretch, entanglement, last_projective, information)
        return _network(found, *physics)


def from_torch(
    source: "Mapping[str, Tensor] | nn.Module",
    activation: Activation | tuple[Activation, ...] | None = None,
    stretch: float | tuple[float, ...] | None = None,
    entanglement: float = math.pi / 2,
    last_projective: bool = True,
    layers: Sequence[str] | None = None,
) -> Network:
    """Return the network of a torch module, or of a `state_dict`.

    A module is followed as it computes (torch.fx): the linear layers in the order of their call,
    with the activations between; BatchNorm1d is folded in, Dropout and Flatten are passed over, and
    so is a softmax at the end.

    Args:
        source: The module, or its weights.
        activation: See `Network`; None takes the module's own.
        stretch: See `Network`; None takes the module's own, and another one is deployed in its
            place.
        entanglement: See `Network`.
        last_projective: See `Network`.
        layers: Names of the linear layers in the order of their call, of a `state_dict` or of a
            module whose call cannot be followed; see `layers_of_state`.

    Raises:
        InputError: For anything else than linear layers with activations between, and for
            activations that are not those given.
    """
    if isinstance(source, Mapping) or layers is not None:
        if activation is None or stretch is None:
            raise InputError("activation, stretch: expected both beside a state_dict or layers")
        return _of_state(source, activation, stretch, entanglement, last_projective, layers)
    from qnnq.networks.torch_module import read_module

    found = read_module(source)
    hidden = len(found.activations)
    given = _each(activation, hidden)
    for name, own, wanted in zip(found.layers.names, found.activations, given):
        if own is not None and wanted not in (None, own):
            raise InputError(f"activation: expected {own} as after {name}, got {wanted}")
    return _network(
        found.layers,
        tuple(wanted or own or "htanh" for own, wanted in zip(found.activations, given)),
        found.stretches if stretch is None else stretch,
        entanglement,
        last_projective,
        {LAYERS: ", ".join(found.layers.names)},
    )


def _each(
    value: Activation | tuple[Activation, ...] | None, hidden: int
) -> tuple[Activation | None, ...]:
    values = value if isinstance(value, tuple) else (value,) * hidden
    if len(values) != hidden:
        raise InputError(f"activation: expected one, or {hidden}, got {len(values)}")
    return values


def _of_state(
    source: "Mapping[str, Tensor] | nn.Module",
    activation: Activation | tuple[Activation, ...],
    stretch: float | tuple[float, ...],
    entanglement: float,
    last_projective: bool,
    layers: Sequence[str] | None,
) -> Network:
    epsilons: dict[str, float] = {}
    if not isinstance(source, Mapping):
        from qnnq.networks.torch_module import check_activations

        check_activations(source, activation if isinstance(activation, tuple) else (activation,))
        epsilons = {name: each.eps for name, each in source.named_modules() if hasattr(each, "eps")}
        source = source.state_dict()
    state, _ = arrays(source)
    found = layers_of_state(state, layers, epsilons)
    information = {LAYERS: ", ".join(found.names)}
    return _network(found, activation, stretch, entanglement, last_projective, information)


def _network(
    layers: Layers,
    activation: Activation | tuple[Activation, ...],
    stretch: float | tuple[float, ...],
    entanglement: float,
    last_projective: bool,
    information: Mapping[str, str],
) -> Network:
    for number, (before, after) in enumerate(pairwise(layers.weights), start=1):
        if layers.names[number] and after.shape[1] != before.shape[0]:
            raise InputError(
                f"{layers.names[number]}: expected {before.shape[0]} inputs after "
                f"{layers.names[number - 1]}, got {after.shape[1]}; the layers were taken in the "
                f"order {','.join(layers.names)}, and --layers gives another"
            )
    physics = (activation, stretch, entanglement, last_projective, information)
    network = Network(layers.weights, layers.biases, *physics)
    if network.classes == 1:
        raise InputError(
            "one output (a sigmoid for two classes?), expected one a class; the same network has "
            "two, the first one all 0: weight = torch.cat([0 * weight, weight]), and the bias "
            "likewise"
        )
    return network


def _read(path: Path, layers: Sequence[str] | None) -> tuple[Layers, set[str]]:
    if path.suffix in _ELSEWHERE:
        raise InputError(
            f"{_ELSEWHERE[path.suffix]} is not read; expected weights as safetensors, or a "
            "state_dict that torch saved"
        )
    with path.open("rb") as file:
        start = file.read(1024)
    refuse_pointer(path, start)
    if path.suffix == ".json":
        if layers is not None:
            raise InputError("--layers: expected a file whose layers have names, got a list")
        return _read_json(path), set()
    if start[8:9] != b"{":
        state, types = read_torch(path)
        return layers_of_state(state, layers), types
    if _is_of_qnnq(path):
        raise InputError(
            "is a network file of qnnq, which holds its physics already: qnnq run takes it"
        )
    state, types = read_safetensors(path)
    return layers_of_state(state, layers), types


def _is_of_qnnq(path: Path) -> bool:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            return str((file.metadata() or {}).get("format")).startswith("qnnq-network/")
    except SafetensorError as error:
        raise InputError(f"not a whole safetensors file: {error}") from error


def _read_json(path: Path) -> Layers:
    """Read `last_params`: a list of weight matrices, each (outputs, inputs)."""
    try:
        document = json.loads(read_text(path))
    except (ValueError, RecursionError) as error:
        raise InputError(f"not JSON: {error}") from error
    matrices = document.get("last_params") if isinstance(document, dict) else None
    if not isinstance(matrices, list):
        raise InputError("expected a key `last_params` with a list of weight matrices")
    weights: list[FloatArray] = []
    for i, matrix in enumerate(matrices):
        try:
            weights.append(np.array(matrix, dtype=np.float64))
        except (ValueError, TypeError, OverflowError):
            raise InputError(f"last_params[{i}]: expected a matrix of numbers") from None
    return Layers(tuple(weights), (None,) * len(weights), ("",) * len(weights))
