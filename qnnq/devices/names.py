"""Names of devices: the one place where a name, or an object, becomes a device."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

from qnnq.devices.device import Device, DeviceLike, Kind, Provider
from qnnq.devices.providers import found_providers, providers
from qnnq.errors import InputError, QnnqError
from qnnq.wording import nearest, reason

if TYPE_CHECKING:
    from qnnq.devices.service_limits import ServiceLimits

THE_DEVICE = "device"
"""In a specification of noise, the noise of whichever device is in use."""


def device_names() -> list[str]:
    """Return the names of all devices that are known without asking a service, sorted."""
    return sorted(name for provider in providers() for name in provider.names())


def names_in(text: str) -> list[str]:
    """Return the words of a text that are, or may be, the name of a device."""
    words = re.findall(r"\w+", text)
    return [word for word in words if any(provider.claims(word) for provider in providers())]


def device_kind(name: str) -> Kind:
    """Return what kind of device a name means; raises InputError as `resolve_device` does."""
    return provider_of(name).kind


def own_name(device: DeviceLike) -> str:
    """Return what specifications of noise call a device.

    That of a file or an object is in it; other names are their own, and are not looked up.

    Raises:
        InputError: As `resolve_device` does.
    """
    if isinstance(device, str) and provider_of(device).named_by_request:
        return device
    return resolve_device(device).name


def resolve_device(
    device: DeviceLike, limits: "ServiceLimits | None" = None, instance: str | None = None
) -> Device:
    """Return the device of a name or an object; a machine is asked for its calibration each time.

    Args:
        device: Such as `fake_kingston`, `ibm_kingston` of the saved account, a file that `qnnq
            noise --save-device` wrote, `module:factory`, a BackendV2 or a Target.
        limits: Those that the user has changed, None for the service's own.
        instance: The service instance (its CRN or name), None for that of the saved account.

    Raises:
        InputError: If there is no such device.
        QnnqError: If its service does not answer.
    """
    from qnnq.devices.service_limits import ServiceLimits

    limits = limits or ServiceLimits()
    if isinstance(device, str | Path):
        device = str(device)
        provider = provider_of(device)
        try:
            return provider.find(device, limits, instance)
        except QnnqError:
            raise
        except Exception as error:  # whatever a vendor's package raises
            raise QnnqError(f"device {device}: its provider raised {reason(error)}") from error
    from qnnq.devices.objects import given_device

    return given_device(device, limits)


def least_busy(qubits: int, limits: "ServiceLimits", instance: str | None) -> str:
    """Return the name of the machine with the shortest queue, of a provider that knows.

    Args:
        qubits: How many it has at least.
        limits: Those that the user has changed.
        instance: The service instance, None for that of the saved account.

    Raises:
        InputError: If there is none.
    """
    for provider in providers():
        if provider.least_busy is not None:
            return provider.least_busy(qubits, limits, instance)
    raise InputError("device least_busy: no provider that is installed knows of queues")


def provider_of(name: str) -> Provider:
    """Return who offers a device, by its name; raises InputError if nobody does."""
    for provider in providers():
        if provider.claims(name):
            return provider
    expected = " or ".join(provider.example for provider in providers() if provider.example)
    broken = "".join(f"; not loaded: {each}" for each in found_providers().broken)
    raise InputError(
        f"device {name!r}: expected {expected}{nearest(name, device_names())} "
        f"(`qnnq noise` lists the bundled ones){broken}"
    )
