"""What a user asks for when a network is to run on a device."""

from dataclasses import dataclass, field, fields

from qnnq.devices.service_limits import ServiceLimits
from qnnq.execution.request import (
    DecouplingName,
    ModeName,
    PairGate,
    RecyclingName,
    RunRequest,
)
from qnnq.jobs.service import JobOptions

LEAST_BUSY = "least_busy"


@dataclass(frozen=True)
class HardwareRequest:
    """What a user wants to run on a device; names and paths are as on the command line.

    Attributes:
        model: A bundled network's name, or a network file.
        device: `ibm_...`, `fake_...` or `least_busy`.
        instance: The service instance (its CRN or name), None for that of the saved account.
        data: A bundled data set's name, or a file.
        images: Which images, such as `0:200`.
        shots: Shots an image; with a target those of a round.
        target_width: More rounds of shots are taken until the interval of the accuracy of a shot
            is as narrow as this; None takes one.
        max_shots: Most shots an image in all rounds; None takes 100 rounds at most.
        seed: Part of the run's identity; seeds the simulator of a fake device.
        qubits: `best`, or a list such as `3,4,5` or `3:4,7:8`.
        copies: Images side by side on the chip; None takes as many as fit.
        mode: `stepwise`, a circuit a layer, or `coherent`, one circuit of the whole network.
        feedback_latency: In coherent mode the time from the end of a measurement to the first
            gate that depends on it, such as `2us`: what waits are taken to be.
        condition_overhead: In coherent mode the time from one branch to the next, such as `100ns`.
        measurement: In coherent mode the device's instruction that measures, such as `measure_2`.
        recycling: In coherent mode what brings a measured ancilla back to |0>: `flip` or `reset`.
        dynamical_decoupling: In coherent mode what stands in the waits of neurons: `none` or `XX`.
        pairs: Gate pairs inserted after each rotation.
        pair_gate: `sx` or `cz`.
        compensate: Whether angles are corrected for the device's noise.
        response: A response file to correct them with; None takes the device's calibration data.
        options: How jobs are run.
        limits: The service's limits.
    """

    model: str
    device: str
    instance: str | None = None
    data: str = "mnist-test"
    images: str = "all"
    shots: int = 15
    target_width: float | None = None
    max_shots: int | None = None
    seed: int = 0
    qubits: str = "best"
    copies: int | None = None
    mode: ModeName = "stepwise"
    feedback_latency: str | None = None
    condition_overhead: str | None = None
    measurement: str = "measure"
    recycling: RecyclingName = "flip"
    dynamical_decoupling: DecouplingName = "none"
    pairs: int = 0
    pair_gate: PairGate = "sx"
    compensate: bool = False
    response: str | None = None
    options: JobOptions = field(default_factory=JobOptions)
    limits: ServiceLimits = field(default_factory=ServiceLimits)

    def ideal(self) -> RunRequest:
        """Return the request of the same images, shots and seed without circuits or noise."""
        return RunRequest(
            model=self.model,
            data=self.data,
            images=self.images,
            noise="ideal",
            engine="ideal",
            shots=self.shots,
            seed=self.seed,
        )

    def simulated(self) -> RunRequest:
        """Return the request of a run in this process on the same circuits."""
        same = {item.name for item in fields(RunRequest)} & {item.name for item in fields(self)}
        found = {name: getattr(self, name) for name in same}
        return RunRequest(**found | {"copies": 1 if self.copies is None else self.copies})
