"""How much each mechanism of a noise changes what the neurons of a network answer."""

from dataclasses import dataclass

from noise_models import NoiseSpecification
from noise_models.attribution import single_mechanisms
from noise_models.channels import NoiseChannels
from qnnq.deployments.compilation import layer_channels
from qnnq.deployments.stepwise import StepwiseDeployment
from qnnq.execution.engines.layer_response import ComponentResponse
from qnnq.execution.engines.response import component_responses
from qnnq.execution.engines.response_error import errors_of_slots
from transpile import CompiledLayer


@dataclass(frozen=True)
class NeuronBudget:
    """The errors of one slot of a layer.

    Attributes:
        layer: The hidden layer, 0 for the first.
        site: Its qubits.
        idle_s: Seconds that its qubits wait before the measurement.
        total: How far all noise together moves P(-1): the root mean square over all angles.
        shares: The same of each mechanism alone, divided by the sum over all of them.
    """

    layer: int
    site: str
    idle_s: float
    total: float
    shares: dict[str, float]


def error_budget(deployment: StepwiseDeployment) -> list[NeuronBudget]:
    """Return the budget of every slot of every different layer.

    Correlated readout is not part of it: it acts between outcomes.

    Raises:
        InputError: If ZZ couplings join too many neurons.
    """
    ideal = NoiseSpecification()
    alone = single_mechanisms(deployment.specification)
    rows: list[NeuronBudget] = []
    for number, layer in enumerate(deployment.layers):
        if layer in deployment.layers[:number]:
            continue
        channels = deployment.channels[number]
        device = deployment.placement.device
        exact = _answers(layer, layer_channels(device, ideal, layer))
        joint = [numbers for _, numbers in layer.shape.coupled]
        total = errors_of_slots(_answers(layer, channels), exact, joint)
        each = {
            name: errors_of_slots(
                _answers(layer, layer_channels(device, specification, layer)), exact, joint
            )
            for name, specification in alone.items()
        }
        idle = _waits(layer, channels)
        for slot, site in enumerate(layer.sites):
            whole = sum(errors[slot] for errors in each.values())
            shares = {name: errors[slot] / whole if whole else 0.0 for name, errors in each.items()}
            waits = sum(idle[qubit] for qubit in site.qubits)
            rows.append(NeuronBudget(number, str(site), waits, total[slot], shares))
    return rows


def _answers(layer: CompiledLayer, channels: NoiseChannels) -> list[ComponentResponse]:
    return component_responses(layer.circuit, channels, layer.shape.degree)


def _waits(layer: CompiledLayer, channels: NoiseChannels) -> dict[int, float]:
    """Return how long each qubit waits while a measured outcome still depends on it."""
    circuit = layer.circuit
    waits = dict.fromkeys((qubit for site in layer.sites for qubit in site.qubits), 0.0)
    relevant: set[int] = set()
    for item in reversed(circuit.data):
        qubits = tuple(circuit.find_bit(bit).index for bit in item.qubits)
        if item.operation.name == "measure" or (
            item.operation.name != "barrier" and relevant.intersection(qubits)
        ):
            relevant.update(qubits)
            if item.operation.name == "delay":
                waits[qubits[0]] += channels.duration(item.operation, qubits)
    return waits
