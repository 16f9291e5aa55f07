"""When a shot ends: the chance of a cut at each beat it lasts to (discrete-time hazard), linear around a prior, xgboost residual.

P(hold of k beats) = h(k) * product over j < k of (1 - h(j)); h is a logistic of the beats passed, what the music asks for there, its
energy and its tempo. The optimiser gets the log of that directly, and quick runs and bars come out by themselves.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.edit.taste import BAR_ODDS, BAR_STEP, TYPICAL_STRENGTH, ProfilePace, Table
from engine.model.style import LinearModel
from engine.model.works import FinishedWork
from engine.style.models.linear import fit_logistic, log_loss, sigmoid
from engine.style.models.trees import Trees, fit_residual
from engine.style.prior import neutral_profile

__all__ = ["PACE_COLUMNS", "HazardRows", "LearnedPace", "PaceFit", "fit_pace", "hazard_rows", "linear_of", "prior_weights"]

Array = NDArray[np.float64]

AGES = ((0, 1), (1, 2), (2, 3), (3, 4), (4, 6), (6, 8), (8, 12), (12, 16))
"""Beats passed, in bins (above, up to): each has a chance of its own, so any shape of habit can be learned."""
PACE_COLUMNS = (
    *(f"beats_{low + 1}" if high == low + 1 else f"beats_{low + 1}_{high}" for low, high in AGES),
    *("strength", "energy", "energy_rise", "tempo", "energy_age"),
)
LONGEST = 16
PRECISION = 6.0
"""1 / variance of a weight around the prior (chosen on simulated creators of other seeds than those reported)."""
LEAST_SHOTS_FOR_TREES = 300
RESIDUAL_GAIN = 0.002
"""Gain in log loss (nats per beat) on left-out works that switches the residual on."""


@dataclass(frozen=True, eq=False)
class HazardRows:
    """One row per beat that a shot lasted to. x : (n, PACE_COLUMNS). y : 1 where it ended. work : (n,) number of the work."""

    x: Array
    y: Array
    work: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class PaceFit:
    """A trained hazard. held_out_loss : nats per beat on left-out works; prior_loss : the same of the population's."""

    weights: Array
    covariance: Array
    trees: dict[str, object]
    shots: int
    held_out_loss: float
    prior_loss: float


def _columns(age: Array, strength: Array, energy: Array, rise: Array, bpm: Array) -> Array:
    bins = [((age > low) & (age <= high)).astype(float) for low, high in AGES[:-1]] + [(age > AGES[-1][0]).astype(float)]
    centred = energy - 0.5
    lived = np.log2(np.maximum(age, 0.5)) - 1.0
    return np.column_stack([*bins, strength - TYPICAL_STRENGTH, centred, rise, np.log2(np.maximum(bpm, 30.0) / 120.0), centred * lived])


def hazard_rows(works: Sequence[FinishedWork]) -> HazardRows:
    """Every beat of every shot whose work has beats, except last shots: they end because the music does."""
    blocks, ends, numbers = [], [], []
    for number, work in enumerate(works):
        if work.grid is None or len(work.grid.times_s) < 2:
            continue
        times, strengths = np.array(work.grid.times_s), np.array(work.grid.strengths)
        for shot in work.shots[:-1]:
            if shot.beats is None or shot.energy is None:
                continue
            length = min(LONGEST, max(1, round(shot.beats)))
            first = int(np.abs(times - shot.start_s).argmin())
            places = np.clip(first + np.arange(1, length + 1), 0, len(times) - 1)
            size = np.ones(length)
            ages = np.arange(1, length + 1, dtype=float)
            blocks.append(_columns(ages, strengths[places], size * shot.energy, size * (shot.energy_rise or 0.0), size * work.grid.bpm))
            ended = np.zeros(length)
            ended[-1] = float(shot.beats <= LONGEST + 0.5)
            ends.append(ended)
            numbers.append(np.full(length, number))
    if not blocks:
        return HazardRows(np.zeros((0, len(PACE_COLUMNS))), np.zeros(0), np.zeros(0, np.int64))
    return HazardRows(np.concatenate(blocks), np.concatenate(ends), np.concatenate(numbers).astype(np.int64))


@functools.lru_cache(maxsize=1)
def _prior() -> tuple[float, ...]:
    """The neutral style's own holds as a hazard: fitted to what `ProfilePace` expects over energies and tempos."""
    pace = ProfilePace(neutral_profile())
    blocks, ends, weights = [], [], []
    for bpm in (90.0, 120.0, 145.0):
        for energy in (0.2, 0.4, 0.6, 0.8, 1.0):
            ages = np.arange(1.0, LONGEST + 1)
            share = np.exp(pace.hold(_holds(ages, energy, bpm)))
            share = share / share.sum()
            alive = share[::-1].cumsum()[::-1]
            x = _columns(ages, np.full(LONGEST, TYPICAL_STRENGTH), np.full(LONGEST, energy), np.zeros(LONGEST), np.full(LONGEST, bpm))
            blocks += [x, x]
            ends += [np.ones(LONGEST), np.zeros(LONGEST)]
            weights += [share * 100, (alive - share) * 100]
    start = np.zeros(len(PACE_COLUMNS))
    fit = fit_logistic(np.concatenate(blocks), np.concatenate(ends), np.concatenate(weights), start, 0.1).weights
    fit[PACE_COLUMNS.index("strength")] = BAR_ODDS / BAR_STEP
    return tuple(float(value) for value in fit)


def _holds(beats: Array, energy: float, bpm: float) -> Table:
    size = len(beats)
    names = ("beats", "seconds", "energy", "energy_rise", "opening_strength", "closing_strength", "position", "bpm")
    typical = np.full(size, TYPICAL_STRENGTH)
    rows = [beats, beats * 60 / bpm, np.full(size, energy), np.zeros(size), typical, typical, np.full(size, 0.5), np.full(size, bpm)]
    return Table(names, np.column_stack(rows))


def prior_weights() -> Array:
    """(PACE_COLUMNS,) weights of the population."""
    return np.array(_prior())


def fit_pace(works: Sequence[FinishedWork], prior: Array | None = None) -> PaceFit:
    """Learns the hazard; with no beats at all it is the prior's."""
    base = prior_weights() if prior is None else prior
    rows = hazard_rows(works)
    shots = int(rows.y.sum())
    fit = fit_logistic(rows.x, rows.y, np.ones(len(rows.y)), base, PRECISION)
    if shots == 0:
        return PaceFit(base, fit.covariance, {}, 0, math.nan, math.nan)
    plain = _held_out(rows, base, False)
    before = log_loss(sigmoid(rows.x @ base), rows.y)
    trees: dict[str, object] = {}
    if shots >= LEAST_SHOTS_FOR_TREES:
        corrected = _held_out(rows, base, True)
        if corrected < plain - RESIDUAL_GAIN:
            trees, plain = fit_residual(rows.x, rows.y, rows.x @ fit.weights, np.ones(len(rows.y))), corrected
    return PaceFit(fit.weights, fit.covariance, trees, shots, plain, before)


def _held_out(rows: HazardRows, base: Array, residual: bool) -> float:
    """Log loss on works that the model has not seen, up to five folds; NaN with one work."""
    works = np.unique(rows.work)
    folds = min(5, len(works))
    if folds < 2:
        return math.nan
    losses, counts = [], []
    for fold in range(folds):
        out = np.isin(rows.work, works[fold::folds])
        fit = fit_logistic(rows.x[~out], rows.y[~out], np.ones(int((~out).sum())), base, PRECISION)
        margin = rows.x[out] @ fit.weights
        if residual:
            trained = fit_residual(rows.x[~out], rows.y[~out], rows.x[~out] @ fit.weights, np.ones(int((~out).sum())))
            margin = margin + Trees(trained, len(PACE_COLUMNS)).residual(rows.x[out])
        losses.append(log_loss(sigmoid(margin), rows.y[out]))
        counts.append(int(out.sum()))
    return float(np.average(losses, weights=counts))


@dataclass(frozen=True, eq=False)
class LearnedPace:
    """A trained hazard as scoring asks for it (`engine.edit.taste.Pace`)."""

    model: LinearModel
    trees: Trees | None = None

    def chance(self, ages: Array, strength: Array, energy: Array, rise: Array, bpm: Array) -> Array:
        """(n,) chance of a cut after `ages` beats, given that none came before."""
        rows = _columns(ages, strength, energy, rise, bpm)
        margin = rows @ np.array(self.model.weights)
        return sigmoid(margin + self.trees.residual(rows) if self.trees else margin)

    def hold(self, holds: Table) -> Array:
        """(holds,) log density of ending there, less that of the likeliest hold in such music: at most about 0."""
        energy, rise, bpm = (
            np.nan_to_num(holds.column(name), nan=other) for name, other in (("energy", 0.5), ("energy_rise", 0), ("bpm", 120))
        )
        beats, closing = holds.column("beats"), np.nan_to_num(holds.column("closing_strength"), nan=TYPICAL_STRENGTH)
        size = len(beats)
        survived, best, own = np.zeros(size), np.full(size, -np.inf), np.zeros(size)
        typical = np.full(size, TYPICAL_STRENGTH)
        whole = np.maximum(1, np.round(beats))
        for age in range(1, 2 * LONGEST + 1):
            ages = np.full(size, float(age))
            there = np.log(np.clip(self.chance(ages, closing, energy, rise, bpm), 1e-6, 1 - 1e-6))
            usual = np.clip(self.chance(ages, typical, energy, rise, bpm), 1e-6, 1 - 1e-6)
            own = np.where(whole == age, survived + there, own)
            best = np.maximum(best, survived + np.log(usual))
            survived = survived + np.log(1 - usual)
        own = np.where(whole > 2 * LONGEST, survived, own)
        # Below a beat the hazard has no rows: shorter than one beat is as much rarer as it is shorter, in octaves.
        short = np.maximum(0.0, -np.log2(np.maximum(beats, 0.1)))
        return np.asarray(own - best - short**2)


def linear_of(fit: PaceFit) -> LinearModel:
    """The linear part as a document holds it."""
    size = len(PACE_COLUMNS)
    covariance = tuple(round(float(value), 6) for value in fit.covariance.ravel())
    return LinearModel(PACE_COLUMNS, (0.0,) * size, (1.0,) * size, tuple(round(float(value), 6) for value in fit.weights), covariance)
