"""Opening a results file so that all of it is seen, its log included, also if it is read-only."""

import contextlib
import os
import shutil
import socket
import sqlite3
import tempfile
from pathlib import Path

from qnnq.errors import InputError, QnnqError
from qnnq.results.schema import APPLICATION_ID, FORMAT, create_tables

_BUSY_TIMEOUT_S = 60
_LEAST_BYTES = 512  # SQLite's smallest file; it takes a shorter one, of whatever, for an empty one
_LOG_PAGES = 256  # a killed sweep leaves about 1 MB outside the file at most


def open_to_write(path: Path, kind: str, owner: str, notes: list[str]) -> sqlite3.Connection:
    """Open a results file, made where there is none.

    `owner` is listed in the file as long as it is open, so that a copy tells whether its log is
    missing; `notes` gets what the user should know.
    """
    if path.is_file() and 0 < path.stat().st_size < _LEAST_BYTES:
        raise InputError(f"{path}: expected {kind}, found another file")
    log = _log(path).exists()
    database = _connect(path, "rwc")
    try:
        (application,) = database.execute("PRAGMA application_id").fetchone()
        empty = database.execute("SELECT 1 FROM sqlite_master").fetchone() is None
        if application == 0 and empty:
            database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = FULL")
        database.execute(f"PRAGMA wal_autocheckpoint = {_LOG_PAGES}")
        database.execute("BEGIN IMMEDIATE")  # another sweep may be making it at the same time
        (application,) = database.execute("PRAGMA application_id").fetchone()
        if application == 0 and database.execute("SELECT 1 FROM sqlite_master").fetchone() is None:
            create_tables(database)
        _check(database, path, kind)
        _forget_dead_writers(database, path, log, notes)
        _forget_dead_claims(database)
        database.execute("INSERT INTO writers VALUES (?)", (owner,))
        database.execute("COMMIT")
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except BaseException:
        database.close()
        raise
    return database


def open_to_read(path: Path, kind: str, notes: list[str]) -> sqlite3.Connection:
    """Open a results file with its log; where SQLite may not write beside it, a copy of both."""
    log = _log(path).exists()
    database = _connect(path, "rw")
    try:
        try:
            database.execute("SELECT 1 FROM sqlite_master").fetchone()
        except sqlite3.OperationalError as error:
            code = getattr(error, "sqlite_errorcode", 0) & 0xFF
            if code not in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY):
                raise
            database.close()
            database = _copied(path)
        _check(database, path, kind)
        try:
            _forget_dead_writers(database, path, log, notes)
        except sqlite3.OperationalError as error:  # it is read only, or in use: the next will
            code = getattr(error, "sqlite_errorcode", 0) & 0xFF
            if code not in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_FULL):
                raise
    except BaseException:
        database.close()
        raise
    return database


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    return sqlite3.connect(
        f"{path.resolve().as_uri()}?mode={mode}",
        uri=True,
        timeout=_BUSY_TIMEOUT_S,
        isolation_level=None,
    )


def _log(path: Path) -> Path:
    return Path(f"{path.resolve()}-wal")


def _copied(path: Path) -> sqlite3.Connection:
    with tempfile.TemporaryDirectory(prefix="qnnq-") as folder:
        copy = Path(folder) / "results.sqlite"
        shutil.copyfile(path, copy)
        if _log(path).exists():
            shutil.copyfile(_log(path), _log(copy))
        memory = sqlite3.connect(":memory:", isolation_level=None)
        with contextlib.closing(_connect(copy, "rw")) as database:
            database.backup(memory)
    return memory


def _check(database: sqlite3.Connection, path: Path, kind: str) -> None:
    """Raise where a file is not of the format that this version reads, or damaged."""
    (application,) = database.execute("PRAGMA application_id").fetchone()
    (version,) = database.execute("PRAGMA user_version").fetchone()
    if application != APPLICATION_ID:
        if application == 0 and version == 0 and not path.stat().st_size:
            raise InputError(
                f"{path}: expected {kind}, found an empty file: a sweep was killed at its start, "
                f"or it was copied without its log {_log(path).name}"
            )
        raise InputError(f"{path}: expected {kind}, found another database")
    if version > FORMAT:
        raise InputError(
            f"{path}: results format {version} is newer than this qnnq reads ({FORMAT})"
        )
    (answer,) = database.execute("PRAGMA quick_check(1)").fetchone()
    if version < 1 or answer != "ok":
        found = " ".join(str(answer).split()) if answer != "ok" else f"format {version}"
        raise QnnqError(f"{path}: is damaged: {found}")
    if version < FORMAT:
        raise InputError(
            f"{path}: results format {version} is that of an older qnnq, expected {FORMAT}: let "
            "the sweep measure into a new file, or read it with the qnnq that wrote it"
        )


def _forget_dead_writers(
    database: sqlite3.Connection, path: Path, log: bool, notes: list[str]
) -> None:
    """Strike out sweeps that ended without closing the file; note it where their log is missing."""
    owners = [owner for (owner,) in database.execute("SELECT owner FROM writers").fetchall()]
    dead = [owner for owner in owners if not _alive(owner)]
    if dead and not log:
        notes.append(
            f"{path}: was left by a sweep that was killed, and its log {_log(path).name} is not "
            "beside it; if it was copied without it, its last results are missing here"
        )
    database.executemany("DELETE FROM writers WHERE owner = ?", [(owner,) for owner in dead])


def _forget_dead_claims(database: sqlite3.Connection) -> None:
    """Drop the claims of sweeps of this machine that were killed."""
    owners = [str(owner) for (owner,) in database.execute("SELECT DISTINCT owner FROM claims")]
    here = [owner for owner in owners if owner.partition(":")[0] == socket.gethostname()]
    dead = [(owner,) for owner in here if not _alive(owner)]
    database.executemany("DELETE FROM claims WHERE owner = ?", dead)


def _alive(owner: str) -> bool:
    host, _, rest = str(owner).partition(":")
    pid = rest.partition(":")[0]
    if host != socket.gethostname() or not pid.isdigit() or not 0 < int(pid) < 1 << 31:
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
