"""The bundled snapshots of machines, simulated in this process."""

import warnings
from functools import lru_cache
from typing import TYPE_CHECKING

from qnnq.devices.device import Device, Provider
from qnnq.vendors.local.simulation import simulated

if TYPE_CHECKING:
    from qnnq.devices.service_limits import ServiceLimits


@lru_cache(maxsize=1)
def fake_backends() -> dict[str, type]:
    """Return the classes of the snapshots by name."""
    from qiskit_ibm_runtime import fake_provider

    classes = (getattr(fake_provider, name) for name in dir(fake_provider))
    return {
        item.backend_name: item
        for item in classes
        if isinstance(getattr(item, "backend_name", 0), str)
    }


@lru_cache(maxsize=8)  # a snapshot never changes
def _find(name: str, limits: "ServiceLimits", instance: str | None) -> Device:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        backend = fake_backends()[name]()
    return Device.of(backend, "simulated", limits)


PROVIDER = Provider(
    example="fake_...",
    kind="simulated",
    claims=lambda name: name in fake_backends(),
    names=fake_backends,
    find=_find,
    service=simulated,
)
