"""Files of states: OpenQASM 3 in JSON, or QPY.

`qnnq-states/1`, JSON: `format`, `name`, `copies`, and `states`, a list of {`label`, `told`,
`circuits`}, each circuit a text in OpenQASM 3. QPY: a circuit each, with the metadata `state`
(circuits of one state follow one another), `label`, and, where they matter, `copies` and `told`.
"""

import io
import json
import re
from collections.abc import Iterable
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qnnq.data.states.dataset import State, States
from qnnq.errors import InputError, require
from qnnq.storage.files import read_text, reading, write_atomically

if TYPE_CHECKING:
    from qiskit.circuit import QuantumCircuit

FORMAT = "qnnq-states/1"
ENDINGS = (".json", ".qpy")


def write_states(path: str | Path, states: States) -> None:
    """Write states as OpenQASM 3 in JSON or as QPY, by the file's ending."""
    if check_ending(path) == ".qpy":
        write_atomically(path, _to_qpy(states))
        return
    from qiskit import qasm3

    entries = [
        {
            "label": state.label,
            "told": state.told,
            "circuits": [qasm3.dumps(circuit) for circuit in state.circuits],
        }
        for state in states.states
    ]
    document = {"format": FORMAT, "name": states.name, "copies": states.copies, "states": entries}
    write_atomically(path, (json.dumps(document, indent=1) + "\n").encode())


def read_states(path: str | Path) -> States:
    """Read states; raise InputError, one line that begins with the path, if the file is bad."""
    with reading(path):
        ending = check_ending(path)
        return _from_qpy(Path(path)) if ending == ".qpy" else _from_json(path)


def check_ending(path: str | Path) -> str:
    """Return the ending of a file of states; raise InputError for another one."""
    ending = Path(path).suffix.lower()
    require(ending in ENDINGS, str(path), f"a name that ends in {' or '.join(ENDINGS)}", ending)
    return ending


def _from_json(path: str | Path) -> States:
    try:
        document = json.loads(read_text(path))
    except (ValueError, RecursionError) as error:
        raise InputError(f"expected {FORMAT}, not JSON: {error}") from error
    found = document.get("format") if isinstance(document, dict) else type(document).__name__
    require(found == FORMAT, "format", FORMAT, repr(found))
    entries = document.get("states")
    require(isinstance(entries, list), "states", "a list", type(entries).__name__)
    states = [_state(entry, f"state {number}") for number, entry in enumerate(entries)]
    return States(tuple(states), str(document.get("name", path)), document.get("copies", 1))


def _state(entry: Any, where: str) -> State:
    require(isinstance(entry, dict), where, "an object with label and circuits", repr(entry)[:40])
    texts, told = entry.get("circuits"), entry.get("told", [])
    good = isinstance(texts, list) and all(isinstance(text, str) for text in texts)
    require(good, f"{where}: circuits", "a list of texts in OpenQASM 3", repr(texts)[:40])
    circuits = tuple(_from_qasm(text, where) for text in texts)
    return State(circuits, entry.get("label"), _told(told, where))


def _told(found: Any, where: str) -> tuple[str, ...]:
    good = isinstance(found, list) and all(isinstance(text, str) for text in found)
    require(good, f"{where}: told", "a list of texts", repr(found)[:40])
    return tuple(found)


def _from_qasm(text: str, where: str) -> "QuantumCircuit":
    from qiskit import qasm3

    try:
        return qasm3.loads(text)
    except ImportError as error:
        raise InputError(
            "OpenQASM 3 needs the package qiskit-qasm3-import (pip install qiskit-qasm3-import); "
            "QPY files need nothing else"
        ) from error
    except Exception as error:  # the parser has no common class for what a bad text raises
        raise InputError(f"{where}: not OpenQASM 3: {' '.join(str(error).split())}") from error


def _to_qpy(states: States) -> bytes:
    from qnnq.storage.blobs import circuit_to

    circuits = []
    for number, state in enumerate(states.states):
        for circuit in state.circuits:
            labelled = circuit.copy()
            labelled.metadata = {
                "state": number,
                "label": state.label,
                "copies": states.copies,
                "told": list(state.told),
                "name": states.name,
            }
            circuits.append(labelled)
    return circuit_to(circuits)


def _from_qpy(path: Path) -> States:
    from qiskit import qpy

    content = path.read_bytes()
    try:
        circuits = qpy.load(io.BytesIO(content))
    except Exception as error:  # a bad file raises whatever its bytes lead to
        raise InputError(f"not a QPY file: {_first_cause(error)}") from error
    require(len(circuits) > 0, "states", "at least one circuit", "none")
    known = [circuit.metadata or {} for circuit in circuits]
    copies = known[0].get("copies", 1)
    for number, metadata in enumerate(known):
        where, found = f"circuit {number}", metadata.get("copies", 1)
        require("label" in metadata, where, "metadata with a label", repr(metadata))
        require(found == copies, f"{where}: copies", f"those of circuit 0, {copies}", found)
        _told(metadata.get("told", []), where)
    numbered = [(data.get("state", number), number) for number, data in enumerate(known)]
    states = [
        _grouped([circuits[number] for _, number in group])
        for _, group in groupby(numbered, key=lambda each: each[0])
    ]
    first = known[0]
    return States(tuple(states), str(first.get("name", path.name)), copies)


def _first_cause(error: Exception) -> str:
    """Return what an error of Qiskit's reader says first, without its colours and backtrace."""
    text = re.sub(r"\x1b\[\d*m", "", getattr(error, "message", None) or str(error))
    lines = re.sub(r"\s*╺.*╸\s*0: Error:", "", text).split("\n")
    return lines[0].strip()


def _grouped(circuits: Iterable["QuantumCircuit"]) -> State:
    own = tuple(circuits)
    return State(own, own[0].metadata["label"], tuple(own[0].metadata.get("told", ())))
