"""Where the command line's words go: full disks, closed pipes, streams that know few characters."""

import os
import shutil
import subprocess
import sys

import pytest

from qnnq.cli.main import main
from qnnq.networks.bundled import BUNDLED_FOLDER

QNNQ = [sys.executable, "-m", "qnnq.cli.main"]
ENVIRONMENT = {name: text for name, text in os.environ.items() if name != "PYTHONUNBUFFERED"}


def shell(command, **environment):
    """Return (exit code, stdout, stderr) of a shell command in which "$@" is qnnq."""
    words = ["bash", "-o", "pipefail", "-c", command, "bash", *QNNQ]
    done = subprocess.run(words, capture_output=True, env=ENVIRONMENT | environment, timeout=120)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full here")
@pytest.mark.parametrize("command", ["--help", "models --json -"])
def test_a_full_disk_is_one_line_and_exit_code_1(command):
    found = shell(f'"$@" {command} >/dev/full')
    assert found == (1, "", "qnnq: No space left on device\n")


@pytest.mark.parametrize("command", ["--help", "models --json -"])
def test_a_reader_that_goes_away_is_no_message(command):
    assert shell(f'"$@" {command} | true') == (1, "", "")


def test_closed_streams_change_no_exit_code():
    assert shell('"$@" models >&-') == (0, "", "")
    assert shell('"$@" models nonsense 2>&-') == (2, "", "")


def test_any_name_can_be_printed(tmp_path):
    name = os.fsencode(tmp_path) + "/né".encode() + b"\xff.safetensors"
    shutil.copy(BUNDLED_FOLDER / "mnist16-a0.safetensors", name)
    arguments = f'"$@" run {os.fsdecode(tmp_path)}/n*.safetensors --images 0:2 --noise ideal'
    code, out, err = shell(arguments, PYTHONIOENCODING="ascii")
    assert (code, err) == (0, "")
    assert r"/n\xe9\udcff.safetensors: noise ideal" in out


def test_without_a_command_the_help_is_printed(capsys):
    assert main([]) == 0
    captured = capsys.readouterr()
    assert captured.out.startswith("Usage: qnnq")
    assert captured.err == ""


def test_out_of_memory_is_one_line_and_exit_code_1(capsys, monkeypatch):
    def exhausted(name, **options):
        raise MemoryError("Unable to allocate 60 GiB")

    monkeypatch.setattr("qnnq.execution.inputs.load_data", exhausted)
    assert main(["run"]) == 1
    assert capsys.readouterr().err == "qnnq: out of memory: Unable to allocate 60 GiB\n"
