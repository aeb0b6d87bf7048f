"""What IBM's client says of a machine, in the JSON of its files, as a snapshot of ours.

It takes what `qiskit_ibm_runtime.utils.backend_converter.convert_to_target` takes, without the
client, whose import takes longer than all the rest of a run.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from qiskit.circuit.library.standard_gates import get_standard_gate_name_mapping

from qnnq.devices.snapshot import (
    CONTROL_FLOW,
    FORMAT,
    DeviceSnapshot,
    InstructionSnapshot,
    PlaceSnapshot,
    QubitSnapshot,
    known,
)

_NOT_UNITARY = ("measure", "reset", "delay")
_TIMING = ("granularity", "min_length", "pulse_alignment", "acquire_alignment")
_USED = (
    *("T1", "T2", "readout_length", "readout_error"),
    *("gate_length", "gate_error", "operational"),
)
_DIVISORS = {"": 1, "s": 1, "ms": 10**3, "us": 10**6, "µs": 10**6, "ns": 10**9}

Values = dict[str, float]
"""Of a qubit or a gate: seconds and probabilities, by the client's names."""

Places = dict[tuple[int, ...], PlaceSnapshot]


def snapshot_of_files(
    name: str, configuration: Mapping[str, Any], properties: Mapping[str, Any]
) -> DeviceSnapshot:
    """Return a device as it was calibrated.

    Args:
        name: What specifications of noise call it: a word.
        configuration: What the client's `configuration().to_dict()` gives.
        properties: What its `properties().to_dict()` gives.

    Raises:
        AttributeError, KeyError, TypeError, ValueError: If a part is missing or is another thing.
    """
    qubits = [_values(each) for each in properties["qubits"]]
    working = [number for number, each in enumerate(qubits) if each.get("operational", 1)]
    places: dict[str, Places] = {"measure": {}}
    for gate in configuration["gates"]:
        if gate.get("coupling_map"):
            everywhere = map(tuple, gate["coupling_map"])
            places[gate["name"]] = {where: PlaceSnapshot(qubits=where) for where in everywhere}
    for gate in properties["gates"]:
        found = places.setdefault(gate["gate"], {})
        values, where = _values(gate["parameters"]), tuple(gate["qubits"])
        if values.get("operational", 1) and set(where).issubset(working):
            found[where] = _place(where, values, "gate_length", "gate_error")
        else:
            found.pop(where, None)
    for number in working:
        places["measure"][(number,)] = _place(
            (number,), qubits[number], "readout_length", "readout_error"
        )
    for operation in _NOT_UNITARY:
        places.setdefault(operation, {(q,): PlaceSnapshot(qubits=(q,)) for q in working})
    dt, timing = configuration.get("dt"), configuration.get("timing_constraints") or {}
    return DeviceSnapshot(
        format=FORMAT,
        name=name,
        calibrated=calibrated(properties),
        num_qubits=configuration["n_qubits"],
        dt_s=None if dt is None else dt * 1e-9,
        qubits=tuple(
            QubitSnapshot(t1_s=known(each.get("T1")), t2_s=known(each.get("T2"))) for each in qubits
        ),
        instructions=tuple(
            InstructionSnapshot(
                name=name, parameters=parameters, num_clbits=bits, on=_on(places.get(name))
            )
            for name, (parameters, bits) in sorted(_signatures(configuration).items())
        ),
        **{each: timing[each] for each in _TIMING if each in timing},
    )


def calibrated(properties: Mapping[str, Any]) -> str:
    """Return the time of a calibration, ISO 8601."""
    return datetime.fromisoformat(str(properties["last_update_date"])).isoformat()


def _signatures(configuration: Mapping[str, Any]) -> dict[str, tuple[tuple[str, ...], int]]:
    """Return what the parameters of each instruction are called, and how many bits it writes."""
    standard = get_standard_gate_name_mapping()
    own = {gate["name"]: tuple(gate.get("parameters") or ()) for gate in configuration["gates"]}
    supported = configuration.get("supported_instructions") or _NOT_UNITARY
    names = {*configuration["basis_gates"], *({*supported} & {*_NOT_UNITARY, *CONTROL_FLOW})}
    found: dict[str, tuple[tuple[str, ...], int]] = {}
    for name in names:
        if name in standard:
            operation = standard[name]
            found[name] = tuple(each.name for each in operation.params), operation.num_clbits
        elif name in own or name in CONTROL_FLOW:
            found[name] = own.get(name, ()), 0
    for each in configuration.get("instruction_signatures") or ():
        found[each["name"]] = tuple(each["parameters"]), each["num_clbits"]
    return found


def _on(places: Places | None) -> tuple[PlaceSnapshot, ...] | None:
    return None if places is None else tuple(places.values())


def _place(qubits: tuple[int, ...], values: Values, duration: str, error: str) -> PlaceSnapshot:
    return PlaceSnapshot(
        qubits=qubits,
        duration_s=known(values.get(duration)),
        error=known(values.get(error)),
    )


def _values(listed: Sequence[Mapping[str, Any]]) -> Values:
    """Return the named values that are used, in units without prefixes.

    As Qiskit's `apply_prefix` rounds them.
    """
    return {
        each["name"]: each["value"] / _DIVISORS[each["unit"]]
        for each in listed
        if each["name"] in _USED
    }
