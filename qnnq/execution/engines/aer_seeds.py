"""Seeds that keep the random numbers of Aer's runs, rows and shots apart.

Under noise, Aer seeds the generator of shot i of row k of a run with seed + 2113 k + i. Runs whose
seeds are close, and rows of more than 2,113 shots, would replay one another's random numbers.
"""

import numpy as np

SHOTS_PER_ROW = 2113
"""The most shots of a row that share no generator with the next row."""


def independent_seeds(seed: int, key: tuple[int, ...], runs: int) -> list[int]:
    """Return independent seeds of 63 bits, as many as Aer takes, one a run.

    Two runs of n rows share a generator with a probability of at most 2113 n / 2^62: 3e-5 for any
    two among 10,000 runs of 1,000 rows.

    Args:
        seed: The seed of the task.
        key: What tells these runs from the others of the task.
        runs: How many there are.
    """
    states = np.random.SeedSequence(seed, spawn_key=key).generate_state(runs, np.uint64)
    return [int(state >> np.uint64(1)) for state in states]
