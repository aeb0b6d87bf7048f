"""The tables of a results file, and how a file of the first format becomes one of the second."""

import json
import sqlite3
from typing import Any

from qnnq.results.rows import canonical, checksum

FORMAT = 2
APPLICATION_ID = 0x716E6E71  # "qnnq"

_RESULTS = """
CREATE TABLE results (
    task_id TEXT PRIMARY KEY,
    task TEXT NOT NULL,
    images BLOB NOT NULL,
    labels BLOB NOT NULL,
    counts BLOB NOT NULL,
    softmax_sums BLOB NOT NULL,
    seconds REAL NOT NULL,
    provenance TEXT NOT NULL,
    checksum TEXT NOT NULL
) WITHOUT ROWID
"""
_OTHERS = """
CREATE TABLE points (
    name TEXT NOT NULL,
    content TEXT NOT NULL,
    labels TEXT NOT NULL,
    round INTEGER NOT NULL,
    block INTEGER NOT NULL,
    blocks INTEGER NOT NULL,
    task_id TEXT NOT NULL,
    checksum TEXT NOT NULL,
    PRIMARY KEY (name, content, round, block)
) WITHOUT ROWID;
CREATE TABLE failures (
    name TEXT NOT NULL,
    content TEXT NOT NULL,
    place TEXT NOT NULL,
    labels TEXT NOT NULL,
    task_id TEXT NOT NULL,
    reason TEXT NOT NULL,
    checksum TEXT NOT NULL,
    PRIMARY KEY (name, content, place)
) WITHOUT ROWID;
CREATE TABLE writers (owner TEXT PRIMARY KEY) WITHOUT ROWID;
"""
_CLAIMS = "CREATE TABLE claims (task_id TEXT PRIMARY KEY, owner TEXT NOT NULL) WITHOUT ROWID"


def create_tables(database: sqlite3.Connection) -> None:
    """Make an empty results file, inside the caller's transaction."""
    for statement in (_RESULTS, *_OTHERS.split(";"), _CLAIMS):
        database.execute(statement)
    database.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    database.execute(f"PRAGMA user_version = {FORMAT}")


def upgrade(database: sqlite3.Connection) -> None:
    """Turn tables of format 1 into those of this format, inside the caller's transaction.

    What a point was measured with is taken from its tasks; a point of which no task is finished
    holds nothing, and is left out.

    Raises:
        ValueError: For rows that cannot be understood.
    """
    for table in ("results", "points"):
        database.execute(f"ALTER TABLE {table} RENAME TO old_{table}")
    for statement in (_RESULTS, *_OTHERS.split(";")):
        database.execute(statement)
    contents = {}
    for row in database.execute("SELECT * FROM old_results").fetchall():
        database.execute(
            "INSERT INTO results VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", (*row, checksum(*row))
        )
        contents[row[0]] = canonical(content_of(json.loads(row[1])))
    links = database.execute("SELECT * FROM old_points").fetchall()
    by_name = {row[0]: contents[row[5]] for row in links if row[5] in contents}
    for name, *rest in links:
        content = contents.get(rest[4], by_name.get(name))
        if content is not None:
            row = (name, content, *rest)
            database.execute(
                "INSERT INTO points VALUES (?, ?, ?, ?, ?, ?, ?, ?)", (*row, checksum(*row))
            )
    for table in ("results", "points"):
        database.execute(f"DROP TABLE old_{table}")
    database.execute(f"PRAGMA user_version = {FORMAT}")


def content_of(task: dict[str, Any]) -> dict[str, Any]:
    """Return what a task measures: all that determines it but which images and random numbers."""
    chance = ("images", "seed", "shots", "shots_per_round")
    return {key: value for key, value in task.items() if key not in chance}
