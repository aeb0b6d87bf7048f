"""The largest inputs that are taken: beyond them a typing error or a forged file is likelier."""

MOST_SHOTS = 1_000_000
"""Shots of one image, which are held in memory together."""

MOST_OUTCOMES = 200_000_000
"""Shots of one image times the neurons of the widest layer: about 50 bytes each."""

MOST_PAIRS = 10_000
"""Gate pairs after each rotation; a circuit of 16 neurons then has 320,000 gates."""

MOST_COPIES = 1_000
"""Images side by side; the largest chips have some hundred qubits."""

MOST_ARRAY_BYTES = 1 << 30
"""Bytes of one array, or one compressed file, after decompression."""

MOST_TEXT_BYTES = 64 << 20
"""Bytes of a file of text (JSON, TOML) that is read whole."""

MOST_POINTS = 1_000_000
"""Points of a sweep file."""
