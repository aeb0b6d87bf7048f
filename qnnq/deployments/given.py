"""A network on a device under a noise model of Aer that was given as an object."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from qiskit_aer.noise import NoiseModel

from noise_models.channels import NoiseChannels
from noise_models.given import channels_of_model, digest_of_model, relaxation_of
from qnnq.deployments.stepwise import StepwiseDeployment
from qnnq.execution.engines.base import Engine
from qnnq.results.task import Task


@dataclass(frozen=True, eq=False)
class GivenNoise:
    """A noise model of Aer; its identity is its content."""

    model: NoiseModel

    @cached_property
    def name(self) -> str:
        """What a task calls it."""
        return f"aer({digest_of_model(self.model)})"


@dataclass(frozen=True, eq=False, kw_only=True)
class GivenNoiseDeployment(StepwiseDeployment):
    """See `qnnq.deployments.base.Deployment`; engine `aer` takes the noise as it is.

    Attributes:
        given: The noise.
    """

    given: GivenNoise

    @property
    def noise(self) -> str:
        """See `qnnq.deployments.base.Deployment`."""
        return self.given.name

    @cached_property
    def channels(self) -> tuple[NoiseChannels, ...]:
        """The noise of every hidden layer; raises NoiseError where it is no channels."""
        target = self.placement.device.target
        return tuple(
            channels_of_model(
                self.given.model, target, [q for site in layer.sites for q in site.qubits]
            )
            for layer in self.layers
        )

    def check(self, engine: str) -> None:
        """See `qnnq.deployments.base.Deployment`."""
        if engine != "aer":
            super().check(engine)
        _ = self.layers, relaxation_of(self.given.model)

    def engine(self, name: str) -> Engine:
        """Return the engine `aer` or `instrument` over these layers."""
        if name != "aer":
            return super().engine(name)
        from qnnq.execution.engines.aer import AerEngine

        return AerEngine(self.layers, [self.given.model] * len(self.layers))

    def identity(self) -> dict[str, Any]:
        """See `qnnq.deployments.base.Deployment`."""
        return {**super().identity(), "noise": self.noise}

    def completed(self, task: Task) -> Task:
        """See `qnnq.deployments.base.Deployment`."""
        placed = self.placement.placed(task, self.layers)
        return replace(placed, noise=self.noise, strength=1.0)
