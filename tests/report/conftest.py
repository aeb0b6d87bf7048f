"""A sweep and a run on a device, and the page about them."""

import shutil
from pathlib import Path

import pytest

from qnnq.cli.main import main
from qnnq.networks.bundled import load_model
from qnnq.networks.file import write_network

ODD_NAME = "<img src=x onerror=alert(1)> & $x.safetensors"

SWEEP = f"""
[[grid]]
networks = ["mnist16-a0", "mnist16-a0.5", {ODD_NAME!r}]
noise = "fake_kingston"
strength = [0, 1, 16]
images = "0:40"

[[grid]]
networks = "mnist16-a0.5"
noise = "fake_kingston"
strength = 16
off = ["gate", ["relaxation", "readout", "idle"]]
images = "0:40"

[[grid]]
networks = "mnist16-a0.5"
noise = "device"
devices = ["fake_torino", "fake_sherbrooke"]
images = "0:40"
seeds = [0, 1]

[[grid]]
networks = "mnist16-a0.5-g3pi8"
noise = "fake_kingston"
mode = ["stepwise", "coherent"]
feedback_latency = ["0.9us", "30us"]
images = "0:5"
shots = 3
"""


@pytest.fixture(scope="session")
def sources(tmp_path_factory) -> Path:
    """Return a folder with the results file `r.sqlite`, the run `run` and the page `r.html`."""
    folder = tmp_path_factory.mktemp("report")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("XDG_STATE_HOME", str(folder / "state"))
        write_network(load_model("mnist16-a1"), ODD_NAME)
        Path("sweep.toml").write_text(SWEEP, encoding="utf-8")
        assert main(["sweep", "sweep.toml", "--out", "r.sqlite", "--workers", "1"]) == 0
        run = "submit mnist16-a0.5 --device fake_kingston --images 0:8 --shots 2 --run run --yes"
        assert main([*run.split(), "--wait"]) == 0
        assert main(["report", "r.sqlite", "run", "--out", "r.html"]) == 0
    yield folder
    shutil.rmtree(folder)
