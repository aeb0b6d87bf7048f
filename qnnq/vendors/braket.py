"""The local state-vector simulator of Amazon Braket's package."""

from typing import TYPE_CHECKING

from qnnq.devices.device import Device
from qnnq.vendors.offline import complete_graph, imported, offline_provider

if TYPE_CHECKING:
    from qiskit.primitives import BaseSamplerV2
    from qiskit.transpiler import Target

QUBITS = 26
"""`qiskit_braket_provider.BraketLocalBackend().num_qubits`, version 0.27.1."""


def _target() -> "Target":
    from qiskit.circuit.library import CZGate

    return complete_graph(QUBITS, CZGate())


def _sampler(device: Device) -> "BaseSamplerV2":
    from qiskit.primitives import BackendSamplerV2

    package = imported("qiskit_braket_provider", device.name, "braket")
    return BackendSamplerV2(backend=package.BraketLocalBackend())


PROVIDER = offline_provider({"braket_local": _target}, _sampler)
