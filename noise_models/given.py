"""A noise model of Aer that was given as an object: on the qubits in use, and as channels."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from qiskit.circuit import Delay
from qiskit.quantum_info import SuperOp
from qiskit.transpiler import Target
from qiskit_aer.noise import NoiseModel, QuantumError, RelaxationNoisePass, thermal_relaxation_error

from noise_models.channels import NoiseChannels
from noise_models.elements import (
    Element,
    calibrated_instructions,
    describe,
    qubit_calibration,
)
from noise_models.errors import NoiseError
from noise_models.source import NoiseSource
from noise_models.specification import NoiseTerm
from noise_models.stages import Kraus, Stages, kraus_operators


def digest_of_model(model: NoiseModel) -> str:
    """Return the SHA-256 (hexadecimal) of all errors of a noise model, in any order.

    Raises:
        NoiseError: As `relaxation_of`.
    """
    found = [
        {name: value for name, value in each.items() if name != "id"}  # drawn for each object
        for each in model.to_dict(serializable=True)["errors"]
    ]
    texts = sorted(json.dumps(each, sort_keys=True) for each in found)
    digest = hashlib.sha256(json.dumps(texts).encode())
    if (relaxation := relaxation_of(model)) is not None:
        for values in (relaxation._t1s, relaxation._t2s, relaxation._p1s):
            digest.update(np.asarray(values, np.float64).tobytes())
    return digest.hexdigest()


def relaxation_of(model: NoiseModel) -> RelaxationNoisePass | None:
    """Return what a model lets waiting qubits suffer, None where it is nothing.

    Raises:
        NoiseError: It has another pass of its own, which acts on circuits as it likes.
    """
    passes = model._custom_noise_passes
    others = [
        each for each in passes if type(each) is not RelaxationNoisePass or [*each._ops] != [Delay]
    ]
    if others or len(passes) > 1:
        name = type((others or passes)[0]).__name__
        raise NoiseError(
            f"noise: expected a NoiseModel of errors and of the relaxation of delays, got the pass "
            f"{name} in it"
        )
    return passes[0] if passes else None


def on_qubits(model: NoiseModel, index: Mapping[int, int]) -> NoiseModel:
    """Return the errors of some physical qubits, as they are, on the qubits of a circuit.

    Args:
        model: On physical qubits.
        index: The circuit's qubit for each physical qubit.

    Raises:
        NoiseError: As `relaxation_of`.
    """
    result = NoiseModel(basis_gates=model.basis_gates)
    for name, error in model._default_quantum_errors.items():
        result.add_all_qubit_quantum_error(error, name)
    if model._default_readout_error is not None:
        result.add_all_qubit_readout_error(model._default_readout_error)
    for name, local in model._local_quantum_errors.items():
        for qubits, error in local.items():
            if index.keys() >= {*qubits}:
                result.add_quantum_error(error, name, [index[q] for q in qubits], warnings=False)
    for qubits, error in model._local_readout_errors.items():
        if index.keys() >= {*qubits}:
            result.add_readout_error(error, [index[q] for q in qubits], warnings=False)
    if (relaxation := relaxation_of(model)) is not None:
        physical = sorted(index, key=index.__getitem__)
        names = ("_t1s", "_t2s", "_p1s")
        t1s, t2s, p1s = ([getattr(relaxation, name)[q] for q in physical] for name in names)
        result._custom_noise_passes.append(
            RelaxationNoisePass(
                t1s, t2s, dt=relaxation._dt, op_types=Delay, excited_state_populations=p1s
            )
        )
    return result


class _Relaxation(NoiseSource):
    """What waiting qubits suffer."""

    acts_in_waits = True

    def __init__(self, found: RelaxationNoisePass) -> None:
        super().__init__(NoiseTerm("NoiseModel"))
        self._found = found

    def waiting(self, qubit: int, duration: float) -> Stages:
        """Return what acts on a qubit that waits for a duration in seconds."""
        t1, t2, p1 = (getattr(self._found, name)[qubit] for name in ("_t1s", "_t2s", "_p1s"))
        if duration == 0 or (np.isinf(t1) and np.isinf(t2)):
            return ()
        return _stages(thermal_relaxation_error(t1, t2, duration, p1))


def channels_of_model(model: NoiseModel, target: Target, qubits: Iterable[int]) -> NoiseChannels:
    """Return the channels of a noise model on the qubits in use: superoperators and readout.

    As in Aer, an instruction that the model does not list is exact.

    Args:
        model: On physical qubits.
        target: The device: its instructions and durations.
        qubits: Physical qubits.

    Raises:
        NoiseError: It has errors of delays or measurements, or readout errors of several qubits
            together, which no channel after an instruction is.
    """
    used = frozenset(qubits)
    relaxation = relaxation_of(model)
    instructions = list(calibrated_instructions(target, used))
    stages: dict[Element, Stages] = {}
    for each in instructions:
        error = _error_of(model, each.name, each.qubits)
        if error is None or error.ideal():
            continue
        if error.num_qubits != len(each.qubits) or error.num_qubits > 2:
            raise NoiseError(
                f"{each.description}: expected an error of one or two qubits, those of the gate, "
                f"got one of {error.num_qubits}"
            )
        stages[each.name, each.qubits] = _stages(error)
    readout = {}
    for qubit in sorted(used):
        for name in ("delay", "measure"):
            if _error_of(model, name, (qubit,)) is not None:
                raise NoiseError(
                    f"{describe(name, (qubit,))}: expected a NoiseModel without an error of it, "
                    "which only `engine` aer takes"
                )
        if (matrix := _readout_of(model, qubit)) is not None:
            readout[qubit] = matrix
    calibration = qubit_calibration(target, used)
    durations = {(i.name, i.qubits): i.duration for i in instructions}
    durations |= {("measure", (q,)): c.readout_duration for q, c in calibration.items()}
    elements = {(i.name, i.qubits) for i in instructions}
    elements |= {("measure", (qubit,)) for qubit in used}
    return NoiseChannels(
        qubits=used,
        stages=stages,
        readout_errors=readout,
        exact=frozenset(elements - stages.keys() - {("measure", (q,)) for q in readout}),
        refused={},
        sources=() if relaxation is None else (_Relaxation(relaxation),),
        durations={e: duration for e, duration in durations.items() if duration is not None},
        physical_gates=frozenset(
            (i.name, i.qubits)
            for i in instructions
            if i.is_physical_gate or (i.name, i.qubits) in stages
        ),
        coupling_rates={},
        leakage={},
        correlated_readout={},
        dt=target.dt,
    )


def _error_of(model: NoiseModel, name: str, qubits: tuple[int, ...]) -> QuantumError | None:
    local = model._local_quantum_errors.get(name, {})
    return local.get(qubits, model._default_quantum_errors.get(name))


def _readout_of(model: NoiseModel, qubit: int) -> NDArray[np.float64] | None:
    for qubits in model._local_readout_errors:
        if len(qubits) > 1 and qubit in qubits:
            raise NoiseError(
                f"{describe('measure', qubits)}: expected readout errors of single qubits, got one "
                "of several together, which only `engine` aer takes"
            )
    error: Any = model._local_readout_errors.get((qubit,), model._default_readout_error)
    return None if error is None or error.ideal() else np.asarray(error.probabilities)


def _stages(error: QuantumError) -> Stages:
    whole = kraus_operators(np.asarray(SuperOp(error).data))
    return (Kraus(whole, tuple(range(error.num_qubits))),)
