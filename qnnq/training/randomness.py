"""Random numbers of a training: a stream of its own for each purpose."""

import numpy as np
import torch


def generator(device: str, *key: int) -> torch.Generator:
    """Return torch's generator on a device, seeded by all of `key`."""
    seed = int(np.random.SeedSequence(key).generate_state(1, np.uint64)[0])
    return torch.Generator(device).manual_seed(seed)
