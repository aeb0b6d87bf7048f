"""Who offers devices: what the entry points of the group `qnnq.devices` name."""

from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import NamedTuple

from qnnq.devices.device import Provider
from qnnq.wording import reason

GROUP = "qnnq.devices"
BUILT_IN = {
    "fake": "qnnq.vendors.local.fake:PROVIDER",
    "ibm": "qnnq.vendors.ibm.provider:PROVIDER",
    "ions": "qnnq.vendors.ions:PROVIDER",
    "aqt": "qnnq.vendors.aqt:PROVIDER",
    "braket": "qnnq.vendors.braket:PROVIDER",
    "quantinuum": "qnnq.vendors.quantinuum:PROVIDER",
    "file": "qnnq.vendors.local.snapshot_file:PROVIDER",
    "function": "qnnq.vendors.local.user_function:PROVIDER",
    "object": "qnnq.vendors.local.given:PROVIDER",
}
"""Ours, as pyproject.toml lists them: a checkout may be used whose metadata are older."""


class Found(NamedTuple):
    """The providers, those asked first at the front, and why others could not be loaded."""

    providers: list[Provider]
    broken: list[str]


@cache
def found_providers() -> Found:
    """Return the providers of all installed packages; one that cannot be loaded is left out."""
    places = {**BUILT_IN, **{each.name: each.value for each in entry_points(group=GROUP)}}
    found = Found([], [])
    for name, place in places.items():
        try:
            provider = EntryPoint(name, place, GROUP).load()
        except Exception as error:  # whatever the package of somebody else raises
            found.broken.append(f"{name} ({place}): {reason(error)}")
            continue
        if isinstance(provider, Provider):
            found.providers.append(provider)
        else:
            got = type(provider).__name__
            found.broken.append(f"{name} ({place}): expected a qnnq.Provider, got {got}")
    return found


def providers() -> list[Provider]:
    """Return the providers, those that are asked first at the front."""
    return found_providers().providers
