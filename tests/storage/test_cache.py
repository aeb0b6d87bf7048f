"""The cache by content: whatever happens to it, what it gives is right."""

import errno
import hashlib
import json
import multiprocessing
import os
import signal
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

from qnnq.cli.main import main
from qnnq.storage import cache as module
from qnnq.storage.cache import Cache, Entry, current_cache, recall, recall_while

KEY = {"device": "fake", "strength": 1.0}


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    """A cache that is on."""
    monkeypatch.setenv(module.VARIABLE, str(tmp_path / "kept"))
    return tmp_path / "kept"


def encoded(numbers):
    return Entry({"sum": float(numbers.sum())}, {"numbers": numbers})


def remembered(make):
    return recall(KEY, make, encoded, lambda entry: entry.arrays["numbers"])


def never():
    raise AssertionError("made again")


NUMBERS = np.random.default_rng(0).normal(size=(3, 4, 5))[:, ::2]  # not contiguous


def test_made_once(folder):
    assert (remembered(lambda: NUMBERS) == NUMBERS).all()
    found = remembered(never)
    assert found.dtype == NUMBERS.dtype
    assert found.tobytes() == NUMBERS.tobytes()
    assert not recall({**KEY, "strength": 2.0}, lambda: NUMBERS * 0, encoded, never).any()


def test_made_anew_where_something_has_changed(folder):
    assert recall_while("what", [1, 2], lambda: {"a": [1]}) == {"a": [1]}
    assert recall_while("what", [1, 2], never) == {"a": [1]}
    assert recall_while("what", [1, 3], lambda: 5) == 5
    assert recall_while("what", [1, 2], lambda: 6) == 6
    assert current_cache().size()[0] == 1


def test_off_keeps_nothing(tmp_path, monkeypatch):
    monkeypatch.delenv(module.VARIABLE)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "another"))
    assert current_cache().folder == tmp_path / "another" / "qnnq" / "compiled"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv(module.VARIABLE, "off")
    remembered(lambda: NUMBERS)
    assert not list(tmp_path.iterdir())
    monkeypatch.delenv(module.VARIABLE)
    remembered(lambda: NUMBERS)
    assert len(list((tmp_path / "qnnq" / "compiled").iterdir())) == 1


DAMAGES = {
    "cut": lambda content: content[:-3],
    "empty": lambda content: b"",
    "a bit": lambda content: content[:200] + bytes([content[200] ^ 1]) + content[201:],
    "another file": lambda content: b"PK" + content,
    "no arrays": lambda content: hashlib.sha256(b"\xff" * 40).digest() + b"\xff" * 40,
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_entry_is_made_again(folder, damage):
    remembered(lambda: NUMBERS)
    (file,) = folder.iterdir()
    file.write_bytes(damage(file.read_bytes()))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert (remembered(lambda: NUMBERS) == NUMBERS).all()
    assert (remembered(never) == NUMBERS).all()


def test_a_full_disk_is_one_line(folder, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(module.os, "replace", full)
    with warnings.catch_warnings(record=True) as told:
        found = [remembered(lambda: NUMBERS) for _ in range(3)]
    assert (np.array(found) == NUMBERS).all()
    (one,) = told
    assert "nothing is kept" in str(one.message)
    assert ": No space left on device;" in str(one.message)
    assert not list(folder.iterdir())


def test_a_limit_of_file_sizes(folder, tmp_path):
    """As a full disk; of another process, whose limit it is."""
    code = (
        "import resource, signal, numpy as np;"
        "from qnnq.storage.cache import Entry, recall;"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000));"
        "made = lambda: np.ones(999);"
        "print([recall(1, made, lambda a: Entry(0, {'a': a}), None).sum() for _ in range(2)])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[np.float64(999.0), np.float64(999.0)]\n"
    assert done.stderr.count("nothing is kept") == 1
    assert not list(folder.iterdir())


def test_a_folder_that_cannot_be(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv(module.VARIABLE, str(tmp_path / "file"))
    with pytest.warns(UserWarning, match="nothing is kept"):
        assert (remembered(lambda: NUMBERS) == NUMBERS).all()
    monkeypatch.delenv(module.VARIABLE)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(module.Path, "home", lambda: (_ for _ in ()).throw(RuntimeError("none")))
    assert current_cache() is None


def _fill(folder, ready):
    ready.wait()
    store = Cache(Path(folder))
    for number in range(40):
        numbers = np.full(500, float(number))
        store.write(f"{number:064x}", Entry(number, {"numbers": numbers}))
        for other in range(40):
            entry = store.read(f"{other:064x}")
            assert entry is None or (entry.arrays["numbers"] == entry.document).all()
            assert entry is None or entry.document == other


def test_processes_fill_it_at_once(tmp_path):
    context = multiprocessing.get_context("spawn")
    ready = context.Barrier(2)
    workers = [context.Process(target=_fill, args=(str(tmp_path), ready)) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0, 0]
    assert Cache(tmp_path).size()[0] == 40
    assert len(list(tmp_path.iterdir())) == 40


def _killed(folder, *_):
    os.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
    Cache(Path(folder)).write("0" * 64, Entry(0, {"numbers": NUMBERS}))


def test_a_killed_process_leaves_no_entry(tmp_path, monkeypatch):
    worker = multiprocessing.get_context("spawn").Process(target=_killed, args=(str(tmp_path),))
    worker.start()
    worker.join()
    assert worker.exitcode == -signal.SIGKILL
    store = Cache(tmp_path)
    assert store.read("0" * 64) is None
    (left,) = tmp_path.iterdir()
    os.utime(left, (0, 0))
    store.write("1" * 64, Entry(1, {}))
    assert [file.name for file in tmp_path.iterdir()] == [f"{'1' * 64}.entry"]


def test_what_was_not_used_for_longest_goes_first(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_WRITES_PER_CHECK", 1)
    store = Cache(tmp_path)
    numbers = {"numbers": np.zeros(1000)}
    for number in range(3):
        store.write(f"{number}", Entry(number, numbers))
        os.utime(tmp_path / f"{number}.entry", (number, number))
    size = store.size()[1]
    monkeypatch.setattr(module, "MOST_BYTES", size)
    store.read("0")
    store.write("3", Entry(3, numbers))
    assert {path.stem for path in tmp_path.iterdir()} == {"0", "2", "3"}
    monkeypatch.setattr(module, "MOST_ENTRY_BYTES", 8000)
    store.write("4", Entry(4, numbers))
    assert store.read("4") is None


def test_the_command(folder, capsys):
    remembered(lambda: NUMBERS)
    assert main(["cache"]) == 0
    assert f"{folder}: 1 entries, 0.0 MB" in capsys.readouterr().out
    assert main(["cache", "--clear", "--json", "-"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found == {"schema": "qnnq.cache/1", "folder": str(folder), "entries": 0, "bytes": 0}
    assert not list(folder.iterdir())
