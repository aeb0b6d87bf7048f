"""The activation step of a layer whose neurons are joined by couplings."""

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn

from qnnq.networks.couplings import Coupling, Kind, angle_count, joint_probabilities
from qnnq.training.step import ActivationStep

SPREAD = 0.3
"""Of the angles that a training starts from, radians, about 0."""


class CoupledStep(ActivationStep):
    """Neighbours in groups of k are drawn together; neurons that are left over, on their own.

    Backward outcomes are differentiated by pre-activations as those of any neuron, straight
    through. By the couplings' angles they are not differentiated: `log_probability` is, so that its
    product with a loss has the gradient of the mean loss as its mean (the score function, which is
    not biased).

    Args:
        step: The layer's step without couplings.
        kind: Of all couplings.
        size: k.
        width: Neurons of the layer.
        generator: Draws the first angles.

    Attributes:
        joint: Returns the probabilities of all patterns, (..., 2**k), by the angles that neurons
            are rotated by, (..., k), and those of the couplings.
        angles: Of the couplings, radians, (groups, angles).
        log_probability: Of the outcomes of the last pass, the sum over groups, (...) as z without
            its last axis.
    """

    def __init__(
        self, step: ActivationStep, kind: Kind, size: int, width: int, generator: torch.Generator
    ) -> None:
        super().__init__(step.activation, step.stretch, step.entanglement)
        self.kind: Kind = kind
        self.joint: Callable[[Tensor, Tensor], Tensor] = partial(
            joint_probabilities, kind, xp=torch
        )
        self.size = size
        self.groups = width // size
        drawn = torch.randn(self.groups, angle_count(kind, size), generator=generator)
        self.angles = nn.Parameter(SPREAD * drawn)
        self.log_probability: Tensor | None = None

    def couplings(self) -> tuple[Coupling, ...]:
        """Return the couplings as they are now."""
        numbers = torch.arange(self.groups * self.size).reshape(self.groups, self.size)
        return tuple(
            Coupling.of(self.kind, neurons, angles)
            for neurons, angles in zip(numbers.tolist(), self.angles.tolist(), strict=True)
        )

    def _drawn(
        self, angle: Tensor, generator: torch.Generator | None, response: Tensor | None
    ) -> Tensor:
        coupled = self.groups * self.size
        theta = angle[..., :coupled].reshape(*angle.shape[:-1], self.groups, self.size)
        with torch.enable_grad():
            joint = self.joint(theta, self.angles)
            pattern = _patterns(joint.detach(), generator)
            chosen = joint.gather(-1, pattern[..., None])[..., 0]
            self.log_probability = chosen.clamp_min(1e-12).log().sum(-1)
        places = torch.arange(self.size - 1, -1, -1, device=angle.device)
        outcomes = (1 - 2 * (pattern[..., None] >> places & 1)).to(angle.dtype).flatten(-2)
        alone = super()._drawn(angle[..., coupled:], generator, response)
        return torch.cat([outcomes, alone], dim=-1)


def _patterns(joint: Tensor, generator: torch.Generator | None) -> Tensor:
    """Draw a pattern of each group, (...), by the probabilities (..., 2**k)."""
    drawn = torch.rand(joint.shape[:-1], generator=generator, device=joint.device)
    below = joint.cumsum(-1)[..., :-1] <= drawn[..., None]
    return below.sum(-1)
