"""Where on a device the neurons of a network go, and what of it determines a result."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

from qnnq.devices.device import Device
from qnnq.execution.request import check_placement
from qnnq.options.circuits import ModeName, PairGate
from qnnq.results.task import Task
from transpile import CompiledLayer


@dataclass(frozen=True)
class Placement:
    """Where and how a network is put on a device.

    Attributes:
        device: The device.
        qubits: `best` or `all` by calibration, or a list such as `3,4,5` or `3:4,7:8`.
        copies: Images side by side.
        pairs: Gate pairs inserted after each rotation.
        pair_gate: Their gate.
        mode: Whether every layer is a circuit of its own, or neurons live on.

    Raises:
        InputError: If a number or a name is out of its range.
    """

    device: Device
    qubits: str = "best"
    copies: int = 1
    pairs: int = 0
    pair_gate: PairGate = "sx"
    mode: ModeName = "stepwise"

    def __post_init__(self) -> None:
        check_placement(self.pairs, self.pair_gate, self.copies)

    def placed(self, task: Task, layers: Sequence[CompiledLayer]) -> Task:
        """Return a task with the placement that its layers were compiled for."""
        return replace(
            task,
            mode=self.mode,
            device=self.device.name,
            calibration=self.device.calibration,
            device_content=self.device.content,
            qubits=tuple(",".join(map(str, layer.sites)) for layer in layers),
            copies=layers[0].copies,
            pairs=self.pairs,
            pair_gate=self.pair_gate if self.pairs else None,
            circuits=hashlib.sha256("".join(layer.digest for layer in layers).encode()).hexdigest(),
        )
