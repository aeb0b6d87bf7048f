"""Layers by name: which tensors of a state are linear layers, in what order, what is folded in."""

import re
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from itertools import takewhile

import numpy as np

from qnnq.arrays import FloatArray
from qnnq.errors import InputError
from qnnq.wording import nearest

EPSILON = 1e-5
"""Of torch's BatchNorm; a state does not hold it."""

_State = Mapping[str, FloatArray]


@dataclass(frozen=True)
class Layers:
    """Linear layers in the order in which they act.

    Attributes:
        weights: One matrix (outputs, inputs) a layer.
        biases: One vector (outputs,) or None a layer.
        names: What each is called; `fc1+bn1` has a normalization folded in.
    """

    weights: tuple[FloatArray, ...]
    biases: tuple[FloatArray | None, ...]
    names: tuple[str, ...]


@dataclass(frozen=True)
class Norm:
    """Batch normalization as it acts after training: factor * x + offset, both (features,)."""

    factor: FloatArray
    offset: FloatArray

    @classmethod
    def of_tensors(cls, tensors: _State, epsilon: float = EPSILON) -> "Norm":
        """Return it of `running_mean`, `running_var`, and `weight` and `bias` where it has them."""
        mean = tensors["running_mean"].astype(np.float64)
        factor = tensors.get("weight", np.ones_like(mean)) / np.sqrt(
            tensors["running_var"].astype(np.float64) + epsilon
        )
        return cls(factor, tensors.get("bias", 0.0) - mean * factor)


def folded(
    weight: FloatArray, bias: FloatArray | None, before: Iterable[Norm], after: Iterable[Norm]
) -> tuple[FloatArray, FloatArray | None]:
    """Return a linear layer with the normalizations of its inputs and of its outputs folded in."""
    for norm in reversed(list(before)):
        shift = weight.astype(np.float64) @ norm.offset
        bias = shift if bias is None else bias + shift
        weight = weight * norm.factor
    for norm in after:
        weight = weight * norm.factor[:, None]
        bias = norm.offset if bias is None else bias * norm.factor + norm.offset
    return weight, bias


def layers_of_state(
    state: _State, wanted: Sequence[str] | None = None, epsilons: Mapping[str, float] | None = None
) -> Layers:
    """Return the layers of a state, in its order or as they are wanted.

    Args:
        state: Tensors by name, `fc1.weight` and so on.
        wanted: Names of layers in the order of their call; what is left out is no part of the
            network. Batch normalization is named as `fc1+bn1` before the activation, and as
            `bn1+fc2` after it. None: all in the order of the state, if that leaves nothing open.
        epsilons: Of normalizations by name, where they are known.

    Raises:
        InputError: If there are other tensors than of linear layers and normalizations, it is open
            where a normalization acts, or one beside a wanted layer is left out.
    """
    modules = _modules(state)
    short = _short_names(modules)
    if wanted is None:
        for name, tensors in modules.items():
            _check_kind(name, tensors)
        items = _in_order(short)
    else:
        items = [[_found(part, short) for part in item.split("+")] for item in wanted]
        for name in (name for item in items for name in item):
            _check_kind(name, short[name])
        _check_left_out({name for item in items for name in item}, short)
    return _assembled(items, short, epsilons or {})


def _modules(state: _State) -> dict[str, dict[str, FloatArray]]:
    modules: dict[str, dict[str, FloatArray]] = {}
    for name, tensor in state.items():
        module, _, kind = name.rpartition(".")
        modules.setdefault(module, {})[kind] = tensor
    return modules


def _short_names(modules: Mapping[str, dict[str, FloatArray]]) -> dict[str, dict[str, FloatArray]]:
    """Return the modules under names without the folder that all share, such as `model.`."""
    folders = [name.split(".")[:-1] for name in modules]
    shared = sum(1 for _ in takewhile(lambda level: len({*level}) == 1, zip(*folders)))
    return {".".join(name.split(".")[shared:]): each for name, each in modules.items()}


def _is_norm(tensors: _State) -> bool:
    return "running_mean" in tensors


def _check_kind(name: str, tensors: _State) -> None:
    axes = {"weight": 1, "bias": 1, "running_mean": 1, "running_var": 1, "num_batches_tracked": 0}
    if not _is_norm(tensors):
        axes = {"weight": 2, "bias": 1}
    for kind, tensor in tensors.items():
        if tensor.ndim != axes.get(kind):
            place = f"{name}.{kind}" if name else kind
            raise InputError(
                f"{place}: expected a weight or bias of a linear layer, got {tensor.shape}; other "
                "layers have no counterpart, and --layers fc1,fc2,out names those that are wanted"
            )
    beside = "running_var" if _is_norm(tensors) else "weight"
    if beside not in tensors:
        raise InputError(f"{name}.{next(iter(tensors))}: expected {name}.{beside} beside it")


def _found(part: str, modules: Mapping[str, object]) -> str:
    part = part.strip()
    known = [name for name in modules if name == part or name.endswith(f".{part}")]
    if part in modules:
        return part
    if len(known) != 1:
        found = f"{part!r} for {' and '.join(known)}" if known else f"{part!r}"
        raise InputError(
            f"layers: expected some of {', '.join(modules)}, got {found}{nearest(part, modules)}"
        )
    return known[0]


def _in_order(modules: Mapping[str, _State]) -> list[list[str]]:
    """Return each linear layer with its normalizations, where their names say where they act.

    They do in an `nn.Sequential`, whose names are numbers: 1 acts on the outputs of 0 if it is
    followed by something else than a layer, and on the inputs of 3 if it is 2 and follows
    something else.
    """
    items: list[list[str]] = []
    waiting: list[str] = []
    names = list(modules)
    for number, name in enumerate(names):
        if not _is_norm(modules[name]):
            items.append([*waiting, name])
            waiting = []
            continue
        last = _number(names[number - 1]) if number else -1
        following = _number(names[number + 1]) if number + 1 < len(names) else None
        here = _number(name)
        if None in (last, here, following) or last is None or here is None or following is None:
            raise _open(name, names, number)
        if items and here == last + 1 and following > here + 1:
            items[-1].append(name)
        elif following == here + 1 and here > last + 1:
            waiting.append(name)
        else:
            raise _open(name, names, number)
    return items


def _check_left_out(wanted: Set[str], modules: Mapping[str, _State]) -> None:
    """Raise InputError for a normalization that follows a wanted layer, or all others precede."""
    names = list(modules)
    for number, name in enumerate(names):
        if name in wanted or not _is_norm(modules[name]):
            continue
        before = [each for each in names[:number] if not _is_norm(modules[each])]
        after = [each for each in names[number:] if not _is_norm(modules[each])]
        beside = before[-1:] or after[:1]
        if all(each in wanted for each in beside):
            raise InputError(
                f"{name}: a normalization that --layers leaves out; expected it beside a layer, as "
                f"fc1+{name} before the activation or {name}+fc2 after it"
            )


def _open(name: str, names: Sequence[str], number: int) -> InputError:
    before = names[number - 1] if number else "fc1"
    after = names[number + 1] if number + 1 < len(names) else "fc2"
    return InputError(
        f"{name}: a normalization, and its name does not say whether it acts before the activation "
        f"or after it; expected --layers with {before}+{name} (before) or {name}+{after} (after)"
    )


def _number(name: str) -> int | None:
    last = name.rpartition(".")[2]
    return int(last) if re.fullmatch(r"[0-9]{1,9}", last) else None


def _assembled(
    items: Sequence[Sequence[str]], modules: Mapping[str, _State], epsilons: Mapping[str, float]
) -> Layers:
    weights: list[FloatArray] = []
    biases: list[FloatArray | None] = []
    for item in items:
        linear = [name for name in item if not _is_norm(modules[name])]
        if len(linear) != 1:
            raise InputError(f"layers: {'+'.join(item)}: expected one linear layer, got {linear}")
        place = item.index(linear[0])
        before, after = (
            [Norm.of_tensors(modules[name], epsilons.get(name, EPSILON)) for name in part]
            for part in (item[:place], item[place + 1 :])
        )
        tensors = modules[linear[0]]
        _check_sizes(item, tensors["weight"], before, after)
        weight, bias = folded(tensors["weight"], tensors.get("bias"), before, after)
        weights.append(weight)
        biases.append(bias)
    return Layers(tuple(weights), tuple(biases), tuple("+".join(item) for item in items))


def _check_sizes(
    item: Sequence[str], weight: FloatArray, before: Iterable[Norm], after: Iterable[Norm]
) -> None:
    for norms, axis in ((before, 1), (after, 0)):
        for norm in norms:
            if norm.factor.shape != (weight.shape[axis],):
                raise InputError(
                    f"layers: {'+'.join(item)}: expected a normalization of {weight.shape[axis]} "
                    f"features, got {norm.factor.shape}"
                )
