"""A whole network as one dynamic circuit through the jobs of a device."""

import math
from pathlib import Path

import numpy as np
import pytest
from conftest import CLASSES, PIXELS, Command, Files
from loopback import Server

from qnnq.networks.file import write_network
from qnnq.networks.network import Network

WEAK, PROJECTIVE = 3 * math.pi / 8, math.pi / 2
COHERENT = ("--mode", "coherent")


def living_network(widths: tuple[int, ...], entanglement: float) -> Network:
    """Return a random network whose later layers are linear."""
    rng = np.random.default_rng(11)
    shapes = zip((*widths, CLASSES), (PIXELS, *widths), strict=True)
    weights = tuple(rng.normal(size=shape).astype(np.float32) for shape in shapes)
    later = ("linear",) * (len(widths) - 1)
    return Network(weights, activation=("htanh", *later), stretch=1.3, entanglement=entanglement)


@pytest.fixture
def living(files: Files) -> Files:
    write_network(living_network((3, 2, 3), PROJECTIVE), files.network)
    return files


def test_x(connected: Server, living: Files, tmp_path: Path, qnnq: Command) -> None:
    run = tmp_path / "run"
    answer = qnnq(*living.submit("ibm_jakarta", run, "--wait", *COHERENT))
    print(answer)
    assert 0
