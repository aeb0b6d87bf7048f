"""Where on a chip a network sits: couplings, errors, the chosen qubits, and what was avoided."""

from collections.abc import Mapping, Sequence
from contextlib import nullcontext

import numpy as np
import rustworkx
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from matplotlib.ticker import LogLocator
from numpy.typing import NDArray
from qiskit.transpiler import Target

from noise_models import NoiseSpecification
from noise_models.rates import QubitRates, rates
from qnnq.figures.style import panels, percent_axis, styled, tell
from qnnq.wording import counted
from transpile.calibration import read_calibration
from transpile.errors import TranspileError
from transpile.groups import Group, pair_key

_ITERATIONS = 200
MOST_NAMED = 40
_TOLD = 6
"""Avoided qubits whose reason is written out."""
_MAP = "cividis"


def plot_device(
    target: Target,
    specification: NoiseSpecification,
    sites: Sequence[Group] = (),
    title: str = "",
    ax: Axes | None = None,
) -> Figure:
    """Draw a device's qubits and couplings in the colour of their errors, and chosen sites.

    A qubit's error is that of its readout and of one gate together, a coupling's that of its better
    gate. Neurons are circled, their ancillas in a square; a cross is a qubit that cannot be used.

    Args:
        target: The device.
        specification: The noise whose errors are shown.
        sites: Chosen neurons, with their ancillas.
        title: What the figure is of.
        ax: Where to draw; None: a new figure.

    Raises:
        NoiseError: If the noise does not fit the device.
    """
    rows = rates(specification, target)
    places = coordinates([(row.qubit, each.neighbour) for row in rows for each in row.couplings],
                         len(rows))  # fmt: skip
    broken = _faulty(target)
    errors = {row.qubit: _error(row) for row in rows}
    links = {
        pair_key(row.qubit, each.neighbour): each.error for row in rows for each in row.couplings
    }
    known = [e for e in (*errors.values(), *links.values()) if e is not None and 0 < e < 1]
    low, high = (min(known), max(known)) if known else (1e-4, 1e-1)
    colour = LogNorm(low, max(high, 1.01 * low)), colormaps[_MAP]
    span = np.ptp(places, axis=0)
    width = 7.0
    height = float(np.clip(width * (span[1] + 1) / (span[0] + 1), 2.2, 7)) + 0.9
    with styled() if ax is None else nullcontext():
        figure, (axes,) = panels(ax, width, height)
        size = float(np.clip(3000 / len(rows), 20, 260))
        _draw_links(axes, places, links, colour)
        _draw_qubits(axes, places, errors, broken, colour, size)
        _draw_sites(axes, places, sites, size)
        _draw_names(axes, places, len(rows) <= MOST_NAMED, [*broken, *_worst(rows, broken, sites)],
                    [qubit for site in sites for qubit in site.qubits])  # fmt: skip
        axes.set_aspect("equal")
        axes.set_axis_off()
        (left, bottom), (right, top) = places.min(axis=0) - 0.7, places.max(axis=0) + 0.7
        axes.set(xlim=(left, right), ylim=(bottom, top))
        shades = axes.collections[0]
        bar = figure.colorbar(shades, ax=axes, orientation="horizontal", shrink=0.6,
                                         pad=0.02, aspect=40)  # fmt: skip
        bar.set_ticks(_ticks(low, high))
        bar.minorticks_off()
        percent_axis(bar.ax, "x")
        bar.set_label("error: readout and a gate (qubits), two-qubit gate (couplings)")
        tell(figure, "; ".join(filter(None, (title, *avoided(rows, broken, sites)))), axes)
    return figure


def _ticks(low: float, high: float) -> list[float]:
    """Return the ticks of a logarithmic axis, the fewer a decade the more decades there are."""
    decades = np.log10(high / low)
    steps = (1.0, 2.0, 5.0) if decades < 1.5 else (1.0, 3.0) if decades < 3 else (1.0,)
    return [tick for tick in LogLocator(subs=steps).tick_values(low, high) if low <= tick <= high]


def avoided(
    rows: Sequence[QubitRates], broken: Mapping[int, str], sites: Sequence[Group]
) -> list[str]:
    """Return in words what was chosen, and which of the others are worse and why."""
    chosen = {qubit for site in sites for qubit in site.qubits}
    if not chosen:
        return [f"cannot be used: {_joined(broken)}"] if broken else []
    worse = _worse(rows, broken, sites)
    told = [
        f"circles: {counted(sum(len(site.neurons) for site in sites), 'neuron')}"
        + (", squares: their ancillas" if any(site.ancillas for site in sites) else ""),
    ]
    if broken:
        told.append(f"crosses cannot be used: {_joined(broken)}")
    if worse:
        some = ", ".join(f"{row.qubit} ({_reason(row)})" for row in worse[:_TOLD])
        more = f" and {len(worse) - _TOLD} more" if len(worse) > _TOLD else ""
        told.append(f"avoided, worse than every chosen one: {some}{more}")
    return told


def _worse(
    rows: Sequence[QubitRates], broken: Mapping[int, str], sites: Sequence[Group]
) -> list[QubitRates]:
    """Return the qubits whose error is above that of every chosen one, the worst first."""
    chosen = {qubit for site in sites for qubit in site.qubits}
    errors = {row.qubit: _error(row) or 0.0 for row in rows}
    worst = max((errors[qubit] for qubit in chosen), default=1.0)
    found = [row for row in rows if row.qubit not in broken and errors[row.qubit] > worst]
    return sorted(found, key=lambda row: errors[row.qubit], reverse=True)


def _worst(
    rows: Sequence[QubitRates], broken: Mapping[int, str], sites: Sequence[Group]
) -> list[int]:
    return [row.qubit for row in _worse(rows, broken, sites)[:_TOLD]]


def coordinates(couplings: Sequence[tuple[int, int]], qubits: int) -> NDArray[np.float64]:
    """Return where qubits are drawn, (qubits, 2): distances as those of the coupling graph.

    Classical scaling, then majorization of the stress (de Leeuw 1977). A complete graph is a
    circle.
    """
    pairs = {pair_key(*pair) for pair in couplings}
    angles = 2 * np.pi * np.arange(qubits) / max(qubits, 1)
    circle = np.stack([np.cos(angles), np.sin(angles)], axis=1) * qubits / 6
    if len(pairs) == qubits * (qubits - 1) // 2 or not pairs:
        return circle
    graph = rustworkx.PyGraph()
    graph.add_nodes_from(range(qubits))
    graph.add_edges_from_no_data(sorted(pairs))
    distance = rustworkx.distance_matrix(graph, null_value=np.nan)
    distance = np.where(np.isnan(distance), np.nanmax(distance) / 2 + 1, distance)
    np.fill_diagonal(distance, 0)
    center = np.eye(qubits) - 1 / qubits
    values, vectors = np.linalg.eigh(-0.5 * center @ distance**2 @ center)
    found = vectors[:, :-3:-1] * np.sqrt(np.maximum(values[:-3:-1], 1e-9))
    found *= np.sign(found[np.abs(found).argmax(axis=0), [0, 1]])  # eigenvectors have no sign
    weights = np.divide(1, distance**2, out=np.zeros_like(distance), where=distance > 0)
    laplacian = np.diag(weights.sum(axis=1)) - weights
    inverse = np.linalg.pinv(laplacian)
    for _ in range(_ITERATIONS):
        apart = np.linalg.norm(found[:, None] - found[None], axis=2)
        ratio = -weights * np.divide(distance, apart, out=np.zeros_like(apart), where=apart > 0)
        np.fill_diagonal(ratio, 0)
        np.fill_diagonal(ratio, -ratio.sum(axis=1))
        found = inverse @ (ratio @ found)
    return np.asarray(found)


def _faulty(target: Target) -> dict[int, str]:
    """Return why qubits cannot be used."""
    try:
        qubits = read_calibration(target).qubits
    except TranspileError:  # no layer is compiled for such a device
        return {}
    return {number: qubit.fault for number, qubit in enumerate(qubits) if qubit.fault}


def _error(row: QubitRates) -> float | None:
    """Return the mean readout error and the error of a gate together; None: not known."""
    readout = [each for each in (row.readout_p01, row.readout_p10) if each is not None]
    parts = [float(np.mean(readout))] if readout else []
    parts += [row.gate_error] if row.gate_error is not None else []
    return float(1 - np.prod([1 - part for part in parts])) if parts else None


def _reason(row: QubitRates) -> str:
    """Return which error of a qubit is the largest."""
    readout = [each for each in (row.readout_p01, row.readout_p10) if each is not None]
    parts = {"readout": float(np.mean(readout)) if readout else 0.0, "gate": row.gate_error or 0.0}
    name = max(parts, key=lambda each: parts[each])
    return f"{name} {100 * parts[name]:.2g} %"


def _joined(broken: Mapping[int, str]) -> str:
    some = [f"{qubit} ({reason})" for qubit, reason in list(broken.items())[:_TOLD]]
    more = f" and {len(broken) - _TOLD} more" if len(broken) > _TOLD else ""
    return ", ".join(some) + more


def _draw_links(axes, places, links, colour) -> None:  # type: ignore[no-untyped-def]
    norm, shades = colour
    pairs = [pair for pair, error in links.items() if error is not None]
    lines = LineCollection([places[[*pair]] for pair in pairs], norm=norm, cmap=shades, zorder=1)
    lines.set_array(np.array([links[pair] for pair in pairs]))
    lines.set_linewidth(0.4 if len(pairs) > 3 * len(places) else 2.2)
    axes.add_collection(lines)
    for pair, error in links.items():
        if error is None:
            axes.plot(*places[[*pair]].T, color="0.6", linestyle=":", lw=1, zorder=1)


def _draw_qubits(axes, places, errors, broken, colour, size) -> None:  # type: ignore[no-untyped-def]
    norm, shades = colour
    for qubit, error in errors.items():
        usable = qubit not in broken and error is not None
        shade = shades(norm(max(error, norm.vmin))) if usable else "white"
        edge = "none" if usable else "0.3"
        axes.scatter(*places[qubit], s=size, color=[shade], edgecolors=edge, zorder=2)
        if qubit in broken:
            axes.scatter(*places[qubit], s=size, marker="x", color="0.2", lw=1, zorder=3)


def _draw_names(axes, places, every, avoided, chosen) -> None:  # type: ignore[no-untyped-def]
    """Write the numbers of all qubits, or of those that were chosen or are worth avoiding."""
    away = 6 if len(places) > MOST_NAMED else 11
    for qubit in range(len(places)) if every else {*avoided, *chosen}:
        axes.annotate(str(qubit), places[qubit], (away, away), textcoords="offset points",
                      fontsize="x-small", zorder=6,
                      path_effects=[withStroke(linewidth=2.5, foreground="white")],
                      color="#D55E00" if qubit in chosen else "0.25")  # fmt: skip


def _draw_sites(axes, places, sites, size) -> None:  # type: ignore[no-untyped-def]
    for marker, qubits in (
        ("o", [qubit for site in sites for qubit in site.neurons]),
        ("s", [qubit for site in sites for qubit in site.ancillas]),
    ):
        if qubits:
            axes.scatter(*places[qubits].T, s=2.2 * size, marker=marker, facecolors="none",
                         edgecolors="#D55E00", linewidths=1.8, zorder=5)  # fmt: skip
    for site in sites:
        for pair in zip(site.neurons, site.ancillas, strict=False):
            axes.plot(*places[[*pair]].T, color="#D55E00", lw=3, zorder=1.5)
