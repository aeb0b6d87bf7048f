"""The pictures of docs/gallery.md, each as a user gets it.

python benchmarks/gallery.py            # a minute
python benchmarks/gallery.py --out DIR
"""

import argparse
import contextlib
import io
import tempfile
from pathlib import Path

from PIL import Image

from qnnq.cli.main import main

DOCS = Path(__file__).parent.parent / "docs" / "gallery"
SWEEP = """
[[grid]]
networks = ["mnist16-a0", "mnist16-a0.5"]
noise = ["fake_kingston"]
strength = [0, 1, 4, 16, 64]
images = "0:1000"

[[grid]]
networks = ["mnist16-a0.5"]
noise = ["fake_kingston"]
strength = [16]
off = ["gate", "relaxation", "readout"]
images = "0:1000"

[[grid]]
networks = ["mnist16-a0.5"]
noise = ["device"]
devices = ["fake_torino", "fake_sherbrooke", "fake_guadalupe", "fake_boston"]
images = "0:1000"
"""
PLOT = "plot results.sqlite --out"
STRENGTH = "--where off= --where device=fake_kingston"
PICTURES = {
    "curves": f"{PLOT} curves.png --prediction both {STRENGTH}",
    "paper": f"{PLOT} paper.png --style paper {STRENGTH}",
    "devices": f"{PLOT} devices.png --kind devices --where strength=1 --where off= "
    "--where network=mnist16-a0.5",
    "attribution": f"{PLOT} attribution.png --kind attribution --where strength=16 "
    "--where network=mnist16-a0.5 --unfinished",
    "confusion": f"{PLOT} confusion.png --kind confusion --where strength=16 "
    "--where network=mnist16-a0.5 --where off=",
    "map": "compile small.safetensors --device fake_guadalupe --figure map.png",
    "circuit": "compile small.safetensors --device fake_torino --circuits circuit.png",
    "timeline": "compile small.safetensors --device fake_kingston --mode coherent "
    "--circuits timeline.png",
    "training": "train --hidden 16,16 --epochs 5 --evaluate-every 1 --data mnist5k "
    "--validation 0.1 --out net.safetensors --figure training.png",
}
"""The command behind each picture."""


def draw(names: list[str], out: Path) -> None:
    """Draw pictures by name into a folder."""
    out = out.resolve()
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        prepare()
        for name in names:
            with contextlib.redirect_stdout(io.StringIO()):
                assert main(PICTURES[name].split()) == 0, name
            picture = sorted(Path().glob(f"{name}*.png"))[-1]  # of several, the last layer's
            with Image.open(picture) as image:  # few colours are a small file
                image.convert("RGB").quantize(64).save(out / f"{name}.png", optimize=True)
            print(out / f"{name}.png")


def prepare() -> None:
    """Write what the commands need into the present folder."""
    import numpy as np

    from qnnq.networks.file import write_network
    from qnnq.networks.network import Network

    random = np.random.default_rng(0)
    shapes = [(2, 4), (2, 2), (2, 2)]
    weights = tuple(random.normal(size=shape) for shape in shapes)
    small = Network(
        weights,
        activation="linear",
        stretch=2.0,
        entanglement=1.1781,
        last_projective=True,
        information={},
    )
    write_network(small, "small.safetensors")
    Path("sweep.toml").write_text(SWEEP)
    with contextlib.redirect_stdout(io.StringIO()):
        assert main(["sweep", "sweep.toml", "--out", "results.sqlite", "--workers", "1"]) == 0


if __name__ == "__main__":
    assert __doc__
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=DOCS)
    draw(list(PICTURES), parser.parse_args().out)
