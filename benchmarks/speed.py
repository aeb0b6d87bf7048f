"""How fast the engines are, each beside rivals as good as we can make them, in one run.

    python benchmarks/speed.py                  # everything that is installed (about 3 minutes)
    python benchmarks/speed.py narrow process   # some sections; --help names them all
    python benchmarks/speed.py --keep           # adds this machine's line to speed.jsonl
    python benchmarks/speed.py --machines       # the table of the machines that are kept there

Every figure is a ratio of medians of runs that take turns, so that a machine whose speed drifts
slows both alike. Beside the time on the wall stands that of the processor, of all threads. The
first run of qnnq builds what is kept for the next ones, and is shown as set-up. torch (the extra
`train`) is needed for most rivals; each goal is told as passed or failed.
"""

import argparse
import json
import math
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from qnnq.data.load import load_data
from qnnq.devices.names import resolve_device
from qnnq.networks.bundled import load_model
from qnnq.networks.network import Network
from qnnq.options.circuits import ModeName
from qnnq.runs.deploy import deploy
from qnnq.runs.request import RunRequest
from qnnq.runs.run import prepare

DEVICE = "fake_torino"
SHOTS = 15
MACHINES = Path(__file__).with_name("speed.jsonl")


@dataclass(frozen=True)
class Timed:
    """Medians of some runs: seconds on the wall, and of the processor."""

    wall: float
    processor: float


@dataclass(frozen=True)
class Row:
    """One comparison: qnnq's time over its rival's, which the goal is an upper limit of."""

    name: str
    rival: str
    ours: Timed
    theirs: Timed
    goal: float
    setup: float = 0.0

    @property
    def ratio(self) -> float:
        """On the wall."""
        return self.ours.wall / self.theirs.wall

    def __str__(self) -> str:
        verdict = "pass" if self.ratio <= self.goal else "FAIL"
        processor = self.ours.processor / self.theirs.processor if self.theirs.processor else 0
        return (
            f"{self.name}, against {self.rival}\n"
            f"  qnnq   {self.ours.wall:9.4f} s, processor {self.ours.processor:9.4f} s"
            + (f", set-up {self.setup:.3f} s" if self.setup else "")
            + f"\n  rival  {self.theirs.wall:9.4f} s, processor {self.theirs.processor:9.4f} s\n"
            f"  ratio  {self.ratio:9.4g}  (processor {processor:.4g}), "
            f"goal {self.goal:g}: {verdict}"
        )


def timed(work: Callable[[], object]) -> Timed:
    """Return the time of one run; that of ended subprocesses counts."""
    started, before = time.perf_counter(), _processor()
    work()
    return Timed(time.perf_counter() - started, _processor() - before)


def _processor() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def paired(
    first: Callable[[], object], second: Callable[[], object], rounds: int
) -> tuple[Timed, Timed]:
    """Return the medians of both, run in turns after one warm-up each."""
    first(), second()
    times: tuple[list[Timed], list[Timed]] = ([], [])
    for _ in range(rounds):
        for work, taken in zip((first, second), times, strict=True):
            taken.append(timed(work))
    ours, theirs = (
        Timed(
            statistics.median(each.wall for each in taken),
            statistics.median(each.processor for each in taken),
        )
        for taken in times
    )
    return ours, theirs


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


def compare_aer(images: int = 20, shots: int = 10) -> list[Row]:
    """One noisy shot: engine `aer` beside Aer written well, and the published procedure."""
    from qnnq.execution.engines.aer import AerCircuit
    from qnnq.networks.activation import phi

    network = load_model("mnist16-a0.5")
    pixels = load_data("mnist-test").images[:images] / 255
    request = RunRequest(engine="aer", noise=DEVICE, images=f"0:{images}", shots=shots)
    deployed = deploy(request, network)
    # Active qubits only, the noise of those, matrix product states, parameters bound a shot.
    circuits = [
        AerCircuit(layer.circuit, noise)
        for layer, noise in zip(deployed.layers, deployed.channels, strict=True)
    ]

    def written_well() -> None:
        for image, outcomes in enumerate(pixels):
            for layer, circuit in enumerate(circuits):
                z = network.weights[layer] @ outcomes
                angles = math.pi / 2 * (1 - phi(z, network.activation, network.stretch))
                row = angles[None]
                outcomes = 1 - 2 * circuit.bits(row, row, (layer, image), 0)[0]
            np.argmax(network.weights[-1] @ outcomes)

    prepared = prepare(request)
    ours, well = paired(prepared.execute, written_well, rounds=3)
    published = timed(lambda: published_shot(network, pixels[0]))
    name = f"one noisy shot, 16-16-16, {DEVICE}, engine aer"
    ours = _each(ours, images * shots)
    return [
        Row(name, "Aer written well", ours, _each(well, images), goal=0.1),
        Row(name, "the published procedure", ours, published, goal=0.002),
    ]


def _each(total: Timed, count: int) -> Timed:
    return Timed(total.wall / count, total.processor / count)


def compare_noise() -> list[Row]:
    """A noise model for the qubits in use of a 156-qubit device."""
    from qiskit_aer.noise import NoiseModel

    from noise_models import NoiseSpecification
    from noise_models.aer_model import aer_noise_model
    from noise_models.channels import build_channels

    backend = resolve_device("fake_kingston").backend
    qubits = deploy(RunRequest(noise="fake_kingston"), load_model("mnist16-a0.5")).layers[0].sites
    used = [site.neurons[0] for site in qubits]
    specification = NoiseSpecification.parse("fake_kingston", device_names=["fake_kingston"])

    def restricted() -> None:
        aer_noise_model(build_channels(specification, backend.target, used))

    ours, whole = paired(restricted, lambda: NoiseModel.from_backend(backend), rounds=3)
    name = f"noise model of {len(used)} qubits of 156"
    return [Row(name, "NoiseModel.from_backend", ours, whole, goal=0.01)]


def compare_instrument(hidden: tuple[int, ...], goals: tuple[float, ...], rounds: int) -> list[Row]:
    """10,000 images x 15 shots, engine `instrument`, beside torch without noise.

    The twin is the same stochastic network, its first layer computed once; the sign network draws
    nothing. Of the latter README repeats all layers, which is no more than a yardstick.
    """
    import torch

    network = load_model("mnist16-a0.5") if hidden == (16, 16, 16) else _random_network(hidden)
    data = load_data("mnist-test")
    deployed = deploy(RunRequest(noise="fake_kingston"), network)
    weights = [torch.tensor(weight) for weight in network.weights]
    pixels = torch.tensor(data.images / 255, dtype=torch.float32)
    counts = torch.zeros(len(pixels), network.classes, dtype=torch.int64)

    @torch.no_grad()
    def twin() -> None:
        def likely(values: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
            phi = torch.clamp((values @ weight.T) / network.stretch, -1, 1)
            return torch.cos(math.pi / 4 * (1 - phi)).square_()  # P(+1)

        first, ones = likely(pixels, weights[0]), torch.ones(len(pixels), 1, dtype=torch.int64)
        for _ in range(SHOTS):
            plus = first
            for weight in weights[1:-1]:
                plus = likely(torch.bernoulli(plus).mul_(2).sub_(1), weight)
            outcomes = torch.bernoulli(plus).mul_(2).sub_(1)
            chosen = (outcomes @ weights[-1].T).argmax(dim=1, keepdim=True)
            counts.scatter_add_(1, chosen, ones)

    @torch.no_grad()
    def sign_network() -> None:
        for _ in range(SHOTS):
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
        run_shots(network, data.images, indices, mode, SHOTS, 0, threads=threads)

    name = f"10,000 images x {SHOTS} shots, {'-'.join(map(str, hidden))}, fake_kingston"
    first = timed(noisy_shots)
    rows = []
    rivals = {"its twin in torch": twin, "torch's sign network, 15 times": sign_network}
    for (rival, work), goal in zip(rivals.items(), goals, strict=True):
        ours, theirs = paired(noisy_shots, work, rounds)
        rows.append(Row(name, rival, ours, theirs, goal, max(0.0, first.wall - ours.wall)))
    return rows


def compare_coherent(images: int = 4) -> list[Row]:
    """10,000 images x 15 shots of networks with ancillas: coherent beside stepwise.

    Of `mnist16-a0.5-g3pi8` the angles are computed outside; `mnist16-linear-g3pi8` is one circuit.
    """
    rows = []
    for model in ("mnist16-a0.5-g3pi8", "mnist16-linear-g3pi8"):
        modes: tuple[ModeName, ...] = ("coherent", "stepwise")
        runs = [prepare(RunRequest(model, mode=mode)) for mode in modes]
        setup = timed(runs[0].mode)  # what is built once
        living, anew = paired(runs[0].execute, runs[1].execute, rounds=7)
        rows.append(Row(f"{model}, coherent", "stepwise", living, anew, 3, setup.wall))
    aer = prepare(RunRequest(model, mode="coherent", engine="aer", images=f"0:{images}"))
    ours, shot = _each(living, 10_000 * SHOTS), _each(timed(aer.execute), images * SHOTS)
    rows.append(Row(f"one shot of {model}, coherent", "engine aer", ours, shot, 1 / 550))
    return rows


def compare_process() -> list[Row]:
    """Whole processes, as a user waits for them."""

    def command(*words: str) -> Callable[[], object]:
        call = [sys.executable, "-m", "qnnq", *words]
        return lambda: subprocess.run(call, check=True, capture_output=True)

    ours, least = paired(command("run"), command("--help"), rounds=5)
    return [Row("qnnq run, the whole process", "qnnq --help", ours, least, goal=3)]


def _random_network(hidden: tuple[int, ...]) -> Network:
    rng = np.random.default_rng(0)
    widths = (784, *hidden, 10)
    weights = tuple(
        rng.normal(0, into**-0.5, (out, into)).astype(np.float32)
        for into, out in zip(widths, widths[1:], strict=False)
    )
    return Network(weights, activation="htanh", stretch=0.5)


SECTIONS: dict[str, Callable[[], list[Row]]] = {
    "aer": compare_aer,
    "noise": compare_noise,
    "narrow": lambda: compare_instrument((16, 16, 16), goals=(0.3, 1.0), rounds=7),
    "coherent": compare_coherent,
    "wide": lambda: compare_instrument((512, 512), goals=(0.5, 1.0), rounds=3),
    "process": compare_process,
}


def kept(rows: list[Row]) -> str:
    """Return the line of this machine: what it is, and the ratios."""
    machine = {
        "processor": _processor_name(),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),
        "python": platform.python_version(),
        "numpy": np.__version__,
    }
    found = [asdict(row) | {"ratio": row.ratio} for row in rows]
    return json.dumps({"machine": machine, "rows": found})


def _processor_name() -> str:
    information = Path("/proc/cpuinfo")
    lines = information.read_text().splitlines() if information.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def machines() -> str:
    """Return the table of the machines that were kept: ratios, lower is faster."""
    lines = MACHINES.read_text().splitlines() if MACHINES.exists() else []
    found = [json.loads(line) for line in lines]
    names = list(dict.fromkeys((r["name"], r["rival"]) for each in found for r in each["rows"]))
    heads = [f"{m['processor']}, {m['cores']} cores" for m in (each["machine"] for each in found)]
    table = [["what", "against", "goal", *heads], ["---"] * (3 + len(heads))]
    for name, rival in names:
        cells = [
            next((r for r in each["rows"] if (r["name"], r["rival"]) == (name, rival)), None)
            for each in found
        ]
        goal = next(cell["goal"] for cell in reversed(cells) if cell)
        ratios = [f"{cell['ratio']:.2g}" if cell else "" for cell in cells]
        table.append([name, rival, f"{goal:g}", *ratios])
    return "\n".join(f"| {' | '.join(row)} |" for row in table)


def main() -> None:
    """Run the sections that the command line names."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("sections", nargs="*", metavar="SECTION", help=", ".join(SECTIONS))
    parser.add_argument("--keep", action="store_true", help=f"add a line to {MACHINES.name}")
    parser.add_argument("--machines", action="store_true", help=f"the table of {MACHINES.name}")
    options = parser.parse_args()
    for name in options.sections:
        if name not in SECTIONS:
            parser.error(f"{name!r}: expected some of {', '.join(SECTIONS)}")
    if options.machines:
        print(machines())
        return
    rows: list[Row] = []
    for name in options.sections or list(SECTIONS):
        for row in SECTIONS[name]():
            rows.append(row)
            print(row, flush=True)
    if options.keep:
        with MACHINES.open("a") as file:
            file.write(kept(rows) + "\n")


if __name__ == "__main__":
    main()
