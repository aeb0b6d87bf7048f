"""Published trapped-ion machines, by their rates, times and native gates, simulated here.

The numbers are those of Microsoft's page on its provider IonQ
(https://learn.microsoft.com/azure/quantum/provider-ionq): of Aria that of 2024, which does not give
the time of its readout, of Harmony that of December 2021
(https://github.com/MicrosoftDocs/quantum-docs, articles/provider-ionq.md). Of a range the worse end
is taken: T1 is 10 to 100 s and above 10 s, a measurement of Harmony right in 99.3 to 99.8 %. Any
two ions can be coupled.
"""

from functools import lru_cache
from typing import TYPE_CHECKING

from qnnq.devices.device import Device, Provider
from qnnq.vendors.local.simulation import simulated

if TYPE_CHECKING:
    from qnnq.devices.service_limits import ServiceLimits

MACHINES = {
    "ions_aria": {
        "qubits": 25,
        "fidelity": {"1q": {"mean": 0.9995}, "2q": {"mean": 0.996}, "spam": {"mean": 0.9961}},
        "timing": {"1q": 135e-6, "2q": 600e-6, "t1": 10, "t2": 1},
    },
    "ions_harmony": {
        "qubits": 11,
        "fidelity": {"1q": {"mean": 0.9935}, "2q": {"mean": 0.9602}, "spam": {"mean": 0.993}},
        "timing": {"1q": 10e-6, "2q": 210e-6, "readout": 100e-6, "t1": 10, "t2": 0.2},
    },
}
"""As IonQ's service characterizes machines."""


@lru_cache
def _find(name: str, limits: "ServiceLimits", instance: str | None) -> Device:
    from qnnq.devices.characterization import snapshot_of_characterization
    from qnnq.devices.objects import TargetBackend

    target = snapshot_of_characterization(MACHINES[name]).target()
    return Device.of_content(TargetBackend(target, name), name, None, limits)


PROVIDER = Provider(
    example=next(iter(MACHINES)),
    kind="simulated",
    claims=MACHINES.__contains__,
    names=lambda: MACHINES,
    find=_find,
    service=simulated,
)
