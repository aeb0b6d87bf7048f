"""Schedules of dynamic circuits in the lines of the service."""

import pytest

from qnnq.errors import QnnqError
from qnnq.jobs.scheduler_timing import SchedulerTiming, compared

DT = 4e-9
LINES = """main,barrier,Qubit 0,0,0,barrier
main,sx_0,Qubit 0,0,8,play
main,measure_0,AWGR0_0,8,370,play
main,measure_0,AWGR0_0,120,327,capture
main,measure_1,AWGR0_1,18,370,play
main_shift_phase,rz
then,barrier,Qubit 1,600,0,barrier
else,x_1,Qubit 1,670,8,play
then,x_0,Qubit 0,678,8,play
main,measure_0,AWGR0_0,700,370,play
then,x_1,Qubit 1,1400,8,play
"""


def test_feedback_goes_from_the_first_measurement_to_the_first_gate_that_depends_on_it() -> None:
    """662 dt of 4 ns, as in the service's own example, and 700 dt."""
    timing = SchedulerTiming(LINES, 1408)
    assert timing.feedback_s(DT) == pytest.approx([662 * DT, 700 * DT])
    found = compared(
        timing,
        {
            "dt_s": DT,
            "duration_s": 5e-6,
            "feedback_latency_s": 0.9e-6,
            "measurement_s": [1.748e-6, 1.8e-6, 1.8e-6],
        },
    )
    assert found["duration_s"] == {"assumed": 5e-6, "scheduled": pytest.approx(1408 * DT)}
    assert found["feedback_latency_s"]["assumed"] == 0.9e-6
    assert found["feedback_latency_s"]["scheduled"] == pytest.approx([0.9e-6, 1.0e-6])


@pytest.mark.parametrize("line", ["main,x_0,Qubit 0,1", "main,x_0,Qubit 0,soon,8,play"])
def test_other_lines_are_named(line: str) -> None:
    with pytest.raises(QnnqError, match="expected branch,instruction,channel"):
        SchedulerTiming(line, 1).feedback_s(DT)
