"""The offline simulators of Alpine Quantum Technologies' package, of 20 ions."""

from functools import partial
from typing import TYPE_CHECKING

from qnnq.devices.device import Device
from qnnq.vendors.offline import complete_graph, imported, offline_provider

if TYPE_CHECKING:
    from qiskit.primitives import BaseSamplerV2
    from qiskit.transpiler import Target

IONS, R_ERROR, RXX_ERROR = 20, 0.003, 0.01
"""`qiskit_aqt_provider._offline_sim.provider`, version 2.0.1: depolarizing after r and rxx."""


def _target(*depolarizing: float) -> "Target":
    """Return their gates, which take no time; RX is an R, whose angles may not be below 0."""
    from qiskit.circuit import Parameter
    from qiskit.circuit.library import RXXGate

    return complete_graph(IONS, RXXGate(Parameter("theta")), *depolarizing)


def _sampler(device: Device) -> "BaseSamplerV2":
    aqt = imported("qiskit_aqt_provider", device.name, "aqt")
    primitives = imported("qiskit_aqt_provider.primitives", device.name, "aqt")
    offline = aqt.AQTProvider().offline
    noisy = device.name.endswith("noise")
    return primitives.AQTSampler(backend=offline.noisy() if noisy else offline.ideal())


PROVIDER = offline_provider(
    {
        "aqt_offline": _target,
        "aqt_offline_noise": partial(_target, R_ERROR, RXX_ERROR),
    },
    _sampler,
)
