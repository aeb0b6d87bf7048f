"""Objects in a request that words can say as well: each becomes words once."""

from pathlib import Path
from typing import Any

from qnnq.devices.device import DEFAULT_DEVICE
from qnnq.devices.names import THE_DEVICE
from qnnq.errors import InputError


def in_words(request: Any) -> dict[str, Any]:
    """Return the fields of a request whose objects become words.

    Raises:
        InputError: If one is an object that nothing here takes.
    """
    found: dict[str, Any] = {
        name: str(value)
        for name in ("model", "data", "noise", "device")
        if isinstance(value := getattr(request, name), Path)
    }
    if not isinstance(request.images, str):
        from qnnq.data.selection import images_text

        found["images"] = images_text(request.images)
    if request.noise in (None, THE_DEVICE) and (model := own_noise(request.device)) is not None:
        from qnnq.devices.objects import TargetBackend

        found["noise"] = _noise(model)
        found["device"] = TargetBackend(request.device.target, request.device.name)
    elif request.noise is None:
        found["noise"] = _usual_noise(request)
    elif not isinstance(request.noise, (str, Path)):
        found["noise"] = _noise(request.noise)
    if not isinstance(request.model, (str, Path)):
        from qnnq.networks.network import Network

        _check("model", request.model, Network, "a name, a file or a Network")
    return found


def _usual_noise(request: Any) -> str:
    if request.engine == "ideal":
        return "ideal"
    return DEFAULT_DEVICE if request.device is None else "device"


def _noise(noise: Any) -> Any:
    from qiskit_aer.noise import NoiseModel

    from noise_models import NoiseSpecification
    from qnnq.deployments.given import GivenNoise

    found = own_noise(noise) or noise
    if isinstance(found, NoiseModel):
        return GivenNoise(found)
    if isinstance(found, GivenNoise):
        return found
    _check("noise", noise, NoiseSpecification, "words, a NoiseSpecification or a NoiseModel")
    return str(noise)


def own_noise(found: Any) -> Any:
    """Return the noise model of a simulator that has one, else None."""
    return getattr(getattr(found, "options", None), "noise_model", None)


def _check(name: str, value: Any, kind: type, expected: str) -> None:
    if not isinstance(value, kind):
        raise InputError(f"`{name}`: expected {expected}, got {type(value).__name__}")
