"""The page itself: one HTML file that needs nothing else."""

import re
from collections.abc import Sequence

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from qnnq.figures.style import rendered
from qnnq.report.content import MARK, Picture, Section


def page(title: str, sections: Sequence[Section], notes: Sequence[str], made_with: str) -> str:
    """Return the HTML of a page.

    Args:
        title: Its title.
        sections: Its parts, in order.
        notes: What a reader should know before all else.
        made_with: The program and its version.
    """
    environment = Environment(
        loader=PackageLoader("qnnq.report", "page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    pictures = [picture for section in sections for picture in section.pictures]
    drawn = {id(picture): _inline(picture, n) for n, picture in enumerate(pictures, start=1)}
    return environment.get_template("page.html").render(
        title=title,
        sections=sections,
        notes=notes,
        made_with=made_with,
        drawn=lambda picture: drawn[id(picture)],
        widest=lambda pictures: max(drawn[id(picture)][1] for picture in pictures),
    )


def _inline(picture: Picture, number: int) -> tuple[Markup, float]:
    """Return a figure as an SVG element with ids of its own, and its natural width in points."""
    text = rendered(picture.figure, "svg", transparent=True).decode()
    text = re.sub(r"<metadata>.*?</metadata>", "", text[text.index("<svg") :], flags=re.DOTALL)
    text = re.sub(rf'<g id="{MARK}([^"]*)"', r'<g class="mark" data-step="\1"', text)
    text = re.sub(r'( id="|href="#|url\(#)', rf"\g<1>f{number}-", text)
    opening, rest = text.split(">", 1)
    found = re.search(r' width="([\d.]+)pt"', opening)
    assert found is not None
    words = Markup('<svg role="img" aria-label="{}"').format(picture.words)
    opening = re.sub(r' (width|height)="[^"]*"', "", opening).replace("<svg", words)
    return Markup(f"{opening}>{rest}"), float(found[1])
