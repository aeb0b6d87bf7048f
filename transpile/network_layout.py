"""Choice of the physical qubits of a network whose neurons live on from layer to layer."""

from collections.abc import Sequence

from qiskit.transpiler import Target

from transpile.activation_step import is_projective
from transpile.calibration import read_calibration
from transpile.errors import TranspileError
from transpile.groups import Group
from transpile.layout import Score, best_roles, costs
from transpile.matching import cheapest_disjoint, largest_matching
from transpile.measurement import MEASURE
from transpile.placement import check_groups


def smallest_entanglements(widths: Sequence[int], entanglements: Sequence[float]) -> list[float]:
    """For each neuron of the widest layer the smallest angle g of the layers that have it.

    Below pi/2 its site needs an ancilla.

    Args:
        widths: Of every layer.
        entanglements: Of every layer, radians.

    Raises:
        TranspileError: For no layer, a layer without neurons or an angle out of range.
    """
    if not widths or min(widths) < 1 or len(widths) != len(entanglements):
        raise TranspileError(
            f"network: expected a width of at least 1 and an angle for every layer, got widths "
            f"{list(widths)} and {len(entanglements)} angles"
        )
    for angle in entanglements:
        is_projective(angle)  # raises where it is out of range
    layers = list(zip(widths, entanglements, strict=True))
    return [min(g for width, g in layers if neuron < width) for neuron in range(max(widths))]


def network_sites(
    target: Target,
    widths: Sequence[int],
    entanglements: Sequence[float],
    sites: Sequence[Group] | None = None,
    measurement: str = MEASURE,
    score: Score | None = None,
) -> tuple[Group, ...]:
    """Sites of all neurons: neuron j of every layer is at site j.

    Neurons that some layer measures weakly have an ancilla there. The sites are chosen at the least
    total score; where a layer reads the neurons themselves out, that of a bare neuron counts too.
    Better ones come first.

    Args:
        target: The device.
        widths: Of every layer.
        entanglements: Of every layer, radians.
        sites: Checked instead, where they are given.
        measurement: The instruction that measures.
        score: See `transpile.layout.choose_sites`.

    Raises:
        TranspileError: Where the device cannot place so many, or for bad sites.
    """
    angles = smallest_entanglements(widths, entanglements)
    if sites is not None:
        if len(sites) != len(angles):
            raise TranspileError(f"qubits: expected {len(angles)} sites, got {len(sites)}")
        check_groups(sites, target, angles, measurement)
        return tuple(sites)
    weak = sum(not is_projective(angle) for angle in angles)
    calibration = read_calibration(target, measurement)
    neurons = [Group((qubit,)) for qubit in calibration.usable]
    bare = dict(zip(calibration.usable, costs(calibration, neurons, score), strict=True))
    read_out = any(is_projective(angle) for angle in entanglements)
    pairs = sorted(pair for both in calibration.couplings for pair in (both, both[::-1]))
    groups = [Group((neuron,), (ancilla,)) for neuron, ancilla in pairs] if weak else []
    best = best_roles(
        (cost + (bare[group.neurons[0]] if read_out else 0.0), group)
        for cost, group in zip(costs(calibration, groups, score), groups, strict=True)
    )
    found = cheapest_disjoint(
        {key: cost for key, (cost, _) in best.items()}, weak, bare, len(angles) - weak
    )
    if found is None:
        room = largest_matching(calibration.couplings) if weak else len(calibration.usable)
        kind = "neuron-ancilla pairs" if weak else "neurons"
        more = f" beside {len(angles) - weak} neurons" if 0 < weak < len(angles) else ""
        raise TranspileError(
            f"layout: {weak or len(angles)} {kind} wanted{more}, the device can place {room}; "
            "neurons that live on cannot be split over several executions"
        )
    return (*(best[key][1] for key in found[0]), *(Group((qubit,)) for qubit in found[1]))
