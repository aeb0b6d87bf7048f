"""Angles as people write them."""

import math
import re

from qnnq.errors import InputError

_MULTIPLE_OF_PI = re.compile(r"(\d*\.?\d*)\*?pi(?:/(\d+\.?\d*))?")


def parse_entanglement(text: str) -> float:
    """Return an entanglement angle in (0, pi/2] radians from `1.2`, `pi/2`, `5pi/19` or `3*pi/8`.

    A number within 1e-4 of pi/2, such as 1.5708, means pi/2 itself.

    Raises:
        InputError: For any other text.
    """
    match = _MULTIPLE_OF_PI.fullmatch(text.strip())
    try:
        multiple = float(match[1] or 1) / float(match[2] or 1) if match else None
        angle = float(text) if multiple is None else multiple * math.pi
    except (ValueError, ZeroDivisionError):
        angle = math.nan
    if abs(angle - math.pi / 2) < 1e-4:
        return math.pi / 2
    if not 0 < angle < math.pi / 2:
        raise InputError(
            f"entanglement {text!r}: expected radians in (0, pi/2], such as 1.2, pi/2 or 5pi/19"
        )
    return angle
