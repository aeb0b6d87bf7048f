"""The training images in batches, changed as the recipe says."""

import math
from collections.abc import Iterator

import torch
from torch import Tensor, nn

from qnnq.errors import InputError
from qnnq.training.randomness import generator
from qnnq.training.settings import TrainingSettings


class Batches:
    """Images in a new order every epoch, shifted and with pixels dropped.

    Args:
        pixels: Shape (images, pixels), in [0, 1], on the device that is trained on.
        labels: Shape (images,).
        settings: The seed, the batch size and the recipe.

    Raises:
        InputError: If images that are no squares are to be shifted, or by more than their side.
    """

    def __init__(self, pixels: Tensor, labels: Tensor, settings: TrainingSettings) -> None:
        self._pixels, self._labels, self._settings = pixels, labels, settings
        self._side = math.isqrt(pixels.shape[1])
        if settings.shift and self._side**2 != pixels.shape[1]:
            raise InputError(f"shift: expected square images, got ones of {pixels.shape[1]} pixels")
        if settings.shift > self._side:
            raise InputError(f"shift: expected at most {self._side} pixels, got {settings.shift}")
        self.order = generator("cpu", settings.seed, 1)
        self.changes = generator(str(pixels.device), settings.seed, 4)

    def __len__(self) -> int:
        return len(self._labels)

    def epoch(self) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield (pixels, labels) of every batch of one epoch."""
        order = torch.randperm(len(self), generator=self.order).to(self._pixels.device)
        for batch in order.split(min(self._settings.batch_size, len(self))):
            pixels = self._pixels[batch]
            if self._settings.shift:
                pixels = self._shifted(pixels)
            yield (
                drop(pixels, self._settings.input_dropout, self.changes),
                self._labels[batch],
            )

    def _shifted(self, pixels: Tensor) -> Tensor:
        most, side, device = self._settings.shift, self._side, pixels.device
        images = nn.functional.pad(pixels.view(-1, side, side), (most,) * 4)
        size = (2, len(images), 1)
        corners = torch.randint(2 * most + 1, size, generator=self.changes, device=device)
        rows, columns = corners + torch.arange(side, device=device)  # each (images, side)
        image = torch.arange(len(images), device=device)[:, None, None]
        return images[image, rows[:, :, None], columns[:, None, :]].reshape(pixels.shape)


def drop(values: Tensor, share: float, random: torch.Generator | None) -> Tensor:
    """Set a share of the values to 0 and scale the others so that the mean stays."""
    if share == 0:
        return values
    kept = torch.rand(values.shape, generator=random, device=values.device) >= share
    return values * kept / (1 - share)
