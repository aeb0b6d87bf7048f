"""`qnnq cache`: what is kept on disk for later runs."""

from typing import Annotated

import typer

from qnnq.cli import options
from qnnq.cli.output import write_json


def cache(
    clear: Annotated[bool, typer.Option("--clear", help="Remove all of it.")] = False,
    json: options.Json = None,
) -> None:
    """Show or clear what is kept on disk for later runs.

    QNNQ_CACHE in the environment names the folder, or is off.

    Example: qnnq cache --clear
    """
    from qnnq.storage.cache import MOST_BYTES, current_cache

    found = current_cache()
    if found is None:
        document: dict[str, object] = {"folder": None, "entries": 0, "bytes": 0}
        told = "the cache is off"
    else:
        removed = found.clear() if clear else None
        entries, size = found.size()
        document = {"folder": str(found.folder), "entries": entries, "bytes": size}
        told = f"{found.folder}: {entries:,} entries, {size / 1e6:.1f} MB"
        told += f" of at most {MOST_BYTES / 1e6:.0f}"
        if removed is not None:
            told += f"; {removed} removed"
    if json is not None:
        write_json({"schema": "qnnq.cache/1", **document}, json)
    if json != "-":
        print(told)
