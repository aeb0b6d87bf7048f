"""A torch module read as it computes: its linear layers in the order of their call (torch.fx)."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from qnnq.arrays import FloatArray
from qnnq.errors import InputError
from qnnq.networks.activation import Activation
from qnnq.networks.layers import Layers, Norm, folded
from qnnq.networks.weight_files import arrays

if TYPE_CHECKING:
    from torch import nn
    from torch.fx import Node

_NEUTRAL = ("Dropout", "Identity", "Flatten", "AlphaDropout")
_NEUTRAL_CALLS = ("flatten", "view", "reshape", "contiguous", "dropout", "float", "double", "to")
_SHAPES = ("size", "getattr", "getitem", "dim")
_SOFTMAX = ("Softmax", "LogSoftmax", "softmax", "log_softmax")
_SIGNS = ("sign", "sgn")
_SCALES = {"truediv": -1, "div": -1, "mul": 1}


@dataclass(frozen=True)
class ReadModule:
    """What a module computes.

    Attributes:
        layers: Its linear layers, normalizations folded in.
        activations: Of each hidden layer; None for signs, which are the limit of all at stretch 0.
        stretches: Of each hidden layer.
    """

    layers: Layers
    activations: tuple[Activation | None, ...]
    stretches: tuple[float, ...]


def read_module(module: "nn.Module") -> ReadModule:
    """Read a module.

    Raises:
        InputError: If its call cannot be followed, or does anything else than linear layers with
            activations between.
    """
    from torch import fx

    _refuse_hooks(module)
    try:
        traced = fx.symbolic_trace(module)
    except Exception as error:  # whatever a module's own code raises when it meets a proxy
        reason = str(error).split("\n")[0][:200]
        raise InputError(
            f"{type(module).__name__}: its call cannot be followed by torch.fx ({reason}); "
            "expected layers=, the names of its linear layers in the order of their call"
        ) from error
    return _Reader(dict(traced.named_modules())).read(list(traced.graph.nodes))


def _refuse_hooks(module: "nn.Module") -> None:
    """Raise InputError for hooks, which torch.fx passes over and which may change what a call does.

    Pruning and the older weight normalization are hooks that compute `weight` at each call.
    """
    for name, part in module.named_modules():
        if part._forward_hooks or part._forward_pre_hooks:
            raise InputError(
                f"{name or type(module).__name__}: expected no forward hooks, which may change "
                "what it computes, found some; torch.nn.utils.remove_weight_norm, prune.remove or "
                "the hook's handle removes them"
            )


def check_activations(module: "nn.Module", given: tuple[str, ...]) -> None:
    """Raise InputError where a module has activations, as modules, that none of `given` is."""
    for name, part in module.named_modules():
        if not type(part).__module__.startswith("torch.nn.modules.activation"):
            continue
        kind = type(part).__name__
        if kind in _SOFTMAX:
            continue
        activation = {"Tanh": "tanh", "Hardtanh": "htanh"}.get(kind)
        if activation not in given:
            raise InputError(f"{name}: expected {' or '.join(dict.fromkeys(given))}, got {kind}")


@dataclass
class _Linear:
    """A linear layer while it is read, with what acts on its inputs, and on its outputs."""

    name: str
    weight: FloatArray
    bias: FloatArray | None
    before: list[Norm]
    after: list[Norm] = field(default_factory=list)
    scale: float = 1.0
    activation: Activation | None = None
    activated: bool = False


class _Reader:
    """Follows the one path from a module's input to its output."""

    def __init__(self, modules: dict[str, Any]) -> None:
        self._modules = modules
        self._layers: list[_Linear] = []
        self._waiting: list[Norm] = []
        self._names: list[str] = []
        self._ended = ""

    def read(self, nodes: "list[Node]") -> ReadModule:
        current: Node | None = None
        shapes: set[Node] = set()
        for node in nodes:
            if node.op == "placeholder":
                if current is None:
                    current = node
                elif node.users:
                    raise InputError(f"{node.name}: expected one input, got another one")
                continue
            inputs = [each for each in node.all_input_nodes if each not in shapes]
            if self._called(node) in _SHAPES and node.op != "call_module":
                shapes.add(node)
                continue
            if inputs != [current]:
                raise InputError(
                    f"{node.name}: expected layers one after another, got an operation on "
                    f"{', '.join(each.name for each in inputs) or 'nothing that was computed'}"
                )
            if node.op == "output":
                break
            self._take(node)
            current = node
        return self._result()

    def _called(self, node: "Node") -> str:
        if node.op == "call_module":
            return type(self._modules[str(node.target)]).__name__
        return str(getattr(node.target, "__name__", node.target))

    def _take(self, node: "Node") -> None:
        called = self._called(node)
        place = str(node.target) if node.op == "call_module" else node.name
        if self._ended:
            raise InputError(f"{place}: expected the end after {self._ended}, got {called}")
        if called == "Linear":
            self._take_linear(place)
        elif called == "BatchNorm1d":
            self._take_norm(place)
        elif called in _SOFTMAX:
            self._take_softmax(node, called, place)
        elif called in _SCALES and node.op != "call_module":
            self._take_scale(node, _SCALES[called])
        elif called not in _NEUTRAL and called not in _NEUTRAL_CALLS:
            self._take_activation(node, called, place)

    def _take_linear(self, place: str) -> None:
        if self._layers and not self._layers[-1].activated:
            raise InputError(
                f"{place}: expected an activation after {self._layers[-1].name}, got another "
                "linear layer"
            )
        found, _ = arrays(self._modules[place].state_dict())
        self._layers.append(_Linear(place, found["weight"], found.get("bias"), self._waiting))
        self._waiting = []

    def _take_norm(self, place: str) -> None:
        module = self._modules[place]
        found, _ = arrays(module.state_dict())
        if "running_mean" not in found:
            raise InputError(f"{place}: expected a normalization with running statistics")
        norm = Norm.of_tensors(found, module.eps)
        if not self._layers or self._layers[-1].activated:
            self._waiting.append(norm)
        elif self._layers[-1].scale != 1:
            raise InputError(f"{place}: expected an activation after a division, got BatchNorm1d")
        else:
            self._layers[-1].after.append(norm)

    def _take_softmax(self, node: "Node", called: str, place: str) -> None:
        if node.op == "call_module":
            axis = self._modules[str(node.target)].dim
        else:
            axis = node.kwargs.get("dim", node.args[1] if len(node.args) > 1 else None)
        if axis not in (None, 1, -1):  # None: torch takes 1 of two axes
            raise InputError(f"{place}: expected a softmax over the classes, dim=1, got dim={axis}")
        self._ended = called

    def _take_scale(self, node: "Node", power: int) -> None:
        number = next((each for each in node.args if isinstance(each, int | float)), None)
        inside = self._layers and not self._layers[-1].activated
        first = node.args and not isinstance(node.args[0], int | float)
        if number is None or number <= 0 or not inside or not (first or power == 1):
            raise InputError(
                f"{node.name}: expected a factor above 0 within an activation only, such as "
                f"tanh(z / 0.5), got {self._called(node)} of {number}"
            )
        self._layers[-1].scale *= float(number) ** power

    def _take_activation(self, node: "Node", called: str, place: str) -> None:
        activation = self._activation(node, called)
        if activation == "other":
            raise InputError(
                f"{place}: expected tanh, hardtanh or sign, got {called}, which has no counterpart"
            )
        if not self._layers or self._layers[-1].activated:
            raise InputError(f"{place}: expected a linear layer before an activation, got none")
        layer = self._layers[-1]
        layer.activated = True
        layer.activation = None if activation == "sign" else activation  # type: ignore[assignment]

    def _activation(self, node: "Node", called: str) -> str:
        if called in ("Tanh", "tanh"):
            return "tanh"
        if called in _SIGNS:
            return "sign"
        if called == "Hardtanh":
            module = self._modules[str(node.target)]
            return "htanh" if (module.min_val, module.max_val) == (-1, 1) else "other"
        if called in ("hardtanh", "clamp", "clip"):
            default = (-1.0, 1.0) if called == "hardtanh" else (None, None)
            values = list(node.args[1:3])
            names = ("min_val", "max_val") if called == "hardtanh" else ("min", "max")
            for number in range(len(values), 2):
                values.append(node.kwargs.get(names[number], default[number]))
            return "htanh" if values == [-1, 1] else "other"
        return "other"

    def _result(self) -> ReadModule:
        if not self._layers:
            raise InputError("expected linear layers, got none")
        if self._waiting or self._layers[-1].activated or self._layers[-1].scale != 1:
            raise InputError(
                f"{self._layers[-1].name}: expected the end after the last linear layer, got an "
                "activation or a normalization"
            )
        pairs = [folded(each.weight, each.bias, each.before, each.after) for each in self._layers]
        hidden = self._layers[:-1]
        layers = Layers(
            tuple(np.asarray(weight) for weight, _ in pairs),
            tuple(bias for _, bias in pairs),
            tuple(each.name for each in self._layers),
        )
        return ReadModule(
            layers,
            tuple(each.activation for each in hidden),
            tuple(0.0 if each.activation is None else 1 / each.scale for each in hidden),
        )
