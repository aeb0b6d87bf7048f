"""Types of arrays."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.floating[Any]]
IntArray = NDArray[np.int64]
OutcomeArray = NDArray[np.int8]
"""Outcomes +1 (bit 0) and -1 (bit 1)."""
