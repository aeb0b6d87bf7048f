"""How fast the engines are, each beside the alternative that it replaces, in one run.

    python benchmarks/speed.py                  # everything that is installed (about 3 minutes)
    python benchmarks/speed.py aer noise        # some sections; --help names them all

Every figure is a ratio of medians of runs that take turns, so that a machine whose speed drifts
slows both alike. torch (the extra `train`) is needed for the instrument comparisons.
"""

import argparse
import math
import os
import resource
import statistics
import time
from collections.abc import Callable

import numpy as np

from qnnq.data.load import load_data
from qnnq.devices.names import resolve_device
from qnnq.execution.deployment import deploy
from qnnq.execution.request import ModeName, RunRequest
from qnnq.execution.run import prepare
from qnnq.networks.bundled import load_model
from qnnq.networks.network import Network

DEVICE = "fake_torino"


def paired(
    first: Callable[[], object], second: Callable[[], object], rounds: int
) -> tuple[float, float]:
    """Return the median seconds of both, run in turns after one warm-up each."""
    first(), second()
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(rounds):
        for work, taken in zip((first, second), times, strict=True):
            started = time.perf_counter()
            work()
            taken.append(time.perf_counter() - started)
    return statistics.median(times[0]), statistics.median(times[1])


def published_shot(network: Network, pixels: np.ndarray) -> int:
    """Return the class of one shot by the published procedure (arXiv:2507.21222).

    A layer is a circuit of its own: it is transpiled for the device and run as a job of one shot
    under the whole chip's noise model, and its outcomes give the next layer's circuit.
    """
    from qiskit import QuantumCircuit, transpile
    from qiskit_aer import AerSimulator
    from qiskit_aer.noise import NoiseModel

    backend = resolve_device(DEVICE).backend
    outcomes = pixels
    for weight in network.weights[:-1]:
        phi = np.clip(weight @ outcomes / network.stretch, -1, 1)
        circuit = QuantumCircuit(len(weight), len(weight))
        for neuron, value in enumerate(phi):
            circuit.ry(math.pi / 2 * (1 - float(value)), neuron)
        circuit.measure(range(len(weight)), range(len(weight)))
        simulator = AerSimulator(noise_model=NoiseModel.from_backend(backend))
        job = simulator.run(transpile(circuit, backend), shots=1, memory=True)
        bits = job.result().get_memory()[0][::-1]
        outcomes = np.array([1 - 2 * int(bit) for bit in bits])
    return int(np.argmax(network.weights[-1] @ outcomes))


def compare_aer(shots_of_published: int = 2, images: int = 50, shots: int = 10) -> None:
    """Print the time of one noisy shot: engine `aer` beside the published procedure."""
    network = load_model("mnist16-a0.5")
    data = load_data("mnist-test")
    pixels = data.images[:shots_of_published] / 255
    started = time.perf_counter()
    for image in pixels:
        published_shot(network, image)
    published = (time.perf_counter() - started) / shots_of_published
    request = RunRequest(engine="aer", noise=DEVICE, images=f"0:{images}", shots=shots)
    started = time.perf_counter()
    prepare(request).execute()
    ours = (time.perf_counter() - started) / (images * shots)
    print(f"one noisy shot, 16-16-16, {DEVICE}")
    print(f"  published procedure  {published:10.3f} s a shot   ({shots_of_published} shots)")
    print(
        f"  engine aer           {ours:10.6f} s a shot   "
        f"({images} images x {shots} shots, compilation and noise model included)"
    )
    print(f"  ratio                {published / ours:10.0f} times faster   (goal: 500)")


def compare_noise() -> None:
    """Print the time of a noise model for the qubits in use of a 156-qubit device."""
    from qiskit_aer.noise import NoiseModel

    from noise_models import NoiseSpecification
    from noise_models.aer_model import aer_noise_model
    from noise_models.channels import build_channels

    backend = resolve_device("fake_kingston").backend
    qubits = deploy(RunRequest(noise="fake_kingston"), load_model("mnist16-a0.5")).layers[0].sites
    used = [site.neuron for site in qubits]
    specification = NoiseSpecification.parse("fake_kingston", device_names=["fake_kingston"])

    def restricted() -> None:
        aer_noise_model(build_channels(specification, backend.target, used))

    ours, whole = paired(restricted, lambda: NoiseModel.from_backend(backend), rounds=3)
    print(f"noise model of {len(used)} qubits in use of a 156-qubit device")
    print(f"  NoiseModel.from_backend  {whole:8.3f} s")
    print(f"  qnnq                     {ours:8.4f} s   (goal: under 0.5 s)")
    print(f"  ratio                    {whole / ours:8.0f} times faster")


def compare_instrument(hidden: tuple[int, ...], goal: float, rounds: int) -> None:
    """Print 10,000 images x 15 shots: engine `instrument` beside torch's sign network."""
    import torch

    network = _random_network(hidden) if hidden != (16, 16, 16) else load_model("mnist16-a0.5")
    data = load_data("mnist-test")
    deployed = deploy(RunRequest(noise="fake_kingston"), network)
    weights = [torch.tensor(weight) for weight in network.weights]
    pixels = torch.tensor(data.images / 255, dtype=torch.float32)

    def sign_network() -> None:
        with torch.no_grad():
            for _ in range(15):
                values = pixels
                for weight in weights[:-1]:
                    values = torch.sign(values @ weight.T)
                (values @ weights[-1].T).argmax(dim=1)

    from qnnq.execution.modes.stepwise import Stepwise
    from qnnq.execution.shot_loop import run_shots

    indices = np.arange(len(data.labels))
    threads = os.cpu_count() or 1

    def noisy_shots() -> None:
        mode = Stepwise(deployed.engine("instrument"), network.entanglements)
        run_shots(network, data.images, indices, mode, 15, 0, threads=threads)

    ours, plain = paired(noisy_shots, sign_network, rounds)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"10,000 images x 15 shots, {'-'.join(map(str, hidden))}")
    print(f"  torch's sign network, 15 times, no noise  {plain:8.3f} s")
    print(f"  engine instrument, fake_kingston noise    {ours:8.3f} s")
    print(f"  ratio                                     {ours / plain:8.2f}   (goal: {goal:g})")
    print(f"  peak memory of this process               {peak:8.2f} GB")


def compare_coherent(images: int = 4) -> None:
    """Print 10,000 images x 15 shots of networks with ancillas: coherent beside stepwise, and Aer.

    Of `mnist16-a0.5-g3pi8` the angles are computed outside; `mnist16-linear-g3pi8` is one circuit.
    """
    for model in ("mnist16-a0.5-g3pi8", "mnist16-linear-g3pi8"):
        modes: tuple[ModeName, ...] = ("coherent", "stepwise")
        runs = [prepare(RunRequest(model, mode=mode)) for mode in modes]
        for run in runs:
            run.mode()  # what is built once
        living, anew = paired(runs[0].execute, runs[1].execute, rounds=7)
        print(f"10,000 images x 15 shots, {model} (16-16-16 with ancillas), engine instrument")
        print(f"  stepwise                                  {anew:8.3f} s")
        print(f"  coherent                                  {living:8.3f} s")
        print(f"  ratio                                     {living / anew:8.2f}   (goal: 5)")
    aer = prepare(RunRequest(model, mode="coherent", engine="aer", images=f"0:{images}"))
    started = time.perf_counter()
    aer.execute()
    seconds = (time.perf_counter() - started) / (15 * images)
    print(f"  engine aer, its one circuit               {seconds:8.3f} s a shot ({images} x 15)")
    print(f"  ratio                                     {150_000 * seconds / living:8.0f}")


def _random_network(hidden: tuple[int, ...]) -> Network:
    rng = np.random.default_rng(0)
    widths = (784, *hidden, 10)
    weights = tuple(
        rng.normal(0, into**-0.5, (out, into)).astype(np.float32)
        for into, out in zip(widths, widths[1:], strict=False)
    )
    return Network(weights, activation="htanh", stretch=0.5)


SECTIONS: dict[str, Callable[[], None]] = {
    "aer": compare_aer,
    "noise": compare_noise,
    "instrument": lambda: compare_instrument((16, 16, 16), goal=3, rounds=7),
    "coherent": compare_coherent,
    "instrument-wide": lambda: compare_instrument((512, 512), goal=2, rounds=3),
}


def main() -> None:
    """Run the sections that the command line names."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("sections", nargs="*", metavar="SECTION", help=", ".join(SECTIONS))
    chosen = parser.parse_args().sections or list(SECTIONS)
    for name in chosen:
        if name not in SECTIONS:
            parser.error(f"{name!r}: expected some of {', '.join(SECTIONS)}")
    for name in chosen:
        SECTIONS[name]()
        print(flush=True)


if __name__ == "__main__":
    main()
