"""What becomes of the claims of arXiv:2507.21222 by the comparisons of `reproduce_published.py`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from published_shares import PUBLISHED, Share, shares
from scipy.stats import binom, fisher_exact
from study import Study
from verdicts import Claim, better, gain

MANY = PUBLISHED["hardware_55_images"]
ONE = PUBLISHED["image_6929"]
TRUE_ACCURACY = 0.915
"""Of a network trained on all 60,000 images, in [0, 1]: what chance makes of it on 55 images."""


@dataclass(frozen=True)
class Row:
    """One of our accuracies, and the published one where there is one.

    `every` is the same of the 10,000 test images, or None.
    """

    experiment: str
    network: str
    machine: str
    pairs: int
    ours: float
    every: float | None
    published: Share | None

    def columns(self) -> dict[str, object]:
        """Return a row of the table that is written; accuracies are fractions."""
        found: dict[str, object] = {
            "experiment": self.experiment, "network": self.network, "machine": self.machine,
            "pairs": self.pairs, "ours": round(self.ours, 4),
            "ours_10000_images": "" if self.every is None else round(self.every, 4),
        }  # fmt: skip
        share = self.published
        low, high = share.interval if share else ("", "")
        found |= {
            "published": round(share.right / share.n, 4) if share else "",
            "published_low": round(low, 4) if share else "",
            "published_high": round(high, 4) if share else "",
            "holds_ours": ("yes" if share.holds(self.ours) else "no") if share else "",
        }
        return found


def held(rows: Sequence[Row], experiment: str, machine: str) -> list[bool]:
    """Return which published intervals hold our accuracy."""
    return [
        row.published.holds(row.ours)
        for row in rows
        if row.published and (row.experiment, row.machine) == (experiment, machine)
    ]


def by_chance() -> list[Claim]:
    """Print and return which published differences 55 images can tell from chance."""
    theirs = shares(MANY["superconducting_accuracy_approx"], len(MANY["test_indices"]))
    by_stretch = dict(zip(MANY["stretch"], theirs, strict=True))
    best = by_stretch[0.5]
    chance = binom.sf(best.right - 1, best.n, TRUE_ACCURACY)
    print(
        f"{best.right} or more of {best.n} right by chance, if {TRUE_ACCURACY:.1%} were true: "
        f"{chance:.1%}"
    )
    claims = []
    for less, more in ((0.0, 0.5), (2.0, 0.5)):
        pair = [by_stretch[less], by_stretch[more]]
        p_value = fisher_exact([[share.right, share.n - share.right] for share in pair]).pvalue
        verdict = "holds" if pair[1].right > pair[0].right else "does not hold"
        text = (
            f"published, superconducting, stretch {less:g} and {more:g}: {pair[0].right} and "
            f"{pair[1].right} of {best.n} right, Fisher's exact p = {p_value:.2g}"
        )
        print(text)
        claims.append(
            Claim(
                f"on hardware, {best.n} images: stretch {more:g} is right more often than {less:g}",
                verdict if p_value < 0.05 else "cannot be told", text, 1, best.n,
            )
        )  # fmt: skip
    return claims


def claims(
    study: Study,
    rows: Sequence[Row],
    chance: Sequence[Claim],
    other: Mapping[float, Sequence[float]],
) -> list[Claim]:
    """Return what becomes of the claims of the paper."""
    image, last = f"image {ONE['test_index']}", rows[-1]
    compared = {
        f"{machine} ({experiment})": held(rows, experiment, machine)
        for experiment, machine in (
            ("55 images", "superconducting"),
            ("55 images", "simulated"),
            (image, "superconducting"),
            (image, "trapped ion"),
        )
    }
    agree = ", ".join(f"{where} {sum(each)} of {len(each)}" for where, each in compared.items())
    every = [holds for each in compared.values() for holds in each]
    # At most so many of 95 % intervals that are right and independent.
    by_luck = binom.cdf(sum(every), len(every), 0.95)
    wrong = sum(share < 0.5 for share in other[0.0])
    pairs = [row for row in rows if row.experiment == "inserted pairs" and row.pairs == last.pairs]
    assert last.published is not None
    fall = ", ".join(f"{row.network.split(', ')[1]}: {100 * row.ours:.1f} %" for row in pairs)
    missed = not any(last.published.holds(row.ours) for row in pairs)
    networks = study.trained([study.settings(a, activation="htanh") for a in (0.0, 0.5)])
    sign, quantum = ([study.errors(each, MANY["shots"]) for each in found] for found in networks)
    return [
        Claim(
            "the calibrated noise of a device and our weights give the published accuracies",
            "does not hold" if by_luck < 0.05 else "cannot be told",
            f"published intervals that hold ours: {agree}", 1, len(MANY["test_indices"]) + 1,
        ),
        *chance,
        better(
            "our networks without noise: stretch 0.5 is right more often than 0",
            gain(quantum, sign),
        ),
        Claim(
            f"a network with stretch 0 is wrong about {image}",
            "does not hold" if wrong <= len(other[0.0]) / 2 else "holds",
            f"{wrong} of {len(other[0.0])} trainings are", images=1,
        ),
        Claim(
            f"the calibrated gate errors explain the published fall at {last.pairs} SX pairs",
            "does not hold" if missed else "holds",
            f"published {last.published} %, ours {fall}", 1, 1,
        ),
    ]  # fmt: skip
