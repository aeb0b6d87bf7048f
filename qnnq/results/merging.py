"""Several results files into one, as of machines that share no disk."""

from collections.abc import Iterable, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from qnnq.errors import InputError
from qnnq.results.file import Store
from qnnq.storage.database import batched

_TOGETHER = 500


def merge(sources: Sequence[str | Path], out: str | Path) -> None:
    """Add all that is in some results files to another one, which is made where there is none.

    The same task counts once. Where files divided a seed of a setting into other tasks, the
    division of which more is finished stays. What failed in one file and is done in another is
    done.

    Raises:
        InputError: For a file that is none, or that is `out` itself.
        QnnqError: For a damaged file.
    """
    for source in sources:
        if Path(source).resolve() == Path(out).resolve():
            raise InputError(f"{out}: expected another file than those that are merged")
    with Store(out, create=True) as target:
        for path in sources:
            with Store(path) as store:
                store.check()
                _merge(store, target)


def _merge(source: Store, target: Store) -> None:
    for table in ("texts", "settings", "asked"):
        _copy(target, table, source.rows(table))
    for some in batched(source.rows("results"), _TOGETHER):
        there = target.whole([row[0] for row in some])
        _copy(target, "results", [row for row in some if row[0] not in there], replace=True)
    _copy(target, "identities", source.rows("identities"), replace=True)
    by_seed = groupby(source.rows("points"), lambda row: row[:2])
    for several in batched(((key, [*rows]) for key, rows in by_seed), _TOGETHER):
        with target.together():
            for key, rows in several:
                for compiler in {row[4] for row in rows}:
                    of_one = [row for row in rows if row[4] == compiler]
                    _merge_points(target, (*key, compiler), of_one)
    _copy(target, "failures", source.rows("failures"))


def _merge_points(target: Store, key: tuple[Any, ...], rows: list[tuple[Any, ...]]) -> None:
    """Take the tasks of one seed of a setting, unless more of those that are there is finished."""
    with target.together() as database:
        query = "SELECT * FROM points WHERE (setting, seed, compiler) = (?, ?, ?)"
        there = database.execute(query, key).fetchall()
        if there == rows or _finished(target, there) > _finished(target, rows):
            return
        database.execute("DELETE FROM points WHERE (setting, seed, compiler) = (?, ?, ?)", key)
        _copy(target, "points", rows)


def _finished(store: Store, points: list[tuple[Any, ...]]) -> int:
    return len(store.finished([row[6].hex() for row in points if row[6] is not None]))


def _copy(
    target: Store, table: str, rows: Iterable[tuple[Any, ...]], *, replace: bool = False
) -> None:
    word = "REPLACE" if replace else "IGNORE"
    with target.together() as database:
        for row in rows:
            places = ", ".join("?" * len(row))
            database.execute(f"INSERT OR {word} INTO {table} VALUES ({places})", row)
