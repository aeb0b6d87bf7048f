"""Choice of the physical qubits of a network whose neurons live on from layer to layer."""

from collections.abc import Sequence

from qiskit.transpiler import Target

from transpile.activation_step import is_projective
from transpile.calibration import Calibration, read_calibration
from transpile.errors import TranspileError
from transpile.groups import Group
from transpile.matching import cheapest_disjoint, largest_matching
from transpile.measurement import MEASURE
from transpile.placement import check_groups
from transpile.sites import site_cost, site_error


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
    wait: float,
    sites: Sequence[Group] | None = None,
    measurement: str = MEASURE,
) -> tuple[Group, ...]:
    """Sites of all neurons: neuron j of every layer is at site j.

    Neurons that some layer measures weakly have an ancilla there. The sites are chosen at the least
    total expected error of one step, in which a living neuron also waits; better ones come first.

    Args:
        target: The device.
        widths: Of every layer.
        entanglements: Of every layer, radians.
        wait: Seconds for which a living neuron waits in a step.
        sites: Checked instead, where they are given.
        measurement: The instruction that measures.

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
    read_out = any(is_projective(angle) for angle in entanglements)
    pairs = _pair_errors(calibration, wait, read_out) if weak else {}
    singles = {
        qubit: _living_cost(calibration, Group((qubit,)), wait, False)
        for qubit in calibration.usable
    }
    found = cheapest_disjoint(
        {qubits: error for qubits, (error, _) in pairs.items()}, weak, singles, len(angles) - weak
    )
    if found is None:
        room = largest_matching(calibration.couplings) if weak else len(calibration.usable)
        kind = "neuron-ancilla pairs" if weak else "neurons"
        more = f" beside {len(angles) - weak} neurons" if 0 < weak < len(angles) else ""
        raise TranspileError(
            f"layout: {weak or len(angles)} {kind} wanted{more}, the device can place {room}; "
            "neurons that live on cannot be split over several executions"
        )
    return tuple(
        [pairs[qubits][1] for qubits in found[0]] + [Group((qubit,)) for qubit in found[1]]
    )


def _pair_errors(
    calibration: Calibration, wait: float, read_out: bool
) -> dict[tuple[int, int], tuple[float, Group]]:
    """The better of the two roles of each coupled pair, with its error."""
    return {
        (a, b): min(
            (
                (_living_cost(calibration, site, wait, read_out), site)
                for site in (Group((a,), (b,)), Group((b,), (a,)))
            ),
            key=lambda scored: (scored[0], scored[1].neurons),
        )
        for a, b in sorted(calibration.couplings)
    }


def _living_cost(calibration: Calibration, site: Group, wait: float, read_out: bool) -> float:
    """Cost of one step in which the neuron also waits and, where `read_out`, is measured."""
    neuron = calibration.qubits[site.neurons[0]]
    error = site_error(calibration, site)
    success = (1 - error) * (1 - neuron.relaxation_error(wait))
    gap = site_cost(calibration, site) - error
    return gap + 1 - success * (1 - neuron.readout_error if read_out else 1)
