"""Rows of a results file as text and bytes, each with a checksum."""

import hashlib
import json


def canonical(value: object) -> str:
    """Return the JSON text that equal values have in common."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def checksum(*values: str | bytes | int | float | None) -> int:
    """Return a 64-bit checksum, as a signed number, of the values of a row, types included."""
    digest = hashlib.blake2b(digest_size=8)
    for value in values:
        content = value if isinstance(value, bytes) else repr(value).encode("utf-8", "replace")
        digest.update(b"%s %d " % (type(value).__name__.encode(), len(content)))
        digest.update(content)
    return int.from_bytes(digest.digest(), "big", signed=True)
