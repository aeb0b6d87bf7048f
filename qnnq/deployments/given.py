"""A network on a device under a noise model of Aer that was given as an object."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from qiskit_aer.noise import NoiseModel

from noise_models.channels import NoiseChannels
from noise_models.given import channels_of_model, digest_of_model, relaxation_of
from qnnq.deployments.kept import facts_of_task
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
        """The noise at strength 1, in canonical words."""
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

    @cached_property
    def _facts(self) -> dict[str, Any]:
        """As of any noise, but without its channels, which engine `aer` does not need.

        Whoever has such an object has imported Qiskit, so they are compiled in each process.
        """
        return {
            "task": facts_of_task(lambda task: self.placement.placed(task, self.layers)),
            "correlated_readout": False,
            "turns": [[layer.shape.width, layer.slots, layer.parts] for layer in self.layers],
        }

    def check(self, engine: str) -> None:
        """Compile, build the noise and see that an engine takes them."""
        super().check(engine)
        _ = relaxation_of(self.given.model) if engine == "aer" else self.channels

    def engine(self, name: str) -> Engine:
        """Return the engine `aer` or `instrument` over these layers."""
        if name != "aer":
            return super().engine(name)
        from qnnq.execution.engines.aer import AerEngine

        return AerEngine(self.layers, [self.given.model] * len(self.layers))

    def identity(self) -> dict[str, Any]:
        """Return all that determines the circuits and their noise, as plain JSON."""
        return {**super().identity(), "noise": self.noise}

    def completed(self, task: Task) -> Task:
        """Return a task with what of this deployment determines its simulated result."""
        return replace(super().completed(task), noise=self.noise, strength=1.0)
