"""Run folders: which one is meant, and that only one process works in it."""

import os
import sqlite3
from pathlib import Path

from qnnq.errors import InputError, QnnqError

LEDGER = "ledger.sqlite"
DEVICE = "device.json"
"""Of a run on a device that was given as an object."""
NETWORK = "network.safetensors"
LOCK = "lock"
KNOWN = "runs"
CANNOT_WRITE = (
    *(sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR),
    *(sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN),
)
"""What SQLite says on a disk that is full or must not be written."""


def state_folder() -> Path:
    """Return the user's folder for state, where the last run is remembered."""
    base = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(base) / "qnnq"


def remember_latest(folder: Path) -> None:
    """Make `latest` mean this run folder, and list it among the known ones."""
    from qnnq.storage.files import write_atomically

    state = state_folder()
    try:
        state.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{state}: cannot be made: {error.strerror}") from error
    write_atomically(state / "latest-run", f"{folder.resolve()}\n".encode())
    with (state / KNOWN).open("a") as file:
        file.write(f"{folder.resolve()}\n")


def known_folders() -> list[Path]:
    """Return the run folders that were made on this computer."""
    file = state_folder() / KNOWN
    if not file.is_file():
        return []
    return [Path(line) for line in dict.fromkeys(file.read_text(errors="replace").splitlines())]


def make_folder(folder: Path) -> None:
    """Make a run folder that only its owner may read; one that exists stays as it is.

    Raises:
        InputError: If it cannot be made.
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise InputError(f"{folder}: cannot be made: {error.strerror}") from error


def find_run(name: str) -> Path:
    """Return the folder of a run: a path, or `latest`.

    Raises:
        InputError: If there is no such run, or the folder is incomplete.
    """
    if name == "latest" and not Path(name).is_dir():
        pointer = state_folder() / "latest-run"
        if not pointer.is_file():
            raise InputError("latest: no run was submitted yet (qnnq submit makes one)")
        name = pointer.read_text(errors="replace").strip()
    folder = Path(name)
    if not folder.is_dir():
        raise InputError(f"{name}: no such run folder")
    for file in (LEDGER, NETWORK):
        if not (folder / file).is_file():
            raise InputError(f"{folder}: expected the folder of a run, found no {file} in it")
    return folder


class FolderLock:
    """Held by the one process that submits; it goes when the process does, killed or not."""

    def __init__(self, folder: Path) -> None:
        file = folder / LOCK
        try:
            self._connection = sqlite3.connect(file, timeout=0, isolation_level=None)
        except sqlite3.Error as error:
            raise _lock_error(file, error) from error
        try:
            self._connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.Error as error:
            self._connection.close()
            raise _lock_error(file, error) from error

    def close(self) -> None:
        """Let others in."""
        self._connection.close()


def _lock_error(file: Path, error: sqlite3.Error) -> QnnqError:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code == sqlite3.SQLITE_BUSY:
        return QnnqError(f"{file.parent}: another process is working in this run")
    if code in CANNOT_WRITE:
        return QnnqError(f"{file}: cannot be written ({error})")
    return InputError(f"{file}: {error}")
