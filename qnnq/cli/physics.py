"""How the layers of a network are measured, in words."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qnnq.networks.network import Network
    from transpile import CompiledLayer


def measured(network: "Network") -> str:
    """Return how a network's hidden layers are measured, its last one by itself."""
    if min(network.entanglements) == math.pi / 2 == network.entanglement:
        return "hidden layers: measured projectively"
    angle = f"{network.entanglement / math.pi:.4g} pi"
    last = "projectively (--last-projective)" if network.last_projective else "likewise"
    if network.hidden == 1:
        return f"hidden layer: measured {last if network.last_projective else f'at {angle}'}"
    return f"hidden layers: measured at {angle}, the last one {last}"


def turns(layers: "Sequence[CompiledLayer]") -> list[str]:
    """Return a line for each kind of layer that is wider than the chip."""
    found: dict[str, list[str]] = {}
    for number, layer in enumerate(layers, start=1):
        if layer.parts > 1:
            how = (
                f"{layer.shape.width} neurons take turns on {layer.slots} places of the chip, in "
                f"{layer.parts} executions"
            )
            found.setdefault(how, []).append(str(number))
    return [f"layer {', '.join(numbers)}: {how}" for how, numbers in found.items()]
