"""An SQLite file of ours: whole transactions, and every failure in one line."""

import contextlib
import sqlite3
import textwrap
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import ClassVar, Self, TypeVar

from qnnq.errors import InputError, QnnqError

T = TypeVar("T")


def batched(values: Iterable[T], size: int) -> Iterator[tuple[T, ...]]:
    """Yield values in tuples of `size`, the last one shorter."""
    source = iter(values)
    while some := tuple(islice(source, size)):
        yield some


class DatabaseFile:
    """What the ledger of a run and a results file share.

    Attributes:
        path: The file.
        kind: What the file is, for messages.
    """

    kind: ClassVar[str]
    path: Path
    _database: sqlite3.Connection

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """Commit what the block changes, or nothing; one inside another is part of it."""
        with self._explained():
            if self._database.in_transaction:
                yield self._database
                return
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield self._database
                self._database.execute("COMMIT")
            except BaseException:
                if self._database.in_transaction:
                    self._database.execute("ROLLBACK")
                raise

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        """Turn SQLite's errors into one line."""
        try:
            yield
        except UnicodeDecodeError as error:  # of a message that quotes damaged text
            raise QnnqError(f"{self.path}: is damaged: {error}") from error
        except sqlite3.Error as error:
            code = getattr(error, "sqlite_errorcode", 0) & 0xFF
            if code == sqlite3.SQLITE_NOTADB:
                message = f"expected {self.kind}, found a file that is not SQLite"
                raise InputError(f"{self.path}: {message}") from error
            if code == sqlite3.SQLITE_CANTOPEN:
                raise InputError(f"{self.path}: cannot be opened or created") from error
            if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
                raise QnnqError(f"{self.path}: locked by another process") from error
            if code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR):
                message = f"cannot be written, the disk may be full ({error})"
                raise QnnqError(f"{self.path}: {message}") from error
            text = textwrap.shorten(" ".join(str(error).split()), 120)  # it may quote a whole table
            if code == sqlite3.SQLITE_CORRUPT:
                text = f"is damaged ({text}): take another copy of it, or save what can be read: "
                text += f"sqlite3 {self.path} .recover | sqlite3 {self.path}.saved"
            raise QnnqError(f"{self.path}: {text}") from error
