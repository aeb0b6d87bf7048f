from importlib.util import find_spec

import pytest

from qnnq.data.dataset import Dataset
from qnnq.data.load import load_data

collect_ignore_glob = [] if find_spec("torch") else ["test_*.py"]  # torch is an extra


@pytest.fixture(scope="package")
def small():
    """Return 1,000 training and 1,000 test images."""
    train_data, test_data = load_data("mnist5k"), load_data("mnist-test")
    return tuple(
        Dataset(data.images[:1000], data.labels[:1000], f"{data.name} 0:1000")
        for data in (train_data, test_data)
    )


@pytest.fixture
def tiny(small):
    """Return 200 training and 100 test images."""
    return tuple(
        Dataset(data.images[:count], data.labels[:count], f"{data.name} 0:{count}")
        for data, count in zip(small, (200, 100), strict=True)
    )
