"""The file of a run's ledger: what it was made with, and how it is opened."""

import contextlib
import json
import sqlite3
import struct
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self
from zipfile import BadZipFile

from numpy.typing import NDArray

from qnnq.errors import InputError, QnnqError
from qnnq.jobs.folder import LEDGER
from qnnq.networks.couplings import Coupling
from qnnq.storage.blobs import arrays_from, arrays_to, circuit_from, circuit_to
from qnnq.storage.database import DatabaseFile

if TYPE_CHECKING:
    from transpile import CompiledLayer, NetworkCircuit, PairGate

FORMAT = 6
_APPLICATION_ID = 0x716E6C67  # "qnlg"
_COUPLINGS = "couplings"
"""Name of the fact of layers with couplings: those of each."""
_BUSY_TIMEOUT_S = 20.0
DURABILITY = "EXTRA"
"""A commit outlives a power cut too: what follows it may cost money."""
DAMAGED = (ValueError, LookupError, TypeError, EOFError, zlib.error, struct.error, BadZipFile)
"""What reading a blob raises that is not what was written."""
_SCHEMA = """
CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE arrays (name TEXT PRIMARY KEY, content BLOB NOT NULL);
CREATE TABLE layers (
    layer INTEGER PRIMARY KEY, circuit BLOB NOT NULL, sites TEXT NOT NULL, width INTEGER NOT NULL,
    copies INTEGER NOT NULL, parts INTEGER NOT NULL, entanglement REAL NOT NULL
);
CREATE TABLE jobs (
    job INTEGER PRIMARY KEY, layer INTEGER NOT NULL, part INTEGER NOT NULL, plan BLOB NOT NULL,
    sets INTEGER NOT NULL, shots INTEGER NOT NULL, slots INTEGER NOT NULL, bits BLOB,
    round INTEGER NOT NULL DEFAULT 0, digest TEXT NOT NULL,
    first_image INTEGER NOT NULL DEFAULT 0,
    UNIQUE (round, layer, part)
);
CREATE TABLE attempts (
    tag TEXT PRIMARY KEY, job INTEGER NOT NULL REFERENCES jobs, written TEXT NOT NULL, id TEXT,
    state TEXT NOT NULL, cap INTEGER, calibration TEXT, started TEXT, seconds REAL, message TEXT
);
CREATE TABLE surplus (
    id TEXT PRIMARY KEY, tag TEXT NOT NULL, cancelled INTEGER NOT NULL, seconds REAL
);
CREATE TABLE sessions (
    number INTEGER PRIMARY KEY, id TEXT, most INTEGER, seconds REAL, ended INTEGER NOT NULL
);
"""


class LedgerFile(DatabaseFile):
    """An open ledger, as far as it says what was asked for."""

    kind = "the ledger of a run"

    def __init__(self, folder: Path) -> None:
        """Open the ledger of a run folder.

        Raises:
            InputError: If it is no ledger, or one of another version.
            QnnqError: If another process keeps it locked.
        """
        self.folder = folder
        self.path = folder / LEDGER
        with self._explained():
            self._database = sqlite3.connect(
                self.path, timeout=_BUSY_TIMEOUT_S, isolation_level=None
            )
        try:
            with self._explained():
                self._check()
                self._database.execute(f"PRAGMA synchronous = {DURABILITY}")
        except QnnqError:
            self._database.close()
            raise

    @classmethod
    def create(
        cls,
        folder: Path,
        facts: dict[str, Any],
        arrays: dict[str, NDArray[Any]],
        circuits: "Sequence[CompiledLayer | NetworkCircuit]",
    ) -> Self:
        """Write a new ledger, whole or not at all."""
        from transpile import CompiledLayer, NetworkCircuit

        temporary = folder / f"{LEDGER}.new"
        temporary.unlink(missing_ok=True)
        rows = [(name, json.dumps(value)) for name, value in facts.items()]
        layers = [layer for layer in circuits if isinstance(layer, CompiledLayer)]
        if any(layer.shape.couplings for layer in layers):
            joined = [[vars(each) for each in layer.shape.couplings] for layer in layers]
            rows.append((_COUPLINGS, json.dumps(joined)))
        try:
            with contextlib.closing(sqlite3.connect(temporary)) as database:
                database.executescript(f"BEGIN; {_SCHEMA}")
                database.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
                database.execute(f"PRAGMA user_version = {FORMAT}")
                database.executemany("INSERT INTO facts VALUES (?, ?)", rows)
                database.execute("INSERT INTO arrays VALUES ('data', ?)", (arrays_to(**arrays),))
                for number, layer in enumerate(circuits):
                    sites = ",".join(map(str, layer.sites))
                    shape = (
                        (layer.widths[0], 1, 1, 0.0)
                        if isinstance(layer, NetworkCircuit)
                        else (
                            layer.shape.width,
                            layer.shape.copies,
                            layer.parts,
                            layer.shape.entanglement,
                        )
                    )
                    database.execute(
                        "INSERT INTO layers VALUES (?, ?, ?, ?, ?, ?, ?)",
                        (number, circuit_to(layer.circuit), sites, *shape),
                    )
                database.commit()
        except sqlite3.Error as error:
            temporary.unlink(missing_ok=True)
            raise QnnqError(
                f"{folder / LEDGER}: cannot be written, the disk may be full ({error})"
            ) from error
        temporary.rename(folder / LEDGER)
        return cls(folder)

    def fact(self, name: str) -> Any:
        """Return a fact about the run."""
        rows = self._rows("SELECT value FROM facts WHERE name = ?", name)
        if not rows:
            raise InputError(f"{self.path}: {name}: missing; the ledger is damaged")
        with self._decoding():
            return json.loads(rows[0][0])

    def set_fact(self, name: str, value: Any) -> None:
        """Change a fact."""
        self._write("REPLACE INTO facts VALUES (?, ?)", name, json.dumps(value))

    def data(self) -> dict[str, NDArray[Any]]:
        """Return the arrays that the run was created with."""
        with self._decoding():
            return arrays_from(self._rows("SELECT content FROM arrays WHERE name = 'data'")[0][0])

    def layers(self) -> "tuple[CompiledLayer, ...]":
        """Return the compiled layers; none where the whole network is one circuit."""
        from transpile import CompiledLayer

        return tuple(each for each in self.circuits() if isinstance(each, CompiledLayer))

    def circuits(self) -> "tuple[CompiledLayer | NetworkCircuit, ...]":
        """Return what is run: the compiled layers, or one circuit of the whole network."""
        from transpile import CompiledLayer, NetworkCircuit, Shape
        from transpile.groups import parse_site

        found: list[CompiledLayer | NetworkCircuit] = []
        rows = self._rows(
            "SELECT circuit, sites, width, copies, parts, entanglement FROM layers ORDER BY layer"
        )
        with self._decoding():
            request = self.fact("request")
            pairs = request["pairs"]
            gate: PairGate = request["pair_gate"] if pairs else "sx"
            joined = self._couplings(len(rows))
            for own, row in zip(joined, rows, strict=True):
                circuit, sites, width, copies, parts, angle = row
                placed = tuple(map(parse_site, sites.split(",")))
                if self.is_coherent:
                    found.append(NetworkCircuit(circuit_from(circuit), placed))
                else:
                    shape = Shape(width, angle, copies, pairs, gate, own)
                    found.append(CompiledLayer(circuit_from(circuit), placed, shape, parts))
            if len(found) != self.fact("layers"):
                raise ValueError(f"{len(found)} of {self.fact('layers')} layers are there")
        return tuple(found)

    def _couplings(self, layers: int) -> list[tuple[Coupling, ...]]:
        rows = self._rows("SELECT value FROM facts WHERE name = ?", _COUPLINGS)
        found = json.loads(rows[0][0]) if rows else [[]] * layers
        return [tuple(Coupling.of(**each) for each in layer) for layer in found]

    @property
    def is_coherent(self) -> bool:
        """Whether the whole network is one circuit, whose neurons live on from layer to layer."""
        return bool(self.fact("task").get("mode") == "coherent")

    def _rows(self, sql: str, *values: object) -> list[Any]:
        with self._explained():
            return self._database.execute(sql, values).fetchall()

    def _write(self, sql: str, *values: object) -> None:
        with self._transaction() as database:
            database.execute(sql, values)

    def _check(self) -> None:
        (application,) = self._database.execute("PRAGMA application_id").fetchone()
        (version,) = self._database.execute("PRAGMA user_version").fetchone()
        if application != _APPLICATION_ID:
            raise InputError(f"{self.path}: expected {self.kind}, found another database")
        if version != FORMAT:
            raise InputError(
                f"{self.path}: ledger format {version}, expected {FORMAT}: collect or cancel the "
                f"run with the qnnq that made it"
            )

    @contextlib.contextmanager
    def _decoding(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            from qiskit.exceptions import QiskitError

            if not isinstance(error, (*DAMAGED, QiskitError)):
                raise
            raise InputError(f"{self.path}: the ledger is damaged: {error}") from error
