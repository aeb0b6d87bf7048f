"""Ids and counts are the same on all processors.

NumPy and OpenBLAS choose code by what the processor can do; environment variables make them choose
as on an older one. `tests.last_bits` goes further than any processor. A name that NumPy or OpenBLAS
does not know, or that this processor lacks anyway, changes nothing.
"""

import os
import subprocess
import sys

import pytest

NUMPY = {
    "no AVX-512": "X86_V4 AVX512_ICL AVX512_SPR",
    "no AVX2": "X86_V3 X86_V4 AVX512_ICL AVX512_SPR",
}
BLAS = ("Prescott", "Sandybridge", "Haswell", "SkylakeX")
NUMBERS = ("tests/test_tasks.py", "tests/test_golden.py")


def check(*, start=("-m", "pytest"), only=("-m", "not slow"), **environment):
    command = [sys.executable, *start, "-q", "-W", "ignore", "-p", "no:cacheprovider", *only]
    child = subprocess.run(
        [*command, *NUMBERS],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
    )
    assert child.returncode == 0, child.stdout + child.stderr


def test_an_older_processor():
    check(NPY_DISABLE_CPU_FEATURES=NUMPY["no AVX2"], OPENBLAS_CORETYPE="Prescott")


def test_other_last_bits():
    check(start=("-m", "tests.last_bits", "1"))


@pytest.mark.slow
@pytest.mark.parametrize("level", NUMPY)
@pytest.mark.parametrize("core", BLAS)
def test_every_older_processor(level, core):
    check(only=("-m", ""), NPY_DISABLE_CPU_FEATURES=NUMPY[level], OPENBLAS_CORETYPE=core)


@pytest.mark.slow
@pytest.mark.parametrize("seed", ["1", "2", "3"])
def test_all_other_last_bits(seed):
    check(start=("-m", "tests.last_bits", seed), only=("-m", ""))
