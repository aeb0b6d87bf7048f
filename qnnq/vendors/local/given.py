"""Machines that were given as objects to this process, whose backends run their jobs."""

from typing import TYPE_CHECKING

from qnnq.devices.device import OBJECT, Device, Provider
from qnnq.errors import InputError

if TYPE_CHECKING:
    from qnnq.devices.service_limits import ServiceLimits


def _find(name: str, limits: "ServiceLimits", instance: str | None) -> Device:
    from qnnq.devices.objects import GIVEN

    if name not in GIVEN:
        raise InputError(
            f"device {name}: was given as an object to another process; expected it in this one, "
            "qnnq.resolve_device(backend) makes it known"
        )
    return GIVEN[name]


PROVIDER = Provider(
    example="",
    kind="machine",
    claims=lambda name: name.startswith(OBJECT),
    names=tuple,
    find=_find,
    named_by_request=False,
)
