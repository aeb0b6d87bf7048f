"""Choice of the physical qubits of a layer by the calibration of the device."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from qiskit.transpiler import Target

from transpile.calibration import Calibration, read_calibration
from transpile.errors import TranspileError
from transpile.groups import Group, pair_key
from transpile.matching import Pair, cheapest_disjoint, largest_matching
from transpile.shape import Shape

Kind = tuple[int, tuple[tuple[int, int], ...]]
"""Neurons of a group, and which of them, by their places in it, are coupled."""

Score = Callable[[Sequence[Group]], Sequence[float]]
"""Returns how bad groups are on their qubits, at most 1 a neuron; 0 is ideal."""

SINGLE: Kind = (1, ())

DIGITS = 9
"""Of a score: no calibration is that exact."""


def capacity(target: Target, shape: Shape, score: Score | None = None) -> int:
    """How many neurons of a layer the fault-free part of the device takes.

    Where a group takes more than two qubits, this is what the placement reaches, not a proven
    maximum. Of a layer with couplings it is the neurons of whole copies.

    Args:
        target: The device.
        shape: The layer; its width and copies do not matter where neurons are in no groups.
        score: See `choose_sites`.
    """
    calibration = read_calibration(target)
    if shape.couplings:
        copies = range(1, len(calibration.usable) // shape.width + 1)
        fitting = bisect_left(
            *(copies, True),
            key=lambda count: (
                not _fits(wider := replace(shape, copies=count), _chosen(calibration, wider, score))
            ),
        )
        return fitting * shape.width
    kind = max(_kinds(shape))
    qubits = kind[0] * (1 if shape.is_projective else 2)
    if qubits == 1:
        return len(calibration.usable)
    if kind == SINGLE:
        return largest_matching(calibration.couplings)
    if qubits == 2:
        groups = largest_matching(calibration.pair_couplings)
        return 2 * groups + (len(calibration.usable) > 2 * groups)
    chosen = _best_disjoint(calibration, kind, shape.is_projective, score)
    used = {qubit for group in chosen for qubit in group.qubits}
    single = _exact(calibration, {SINGLE: 1}, shape.is_projective, score, used)
    return kind[0] * len(chosen) + (single is not None)


def choose_sites(target: Target, shape: Shape, score: Score | None = None) -> tuple[Group, ...]:
    """Choose disjoint, fault-free places of the least total score.

    Of the two roles of a neuron and its ancilla the better one is taken. Groups of more than two
    qubits are chosen first, one after the other, each the best of what the last one left. What
    the device says less of than of others comes after all that it says everything of.

    Args:
        target: The device.
        shape: The layer.
        score: How bad a place is; of equal ones, and without a score, the lowest numbers are taken.

    Returns:
        The place of every neuron by number; of equal groups the first ones have the better places.

    Raises:
        TranspileError: Where the device cannot place so many, with both numbers.
    """
    calibration = read_calibration(target)
    numbers = _kinds(shape)
    chosen = _chosen(calibration, shape, score)
    if not _fits(shape, chosen):
        if shape.couplings:
            raise TranspileError(_too_many_groups(calibration, shape, chosen))
        raise TranspileError(_too_many(shape, capacity(target, shape, score)))
    sites: dict[int, Group] = {}
    for kind, groups in numbers.items():
        for group, placed in zip(groups, chosen[kind], strict=True):
            sites.update(zip(group.neurons, placed.sites, strict=True))
    return tuple(sites[number] for number in range(shape.neurons))


def _chosen(calibration: Calibration, shape: Shape, score: Score | None) -> dict[Kind, list[Group]]:
    """Return the groups of each kind; of one that does not fit, fewer than are wanted."""
    numbers = _kinds(shape)
    chosen: dict[Kind, list[Group]] = {}
    used: set[int] = set()
    size = 1 if shape.is_projective else 2
    for kind in sorted((kind for kind in numbers if kind[0] * size > 2), reverse=True):
        found = _best_disjoint(calibration, kind, shape.is_projective, score, used)
        chosen[kind] = found[: len(numbers[kind])]
        used.update(qubit for group in chosen[kind] for qubit in group.qubits)
    wanted = {kind: len(groups) for kind, groups in numbers.items() if kind not in chosen}
    rest = _exact(calibration, wanted, shape.is_projective, score, used)
    return chosen | (rest or {kind: [] for kind in wanted})


def _fits(shape: Shape, chosen: Mapping[Kind, Sequence[Group]]) -> bool:
    return all(len(chosen[kind]) >= len(groups) for kind, groups in _kinds(shape).items())


def _kinds(shape: Shape) -> dict[Kind, list[Group]]:
    """Return the groups of each kind, by their neurons' numbers."""
    found: dict[Kind, list[Group]] = defaultdict(list)
    for group in shape.groups:
        place = {number: place for place, number in enumerate(group.neurons)}
        coupled = tuple(sorted(pair_key(place[a], place[b]) for a, b in group.couplings))
        found[len(group.neurons), coupled].append(group)
    return found


def _too_many(shape: Shape, room: int) -> str:
    kind = "neurons" if shape.is_projective else "neuron-ancilla pairs"
    coupled = ", neurons 2k and 2k+1 coupled" if shape.pair_gate == "cz" else ""
    wanted = f"{shape.copies} copies of {shape.width}" if shape.copies > 1 else str(shape.width)
    return f"layout: {wanted} {kind} wanted, the device can place {room}{coupled}"


def _too_many_groups(
    calibration: Calibration, shape: Shape, chosen: Mapping[Kind, Sequence[Group]]
) -> str:
    used = {qubit for groups in chosen.values() for group in groups for qubit in group.qubits}
    for kind, groups in _kinds(shape).items():
        size, room = kind[0], len(chosen[kind])
        if size == 2 and room == 0:  # which are chosen all at once or not at all
            pairs = _embeddings(calibration, kind, shape.is_projective, used)
            room = largest_matching([group.neurons for group in pairs])  # type: ignore[misc]
        if size > 1 and room < len(groups):
            return (
                f"layout: {len(groups)} groups of {size} coupled neurons wanted, the device can "
                f"place {room}"
            )
    room = len(calibration.usable)
    return f"layout: {shape.neurons} neurons wanted, the device can place {room}"


def _exact(
    calibration: Calibration,
    wanted: Mapping[Kind, int],
    projective: bool,
    score: Score | None,
    used: Collection[int],
) -> dict[Kind, list[Group]] | None:
    """Return the best disjoint groups of one and of two qubits on the qubits that are not used."""
    best: dict[Pair, tuple[float, Group]] = {}
    alone: dict[int, float] = {}
    pairs = singles = 0
    kinds: dict[int, Kind] = {}
    for kind, count in wanted.items():
        groups = _embeddings(calibration, kind, projective, used)
        scored = zip(costs(calibration, groups, score), groups, strict=True)
        if kind[0] * (1 if projective else 2) == 1:
            singles, kinds[1] = count, kind
            alone = {group.neurons[0]: cost for cost, group in scored}
        else:
            pairs, kinds[2] = count, kind
            best = best_roles(scored)
    found = cheapest_disjoint({key: best[key][0] for key in best}, pairs, alone, singles)
    if found is None:
        return None
    placed = {1: [Group((qubit,)) for qubit in found[1]], 2: [best[key][1] for key in found[0]]}
    return {kind: placed[qubits] for qubits, kind in kinds.items()}


def _best_disjoint(
    calibration: Calibration,
    kind: Kind,
    projective: bool,
    score: Score | None,
    used: Collection[int] = (),
) -> list[Group]:
    """Return disjoint groups, each the best of what the last one left."""
    groups = _embeddings(calibration, kind, projective, used)
    scored = zip(costs(calibration, groups, score), groups, strict=True)
    chosen: list[Group] = []
    taken: set[int] = set()
    for _, group in sorted(scored, key=_order):
        if taken.isdisjoint(group.qubits):
            chosen.append(group)
            taken.update(group.qubits)
    return chosen


def costs(calibration: Calibration, groups: Sequence[Group], score: Score | None) -> list[float]:
    """Return the scores of groups; of those that the target says less of, more than all others'.

    Scores are rounded to `DIGITS`: processors differ in the last bits, and equal places are equal.
    """
    found = score(groups) if score is not None else [0.0] * len(groups)
    qubits = len(calibration.qubits)
    return [
        round(each, DIGITS) + calibration.lacks(group) * qubits
        for each, group in zip(found, groups, strict=True)
    ]


def best_roles(scored: Iterable[tuple[float, Group]]) -> dict[Pair, tuple[float, Group]]:
    """Return the better group of those on the same two qubits, by these in ascending order."""
    best: dict[Pair, tuple[float, Group]] = {}
    for cost, group in scored:
        key = pair_key(*group.qubits)
        best[key] = min((cost, group), best.get(key, (cost, group)), key=_order)
    return dict(sorted(best.items()))


def _order(scored: tuple[float, Group]) -> tuple[float, tuple[int, ...]]:
    return scored[0], scored[1].qubits


def _embeddings(
    calibration: Calibration, kind: Kind, projective: bool, used: Collection[int]
) -> list[Group]:
    """Return the groups of a kind on coupled qubits that are not used, symmetrical ones once.

    A neuron and its ancilla can be either way round.
    """
    neighbours = _neighbours(calibration.pair_couplings)
    size, couplings = kind
    free = [qubit for qubit in calibration.usable if qubit not in used]
    found: list[tuple[int, ...]] = [()]
    for place in range(size):
        before = [first for first, second in couplings if second == place]
        found = [
            (*qubits, qubit)
            for qubits in found
            for qubit in free
            if qubit not in qubits and all(qubit in neighbours[qubits[each]] for each in before)
        ]
    if not projective:
        neighbours = _neighbours(calibration.couplings)
        for place in range(size):
            found = [
                (*qubits, qubit)
                for qubits in found
                for qubit in sorted(neighbours[qubits[place]].difference(qubits, used))
            ]
    different: dict[object, Group] = {}
    for qubits in found:
        joined = tuple((qubits[a], qubits[b]) for a, b in couplings)
        group = Group(qubits[:size], qubits[size:], joined)
        sites, gates = frozenset(group.sites), frozenset(pair_key(*pair) for pair in joined)
        different.setdefault((sites, gates), group)
    return list(different.values())


def _neighbours(couplings: Iterable[Pair]) -> dict[int, set[int]]:
    found: dict[int, set[int]] = defaultdict(set)
    for a, b in couplings:
        found[a].add(b)
        found[b].add(a)
    return found
