"""Learned Pauli-Lindblad noise, read from a file.

A layer of two-qubit gates suffers exp(sum_j r_j D_j) with D_j(rho) = P_j rho P_j - rho: each Pauli
P_j acts with probability (1 - exp(-2 r_j)) / 2 (van den Berg et al., Nature Physics 19, 1116
(2023)). Whole layers are learned, so one-qubit gates have no error of their own.

A gate gets the generators of its layer on its qubits. Of a generator that joins it to another
qubit, its part on the gate acts, as if on its own: the state of each gate's qubits is exact, the
correlation of the errors of neighbouring gates is left out.
"""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING

from noise_models.elements import CalibratedInstruction
from noise_models.errors import NoiseError
from noise_models.factors import Factors, steady
from noise_models.source import NoiseSource
from noise_models.specification import NoiseTerm
from noise_models.stages import Mixture, Stages, pauli_mixture

if TYPE_CHECKING:
    from qiskit.quantum_info import PauliLindbladMap
    from qiskit_ibm_runtime.results import LayerError

EXPECTED = (
    "the JSON of a NoiseLearnerV3 result, of one or several PauliLindbladMapModel, or what the "
    "RuntimeEncoder writes of NoiseLearner results, LayerErrors or PauliLindbladMaps"
)


@dataclass(frozen=True)
class LearnedLayer:
    """The noise of one layer.

    Attributes:
        terms: The Pauli on each physical qubit, and its rate.
        gates: The qubits of its two-qubit gates; None where the file does not say.
    """

    terms: tuple[tuple[Mapping[int, str], float], ...]
    gates: frozenset[frozenset[int]] | None

    def acts_on(self, pair: frozenset[int]) -> bool:
        """Whether a gate on these qubits is in this layer, as far as the file tells."""
        if self.gates is not None:
            return pair in self.gates
        return pair <= {qubit for paulis, _ in self.terms for qubit in paulis}


class PauliLindblad(NoiseSource):
    """The learned noise of two-qubit gates; strength x means rates times x."""

    def __init__(self, term: NoiseTerm, num_qubits: int, factors: Factors = steady) -> None:
        super().__init__(term, factors)
        self._path = term.text("file")
        self._layers = read_layers(self._path, num_qubits)

    def gate_stages(self, instruction: CalibratedInstruction) -> Stages:
        """Return what acts after an instruction."""
        if not instruction.is_physical_gate or len(instruction.qubits) != 2:
            return ()
        pair = frozenset(instruction.qubits)
        layers = [layer for layer in self._layers if layer.acts_on(pair)]
        if len(layers) != 1:
            raise NoiseError(
                f"found {len(layers) or 'no'} layers of {self._path} that have its noise, "
                "expected one"
            )
        return _joined(self._mixtures(layers[0], instruction.qubits))

    def _mixtures(self, layer: LearnedLayer, qubits: tuple[int, ...]) -> Iterable[Mixture]:
        strength = self.strength(qubits)
        for paulis, rate in layer.terms:
            letters = [paulis.get(qubit, "I") for qubit in qubits]
            if any(letter != "I" for letter in letters):
                probability = -math.expm1(-2 * rate * strength) / 2
                yield pauli_mixture(["id" if p == "I" else p.lower() for p in letters], probability)


def _joined(mixtures: Iterable[Mixture]) -> Stages:
    joined = list(mixtures)
    return (reduce(Mixture.then, joined),) if joined else ()


def read_layers(path: str, num_qubits: int) -> tuple[LearnedLayer, ...]:
    """Read a file of learned noise.

    Args:
        path: The JSON of what the runtime's NoiseLearnerV3 returned (all of whose layers have to be
            on all of the device); of `PauliLindbladMapModel`s: {"num_qubits": .., "sparse_terms":
            [["ZZ", [3, 4], 1e-3], ..]}; or what `json.dump(.., cls=RuntimeEncoder)` writes of a
            NoiseLearner's result, of its `LayerError`s or of Qiskit's `PauliLindbladMap`s, one or a
            list. A map of fewer qubits becomes one of the device by `apply_layout`.
        num_qubits: Of the device.

    Raises:
        NoiseError: A file that cannot be read, or that is not of the device.
    """
    try:
        text = Path(path).read_text()
        if text.startswith("version https://git-lfs.github.com/spec/"):
            raise NoiseError(
                f"noise term pauli_lindblad: {path}: is a Git LFS pointer, not the file itself; "
                "git lfs pull fetches it"
            )
        layers = _decoded(text)
    except NoiseError:
        raise
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        reason = error.strerror if isinstance(error, OSError) else f"expected {EXPECTED}"
        raise NoiseError(f"noise term pauli_lindblad: {path}: {reason}") from None
    if not layers:
        raise NoiseError(f"noise term pauli_lindblad: {path}: found no layer of gates")
    for size, layer in layers:
        if size not in (None, num_qubits):
            raise NoiseError(
                f"noise term pauli_lindblad: {path}: found a layer of {size} qubits, expected the "
                f"{num_qubits} of the device"
            )
        for paulis, rate in layer.terms:
            if not (math.isfinite(rate) and rate >= 0):
                raise NoiseError(
                    f"noise term pauli_lindblad: {path}: found the rate {rate:g} of {dict(paulis)},"
                    " expected a number >= 0"
                )
    return tuple(layer for _, layer in layers)


def _decoded(text: str) -> list[tuple[int | None, LearnedLayer]]:
    """Return the layers and, where the numbers of their qubits are not given, how many they are."""
    document = json.loads(text)
    if isinstance(document, dict) and "schema_version" in document:
        from qiskit_ibm_runtime.decoders.noise_learner_v3.decoder import (
            NoiseLearnerV3ResultDecoder,
        )

        results = [
            result
            for result in NoiseLearnerV3ResultDecoder.decode(text)
            if result.metadata.get("learning_protocol", "lindblad") == "lindblad"
        ]
        return [_of_map(result.to_pauli_lindblad_map()) for result in results]
    documents = document if isinstance(document, list) else [document]
    if all("sparse_terms" in item for item in documents):
        from ibm_quantum_schemas.common import PauliLindbladMapModel

        models = [PauliLindbladMapModel.model_validate(item) for item in documents]
        return [_of_map(model.to_pauli_lindblad_map()) for model in models]
    from qiskit.quantum_info import PauliLindbladMap
    from qiskit_ibm_runtime import RuntimeDecoder
    from qiskit_ibm_runtime.results import LayerError, NoiseLearnerResult

    learned = json.loads(text, cls=RuntimeDecoder)
    if isinstance(learned, NoiseLearnerResult):
        learned = learned.data
    layers: list[tuple[int | None, LearnedLayer]] = []
    for item in learned if isinstance(learned, list) else [learned]:
        if isinstance(item, PauliLindbladMap):
            layers.append(_of_map(item))
        elif not isinstance(item, LayerError):
            raise TypeError(item)
        elif item.error is not None:
            layers.append((None, _of_layer_error(item)))
    return layers


def _of_map(learned: "PauliLindbladMap") -> tuple[int, LearnedLayer]:
    return learned.num_qubits, LearnedLayer(_terms(learned, range(learned.num_qubits)), None)


def _of_layer_error(learned: "LayerError") -> LearnedLayer:
    from qiskit.quantum_info import PauliLindbladMap

    qubits, circuit = learned.qubits, learned.circuit
    rates = learned.error.rates.tolist()
    labels = learned.error.generators.to_labels()
    whole = PauliLindbladMap.from_list(list(zip(labels, rates, strict=True)))
    gates = frozenset(
        frozenset(qubits[circuit.find_bit(bit).index] for bit in item.qubits)
        for item in circuit.data
        if len(item.qubits) == 2
    )
    return LearnedLayer(_terms(whole, qubits), gates)


def _terms(
    learned: "PauliLindbladMap", physical: Sequence[int]
) -> tuple[tuple[Mapping[int, str], float], ...]:
    return tuple(
        ({physical[qubit]: letter for letter, qubit in zip(paulis, qubits, strict=True)}, rate)
        for paulis, qubits, rate in learned.to_sparse_list()
    )
