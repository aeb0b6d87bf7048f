"""Fail unless imports go one way: noise_models <- transpile <- qnnq <- benchmarks, tests.

Run as `python tests/check_layers.py`; exit code 1 lists every import that goes the other way.
"""

import ast
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FORBIDDEN = {
    "noise_models": {"transpile", "qnnq", "benchmarks", "tests", "torch"},
    "transpile": {"qnnq", "benchmarks", "tests", "torch"},
    "qnnq": {"benchmarks", "tests"},
    "tests": {"benchmarks"},
}
TORCH_MAY_BE_IMPORTED_BY = ("qnnq/training/", "qnnq/import_network.py", "tests/")


def imported_packages(path: Path) -> list[tuple[int, str]]:
    """Return (line, top-level package) of every import in a file, those in functions too."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(), str(path))):
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name.split(".")[0]) for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.append((node.lineno, node.module.split(".")[0]))
    return found


def violations(root: Path) -> list[str]:
    """Return one line for each import that the layers forbid."""
    lines = []
    for package, forbidden in FORBIDDEN.items():
        for path in sorted((root / package).rglob("*.py")):
            place = path.relative_to(root).as_posix()
            for line, name in imported_packages(path):
                torch_elsewhere = name == "torch" and not place.startswith(TORCH_MAY_BE_IMPORTED_BY)
                if name in forbidden or torch_elsewhere:
                    lines.append(f"{place}:{line}: {package} must not import {name}")
    return lines


if __name__ == "__main__":
    found = violations(ROOT)
    print("\n".join(found) or "layers: ok")
    sys.exit(bool(found))
