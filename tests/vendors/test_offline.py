"""Vendors' simulators that run without an account, whose packages `make test-oldest` installs."""

import json
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from qnnq.cli.main import main
from qnnq.networks.file import write_network
from qnnq.networks.network import Network

SHOTS, REFERENCE, IMAGES, CLASSES = 300, 100_000, 3, 3
DEVICES = {
    "aqt_offline": ("qiskit_aqt_provider", "ideal"),
    "aqt_offline_noise": ("qiskit_aqt_provider", "device"),
    "braket_local": ("qiskit_braket_provider", "ideal"),
    "quantinuum_local": ("pytket_pecos", "ideal"),
}
"""By name: the package that it needs, and its noise as a run here has it."""


@pytest.mark.parametrize("device", DEVICES)
def test_from_compile_to_collect(
    device: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The votes of each image are those of a run here; a false alarm in a million."""
    package, noise = DEVICES[device]
    pytest.importorskip(package)
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(5)
    shapes = ((3, 4), (3, 3), (CLASSES, 3))
    weights = tuple(rng.normal(size=shape) for shape in shapes)
    write_network(Network(weights, activation="htanh", stretch=0.7), "net.safetensors")
    np.savez("data.npz", images=rng.random((IMAGES, 4)), labels=np.arange(IMAGES))
    on = ["net.safetensors", "--device", device, "--data", "data.npz", "--images", "all"]
    shots = ["--shots", str(SHOTS)]
    assert main(["compile", *on[:3], "--json", "compiled.json"]) == 0
    assert main(["estimate", *on, *shots, "--json", "estimate.json"]) == 0
    assert main(["submit", *on, *shots, "--run", "run", "--wait"]) == 0
    assert main(["collect", "run", "--counts", "--json", "theirs.json"]) == 0
    counted = ["--noise", noise, "--shots", str(REFERENCE), "--counts", "--json", "ours.json"]
    assert main(["run", *on, *counted]) == 0
    theirs, ours = (
        np.array(json.loads(Path(name).read_text())["counts"])
        for name in ("theirs.json", "ours.json")
    )
    assert theirs.sum(axis=1).tolist() == [SHOTS] * IMAGES
    p_values = []
    for found, reference in zip(theirs, ours, strict=True):
        table = np.array([found, reference])
        p_values.append(stats.chi2_contingency(table[:, table.sum(axis=0) > 0]).pvalue)
    assert min(p_values) > 1e-6 / IMAGES
