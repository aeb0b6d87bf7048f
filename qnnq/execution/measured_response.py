"""A device's measured response to the angles, neuron by neuron: fit and file.

A neuron answers with P(-1 | theta) = a + b cos(theta) + c sin(theta) whatever the noise is, as long
as the noise does not depend on theta (see `qnnq.execution.engines.response`). Shares at
four angles are fitted by `qnnq.execution.response_fit`.
"""

import json
from pathlib import Path
from typing import Annotated, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from qnnq.errors import InputError
from qnnq.execution.response_fit import covariances, fit_responses
from qnnq.storage.files import read_text, write_atomically

SCHEMA: Literal["qnnq.response/2"] = "qnnq.response/2"
Triple = tuple[float, float, float]
Probability = Annotated[float, Field(ge=0, le=1)]


class SiteResponse(BaseModel):
    """The response of one neuron.

    Attributes:
        site: Physical qubit, `3`, or neuron and ancilla, `3:4`.
        coefficients: a, b, c of P(-1) = a + b cos(theta) + c sin(theta).
        intervals: The 95 % interval of each.
        minus: The measured share of -1 at each of `qnnq.execution.response_fit.ANGLES`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    site: Annotated[str, Field(pattern=r"^\d+(:\d+)?$")]
    coefficients: Triple
    intervals: tuple[tuple[float, float], tuple[float, float], tuple[float, float]]
    minus: tuple[Probability, Probability, Probability, Probability]


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
    format: Literal["qnnq.response/2"] = SCHEMA
    device: str
    calibration: str | None
    measured: str
    shots: Annotated[int, Field(ge=1)]
    pairs: Annotated[int, Field(ge=0)] = 0
    kinds: Annotated[tuple[KindResponse, ...], Field(min_length=1)]

    def drawn(self, random: np.random.Generator) -> Self:
        """Return the response that another measurement of the same length might have given."""
        kinds = []
        for kind in self.kinds:
            shares = np.array([site.minus for site in kind.sites]).T
            spread = np.linalg.cholesky(covariances(shares, self.shots))
            errors = np.einsum("nij,nj->ni", spread, random.normal(size=(len(kind.sites), 3)))
            sites = [
                site.model_copy(
                    update={"coefficients": _triple(np.array(site.coefficients) + error)}
                )
                for site, error in zip(kind.sites, errors, strict=True)
            ]
            kinds.append(kind.model_copy(update={"sites": tuple(sites)}))
        return self.model_copy(update={"kinds": tuple(kinds)})


def fit_sites(
    sites: list[str], minus_counts: NDArray[np.integer], shots: int
) -> list[SiteResponse]:
    """Fit the responses of neurons that were measured at `qnnq.execution.response_fit.ANGLES`.

    Args:
        sites: The neurons' sites.
        minus_counts: How many shots gave -1, shape (4 angles, sites).
        shots: Shots at each angle.
    """
    shares = minus_counts / shots  # (4, sites)
    coefficients = fit_responses(minus_counts, shots)
    variances = np.diagonal(covariances(shares, shots), axis1=1, axis2=2)
    half_widths = 1.959964 * np.sqrt(variances)
    low, high = coefficients - half_widths, coefficients + half_widths
    return [
        SiteResponse(
            site=site,
            coefficients=_triple(coefficients[k]),
            intervals=(
                (low[k, 0], high[k, 0]),
                (low[k, 1], high[k, 1]),
                (low[k, 2], high[k, 2]),
            ),
            minus=tuple(shares[:, k].tolist()),
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
        raise InputError("`noise` measured: expected a response file, as in measured:FILE")
    try:
        document = json.loads(read_text(path))
        if not isinstance(document, dict):
            raise ValueError(f"got {type(document).__name__}")
        if (version := document.get("format", SCHEMA)) != SCHEMA:
            raise InputError(
                f"{path}: format: expected {SCHEMA}, got {version!r}; qnnq calibrate measures anew"
            )
        return MeasuredResponse.model_validate(document)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "document"
        raise InputError(f"{path}: {place}: {first['msg']}") from error
    except (ValueError, RecursionError) as error:
        raise InputError(
            f"{path}: expected a response file ({SCHEMA}), got no JSON object"
        ) from error
