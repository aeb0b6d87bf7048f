"""Where on a device the neurons of a network go, and what of it determines a result."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from qnnq.devices.device import Device
from qnnq.networks.couplings import Coupling
from qnnq.results.task import Task

if TYPE_CHECKING:
    from transpile import CompiledLayer, PairGate, Shape


@dataclass(frozen=True)
class Placement:
    """Where and how the layers of a network are put on a device, each as a circuit of its own.

    Attributes:
        device: The device.
        qubits: `best` or `all` by calibration, or a list such as `3,4,5` or `3:4,7:8`.
        copies: Images side by side.
        pairs: Gate pairs inserted after each rotation.
        pair_gate: Their gate.
    """

    device: Device
    qubits: str = "best"
    copies: int = 1
    pairs: int = 0
    pair_gate: "PairGate" = "sx"

    def shape(
        self, width: int, entanglement: float, couplings: "tuple[Coupling, ...]" = ()
    ) -> "Shape":
        """Return the shape of a layer of so many neurons, with its angle g in radians."""
        from transpile import Shape

        return Shape(width, entanglement, self.copies, self.pairs, self.pair_gate, couplings)

    def placed(self, task: Task, layers: "Sequence[CompiledLayer]") -> Task:
        """Return a task with the placement that its layers were compiled for."""
        return replace(
            task,
            mode="stepwise",
            device=self.device.name,
            calibration=self.device.calibration,
            device_content=self.device.content,
            qubits=tuple(",".join(map(str, layer.sites)) for layer in layers),
            copies=layers[0].shape.copies,
            pairs=self.pairs,
            pair_gate=self.pair_gate if self.pairs else None,
            circuits=hashlib.sha256("".join(layer.digest for layer in layers).encode()).hexdigest(),
        )
