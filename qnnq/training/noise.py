"""The noise that a network is trained under: responses of its compiled layers, by strength."""

import hashlib
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from qnnq.errors import InputError
from qnnq.networks.network import Network
from qnnq.runs.deploy import deploy
from qnnq.runs.request import RunRequest, check_request
from qnnq.training.branches import BranchResponse, response_of
from qnnq.training.settings import TrainingSettings


class NoiseTable:
    """What every layer answers under every strength and on every copy.

    Args:
        network: Widths and entanglement angles; its weights do not matter.
        settings: The noise, its strengths, the device and the qubits, the mode and its timing.
        device: torch's name of where training happens.

    Attributes:
        digest: SHA-256 (hexadecimal) of all coefficients.
        numbers_per_outcome: How many numbers are held at once for an outcome.

    Raises:
        InputError, NoiseError, TranspileError: If the noise and the network do not fit together.
    """

    def __init__(self, network: Network, settings: TrainingSettings, device: str) -> None:
        living = settings.mode == "coherent"
        rows: list[list[NDArray[np.float32]]] = []
        # Of a network with branches, the layers of every strength.
        self._branched: list[list[BranchResponse]] = []
        for strength in settings.strengths:
            request = RunRequest(
                noise=settings.noise,
                strength=strength,
                device=settings.device,
                qubits=settings.qubits,
                mode=settings.mode,
                feedback_latency=settings.feedback_latency,
            )
            check_request(request)
            deployment = deploy(request, network)
            branches = deployment.branch_tables()
            if branches is None:
                if living and "linear" in network.activations:
                    raise InputError(
                        "activation: expected htanh or tanh under noise in mode coherent where the "
                        "host computes angles, got linear"
                    )
                rows.append(deployment.tables())
            elif settings.dropout:
                raise InputError(
                    f"`dropout` {settings.dropout:g}: expected 0 under the noise of branches, "
                    "which take an outcome as +1 or -1"
                )
            else:
                self._branched.append([response_of(each, device) for each in branches])
        self._layers = []  # a tensor (strengths x copies, ...) each
        digest = hashlib.sha256()
        for response in (each for layers in self._branched for each in layers):
            digest.update(response.branches.cpu().numpy().tobytes())
            digest.update(response.measured.cpu().numpy().tobytes())
        for layer in map(_together, zip(*rows, strict=True)):
            digest.update(layer.tobytes())
            self._layers.append(torch.tensor(layer, device=device))
        self.digest = digest.hexdigest()
        if self._branched:
            self.numbers_per_outcome = 8 * self._branched[0][0].start.shape[-1] + 64
        elif living:
            self.numbers_per_outcome = max(sum(layer.shape[-2:]) for layer in self._layers)
        else:
            self.numbers_per_outcome = 1

    def draw(self, images: int, random: torch.Generator) -> "list[Tensor] | list[BranchResponse]":
        """Draw a row for each image; return the response of every layer.

        In stepwise mode these are a, b, c of P(-1) = a + b cos + c sin, shape (3, images, width);
        in coherent mode each image's matrices, as in `qnnq.training.living.living_step`. Where a
        network has branches, all images have the same strength, drawn anew by each call.
        """
        if self._branched:
            device = self._branched[0][0].start.device
            drawn = torch.randint(len(self._branched), (1,), generator=random, device=device)
            return self._branched[int(drawn)]
        rows = len(self._layers[0])
        device = self._layers[0].device
        drawn = torch.randint(rows, (images,), generator=random, device=device)
        return [layer[drawn].transpose(0, 1) for layer in self._layers]


def _together(rows: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
    """Return one layer's rows of all strengths; in coherent mode as matrices.

    Under little noise fewer coordinates are enough; the others of such a strength stay 0.
    """
    if rows[0].ndim == 3:
        return np.concatenate(rows)
    most = np.max([row.shape for row in rows], axis=0)
    padded = [np.pad(row, [(0, m - n) for m, n in zip(most, row.shape)]) for row in rows]
    together = np.concatenate(padded)
    *kept, before, reported, after = together.shape
    return together.reshape(*kept[:2], 6 * before, reported * after)
