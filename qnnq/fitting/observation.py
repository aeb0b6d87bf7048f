"""What a machine showed at one setting."""

from dataclasses import dataclass

from qnnq.arrays import IntArray
from qnnq.data.dataset import Dataset
from qnnq.errors import InputError
from qnnq.networks.network import Network
from qnnq.options.option import options_of
from qnnq.runs.request import CIRCUITS, RunRequest

LAID_OUT = {name: options_of(RunRequest)[name] for name in CIRCUITS if name != "device"}
"""Options that settings on one device may differ in."""
SETTING = ("model", "data", "images", *LAID_OUT)
"""All that settings may differ in."""


@dataclass(frozen=True, eq=False)
class Observation:
    """Counts of one network at one setting.

    Attributes:
        request: The setting; its noise, strength, shots and seed are not used.
        network: The network.
        data: The data set that the images are of.
        images: Their indices, shape (images,).
        shots: Shots of each image, shape (images,).
        right: Shots that were right, of all images together.
        votes: Shots that chose each class, shape (images, classes); None: only `right` is known.
        place: Where it was read, for messages; "": by its setting.
    """

    request: RunRequest
    network: Network
    data: Dataset
    images: IntArray
    shots: IntArray
    right: int
    votes: IntArray | None = None
    place: str = ""

    def __post_init__(self) -> None:
        total = int(self.shots.sum())
        if not 0 <= self.right <= total:
            raise InputError(
                f"{self.name}: expected 0 to {total} right shots (images x shots), got {self.right}"
            )

    @property
    def labels(self) -> IntArray:
        """The classes of the images, shape (images,)."""
        return self.data.labels[self.images].astype("int64")

    @property
    def accuracy(self) -> float:
        """The share of shots that were right."""
        return self.right / int(self.shots.sum())

    @property
    def name(self) -> str:
        """What tables call it."""
        request = self.request
        parts = [request.model]
        if request.pairs:
            parts.append(f"{request.pairs} {request.pair_gate} pairs")
        return ", ".join([*parts, f"images {request.images}"])
