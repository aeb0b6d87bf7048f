"""Make the bundled data sets from MNIST's four files: `make_bundled_data.py FOLDER`.

The same files give the same bytes. Prints what it wrote, and says whether it changed anything.
"""

import gzip
import sys
from pathlib import Path

import numpy as np

from qnnq.data.dataset import Dataset
from qnnq.data.load import BUNDLED_FOLDER, load_data


def idx(array: np.ndarray) -> bytes:
    """Return an IDX file's bytes, gzipped without a time stamp."""
    header = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes()
    return gzip.compress(header + array.astype(np.uint8).tobytes(), compresslevel=9, mtime=0)


def write(dataset: Dataset, name: str, count: int) -> None:
    files = {
        f"{name}-images-idx3-ubyte.gz": idx(dataset.images[:count].reshape(count, 28, 28)),
        f"{name}-labels-idx1-ubyte.gz": idx(dataset.labels[:count]),
    }
    for file, content in files.items():
        path = BUNDLED_FOLDER / file
        same = path.is_file() and path.read_bytes() == content
        path.write_bytes(content)
        print(f"{file}: {len(content)} bytes, {'as before' if same else 'written'}")


def main() -> None:
    folder = Path(sys.argv[1])
    write(load_data(str(folder / "train-images-idx3-ubyte.gz")), "mnist5k", 5_000)
    write(load_data(str(folder / "t10k-images-idx3-ubyte.gz")), "mnist-test", 10_000)


if __name__ == "__main__":
    main()
