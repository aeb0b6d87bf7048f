"""Tests on another processor: every last bit that processors differ in is another one.

    python -m tests.last_bits SEED -m "" tests/test_golden.py tests/test_tasks.py

Processors differ in the last bit or two of sines, cosines and the like, and in the order in which a
matrix product adds. Here each number that such a function of NumPy returns is the next one above or
below, or stays, by chance.
"""

import functools
import sys

import numpy as np

FUNCTIONS = ("sin", "cos", "tan", "arctan2", "arccos", "arcsin", "tanh", "exp", "expm1", "hypot")
PRODUCTS = ("matmul", "einsum", "tensordot", "dot", "kron")


def moved(found, random):
    """Return an array of floats whose last bits are others."""
    if isinstance(found, complex | np.complexfloating):
        return type(found)(complex(moved(found.real, random), moved(found.imag, random)))
    if isinstance(found, np.ndarray) and np.iscomplexobj(found):
        return moved(found.real, random) + 1j * moved(found.imag, random)
    if not isinstance(found, np.ndarray | np.floating) or found.dtype.kind != "f":
        return found
    step = random.integers(-1, 2, np.shape(found))
    near = np.nextafter(found, np.where(step > 0, np.inf, -np.inf).astype(found.dtype))
    return np.where(step == 0, found, near)[()]


def jitter(seed):
    """Replace NumPy's functions."""
    random = np.random.default_rng(seed)

    def replaced(function):
        @functools.wraps(function)
        def other(*arguments, out=None, **options):
            found = moved(function(*arguments, **options), random)
            if out is None:
                return found
            (out[0] if isinstance(out, tuple) else out)[...] = found
            return out

        return other

    for name in FUNCTIONS + PRODUCTS:
        setattr(np, name, replaced(getattr(np, name)))


if __name__ == "__main__":
    import pytest
    import qiskit_aer  # noqa: F401  (what it needs of NumPy at its import, it has by then)
    import qiskit_ibm_runtime  # noqa: F401

    seed, *arguments = sys.argv[1:]
    jitter(int(seed))
    sys.exit(pytest.main(arguments))
