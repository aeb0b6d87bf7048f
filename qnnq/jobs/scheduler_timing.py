"""What a service says about when the instructions of a dynamic circuit happen.

It returns lines `branch,instruction,channel,start,duration,pulse` in units of dt, and others for
frame changes, which take no time; an experimental format:
https://quantum.cloud.ibm.com/docs/guides/qiskit-runtime-circuit-timing,
`qiskit_ibm_runtime.visualization.circuit_schedule`.
"""

from dataclasses import dataclass
from typing import Any

from qnnq.errors import QnnqError

MAIN, CONDITIONAL = "main", ("then", "else")


@dataclass(frozen=True)
class SchedulerTiming:
    """The schedule of a circuit.

    Attributes:
        timing: Its lines.
        circuit_duration: Units of dt.
    """

    timing: str
    circuit_duration: int

    def feedback_s(self, dt_s: float) -> list[float]:
        """Return the time from each measurement's start to the first gate that depends on it.

        Measurements with no such gate between them count as one, from the start of the first.

        Args:
            dt_s: Seconds of a unit.

        Raises:
            QnnqError: If the lines have another form.
        """
        found = []
        measured: int | None = None
        for start, branch, instruction in sorted(self._lines()):
            if branch == MAIN and instruction.startswith("measure"):
                measured = start if measured is None else measured
            elif branch in CONDITIONAL and instruction != "barrier" and measured is not None:
                found.append((start - measured) * dt_s)
                measured = None
        return found

    def _lines(self) -> list[tuple[int, str, str]]:
        """Return (start, branch, instruction) of every line."""
        found = []
        for line in filter(None, self.timing.splitlines()):
            if "shift_phase" in line.partition(",")[0]:
                continue
            try:
                branch, instruction, _, start, _, _ = line.split(",")
                found.append((int(start), branch, instruction))
            except ValueError as error:
                raise QnnqError(
                    f"scheduler timing: expected branch,instruction,channel,start,duration,pulse, "
                    f"got {line[:80]!r}"
                ) from error
        return found


def timing_of(result: object) -> SchedulerTiming | None:
    """Return the schedule of a sampler result's circuit, None where the service returned none."""
    metadata: Any = getattr(result[0], "metadata", None) or {}  # type: ignore[index]
    found = metadata.get("compilation", {}).get("scheduler_timing")
    return None if found is None else SchedulerTiming(**found)


def compared(timing: SchedulerTiming, assumed: dict[str, Any]) -> dict[str, Any]:
    """Return how a schedule compares with the one that was assumed, in seconds.

    Args:
        timing: The schedule.
        assumed: What the circuit was compiled with: `dt_s`, the unit of the schedule;
            `duration_s`; `feedback_latency_s`; `measurement_s` of each layer.

    Raises:
        QnnqError: If the schedule is not understood.
    """
    dt = assumed["dt_s"]
    from_start = timing.feedback_s(dt)
    return {
        "duration_s": {"assumed": assumed["duration_s"], "scheduled": timing.circuit_duration * dt},
        "feedback_latency_s": {
            "assumed": assumed["feedback_latency_s"],
            # From the calibrated end of the measurement, which may be long after its capture.
            "scheduled": [
                whole - measurement
                for whole, measurement in zip(from_start, assumed["measurement_s"], strict=False)
            ],
        },
    }
