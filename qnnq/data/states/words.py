"""Data sets of states in words: a file, or a family with its numbers."""

import re

from qnnq.data.states.dataset import States
from qnnq.data.states.families import FAMILIES, make_states
from qnnq.data.states.files import ENDINGS, read_states
from qnnq.errors import InputError
from qnnq.wording import nearest

NUMBERS = {"qubits": 4, "states": 100, "seed": 0, "copies": None, "draws": 64}
"""What a family takes, and what it is where it is not said; the copies are then the family's."""


def is_states(words: str) -> bool:
    """Whether words of data mean states."""
    return words.endswith(ENDINGS) or words.partition("(")[0].strip() in FAMILIES


def states_of(words: str) -> States:
    """Return the states of a file, or of a family: `tfim`, `tfim(qubits=6, states=200, seed=1)`.

    Raises:
        InputError: One line that begins with the words, if there are none such.
    """
    if words.endswith(ENDINGS):
        return read_states(words)
    match = re.fullmatch(r"\s*([\w-]+)\s*(?:\((.*)\))?\s*", words)
    if match is None:
        raise InputError(f"{words}: expected FAMILY or FAMILY(qubits=4, states=100)")
    given = [part.strip() for part in (match[2] or "").split(",") if part.strip()]
    found: dict[str, int | None] = dict(NUMBERS)
    for part in given:
        name, _, value = (each.strip() for each in part.partition("="))
        if name not in NUMBERS:
            raise InputError(
                f"{words}: expected some of {', '.join(NUMBERS)}, got {name!r}"
                f"{nearest(name, NUMBERS)}"
            )
        if not re.fullmatch(r"[0-9]{1,9}", value):
            raise InputError(f"{words}: {name}: expected a whole number, got {value!r}")
        found[name] = int(value)
    count = found.pop("states")
    return make_states(match[1], count=count, **found)  # type: ignore[arg-type]
