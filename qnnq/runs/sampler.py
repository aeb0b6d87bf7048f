"""The exact noisy engine as a primitive of Qiskit."""

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from qiskit.circuit import ParameterVector, QuantumCircuit
from qiskit.primitives import (
    BaseSamplerV2,
    BitArray,
    DataBin,
    PrimitiveJob,
    PrimitiveResult,
    SamplerPubLike,
    SamplerPubResult,
)
from qiskit.primitives.containers.sampler_pub import SamplerPub

from noise_models.channels import NoiseChannels, build_channels
from noise_models.coverage import check_coverage
from noise_models.drift import drift_term
from qnnq.deployments.noise_text import parse_noise
from qnnq.devices.device import DEFAULT_DEVICE, DeviceLike
from qnnq.devices.names import resolve_device
from qnnq.errors import InputError
from qnnq.execution.engines.response import (
    component_probabilities,
    measured_slots,
    placed_components,
)
from transpile import schedule_where_known, unknown_wait

LARGEST_STATE = 1 << 22
"""Numbers in the states of a component that are followed at once: 4 a qubit."""

MOST_QUBITS = 10
"""Of a component: 4^10 numbers for each set of parameters."""


class InstrumentSampler(BaseSamplerV2):  # type: ignore[misc]
    """Samples noisy circuits whose qubits fall apart into small groups, without simulating shots.

    Qubits that gates join, directly or through others, are a component. Its bits' probabilities are
    computed exactly, noise included, for all sets of parameters together; shots are drawn from
    them. So a circuit may have as many qubits as the device, as long as no component has more than
    ten.

    >>> from qiskit import QuantumCircuit
    >>> from qiskit.circuit import Parameter
    >>> import qnnq
    >>> circuit = QuantumCircuit(1)
    >>> _ = circuit.rz(Parameter("turn"), 0)
    >>> circuit.measure_all()
    >>> sampler = qnnq.InstrumentSampler("fake_torino", "readout(p=0.1)", seed=1)
    >>> job = sampler.run([(circuit, [[0.1], [0.2]])], shots=2000)
    >>> job.result()[0].data.meas.num_shots
    2000

    Args:
        device: As everywhere: a name, a file, a BackendV2, a Target or a Device.
        noise: A specification such as `fake_torino*2`; None: that of the device.
        default_shots: Where a pub and `run` say none.
        seed: Of the draws; None: another one each time.

    Raises:
        InputError, NoiseError: If there is no such device or noise.
    """

    def __init__(
        self,
        device: DeviceLike = DEFAULT_DEVICE,
        noise: str | None = None,
        *,
        default_shots: int = 1024,
        seed: int | None = None,
    ) -> None:
        self._specification, name = parse_noise("device" if noise is None else noise, device)
        if drift_term(self._specification) is not None:
            raise InputError(f"`noise` {noise}: expected one without drift, which acts on jobs")
        self._target = resolve_device(name).target
        self._default_shots = default_shots
        self._random = np.random.default_rng(seed)

    def run(
        self, pubs: Iterable[SamplerPubLike], *, shots: int | None = None
    ) -> PrimitiveJob[PrimitiveResult[SamplerPubResult]]:
        """Sample circuits that are compiled for the device, at their parameters' values.

        Raises:
            InputError: If a circuit has a component of more than ten qubits, control flow, a reset,
                or gates after a measurement.
            NoiseError: If the noise does not cover a circuit.
        """
        coerced = [SamplerPub.coerce(pub, shots or self._default_shots) for pub in pubs]
        prepared = [_Prepared(pub, self._target, self._specification) for pub in coerced]
        job = PrimitiveJob(self._sampled, prepared)
        job._submit()
        return job

    def _sampled(self, prepared: "list[_Prepared]") -> PrimitiveResult[SamplerPubResult]:
        return PrimitiveResult([each.sample(self._random) for each in prepared])


class _Prepared:
    """A pub whose circuit was checked: its components and its points."""

    def __init__(self, pub: SamplerPub, target: Any, specification: Any) -> None:
        self._pub = pub
        circuit = pub.circuit
        _check_operations(circuit)
        parameters = ParameterVector("value", circuit.num_parameters)
        self._circuit = schedule_where_known(
            circuit.assign_parameters(dict(zip(circuit.parameters, parameters, strict=True))),
            target,
        )
        used = {circuit.find_bit(qubit).index for item in circuit.data for qubit in item.qubits}
        self._channels: NoiseChannels = build_channels(specification, target, used)
        check_coverage(
            self._circuit, self._channels, specification, unknown_wait(self._circuit, target)
        )
        if self._channels.correlated_readout:
            raise InputError(f"`noise` {specification}: expected no correlated_readout here")
        self._components = placed_components(self._circuit, self._channels)
        largest = max((len(qubits) for qubits, _ in self._components), default=0)
        if largest > MOST_QUBITS:
            raise InputError(
                f"circuit {circuit.name}: expected qubits in groups of at most {MOST_QUBITS} that "
                f"gates join, got {largest} (use Aer's sampler for such a circuit)"
            )

    def sample(self, random: np.random.Generator) -> SamplerPubResult:
        """Draw the shots of all points."""
        pub = self._pub
        values = pub.parameter_values.as_array(pub.circuit.parameters)
        points = values.reshape(math.prod(pub.shape), pub.circuit.num_parameters)
        bits = np.zeros((len(points), pub.shots, pub.circuit.num_clbits), dtype=bool)
        for qubits, placed in self._components:
            slot_of_qubit = measured_slots(self._circuit, placed)
            if not slot_of_qubit:
                continue
            size = max(1, LARGEST_STATE // 4 ** len(qubits))
            for start in range(0, len(points), size):
                block = points[start : start + size]
                probabilities = component_probabilities(
                    placed,
                    qubits,
                    slot_of_qubit,
                    self._channels,
                    [dict(enumerate(point.tolist())) for point in block],
                )
                bits[start : start + size][..., sorted(slot_of_qubit.values())] = _drawn(
                    np.broadcast_to(probabilities, (len(block), *probabilities.shape[1:])),
                    pub.shots,
                    random,
                )
        shaped = bits.reshape(*pub.shape, *bits.shape[1:])
        found = {
            register.name: BitArray.from_bool_array(
                shaped[..., [pub.circuit.find_bit(bit).index for bit in register]], order="little"
            )
            for register in pub.circuit.cregs
        }
        return SamplerPubResult(DataBin(**found, shape=pub.shape), metadata={"shots": pub.shots})


def _drawn(
    probabilities: NDArray[np.float64], shots: int, random: np.random.Generator
) -> NDArray[np.bool_]:
    """Draw bits (points, shots, k) from probabilities (points, 2, ..., 2)."""
    count = probabilities.ndim - 1
    # Rounding leaves probabilities of 0 at -1e-17.
    table = np.clip(probabilities.reshape(len(probabilities), -1), 0, None)
    table = np.cumsum(table, axis=1)
    uniforms = random.random((len(table), shots)) * table[:, -1:]
    patterns = np.stack(
        [np.searchsorted(row, drawn, side="right") for row, drawn in zip(table, uniforms)]
    )
    shifts = np.arange(count - 1, -1, -1)
    return (patterns[..., None] >> shifts & 1).astype(bool)


def _check_operations(circuit: QuantumCircuit) -> None:
    measured: dict[Any, int] = {}
    for item in circuit.data:
        name = item.operation.name
        if name in ("reset", "initialize") or hasattr(item.operation, "blocks"):
            raise InputError(
                f"circuit {circuit.name}: expected gates, delays and final measurements, got {name}"
            )
        where = [circuit.find_bit(qubit).index for qubit in item.qubits]
        again = [qubit for qubit in where if qubit in measured]
        if again and name != "barrier":
            raise InputError(
                f"circuit {circuit.name}: expected nothing after a measurement, got {name} on "
                f"qubit {again[0]}"
            )
        if name == "measure":
            bit = circuit.find_bit(item.clbits[0]).index
            if bit in measured.values():
                raise InputError(
                    f"circuit {circuit.name}: expected one measurement a bit, got two of bit {bit}"
                )
            measured[where[0]] = bit
