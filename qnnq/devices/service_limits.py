"""What the IBM Quantum service allows and charges: the one place for these numbers.

Sources: https://quantum.cloud.ibm.com/docs/en/guides/job-limits (executions, instructions),
https://quantum.cloud.ibm.com/docs/en/guides/max-execution-time (seconds),
https://quantum.cloud.ibm.com/docs/en/guides/estimate-job-run-time (the cost of a job) and
https://quantum.cloud.ibm.com/docs/guides/execute-dynamic-circuits (broadcasts).
"""

import math
import tomllib
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

from qnnq.devices.tariff import Tariff, read_tariff
from qnnq.errors import InputError, require
from qnnq.storage.files import read_text
from qnnq.wording import nearest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qiskit.circuit import QuantumCircuit, Qubit

INSTRUCTION_WEIGHTS = {"rz": 1, "sx": 2, "x": 2, "rx": 2, "cz": 5, "ecr": 5, "rzz": 5, "cx": 5}
"""Control instructions that one gate costs on each of its qubits (job limits page)."""
MEASURE_WEIGHT, RESET_WEIGHT, OTHER_WEIGHT = 10, 17, 2


@dataclass(frozen=True)
class ServiceLimits:
    """Limits and prices.

    Attributes:
        executions_per_job: Parameter sets times shots.
        instructions_per_qubit: Control instructions on one qubit, over all parameter sets of a job.
        broadcasts_per_job: Broadcasts of one bit to the controllers of a dynamic circuit, over all
            parameter sets of a job. The page limits "a job (not a circuit)" and does not say that
            each parameter set counts, as it does among the executions: a service that keeps one
            circuit for all of them takes more.
        circuits_per_job: Parameter sets.
        payload_bytes: Size of a job's request; 64 MB is what the service once refused above.
        seconds_per_job: Quantum time after which the service cancels a job.
        overrun_s: Quantum seconds that a job may run on past the time after which it is to be
            stopped. IBM says that it "might not be able to cancel the job exactly" then
            (https://quantum.cloud.ibm.com/docs/guides/max-execution-time), and names no number.
        overhead_s: Quantum seconds that a job costs before its first execution.
        rep_delay_s: Delay after each execution, where the device does not name its own.
        seconds_per_set: Quantum seconds that each parameter set costs besides; none is published.
        seconds_per_execution: Quantum seconds that each execution costs besides its delay and its
            circuit; below 0 where it costs less than these. `qnnq calibrate --price` measures
            these three.
        tariff: What is charged in a currency instead of quantum seconds, None where nothing is.
        attempts: How often a job is submitted in all, where it fails or the answer gets lost.
        retry_pause_s: Seconds before a job that failed is submitted again; each time four times
            longer.
        answer_timeout_s: Seconds after which a request counts as lost.
        patience_s: Seconds for which a service that does not answer is asked again.
        listing_patience_s: Seconds for which a job is looked for whose submission got no answer,
            or that the service says not to know; lists of jobs lag behind.
    """

    executions_per_job: int = 10_000_000
    instructions_per_qubit: int = 26_800_000
    broadcasts_per_job: int = 2400
    circuits_per_job: int = 10_000_000
    payload_bytes: int = 64_000_000
    seconds_per_job: float = 10_800.0
    overrun_s: float = 1.0
    overhead_s: float = 2.0
    rep_delay_s: float = 250e-6
    seconds_per_set: float = 0.0
    seconds_per_execution: float = 0.0
    tariff: Tariff | None = None
    attempts: int = 5
    retry_pause_s: float = 30.0
    answer_timeout_s: float = 300.0
    patience_s: float = 600.0
    listing_patience_s: float = 120.0

    def __post_init__(self) -> None:
        if isinstance(self.tariff, dict):  # of a TOML or a JSON file
            object.__setattr__(self, "tariff", read_tariff(self.tariff))
        known = self.tariff is None or isinstance(self.tariff, Tariff)
        require(known, "tariff", "a table", repr(self.tariff))
        for field in fields(self):
            if field.name == "tariff":
                continue
            value = getattr(self, field.name)
            number = isinstance(value, int | float) and not isinstance(value, bool)
            require(number, field.name, "a number", repr(value))
            if field.name == "seconds_per_execution":
                require(math.isfinite(value), field.name, "a number", repr(value))
                continue
            positive = field.name not in (
                "overrun_s",
                "overhead_s",
                "rep_delay_s",
                "seconds_per_set",
            )
            good = math.isfinite(value) and (value > 0 if positive else value >= 0)
            require(good, field.name, f"a number {'>' if positive else '>='} 0", repr(value))

    def for_circuits(self, most: int | None) -> "ServiceLimits":
        """Return the limits where a job may have `most` parameter sets besides, None for any."""
        if not most or most >= self.circuits_per_job:
            return self
        return replace(self, circuits_per_job=most)


def read_limits(path: str | None) -> ServiceLimits:
    """Return the limits that a TOML file changes, with the keys of `ServiceLimits`."""
    if path is None:
        return ServiceLimits()
    try:
        found = tomllib.loads(read_text(path))
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: not TOML: {error}") from error
    known = [field.name for field in fields(ServiceLimits)]
    for name in found:
        if name not in known:
            raise InputError(
                f"{path}: {name!r}: expected one of {', '.join(known)}{nearest(name, known)}"
            )
    try:
        return ServiceLimits(**found)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error


def instructions_on_busiest_qubit(circuit: "QuantumCircuit") -> int:
    """Return the control instructions that one execution costs on its busiest qubit.

    Those in branches count whether they are taken or not: the controllers hold all of them.
    """
    totals = dict.fromkeys(circuit.qubits, 0)
    _count_instructions(circuit, circuit.qubits, totals)
    return max(totals.values(), default=0)


def _count_instructions(
    circuit: "QuantumCircuit", outer: "Sequence[Qubit]", totals: "dict[Qubit, int]"
) -> None:
    """Add the instructions of a circuit, or of a branch whose qubits are `outer`, to the totals."""
    of_circuit = dict(zip(circuit.qubits, outer, strict=True))
    for item in circuit.data:
        name, qubits = item.operation.name, [of_circuit[qubit] for qubit in item.qubits]
        for block in getattr(item.operation, "blocks", ()):
            _count_instructions(block, qubits, totals)
        if name == "barrier":
            continue
        if name.startswith("measure"):
            weight = MEASURE_WEIGHT
        elif name == "reset":
            weight = RESET_WEIGHT
        else:
            weight = INSTRUCTION_WEIGHTS.get(name, OTHER_WEIGHT)
        for qubit in qubits:
            totals[qubit] += weight
