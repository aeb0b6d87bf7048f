"""When things happen to neurons that live on, and what measures and resets their ancillas."""

from dataclasses import dataclass, replace
from typing import Self

from qnnq.devices.device import Device
from qnnq.errors import InputError
from qnnq.execution.request import RecyclingName, RunRequest, latency_seconds
from qnnq.results.task import Task
from transpile import FEEDBACK_LATENCY, CompiledNetwork, measurements


@dataclass(frozen=True)
class Timing:
    """Options of the coherent mode; see `transpile.compile_network`.

    Attributes:
        feedback_latency_s: From the end of a measurement to the first gate that depends on it,
            seconds.
        measurement: The device's instruction that measures.
        recycling: What brings a measured ancilla back to |0>.
    """

    feedback_latency_s: float = FEEDBACK_LATENCY
    measurement: str = RunRequest.measurement
    recycling: RecyclingName = RunRequest.recycling

    @classmethod
    def of(cls, request: RunRequest) -> Self:
        """Return what a request asks for."""
        latency = latency_seconds(request.feedback_latency)
        return cls(
            FEEDBACK_LATENCY if latency is None else latency, request.measurement, request.recycling
        )

    def described(self, task: Task, compiled: CompiledNetwork) -> Task:
        """Return a task with what of this determines its result."""
        usual = type(self)()
        ancillas = any(site.ancilla is not None for site in compiled.sites)
        recycled = ancillas and self.recycling != usual.recycling
        return replace(
            task,
            mode="coherent",
            feedback_latency_s=round(compiled.feedback_latency, 12),
            measurement=None if self.measurement == usual.measurement else self.measurement,
            recycling=self.recycling if recycled else None,
        )

    def check(self, device: Device) -> None:
        """Raise InputError where the device does not have the measurement or the reset."""
        known = measurements(device.target)
        if self.measurement not in known:
            raise InputError(
                f"--measurement {self.measurement}: expected one of {', '.join(known)}, which "
                f"{device.name} has"
            )
        if self.recycling == "reset" and "reset" not in device.target.operation_names:
            raise InputError(f"--recycling reset: expected flip, as {device.name} has no reset")
