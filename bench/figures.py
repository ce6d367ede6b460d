"""What is made of measurements: pure functions over numbers."""

import math
from collections.abc import Callable, Sequence
from statistics import fmean, median, variance
from typing import NamedTuple


class Spread(NamedTuple):
    """The median of several measurements, and the least and the greatest of them."""

    median: float
    least: float
    greatest: float

    def __str__(self) -> str:
        return self.shown("{:.2f}")

    def shown(self, form: str) -> str:
        """Return "MEDIAN (LEAST to GREATEST)", each formatted with `form`."""
        return "{} ({} to {})".format(*map(form.format, self))


def spread(values: Sequence[float]) -> Spread:
    return Spread(median(values), min(values), max(values))


def alternated(
    turns: int, first: Callable[[], float], second: Callable[[], float]
) -> tuple[list[float], list[float]]:
    """Measure A B A B …, so that what slows the machine down slows both down."""
    a, b = [], []
    for _turn in range(turns):
        a.append(first())
        b.append(second())
    return a, b


def ratios(a: Sequence[float], b: Sequence[float]) -> Spread:
    """Return a / b of each turn: two measurements that were made next to each other."""
    return spread([one / other for one, other in zip(a, b, strict=True)])


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the smallest value that is not below `percent` of all (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


def welch_t(a: Sequence[float], b: Sequence[float]) -> float:
    """Return Welch's t of two samples: how sure it is that their means differ.

    Without a sign. Above 4.5 timing is taken to leak (TVLA; Goodwill et al. 2011, dudect).
    """
    error = math.sqrt(variance(a) / len(a) + variance(b) / len(b))
    difference = abs(fmean(a) - fmean(b))
    if not error:
        return math.inf if difference else 0.0
    return difference / error
