"""Published trapped-ion machines, by their rates, times and native gates, simulated here.

The numbers are those of Microsoft's page on its provider IonQ
(https://learn.microsoft.com/azure/quantum/provider-ionq): that of September 2024 for Aria, whose
readout time it does not give, that of December 2021 for Harmony
(https://github.com/MicrosoftDocs/quantum-docs, articles/provider-ionq.md). Of a range the worse end
is taken: T1 is 10 to 100 s and above 10 s, a measurement of Harmony right in 99.3 to 99.8 %.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from qnnq.devices.device import Device, Provider
from qnnq.vendors.local.simulation import simulated
from qnnq.vendors.offline import complete_graph

if TYPE_CHECKING:
    from qiskit.transpiler import Target

    from qnnq.devices.service_limits import ServiceLimits


@dataclass(frozen=True)
class IonMachine:
    """What is published of a machine; any two of its ions can be coupled.

    Attributes:
        ions: How many.
        fidelities: Average, in %: of a gate on one ion, on two, of preparation and measurement.
        durations: Microseconds: of a gate on one ion, on two, of a measurement where it is known.
        t1: Seconds.
        t2: Seconds.
    """

    ions: int
    fidelities: tuple[float, float, float]
    durations: tuple[float, float, float | None]
    t1: float
    t2: float

    def target(self) -> "Target":
        """Return it in IonQ's gates."""
        from qiskit.circuit import Measure, Parameter

        from transpile.ion_gates import GPI2Gate, GPIGate, MSGate

        one, two, reading = (round(1 - percent / 100, 6) for percent in self.fidelities)
        short, long, last = (t and round(t * 1e-6, 9) for t in self.durations)
        phase, other, angle = (Parameter(name) for name in ("phase", "other", "angle"))
        gates = (
            (GPIGate(phase), one, short),
            (GPI2Gate(phase), one, short),
            (MSGate(phase, other, angle), two, long),
            (Measure(), reading, last),
        )
        return complete_graph(self.ions, gates, self.t1, self.t2)


MACHINES = {
    "ions_aria": IonMachine(25, (99.95, 99.6, 99.61), (135, 600, None), 10, 1.0),
    "ions_harmony": IonMachine(11, (99.35, 96.02, 99.3), (10, 210, 100), 10, 0.2),
}


@lru_cache
def _find(name: str, limits: "ServiceLimits", instance: str | None) -> Device:
    from qnnq.devices.objects import TargetBackend

    return Device.of_content(TargetBackend(MACHINES[name].target(), name), name, None, limits)


PROVIDER = Provider(
    example=next(iter(MACHINES)),
    kind="simulated",
    claims=MACHINES.__contains__,
    names=lambda: MACHINES,
    find=_find,
    service=simulated,
)
