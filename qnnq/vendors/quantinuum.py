"""The local emulator of Quantinuum's packages, of 20 ions without noise."""

from typing import TYPE_CHECKING

from qnnq.devices.device import Device
from qnnq.vendors.offline import complete_graph, imported, offline_provider

if TYPE_CHECKING:
    from qiskit.primitives import BaseSamplerV2
    from qiskit.transpiler import Target

MACHINE, IONS = "H1-1LE", 20
"""`QuantinuumAPIOffline` of pytket-quantinuum 0.59.3; LE: simulated on this computer, by PECOS."""


def _target() -> "Target":
    from qiskit.circuit import Parameter
    from qiskit.circuit.library import RZZGate

    return complete_graph(IONS, RZZGate(Parameter("theta")))


def _sampler(device: Device) -> "BaseSamplerV2":
    from qiskit.primitives import BackendSamplerV2

    package = "pytket.extensions.quantinuum"
    quantinuum = imported(package, device.name, "quantinuum")
    offline = imported(f"{package}.backends.api_wrappers", device.name, "quantinuum")
    bridge = imported("pytket.extensions.qiskit.tket_backend", device.name, "quantinuum")
    imported("pytket_pecos", device.name, "quantinuum")
    emulator = quantinuum.QuantinuumBackend(MACHINE, api_handler=offline.QuantinuumAPIOffline())
    native = emulator.default_compilation_pass()
    return BackendSamplerV2(backend=bridge.TketBackend(emulator, native))


PROVIDER = offline_provider({"quantinuum_local": _target}, _sampler)
