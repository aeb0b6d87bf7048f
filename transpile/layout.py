"""Choice of the physical qubits of a layer by the calibration of the device."""

from itertools import product

from qiskit.transpiler import Target

from transpile.activation_step import is_projective
from transpile.calibration import Calibration, read_calibration
from transpile.errors import TranspileError
from transpile.gate_pairs import PairGate, check_pairs
from transpile.matching import cheapest_disjoint, largest_matching
from transpile.sites import Site, couple_cost, single_sites

Couple = tuple[Site, Site]


def capacity(target: Target, entanglement: float, pair_gate: PairGate = "sx") -> int:
    """How many neurons of one layer the fault-free part of the device takes.

    For "cz" with ancillas this is what the placement reaches, not a proven maximum.

    Args:
        target: The device.
        entanglement: The angle g in radians; below pi/2 a neuron needs two coupled qubits.
        pair_gate: With "cz" neurons 2k and 2k+1 sit on coupled qubits.
    """
    check_pairs(0, pair_gate)
    calibration = read_calibration(target)
    if pair_gate == "sx":
        if is_projective(entanglement):
            return len(calibration.usable)
        return largest_matching(calibration.couplings)
    if is_projective(entanglement):
        couples = largest_matching(calibration.pair_couplings)
        return 2 * couples + (len(calibration.usable) > 2 * couples)
    paths = _disjoint_paths(calibration)
    return 2 * len(paths) + (_singles(calibration, entanglement, 1, paths) is not None)


def choose_sites(
    target: Target,
    width: int,
    entanglement: float,
    *,
    pair_gate: PairGate = "sx",
    copies: int = 1,
) -> tuple[Site, ...]:
    """Choose disjoint, fault-free sites at the least total expected error.

    A neuron and its ancilla are coupled, in the better of the two roles. With the pair gate "cz"
    neurons 2k and 2k+1 of a copy are coupled too; then, with ancillas, the choice is greedy.

    Args:
        target: The device.
        width: Neurons.
        entanglement: The angle g, radians.
        pair_gate: Of inserted pairs.
        copies: Images side by side.

    Returns:
        copies * width sites: neuron j of copy c is at c * width + j, better sites first.

    Raises:
        TranspileError: Where the device cannot place so many, with both numbers.
    """
    check_pairs(0, pair_gate)
    if width < 1 or copies < 1:
        raise TranspileError(
            f"layout: expected at least 1 neuron and 1 copy, got {width} and {copies}"
        )
    calibration = read_calibration(target)
    if pair_gate == "sx":
        chosen = _singles(calibration, entanglement, width * copies)
    else:
        chosen = _couples(calibration, entanglement, width, copies)
    if chosen is None:
        room = capacity(target, entanglement, pair_gate)
        raise TranspileError(_too_many(width, copies, entanglement, pair_gate, room))
    return tuple(chosen)


def _too_many(width: int, copies: int, entanglement: float, pair_gate: PairGate, room: int) -> str:
    kind = "neurons" if is_projective(entanglement) else "neuron-ancilla pairs"
    coupled = ", neurons 2k and 2k+1 coupled" if pair_gate == "cz" else ""
    wanted = f"{copies} copies of {width}" if copies > 1 else str(width)
    return f"layout: {wanted} {kind} wanted, the device can place {room}{coupled}"


def _singles(
    calibration: Calibration, entanglement: float, count: int, couples: list[Couple] | None = None
) -> list[Site] | None:
    """The best `count` disjoint sites on the qubits that the couples leave free."""
    used = {qubit for couple in couples or () for site in couple for qubit in site.qubits}
    scored = {
        site.qubits: error
        for error, site in single_sites(calibration, entanglement)
        if not used & set(site.qubits)
    }
    if is_projective(entanglement):
        found = cheapest_disjoint({}, 0, {q: error for (q, *_), error in scored.items()}, count)
        return None if found is None else [Site(qubit) for qubit in found[1]]
    found = cheapest_disjoint({(q, a): error for (q, a), error in scored.items()}, count, {}, 0)
    return None if found is None else [Site(*pair) for pair in found[0]]


def _couples(
    calibration: Calibration, entanglement: float, width: int, copies: int
) -> list[Site] | None:
    """Sites copy by copy: its couples, then the odd one out."""
    n_couples, n_singles = copies * (width // 2), copies * (width % 2)
    if is_projective(entanglement):
        found = cheapest_disjoint(
            {pair: _bare_cost(calibration, pair) for pair in calibration.pair_couplings},
            n_couples,
            {site.neuron: error for error, site in single_sites(calibration, entanglement)},
            n_singles,
        )
        if found is None:
            return None
        couples = [(Site(a), Site(b)) for a, b in found[0]]
        singles = [Site(qubit) for qubit in found[1]]
    else:
        couples = _disjoint_paths(calibration)[:n_couples]
        left = _singles(calibration, entanglement, n_singles, couples)
        if len(couples) < n_couples or left is None:
            return None
        singles = left
    per_copy = width // 2
    return [
        site
        for copy in range(copies)
        for site in (
            *(s for couple in couples[copy * per_copy : (copy + 1) * per_copy] for s in couple),
            *singles[copy : copy + width % 2],
        )
    ]


def _bare_cost(calibration: Calibration, pair: tuple[int, int]) -> float:
    return couple_cost(calibration, Site(pair[0]), Site(pair[1]))


def _disjoint_paths(calibration: Calibration) -> list[Couple]:
    """Disjoint paths ancilla-neuron-neuron-ancilla, each the best of what the last one left."""
    partners: dict[int, list[int]] = {}
    for a, b in calibration.couplings:
        partners.setdefault(a, []).append(b)
        partners.setdefault(b, []).append(a)
    scored = []
    for first, second in calibration.pair_couplings:
        for a, b in product(partners.get(first, ()), partners.get(second, ())):
            if len({first, second, a, b}) == 4:
                couple = (Site(first, a), Site(second, b))
                scored.append((couple_cost(calibration, *couple), couple))
    scored.sort(key=lambda candidate: (candidate[0], str(candidate[1])))
    chosen: list[Couple] = []
    used: set[int] = set()
    for _, couple in scored:
        qubits = {qubit for site in couple for qubit in site.qubits}
        if not used & qubits:
            chosen.append(couple)
            used |= qubits
    return chosen
