"""A device's measured response to the angles, neuron by neuron: fit and file.

A neuron answers with P(-1 | theta) = a + b cos(theta) + c sin(theta) whatever the noise is, as long
as the noise does not depend on theta (see `qnnq.execution.engines.response`). Three angles
determine it.
"""

import json
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from qnnq.errors import InputError
from qnnq.execution.engines.response import TO_COEFFICIENTS
from qnnq.storage.files import read_text, write_atomically

SCHEMA: Literal["qnnq.response/1"] = "qnnq.response/1"
Triple = tuple[float, float, float]
Probability = Annotated[float, Field(ge=0, le=1)]


class SiteResponse(BaseModel):
    """The response of one neuron.

    Attributes:
        site: Physical qubit, `3`, or neuron and ancilla, `3:4`.
        coefficients: a, b, c of P(-1) = a + b cos(theta) + c sin(theta).
        intervals: The 95 % interval of each.
        minus: The measured share of -1 at each of `qnnq.execution.engines.response.ANGLES`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    site: Annotated[str, Field(pattern=r"^\d+(:\d+)?$")]
    coefficients: Triple
    intervals: tuple[tuple[float, float], tuple[float, float], tuple[float, float]]
    minus: tuple[Probability, Probability, Probability]


class KindResponse(BaseModel):
    """The responses of the slots of one kind of layer: all neurons of one entanglement angle."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    entanglement: Annotated[float, Field(gt=0, le=np.pi / 2)]
    sites: Annotated[tuple[SiteResponse, ...], Field(min_length=1)]


class MeasuredResponse(BaseModel):
    """What `qnnq calibrate` measured on a device.

    Attributes:
        device: The device's name.
        calibration: Time of the device's own calibration data, ISO 8601, or None.
        measured: Time of the measurement, ISO 8601.
        shots: Shots at each angle.
        pairs: Inserted SX pairs of the measured circuits.
        kinds: One for each entanglement angle.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    format: Literal["qnnq.response/1"] = SCHEMA
    device: str
    calibration: str | None
    measured: str
    shots: Annotated[int, Field(ge=1)]
    pairs: Annotated[int, Field(ge=0)] = 0
    kinds: Annotated[tuple[KindResponse, ...], Field(min_length=1)]


def fit_sites(
    sites: list[str], minus_counts: NDArray[np.integer], shots: int
) -> list[SiteResponse]:
    """Fit the responses of neurons that were measured at the angles of a polynomial's fit.

    Args:
        sites: The neurons' sites.
        minus_counts: How many shots gave -1, shape (3 angles, sites).
        shots: Shots at each angle.

    The estimate is linear in the three shares, so its errors follow from the binomial ones; these
    are taken at (k + 1) / (n + 2), so that none is zero.
    """
    shares = minus_counts / shots  # (3, sites)
    smoothed = (minus_counts + 1) / (shots + 2)
    variances = smoothed * (1 - smoothed) / shots
    coefficients = TO_COEFFICIENTS @ shares
    half_widths = 1.959964 * np.sqrt(TO_COEFFICIENTS**2 @ variances)
    low, high = coefficients - half_widths, coefficients + half_widths
    return [
        SiteResponse(
            site=site,
            coefficients=_triple(coefficients[:, k]),
            intervals=(
                (low[0, k], high[0, k]),
                (low[1, k], high[1, k]),
                (low[2, k], high[2, k]),
            ),
            minus=_triple(shares[:, k]),
        )
        for k, site in enumerate(sites)
    ]


def _triple(values: NDArray[np.float64]) -> Triple:
    first, second, third = values.tolist()
    return first, second, third


def write_response(response: MeasuredResponse, path: str | Path) -> None:
    """Write a response file; raises InputError if it cannot be written."""
    write_atomically(path, (response.model_dump_json(indent=1) + "\n").encode())


def read_response(path: str | Path) -> MeasuredResponse:
    """Read a response file.

    Raises:
        InputError: If there is none, or it is not a response file of this version.
    """
    if not str(path):
        raise InputError("--noise measured: expected a response file, as in measured:FILE")
    try:
        document = json.loads(read_text(path))
        return MeasuredResponse.model_validate(document)
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "document"
        raise InputError(f"{path}: {place}: {first['msg']}") from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: expected a response file ({SCHEMA}), got no JSON") from error
