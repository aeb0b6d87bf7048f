"""Writing files so that a reader never sees half of one."""

import os
from pathlib import Path

from qnnq.errors import InputError


def write_atomically(path: str | Path, content: bytes) -> None:
    """Write `content` to `path` through a temporary file beside it; raise InputError if not."""
    path = Path(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        try:
            temporary.write_bytes(content)
            os.replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror}") from error


def check_writable(path: str | Path) -> None:
    """Raise InputError unless a file can be written at `path`: to be asked before long work."""
    path = Path(path)
    if path.is_dir():
        raise InputError(f"{path}: cannot be written: is a directory")
    probe = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror}") from error
