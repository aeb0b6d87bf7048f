"""The activation step as a torch module: sampled forward, straight-through backward."""

import math
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from qnnq.networks.activation import Activation, phi, rotated, state_after


class NeuronState(NamedTuple):
    """What a layer's neurons remember: the angle alpha (radians) and the last outcome (+1, -1)."""

    angle: Tensor
    outcome: Tensor


class _StraightThrough(torch.autograd.Function):  # type: ignore[misc]
    """The outcomes forward; backward dL/dz = dL/dr times the slope, which stands for dr/dz."""

    @staticmethod
    def forward(ctx: Any, z: Tensor, outcome: Tensor, slope: Tensor) -> Tensor:
        ctx.save_for_backward(slope)
        return outcome.view_as(outcome)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        (slope,) = ctx.saved_tensors
        return gradients[0] * slope, None, None


def straight_through(z: Tensor, outcome: Tensor, slope: Tensor) -> Tensor:
    """Return `outcome`, differentiated as if its derivative by `z` were `slope`."""
    found: Tensor = _StraightThrough.apply(z, outcome, slope)
    return found


class ActivationStep(nn.Module):  # type: ignore[misc]
    """Rotate and measure the neurons of one layer, in closed form (arXiv:2503.15482).

    Stretch 0 with entanglement pi/2 is the classical sign network, stretch > 0 with pi/2 method 1,
    stretch 0 with less than pi/2 method 2, and both together the combined method.

    Backward the outcome r is differentiated as if dr/dz were 1 where |z| < 1, else 0; for `linear`,
    where P(r) is periodic in z, as if it were dE[r]/dz = s (pi/2) sin(alpha') / stretch, the
    derivative of the mean for the neuron's present state.
    """

    def __init__(self, activation: Activation, stretch: float, entanglement: float) -> None:
        super().__init__()
        self.activation = activation
        self.stretch = stretch
        self.entanglement = entanglement

    def forward(
        self,
        z: Tensor,
        state: NeuronState | None = None,
        generator: torch.Generator | None = None,
        response: Tensor | None = None,
    ) -> tuple[Tensor, NeuronState | None]:
        """Return the outcomes, shape of `z` (..., width), and the state to go on from.

        `state` is what the layer before left: its neuron j is this layer's neuron j, and further
        neurons are fresh. None stands for fresh neurons only, which projective measurement leaves.
        `response` has a, b, c of P(-1) = a + b cos + c sin, shape (3, ...) that broadcasts to `z`;
        None is the response without noise. The state to go on from is always the one that a host
        without knowledge of the noise tracks.
        """
        with torch.no_grad():
            activation = phi(z, self.activation, self.stretch, torch)
            alpha, last = state or (None, None)
            angle = rotated(activation, alpha, last, torch)
            minus = self._minus(angle, response)
            uniform = torch.rand(z.shape, generator=generator, device=z.device, dtype=z.dtype)
            outcome = torch.where(uniform < minus, -1.0, 1.0).to(z.dtype)
            after = None
            if self.entanglement < math.pi / 2:
                after = NeuronState(state_after(outcome, angle, self.entanglement, torch), outcome)
            slope = self._slope(z, angle, response)
        return straight_through(z, outcome, slope), after

    def _slope(self, z: Tensor, angle: Tensor, response: Tensor | None) -> Tensor:
        if self.activation != "linear":
            return z.abs() < 1
        cosine: float | Tensor = -math.sin(self.entanglement) / 2
        sine: float | Tensor = 0.0
        if response is not None:
            _, cosine, sine = response
        return (math.pi / self.stretch) * (sine * torch.cos(angle) - cosine * torch.sin(angle))

    def _minus(self, angle: Tensor, response: Tensor | None) -> Tensor:
        if response is None:
            return (1 - math.sin(self.entanglement) * torch.cos(angle)) / 2
        constant, cosine, sine = response
        return constant + cosine * torch.cos(angle) + sine * torch.sin(angle)
