"""Whether the most likely noise explains the counts at all: a parametric bootstrap.

Data sets are drawn from the fitted noise, and the parameters fitted anew to each by one step of
scoring, within their ranges. The counts are compared with them in three ways:

- by class: the deviance 2 sum n log(n / expected) of the shots by setting, true class and class
  that was named (where only right shots are known: right and wrong by setting), added up over
  images, so that few are small;
- by image: the deviance of the shots by setting, image and class that was named, which sees shots
  of an image that are more alike than independent ones (overdispersion);
- by mechanism: the largest score of a mechanism that was not fitted, in standard deviations, beyond
  what the parameters can make up for (C. R. Rao, Proc. Camb. Phil. Soc. 44, 50 (1948)). A
  mechanism's score weighs a class by 2 d / (2 p + d), p its probability and d what the mechanism
  adds to it: d / p where d is small, and bounded where p is hardly known.

The p-value is that of the least of the three, among the least ones of the drawn data sets (P. H.
Westfall and S. S. Young, Resampling-Based Multiple Testing, Wiley 1993).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import xlogy

from qnnq.arrays import IntArray
from qnnq.fitting.maximum_likelihood import Fit
from qnnq.fitting.mechanisms import Direction
from qnnq.fitting.observation import Observation

REPLICATES = 1999
"""Data sets that are drawn from the fitted noise; the least p-value is 1 / 2000."""

SEED = 0

ROUNDING = 0.01
"""Of the deviance, by the accuracy of the estimate: matters where nothing is left to be tested."""

EXPECTED = 1.0
"""Shots that a cell expects, from which on it counts as a degree of freedom."""

INDISTINCT = 1e-4
"""Share of a score's variance that the parameters leave, below which there is nothing to test."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Overdispersion:
    """How much more than by counting the images' votes scatter about what the fit expects.

    Attributes:
        value: Their variance in units of the one by counting: 1 for independent shots.
        low, high: Between these are 95 % of the values of independent shots.
    """

    value: float
    low: float
    high: float


@dataclass(frozen=True, eq=False)
class Score:
    """The score test of one direction.

    Attributes:
        direction: It.
        deviations: The score, in standard deviations.
        p_value: One-sided.
        share: The change that fits best, in units of the direction's; may be negative.
        error: Its standard deviation; infinite where the parameters make up for the change.
        moves: By what the parameters change for one such unit, (parameters,).
    """

    direction: Direction
    deviations: float
    p_value: float
    share: float
    error: float
    moves: Floats


@dataclass(frozen=True)
class Goodness:
    """How well a noise fits.

    Attributes:
        p_value: Of the worst of the three comparisons, corrected for its being the worst.
        by_class, by_image, by_mechanism: Of each alone; None: nothing to compare.
        overdispersion: None: votes of single images are not known.
    """

    p_value: float
    by_class: float
    by_image: float | None
    by_mechanism: float | None
    overdispersion: Overdispersion | None


def goodness(
    found: Fit, directions: Sequence[Direction] = ()
) -> tuple[Goodness, tuple[Score, ...]]:
    """Compare the counts with what the fitted noise draws.

    Args:
        found: The fit.
        directions: Of mechanisms that were not fitted, whose scores are returned.
    """
    random = np.random.default_rng(SEED)
    settings = _settings(found, directions)
    samples = [setting.observed() for setting in settings]
    observed = _refitted(found, settings, samples)
    drawn = _refitted(found, settings, [setting.draw(random) for setting in settings])
    columns = [(observed.by_class - ROUNDING, drawn.by_class)]
    if any(setting.has_votes for setting in settings):
        columns.append((observed.by_image - ROUNDING, drawn.by_image))
    scores, largest = _scores(observed, drawn, settings, found, directions)
    if largest is not None:
        columns.append(largest)
    p_values, p_value = _p_values(columns)
    by_image = p_values[1] if any(setting.has_votes for setting in settings) else None
    dispersion = None
    if by_image is not None:
        ratios = drawn.squares / drawn.squares.mean()
        low, high = np.quantile(ratios, [0.025, 0.975])
        value = float(observed.squares[0] / drawn.squares.mean())
        dispersion = Overdispersion(value, float(low), float(high))
    by_mechanism = p_values[-1] if largest is not None else None
    return Goodness(p_value, p_values[0], by_image, by_mechanism, dispersion), scores


def degrees_of_freedom(found: Fit) -> int:
    """Return how many of the numbers that are compared by class the parameters leave free.

    Of these numbers, those of a group of shots add up to a known sum, and those that expect less
    than `EXPECTED` shots say little. Where none is left free, nearly any noise with so many
    parameters fits.
    """
    return sum(setting.freedom for setting in _settings(found, ())) - len(found.values)


def _p_values(columns: Sequence[tuple[Floats, Floats]]) -> tuple[list[float], float]:
    """Return the p-value of each statistic, (observed, drawn), and that of the least of them."""
    ranks = []
    for observed, drawn in columns:
        values = np.append(observed, drawn)
        below = np.searchsorted(np.sort(values), values, side="left")
        ranks.append((len(values) - below) / len(values))
    least = np.min(ranks, axis=0)
    return [float(rank[0]) for rank in ranks], float(np.mean(least <= least[0]))


@dataclass(frozen=True, eq=False)
class _Sample:
    """Data sets of one setting.

    Attributes:
        grouped: Counts, (sets, groups, cells).
        scores: Less what is expected; of the parameters, then of the directions; (sets, scores).
        deviance: By image, before the parameters are fitted, (sets,).
        squares: Of what counts are away from what is expected, by image, (sets,).
        slopes: Of `squares` by the parameters, (sets, parameters).
    """

    grouped: IntArray
    scores: Floats
    deviance: Floats
    squares: Floats
    slopes: Floats


@dataclass(frozen=True, eq=False)
class _Statistics:
    """Of data sets with fitted parameters: each (sets,), scores (sets, directions)."""

    by_class: Floats
    by_image: Floats
    squares: Floats
    scores: Floats


def _settings(found: Fit, directions: Sequence[Direction]) -> "list[_Setting]":
    probabilities = found.likelihood.at(found.values)
    likelihood = found.likelihood
    return [
        _Setting(
            observation,
            p,
            slopes,
            np.array([each.changes[number] for each in directions]).reshape(-1, *p.shape),
            likelihood.simulated[number],
        )
        for number, (observation, p, slopes) in enumerate(
            zip(likelihood.observations, probabilities, found.information.derivatives, strict=True)
        )
    ]


def _refitted(
    found: Fit, settings: "Sequence[_Setting]", samples: Sequence[_Sample]
) -> _Statistics:
    """Return the statistics of data sets after one step of scoring.

    By image the deviance falls by 2 step . score - step . information . step.
    """
    count = len(found.values)
    scores = sum(sample.scores for sample in samples)
    assert not isinstance(scores, int)
    low, high = found.likelihood.bounds.T
    moved = np.clip(found.values + scores[:, :count] @ found.information.covariance, low, high)
    steps = moved - found.values
    by_class = sum(
        setting.deviances(sample.grouped, steps)
        for setting, sample in zip(settings, samples, strict=True)
    )
    # Only settings whose images' votes are known take part by image.
    by_image, squares = np.zeros(len(scores)), np.zeros(len(scores))
    response = np.zeros((scores.shape[1], count))
    for setting, sample in zip(settings, samples, strict=True):
        response += setting.response
        if setting.has_votes:
            information = setting.response[:count]
            by_image += sample.deviance - 2 * (steps * sample.scores[:, :count]).sum(axis=1)
            by_image += np.einsum("rk,kl,rl->r", steps, information, steps)
            squares += sample.squares + (steps * sample.slopes).sum(axis=1)
            squares += np.einsum("rk,kl,rl->r", steps, setting.curvature, steps)
    rest = scores[:, count:] - steps @ response[count:].T
    return _Statistics(np.asarray(by_class, np.float64), by_image, squares, rest)


def _scores(
    observed: _Statistics,
    drawn: _Statistics,
    settings: "Sequence[_Setting]",
    found: Fit,
    directions: Sequence[Direction],
) -> tuple[tuple[Score, ...], tuple[Floats, Floats] | None]:
    """Return the score tests, and the largest one of the counts and of each drawn data set."""
    if not directions:
        return (), None
    count = len(found.values)
    response = sum(setting.response for setting in settings)
    own = sum(setting.own for setting in settings)
    mixed = sum(setting.mixed for setting in settings)
    moves = -found.information.covariance @ np.asarray(mixed)
    effect = own + (np.asarray(response)[count:] * moves.T).sum(axis=1)
    deviation = drawn.scores.std(axis=0)
    distinct = deviation**2 > INDISTINCT * np.asarray(own)
    scale = np.where(distinct, deviation, np.inf)
    z, drawn_z = observed.scores / scale, drawn.scores / scale
    found_scores = []
    for number, direction in enumerate(directions):
        known = distinct[number] and effect[number] > 0
        p = (1 + np.sum(drawn_z[:, number] >= z[0, number])) / (1 + len(drawn_z))
        share = float(observed.scores[0, number] / effect[number]) if known else 0.0
        error = float(deviation[number] / effect[number]) if known else np.inf
        deviations = float(z[0, number])
        found_scores.append(Score(direction, deviations, float(p), share, error, moves[:, number]))
    return tuple(found_scores), (z.max(axis=1), drawn_z.max(axis=1))


class _Setting:
    """One setting: its images in groups, the answers to them in cells."""

    def __init__(
        self,
        observation: Observation,
        probabilities: Floats,
        slopes: Floats,
        changes: Floats,
        simulated: int | None,
    ) -> None:
        self._observation = observation
        self._simulated = simulated
        cells = _cells(observation, probabilities)
        self._cells = cells / cells.sum(axis=-1, keepdims=True)  # (images, cells)
        slopes = _cells(observation, slopes, total=0.0)  # (parameters, images, cells)
        changes = _cells(observation, changes, total=0.0)  # (directions, images, cells)
        labels = observation.labels
        if observation.votes is None:  # nothing is known of single images
            labels = np.zeros_like(labels)
        self._groups, self._group_of = np.unique(labels, return_inverse=True)
        shots = observation.shots[:, None]
        self._expected = self._grouped(shots * self._cells)
        self._changes = np.array([self._grouped(shots * slope) for slope in slopes]).reshape(
            -1, *self._expected.shape
        )
        weights = self._weights(slopes)
        every = np.concatenate([weights, self._weights(changes, bounded=True)])
        self._every = every  # what a shot of each cell adds to each score
        self._means = np.einsum("sic,ic->s", every, shots * self._cells)
        self.response = np.einsum("sic,kic->sk", every, shots * slopes)
        self.mixed = np.einsum("kic,mic->km", weights, shots * changes)
        self.own = np.einsum("mic,mic->m", every[len(slopes) :], shots * changes)
        self._slopes = shots * slopes
        self.curvature = np.einsum("kic,lic->kl", self._slopes, self._slopes)

    @property
    def has_votes(self) -> bool:
        """Whether the votes of single images are known."""
        return self._observation.votes is not None

    @property
    def freedom(self) -> int:
        """Cells of each group that expect shots, less one."""
        likely = (self._expected >= EXPECTED).sum(axis=1)
        return int(np.maximum(likely - 1, 0 if self.has_votes else 1).sum())

    def _weights(self, changes: Floats, bounded: bool = False) -> Floats:
        """Return the scores of one shot of each cell for some changes, (changes, images, cells)."""
        shots, cells = self._observation.shots, self._cells
        if self.has_votes:
            return np.asarray(changes / (cells + (changes / 2 if bounded else 0)), np.float64)
        variance = (shots * cells[:, 0] * (1 - cells[:, 0])).sum()
        total = (shots * changes[..., 0]).sum(axis=-1)
        weights = np.zeros_like(changes)
        weights[..., 0] = (total / variance)[:, None]
        return weights

    def _grouped(self, values: Floats) -> Floats:
        """Add (images, cells) up over the images of each group: (groups, cells)."""
        result = np.zeros((len(self._groups), values.shape[1]))
        np.add.at(result, self._group_of, values)
        return result

    def observed(self) -> _Sample:
        """Return what was measured, as one data set."""
        observation = self._observation
        if observation.votes is not None:
            return self._sample(observation.votes[:, None])
        # The images are one group, so that any of them may have it all.
        wrong = int(observation.shots.sum()) - observation.right
        votes = np.zeros((len(self._cells), 1, 2), np.int64)
        votes[0, 0] = observation.right, wrong
        return self._sample(votes)

    def draw(self, random: np.random.Generator) -> _Sample:
        """Return data sets that are drawn from the fitted noise.

        Where its probabilities are themselves from so many simulated shots, the true ones are drawn
        first, as those shots leave them.
        """
        rows = zip(self._observation.shots.tolist(), self._cells, strict=True)
        return self._sample(self._drawn(random, *each) for each in rows)

    def _drawn(self, random: np.random.Generator, shots: int, row: Floats) -> IntArray:
        if self._simulated is None:
            return random.multinomial(shots, row, size=REPLICATES)
        rows = random.dirichlet(self._simulated * row, size=REPLICATES)
        return random.multinomial(shots, rows)

    def _sample(self, votes_by_image: Iterable[IntArray]) -> _Sample:
        grouped: list[NDArray[np.int64]] = []
        sums: list[Floats] = []
        for image, votes in enumerate(votes_by_image):
            if not grouped:
                sets = len(votes)
                grouped.append(np.zeros((sets, *self._expected.shape), np.int64))
                sums += [np.zeros((sets, len(self._every))), np.zeros(sets), np.zeros(sets)]
                sums.append(np.zeros((sets, len(self._slopes))))
            expected = self._observation.shots[image] * self._cells[image]
            away = votes - expected
            grouped[0][:, self._group_of[image]] += votes
            sums[0] += votes @ self._every[:, image].T
            sums[1] += 2 * xlogy(votes, votes / expected).sum(axis=1)
            sums[2] += (away**2).sum(axis=1)
            sums[3] -= 2 * away @ self._slopes[:, image].T
        return _Sample(grouped[0], sums[0] - self._means, *sums[1:])

    def deviances(self, counts: IntArray, steps: Floats) -> Floats:
        """Return the deviance by class of data sets from what their own parameters expect.

        2 sum n log(n / expected) - 2 sum (n - expected) over groups and cells.
        """
        changes = np.einsum("rk,kgc->rgc", steps, self._changes)
        expected = np.maximum(self._expected + changes, 1e-6)
        each = xlogy(counts, counts / expected) - (counts - expected)
        result: Floats = 2 * each.sum(axis=(-2, -1))
        return result


def _cells(observation: Observation, values: Floats, total: float = 1.0) -> Floats:
    """Return (..., images, classes) as it is, or as right and wrong, which add up to `total`."""
    if observation.votes is not None:
        return values
    right = values[..., np.arange(values.shape[-2]), observation.labels]
    return np.stack([right, total - right], axis=-1)
