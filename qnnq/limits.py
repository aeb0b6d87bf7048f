"""The largest inputs that are taken: beyond them a typing error or a forged file is likelier."""

MOST_SHOTS = 1_000_000
"""Shots of one image, which are held in memory together."""

MOST_EXACT_VOTES = 1001
"""Shots whose majority is calculated exactly: the time grows as the square of their number."""

MOST_OUTCOMES = {"stepwise": 20_000_000, "coherent": 4_000_000}
"""Shots of one image times neurons of the widest layer, about 50 and 250 bytes each: 1 GB."""

MOST_PAIRS = 10_000
"""Gate pairs after each rotation: a circuit of 16 neurons then has 320,000 gates more."""

LONGEST_WAIT = 1000.0
"""Seconds of feedback; qubits live less than one."""

MOST_COPIES = 1_000
"""Images side by side: chips have some hundred qubits."""

MOST_POINTS = 100_000_000
"""Points of a sweep file, repetitions included."""

MOST_ARRAY_BYTES = 1 << 29
"""Bytes of one data file, decompressed: 60,000 MNIST images in float64 have 376 MB."""

MOST_TEXT_BYTES = 1 << 26
"""Bytes of a text file (JSON, TOML), which is read whole."""
