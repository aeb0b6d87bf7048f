"""The tables of a results file.

Long texts, which many rows have in common, are kept once: the id of a text is its checksum, the
same in every file. A setting is a point without its seed: the ids of its labels and of what it
measures (see `content_of`), as far as that is known before anything is compiled. A point asks for
an identity, which stands for whatever is compiled for it by one version of the compiler;
`identities` says which task that became. A seed beyond 64 bits is kept as text. `asked` are the
sweep files and command lines that the results were asked for with.
"""

import sqlite3
from typing import Any

FORMAT = 4
APPLICATION_ID = 0x716E6E71  # "qnnq"

_TABLES = """
CREATE TABLE texts (id INTEGER PRIMARY KEY, text TEXT NOT NULL);
CREATE TABLE results (
    task_id BLOB PRIMARY KEY,
    content INTEGER NOT NULL,
    images TEXT,
    seed NOT NULL,
    shots INTEGER NOT NULL,
    seconds REAL NOT NULL,
    provenance INTEGER NOT NULL,
    arrays BLOB NOT NULL,
    checksum INTEGER NOT NULL
);
CREATE TABLE settings (
    id INTEGER PRIMARY KEY,
    labels INTEGER NOT NULL,
    content INTEGER NOT NULL
);
CREATE TABLE points (
    setting INTEGER NOT NULL,
    seed NOT NULL,
    round INTEGER NOT NULL,
    block INTEGER NOT NULL,
    compiler INTEGER NOT NULL,
    blocks INTEGER NOT NULL,
    identity BLOB,
    checksum INTEGER NOT NULL,
    PRIMARY KEY (setting, seed, round, block, compiler)
) WITHOUT ROWID;
CREATE TABLE identities (
    identity BLOB PRIMARY KEY,
    task_id BLOB NOT NULL,
    checksum INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE failures (
    labels TEXT NOT NULL,
    content TEXT NOT NULL,
    place TEXT NOT NULL,
    identity BLOB,
    reason TEXT NOT NULL,
    checksum INTEGER NOT NULL,
    PRIMARY KEY (labels, content, place)
) WITHOUT ROWID;
CREATE TABLE asked (text INTEGER PRIMARY KEY, kind TEXT NOT NULL);
CREATE TABLE writers (owner TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE claims (identity BLOB PRIMARY KEY, owner TEXT NOT NULL) WITHOUT ROWID
"""


def create_tables(database: sqlite3.Connection) -> None:
    """Make an empty results file, inside the caller's transaction."""
    for statement in _TABLES.split(";"):
        database.execute(statement)
    database.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    database.execute(f"PRAGMA user_version = {FORMAT}")


def content_of(task: dict[str, Any]) -> dict[str, Any]:
    """Return what a task measures: all that determines it but which images and random numbers."""
    chance = ("images", "seed", "shots", "shots_per_round")
    return {key: value for key, value in task.items() if key not in chance}


def stored_seed(seed: int) -> int | str:
    """Return a seed as SQLite holds it."""
    return seed if seed < 1 << 63 else str(seed)
