"""Plant faults of one line each in a copy of the sources, and see whether tests catch them.

python -m tests.mutations.run [GROUP | NAME ...] [--json FILE]

`faults.toml` has the faults: where, the line as it is and as it becomes, and the tests that are to
fail. The table says what caught each. Exit code 1 where one was not caught, or a line is not there.
"""

import argparse
import json
import os
import shutil
import signal
import sys
import tempfile
import time
import tomllib
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("noise_models", "qnnq", "tests", "transpile", "benchmarks")
FILES = ("pyproject.toml", "README.md")
OUTPUT = "pytest.txt"
LONGEST_S, HUNG = 240, "hung"


@dataclass(frozen=True)
class Fault:
    """A line of the sources, and what becomes of it."""

    name: str
    group: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]
    select: str = ""

    def plant(self, root):
        """Change the line; returns the text as it was."""
        path = root / self.file
        text = path.read_text()
        lines = text.splitlines(keepends=True)
        places = [i for i, line in enumerate(lines) if line.strip() == self.old]
        if len(places) != 1:
            raise LookupError(f"{self.file}: found {len(places)} lines {self.old!r}, expected one")
        lines[places[0]] = lines[places[0]].replace(self.old, self.new)
        path.write_text("".join(lines))
        return text


def read_faults(names=()):
    """The faults of these groups or names; all by default."""
    with open(Path(__file__).with_name("faults.toml"), "rb") as file:
        tables = tomllib.load(file)["fault"]
    faults = [Fault(**{**table, "tests": tuple(table["tests"])}) for table in tables]
    unknown = set(names) - {word for fault in faults for word in (fault.name, fault.group)}
    if unknown:
        raise SystemExit(f"faults.toml: found no {', '.join(sorted(unknown))}")
    return [f for f in faults if not names or {f.name, f.group} & set(names)]


def caught_by(fault, root):
    """The first test that fails with the fault in place, "" where none does."""
    before = fault.plant(root)
    try:
        code = _tested(root, fault)
        if code == HUNG:  # which shows nothing: the tests may just be slow
            print(f"{fault.name}: no end within {LONGEST_S} s")
            return ""
        output = (root / OUTPUT).read_text()
        failed = [line for line in output.splitlines() if line.startswith(("FAILED", "ERROR"))]
        if code and not failed:
            raise RuntimeError(f"{fault.name}: pytest ended with {code}:\n{output[-2000:]}")
        return failed[0].split(" - ")[0].split(" ", 1)[1] if failed else ""
    finally:
        (root / fault.file).write_text(before)


def _ended(child):
    """The exit code of a process; HUNG, once it and its own were killed, if it does not end."""
    for _ in range(LONGEST_S * 10):
        found, status = os.waitpid(child, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.1)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return HUNG


def _tested(root, fault):
    """Run the tests on the copy, in a process forked from one that has imported the libraries."""
    sys.stdout.flush()
    child = os.fork()
    if child:
        return _ended(child)
    code = 3
    try:
        os.setsid()
        out = os.open(root / OUTPUT, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(out, 1)
        os.dup2(out, 2)
        os.chdir(root)
        # Only the tests that run the runner were imported, and none of what it changes.
        for name in [name for name in sys.modules if name.split(".")[0] in PACKAGES]:
            del sys.modules[name]
        sys.path.insert(0, str(root))
        sys.dont_write_bytecode = True
        import pytest

        chosen = ["-k", fault.select] if fault.select else []
        marked = "not slow" if fault.group == "physics" else "not slow and not physics"
        options = ["-q", "-x", "-p", "no:cacheprovider", "-p", "no:xdist", "-m", marked]
        code = int(pytest.main([*options, *chosen, *fault.tests]))
        sys.stdout.flush()
    finally:
        os._exit(code)


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="groups or faults; all by default")
    parser.add_argument("--json", help="where the table goes")
    options = parser.parse_args(arguments)
    faults = read_faults(options.names)
    import qiskit_aer  # noqa: F401 (shared by all that are forked)
    import qiskit_ibm_runtime.fake_provider  # noqa: F401
    import scipy.stats  # noqa: F401

    rows = []
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for package in PACKAGES:
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / package, root / package, ignore=ignored)
        for file in FILES:
            shutil.copy(ROOT / file, root)
        for fault in faults:
            begin = time.perf_counter()
            try:
                found = caught_by(fault, root)
            except LookupError as error:
                found = ""
                print(error)
            seconds = round(time.perf_counter() - begin, 1)
            rows.append({**asdict(fault), "caught_by": found, "seconds": seconds})
            print(f"{fault.name:32} {seconds:6.1f} s  {found or 'NOT CAUGHT'}", flush=True)
    if options.json:
        Path(options.json).write_text(json.dumps(rows, indent=1) + "\n")
    missed = sum(not row["caught_by"] for row in rows)
    print(f"{len(rows) - missed} of {len(rows)} faults were caught")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
