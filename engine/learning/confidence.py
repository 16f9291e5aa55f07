"""Confidence set right by what people kept: of clips that the engine is 80 % sure of, eight in ten should stay.

Two numbers while little is known (Platt 1999), steps that only rise from a thousand clips on (isotonic regression by pooling adjacent
violators: Zadrozny and Elkan 2002), as measured in simulated creators. Judged on sessions that it was not fitted on: what is no better
than the confidence as reckoned is not used.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from engine.edit.taste import Correction
from engine.style.models.linear import fit_platt, log_loss, sigmoid

__all__ = ["LEAST_CLIPS", "LEAST_SESSIONS", "correction_for", "suffices"]

Array = NDArray[np.float64]
Judged = Sequence[Sequence[tuple[float, bool]]]

LEAST_CLIPS, LEAST_SESSIONS = 100, 5
"""Below these nothing is set right: at 100 clips even a perfect confidence looks .11 off. Clips of one session share their mood."""
LEAST_OF_EACH = 5
"""Clips kept, and clips thrown out, without which there is nothing to tell apart."""
STEPS_FROM = 1000
"""Clips from which on steps (isotonic regression) are fitted, below it a line in log odds: scikit-learn's guide gives the same bound."""
FOLDS = 5
"""Parts in turn left out to see whether setting right helps."""
SURE = 0.01
"""Chances stay this far from 0 and 1."""
PLACES = np.linspace(0.0, 1.0, 21)
"""Confidences at which a correction is stored; straight lines between."""


def suffices(sessions: Judged) -> bool:
    """Whether so many sessions (raw confidence and whether the clip was kept, each) say enough."""
    kept = [stayed for rows in sessions for _, stayed in rows]
    return len(kept) >= LEAST_CLIPS and len(sessions) >= LEAST_SESSIONS and LEAST_OF_EACH <= sum(kept) <= len(kept) - LEAST_OF_EACH


def correction_for(sessions: Judged) -> Correction | None:
    """The correction by all sessions, if one made without each fifth of them foretells that fifth better than raw confidence does."""
    if not suffices(sessions):
        return None
    losses = np.zeros(2)
    for fold in range(FOLDS):
        known = [rows for number, rows in enumerate(sessions) if number % FOLDS != fold]
        raw, kept = _columns([rows for number, rows in enumerate(sessions) if number % FOLDS == fold])
        losses += [len(raw) * log_loss(made(raw), kept) for made in (_fitted(*_columns(known)), lambda x: x)]
    if losses[0] >= losses[1]:
        return None
    raw, kept = _columns(sessions)
    points = _fitted(raw, kept)(PLACES)
    return Correction(tuple(map(float, PLACES)), tuple(round(float(one), 6) for one in points), len(raw), len(sessions))


def _columns(sessions: Judged) -> tuple[Array, Array]:
    rows = np.array([(raw, float(stayed)) for one in sessions for raw, stayed in one], float).reshape(-1, 2)
    return np.clip(rows[:, 0], SURE, 1 - SURE), rows[:, 1]


def _fitted(raw: Array, kept: Array) -> Callable[[Array], Array]:
    if len(raw) >= STEPS_FROM:
        levels, values = _rising(raw, kept)
        return lambda at: np.clip(np.interp(at, levels, values), SURE, 1 - SURE)
    platt = fit_platt(_log_odds(raw), kept)
    return lambda at: np.clip(sigmoid(platt.slope * _log_odds(at) + platt.intercept), SURE, 1 - SURE)


def _log_odds(chance: Array) -> Array:
    safe = np.clip(chance, SURE, 1 - SURE)
    return np.asarray(np.log(safe / (1 - safe)))


def _rising(raw: Array, kept: Array) -> tuple[Array, Array]:
    """Isotonic regression: the middle of each pool of clips, and the share kept in it."""
    pools: list[tuple[float, float, int]] = []
    for place, stayed in sorted(zip(raw.tolist(), kept.tolist())):
        pools.append((place, stayed, 1))
        while len(pools) > 1 and pools[-2][1] / pools[-2][2] >= pools[-1][1] / pools[-1][2]:
            (a, b, c), (d, e, f) = pools.pop(), pools.pop()
            pools.append((a + d, b + e, c + f))
    return np.array([place / count for place, _, count in pools]), np.array([stayed / count for _, stayed, count in pools])
