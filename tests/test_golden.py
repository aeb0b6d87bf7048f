"""The golden runs (`tests.golden`): ids and counts stay what they are."""

import json
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.golden import golden_name, measured, requests
from tests.test_tasks import VERSIONS

GOLDEN = json.loads(Path(__file__).with_name("golden.json").read_text())
REQUESTS = {golden_name(request): request for request in requests()}
FEW = [
    name
    for name, request in REQUESTS.items()
    if request.model == "mnist16-a0.5-g3pi8"
    and request.noise in ("ideal", "fake_kingston")
    and request.recycling == "flip"
    and (request.engine, request.pairs) != ("aer", 2)
]
"""Of every engine and mode, with ancillas, joined neurons and corrected angles."""


def check(name):
    found = {package: version(package) for package in VERSIONS}
    if found != VERSIONS:
        pytest.skip(f"the numbers were made with {VERSIONS}, not with {found}")
    assert measured(REQUESTS[name]) == GOLDEN[name]


@pytest.mark.parametrize("name", FEW)
def test_a_golden_run(name):
    check(name)


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in REQUESTS if name not in FEW])
def test_every_golden_run(name):
    check(name)


def test_the_file_has_every_run():
    assert list(GOLDEN) == list(REQUESTS)
