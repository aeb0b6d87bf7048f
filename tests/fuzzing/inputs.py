"""Inputs that are nearly right, a strategy a kind, and what must come of each.

Each check takes an input of its kind and a folder, and either ends with a right answer or with a
`Refusal`: an error that the command line turns into one line and exit code 1 or 2.
"""

import contextlib
import gzip
import io
import json
from itertools import islice
from pathlib import Path

import numpy as np
from hypothesis import strategies as st

from noise_models import NoiseSpecification
from noise_models.catalogue import SYNTHETIC
from qnnq.cli.main import _exit_code, _message
from qnnq.data.load import load_data
from qnnq.networks.file import read_network, write_network
from qnnq.networks.network import Network
from qnnq.sweep.file import Grid, read_sweep
from qnnq.sweep.points import count_tasks, expand
from qnnq.wording import one_line
from tests.results.files import write_results
from tests.results.test_corruption import output


class Refusal(Exception):
    """A refusal in one line."""


@contextlib.contextmanager
def refused():
    """Pass what the command line would say in one line as `Refusal`; all else is a defect."""
    try:
        yield
    except Exception as error:
        if _exit_code(error) not in (1, 2):
            raise
        raise Refusal(one_line(_message(error, []))) from error


# Numbers as they are typed: signs, exponents, signalling NaNs, thousands of digits.
NUMBERS = st.one_of(
    st.floats().map(repr),
    st.integers(-(10**25), 10**25).map(str),
    st.sampled_from(["sNaN", "nan", "-inf", "1e9999999", "1e-9999999", "9" * 5000, "", "1_0"]),
    st.decimals(allow_nan=True, allow_infinity=True).map(str),
)
UNITS = st.sampled_from(["", "us", "ns", "ms", "s", "h", "kHz", "µs", "parsec"])
KEYS = st.sampled_from(
    sorted({key for kind in SYNTHETIC.values() for key in kind.keys} | {"gate", "idle", "P", ""})
)
ARGUMENTS = st.lists(
    st.tuples(KEYS, NUMBERS, UNITS).map(lambda each: f"{each[0]}={each[1]}{each[2]}"), max_size=3
)
TERMS = st.one_of(
    st.tuples(st.sampled_from([*SYNTHETIC, "fake_fez", "ideal", "x"]), ARGUMENTS).map(
        lambda each: f"{each[0]}({', '.join(each[1])})"
    ),
    st.sampled_from([kind.example for kind in SYNTHETIC.values()]),
    st.text(max_size=30),
)
NOISE = st.lists(
    st.tuples(TERMS, st.one_of(st.just(""), NUMBERS.map(lambda number: f"*{number}"))).map("".join),
    min_size=1,
    max_size=4,
).map(" + ".join)


def check_noise(text, folder):
    """A specification is refused, or its canonical text means the same."""
    with refused():
        found = NoiseSpecification.parse(text, device_names=["fake_fez"])
    again = NoiseSpecification.parse(str(found), device_names=["fake_fez"])
    assert str(again) == str(found)
    with refused():
        found.scaled(2.0)


VALUES = st.recursive(
    st.one_of(
        NUMBERS,
        st.sampled_from(["true", "[]", "[" * 5000, "1979-05-27", "{a = 1}", '"bundled"', '"best"']),
        st.text(max_size=8).map(json.dumps),
        st.integers(0, 9).map(str),
        st.floats(0, 4).map(repr),
    ),
    lambda values: st.lists(values, max_size=3).map(lambda each: f"[{', '.join(each)}]"),
    max_leaves=5,
)
GRID_KEYS = [*Grid.model_fields, "strenght"]
SWEEPS = st.tuples(
    st.sampled_from(
        [
            'networks = ["tiny.safetensors"]\nnoise = "readout(p=0.1)"\ndata = "data.npz"\n',
            'networks = "tiny.safetensors"\nnoise = "ideal"\nengine = "ideal"\n',
            "",
        ]
    ),
    st.dictionaries(st.sampled_from(GRID_KEYS), VALUES, max_size=4),
    st.sampled_from(["[[grid]]", "[grid]", "[[grid]", ""]),
).map(lambda each: f"{each[2]}\n{each[0]}" + "".join(f"{k} = {v}\n" for k, v in each[1].items()))


def check_sweep(text, folder):
    """A sweep file is refused, or its points ask for what it says."""
    path = folder / "sweep.toml"
    path.write_text(text, encoding="utf-8", errors="surrogatepass")
    with refused():
        sweep = read_sweep(path)
        points = list(islice(expand(sweep), 1000))
        counts = count_tasks(sweep)
    asked = sum(len(p.seeds) * (1 if p.target_width else len(p.blocks)) for p in points)
    assert points
    assert len(points) == 1000 or asked == counts.adaptive + counts.tasks


EDITS = st.lists(
    st.tuples(st.integers(0, 10**6), st.integers(0, 255), st.sampled_from("xid")), max_size=6
)


def edited(content, edits):
    """Return bytes with some of them exchanged, inserted, or the rest deleted."""
    content = bytearray(content)
    for place, value, kind in edits:
        place %= len(content) + 1
        if kind == "x" and place < len(content):
            content[place] = value
        elif kind == "i":
            content[place:place] = bytes([value]) * (1 + value % 5)
        elif place > 8:
            del content[place:]
    return bytes(content)


HEADERS = st.dictionaries(
    st.sampled_from(["format", "activation", "stretch", "entanglement", "last_projective", "note"]),
    st.one_of(NUMBERS, st.sampled_from(["htanh", "linear", "true", "qnnq-network/1"]), st.text()),
    max_size=3,
)
NETWORKS = st.tuples(HEADERS, EDITS)


def a_network():
    rng = np.random.default_rng(0)
    shapes = ((4, 9), (4, 4), (3, 4))
    return Network(
        tuple(rng.normal(size=shape).astype(np.float32) for shape in shapes), stretch=0.5
    )


def check_network(given, folder):
    """A network file is refused, or what was read is written and read as the same network."""
    header, edits = given
    path = folder / "net.safetensors"
    write_network(a_network(), path)
    content = path.read_bytes()
    size = int.from_bytes(content[:8], "little")
    document = json.loads(content[8 : 8 + size])
    document["__metadata__"] |= header
    text = json.dumps(document).encode()
    changed = len(text).to_bytes(8, "little") + text + content[8 + size :]
    path.write_bytes(edited(changed, edits))
    with refused():
        network = read_network(path)
    write_network(network, path)
    assert read_network(path).digest == network.digest


DTYPES = st.sampled_from(
    ["u1", "f2", "f4", "f8", "g", "i8", "c16", "b1", "U3", "M8[s]", ">f8", "O", "V4"]
)
SHAPES = st.lists(st.integers(0, 6), max_size=4).map(tuple)
DATA = st.tuples(
    st.sampled_from(["npz", "idx", "gz"]),
    st.tuples(DTYPES, SHAPES, DTYPES, SHAPES),
    st.booleans(),
    EDITS,
)


def check_data(given, folder):
    """A data file is refused, or images are within their range and labels beside them."""
    kind, (dtype, shape, label_dtype, label_shape), usual, edits = given
    if usual:
        dtype, shape, label_dtype, label_shape = "f8", (5, 4), "i8", (5,)
    for file in folder.glob("data-*"):
        file.unlink()
    if kind == "npz":
        stream = io.BytesIO()
        images = np.zeros(shape, dtype)
        np.savez_compressed(stream, images=images, labels=np.zeros(label_shape, label_dtype))
        path = folder / "data-x.npz"
        path.write_bytes(edited(stream.getvalue(), edits))
    else:
        path = folder / f"data-images-idx3-ubyte{'.gz' if kind == 'gz' else ''}"
        content = b"\0\0\x08\x03" + b"".join(n.to_bytes(4, "big") for n in (5, 2, 2)) + bytes(20)
        beside = b"\0\0\x08\x01" + (5).to_bytes(4, "big") + bytes(5)
        if kind == "gz":
            content, beside = gzip.compress(content, mtime=0), gzip.compress(beside, mtime=0)
        path.write_bytes(edited(content, edits))
        Path(str(path).replace("images-idx3", "labels-idx1")).write_bytes(beside)
    with refused():
        data = load_data(str(path))
    assert data.images.ndim == 2
    assert ((data.images >= 0) & (data.images <= 255)).all()
    assert data.labels.shape == (len(data.images),)


RESULTS = st.lists(st.tuples(st.integers(0, 10**6), st.integers(1, 255)), min_size=1, max_size=8)


def check_results(flips, folder):
    """A results file is refused, or says what it said before."""
    whole, path = folder / "whole.sqlite", folder / "flipped.sqlite"
    if not whole.exists():
        write_results(whole)
    content = bytearray(whole.read_bytes())
    for place, value in flips:
        content[place % len(content)] ^= value
    for leftover in folder.glob("flipped.sqlite*"):
        leftover.unlink()
    path.write_bytes(content)
    found = output(path)
    if isinstance(found, Exception):
        assert "\n" not in str(found)
        raise Refusal(str(found))
    if content != whole.read_bytes():
        assert found == output(whole)


KINDS = {
    "noise": (NOISE, check_noise),
    "sweep": (SWEEPS, check_sweep),
    "network": (NETWORKS, check_network),
    "data": (DATA, check_data),
    "results": (RESULTS, check_results),
}
