"""Arrays and circuits as bytes."""

import io
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from qiskit.circuit import QuantumCircuit


def arrays_to(**arrays: NDArray[Any]) -> bytes:
    """Return named arrays as compressed bytes."""
    stream = io.BytesIO()
    np.savez(stream, allow_pickle=False, **arrays)
    return zlib.compress(stream.getvalue(), level=3)


def arrays_from(content: bytes) -> dict[str, NDArray[Any]]:
    """Return what `arrays_to` was given."""
    with np.load(io.BytesIO(zlib.decompress(content)), allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


def circuit_to(circuit: "QuantumCircuit | list[QuantumCircuit]") -> bytes:
    """Return a circuit, or several, as QPY."""
    from qiskit import qpy

    stream = io.BytesIO()
    qpy.dump(circuit, stream)
    return stream.getvalue()


def circuit_from(content: bytes) -> "QuantumCircuit":
    """Return the circuit of QPY bytes."""
    from qiskit import qpy

    from transpile.ion_gates import with_ion_gates

    return with_ion_gates(qpy.load(io.BytesIO(content))[0])
