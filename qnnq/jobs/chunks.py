"""Runs too large for memory: chunks of images, and what a computer needs for them."""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from qnnq.devices.service_limits import ServiceLimits
from qnnq.errors import InputError
from qnnq.jobs.layer_plan import LayerShape

CHUNK_BYTES = 2 << 30
"""Memory that the angles of a chunk's layer may take while they are planned."""
OUTCOME_BYTES, COLUMN_BYTES = 40, 20
"""Memory that planning takes for each outcome, and besides for each number that tells its angle
from others (tests measure both together)."""
BASE_BYTES = 700 << 20
"""Memory of the program, its libraries, and a data set."""
REQUEST_COPIES = 6
"""How often a request is held while it is encoded and sent (client 0.51)."""
PLACE_BYTES = 8
"""What the ledger keeps of each execution besides angles and outcomes, uncompressed."""


def images_per_chunk(
    shapes: Sequence[LayerShape], images: int, shots: int, limits: ServiceLimits
) -> int:
    """Return how many images are planned together: all of them, or as many as memory allows.

    Each layer of a chunk is made of jobs of its own, so a chunk that is not all images is made of
    whole jobs where it can.

    Args:
        shapes: The layers.
        images: Images of the run.
        shots: Shots of each.
        limits: The service's limits.
    """
    widest = max(shapes, key=_image_bytes)
    most = max(1, CHUNK_BYTES // (shots * _image_bytes(widest)))
    if most >= images:
        return images
    in_a_job = min(
        shape.cost.sets_per_job(shape.slots, 1, limits) * shape.copies // (shape.parts * shots)
        for shape in shapes[1:] or shapes
    )
    for unit in (in_a_job, max(shape.copies for shape in shapes)):
        if 0 < unit <= most:
            most -= most % unit
    return most


def _image_bytes(shape: LayerShape) -> int:
    """Return the memory that planning a shot of an image takes."""
    return shape.width * (OUTCOME_BYTES + COLUMN_BYTES * shape.columns)


def memory_bytes(
    shapes: Sequence[LayerShape], chunk_images: int, shots: int, limits: ServiceLimits
) -> int:
    """Return the memory that a run takes at its peak, roughly from above."""
    chunk = chunk_images * shots * max(map(_image_bytes, shapes))
    request = min(
        limits.payload_bytes,
        max(
            shape.cost.payload(chunk_images * shape.parts * shots, shape.slots) for shape in shapes
        ),
    )
    return BASE_BYTES + chunk + REQUEST_COPIES * request


def check_room(memory_bytes: int, disk_bytes: int, folder: Path) -> None:
    """Refuse a run that this computer cannot plan or keep, before anything is paid.

    Args:
        memory_bytes: What the run takes of the memory.
        disk_bytes: What its ledger may take.
        folder: Where that will be.

    Raises:
        InputError: If it needs more memory or disk than there is.
    """
    memory = physical_memory()
    if memory_bytes > memory:
        raise InputError(
            f"memory: this run takes {readable(memory_bytes)}, this computer has "
            f"{readable(memory)}: expected fewer --shots"
        )
    parent = next(each for each in (folder, *folder.absolute().parents) if each.is_dir())
    free = shutil.disk_usage(parent).free
    if disk_bytes > free:
        raise InputError(
            f"{folder}: its ledger may take {readable(disk_bytes)}, the disk has "
            f"{readable(free)} left: expected fewer --images or --shots, or --run elsewhere"
        )


def physical_memory() -> int:
    """Return the computer's memory in bytes."""
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def readable(size: int) -> str:
    """Return a size in bytes such as `2.9 GB`."""
    return f"{size / 1e9:.1f} GB" if size >= 1e8 else f"{size / 1e6:.1f} MB"
