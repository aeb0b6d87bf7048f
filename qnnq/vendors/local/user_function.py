"""Devices by `module:factory`: what a function of the user's own returns."""

import importlib
import re
import sys
from functools import lru_cache
from typing import TYPE_CHECKING

from qnnq.devices.device import Device, Provider
from qnnq.errors import InputError
from qnnq.vendors.local.simulation import simulated
from qnnq.wording import reason

if TYPE_CHECKING:
    from qnnq.devices.service_limits import ServiceLimits

_NAME = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")


@lru_cache(maxsize=8)  # one device for all who ask in a process
def _find(name: str, limits: "ServiceLimits", instance: str | None) -> Device:
    from dataclasses import replace

    from qnnq.devices.objects import device_of

    module, _, factory = name.partition(":")
    if "" not in sys.path and "." not in sys.path:
        sys.path.insert(0, "")  # the folder in which the command was given, as `python -m` has it
    try:
        function = getattr(importlib.import_module(module), factory)
    except (ImportError, AttributeError) as error:
        raise InputError(f"device {name}: {error}") from error
    except (Exception, SystemExit) as error:
        raise InputError(f"device {name}: its module raised {reason(error)}") from error
    if not callable(function):
        raise InputError(f"device {name}: expected a function, got {type(function).__name__}")
    try:
        made = function()
    except (Exception, SystemExit) as error:
        raise InputError(f"device {name}: its factory raised {reason(error)}") from error
    return replace(device_of(made, limits, f"device {name}"), found_as=name)


PROVIDER = Provider(
    example="module:factory",
    kind="simulated",
    claims=lambda name: _NAME.fullmatch(name) is not None,
    names=tuple,
    find=_find,
    service=simulated,
    named_by_request=False,
)
