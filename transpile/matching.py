"""Exact choice of disjoint pairs and single vertices at the least total cost."""

from collections.abc import Collection, Mapping

import rustworkx as rx

Pair = tuple[int, int]
SCALE = 2**40
"""Costs are rounded to this fraction: the matching algorithm works with integers."""


def largest_matching(pairs: Collection[Pair]) -> int:
    """The largest number of pairs of which no two share a vertex."""
    graph = rx.PyGraph()
    vertices = {v: graph.add_node(v) for v in sorted({v for pair in pairs for v in pair})}
    graph.add_edges_from([(vertices[a], vertices[b], 1) for a, b in pairs])
    return len(rx.max_weight_matching(graph, max_cardinality=True))


def cheapest_disjoint(
    pairs: Mapping[Pair, float], n_pairs: int, singles: Mapping[int, float], n_singles: int
) -> tuple[list[Pair], list[int]] | None:
    """Choose n_pairs pairs and n_singles vertices, disjoint, at the least total cost.

    Of equal costs the one of the lowest sum of numbers is taken.

    A maximum-weight perfect matching finds it: each vertex is matched to its partner, to one of
    n_singles extra vertices at its own cost, or to an extra vertex that stands for "not used".

    Args:
        pairs: The cost of each pair.
        n_pairs: How many.
        singles: The cost of each vertex by itself; a vertex need not occur in both.
        n_singles: How many.

    Returns:
        Pairs and vertices in order of cost, or None where so many do not exist.
    """
    vertices = sorted({v for pair in pairs for v in pair} | set(singles))
    unused = len(vertices) - 2 * n_pairs - n_singles
    if unused < 0:
        return None
    if n_pairs == 0:
        best = sorted(singles, key=lambda v: (singles[v], v))[:n_singles]
        return ([], best) if len(best) == n_singles else None

    numbers = sum(vertices) + 1

    def weight(cost: float, number: int) -> int:
        return -round(cost * SCALE) * numbers - number

    graph = rx.PyGraph()
    index = dict(zip(vertices, graph.add_nodes_from(vertices), strict=True))
    single_nodes = list(graph.add_nodes_from(["single"] * n_singles))
    unused_nodes = list(graph.add_nodes_from(["unused"] * unused))
    graph.add_edges_from(
        [(index[a], index[b], weight(cost, a + b)) for (a, b), cost in pairs.items()]
    )
    graph.add_edges_from(
        [(index[v], node, weight(cost, v)) for v, cost in singles.items() for node in single_nodes]
    )
    graph.add_edges_from([(index[v], node, 0) for v in vertices for node in unused_nodes])
    matching = rx.max_weight_matching(graph, max_cardinality=True, weight_fn=int)
    if 2 * len(matching) != graph.num_nodes():
        return None

    chosen_pairs, chosen_singles = [], []
    for a, b in (sorted(edge) for edge in matching):
        if b < len(vertices):
            first, second = vertices[a], vertices[b]
            chosen_pairs.append((first, second) if (first, second) in pairs else (second, first))
        elif b in single_nodes:
            chosen_singles.append(vertices[a])
    return (
        sorted(chosen_pairs, key=lambda pair: (pairs[pair], pair)),
        sorted(chosen_singles, key=lambda v: (singles[v], v)),
    )
