"""When things happen to neurons that live on, and what measures and resets their ancillas."""

from dataclasses import dataclass, replace
from typing import Self

from qnnq.devices.device import Device
from qnnq.errors import InputError
from qnnq.execution.request import DecouplingName, RecyclingName, RunRequest, option_seconds
from qnnq.results.labels import OF_COHERENT_MODE
from qnnq.results.task import Task
from transpile import CONDITION_OVERHEAD, FEEDBACK_LATENCY, CompiledNetwork, measurements


@dataclass(frozen=True)
class Timing:
    """Options of the coherent mode; see `transpile.compile_network`.

    Attributes:
        feedback_latency_s: From the end of a measurement to the first gate that depends on it,
            seconds.
        condition_overhead_s: Between two branches of a layer, seconds.
        measurement: The device's instruction that measures.
        recycling: What brings a measured ancilla back to |0>.
        dynamical_decoupling: What stands in the waits of neurons.
    """

    feedback_latency_s: float = FEEDBACK_LATENCY
    condition_overhead_s: float = CONDITION_OVERHEAD
    measurement: str = RunRequest.measurement
    recycling: RecyclingName = RunRequest.recycling
    dynamical_decoupling: DecouplingName = RunRequest.dynamical_decoupling

    @classmethod
    def of(cls, request: RunRequest) -> Self:
        """Return what a request asks for."""
        latency = option_seconds(request, "feedback_latency")
        overhead = option_seconds(request, "condition_overhead")
        return cls(
            FEEDBACK_LATENCY if latency is None else latency,
            CONDITION_OVERHEAD if overhead is None else overhead,
            request.measurement,
            request.recycling,
            request.dynamical_decoupling,
        )

    def described(self, task: Task, compiled: CompiledNetwork) -> Task:
        """Return a task with what of this determines its result."""
        usual = type(self)()
        ancillas = any(site.ancilla is not None for site in compiled.sites)
        recycled = ancillas and self.recycling != usual.recycling
        decoupled = ancillas and self.dynamical_decoupling != usual.dynamical_decoupling
        branches = any(step.feedforward is not None for step in compiled.steps)
        slower = branches and self.condition_overhead_s != usual.condition_overhead_s
        overhead = round(compiled.condition_overhead, 12)
        return replace(
            task,
            mode="coherent",
            feedback_latency_s=round(compiled.feedback_latency, 12),
            condition_overhead_s=overhead if slower else None,
            measurement=None if self.measurement == usual.measurement else self.measurement,
            recycling=self.recycling if recycled else None,
            dynamical_decoupling=self.dynamical_decoupling if decoupled else None,
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


def mode_labels(request: RunRequest) -> dict[str, float | str]:
    """Return what tables and figures say of a request's mode; times are in microseconds.

    What the stepwise mode has no place for is "".
    """
    if request.mode != "coherent":
        return {"mode": request.mode, **dict.fromkeys(OF_COHERENT_MODE, "")}
    timing = Timing.of(request)
    return {
        "mode": request.mode,
        "feedback_latency": round(1e6 * timing.feedback_latency_s, 9),
        "condition_overhead": round(1e6 * timing.condition_overhead_s, 9),
        "measurement": timing.measurement,
        "recycling": timing.recycling,
        "dynamical_decoupling": timing.dynamical_decoupling,
    }
