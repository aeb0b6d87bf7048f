"""A network and where on a device its layers go."""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from qnnq.deployments.placement import Placement
from qnnq.networks.network import Network

if TYPE_CHECKING:
    from transpile import CompiledLayer


@dataclass(frozen=True, eq=False)
class PlacedNetwork:
    """A network and where its layers go; they are compiled when they are first asked for.

    Attributes:
        network: The network.
        placement: Where it goes.
        copies: Images side by side of each layer, where they are not those of the placement.
    """

    network: Network
    placement: Placement
    copies: tuple[int, ...] | None = None

    @cached_property
    def layers(self) -> "tuple[CompiledLayer, ...]":
        """The compiled circuit of every hidden layer; raises as `compile_layers` does."""
        from qnnq.deployments.compilation import compile_layers

        return compile_layers(self.network, self.placement, self.copies)

    @cached_property
    def scheduled(self) -> "tuple[CompiledLayer, ...]":
        """The same with explicit waits, as the device would run them, where they are known."""
        from qnnq.deployments.compilation import scheduled

        return tuple(scheduled(self.placement.device, layer) for layer in self.layers)
