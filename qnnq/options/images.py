"""Options that say which network sees which images, and how often."""

from dataclasses import KW_ONLY, dataclass
from typing import Any

from qnnq.limits import MOST_SHOTS
from qnnq.options.option import option


@dataclass(frozen=True)
class ImageOptions:
    """Which network sees which images, and how often.

    Attributes:
        model: A bundled network's name, a network file, or a Network.
        data: A bundled data set's name, a file, a Dataset, or arrays: images, alone or with labels;
            of quantum states a file or a family, such as `tfim(qubits=4, states=100)`.
        images: Which images: `all`, `0:200`, `6929` or `1,5,9`, a range, or indices.
        shots: Shots an image.
        seed: Seed of every random number.
    """

    model: Any = option(
        "mnist16-a0.5",
        "A bundled network or a file.",
        metavar="MODEL",
        argument=True,
        label="network",
        grid="networks",
    )
    _: KW_ONLY
    data: Any = option(
        "mnist-test",
        "A data set's name or a file: .npz, .npy, CSV, IDX; FILE:train is a part of one. Quantum "
        "states: .json, .qpy or a family, 'tfim(qubits=4,states=100)'.",
        metavar="NAME|FILE",
        label=True,
        grid=True,
    )
    images: Any = option("all", "all, 0:200, 6929 or 1,5,9.", label=True, grid=True)
    shots: int = option(15, "Shots an image.", least=1, most=MOST_SHOTS, label=True)
    seed: int = option(0, "Seed of every random number.", least=0, label=True)
