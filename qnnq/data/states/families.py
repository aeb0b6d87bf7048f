"""Families of states by name."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from qnnq.data.states.dataset import State, States
from qnnq.data.states.hidden_pauli import hidden_paulis, told_paulis
from qnnq.data.states.pure import (
    cluster_grounds,
    ising_grounds,
    processes,
    products_or_entangled,
)
from qnnq.errors import InputError, require
from qnnq.wording import nearest

MOST_STATES = 1_000_000


@dataclass(frozen=True)
class Family:
    """A family of random states.

    Attributes:
        about: What its states are, and what is asked.
        make: Returns states: of random numbers, qubits, number, preparations a state.
        copies: Copies that a shot takes.
        mixed: Whether a state has several preparations.
        qubits: The least and the largest n.
    """

    about: str
    make: Callable[[np.random.Generator, int, int, int], list[State]]
    copies: Literal[1, 2]
    mixed: bool = False
    qubits: tuple[int, int] = (1, 10)


FAMILIES = {
    "hidden-pauli": Family(
        "(1 + s 0.95 P)/2^n: which of 4^n - 1 Paulis is P?", hidden_paulis, 2, True, qubits=(1, 16)
    ),
    "hidden-pauli-told": Family(
        "the same: is it P or Q, two anticommuting Paulis told after the last measurement?",
        told_paulis,
        2,
        True,
        qubits=(1, 16),
    ),
    "product-or-entangled": Family(
        "a product of random qubits, or a random state of all?", products_or_entangled, 2
    ),
    "time-reversal": Family(
        "n Bell pairs after a process on both registers: is it real?",
        processes,
        1,
        qubits=(2, 16),
    ),
    "tfim": Family(
        "ground state of an Ising ring in a transverse field: which phase?",
        ising_grounds,
        1,
        qubits=(3, 10),
    ),
    "cluster": Family(
        "ground state of a cluster ring in a field: which phase?",
        cluster_grounds,
        1,
        qubits=(3, 10),
    ),
}


def family(name: str) -> Family:
    """Return a family; raise InputError for an unknown name."""
    if name not in FAMILIES:
        raise InputError(
            f"family {name!r}: expected one of {', '.join(FAMILIES)}{nearest(name, FAMILIES)}"
        )
    return FAMILIES[name]


def make_states(
    name: str,
    qubits: int,
    count: int,
    seed: int = 0,
    copies: int | None = None,
    draws: int = 64,
) -> States:
    """Return random states of a family; the same seed gives the same ones.

    Args:
        name: Of the family.
        qubits: n.
        count: States.
        seed: Of all that is random.
        copies: Copies a shot, 1 or 2; None: as many as the family is made for.
        draws: Preparations that stand for a mixed state.

    Raises:
        InputError: For an unknown family and for numbers out of range.
    """
    found = family(name)
    low, high = found.qubits
    require(low <= qubits <= high, "qubits", f"{low} to {high} for {name}", qubits)
    require(1 <= count <= MOST_STATES, "states", f"1 to {MOST_STATES}", count)
    require(seed >= 0, "seed", "a whole number >= 0", seed)
    require(1 <= draws <= MOST_STATES, "draws", f"1 to {MOST_STATES}", draws)
    wanted = found.copies if copies is None else copies
    require(wanted in (1, 2), "copies a shot", "1 or 2", wanted)
    states = found.make(np.random.default_rng(seed), qubits, count, draws if found.mixed else 1)
    return States(tuple(states), name, 1 if wanted == 1 else 2)
