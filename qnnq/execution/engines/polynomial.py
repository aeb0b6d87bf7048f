"""Trigonometric polynomials of degree 1: the three angles that determine one, and its fit."""

import numpy as np

ANGLES = np.array([0.0, 2 * np.pi / 3, 4 * np.pi / 3])
"""Radians; equally spaced ones give the smallest errors."""

TO_COEFFICIENTS = np.linalg.inv(np.stack([np.ones(3), np.cos(ANGLES), np.sin(ANGLES)], axis=1))
"""Takes the values at `ANGLES` to a, b, c of a + b cos(theta) + c sin(theta)."""
