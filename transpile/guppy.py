"""A whole network as one Guppy program, for machines whose controllers compute in real time.

Trapped-ion controllers multiply, add and branch between a measurement and the next gate, so that a
network of any activation is one program, where OpenQASM's feed-forward takes linear ones only.
Guppy (https://docs.quantinuum.com/guppy) compiles such a program for Quantinuum's machines and for
Selene, their emulator, which runs it on any computer.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from transpile.errors import TranspileError

Matrix = NDArray[np.floating]

MOST_NEURONS = 64
"""Of a layer: weights are constants of the program."""


@dataclass(frozen=True, eq=False)
class GuppyLayer:
    """A hidden layer as the program needs it.

    Attributes:
        activation: `htanh`, `tanh` or `linear`.
        stretch: Of the activation.
        entanglement: Angle of the measurement in radians; at pi/2 there is no ancilla.
        weight: Of the layer, (neurons, inputs); not used of the first layer, whose activations are
            given.
        bias: (neurons,).
    """

    activation: str
    stretch: float
    entanglement: float
    weight: Matrix
    bias: Matrix


def guppy_program(
    layers: Sequence[GuppyLayer], readout: Matrix, bias: Matrix, activations: Matrix
) -> str:
    """Return the source of a Guppy program that runs a network on images, one after the other.

    The neurons' qubits live on from layer to layer (arXiv:2503.15482): RY(theta) with theta =
    (pi/2)(r_last - phi(z)), then a measurement; a weak one by an ancilla, which is prepared and
    measured anew for every neuron, so that the program takes one qubit more than the widest layer.
    Run as a script, the program answers on Selene; imported, `main` is its Guppy function.

    For each image and shot the program reports `layer0`, `layer1`, ... (bit k is that of neuron k,
    1 for the outcome -1) and `class`.

    Args:
        layers: The hidden layers, in order.
        readout: (classes, neurons of the last layer).
        bias: (classes,), of the readout.
        activations: phi of the first layer, (images, neurons).

    Raises:
        TranspileError: If a layer has more than `MOST_NEURONS` neurons, or there is no image.
    """
    widths = [len(layer.bias) for layer in layers]
    if max(widths) > MOST_NEURONS:
        raise TranspileError(
            f"a Guppy program: expected layers of at most {MOST_NEURONS} neurons (their weights "
            f"are constants of the program), got {max(widths)}"
        )
    if not len(activations):
        raise TranspileError("a Guppy program: expected at least one image, got none")
    weak = any(layer.entanglement < math.pi / 2 for layer in layers)
    constants = {
        "FIRST": activations.tolist(),
        **{f"WEIGHT{i}": layer.weight.tolist() for i, layer in enumerate(layers) if i},
        **{f"BIAS{i}": layer.bias.tolist() for i, layer in enumerate(layers) if i},
        "READOUT": readout.tolist(),
        "READOUT_BIAS": bias.tolist(),
    }
    parts = [
        _HEAD.format(qubits=max(widths) + weak, images=len(activations), classes=len(bias)),
        "\n".join(f"{name} = {json.dumps(value)}" for name, value in constants.items()),
        *(_step(i, layer) for i, layer in enumerate(layers)),
        _main(widths),
        _SCRIPT,
    ]
    return "\n\n\n".join(part.strip("\n") for part in parts) + "\n"


def _step(index: int, layer: GuppyLayer) -> str:
    """Return the function that measures neuron k of a layer at the activation `phi`."""
    projective = layer.entanglement == math.pi / 2
    measurement = _PROJECTIVE if projective else _WEAK.format(g=layer.entanglement / math.pi)
    formula = _phi(layer.activation, layer.stretch)
    return _STEP.format(index=index, phi=formula, measurement=measurement)


def _phi(activation: str, stretch: float) -> str:
    if activation == "linear":
        return f"    return z / {stretch!r}"
    if stretch == 0:
        return "    return 1.0 if z > 0.0 else (-1.0 if z < 0.0 else 0.0)"
    if activation == "tanh":
        # 1 - 2 / (exp(2 z / a) + 1) has its limits right where the power over- or underflows.
        return f"    return 1.0 - 2.0 / ({math.e!r} ** (2.0 * z / {stretch!r}) + 1.0)"
    return (
        f"    scaled = z / {stretch!r}\n"
        "    return 1.0 if scaled > 1.0 else (-1.0 if scaled < -1.0 else scaled)"
    )


def _main(widths: Sequence[int]) -> str:
    lines = ["@guppy", "def main() -> None:", "    first = comptime(FIRST)"]
    for i in range(1, len(widths)):
        lines += [f"    weight{i} = comptime(WEIGHT{i})", f"    bias{i} = comptime(BIAS{i})"]
    lines += ["    readout = comptime(READOUT)", "    readout_bias = comptime(READOUT_BIAS)"]
    lines += ["    for image in range(comptime(IMAGES)):"]
    lines += [f"        neurons = array(qubit() for _ in range({max(widths)}))"]
    for i, width in enumerate(widths):
        # Neurons that the layer before does not have start from |0> and the outcome +1.
        kept = min(width, widths[i - 1]) if i else 0
        lines += [f"        r{i} = array(1.0 for _ in range({width}))"]
        if i == 0:
            lines += [
                f"        for k in range({width}):",
                "            r0[k] = step0(neurons[k], 1.0, first[image][k])",
            ]
        else:
            lines += [
                f"        for k in range({width}):",
                f"            z = bias{i}[k]",
                f"            for j in range({widths[i - 1]}):",
                f"                z += weight{i}[k][j] * r{i - 1}[j]",
                f"            last = r{i - 1}[k] if k < {kept} else 1.0",
                f"            r{i}[k] = step{i}(neurons[k], last, phi{i}(z))",
            ]
            if widths[i - 1] > width:
                # Neurons that this layer does not have are dropped.
                lines += [
                    f"        for k in range({width}, {widths[i - 1]}):",
                    "            reset(neurons[k])",
                ]
        lines += [f'        result("layer{i}", array(r{i}[k] < 0.0 for k in range({width})))']
    lines += [
        "        best = 0",
        "        highest = 0.0",
        "        for c in range(comptime(CLASSES)):",
        "            logit = readout_bias[c]",
        f"            for j in range({widths[-1]}):",
        f"                logit += readout[c][j] * r{len(widths) - 1}[j]",
        "            if c == 0 or logit > highest:",
        "                best = c",
        "                highest = logit",
        '        result("class", best)',
        "        discard_array(neurons)",
    ]
    return "\n".join(lines)


_HEAD = '''
"""A naturally quantized network as one program; run it on Selene with `python FILE --shots 100`.

Needs guppylang and selene-sim.
"""

import argparse
import json
from datetime import timedelta

from guppylang import guppy
from guppylang.std.angles import angle
from guppylang.std.builtins import array, comptime, result
from guppylang.std.qsystem import zz_phase
from guppylang.std.quantum import discard_array, measure, project_z, qubit, reset, rx, ry

QUBITS = {qubits}
IMAGES = {images}
CLASSES = {classes}
STARTUP_S = 300
"""Seconds until a process of Selene's counts as dead: one that ends at once is waited for."""
'''

_STEP = """
@guppy
def phi{index}(z: float) -> float:
{phi}


@guppy
def step{index}(neuron: qubit, last: float, activation: float) -> float:
    ry(neuron, angle(0.5 * (last - activation)))
{measurement}
    return -1.0 if bit else 1.0
"""

_PROJECTIVE = "    bit = project_z(neuron)"

# exp(i (g/2) Z Y) is RX(-pi/2) ZZ(-g) RX(pi/2), and RX(pi/2) does nothing to the ancilla's |+>.
_WEAK = """
    ancilla = qubit()
    ry(ancilla, angle(0.5))
    zz_phase(neuron, ancilla, angle(-{g!r}))
    rx(ancilla, angle(-0.5))
    bit = measure(ancilla)
""".strip("\n")

_SCRIPT = '''
def answers(shots, seed, error_model=None, processes=1):
    """Run on Selene; return for every shot the results of every image, in order."""
    from selene_sim.timeout import Timeout

    emulator = main.emulator(n_qubits=QUBITS).with_shots(shots).with_seed(seed)
    emulator = emulator.with_n_processes(processes)
    emulator = emulator.with_timeout(Timeout(backend_startup=timedelta(seconds=STARTUP_S)))
    if error_model is not None:
        emulator = emulator.with_error_model(error_model)
    shots_run = []
    for shot in emulator.run().results:
        per_image = len(shot.entries) // IMAGES
        starts = range(0, len(shot.entries), per_image)
        shots_run.append([dict(shot.entries[i : i + per_image]) for i in starts])
    return shots_run


if __name__ == "__main__":
    from selene_sim import DepolarizingErrorModel

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shots", type=int, default=15, help="of every image")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--processes", type=int, default=1)
    for rate in ("p-1q", "p-2q", "p-meas", "p-init"):
        parser.add_argument(f"--{rate}", type=float, default=0.0, help="depolarizing error rate")
    args = parser.parse_args()
    noise = DepolarizingErrorModel(
        p_1q=args.p_1q, p_2q=args.p_2q, p_meas=args.p_meas, p_init=args.p_init
    )
    counts = [[0] * CLASSES for _ in range(IMAGES)]
    for shot in answers(args.shots, args.seed, noise, args.processes):
        for image, found in enumerate(shot):
            counts[image][found["class"]] += 1
    print(json.dumps({"shots": args.shots, "counts": counts}))
'''
