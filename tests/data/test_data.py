"""Data sets: what the bundled ones are, every file form, and what is refused."""

import gzip
import hashlib
import shutil
import struct
import warnings
import zipfile

import numpy as np
import pytest

from qnnq.data import mnist as mnist_download
from qnnq.data.dataset import Dataset
from qnnq.data.load import BUNDLED_FOLDER, load_data
from qnnq.data.load import test_part as find_test_part
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


# The largest of FLAT, which shall be pixel 256 of no more than 255 below.
FLAT[5, 5] = 0.999


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
        ({"images": (FLAT * 256).astype(int) + 1}, r"expected pixels 0 to 255, got 256 in image"),
        ({"images": FLAT.astype(complex)}, "expected uint8 or float16, 32 or 64, got complex128"),
        ({"images": RNG.random((6, 3, 2, 2))}, r"one number a pixel, got shape \(6, 3, 2, 2\)"),
        ({"labels": LABELS[:5]}, r"labels: expected shape \(6,\), one an image, got \(5,\)"),
        ({"labels": LABELS / 2}, "labels: expected whole numbers, got float64"),
        (
            {"labels": LABELS.astype(int) - 1},
            "labels: expected numbers .* got -1 for image 1",
        ),
        ({"labels": np.array([object()] * 6)}, "plain arrays"),
        ({"labels": np.full(6, 2**63, np.uint64)}, f"got {2**63} for image 0"),
        ({"labels": None}, "expected labels beside pixels, found none; only qnnq run .*--predict"),
        ({"labels": np.ones((6, 2), int)}, r"expected one class an image: .* got others of shape"),
        ({"labels": np.eye(6)[:5]}, r"labels: expected shape \(6,\), one an image, got \(5,\)"),
        ({"features": FLAT}, "expected images or features, got both images and features"),
        ({"images": None, "features": changed(np.inf)}, "finite numbers, got inf in row 4, col"),
        ({"images": None, "pictures": FLAT}, "expected an .npz file .*, got labels, pictures"),
    ],
)
def test_bad_npz_files_are_refused(tmp_path, arrays, message):
    contents = {"images": FLAT, "labels": LABELS} | arrays
    path = tmp_path / "bad.npz"
    np.savez(path, **{name: array for name, array in contents.items() if array is not None})
    with pytest.raises(InputError, match=message) as caught:
        load_data(str(path))
    assert str(caught.value).startswith(str(path))


def test_a_file_of_one_data_set_and_of_parts_is_refused_unless_a_part_is_named(tmp_path):
    path = tmp_path / "both.npz"
    np.savez(path, images=PICTURES[:1], labels=LABELS[:1], **HALVES)
    with pytest.raises(InputError, match=r"got both images and x_train and x_test; FILE:train or"):
        load_data(str(path))
    assert len(load_data(f"{path}:test").labels) == len(LABELS)


PICTURES = RNG.integers(0, 256, (6, 2, 3), dtype=np.uint8)
PLAIN = {"images": PICTURES.reshape(6, 6), "labels": LABELS}
HALVES = {"x_train": PICTURES[:2], "y_train": LABELS[:2], "x_test": PICTURES, "y_test": LABELS}
MEDMNIST = {
    f"{part}_{kind}": array[: 6 - cut, ...]
    for cut, part in enumerate(("test", "val", "train"))
    for kind, array in (("images", PICTURES), ("labels", LABELS[:, None]))
}


@pytest.mark.parametrize(
    "changes",
    [
        {"images": PICTURES},
        {"images": PICTURES[:, None]},
        {"images": PICTURES[..., None]},
        {"images": PICTURES.astype(np.int64)},
        {"labels": LABELS[:, None]},
        {"labels": LABELS.astype(np.float32)},
        {"labels": np.eye(10)[LABELS]},
        {"labels": np.eye(10, dtype=bool)[LABELS]},
        {"images": None, "labels": None, **HALVES},
        {"images": None, "labels": None, **MEDMNIST},
        {"images": None, "labels": None, "X": PICTURES, "y": LABELS},
    ],
)
def test_the_forms_of_an_npz_file_are_one_data_set(tmp_path, changes):
    arrays = {name: array for name, array in (PLAIN | changes).items() if array is not None}
    np.savez(tmp_path / "own.npz", **arrays)
    expected = Dataset(PLAIN["images"], LABELS, "")
    assert load_data(str(tmp_path / "own.npz")).digest == expected.digest


def test_truth_values_are_black_and_white(tmp_path):
    np.savez(tmp_path / "own.npz", images=PICTURES > 100, labels=LABELS)
    data = load_data(str(tmp_path / "own.npz"))
    assert data.images.dtype == np.float32
    assert np.array_equal(data.images, PLAIN["images"] > 100)


@pytest.mark.parametrize("arrays", [HALVES, MEDMNIST])
def test_a_part_is_chosen_by_its_name_or_by_who_asks(tmp_path, arrays):
    path = tmp_path / "own.npz"
    np.savez(path, **arrays)
    count = 2 if arrays is HALVES else 4
    assert len(load_data(f"{path}:train").labels) == count
    assert len(load_data(str(path), prefer="train").labels) == count
    assert len(load_data(f"{path}:test", prefer="train").labels) == 6
    assert load_data(f"{path}:train").name == "own.npz:train"
    assert find_test_part(str(path)) == find_test_part(f"{path}:train") == f"{path}:test"
    np.savez(path, **{name: each for name, each in arrays.items() if "test" not in name})
    assert find_test_part(str(path)) is None
    with pytest.raises(InputError, match=r"expected a part 'test', found .* called FILE:train"):
        load_data(str(path))


def test_a_part_of_a_file_without_parts_is_refused(tmp_path, mnist):
    np.savez(tmp_path / "own.npz", **PLAIN)
    with pytest.raises(InputError, match=r"expected arrays x_train and y_train, got images"):
        load_data(f"{tmp_path}/own.npz:train")
    with pytest.raises(InputError, match=r"expected an .npz file with a part 'train'"):
        load_data(f"{mnist}:train")


def test_values_outside_of_0_to_1_under_keys_that_do_not_say_are_features(tmp_path):
    features = RNG.normal(size=(6, 4))
    for name, values, kind in (("a", features, "features"), ("b", features > 0, "pixels")):
        np.savez(tmp_path / f"{name}.npz", x_test=values, y_test=LABELS)
        assert load_data(str(tmp_path / f"{name}.npz")).kind == kind
    plain = Dataset(features, LABELS, "", "features")
    assert load_data(str(tmp_path / "a.npz")).digest == plain.digest
    assert plain.digest != Dataset(np.clip(features, 0, 1), LABELS, "").digest


@pytest.mark.parametrize(
    ("names", "kind"),
    [
        (("images.npy", "labels.npy"), "pixels"),
        (("x_test.npy", "y_test.npy"), "pixels"),
        (("test_images.npy", "test_labels.npy"), "pixels"),
        (("X.npy", "y.npy"), "pixels"),
        (("features-1.npy", "labels-1.npy"), "features"),
    ],
)
def test_a_pair_of_npy_files_is_found_from_either(tmp_path, names, kind):
    np.save(tmp_path / names[0], PICTURES if kind == "pixels" else PLAIN["images"])
    np.save(tmp_path / names[1], LABELS)
    (tmp_path / "max.npy").write_bytes(b"")  # no y goes with an x within a word
    for name in names:
        data = load_data(str(tmp_path / name))
        assert (data.kind, data.labels.tolist()) == (kind, LABELS.tolist())
        assert np.array_equal(data.images, PLAIN["images"])
    np.save(tmp_path / names[1], LABELS[::-1])
    assert load_data(str(tmp_path / names[0])).labels.tolist() == LABELS[::-1].tolist()


ROWS = [[0.5, -3.25, 1e3, 1], [2.0, 0.0, 7.0, 0], [1.0, 4.5, -2.0, 1]]


def table(separator, header=("age", "size", "weight", "Class"), rows=ROWS):
    lines = [separator.join(header), *(separator.join(map(str, row)) for row in rows)]
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("how", ["plain", "windows", "gzip", "decimal commas", "quotes"])
def test_tables_with_the_usual_separators(tmp_path, separator, how):
    text, path = table(separator), tmp_path / "lab.csv"
    if how == "decimal commas":
        text = text.replace(".", ",") if separator == ";" else text
    if how == "quotes":
        text = text.replace("age", '"age"').replace("-3.25", '"-3.25"')
    content = text.replace("\n", "\r\n").encode("utf-8-sig") if how == "windows" else text.encode()
    if how == "gzip":
        path = tmp_path / "lab.csv.gz"
        content = gzip.compress(content)
    path.write_bytes(content)
    data = load_data(str(path))
    assert (data.kind, data.columns) == ("features", ("age", "size", "weight"))
    assert np.array_equal(data.images, np.array(ROWS)[:, :3])
    assert data.labels.tolist() == [1, 0, 1]


@pytest.mark.parametrize("end", ["\r", "\r\n"])
def test_tables_with_other_ends_of_lines(tmp_path, end):
    (tmp_path / "lab.csv").write_bytes(table(",").replace("\n", end).encode())
    (tmp_path / "plain.csv").write_text(table(","))
    expected = load_data(str(tmp_path / "plain.csv"))
    assert load_data(str(tmp_path / "lab.csv")).digest == expected.digest


def test_a_table_of_pixels(tmp_path):
    header = ["label", *(f"{row}x{column}" for row in (1, 2) for column in (1, 2, 3))]
    rows = np.column_stack([LABELS, PLAIN["images"]]).tolist()
    (tmp_path / "mnist.csv").write_text(table(",", header, rows))
    expected = Dataset(PLAIN["images"], LABELS, "")
    assert load_data(str(tmp_path / "mnist.csv")).digest == expected.digest


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (table(",", ["1", "2", "3", "4"]), "whose first line names its columns, one of them label"),
        (table(",", ["a", "b", "", "label"]), "no name for column 3 .an index"),
        (table(",", ["a", "b", "a", "label"]), "got the name 'a' twice"),
        (table(",", ["a", "b", "y", "label"]), "expected one column of labels, got y and label"),
        (table(",", ["a", "b", "label"]), "expected 3 numbers a row, got 4"),
        (table(",").replace("-3.25", ""), "expected numbers in every row, .* none missing"),
        (table(",").replace(",1\n", ",benign\n"), "classes as well .*could not convert .*'benign'"),
        (table(",").replace(",1\n", ",0.5\n"), "labels: expected whole numbers"),
        (table(",").replace("-3.25", "nan"), "finite numbers, got nan in row 0, column 1"),
        (table(",", rows=[]), "expected rows below the names of the columns, found none"),
        ("", "expected a table whose first line names its columns"),
        ("a" * 200_000 + ",label\n1,0\n", "names of columns in the first line: field larger"),
        (table(",", ["a", "b", "c", "diagnosis"]), "expected labels beside features, found none"),
    ],
)
def test_bad_tables_are_refused(tmp_path, text, message):
    (tmp_path / "lab.csv").write_text(text)
    with pytest.raises(InputError, match=message) as caught:
        load_data(str(tmp_path / "lab.csv"))
    assert str(caught.value).startswith(str(tmp_path / "lab.csv"))
    assert "\n" not in str(caught.value)


def test_whole_pixels_far_below_255_are_warned_of(tmp_path):
    sixteen = PICTURES.reshape(6, 6) % 17
    np.savez(tmp_path / "digits.npz", images=sixteen, labels=LABELS)
    with pytest.warns(UserWarning, match="the largest is 16; .* save images / 16 as floats"):
        load_data(str(tmp_path / "digits.npz"))
    np.savez(tmp_path / "digits.npz", images=sixteen / 16, labels=LABELS)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert load_data(str(tmp_path / "digits.npz")).images.max() == 1


@pytest.mark.parametrize("name", ["own.npz", "x.npy", "train-images-idx3-ubyte", "lab.csv"])
def test_a_pointer_of_git_lfs_is_named(tmp_path, name):
    (tmp_path / name).write_text("version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\n")
    with pytest.raises(InputError, match=f"{name}: is a Git LFS pointer, not the file itself"):
        load_data(str(tmp_path / name))


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
    (tmp_path / "net.bin").write_text("hello")
    with pytest.raises(InputError, match=r"net.bin: expected an .npz, .npy, CSV or IDX file"):
        load_data(str(tmp_path / "net.bin"))
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
