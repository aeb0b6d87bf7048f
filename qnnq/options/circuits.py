"""Options that say what circuits a network becomes, and by which angles they turn."""

from dataclasses import dataclass
from typing import Literal, get_args

from qnnq.limits import MOST_PAIRS
from qnnq.options.option import option

PairGate = Literal["sx", "cz"]
ModeName = Literal["stepwise", "coherent"]


@dataclass(frozen=True, kw_only=True)
class CircuitOptions:
    """What circuits a network becomes, and by which angles they turn.

    Attributes:
        pairs: Gate pairs inserted after each rotation.
        pair_gate: `sx` (SX, SX-dagger on each neuron) or `cz` (CZ, CZ on neighbours).
        mode: `stepwise` (every layer prepares its qubits anew) or `coherent` (they live on).
        compensate: Whether each neuron's angle is replaced by the one whose noisy probability
            is the wanted one, where there is one.
    """

    pairs: int = option(
        0,
        "Gate pairs after each rotation.",
        least=0,
        most=MOST_PAIRS,
        label=True,
        grid=True,
        compiled=True,
    )
    pair_gate: PairGate = option(
        "sx",
        "sx (on each neuron) or cz (neighbours).",
        known=get_args(PairGate),
        label=True,
        grid=True,
        compiled=True,
    )
    mode: ModeName = option(
        "stepwise",
        "stepwise (a circuit a layer) or coherent (one dynamic circuit).",
        known=get_args(ModeName),
        label=True,
        grid=True,
    )
    compensate: bool = option(
        False, "Correct each angle for the noise where possible.", label=True, grid=True
    )
