"""Do gates between neurons help on classical data? (open question 2 of arXiv:2503.15482)

    python benchmarks/papers/couplings.py --hidden 16,16,16    # ten seeds: hours of one core
    python benchmarks/papers/couplings.py --quick              # 16-16, 5 epochs: some minutes

Neurons on their own are compared with couplings whose angles are fixed or trained, and with two
classical pairs: of shared randomness (with a trained share both neurons take the same random
number) and of Ising type (the product of both outcomes has a trained energy). Every training and
every answer is kept, so a stopped study goes on. First, what a coupling can be at all is checked to
1e-12, by statevectors.
"""

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from answers import Answers, Right, write_answers
from numpy.typing import NDArray
from qiskit import QuantumCircuit
from qiskit.quantum_info import Statevector
from study import Study, print_rows, shown, write_arrays
from torch import Tensor
from verdicts import Claim, better, gain, mean_error

from qnnq.data.load import load_data
from qnnq.execution.inputs import for_training
from qnnq.networks.couplings import joint_probabilities
from qnnq.networks.file import write_network
from qnnq.runs.request import RunRequest
from qnnq.runs.run import prepare
from qnnq.statistics import majority_votes
from qnnq.training.checkpoint import resume_from, write_checkpoint
from qnnq.training.coupled import CoupledStep
from qnnq.training.randomness import generator
from qnnq.training.settings import MAJORITY_SHOTS, TrainingSettings
from qnnq.training.training_run import TrainingRun

EXACT = 1e-12
STRETCH = 0.5
DEVICES = ("fake_kingston", "fake_sherbrooke", "fake_nighthawk")
SEEDS = tuple(range(10))
BELL = np.array([math.pi / 2])
_EVALUATED = 500
"""Images at a time."""

Joint = Callable[[Tensor, Tensor], Tensor]


def shared_randomness(theta: Tensor, angles: Tensor) -> Tensor:
    """Patterns of pairs that take the same random number with probability sin^2(angle / 2)."""
    minus = torch.sin(theta / 2) ** 2
    first, second = minus[..., 0], minus[..., 1]
    both = torch.minimum(first, second)
    together = _patterns(1 - first - second + both, second - both, first - both, both)
    share = torch.sin(angles / 2) ** 2
    return (1 - share) * _independent(first, second) + share * together


def ising(theta: Tensor, angles: Tensor) -> Tensor:
    """Patterns of pairs whose probability has a factor exp(angle r r')."""
    minus = torch.sin(theta / 2) ** 2
    signs = torch.tensor([1.0, -1.0, -1.0, 1.0], dtype=theta.dtype)
    weights = _independent(minus[..., 0], minus[..., 1]) * torch.exp(angles * signs)
    return weights / weights.sum(-1, keepdim=True)


def _independent(first: Tensor, second: Tensor) -> Tensor:
    return _patterns(
        (1 - first) * (1 - second), (1 - first) * second, first * (1 - second), first * second
    )


def _patterns(*probabilities: Tensor) -> Tensor:
    return torch.stack(torch.broadcast_tensors(*probabilities), dim=-1)


class Row(NamedTuple):
    """One kind of network of the study.

    Attributes:
        name: What it is called.
        coupling: As in `TrainingSettings`, None for neurons on their own.
        fixed: What all angles are kept at (radians), None where they are trained.
        control: A classical pair in its place.
    """

    name: str
    coupling: str | None = None
    fixed: float | None = None
    control: Joint | None = None


ALONE = Row("on their own")
ROWS = (
    ALONE,
    Row("cz, fixed at pi/2", "cz", math.pi / 2),
    Row("cz, trained", "cz"),
    Row("cz of four, trained", "cz:4"),
    Row("cz-own, fixed at 0", "cz-own", 0.0),
    Row("cz-own, trained", "cz-own"),
    Row("xx+yy, fixed at pi/2", "xx+yy", math.pi / 2),
    Row("xx+yy, trained", "xx+yy"),
    Row("bell, fixed at pi/2", "bell", math.pi / 2),
    Row("bell, trained", "bell"),
    Row("shared randomness, trained", "bell", control=shared_randomness),
    Row("Ising pairs, trained", "bell", control=ising),
)


def main() -> None:
    assert __doc__
    study = Study("couplings", __doc__, (16, 16, 16), 30, seeds=SEEDS)
    if study.quick:
        study.epochs, study.hidden = min(study.epochs, 5), study.hidden[:2]
    study.name = f"couplings-{study.shape}" + ("-quick" if study.quick else "")
    checked = identities()
    print_rows("what a pair of neurons can be, by statevectors", checked)
    each = {
        row.name: [measured(study, row, seed) for seed in shown(study.seeds, row.name)]
        for row in ROWS
    }
    found = {
        f"{name}, {noise}": [Right(seed[noise]) for seed in seeds]
        for name, seeds in each.items()
        for noise in ("ideal", *DEVICES)
        if noise in seeds[0]
    }
    print_rows("without noise, and on devices", rows(found))
    study.write(rows(found))
    study.write(checked, "-identities")
    kept = {name: np.stack([seed.right for seed in seeds]) for name, seeds in found.items()}
    write_answers(study.tables / f"{study.name}-answers.npz", kept)
    study.claims(claims(found))


def identities() -> list[dict[str, Any]]:
    """Check what gates after the rotations do to a measured pair; raises where they do not."""
    rng = np.random.default_rng(0)
    worst: dict[str, float] = {}

    def note(name: str, found: Any, expected: Any) -> None:
        error = float(np.max(np.abs(np.asarray(found) - np.asarray(expected))))
        worst[name] = max(worst.get(name, 0.0), error)

    for _ in range(200):
        theta, chi, turns = rng.uniform(-4, 4, 2), rng.uniform(-4, 4), rng.uniform(-4, 4, 2)
        alone = _gated(theta)
        flip = math.sin(chi / 2) ** 2
        flipped, swapped = alone[[3, 2, 1, 0]], alone[[0, 2, 1, 3]]
        note("RZZ changes nothing", _gated(theta, ("rzz", chi)), alone)
        coin = (1 - flip) * alone + flip * flipped
        for gate in ("rxx", "ryy"):
            note(f"{gate.upper()} flips both by a coin", _gated(theta, (gate, chi)), coin)
        exchanged = joint_probabilities("xx+yy", theta, np.array([chi]), np)
        note("XX+YY swaps them by a coin", exchanged, (1 - flip) * alone + flip * swapped)
        coupled = joint_probabilities("cz", theta, turns, np)
        mean = math.cos(turns[0]) * math.cos(theta[0])
        mean -= math.sin(turns[0]) * math.sin(theta[0]) * math.cos(theta[1])
        note("CZ and RY: cos b cos t - sin b sin t cos t'", coupled @ [1, 1, -1, -1], mean)
        bell = joint_probabilities("bell", theta, BELL, np)
        note("Bell pair first: E(r r') = cos(t - t')", _product(bell), math.cos(theta @ [1, -1]))
    settings = {(0, 1): 1, (2, 1): 1, (2, 3): 1, (0, 3): -1}  # in quarters of pi
    chsh = sum(
        sign * _product(joint_probabilities("bell", math.pi / 4 * np.array(pair), BELL, np))
        for pair, sign in settings.items()
    )
    note("Bell pair first: CHSH is 2 sqrt 2", chsh, 2 * math.sqrt(2))
    bad = [name for name, error in worst.items() if error > EXACT]
    if bad:
        raise AssertionError(f"expected errors of at most {EXACT:g}, got {worst}")
    return [{"identity": name, "largest_error": f"{error:.1e}"} for name, error in worst.items()]


def _gated(theta: NDArray[np.float64], *gates: tuple[str, float]) -> NDArray[np.float64]:
    """Probabilities of a pair that is rotated, then joined by gates of an angle each."""
    circuit = QuantumCircuit(2)
    for neuron, angle in enumerate(theta):
        circuit.ry(angle, neuron)
    for name, angle in gates:
        getattr(circuit, name)(angle, 0, 1)
    return np.asarray(Statevector(circuit).probabilities([1, 0]))


def _product(joint: NDArray[np.float64]) -> float:
    return float(joint @ [1, -1, -1, 1])


def measured(study: Study, row: Row, seed: int) -> Mapping[str, NDArray[np.bool_]]:
    """Return whether the majority of a trained network is right, without noise and on devices."""
    settings = study.tuned(STRETCH, coupling=row.coupling, seed=seed)
    kind = "".join(each if each.isalnum() else "-" for each in row.name)
    data = Path(study.data).stem
    place = study.networks / f"couplings-{study.shape}-{study.epochs}-{data}-{kind}-{seed}"
    kept = place.with_suffix(".npz")
    if not kept.exists():
        write_arrays(kept, **_measured(study, row, settings, place))
    with np.load(kept) as content:
        return {name: content[name] for name in content.files}


def _measured(
    study: Study, row: Row, settings: TrainingSettings, place: Path
) -> Mapping[str, NDArray[np.bool_]]:
    """Train a network, or go on, and measure it."""
    taken = for_training(load_data(study.data), load_data("mnist-test"), False)
    run = TrainingRun(settings, taken.data, taken.test, "cpu")
    prepare_steps(run, row)
    checkpoint = place.with_suffix(".checkpoint")
    resume_from(run, checkpoint)
    while not run.done:
        run.epoch()
        write_checkpoint(run, checkpoint)
    run.keep()
    labels = run.test_labels.numpy()
    found = {"ideal": majority_votes(counts(run)) == labels}
    if row.control is None:
        path = place.with_suffix(".safetensors")
        write_network(run.model.to_network({"row": row.name}), path)
        for device in () if study.quick else DEVICES:
            request = RunRequest(str(path), noise=device, shots=MAJORITY_SHOTS)
            found[device] = majority_votes(prepare(request).execute().counts) == labels
    checkpoint.unlink()
    return found


def prepare_steps(run: TrainingRun, row: Row) -> None:
    """Make the steps those of a row."""
    for step in run.model.steps:
        if isinstance(step, CoupledStep):
            if row.control is not None:
                step.joint = row.control
            if row.fixed is not None:
                step.angles.requires_grad_(False).fill_(row.fixed)


@torch.no_grad()  # type: ignore[untyped-decorator]
def counts(run: TrainingRun) -> NDArray[np.int64]:
    """Return the shots of each class on the test images, (images, classes)."""
    random = generator("cpu", run.settings.seed, 3)
    found = []
    for pixels in run.test_pixels.split(_EVALUATED):
        chosen = run.model.shots(pixels, MAJORITY_SHOTS, random).argmax(-1)
        found.append(torch.nn.functional.one_hot(chosen, 10).sum(0).numpy())
    return np.concatenate(found)


def rows(found: Answers) -> list[dict[str, Any]]:
    """Return the table: the error of the majority, and what is gained beside neurons alone.

    Args:
        found: Of each row and noise, `name, noise`, one answer a seed.
    """
    table = []
    for name, seeds in found.items():
        row, _, noise = name.rpartition(", ")
        beside = gain(seeds, found[f"{ALONE.name}, {noise}"])
        table.append(
            {
                "row": row, "noise": noise, "seeds": len(seeds),
                **mean_error(seeds).columns("majority_error"), **beside.columns("gain"),
            }
        )  # fmt: skip
    return table


def claims(found: Answers) -> list[Claim]:
    """Return what is to be judged: whether a row errs less than neurons on their own."""
    alone = found[f"{ALONE.name}, ideal"]
    return [
        better(
            f"{row.name} errs less than neurons on their own",
            gain(found[f"{row.name}, ideal"], alone),
        )
        for row in ROWS
        if row is not ALONE
    ]


if __name__ == "__main__":
    main()
