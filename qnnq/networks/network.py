"""A trained network: its weights and its physics."""

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property, lru_cache
from importlib import import_module
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from qnnq.arrays import FloatArray
from qnnq.errors import InputError
from qnnq.networks.activation import ACTIVATIONS, Activation, phi
from qnnq.networks.couplings import Coupling, checked_couplings
from qnnq.networks.exact_sums import BYTE, ExactSums
from qnnq.networks.single_precision import single_precision
from qnnq.wording import nearest

LEAST_ENTANGLEMENT = 1e-9
"""Radians; compilers drop rotations of less than about 1e-12 from a circuit."""

LARGEST_SUM = 1e300
"""Of the magnitudes of a neuron's weights and bias; keeps everything within float64."""


@dataclass(frozen=True, eq=False)
class Network:
    """A feed-forward network with measured qubits as hidden neurons and a classical readout.

    The arrays are read-only copies.

    Attributes:
        weights: One (outputs, inputs) matrix a layer, float32 or float64, the last one being the
            readout. A first one without inputs receives a quantum state: its neurons are the
            qubits that hold it, and turn by theta = (pi/2)(1 - phi(bias)).
        biases: One (outputs,) vector or None a layer; left out: none at all.
        activation: Of all hidden layers, or one for each (kept as one where all are the same).
        stretch: Of the activation, likewise.
        entanglement: The measurement's angle in radians, in [1e-9, pi/2].
        last_projective: Whether the last hidden layer is measured at pi/2 all the same.
        information: Free text by key: how the network was trained, its accuracy.
        couplings: Of each hidden layer; left out: none at all.

    Raises:
        InputError: If anything does not fit together.
    """

    weights: tuple[FloatArray, ...]
    biases: tuple[FloatArray | None, ...] = ()
    activation: Activation | tuple[Activation, ...] = "htanh"
    stretch: float | tuple[float, ...] = 0.0
    entanglement: float = math.pi / 2
    last_projective: bool = False
    information: Mapping[str, str] = field(default_factory=dict)
    couplings: tuple[tuple[Coupling, ...], ...] = ()

    def __post_init__(self) -> None:
        biases = self.biases or (None,) * len(self.weights)
        _check_tensors(self.weights, biases)
        _check_physics(self.activations, self.stretches, self.hidden, self.entanglement)
        if self.receives and self.entanglements[0] < math.pi / 2:
            raise InputError(
                "entanglement: expected a projective first layer where it receives a state, got "
                f"{self.entanglement:g}"
            )
        frozen: dict[str, object] = {
            "activation": _merged(self.activations),
            "stretch": _merged(self.stretches),
            "weights": tuple(_read_only(weight) for weight in self.weights),
            "biases": tuple(None if bias is None else _read_only(bias) for bias in biases),
            "information": dict(self.information),
            "couplings": checked_couplings(self.couplings, self.widths, self.entanglements),
        }
        for name, value in frozen.items():
            object.__setattr__(self, name, value)

    def predict(self, inputs: Any, **options: Any) -> NDArray[np.intp]:
        """Return the class that most shots of each input choose, shape (inputs,).

        See `predict_proba`.
        """
        found: NDArray[np.intp] = self.predict_proba(inputs, **options).argmax(axis=1)
        return found

    def predict_proba(self, inputs: Any, **options: Any) -> NDArray[np.float64]:
        """Return the share of each input's shots that choose each class, (inputs, classes).

        >>> import qnnq
        >>> network = qnnq.load_network("mnist16-a0.5")
        >>> pixels = qnnq.load_data("mnist-test").images[:3]
        >>> network.predict(pixels, shots=100, seed=1).tolist()
        [7, 2, 1]
        >>> network.predict_proba(pixels, noise="readout(p=0.02)", shots=20).shape
        (3, 10)

        Args:
            inputs: Shape (inputs, pixels) or (inputs, height, width): pixels in [0, 1] or uint8, or
                features for a network that stores their scaling.
            options: Those of `qnnq.RunRequest`, such as `noise`, `device`, `shots` and `seed`.
                Without a noise and a device the network is ideal.

        Raises:
            InputError, NoiseError, TranspileError: If they do not fit together.
        """
        # What runs a network stands above this package, which does not know it.
        shares = import_module("qnnq.runs.prediction").shares
        found: NDArray[np.float64] = shares(self, inputs, options)
        return found

    @property
    def hidden(self) -> int:
        """The number of hidden layers."""
        return len(self.weights) - 1

    @property
    def widths(self) -> tuple[int, ...]:
        """The number of neurons of each hidden layer."""
        return tuple(weight.shape[0] for weight in self.weights[:-1])

    @property
    def inputs(self) -> int:
        """The number of pixels that the network takes, 0 where it receives a quantum state."""
        return int(self.weights[0].shape[1])

    @property
    def receives(self) -> bool:
        """Whether the first layer receives a quantum state."""
        return self.inputs == 0

    @property
    def classes(self) -> int:
        """The number of classes that the network tells apart."""
        return int(self.weights[-1].shape[0])

    @property
    def activations(self) -> tuple[Activation, ...]:
        """The activation of each hidden layer."""
        return _spread(self.activation, self.hidden)

    @property
    def stretches(self) -> tuple[float, ...]:
        """The stretch of each hidden layer's activation."""
        return tuple(map(float, _spread(self.stretch, self.hidden)))

    @property
    def layers_differ(self) -> bool:
        """Whether the hidden layers differ in activation or stretch."""
        return isinstance(self.activation, tuple) or isinstance(self.stretch, tuple)

    @property
    def has_couplings(self) -> bool:
        """Whether neurons of some layer are joined."""
        return any(self.couplings)

    def refuse_couplings(self, place: str) -> None:
        """Raise InputError where neurons are joined, for a place that cannot join them."""
        if self.has_couplings:
            raise InputError(f"{place}: expected a network without couplings")

    def refuse_states(self, place: str) -> None:
        """Raise InputError where the first layer receives a state, for a place that has none."""
        if self.receives:
            raise InputError(f"{place}: expected a network that receives no states")

    @property
    def entanglements(self) -> tuple[float, ...]:
        """The entanglement angle (radians) of each hidden layer."""
        angles = [self.entanglement] * self.hidden
        return (*angles[:-1], math.pi / 2) if self.last_projective else tuple(angles)

    def sums(self, layer: int) -> ExactSums:
        """Return W r + b of a layer; the first one takes pixels, the others outcomes."""
        return _sums(self, layer)

    def activated(self, layer: int, z: FloatArray) -> NDArray[np.float32]:
        """Return phi(z) of a hidden layer's pre-activations, in one way on all processors."""
        activation, stretch = self.activations[layer], self.stretches[layer]
        return single_precision(phi(z, activation, stretch), z, activation, stretch)

    def controls(self, history: Sequence[NDArray[Any]]) -> NDArray[np.float32]:
        """Return phi(z) of the next hidden layer, (..., width), which takes what arrived last.

        Args:
            history: The pixels, (..., inputs), then the outcomes of every layer so far.
        """
        layer = len(history) - 1
        return self.activated(layer, self.sums(layer)(history[-1]))

    def logits(self, history: Sequence[NDArray[Any]]) -> FloatArray:
        """Return the logits of all classes, (..., classes); see `controls`."""
        return self.sums(self.hidden)(history[-1])

    def tensors(self) -> dict[str, FloatArray]:
        """Return the arrays by their names in the file format."""
        tensors = {f"layers.{i}.weight": weight for i, weight in enumerate(self.weights)}
        for i, bias in enumerate(self.biases):
            if bias is not None:
                tensors[f"layers.{i}.bias"] = bias
        return tensors

    def physics(self) -> dict[str, str]:
        """Return what determines the behaviour besides the arrays, as the file's strings.

        Where hidden layers differ or have couplings, activation and stretch are JSON lists of one
        value for each.
        """
        if self.layers_differ or self.has_couplings or self.receives:
            activation, stretch = json.dumps(self.activations), json.dumps(self.stretches)
        else:
            activation, stretch = self.activations[0], repr(self.stretches[0])
        joined = [[asdict(coupling) for coupling in layer] for layer in self.couplings]
        return {
            "activation": activation,
            "stretch": stretch,
            "entanglement": repr(float(self.entanglement)),
            "last_projective": "true" if self.last_projective else "false",
            **({"couplings": json.dumps(joined)} if self.has_couplings or self.receives else {}),
        }

    @cached_property
    def digest(self) -> str:
        """SHA-256 (hexadecimal) of arrays and physics; `information` is not part of it."""
        digest = hashlib.sha256(json.dumps(self.physics(), sort_keys=True).encode())
        for name, tensor in sorted(self.tensors().items()):
            digest.update(f"{name} {tensor.dtype.str} {tensor.shape}".encode())
            digest.update(tensor.tobytes())
        return digest.hexdigest()


_Value = TypeVar("_Value")


@lru_cache(maxsize=16)
def _sums(network: Network, layer: int) -> ExactSums:
    return ExactSums(network.weights[layer], network.biases[layer], 1 if layer else BYTE)


def _spread(value: _Value | tuple[_Value, ...], layers: int) -> tuple[_Value, ...]:
    return value if isinstance(value, tuple) else (value,) * layers


def _merged(values: tuple[_Value, ...]) -> _Value | tuple[_Value, ...]:
    return values[0] if len(set(values)) == 1 else values


def _check_physics(
    activations: tuple[str, ...], stretches: tuple[float, ...], hidden: int, entanglement: float
) -> None:
    for name, values in (("activation", activations), ("stretch", stretches)):
        if len(values) != hidden:
            expected = f"one value, or {hidden} (one a hidden layer)"
            raise InputError(f"{name}: expected {expected}, got {len(values)}")
    for activation, stretch in zip(activations, stretches, strict=True):
        if activation not in ACTIVATIONS:
            raise InputError(
                f"activation: expected one of {', '.join(ACTIVATIONS)}, got {activation!r}"
                f"{nearest(activation, ACTIVATIONS)}"
            )
        if not (math.isfinite(stretch) and stretch >= 0):
            raise InputError(f"stretch: expected a number >= 0, got {stretch}")
        if activation == "linear" and stretch == 0:
            raise InputError("stretch: expected a number > 0 for linear, got 0")
    if not LEAST_ENTANGLEMENT <= entanglement <= math.pi / 2:
        raise InputError(
            f"entanglement: expected radians in [{LEAST_ENTANGLEMENT:g}, pi/2 = {math.pi / 2}], "
            f"got {entanglement}"
        )


def _check_tensors(weights: tuple[FloatArray, ...], biases: tuple[FloatArray | None, ...]) -> None:
    if len(weights) < 2:
        raise InputError(f"layers: expected a hidden layer and a readout layer, got {len(weights)}")
    if len(biases) != len(weights):
        raise InputError(f"biases: expected {len(weights)} (one a layer), got {len(biases)}")
    for i, (weight, bias) in enumerate(zip(weights, biases, strict=True)):
        name = f"layers.{i}.weight"
        receives = i == 0 and bias is not None and weight.ndim == 2 and weight.shape[1] == 0
        if weight.ndim != 2 or 0 in weight.shape[: 1 if receives else 2]:
            raise InputError(f"{name}: expected a matrix (outputs, inputs), got {weight.shape}")
        if i and weight.shape[1] != weights[i - 1].shape[0]:
            expected = (weight.shape[0], weights[i - 1].shape[0])
            raise InputError(f"{name}: expected {expected}, got {weight.shape}")
        _check_values(name, weight)
        if bias is not None:
            name = f"layers.{i}.bias"
            if bias.shape != weight.shape[:1]:
                raise InputError(f"{name}: expected {weight.shape[:1]}, got {bias.shape}")
            _check_values(name, bias)
        _check_sums(f"layers.{i}.weight", weight, bias)


def _check_values(name: str, tensor: FloatArray) -> None:
    if tensor.dtype not in (np.float32, np.float64):
        raise InputError(f"{name}: expected float32 or float64, got {tensor.dtype}")
    bad = np.argwhere(~np.isfinite(tensor))
    if len(bad):
        index = tuple(map(int, bad[0]))
        raise InputError(f"{name}: expected finite numbers, got {tensor[index]} at {index}")


def _check_sums(name: str, weight: FloatArray, bias: FloatArray | None) -> None:
    """Refuse weights whose sums, of inputs up to 1, could leave the range of float64."""
    # Divided first, so that the sum itself stays within the range.
    largest = (np.abs(weight.astype(np.float64)) / LARGEST_SUM).sum(axis=1)
    if bias is not None:
        largest += np.abs(bias.astype(np.float64)) / LARGEST_SUM
    if largest.max() > 1:
        output = int(largest.argmax())
        raise InputError(
            f"{name}: expected sums of magnitudes up to {LARGEST_SUM:g}, got more in row {output}"
        )


def _read_only(tensor: FloatArray) -> FloatArray:
    copy = np.array(tensor, order="C")
    copy.flags.writeable = False
    return copy
