"""The offline simulators of Alpine Quantum Technologies' package, of 20 ions."""

from typing import TYPE_CHECKING

from qnnq.devices.device import Device
from qnnq.vendors.offline import imported, offline_provider

if TYPE_CHECKING:
    from qiskit.primitives import BaseSamplerV2

IONS, R_ERROR, RXX_ERROR = 20, 0.003, 0.01
"""`qiskit_aqt_provider._offline_sim.provider`, version 2.0.1: depolarizing after r and rxx."""


def _sampler(device: Device) -> "BaseSamplerV2":
    aqt = imported("qiskit_aqt_provider", device.name, "aqt")
    primitives = imported("qiskit_aqt_provider.primitives", device.name, "aqt")
    offline = aqt.AQTProvider().offline
    noisy = device.name.endswith("noise")
    return primitives.AQTSampler(backend=offline.noisy() if noisy else offline.ideal())


PROVIDER = offline_provider(
    {"aqt_offline": (IONS, 0.0, 0.0), "aqt_offline_noise": (IONS, R_ERROR, RXX_ERROR)}, _sampler
)
