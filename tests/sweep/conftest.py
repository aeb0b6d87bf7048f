"""A tiny network and data set, so that a task takes milliseconds."""

import numpy as np
import pytest

from qnnq.networks.file import write_network
from qnnq.networks.network import Network


def make_network(path, stretch=0.5, seed=0, **physics):
    rng = np.random.default_rng(seed)
    shapes = ((4, 9), (4, 4), (3, 4))
    weights = tuple(rng.normal(size=shape).astype(np.float32) for shape in shapes)
    write_network(Network(weights, stretch=stretch, **physics), path)


def write_inputs(folder):
    """Write `tiny.safetensors`, `other.safetensors` and `data.npz` (40 images)."""
    make_network(folder / "tiny.safetensors")
    make_network(folder / "other.safetensors", stretch=0.0, seed=1)
    rng = np.random.default_rng(7)
    np.savez(folder / "data.npz", images=rng.random((40, 9)), labels=rng.integers(0, 3, 40))


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A working folder with the inputs of `write_inputs`."""
    write_inputs(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def ideal_sweep(folder):
    path = folder / "sweep.toml"
    path.write_text(
        """
        [[grid]]
        networks = ["tiny.safetensors", "other.safetensors"]
        noise = "ideal"
        engine = "ideal"
        data = "data.npz"
        shots = 7
        seeds = [0, 1, 2]
        images_per_task = 10
        """
    )
    return path
