"""A noise as it is written: in a request by the user, and in canonical words in a task."""

import hashlib
from dataclasses import replace
from pathlib import Path

from noise_models import NoiseSpecification, NoiseTerm
from noise_models.drift import without_drift
from qnnq.devices.names import DEFAULT_DEVICE, device_kind, device_names, names_in
from qnnq.errors import InputError


def parse_noise(noise: str, device: str | None) -> tuple[NoiseSpecification, str]:
    """Return the noise specification and the name of the device that it acts on.

    Raises:
        InputError: If there is no such device, or the noise is of another one.
    """
    if device is not None:
        device_kind(device)
    # Any machine may be named; whether it exists is found out when it is resolved.
    names = [*device_names(), *names_in(noise)]
    specification = NoiseSpecification.parse(noise, device_names=names)
    named = specification.device_name
    if device is not None and named is not None and named != device:
        raise InputError(
            f"--noise {noise!r}: expected the noise of --device {device}, whose qubits it acts on"
        )
    return specification, device or named or DEFAULT_DEVICE


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
