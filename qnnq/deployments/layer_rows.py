"""What the compiled layers of a network are on a device, as plain JSON."""

from typing import TYPE_CHECKING, Any

from qnnq.deployments.identity import device_identity
from qnnq.deployments.placed_network import PlacedNetwork
from qnnq.devices.device import Device
from qnnq.storage.cache import recall_document

if TYPE_CHECKING:
    from transpile import CompiledLayer


def layer_rows(placed: PlacedNetwork) -> list[dict[str, Any]]:
    """Return qubits, gates, depth, duration and errors of every layer.

    What an earlier process compiled is not compiled again.

    Raises:
        InputError, TranspileError: If the network does not fit there.
    """
    placement = placed.placement
    identity = {
        "kept": "rows",
        "network": placed.network.digest,
        "qubits": placement.qubits,
        "copies": placed.copies or placement.copies,
        "pairs": placement.pairs,
        "pair_gate": placement.pair_gate,
        **device_identity(placement.device),
    }

    def made() -> list[dict[str, Any]]:
        layers = enumerate(placed.layers)
        return [_row(number, layer, placement.device) for number, layer in layers]

    return recall_document(identity, made)


def _row(number: int, layer: "CompiledLayer", device: Device) -> dict[str, Any]:
    from qnnq.deployments.site_errors import site_errors
    from transpile import report

    found = report(layer, device.target)
    return {
        "layer": number,
        "neurons": layer.shape.width,
        "copies": layer.shape.copies,
        "executions": layer.parts,
        "sites": [str(site) for site in layer.sites],
        "depth": found.depth,
        "gates": dict(found.gate_counts),
        "two_qubit_gates": found.two_qubit_gates,
        "duration_s": found.duration_s,
        "neuron_errors": site_errors(device, layer.shape.entanglement).of_layer(layer),
    }
