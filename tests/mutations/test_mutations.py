"""Planted faults are caught: the independent oracles can fail."""

import subprocess
import sys

import pytest

from tests.mutations.run import ROOT, read_faults


@pytest.mark.slow
@pytest.mark.parametrize("group", ["physics", "fast"])
def test_every_fault_is_caught(group):
    command = [sys.executable, "-m", "tests.mutations.run", group]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    count = len(read_faults([group]))
    assert ended.stdout.splitlines()[-1] == f"{count} of {count} faults were caught"
