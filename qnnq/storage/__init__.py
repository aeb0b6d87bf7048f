"""Files: written whole or not at all, SQLite, arrays as bytes."""
