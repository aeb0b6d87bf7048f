"""Writing files so that a reader never sees half of one."""

import contextlib
import errno
import os
from collections.abc import Iterator
from pathlib import Path

from qnnq.errors import InputError, QnnqError, located
from qnnq.limits import MOST_TEXT_BYTES

_POINTER = b"version https://git-lfs.github.com/spec/"


def write_atomically(path: str | Path, content: bytes) -> None:
    """Write `content` to `path` through a temporary file beside it.

    A link is followed, and a device or pipe is written to as it is.

    Raises:
        InputError: If nothing can be written there.
        QnnqError: If the disk is full.
    """
    try:
        if _is_special(path):
            Path(path).write_bytes(content)
            return
        temporary = _temporary(path)
        try:
            with temporary.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, os.path.realpath(path))
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise _failure(path, error) from error


@contextlib.contextmanager
def reading(path: str | Path) -> Iterator[None]:
    """Name a file in the InputError that is raised about it, also where it cannot be read."""
    try:
        yield
    except InputError as error:
        raise located(path, error) from error
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from error


def read_text(path: str | Path) -> str:
    """Return the text of a file in UTF-8, without the mark that some editors begin it with.

    Raises:
        InputError: Where it cannot be read, is no such text or larger than text files are, or is a
            pointer of Git LFS.
    """
    with reading(path), Path(path).open("rb") as file:
        content = file.read(MOST_TEXT_BYTES + 1)
    refuse_pointer(path, content)
    if len(content) > MOST_TEXT_BYTES:
        raise InputError(f"{path}: expected at most {MOST_TEXT_BYTES:,} bytes of text, found more")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: expected text in UTF-8: {error.reason}") from error


def refuse_pointer(path: str | Path, content: bytes) -> None:
    """Raise InputError where a file's content is a pointer of Git LFS to what it stands for.

    https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md
    """
    if content.startswith(_POINTER):
        raise InputError(
            f"{path}: is a Git LFS pointer, not the file itself; git lfs pull fetches it"
        )


FileVersion = tuple[str, int, int, int]
"""A file's real path, number on its disk, size in bytes and time of change in nanoseconds."""


def file_versions(*paths: str | Path) -> tuple[FileVersion, ...]:
    """Return what changes when files are written again; raises OSError where one is missing."""
    found = ((os.path.realpath(path), os.stat(path)) for path in paths)
    return tuple((path, stat.st_ino, stat.st_size, stat.st_mtime_ns) for path, stat in found)


def check_writable(*paths: str | Path | None) -> None:
    """Raise InputError unless files can be written there: to be asked before long work.

    None and `-`, which stands for stdout, are passed over.
    """
    for path in paths:
        if path is None or str(path) == "-":
            continue
        try:
            if not _is_special(path):
                temporary = _temporary(path)
                temporary.touch()
                temporary.unlink()
        except OSError as error:
            raise _failure(path, error) from error


def check_another(path: str | Path, *sources: str | Path) -> None:
    """Raise InputError where a file that is read would be overwritten."""
    if any(os.path.realpath(path) == os.path.realpath(source) for source in sources):
        raise InputError(f"{path}: expected another file than those that are read")


def _is_special(path: str | Path) -> bool:
    """Whether there is something at `path` that is neither a file nor a folder."""
    path = Path(path)
    return path.exists() and not path.is_file() and not path.is_dir()


def _temporary(path: str | Path) -> Path:
    target = Path(os.path.realpath(path))
    if target.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    return target.with_name(f".{target.name}.{os.getpid()}.tmp")


def _failure(path: str | Path, error: OSError) -> QnnqError:
    full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    return (QnnqError if full else InputError)(f"{path}: cannot be written: {error.strerror}")
