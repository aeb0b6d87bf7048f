"""The machine behind the loopback service: a fake device's data and an Aer simulator."""

import copy
import datetime
import json
import math
import os
import warnings
import zlib
from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np
from qiskit.circuit import QuantumCircuit
from qiskit.providers import BackendV2
from qiskit_aer import AerSimulator
from qiskit_aer.noise import NoiseModel
from samplomatic.quantum_program import CircuitItem

from .dynamic import BROADCASTS, broadcasts, for_simulator, refusal, schedule

LATENCY = 300
"""Units of dt from the end of a measurement to what depends on it."""


class _Simulator(AerSimulator):
    """Its copies share the noise model: the client makes one for every job."""

    def __deepcopy__(self, memo: dict[int, Any]) -> "_Simulator":
        found = copy.copy(self)
        found._options = copy.copy(self._options)
        return found


class Machine:
    """A fake device that the service offers under another name.

    Args:
        name: The name that the service offers, ibm_...
        device: The fake device whose configuration and calibration it reports.
        noise_model: What acts on the circuits; None takes the device's own noise.
        seed: Seed of the simulator; jobs of other angles get another one.
        lacks: Instructions of the device that this machine does not have.
    """

    def __init__(
        self,
        name: str,
        device: BackendV2,
        noise_model: NoiseModel | None = None,
        seed: int = 0,
        lacks: tuple[str, ...] = (),
    ) -> None:
        self.name = name
        self.online = True
        self.replays = True
        self.latency, self.broadcasts = LATENCY, BROADCASTS
        self.num_qubits = device.num_qubits
        self._target = device.target
        if noise_model is None:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                noise_model = NoiseModel.from_backend(device)
        method = "matrix_product_state" if device.num_qubits > 12 else "statevector"
        self._simulator = _Simulator(method=method, noise_model=noise_model)
        self._seed, self._runs = seed, 0
        self._measured: dict[Hashable, Any] = {}
        self._lacks = lacks
        self._configuration = self._read(device, device.conf_filename)
        supported = self._configuration["supported_instructions"]
        self._configuration["supported_instructions"] = [
            name for name in supported if name not in lacks
        ]
        self._properties = self._read(device, device.props_filename)

    def _read(self, device: BackendV2, file: str) -> dict[str, Any]:
        with open(os.path.join(device.dirname, file)) as stream:
            content: dict[str, Any] = json.load(stream)
        return content | {"backend_name": self.name}

    def configuration(self) -> dict[str, Any]:
        return self._configuration

    def properties(self) -> dict[str, Any]:
        return self._properties

    def recalibrate(self, time: str, readout_error: float) -> None:
        """Report another time of calibration, and other readout errors."""
        changed = {"readout_error", "prob_meas0_prep1", "prob_meas1_prep0"}
        qubits = [
            [
                {**entry, "value": readout_error} if entry["name"] in changed else entry
                for entry in qubit
            ]
            for qubit in self._properties["qubits"]
        ]
        self._properties |= {"last_update_date": time, "qubits": qubits}

    def _seed_of(self, program: Any) -> int:
        """Return a seed that the angles determine: what is run twice has the same result twice.

        Unless the machine `replays` nothing, as a real one does.
        """
        self._runs += not self.replays
        found = self._seed + self._runs
        for item in program.items:
            values = getattr(item, "circuit_arguments", np.zeros(0))  # twirled ones have none
            found = zlib.crc32(np.ascontiguousarray(values).tobytes(), found)
        return found

    def calibrate(self, time: str, unreadable: int | None = None) -> None:
        """Report calibration data of another time; a qubit's readout may have become a coin."""
        content: dict[str, Any] = json.loads(json.dumps(self._properties))
        content["last_update_date"] = time
        for each in content["qubits"][unreadable] if unreadable is not None else ():
            if each["name"] in ("readout_error", "prob_meas0_prep1", "prob_meas1_prep0"):
                each["value"] = 0.5
        self._properties = content

    def device_entry(self, queue: int) -> dict[str, Any]:
        status = {"name": "online" if self.online else "offline", "reason": "available"}
        return {
            "name": self.name,
            "status": status,
            "qubits": self.num_qubits,
            "queue_length": queue,
        }

    def status(self, queue: int) -> dict[str, Any]:
        message = "active" if self.online else "maintenance"
        return {"state": self.online, "status": message, "length_queue": queue}

    def refusal(self, params: dict[str, Any]) -> str | None:
        """Return why a program is refused: its circuits have to be what the machine can run."""
        sent = 0.0
        for item in _decode(params).items:
            circuit = getattr(item, "circuit", QuantumCircuit())
            found = self._unsupported(circuit, range(circuit.num_qubits)) or refusal(circuit)
            if found is not None:
                return found
            sets = math.prod(getattr(item, "circuit_arguments", np.zeros(1)).shape[:-1])
            sent += sets * broadcasts(circuit)
        return "more broadcasts than a job may have" if sent > self.broadcasts else None

    def _unsupported(self, circuit: QuantumCircuit, physical: Sequence[int]) -> str | None:
        """Return what the machine does not have; `physical`: the qubits of the circuit."""
        for each in circuit.data:
            name = each.operation.name
            qubits = tuple(physical[circuit.find_bit(qubit).index] for qubit in each.qubits)
            known = name == "barrier" or self._target.instruction_supported(name, qubits)
            if name in self._lacks or not known:
                return f"the instruction {name} on qubits {qubits} is not supported"
            if name == "rzz" and not 0 < float(each.operation.params[0]) <= math.pi / 2:
                return f"rzz({each.operation.params[0]}): expected an angle in (0, pi/2]"
            for block in getattr(each.operation, "blocks", ()):
                found = self._unsupported(block, qubits)
                if found is not None:
                    return found
        return None

    def execute(self, params: dict[str, Any]) -> tuple[str, float]:
        """Run a quantum program; return the result's JSON and the billed seconds."""
        program = _decode(params)
        timings: list[dict[str, Any] | None] = [None] * len(program.items)
        if params["options"].get("scheduler_timing"):
            timings = [self._timing(item.circuit) for item in program.items]
        for item in program.items:
            if hasattr(item, "samplex"):
                item.samplex.finalize()  # a received samplex is not ready for use
            elif isinstance(item, CircuitItem):
                item.circuit = for_simulator(item.circuit)
        result = self.measure(program)
        shapes = [next(iter(item.values())).shape for item in result]
        sets = sum(math.prod(shape[:-2]) for shape in shapes)
        executions = sum(math.prod(shape[:-1]) for shape in shapes)
        return _encode(result, timings), self.bill(sets, executions)

    def measure(self, program: Any) -> Any:
        from qiskit_ibm_runtime.fake_provider.executor.run_quantum_program import (
            run_quantum_program,
        )
        from qiskit_ibm_runtime.options_models.simulator import SimulatorOptions

        seed = self._seed_of(program)
        key = seed, _content(program)
        if key[1] is None or key not in self._measured:
            options = SimulatorOptions(seed_simulator=seed, angle_decimals=12)
            self._measured[key] = run_quantum_program(
                backend=self._simulator, program=program, options=options
            )
        found = copy.deepcopy(self._measured[key])
        found.passthrough_data = program.passthrough_data
        return found

    def bill(self, sets: int, executions: int) -> float:
        return 2.0 + 250e-6 * executions

    def _timing(self, circuit: QuantumCircuit) -> dict[str, Any]:
        timing, duration = schedule(circuit, self._target, self.latency)
        return {"timing": timing, "circuit_duration": duration}


def _decode(params: dict[str, Any]) -> Any:
    from qiskit_ibm_runtime.quantum_program.params_converters import (
        QUANTUM_PROGRAM_PARAMS_CONVERTERS,
    )

    converter = QUANTUM_PROGRAM_PARAMS_CONVERTERS[params["schema_version"]]
    return converter.decoder(converter.model.model_validate(params))[0]


def _content(program: Any) -> Hashable:
    """Return what determines the result of a program, beside the seed; None where much does."""
    found: list[Hashable] = [program.shots]
    for item in program.items:
        if not isinstance(item, CircuitItem) or item.circuit.count_ops().get("if_else"):
            return None
        arguments = np.ascontiguousarray(item.circuit_arguments)
        found += [arguments.tobytes(), arguments.shape, item.circuit.num_clbits]
        for each in item.circuit.data:
            bits = [item.circuit.find_bit(bit).index for bit in (*each.qubits, *each.clbits)]
            found.append((each.operation.name, *bits, *map(str, each.operation.params)))
    return tuple(found)


def received(params: str) -> list[QuantumCircuit]:
    """Return the circuits of a job's parameters, which are JSON."""
    return [item.circuit for item in _decode(json.loads(params)).items]


def _encode(result: Any, timings: list[dict[str, Any] | None]) -> str:
    from ibm_quantum_schemas.common import CompressedTensorModel
    from ibm_quantum_schemas.executor.version_2_0 import (
        ItemMetadataModel,
        MetadataModel,
        QuantumProgramResultItemModel,
        QuantumProgramResultModel,
    )
    from qiskit_ibm_runtime.quantum_program.converters.converters_2_0 import passthrough_data_to_2_0

    items = [
        QuantumProgramResultItemModel(
            results={name: CompressedTensorModel.from_numpy(value) for name, value in item.items()},
            metadata=ItemMetadataModel(scheduler_timing=timing),
        )
        for item, timing in zip(result, timings, strict=True)
    ]
    model = QuantumProgramResultModel(
        data=items,
        metadata=MetadataModel(chunk_timing=[]),
        passthrough_data=passthrough_data_to_2_0(result.passthrough_data),
        semantic_role=result._semantic_role,
    )
    return model.model_dump_json()


def iso(seconds: float | None) -> str | None:
    """Return a time as the service writes it."""
    if seconds is None:
        return None
    moment = datetime.datetime.fromtimestamp(seconds, datetime.UTC)
    return moment.isoformat().replace("+00:00", "Z")
