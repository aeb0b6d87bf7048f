"""The mechanisms of a specification, each on its own."""

from collections.abc import Collection
from dataclasses import replace

from noise_models.catalogue import MECHANISMS
from noise_models.errors import NoiseError
from noise_models.specification import NoiseSpecification, NoiseTerm


def single_mechanisms(specification: NoiseSpecification) -> dict[str, NoiseSpecification]:
    """Return the noise that each mechanism makes alone, by its name.

    A device's mechanisms are `MECHANISMS`, each with the others switched off; any other term is a
    mechanism of its own name. Terms of one mechanism stay together, and drift is left out.
    """
    found: dict[str, list[NoiseTerm]] = {}
    for term in specification.active_terms:
        if not term.is_device:
            if term.name != "drift":
                found.setdefault(term.name, []).append(term)
            continue
        for mechanism in MECHANISMS:
            if dict(term.parameters).get(mechanism, True):
                off = tuple((other, False) for other in sorted(MECHANISMS) if other != mechanism)
                found.setdefault(mechanism, []).append(replace(term, parameters=off))
    return {name: NoiseSpecification(tuple(terms)) for name, terms in found.items()}


def without_mechanisms(
    specification: NoiseSpecification, names: Collection[str]
) -> NoiseSpecification:
    """Return the noise with some mechanisms switched off, named as `single_mechanisms` does.

    Raises:
        NoiseError: it has no such mechanism.
    """
    known = {term.name for term in specification.terms if not term.is_device} - {"drift"}
    if specification.device_name is not None:
        known.update(MECHANISMS)
    for name in names:
        if name not in known:
            raise NoiseError(
                f"noise {specification}: found no mechanism {name!r} to switch off, expected one "
                f"of {', '.join(sorted(known)) or 'none'}"
            )
    off = {name: False for name in names if name in MECHANISMS}
    terms = [
        replace(term, parameters=tuple(sorted({**dict(term.parameters), **off}.items())))
        if term.is_device
        else term
        for term in specification.terms
        if term.is_device or term.name not in names
    ]
    return NoiseSpecification(tuple(terms))
