"""Data sets: what the bundled ones are, every file form, and what is refused."""

import gzip
import hashlib
import shutil
import struct
import zipfile

import numpy as np
import pytest

from qnnq.data import mnist as mnist_download
from qnnq.data.dataset import Dataset
from qnnq.data.load import BUNDLED_FOLDER, load_data
from qnnq.data.selection import parse_images
from qnnq.errors import InputError, QnnqError

RNG = np.random.default_rng(0)
IMAGES = RNG.integers(0, 256, (6, 2, 3), dtype=np.uint8)
LABELS = np.array([3, 0, 1, 2, 9, 0], np.uint8)


def idx(array):
    header = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes()
    return header + array.tobytes()


@pytest.fixture
def mnist(tmp_path):
    """Return the path of six images in MNIST's form, the labels beside."""
    (tmp_path / "train-labels-idx1-ubyte").write_bytes(idx(LABELS))
    images = tmp_path / "train-images-idx3-ubyte"
    images.write_bytes(idx(IMAGES))
    return images


def test_bundled_test_images_are_the_ones_of_mnist():
    # SHA-256 of t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte without compression.
    known = {
        "images-idx3": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        "labels-idx1": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    }
    for kind, checksum in known.items():
        content = gzip.decompress((BUNDLED_FOLDER / f"mnist-test-{kind}-ubyte.gz").read_bytes())
        assert hashlib.sha256(content).hexdigest() == checksum
    data = load_data("mnist-test")
    assert (data.images.shape, data.images.dtype) == ((10_000, 784), np.uint8)
    assert data.labels[[0, 1, 6929]].tolist() == [7, 2, 2]


def test_bundled_training_images():
    data = load_data("mnist5k")
    assert data.images.shape == (5_000, 784)
    assert data.labels[:8].tolist() == [5, 0, 4, 1, 9, 2, 1, 3]
    assert np.bincount(data.labels).tolist() == [479, 563, 488, 493, 535, 434, 501, 550, 462, 495]
    assert not data.images.flags.writeable


@pytest.mark.parametrize("images_gzipped", [True, False])
@pytest.mark.parametrize("labels_gzipped", [True, False])
@pytest.mark.parametrize("dot", ["-", "."])
def test_idx_files_are_found_from_either(tmp_path, images_gzipped, labels_gzipped, dot):
    paths = []
    for kind, array, gzipped in (
        (f"images{dot}idx3", IMAGES, images_gzipped),
        (f"labels{dot}idx1", LABELS, labels_gzipped),
    ):
        path = tmp_path / f"t10k-{kind}-ubyte{'.gz' if gzipped else ''}"
        path.write_bytes(gzip.compress(idx(array)) if gzipped else idx(array))
        paths.append(path)
    for path in paths:
        data = load_data(str(path))
        assert np.array_equal(data.images, IMAGES.reshape(6, 6))
        assert data.labels.tolist() == LABELS.tolist()


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64])
def test_npz(tmp_path, dtype):
    images = IMAGES.reshape(6, 6) if dtype == np.uint8 else RNG.random((6, 6)).astype(dtype)
    np.savez_compressed(tmp_path / "own.npz", images=images, labels=LABELS)
    data = load_data(str(tmp_path / "own.npz"))
    assert data.images.dtype == dtype
    assert np.array_equal(data.images, images)
    assert data.name == "own.npz"


def test_the_digest_is_that_of_the_contents(mnist):
    flat = IMAGES.reshape(6, 6)
    data = load_data(str(mnist))
    assert Dataset(flat, LABELS.astype(np.int32), "other").digest == data.digest
    assert Dataset(flat[::-1], LABELS[::-1], "other").digest != data.digest
    assert Dataset(flat, LABELS[::-1], "other").digest != data.digest
    assert (
        Dataset(flat.reshape(6, 2, 3)[:, :, ::-1].reshape(6, 6), LABELS, "").digest != data.digest
    )


FLAT = RNG.random((6, 6))


def changed(value):
    images = FLAT.copy()
    images[4, 2] = value
    return images


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"images": changed(np.nan)}, r"pixels in \[0, 1\], got nan in image 4"),
        ({"images": changed(1.5)}, r"pixels in \[0, 1\], got 1.5 in image 4"),
        ({"images": changed(-0.5)}, "got -0.5 in image 4"),
        ({"images": FLAT[0]}, r"expected an array \(images, pixels\), got shape \(6,\)"),
        ({"images": FLAT[:0]}, r"got shape \(0, 6\)"),
        ({"images": (FLAT * 255).astype(int)}, "expected uint8 or float16, 32 or 64, got int64"),
        ({"labels": LABELS[:5]}, r"labels: expected shape \(6,\), one an image, got \(5,\)"),
        ({"labels": LABELS / 2}, "labels: expected whole numbers, got float64"),
        (
            {"labels": LABELS.astype(int) - 1},
            "labels: expected numbers .* got -1 for image 1",
        ),
        ({"labels": np.array([object()] * 6)}, "plain arrays"),
        ({"labels": np.full(6, 2**63, np.uint64)}, f"got {2**63} for image 0"),
        ({"labels": None}, "expected .* arrays images and labels, got images"),
    ],
)
def test_bad_npz_files_are_refused(tmp_path, arrays, message):
    contents = {"images": FLAT, "labels": LABELS} | arrays
    path = tmp_path / "bad.npz"
    np.savez(path, **{name: array for name, array in contents.items() if array is not None})
    with pytest.raises(InputError, match=message) as caught:
        load_data(str(path))
    assert str(caught.value).startswith(str(path))


def test_damaged_files_are_refused(mnist, tmp_path):
    whole = mnist.read_bytes()
    mnist.write_bytes(whole[:-1])
    with pytest.raises(InputError, match=r"expected 52 bytes for IDX \(6, 2, 3\), got 51"):
        load_data(str(mnist))
    mnist.write_bytes(whole[:9])
    with pytest.raises(InputError, match="expected an IDX header of 16 bytes, got 9"):
        load_data(str(mnist))
    mnist.write_bytes(gzip.compress(whole)[:-9])
    with pytest.raises(InputError, match="not a whole gzip file"):
        load_data(str(mnist))
    mnist.write_bytes(idx(IMAGES[:5]))
    with pytest.raises(
        InputError, match=r"labels: expected shape \(5,\), one an image, got \(6,\)"
    ):
        load_data(str(mnist))
    np.savez(tmp_path / "cut.npz", images=FLAT, labels=LABELS)
    (tmp_path / "cut.npz").write_bytes((tmp_path / "cut.npz").read_bytes()[:-40])
    with pytest.raises(InputError, match=r"cut.npz: expected an .npz file"):
        load_data(str(tmp_path / "cut.npz"))


def test_an_idx_file_without_images_is_refused(mnist):
    mnist.write_bytes(idx(IMAGES[:0]))
    with pytest.raises(InputError, match=r"got shape \(0, 6\)"):
        load_data(str(mnist))


def _header(shape):
    text = f"{{'descr': '|u1', 'fortran_order': False, 'shape': {shape}}}\n".encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text


@pytest.mark.parametrize(
    "member",
    [b"", b"hello", _header("(3, 4"), _header((10**13, 784)), _header((10**30, 784))],
    ids=["empty", "other", "unfinished", "huge", "overflow"],
)
def test_npz_files_with_bad_members_are_refused(tmp_path, member):
    path = tmp_path / "bad.npz"
    np.savez(path, labels=LABELS)
    with zipfile.ZipFile(path, "a") as file:
        file.writestr("images.npy", member)
    with pytest.raises(InputError, match=r"bad.npz: expected an .npz file with plain arrays"):
        load_data(str(path))


def test_what_is_missing_is_named(mnist, tmp_path):
    shutil.copy(mnist, tmp_path / "digits")
    with pytest.raises(InputError, match="expected a name such as train-images-idx3-ubyte.gz"):
        load_data(str(tmp_path / "digits"))
    (tmp_path / "train-labels-idx1-ubyte").unlink()
    with pytest.raises(InputError, match="expected train-labels-idx1-ubyte beside it"):
        load_data(str(mnist))
    (tmp_path / "net.txt").write_text("hello")
    with pytest.raises(InputError, match=r"net.txt: expected an .npz or IDX file"):
        load_data(str(tmp_path / "net.txt"))
    with pytest.raises(InputError, match=r"mnist_test: no such file.*nearest: mnist-test"):
        load_data("mnist_test")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0:4", [0, 1, 2, 3]),
        ("9", [9]),
        ("5,1,9", [5, 1, 9]),
        ("7:9, 0:2", [7, 8, 0, 1]),
        ("all", list(range(10))),
    ],
)
def test_parse_images(text, expected):
    assert parse_images(text, 10).tolist() == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("5:2", "'5:2': expected START:STOP with START < STOP, got 5:2"),
        ("3:3", "START < STOP"),
        ("0:11", "expected indices 0 to 9, got 10"),
        ("10", "expected indices 0 to 9, got 10"),
        ("-1", "expected such as all, 0:200, 6929 or 1,5,9, got '-1'"),
        ("", "got ''"),
        ("1,,2", "got ''"),
        ("1:2:3", "got '1:2:3'"),
        ("x", "got 'x'"),
        ("0:3,2", "expected each once, got 2 twice"),
        ("9" * 5000, "expected such as all"),
    ],
)
def test_bad_selections_are_refused(text, message):
    with pytest.raises(InputError, match=message):
        parse_images(text, 10)


@pytest.fixture
def mirror(tmp_path, monkeypatch):
    """Return a mirror in a folder, with files whose checksums are the expected ones."""
    folder = tmp_path / "mirror"
    folder.mkdir()
    contents = {"train-images-idx3-ubyte": idx(IMAGES), "train-labels-idx1-ubyte": idx(LABELS)}
    for name, content in contents.items():
        (folder / f"{name}.gz").write_bytes(gzip.compress(content))
        monkeypatch.setitem(
            mnist_download.CONTENT_SHA256, name, hashlib.sha256(content).hexdigest()
        )
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return folder


def test_training_images_are_downloaded_once(mirror):
    mirrors = ("http://127.0.0.1:9/", mirror.as_uri() + "/")
    images = mnist_download.fetch_training_images(mirrors)
    shutil.rmtree(mirror)
    assert mnist_download.fetch_training_images(mirrors) == images
    assert load_data("mnist-train").labels.tolist() == LABELS.tolist()


def test_a_wrong_download_is_refused_and_not_kept(mirror, tmp_path):
    (mirror / "train-images-idx3-ubyte.gz").write_bytes(gzip.compress(idx(IMAGES[::-1])))
    with pytest.raises(QnnqError, match=r"wrong checksum.*give the path") as caught:
        mnist_download.fetch_training_images((mirror.as_uri() + "/",))
    assert not isinstance(caught.value, InputError)
    assert list((tmp_path / "cache" / "qnnq").iterdir()) == []
