"""The versions of `make test-oldest` are the lowest that pyproject.toml allows."""

import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).parents[1]


def test_the_floors_are_what_is_tested() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lines = (ROOT / "constraints-oldest.txt").read_text().splitlines()
    pins = {r.name: r.specifier for line in lines if line[0] != "#" for r in [Requirement(line)]}
    extras = project["optional-dependencies"]
    used = [extras[name] for name in extras if name not in ("test", "docs")]
    for each in map(Requirement, sum(used, project["dependencies"])):
        (floor,) = (part.version for part in each.specifier if part.operator == ">=")
        (pin,) = pins[each.name.lower()]
        assert Version(pin.version) == Version(floor), each
