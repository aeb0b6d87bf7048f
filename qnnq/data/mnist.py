"""Fetching MNIST's 60,000 training images once into the user's cache."""

import gzip
import hashlib
import urllib.request
from pathlib import Path

from qnnq.errors import QnnqError
from qnnq.storage.cache import cache_folder
from qnnq.storage.files import write_atomically

MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)
CONTENT_SHA256 = {
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
}
"""Checksums of the files without compression: mirrors compress them differently."""
TIMEOUT_S = 20


def fetch_training_images(mirrors: tuple[str, ...] = MIRRORS) -> Path:
    """Return the path of the IDX file of images, the labels beside it, after any download.

    Raises:
        QnnqError: With what to do instead, if no mirror gives a file with the right checksum.
    """
    folder = cache_folder()
    for name, checksum in CONTENT_SHA256.items():
        if not (folder / name).is_file():
            folder.mkdir(parents=True, exist_ok=True)
            write_atomically(folder / name, _download(name, checksum, mirrors))
    return folder / "train-images-idx3-ubyte"


def _download(name: str, checksum: str, mirrors: tuple[str, ...]) -> bytes:
    failures = []
    for mirror in mirrors:
        try:
            with urllib.request.urlopen(f"{mirror}{name}.gz", timeout=TIMEOUT_S) as response:
                content = gzip.decompress(response.read())
        except (OSError, EOFError) as error:
            failures.append(f"{mirror}: {error}")
            continue
        if hashlib.sha256(content).hexdigest() == checksum:
            return content
        failures.append(f"{mirror}: wrong checksum")
    raise QnnqError(
        f"mnist-train: cannot download {name}.gz ({'; '.join(failures)}); get it elsewhere and "
        "give the path of train-images-idx3-ubyte.gz, the labels beside it, as --data"
    )
