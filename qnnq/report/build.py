"""A report from results files and run folders."""

from collections.abc import Sequence
from pathlib import Path

from qnnq import __version__
from qnnq.report.page import page
from qnnq.report.provenance import again, hardware
from qnnq.report.sections import build_sections
from qnnq.report.sources import read_sources


def build_page(
    paths: str | Path | Sequence[str | Path], where: Sequence[str] = (), *, pool_seeds: bool = False
) -> str:
    """Return one HTML page that needs nothing else, about results files and run folders.

    Args:
        paths: A folder is a run, anything else a results file; `latest` is the last run.
        where: Conditions `label=value` on the points of results files.
        pool_seeds: Whether the shots of all seeds of a point make one vote.

    Raises:
        InputError: If one is missing, is neither, or holds nothing that is finished.
        QnnqError: If one is damaged.
    """
    paths = [paths] if isinstance(paths, str | Path) else paths
    sources = read_sources(paths, where, pool_seeds=pool_seeds)
    costs = hardware(sources)
    sections = [*build_sections(sources), *([costs] if costs else []), again(sources)]
    title = f"qnnq report: {', '.join(Path(name).name for name in sources.names)}"
    return page(title, sections, sources.notes, f"qnnq {__version__}")
