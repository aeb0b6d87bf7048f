"""Arrays and circuits as bytes."""

import io
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray
from qiskit import qpy
from qiskit.circuit import QuantumCircuit

from transpile.ion_gates import with_ion_gates


def arrays_to(**arrays: NDArray[Any]) -> bytes:
    """Return named arrays as compressed bytes."""
    stream = io.BytesIO()
    np.savez(stream, allow_pickle=False, **arrays)
    return zlib.compress(stream.getvalue(), level=3)


def arrays_from(content: bytes) -> dict[str, NDArray[Any]]:
    """Return what `arrays_to` was given."""
    with np.load(io.BytesIO(zlib.decompress(content)), allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


def circuit_to(circuit: QuantumCircuit | list[QuantumCircuit]) -> bytes:
    """Return a circuit, or several, as QPY."""
    stream = io.BytesIO()
    qpy.dump(circuit, stream)
    return stream.getvalue()


def circuit_from(content: bytes) -> QuantumCircuit:
    """Return the circuit of QPY bytes."""
    return with_ion_gates(qpy.load(io.BytesIO(content))[0])
