"""How much memory runs take beyond network and data: a table of paths and widths.

    python benchmarks/memory.py

Each path is the whole of its kind: the first layer by image, narrow layers by pattern, wide ones by
single precision, weak measurements, engine `exact`, and phi(z) without sampling. What is told is
the peak of what NumPy and Python hold (tracemalloc), on one thread.
"""

import math
import tracemalloc
from collections.abc import Callable

import numpy as np

from qnnq.execution.class_probabilities import class_probabilities
from qnnq.execution.engines.ideal import IdealEngine
from qnnq.execution.engines.instrument import InstrumentEngine
from qnnq.execution.engines.layer_response import LayerResponse
from qnnq.execution.modes.stepwise import Stepwise
from qnnq.execution.shot_loop import run_shots
from qnnq.execution.unsampled import unsampled_logits
from qnnq.networks.network import Network

SHOTS = 15
SETTINGS = {(16, 16, 16): 10_000, (512, 512): 2_000, (4096, 4096): 200}
"""Images by widths."""


def network(widths: tuple[int, ...], entanglement: float) -> Network:
    """Return a network of random weights on 784 pixels."""
    random = np.random.default_rng(0)
    sizes = (784, *widths, 10)
    shapes = zip(sizes[1:], sizes[:-1], strict=True)
    weights = [(random.normal(size=shape) / shape[1] ** 0.5).astype("f4") for shape in shapes]
    return Network(tuple(weights), (), "htanh", 0.5, entanglement)


def peak_mb(work: Callable[[], object]) -> float:
    """Return the peak of what is allocated meanwhile, in MB."""
    tracemalloc.start()
    work()
    found = tracemalloc.get_traced_memory()[1] / 1e6
    tracemalloc.stop()
    return found


def responses(made: Network) -> list[LayerResponse]:
    """Return what layers answer where 2 % of all outcomes are flipped, by width."""
    exact = np.array([0.5, -0.48, 0.0])[:, None, None]
    return [LayerResponse(np.tile(exact, (1, 1, width)), ((),)) for width in made.widths]


def main() -> None:
    """Print the table."""
    print(f"{'widths':>12} {'images':>7}  MB beyond the data, {SHOTS} shots an image")
    for widths, count in SETTINGS.items():
        images = np.random.default_rng(1).integers(0, 256, (count, 784), dtype=np.uint8)
        indices = np.arange(count)
        made, weak = network(widths, math.pi / 2), network(widths, 3 * math.pi / 8)
        paths: dict[str, Callable[[], object]] = {"phi(z)": lambda: unsampled_logits(made, images)}  # noqa: B023
        for name, which in (("projective", made), ("weak", weak)):
            mode = Stepwise(IdealEngine(which.entanglements), which.entanglements)
            paths[name] = lambda w=which, m=mode: run_shots(w, images, indices, m, SHOTS, 0)  # noqa: B023
        noisy = Stepwise(InstrumentEngine(responses(made)), made.entanglements)
        paths["noisy"] = lambda m=noisy: run_shots(made, images, indices, m, SHOTS, 0)  # noqa: B023
        if max(widths) <= 16:
            paths["exact"] = lambda: class_probabilities(made, images, indices, responses(made))  # noqa: B023
        told = ", ".join(f"{name} {peak_mb(work):.0f}" for name, work in paths.items())
        print(f"{'-'.join(map(str, widths)):>12} {count:>7}  {told}", flush=True)


if __name__ == "__main__":
    main()
