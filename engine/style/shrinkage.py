"""A few observations and a population -> an estimate that is never worse than either alone, with its uncertainty.

The archive of one creator is small: raw shares predict worse than no personalisation at all (docs/style.md).
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random

from engine.model.style import Figures, FigureSource

__all__ = [
    "VIDEOS_K",
    "Estimate",
    "best_strength",
    "figure",
    "mean_towards",
    "quantile_error",
    "quantiles",
    "share_towards",
    "shares_towards",
    "source_of",
]

VIDEOS_K = 2.5
"""Videos whose weight the population has against a creator's mean: variance within creators over variance between (2 to 3 measured on
published shot tables; docs/style.md)."""
STRENGTHS = (5.0, 10.0, 20.0, 50.0)
"""Pseudo-counts a row of shares may be shrunk with; the one the counts themselves make likeliest is taken."""
HALF, TRUSTED = 0.5, 0.8
"""Weight of the creator's own observations below which a figure is mostly the population's, and from which it counts as his alone."""


RESAMPLES = 100


@dataclass(frozen=True)
class Estimate:
    """A shrunk value: what it is, how many observations, their weight (0 to 1), standard error, and the population's value."""

    value: float
    n: int
    weight: float
    std_error: float | None
    prior: float


def figure(estimate: Estimate) -> Figures:
    """The estimate as a profile states it."""
    error = None if estimate.std_error is None else round(estimate.std_error, 6)
    return Figures(estimate.n, error, source_of(estimate.weight), round(estimate.prior, 6))


def source_of(weight: float) -> FigureSource:
    """Where a figure comes from, by the weight of the creator's own observations in it."""
    if weight <= 0:
        return "prior"
    return "mostly_prior" if weight < HALF else "blend" if weight < TRUSTED else "creator"


def mean_towards(values: Sequence[float], prior: float, k: float = VIDEOS_K, typical: float = 0.0) -> Estimate:
    """Mean of one value per work, shrunk: n / (n + k) of it and the rest of the population's.

    The spread between works is shrunk too: towards one that would let the population's value be his, because two works that happen to be
    alike make nobody sure; and never under `typical`, the usual standard deviation between the works of one creator, because one work that
    happens to be average does not either.
    """
    n = len(values)
    if n == 0:
        return Estimate(prior, 0, 0.0, None, prior)
    weight = n / (n + k)
    mean = math.fsum(values) / n
    squares = math.fsum((value - mean) ** 2 for value in values)
    spread = math.sqrt((squares + k * max(typical, abs(mean - prior) / 2) ** 2) / (n - 1 + k))
    return Estimate(weight * mean + (1 - weight) * prior, n, weight, weight * spread / math.sqrt(n), prior)


def share_towards(hits: float, n: float, prior: float, k: float = 10.0) -> Estimate:
    """A share, beta-shrunk with k pseudo-observations at `prior`."""
    value = (hits + k * prior) / (n + k)
    return Estimate(value, round(n), n / (n + k), _share_error(value, n + k), prior)


def _share_error(share: float, n: float) -> float:
    """Standard deviation of a beta distribution with half an observation more on either side (Jeffreys): never nothing, even at 0 or 1."""
    shown = (share * n + 0.5) / (n + 1)
    return math.sqrt(shown * (1 - shown) / (n + 2))


def shares_towards(counts: Mapping[str, float], prior: Mapping[str, float], k: float | None = None) -> dict[str, Estimate]:
    """Shares of a closed set, Dirichlet-shrunk; `k` by `best_strength` where it is not given. They sum to 1."""
    strength = k if k is not None else best_strength([counts], [prior])
    n = math.fsum(counts.values())
    estimates = {}
    for name, share in prior.items():
        value = (counts.get(name, 0.0) + strength * share) / (n + strength)
        estimates[name] = Estimate(value, round(n), n / (n + strength), _share_error(value, n + strength), share)
    return estimates


def best_strength(rows: Sequence[Mapping[str, float]], priors: Sequence[Mapping[str, float]]) -> float:
    """Empirical Bayes: the pseudo-count under which the counts are likeliest (Dirichlet-multinomial evidence over all rows)."""
    return max(STRENGTHS, key=lambda k: math.fsum(_evidence(row, prior, k) for row, prior in zip(rows, priors)))


def _evidence(counts: Mapping[str, float], prior: Mapping[str, float], k: float) -> float:
    n = math.fsum(counts.get(name, 0.0) for name in prior)
    total = math.lgamma(k) - math.lgamma(k + n)
    for name, share in prior.items():
        a = max(k * share, 1e-6)
        total += math.lgamma(a + counts.get(name, 0.0)) - math.lgamma(a)
    return total


def quantile_error(values: Sequence[float], share: float) -> float | None:
    """Standard error of a quantile, by the bootstrap; None of fewer than two values."""
    if len(values) < 2:
        return None
    random = Random(0)
    return statistics.stdev(quantiles(random.choices(values, k=len(values)), [share])[0] for _ in range(RESAMPLES))


def quantiles(values: Sequence[float], shares: Sequence[float]) -> list[float]:
    """Quantiles by linear interpolation between order statistics."""
    rows = sorted(values)
    found = []
    for share in shares:
        place = share * (len(rows) - 1)
        low = int(place)
        high = min(low + 1, len(rows) - 1)
        found.append(rows[low] + (rows[high] - rows[low]) * (place - low))
    return found
