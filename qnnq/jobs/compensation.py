"""What angles of a run on a device are corrected with: coefficients that the ledger keeps."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from noise_models import NoiseSpecification
from qnnq.deployments.compilation import layer_channels, scheduled
from qnnq.devices.device import Device
from qnnq.errors import InputError
from qnnq.execution.engines.base import Engine
from qnnq.execution.engines.compensated import CompensatedEngine
from qnnq.execution.engines.layer_response import LayerResponse
from qnnq.execution.engines.response import component_responses
from qnnq.execution.measured_response import MeasuredResponse, read_response
from transpile import CompiledLayer

Coefficients = NDArray[np.float64]
"""a, b, c of P(-1) = a + b cos(theta) + c sin(theta) of each slot, shape (slots, 3)."""


def calibrated_coefficients(
    device: Device, layers: Sequence[CompiledLayer]
) -> tuple[Coefficients, ...]:
    """Return the coefficients that follow from a device's calibration data.

    Raises:
        InputError: If inserted gates join neurons.
    """
    noise = NoiseSpecification.parse(device.name, device_names=[device.name])
    found: dict[int, Coefficients] = {}
    for layer in layers:
        if id(layer) in found:
            continue
        timed = scheduled(device, layer)
        channels = layer_channels(device, noise, timed)
        coefficients = np.zeros((layer.slots, 3))
        for response in component_responses(timed.circuit, channels):
            if len(response.slots) > 1:
                raise InputError("`compensate`: expected neurons that do not touch, got cz pairs")
            coefficients[response.slots[0]] = response.coefficients[1]
        found[id(layer)] = coefficients
    return tuple(found[id(layer)] for layer in layers)


def measured_coefficients(
    path: str, device: str, layers: Sequence[CompiledLayer], pairs: int
) -> tuple[Coefficients, ...]:
    """Return the coefficients of a response file.

    Raises:
        InputError: If the file is of another device or other circuits, or a qubit is missing.
    """
    response = read_response(path)
    if response.device != device:
        raise InputError(f"{path}: the response of {response.device}: expected that of {device}")
    if response.pairs != pairs:
        raise InputError(f"{path}: measured with {response.pairs} pairs: expected {pairs}")
    return site_coefficients(response, layers, path)


def site_coefficients(
    response: MeasuredResponse, layers: Sequence[CompiledLayer], name: str
) -> tuple[Coefficients, ...]:
    """Return the coefficients that a response has for the sites of layers.

    Args:
        response: The response.
        layers: The compiled layers.
        name: What to call the response in an error.

    Raises:
        InputError: If a site is missing.
    """
    found = []
    for layer in layers:
        known = {
            site.site: site.coefficients
            for kind in response.kinds
            if abs(kind.entanglement - layer.shape.entanglement) < 1e-9
            for site in kind.sites
        }
        missing = [str(site) for site in layer.sites if str(site) not in known]
        if missing:
            raise InputError(
                f"{name}: no response of site {missing[0]} at entanglement "
                f"{layer.shape.entanglement:.4f}; calibrate the sites in use"
            )
        found.append(np.array([known[str(site)] for site in layer.sites]))
    return tuple(found)


def slot_responses(
    layers: Sequence[CompiledLayer], coefficients: Sequence[Coefficients]
) -> list[LayerResponse]:
    """Return what layers answer whose slots have these coefficients."""
    pairs = zip(layers, coefficients, strict=True)
    return [LayerResponse.of_slots(layer.slot_of, values) for layer, values in pairs]


def compensating(
    engine: Engine, layers: Sequence[CompiledLayer], coefficients: Sequence[Coefficients]
) -> CompensatedEngine:
    """Return an engine that corrects angles before `engine` measures them."""
    angles = [layer.shape.entanglement for layer in layers]
    return CompensatedEngine(engine, slot_responses(layers, coefficients), angles)
