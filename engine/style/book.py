"""Where a profile's figures are written down as they are made."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from engine.model.names import ANGLES, SHOT_TYPES, UNKNOWN
from engine.model.style import Figures
from engine.style.shrinkage import Estimate, figure

__all__ = ["SIZES", "VIEWS", "Book", "priors_of"]

SIZES = tuple(name for name in SHOT_TYPES if name != UNKNOWN)
VIEWS = tuple(name for name in ANGLES if name != UNKNOWN)


@dataclass
class Book:
    """Figures as they are made."""

    figures: dict[str, Figures] = field(default_factory=dict)

    def keep(self, name: str, estimate: Estimate) -> float:
        self.figures[name] = figure(estimate)
        return round(estimate.value, 6)

    def keep_all(self, name: str, estimates: Mapping[str, Estimate]) -> dict[str, float]:
        for key, one in estimates.items():
            self.figures[f"{name}.{key}"] = figure(one)
        first = next(iter(estimates.values()))
        self.figures[name] = Figures(first.n, None, figure(first).source)
        return {key: round(one.value, 6) for key, one in estimates.items()}


def priors_of(given: Mapping[str, float], names: Sequence[str]) -> dict[str, float]:
    """The population's shares of `names`: their sum is 1 (but for the least share of 1e-4, so that nothing is impossible)."""
    total = math.fsum(given.get(name, 0.0) for name in names) or 1.0
    return {name: max(1e-4, given.get(name, 0.0) / total) for name in names}
