"""Answers of networks, right or wrong, kept as bits: what every interval of a study is made of."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from qnnq.storage.files import write_atomically


@dataclass(frozen=True)
class Right:
    """Whether the vote of one network was right about each image, shape (images,)."""

    right: NDArray[np.bool_]


Answers = Mapping[str, Sequence[Right]]
"""Of each row of a study: one `Right` a seed."""


def write_answers(path: Path, answers: Mapping[str, NDArray[np.bool_]]) -> None:
    """Write answers, (seeds, images) a row; all rows have the same images."""
    stream = io.BytesIO()
    (images,) = {each.shape[1] for each in answers.values()}
    np.savez_compressed(
        stream,
        rows=np.array(list(answers)),
        seeds=np.array([len(each) for each in answers.values()]),
        images=images,
        bits=np.packbits(np.concatenate(list(answers.values())), axis=1),
    )
    write_atomically(path, stream.getvalue())


def read_answers(path: Path) -> dict[str, list[Right]]:
    """Return what `write_answers` wrote."""
    with np.load(path) as content:
        bits = np.unpackbits(content["bits"], axis=1, count=int(content["images"])).astype(bool)
        rows = np.split(bits, np.cumsum(content["seeds"])[:-1])
        names = content["rows"].tolist()
    return {name: [Right(each) for each in seeds] for name, seeds in zip(names, rows, strict=True)}
