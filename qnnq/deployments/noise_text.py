"""A noise as it is written: in a request by the user, and in canonical words in a task."""

import hashlib
from dataclasses import replace
from pathlib import Path

from noise_models import NoiseSpecification, NoiseTerm
from noise_models.drift import without_drift
from qnnq.devices.device import DEFAULT_DEVICE, DeviceLike
from qnnq.devices.names import THE_DEVICE, device_names, names_in, own_name
from qnnq.errors import InputError

MEASURED = "measured:"
"""Before the file of a measured response, which stands for a noise."""


def is_measured(noise: str) -> bool:
    """Whether a noise names a measured response."""
    return noise.strip().startswith(MEASURED)


def parse_noise(noise: str, device: "DeviceLike | None") -> tuple[NoiseSpecification, DeviceLike]:
    """Return the noise specification and the device that it acts on.

    The word `device` in it stands for that device, whatever it is called.

    Raises:
        InputError: If there is no such device, or the noise is of another one.
    """
    own = None if device is None else own_name(device)
    # Any machine may be named; whether it exists is found out when it is resolved.
    names = [*device_names(), *names_in(noise), THE_DEVICE, *([] if own is None else [own])]
    specification = NoiseSpecification.parse(noise, device_names=names)
    named = specification.device_name
    if own is not None and named not in (None, own, THE_DEVICE):
        raise InputError(
            f"`noise` {noise!r}: expected the noise of `device` {own}, whose qubits it acts on"
        )
    found = named if device is None and named != THE_DEVICE else device
    return _of_device(specification, own or DEFAULT_DEVICE), found or DEFAULT_DEVICE


def _of_device(specification: NoiseSpecification, name: str) -> NoiseSpecification:
    """Return the specification with the name of a device in place of `THE_DEVICE`."""
    return NoiseSpecification(
        tuple(
            replace(term, name=name) if term.name == THE_DEVICE else term
            for term in specification.terms
        )
    )


def _by_content(specification: NoiseSpecification) -> NoiseSpecification:
    """Return the specification with the hash of each file in place of its name."""

    def named(term: NoiseTerm) -> NoiseTerm:
        if "file" not in dict(term.parameters):
            return term
        content = hashlib.sha256(Path(term.text("file")).read_bytes()).hexdigest()
        return replace(term, parameters=(("file", f"sha256:{content}"),))

    return NoiseSpecification(tuple(map(named, specification.terms)))


def split_strength(specification: NoiseSpecification) -> tuple[str, float]:
    """Return the noise at strength 1 and the strength that all terms share, else 1.

    A drift has none. A file is named by the hash of its content.
    """
    specification = _by_content(specification)
    strengths = {term.strength for term in without_drift(specification).terms}
    if len(strengths) != 1 or 0.0 in strengths:
        return str(specification), 1.0
    whole = tuple(replace(term, strength=1.0) for term in specification.terms)
    return str(NoiseSpecification(whole)), strengths.pop()
