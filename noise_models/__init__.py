"""Aer noise: from a device, synthetic, scaled, restricted to the qubits in use, checked.

`specification` reads noise specifications, `channels` builds what they mean on a device,
`coverage` checks circuits against it, `rates` tabulates it, `catalogue` lists what exists.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from noise_models.errors import NoiseError
from noise_models.specification import NoiseSpecification, NoiseTerm

if TYPE_CHECKING:
    from noise_models.channels import NoiseChannels, build_channels
    from noise_models.coverage import check_coverage
    from noise_models.rates import QubitRates

__all__ = [
    "NoiseChannels",
    "NoiseError",
    "NoiseSpecification",
    "NoiseTerm",
    "QubitRates",
    "build_channels",
    "check_coverage",
]

# These import Aer, which reading a specification does not need.
_MODULES = {
    "NoiseChannels": "channels",
    "build_channels": "channels",
    "check_coverage": "coverage",
    "QubitRates": "rates",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
