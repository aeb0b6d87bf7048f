"""A network on a device, a circuit a layer: compiled layers, their noise, their engines."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from noise_models import NoiseError, NoiseSpecification
from noise_models.drift import drift_term, without_drift
from noise_models.factors import Factors, steady
from qnnq.data.dataset import Dataset
from qnnq.deployments.base import Deployment, PlacedCircuit
from qnnq.deployments.identity import noisy_device
from qnnq.deployments.kept import (
    facts_of_task,
    kept_accuracy,
    kept_facts,
    kept_responses,
    with_facts,
)
from qnnq.deployments.layered import LayeredMode
from qnnq.deployments.noise_text import split_strength
from qnnq.deployments.placed_network import PlacedNetwork
from qnnq.deployments.placement import Placement
from qnnq.deployments.prediction import sampled_accuracy
from qnnq.deployments.variations import REPETITIONS, Variation
from qnnq.errors import InputError
from qnnq.execution.class_probabilities import check_enumerable
from qnnq.execution.engines.base import Engine
from qnnq.networks.network import Network
from qnnq.results.task import Task
from qnnq.wording import nearest

if TYPE_CHECKING:
    from noise_models.channels import NoiseChannels
    from qnnq.execution.engines.compensated import CompensatedEngine
    from qnnq.execution.engines.layer_response import LayerResponse
    from transpile import CompiledLayer

SIMULATING = ("instrument", "aer")
"""Engines that simulate a deployment."""


@dataclass(frozen=True, eq=False)
class StepwiseDeployment(Deployment):
    """The hidden layers of a network, compiled for a device, with the noise of their qubits.

    Attributes:
        placed: The network, and where it is.
        specification: The noise, its strength included.
        compensate: Whether angles are corrected for the noise.
        factors: What the strengths of the noise are multiplied by, element by element.
    """

    placed: PlacedNetwork
    specification: NoiseSpecification
    compensate: bool = False
    factors: Factors = steady

    @property
    def network(self) -> Network:
        """The network."""
        return self.placed.network

    @property
    def placement(self) -> Placement:
        """Where the network is."""
        return self.placed.placement

    @property
    def layers(self) -> "tuple[CompiledLayer, ...]":
        """The compiled circuit of every hidden layer, its waits explicit."""
        return self.placed.scheduled

    @cached_property
    def channels(self) -> "tuple[NoiseChannels, ...]":
        """The noise of every hidden layer, without its drift."""
        from qnnq.deployments.compilation import layer_channels

        noise = without_drift(self.specification)
        return tuple(
            layer_channels(self.placement.device, noise, layer, self.factors)
            for layer in self.layers
        )

    @property
    def calibration(self) -> dict[str, str | None]:
        """The device and the time of its calibration data, None without a device."""
        return {"device": self.placement.device.name, "time": self.placement.device.calibration}

    @property
    def copies(self) -> int:
        """Images side by side on the chip."""
        return int(self._facts["task"]["copies"])

    @property
    def noise(self) -> str:
        """The noise at strength 1, in canonical words."""
        return split_strength(self.specification)[0]

    def check(self, engine: str) -> None:
        """Compile, build the noise and see that an engine takes them."""
        if engine == "exact":
            check_enumerable(self.network)
            self._check_exact()
        _ = self._facts

    @cached_property
    def _facts(self) -> dict[str, Any]:
        """What is to be known of the circuits and their noise without compiling them again."""

        def found() -> dict[str, Any]:
            from qnnq.deployments.compilation import relaxing_while_coupled

            layers, channels = self.layers, self.channels
            waits = "coupled" if relaxing_while_coupled(layers, channels) else None
            return {
                "task": facts_of_task(
                    lambda task: replace(self.placement.placed(task, layers), waits=waits)
                ),
                "correlated_readout": any(each.correlated_readout for each in channels),
                "turns": [[layer.shape.width, layer.slots, layer.parts] for layer in layers],
            }

        return found() if self._varied else kept_facts(self.identity(), found)

    @property
    def _varied(self) -> bool:
        """Whether the noise is that of one time of a drift."""
        return self.factors is not steady

    @property
    def turns(self) -> tuple[tuple[int, int, int], ...]:
        """Of each layer: neurons, places on the chip, executions that a shot takes."""
        return tuple((width, slots, parts) for width, slots, parts in self._facts["turns"])

    def _check_exact(self) -> None:
        if self.drifts:
            raise InputError(
                "`engine` exact: expected noise without drift, which no calibration's "
                "probabilities hold; `engine` instrument samples it"
            )
        if self._has_correlated_readout:
            raise InputError(
                "`engine` exact: expected noise without correlated_readout; `engine` instrument "
                "samples it"
            )

    def exact_responses(self) -> "tuple[LayerResponse, ...]":
        """Return what every layer answers, by which engine `exact` calculates probabilities."""
        self._check_exact()
        return self.responses

    def identity(self) -> dict[str, Any]:
        """Return all that determines the circuits and their noise, as plain JSON."""
        placement = self.placement
        return {
            "mode": "stepwise",
            "network": self.network.digest,
            "qubits": placement.qubits,
            "copies": self.placed.copies or placement.copies,
            "pairs": placement.pairs,
            "pair_gate": placement.pair_gate,
            "compensate": self.compensate,
            **noisy_device(self.specification, placement.device),
        }

    def completed(self, task: Task) -> Task:
        """Return a task with what of this deployment determines its simulated result."""
        noise, strength = split_strength(self.specification)
        return replace(
            with_facts(task, self._facts["task"]),
            noise=noise,
            strength=strength,
            wandering="elements" if self.drifts else None,
        )

    def circuits(self) -> tuple[PlacedCircuit, ...]:
        """Return the circuits that a device would execute, in their order; without any, ()."""
        from transpile import report

        target = self.placement.device.target
        return tuple(
            PlacedCircuit(
                *(layer, layer.shape.width, layer.shape.copies, layer.parts, layer.slots),
                report(layer, target).duration_s,
            )
            for layer in self.placed.layers
        )

    def submitted(self, task: Task) -> Task:
        """Return a task whose result comes from executing `circuits` on the device."""
        return self.placement.placed(task, self.placed.layers)

    def mode(self, engine: str, shots: int, seed: int) -> LayeredMode:
        """Return what the shot loop goes through the layers with."""
        if self.drifts:
            measuring = self.drifting_engine(engine, shots=shots, seed=seed)
        else:
            measuring = self.engine(engine)
        compensated = self.compensated(measuring) if self.compensate else None
        return LayeredMode(measuring, self.network.entanglements, compensated)

    def engine(self, name: str) -> Engine:
        """Return the engine `aer` or `instrument` over these layers, without drift.

        Raises:
            InputError: If there is no such engine.
        """
        engine = self._engine(name)
        if self._has_correlated_readout:
            from qnnq.execution.engines.correlated_readout import CorrelatedReadoutEngine

            return CorrelatedReadoutEngine(engine, self.layers, self.channels)
        return engine

    def _engine(self, name: str) -> Engine:
        if name == "aer":
            from qnnq.execution.engines.aer import AerEngine

            return AerEngine(self.layers, self.channels)
        if name != "instrument":
            raise InputError(
                f"`engine` {name!r}: expected one of {', '.join(SIMULATING)}"
                f"{nearest(name, SIMULATING)}"
            )
        from qnnq.execution.engines.instrument import InstrumentEngine

        return InstrumentEngine(self.responses)

    def under(
        self, specification: NoiseSpecification, factors: Factors = steady
    ) -> "StepwiseDeployment":
        """Return the same circuits under another noise.

        Args:
            specification: The noise.
            factors: What its strengths are multiplied by, element by element.
        """
        return replace(self, specification=specification, factors=factors)

    @property
    def drifts(self) -> bool:
        """Whether the noise wanders with time."""
        return drift_term(self.specification) is not None

    @property
    def _has_correlated_readout(self) -> bool:
        if self._varied:
            return any(channels.correlated_readout for channels in self.channels)
        return bool(self._facts["correlated_readout"])

    @property
    def has_independent_neurons(self) -> bool:
        """Whether no noise joins the answers of neurons."""
        joined = any(response.has_joined for response in self.responses)
        return not joined and not self._has_correlated_readout

    def drifting_engine(self, name: str, *, shots: int, seed: int) -> Engine:
        """Return the engine `aer` or `instrument` under the drift of the noise.

        Args:
            name: The engine.
            shots: Shots an image.
            seed: Seed of the drift.
        """
        from qnnq.execution.engines.drifting import DriftingEngine

        drift, steady_noise = drift_term(self.specification), without_drift(self.specification)
        if drift is None:
            raise ValueError(f"{self.specification}: expected a drift")
        return DriftingEngine(
            lambda factors: self.under(steady_noise, factors).engine(name),
            drift,
            shots=shots,
            copies=self.copies,
            seed=seed,
        )

    @cached_property
    def responses(self) -> "tuple[LayerResponse, ...]":
        """The exact response of every layer; equal layers share one."""

        def calculated() -> "tuple[LayerResponse, ...]":
            from qnnq.execution.engines.response import layer_response

            return tuple(map(layer_response, self.layers, self.channels))

        return calculated() if self._varied else kept_responses(self.identity(), calculated)

    def compensated(self, engine: Engine) -> "CompensatedEngine":
        """Return an engine that corrects angles for this noise before `engine` measures them."""
        from qnnq.execution.engines.compensated import CompensatedEngine

        if self._has_correlated_readout:
            raise InputError("`compensate`: expected noise without correlated_readout")
        return CompensatedEngine(engine, self.responses, self.network.entanglements)

    def predicted(self, dataset: Dataset) -> float | None:
        """Return the share of shots that will be right, None where the noise is not known."""
        try:
            plain = replace(self, compensate=False)
            if self._varied:
                return sampled_accuracy(plain, "instrument", dataset)
            return kept_accuracy(
                {**plain.identity(), "data": dataset.digest},
                lambda: sampled_accuracy(plain, "instrument", dataset),
            )
        except NoiseError:
            return None

    def variations(self, engine: str, shots: int, seed: int) -> tuple[Variation, ...]:
        """Return why another run of the same task on the device might differ; see `mode`."""
        if not self.drifts or engine != "instrument":  # so many runs of another one take too long
            return ()

        def modes() -> Iterator[LayeredMode]:
            key = (REPETITIONS, REPETITIONS)
            days = np.random.SeedSequence(seed, spawn_key=key).generate_state(REPETITIONS)
            return (self.mode(engine, shots, day) for day in days.tolist())

        return (Variation("drift", modes),)

    def tables(self) -> list[NDArray[np.float32]]:
        """Return what every layer answers, for a training under this noise."""
        if self.drifts or not self.has_independent_neurons:
            raise InputError(
                "noise: expected one that leaves neurons independent and does not drift, to train "
                "under it"
            )
        return [response.minus.swapaxes(0, 1) for response in self.responses]
