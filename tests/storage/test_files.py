"""Writing files: whole or not at all, through links, and into what is no file."""

import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from qnnq.errors import InputError, QnnqError
from qnnq.storage.files import check_writable, write_atomically


def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "file").write_bytes(b"old")
    (tmp_path / "link").symlink_to("file")
    write_atomically(tmp_path / "link", b"new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "file").read_bytes() == b"new"
    assert len(list(tmp_path.iterdir())) == 2


def test_a_pipe_is_written_to_and_stays_a_pipe(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with ThreadPoolExecutor(1) as pool:
        read = pool.submit((tmp_path / "pipe").read_bytes)
        check_writable(tmp_path / "pipe")
        write_atomically(tmp_path / "pipe", b"content")
        assert read.result(timeout=10) == b"content"
    assert (tmp_path / "pipe").is_fifo()


@pytest.mark.parametrize("path", ["", ".", "/", "folder", "folder/"])
@pytest.mark.parametrize("write", [check_writable, lambda path: write_atomically(path, b"")])
def test_a_folder_is_refused(tmp_path, monkeypatch, path, write):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    with pytest.raises(InputError, match="cannot be written: Is a directory"):
        write(path)


@pytest.mark.parametrize("path", ["missing/file", "x" * 300])
@pytest.mark.parametrize("write", [check_writable, lambda path: write_atomically(path, b"")])
def test_a_place_where_no_file_can_be_is_refused(tmp_path, monkeypatch, path, write):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=f"{path}: cannot be written"):
        write(path)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full here")
def test_a_full_disk_is_a_failure_and_not_bad_input():
    with pytest.raises(QnnqError, match="/dev/full: cannot be written: No space left") as raised:
        write_atomically("/dev/full", b"content")
    assert not isinstance(raised.value, InputError)
