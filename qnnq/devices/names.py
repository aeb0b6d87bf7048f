"""Names of devices: the one place where a name, or an object, becomes a device."""

import re
from typing import TYPE_CHECKING

import qnnq.devices.fake
import qnnq.devices.ibm.provider
import qnnq.devices.saved
import qnnq.devices.user_function  # noqa: F401 (they register themselves)
from qnnq.devices.device import PROVIDERS, Device, DeviceLike, Kind, Provider
from qnnq.errors import InputError
from qnnq.wording import nearest

if TYPE_CHECKING:
    from qnnq.devices.service_limits import ServiceLimits

THE_DEVICE = "device"
"""In a specification of noise, the noise of whichever device is in use."""


def device_names() -> list[str]:
    """Return the names of all devices that are known without asking a service, sorted."""
    return sorted(name for provider in PROVIDERS for name in provider.names())


def names_in(text: str) -> list[str]:
    """Return the words of a text that are, or may be, the name of a device."""
    words = re.findall(r"\w+", text)
    return [word for word in words if any(provider.claims(word) for provider in PROVIDERS)]


def device_kind(name: str) -> Kind:
    """Return what kind of device a name means; raises InputError as `resolve_device` does."""
    return _provider(name).kind


def own_name(device: DeviceLike) -> str:
    """Return what specifications of noise call a device.

    That of a file or an object is in it; other names are their own, and are not looked up.

    Raises:
        InputError: As `resolve_device` does.
    """
    if isinstance(device, str) and _provider(device).named_by_request:
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
    if isinstance(device, str):
        return _provider(device).find(device, limits, instance)
    from qnnq.devices.objects import device_of

    return device_of(device, limits)


def _provider(name: str) -> Provider:
    for provider in PROVIDERS:
        if provider.claims(name):
            return provider
    expected = " or ".join(provider.example for provider in PROVIDERS)
    raise InputError(
        f"device {name!r}: expected {expected}{nearest(name, device_names())} "
        "(`qnnq noise` lists the bundled ones)"
    )
