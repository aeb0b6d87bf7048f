"""The mechanisms of a specification, each on its own."""

from dataclasses import replace

from noise_models.catalogue import MECHANISMS
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
