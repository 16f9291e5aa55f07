"""How sure the engine is of a placement: from what every other clip would cost in its place, and from how unsure the scores are."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from engine.edit.job import Job, moment_of
from engine.edit.problem import IMPOSSIBLE

__all__ = ["confidence", "kept_chance"]

Array = NDArray[np.float64]

SCORE_CORRELATION = 0.75
"""How far scores agree with what people want: the middle of the .6 to .9 that are assumed of measured scores in simulated creators. What it
leaves open is an error of .88 times the spread of the scores among the clips that fit."""
NOTICED = 2.0
"""Another clip has to be better by this many standard errors before somebody takes the trouble to change it (the usual 95 %)."""
_AT, _SHARE = (array.astype(np.float64) for array in np.polynomial.hermite_e.hermegauss(31))


def kept_chance(losses: Array, errors: Array, own_error: float) -> float:
    """0 to 1: chance that no other clip turns out noticeably better than the chosen one.

    losses : (others,) what the edit would lose with each (max-marginals). errors : (others,) standard errors of their scores, above 0;
    own_error : of the chosen one's. The chosen one's error is integrated out (Gauss and Hermite), the others are independent given it.
    """
    if not len(losses):
        return 1.0
    room = np.maximum(losses, 0.0) + NOTICED * own_error
    beaten = _normal((room[None] + own_error * _AT[:, None]) / errors[None])
    return float(np.exp(np.log(np.maximum(beaten, 1e-300)).sum(axis=1)) @ _SHARE / _SHARE.sum())


def _normal(values: Array) -> Array:
    """Distribution function of the standard normal."""
    return np.asarray(0.5 + 0.5 * np.vectorize(math.erf, otypes=[np.float64])(values / math.sqrt(2.0)))


def confidence(job: Job, number: int) -> tuple[float, float]:
    """0 to 1 that a person keeps a placement as it is, and the same as reckoned, before what people kept has set it right.

    As reckoned: that no other clip is noticeably better there, less what the picture lacks, how unusual the length is for the style, and
    how unsure the beats are. It orders placements by how open they are; `Taste.correction` makes a chance of it.
    """
    segment = job.found.segments[number]
    slot = job.scorer.slot(segment.start, segment.end)
    worth = job.problem.values[job.problem.slot_index[segment.start, segment.end]]
    spread = float(np.std(worth[worth > IMPOSSIBLE / 2]))
    left_open = max(1e-3, spread * math.sqrt(1 / SCORE_CORRELATION**2 - 1))
    learned = job.scorer.spreads[segment.start] * job.scorer.weights["selection"] * slot.beats
    errors = np.hypot(left_open, learned)
    losses = job.found.losses[number]
    others = np.isfinite(losses)
    sure = kept_chance(losses[others], errors[others], float(errors[segment.clip]))
    quality = min(1.0, max(0.0, moment_of(job, segment).quality))
    usual = math.exp(min(0.0, float(job.scorer.holding.density(segment.start, segment.end)[segment.clip])) / 2)
    raw = round(sure * (0.6 + 0.4 * quality) * (0.75 + 0.25 * usual) * (0.85 + 0.15 * job.use.confidence), 4)
    correction = job.taste.correction
    return raw if correction is None else round(correction.of(raw), 4), raw
