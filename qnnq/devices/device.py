"""Names of devices to Qiskit backends: the one place where a device's name is resolved."""

from functools import lru_cache
from typing import TYPE_CHECKING

from qnnq.errors import InputError
from qnnq.wording import nearest

if TYPE_CHECKING:
    from qiskit.providers import BackendV2

DEFAULT_DEVICE = "fake_kingston"


def is_hardware(name: str) -> bool:
    """Whether the name is that of a machine behind the IBM Quantum service."""
    return name.startswith("ibm_")


@lru_cache(maxsize=1)
def _fake_backends() -> dict[str, type]:
    from qiskit_ibm_runtime import fake_provider

    classes = (getattr(fake_provider, name) for name in dir(fake_provider))
    return {
        item.backend_name: item
        for item in classes
        if isinstance(getattr(item, "backend_name", 0), str)
    }


def device_names() -> list[str]:
    """Return the names of the bundled fake devices, sorted."""
    return sorted(_fake_backends())


def check_device_name(name: str) -> None:
    """Raise InputError unless the name is that of a bundled device, or may be of a machine."""
    if not is_hardware(name) and name not in _fake_backends():
        raise InputError(
            f"device {name!r}: expected fake_... or ibm_..."
            f"{nearest(name, _fake_backends())} (`qnnq noise` lists the bundled ones)"
        )


@lru_cache(maxsize=8)
def resolve_device(name: str) -> "BackendV2":
    """Return the backend of a fake device, or of a machine of the saved IBM Quantum account.

    Raises:
        InputError: If there is no such device.
    """
    check_device_name(name)
    if is_hardware(name):
        from qnnq.devices.ibm.account import open_backend

        return open_backend(name)
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return _fake_backends()[name]()


@lru_cache(maxsize=8)
def calibration_time(backend: "BackendV2") -> str | None:
    """Return the time of a backend's calibration data, ISO 8601, or None where it has none."""
    properties = getattr(backend, "properties", lambda: None)()
    updated = getattr(properties, "last_update_date", None)
    return updated.isoformat() if updated else None
