"""What took long to compute, kept on disk by content for the processes that come later.

A file an entry: its SHA-256, then named arrays in safetensors, one of which is JSON. Nothing in it
is executed. It is written beside its name and renamed, so a reader sees all of it or nothing;
whatever does not read as it was written counts as missing. Where nothing can be written, nothing is
kept.
"""

import contextlib
import hashlib
import json
import os
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from numpy.typing import NDArray

T = TypeVar("T")

VARIABLE = "QNNQ_CACHE"
"""Of the environment: a folder, or `off`."""

MOST_BYTES = 1 << 28
"""Of all entries; those that were not used for longest go first."""

MOST_ENTRY_BYTES = MOST_BYTES >> 3
"""Of one entry; what is larger is not kept."""

_WRITES_PER_CHECK = 64
_ABANDONED_S = 3600.0
_SUFFIX, _UNFINISHED = ".entry", ".tmp"
_DOCUMENT = "document"
_DIGEST_BYTES = 32


@dataclass(frozen=True, eq=False)
class Entry:
    """What is kept.

    Attributes:
        document: Plain JSON.
        arrays: By name.
    """

    document: Any
    arrays: "dict[str, NDArray[Any]]"


class Cache:
    """Entries in a folder that any number of processes use at once.

    Args:
        folder: It is made when the first entry is.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._written = 0

    def read(self, key: str) -> Entry | None:
        """Return an entry, None where there is none or it is damaged."""
        from safetensors import SafetensorError
        from safetensors.numpy import load

        path = self._path(key)
        try:
            content = path.read_bytes()
            body = content[_DIGEST_BYTES:]
            if hashlib.sha256(body).digest() != content[:_DIGEST_BYTES]:
                return None
            arrays = load(body)
            document = json.loads(arrays.pop(_DOCUMENT).tobytes())
        except (OSError, SafetensorError, ValueError, KeyError):
            return None
        with contextlib.suppress(OSError):
            os.utime(path)
        return Entry(document, arrays)

    def write(self, key: str, entry: Entry) -> None:
        """Keep an entry; one line in a process says where that cannot be done."""
        import numpy as np
        from safetensors.numpy import save

        document = np.frombuffer(json.dumps(entry.document).encode(), dtype=np.uint8)
        arrays = {name: np.ascontiguousarray(array) for name, array in entry.arrays.items()}
        body = save({**arrays, _DOCUMENT: document})
        if len(body) > MOST_ENTRY_BYTES:
            return
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor, unfinished = tempfile.mkstemp(_UNFINISHED, dir=self.folder)
            try:
                with open(descriptor, "wb") as file:
                    file.write(hashlib.sha256(body).digest() + body)
                os.replace(unfinished, self._path(key))
            except BaseException:
                os.unlink(unfinished)
                raise
            if self._written % _WRITES_PER_CHECK == 0:
                self._make_room()
            self._written += 1
        except OSError as error:
            _tell(self.folder, error.strerror)

    def size(self) -> tuple[int, int]:
        """Return how many entries there are, and their bytes."""
        found = [stat.st_size for _, stat in self._files(_SUFFIX)]
        return len(found), sum(found)

    def clear(self) -> int:
        """Remove all entries, and what killed processes left; return how many entries there were.

        Raises:
            OSError: If one cannot be removed.
        """
        for path, _ in self._files(_UNFINISHED):
            path.unlink(missing_ok=True)
        entries = [path for path, _ in self._files(_SUFFIX)]
        for path in entries:
            path.unlink(missing_ok=True)
        return len(entries)

    def _path(self, key: str) -> Path:
        return self.folder / f"{key}{_SUFFIX}"

    def _files(self, suffix: str) -> Iterator[tuple[Path, os.stat_result]]:
        """Yield our files; another process may remove some at any time."""
        for path in self.folder.glob(f"*{suffix}"):
            with contextlib.suppress(FileNotFoundError):
                yield path, path.stat()

    def _make_room(self) -> None:
        now = time.time()
        for path, stat in self._files(_UNFINISHED):
            if now - stat.st_mtime > _ABANDONED_S:
                path.unlink(missing_ok=True)
        left = MOST_BYTES
        newest_first = sorted(self._files(_SUFFIX), key=lambda each: -each[1].st_mtime_ns)
        for path, stat in newest_first:
            left -= stat.st_size
            if left < 0:
                path.unlink(missing_ok=True)


def recall(
    key: Any, make: Callable[[], T], encode: Callable[[T], Entry], decode: Callable[[Entry], T]
) -> T:
    """Return what `make` returns, without calling it where an earlier process has.

    Args:
        key: Plain JSON that determines it.
        make: Makes it.
        encode: Turns it into an entry.
        decode: Turns an entry into it, to the last bit.
    """
    cache = current_cache()
    if cache is None:
        return make()
    name = hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()
    entry = cache.read(name)
    if entry is not None:
        return decode(entry)
    made = make()
    cache.write(name, encode(made))
    return made


def recall_document(key: Any, make: Callable[[], T]) -> T:
    """Return plain JSON that `make` returns; see `recall`."""
    found: T = recall(key, make, lambda found: Entry(found, {}), lambda entry: entry.document)
    return found


def recall_while(what: str, state: Any, make: Callable[[], T]) -> T:
    """Return plain JSON that `make` returns, without calling it where nothing has changed.

    Args:
        what: Names it; one version of it is kept.
        state: Plain JSON that is another one where it has changed.
        make: Makes it.
    """
    cache = current_cache()
    if cache is None:
        return make()
    seen = hashlib.sha256(json.dumps(state).encode()).hexdigest()
    name = hashlib.sha256(what.encode()).hexdigest()
    entry = cache.read(name)
    if entry is not None and entry.document["state"] == seen:
        found: T = entry.document["found"]
        return found
    made = make()
    cache.write(name, Entry({"state": seen, "found": made}, {}))
    return made


def current_cache() -> Cache | None:
    """Return the cache that the environment asks for, None where it is off."""
    asked = os.environ.get(VARIABLE, "")
    if asked == "off":
        return None
    try:
        return _cache(Path(asked) if asked else cache_folder() / "compiled")
    except RuntimeError:  # a user without a home
        return None


def cache_folder() -> Path:
    """Return `$XDG_CACHE_HOME/qnnq`, or `~/.cache/qnnq`."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "qnnq"


@lru_cache(maxsize=8)
def _cache(folder: Path) -> Cache:
    return Cache(folder)


@lru_cache(maxsize=8)  # once a folder
def _tell(folder: Path, reason: str | None) -> None:
    """Say that nothing is kept; in a worker process nobody does."""
    from multiprocessing import parent_process

    if parent_process() is None:
        warnings.warn(
            f"nothing is kept for later runs in {folder}: {reason}; QNNQ_CACHE names another "
            "folder, or off",
            stacklevel=2,
        )
