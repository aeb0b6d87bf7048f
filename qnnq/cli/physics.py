"""How the layers of a network are measured, in words."""

import math
from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qnnq.networks.network import Network


def measured(network: "Network") -> str:
    """Return how a network's hidden layers are measured, and what joins their neurons."""
    found = Counter((each.kind, len(each.neurons)) for layer in network.couplings for each in layer)
    joined = [f"{count} {kind} of {size} neurons" for (kind, size), count in sorted(found.items())]
    return "; couplings: ".join([_measured(network), *([", ".join(joined)] if joined else [])])


def _measured(network: "Network") -> str:
    """Return how a network's hidden layers are measured, its last one by itself."""
    if min(network.entanglements) == math.pi / 2 == network.entanglement:
        return "hidden layers: measured projectively"
    angle = f"{network.entanglement / math.pi:.4g} pi"
    last = "projectively (--last-projective)" if network.last_projective else "likewise"
    if network.hidden == 1:
        return f"hidden layer: measured {last if network.last_projective else f'at {angle}'}"
    return f"hidden layers: measured at {angle}, the last one {last}"


def turns(layers: Iterable[tuple[int, int, int]]) -> list[str]:
    """Return a line for each kind of layer that is wider than the chip.

    Args:
        layers: Of each layer: neurons, places on the chip, executions that a shot takes.
    """
    found: dict[str, list[str]] = {}
    for number, (width, places, executions) in enumerate(layers, start=1):
        if executions > 1:
            how = (
                f"{width} neurons take turns on {places} places of the chip, in {executions} "
                "executions"
            )
            found.setdefault(how, []).append(str(number))
    return [f"layer {', '.join(numbers)}: {how}" for how, numbers in found.items()]
