"""Ledgers of earlier versions, brought up to the present format when they are opened."""

import base64
import json
import secrets
import sqlite3

FORMAT = 5
_RUN_DIGITS = 10
"""Of a run's random part, 50 bits; the tags of its jobs stay within 24 characters."""


def new_run_tag() -> str:
    """Return a tag for all jobs of a run, that no other run has."""
    digits = base64.b32encode(secrets.token_bytes(8)).decode().lower()
    return f"qnnq-{digits[:_RUN_DIGITS]}"


def migrate(database: sqlite3.Connection) -> None:
    """Bring the ledger of an earlier version up to `FORMAT`, within a transaction."""
    (version,) = database.execute("PRAGMA user_version").fetchone()
    if version < 2:
        _believe_ids_and_caps(database)
    if version < 3:
        _take_rounds(database)
    if version < 4:
        database.execute("ALTER TABLE jobs ADD COLUMN digest TEXT")
    if version < 5:
        _take_predictions(database)
    database.execute(f"PRAGMA user_version = {FORMAT}")


def _believe_ids_and_caps(database: sqlite3.Connection) -> None:
    """From format 1: submissions had no caps, and tags that nothing else could derive."""
    for column in ("cap INTEGER", "calibration TEXT", "started TEXT"):
        database.execute(f"ALTER TABLE attempts ADD COLUMN {column}")
    database.execute("ALTER TABLE surplus ADD COLUMN seconds REAL")
    database.execute(
        "CREATE TABLE sessions (number INTEGER PRIMARY KEY, id TEXT, most INTEGER, seconds REAL,"
        " ended INTEGER NOT NULL)"
    )
    facts = {
        name: json.loads(value) for name, value in database.execute("SELECT name, value FROM facts")
    }
    if facts.get("session") is not None:
        database.execute("INSERT INTO sessions (id, ended) VALUES (?, 0)", (facts["session"],))
    asked = {name: value for name, value in facts["request"].items() if name != "limits"}
    asked["options"] = {key: each for key, each in asked["options"].items() if key != "mode"}
    added = {"run_tag": new_run_tag(), "attempts": None, "cancelled": None, "asked": asked}
    rows = [(name, json.dumps(value)) for name, value in added.items()]
    database.executemany("INSERT INTO facts VALUES (?, ?)", rows)


def _take_rounds(database: sqlite3.Connection) -> None:
    """From format 2: every job was of the first round of shots."""
    database.execute(
        "CREATE TABLE jobs_of_rounds (job INTEGER PRIMARY KEY, layer INTEGER NOT NULL,"
        " part INTEGER NOT NULL, plan BLOB NOT NULL, sets INTEGER NOT NULL, shots INTEGER NOT NULL,"
        " slots INTEGER NOT NULL, bits BLOB, round INTEGER NOT NULL DEFAULT 0,"
        " UNIQUE (round, layer, part))"
    )
    database.execute("INSERT INTO jobs_of_rounds SELECT *, 0 FROM jobs")
    database.execute("DROP TABLE jobs")
    database.execute("ALTER TABLE jobs_of_rounds RENAME TO jobs")


def _take_predictions(database: sqlite3.Connection) -> None:
    """From format 4: nothing was predicted, and a layer of all images was planned at once."""
    added = (("predicted", "null"), ("simulated", "null"), ("chunks", "[0]"))
    database.executemany("INSERT INTO facts VALUES (?, ?)", added)
    database.execute("ALTER TABLE jobs ADD COLUMN first_image INTEGER NOT NULL DEFAULT 0")
