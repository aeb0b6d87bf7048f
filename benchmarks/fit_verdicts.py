"""How often `qnnq fit` says that a noise explains the counts, where it does and where it does not.

    python benchmarks/fit_verdicts.py

draws runs of 20 images x 15 shots at 0, 5 and 20 inserted pairs and fits `fake_torino*?` to their
votes: runs under `fake_torino*4`, which has to explain them; under `fake_torino` with a readout
error of 5 %, and under `fake_torino*4` with overdispersed votes, where it must not. A fit is a line
of the table; those that it has are not done again. The model of the fits is a polynomial in the
strength, which makes many fits quick.
"""

import argparse
import csv
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from fit_coverage import DEVICE, observations
from likelihood_surface import LikelihoodSurface, in_processes
from numpy.polynomial import chebyshev
from numpy.typing import NDArray

from noise_models.free import FreeSpecification
from qnnq.devices.names import device_names
from qnnq.fitting.explanation import explain, verdict
from qnnq.fitting.forward import InstrumentForward
from qnnq.fitting.likelihood import Likelihood
from qnnq.fitting.mechanisms import Direction, Unfitted, mechanisms, unfitted
from qnnq.fitting.observation import Observation

IMAGES, SHOTS = "0:20", 15
FITTED, STRENGTH = "fake_torino*?0:24", 4.0
TRUE = f"{DEVICE}*{STRENGTH:g}"
READOUT = f"{DEVICE} + readout(p=0.05)"
OVERDISPERSED = f"{TRUE}, overdispersed"
ALIKE = 0.1
"""Correlation of the shots of an image: probabilities are drawn from a Dirichlet distribution."""
CAMPAIGNS = {TRUE: 200, READOUT: 100, OVERDISPERSED: 100}
SIMULATED = 1000
"""Shots of the model for each shot of the data."""
NODES, DEGREE = 20, 8
DIRECTION_SIMULATED, DIRECTION_NODES, DIRECTION_DEGREE = 200, 8, 4
COLUMNS = ("data", "run", "strength", "p", "by_class", "by_image", "by_mechanism")
COLUMNS += ("overdispersion", "explains", "rivals")


class Surfaces(LikelihoodSurface):
    """A likelihood whose mechanisms' changes are polynomials in the strength, too."""

    def __init__(self, free: FreeSpecification, data: Sequence[Observation]) -> None:
        super().__init__(
            free, data, InstrumentForward(data, DEVICE, SIMULATED), (NODES,), (DEGREE,)
        )
        self._ideal = super().without_noise()
        coarse = InstrumentForward(data, DEVICE, DIRECTION_SIMULATED)
        self._coarse = Likelihood(free, data, coarse)
        places = chebyshev.chebpts1(DIRECTION_NODES)
        self._inverse = np.linalg.pinv(chebyshev.chebvander(places, DIRECTION_DEGREE))
        self._nodes = [self._middle + self._half * place for place in places]
        candidates = mechanisms(DEVICE, free)
        found = unfitted(self._coarse, np.array([STRENGTH]), candidates)
        self._directions = found.directions
        self._tables = [self._table(each) for each in self._directions]

    def without_noise(self) -> list[NDArray[np.float64]]:
        return self._ideal

    def _table(self, direction: Direction) -> list[NDArray[np.float64]]:
        """Return the coefficients of a mechanism's changes, of each setting."""
        noise = direction.mechanism.at([direction.size])
        rows = []
        for node in self._nodes:
            without, beside = self._coarse.probabilities(node), self._coarse.beside(node, noise)
            assert without is not None
            assert beside is not None
            rows.append([b - a for a, b in zip(without, beside, strict=True)])
        return [
            np.tensordot(self._inverse, np.stack(each), axes=(1, 0))
            for each in zip(*rows, strict=True)
        ]

    def unfitted(self, values: NDArray[np.float64]) -> Unfitted:
        """Return what mechanisms change at a strength."""
        return Unfitted(list(self._at(values)))

    def _at(self, values: NDArray[np.float64]) -> Iterator[Direction]:
        place = (values - self._middle) / self._half
        basis = chebyshev.chebvander(place, DIRECTION_DEGREE)[0]
        for direction, tables in zip(self._directions, self._tables, strict=True):
            changes = [np.tensordot(basis, table, axes=(0, 0)) for table in tables]
            yield Direction(direction.mechanism, direction.size, direction.power, changes)


def overdispersed(surface: Surfaces, seed: int) -> list[Observation]:
    """Return votes of shots that are alike within an image."""
    random = np.random.default_rng(seed)
    found = surface.probabilities(np.array([STRENGTH]))
    drawn = []
    for observation, p in zip(surface.observations, found, strict=True):
        own = p / p.sum(axis=1, keepdims=True)
        rows = [random.dirichlet(row * (1 - ALIKE) / ALIKE) for row in own]
        votes = random.multinomial(observation.shots, np.array(rows))
        right = int(votes[range(len(votes)), observation.labels].sum())
        place = (observation.request, observation.network, observation.data, observation.images)
        drawn.append(Observation(*place, observation.shots, right, votes))
    return drawn


def fitted(surface: Surfaces, campaign: str, run: int) -> dict[str, str | int | float]:
    """Return what a fit to one run says, as a line of the table."""
    data = (
        overdispersed(surface, run)
        if campaign == OVERDISPERSED
        else observations(campaign, run, IMAGES, SHOTS)
    )
    found = explain(surface.of(data), None, lambda _, values: surface.unfitted(values))
    assert found.overdispersion is not None
    return {
        "data": campaign,
        "run": run,
        "strength": f"{found.parameters[f'{DEVICE}.strength']:.4g}",
        "p": found.p_value,
        "by_class": found.by_class,
        "by_image": found.by_image or "",
        "by_mechanism": found.by_mechanism or "",
        "overdispersion": f"{found.overdispersion.value:.3f}",
        "explains": int(verdict([found]).startswith(f"{FITTED} explains")),
        "rivals": "; ".join(each.mechanism for each in found.rivals if each.is_rival),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--out", type=Path, default=Path(__file__).with_suffix(".csv"))
    options = parser.parse_args()
    rows: list[dict[str, str]] = []
    if options.out.exists():
        with options.out.open(newline="") as file:
            rows = list(csv.DictReader(file))
    done = {(row["data"], int(row["run"])) for row in rows}
    todo = [
        (campaign, run)
        for campaign, runs in CAMPAIGNS.items()
        for run in range(1, runs + 1)
        if (campaign, run) not in done
    ]
    if todo:
        free = FreeSpecification.parse(FITTED, device_names())
        # Seeds of the data and of the model's random numbers (0) have to differ.
        surface = Surfaces(free, observations(TRUE, 1, IMAGES, SHOTS))
        print(f"error of the polynomials {surface.error():.1e}", flush=True)
        with options.out.open("a", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS)
            if not rows:
                writer.writeheader()
            for start in range(0, len(todo), 10):
                work = [partial(fitted, surface, *each) for each in todo[start : start + 10]]
                found = in_processes(lambda each: each(), work, options.workers)
                writer.writerows(found)
                file.flush()
                rows += [{key: str(value) for key, value in row.items()} for row in found]
    for campaign, runs in CAMPAIGNS.items():
        own = [row for row in rows if row["data"] == campaign]
        explains = [row for row in own if row["explains"] == "1"]
        alone = sum("readout(p" not in row["rivals"] for row in explains)
        print(
            f"data of {campaign}: {FITTED} explains {len(explains)} of {runs}, in {alone} of them "
            "without naming a readout error as its rival"
        )


if __name__ == "__main__":
    main()
