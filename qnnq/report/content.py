"""What a page is made of: sections of text, figures and tables."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MARK = "strength-"
"""How the names of artists begin that a page shows where its slider is at that strength."""


@dataclass(frozen=True)
class Cell:
    """A cell of a table.

    Attributes:
        text: What it says.
        number: The number that it is sorted by, if it is one.
        small: Said below in smaller type, such as an interval.
    """

    text: str
    number: float | None = None
    small: str = ""


@dataclass(frozen=True)
class Table:
    """A table; each of `rows` is as long as `headings`.

    Attributes:
        headings: Of the columns.
        rows: Of cells.
        caption: What all rows share.
        steps: For each row what a slider chooses it by, None where it always stands there; empty
            where there is no slider.
        first: The step that is shown first.
    """

    headings: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    caption: str = ""
    steps: tuple[float | None, ...] = ()
    first: float = 0.0

    @property
    def stops(self) -> list[float]:
        """The places of the slider."""
        return sorted({step for step in self.steps if step is not None})


@dataclass(frozen=True)
class Picture:
    """A figure, and the words that stand for it where it is not seen."""

    figure: "Figure"
    words: str


@dataclass(frozen=True)
class Section:
    """A part of the page.

    Attributes:
        title: Its heading.
        text: Paragraphs.
        pictures: Figures, below the text.
        tables: Tables, below the figures.
        code: Lines to type or to save, each block with what it is.
    """

    title: str
    text: tuple[str, ...] = ()
    pictures: tuple[Picture, ...] = ()
    tables: tuple[Table, ...] = ()
    code: tuple[tuple[str, str], ...] = ()
