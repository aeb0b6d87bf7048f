"""The noise that a network is trained under: responses of its compiled layers, by strength."""

import hashlib

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from qnnq.errors import InputError
from qnnq.execution.deployment import Deployment, deploy
from qnnq.execution.measured_deployment import MeasuredDeployment, deploy_measured, is_measured
from qnnq.execution.request import RunRequest
from qnnq.networks.network import Network
from qnnq.training.settings import TrainingSettings


class NoiseTable:
    """P(-1) = a + b cos + c sin of every neuron, under every strength and on every copy.

    Args:
        network: Widths and entanglement angles; its weights do not matter.
        settings: The noise, its strengths, the device and the qubits.
        device: torch's name of where training happens.

    Attributes:
        digest: SHA-256 (hexadecimal) of all coefficients.

    Raises:
        InputError, NoiseError, TranspileError: If the noise and the network do not fit together.
    """

    def __init__(self, network: Network, settings: TrainingSettings, device: str) -> None:
        build = deploy_measured if is_measured(settings.noise) else deploy
        rows = zip(
            *(
                _coefficients(
                    build(
                        RunRequest(
                            noise=settings.noise,
                            strength=strength,
                            device=settings.device,
                            qubits=settings.qubits,
                        ),
                        network,
                    )
                )
                for strength in settings.strengths
            ),
            strict=True,
        )
        self._layers = []  # a tensor (strengths x copies, 3, width) each
        digest = hashlib.sha256()
        for layer in map(np.concatenate, rows):
            digest.update(layer.tobytes())
            self._layers.append(torch.tensor(layer, device=device))
        self.digest = digest.hexdigest()

    def draw(self, images: int, random: torch.Generator) -> list[Tensor]:
        """Draw a row for each image; return a, b, c of every layer, shape (3, images, width)."""
        rows = len(self._layers[0])
        device = self._layers[0].device
        drawn = torch.randint(rows, (images,), generator=random, device=device)
        return [layer[drawn].transpose(0, 1) for layer in self._layers]


def _coefficients(deployment: Deployment | MeasuredDeployment) -> list[NDArray[np.float32]]:
    """Return a, b, c of P(-1) of every layer, shape (copies, 3, width)."""
    refused = isinstance(deployment, Deployment) and (
        deployment.drifts or any(channels.correlated_readout for channels in deployment.channels)
    )
    if refused or any(response.has_joined for response in deployment.responses):
        raise InputError(
            "noise: expected one that leaves neurons independent and does not drift, to train "
            "under it"
        )
    return [response.minus.swapaxes(0, 1) for response in deployment.responses]
