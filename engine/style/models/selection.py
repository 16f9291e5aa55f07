"""Which clips a creator chooses: pairwise comparisons of used and unused clips, linear around a prior, with an xgboost residual.

score(clip, context) = sum of weights * (clip features as standard scores within the shoot, and a few products with the context).
A project teaches by pairs: each used clip at its place in the music against each unused one in the same place. Finished videos alone
teach by contrast with what people film on average, and count little: they mix taste with what was filmed (docs/style.md).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.edit.taste import CLIP_FEATURES, CONTEXT_FEATURES, Table
from engine.model.style import LinearModel
from engine.model.works import FinishedShot, FinishedWork
from engine.style.models.linear import Fit, Platt, auc, fit_logistic, fit_platt
from engine.style.models.trees import Trees, fit_residual

__all__ = ["COLUMNS", "LearnedSelector", "Population", "Project", "SelectionFit", "fit_selection", "project_of", "scores_of"]

Array = NDArray[np.float64]

PRODUCTS = (
    ("energy", "motion_intensity"),
    ("energy", "shot_type_close_up"),
    ("energy", "shot_type_wide"),
    ("is_first", "face"),
    ("is_first", "motion_intensity"),
    ("is_first", "shot_type_close_up"),
    ("is_first", "shot_type_wide"),
    ("drop", "motion_intensity"),
)
"""(context, clip) features whose product is a column too: what is wanted where."""
OWN = tuple(name for name in CLIP_FEATURES if name not in ("position", "clip_length_s"))
"""Facts of a clip that its use may depend on. Where in its take a moment lies belongs to the moment, not to the clip."""
COLUMNS = (*OWN, *(f"{context} x {clip}" for context, clip in PRODUCTS))
CENTRES = {"energy": 0.5, "is_first": 0.0, "drop": 0.0}
"""What a context is measured from, so that products do not speak in the average place."""

PRECISIONS = (3.0, 10.0, 30.0, 100.0, 300.0)
"""Strengths of the prior (1 / variance of a weight) that leave-one-project-out chooses among."""
DEFAULT_PRECISION = 30.0
"""... and the one in force before there are projects enough to choose."""
LEAST_TO_CHOOSE = 6
"""Projects from which it is chosen. Of three the choice is noise: +.117 AUC with it, +.121 with the default, and the same from ten projects
(simulated creators of seeds 1 and 2)."""
PAIR_WEIGHT = 0.25
"""A project weighs this much per used clip: its pairs share clips, so they are not that many observations (chosen on simulated
creators of other seeds than those reported)."""
MOST_RIVALS = 80
"""Unused clips that each used one is compared with: more are more of the same, and cost. (From 40 to 80, +.004 AUC after three projects on
simulated creators of seeds 1 and 2.)"""
LEAST_PROJECTS = 3
"""Projects from which a residual is tried."""
RESIDUAL_GAIN = 0.002
"""Mean gain in AUC on left-out projects that switches the residual on."""
ARCHIVE_WEIGHT = 25.0
"""All finished videos together count as this many observations at most."""
ARCHIVE_PRECISION = 30.0
MONOTONE = {"visual_quality": 1, "sharpness": 1, "blur": -1, "shake_per_height": -1}
"""What nobody dislikes: more sharpness, less shake. Lifted for a feature where the creator's own choices say otherwise."""
CLIP_Z = 4.0
"""Standard scores beyond this are cut off: one odd clip must not outweigh a shoot."""


@dataclass(frozen=True, eq=False)
class Project:
    """One project's clips. features : (clips, OWN), NaN where unknown. used : (clips,). contexts : per use (clip, context values).

    groups : (clips,) number of a clip's near-duplicates, -1 without. weight : 1 for a full project, less for a doubtful one.
    """

    features: Array
    used: NDArray[np.bool_]
    contexts: tuple[tuple[int, Array], ...]
    groups: NDArray[np.int64]
    weight: float = 1.0


@dataclass(frozen=True, eq=False)
class Population:
    """What people film: mean and standard deviation of each of OWN; and what they choose: (COLUMNS,) weights of the prior."""

    mean: Array
    std: Array
    weights: Array


@dataclass(frozen=True, eq=False)
class SelectionFit:
    """A trained selector. trees : xgboost's JSON, empty without. held_out_auc : mean over left-out projects, NaN below two."""

    weights: Array
    covariance: Array
    trees: dict[str, object]
    calibration: Platt
    projects: int
    precision: float
    held_out_auc: float


def project_of(work: FinishedWork) -> Project | None:
    """A work with raw clips as a project; None where nothing was used or nothing left out."""
    used = np.array([clip.used for clip in work.raw], bool)
    if not used.any() or used.all():
        return None
    features = np.array([[clip.features.get(name, np.nan) for name in OWN] for clip in work.raw], float)
    places = {clip.media_id: index for index, clip in enumerate(work.raw)}
    contexts = []
    for number, shot in enumerate(work.shots):
        index = places.get(shot.used.media_id) if shot.used else None
        if index is not None:
            contexts.append((index, _context(shot, number, work)))
    groups = np.array([-1 if clip.group is None else clip.group for clip in work.raw])
    return Project(features, used, tuple(contexts), groups)


def _context(shot: FinishedShot, number: int, work: FinishedWork) -> Array:
    """(CONTEXT_FEATURES,) of a shot's place."""
    values = {
        "energy": 0.5 if shot.energy is None else shot.energy,
        "energy_rise": shot.energy_rise or 0.0,
        "strength": 0.2 if shot.strength is None else shot.strength,
        "position": shot.start_s / max(1e-6, work.duration_s),
        "time_s": shot.start_s,
        "is_first": float(number == 0),
        "drop": float((shot.strength or 0.0) >= 1.0),
        "break": 0.0,
    }
    return np.array([values[name] for name in CONTEXT_FEATURES])


def standard(features: Array) -> Array:
    """Standard scores within the shoot: taste is told apart from what was filmed. Unknown and constant columns are 0."""
    known = np.isfinite(features)
    count = np.maximum(1, known.sum(axis=0))
    filled = np.where(known, features, 0.0)
    mean = filled.sum(axis=0) / count
    std = np.sqrt((np.where(known, features - mean, 0.0) ** 2).sum(axis=0) / count)
    z = np.where(known & (std > 1e-6), (features - mean) / np.maximum(std, 1e-6), 0.0)
    return np.asarray(np.clip(z, -CLIP_Z, CLIP_Z))


def columns(z: Array, contexts: Array) -> Array:
    """(n, OWN) standard scores and (n, CONTEXT_FEATURES) contexts -> (n, COLUMNS)."""
    products = []
    for context, clip in PRODUCTS:
        there = np.nan_to_num(contexts[:, CONTEXT_FEATURES.index(context)], nan=CENTRES[context]) - CENTRES[context]
        products.append(there * z[:, OWN.index(clip)])
    return np.column_stack([z, *products])


def _average_context() -> Array:
    return np.array([CENTRES.get(name, 0.0) for name in CONTEXT_FEATURES])


def scores_of(weights: Array, project: Project, trees: Trees | None = None) -> Array:
    """(clips,) scores in the average place."""
    z = standard(project.features)
    rows = columns(z, np.tile(_average_context(), (len(z), 1)))
    own = rows @ weights
    return own + trees.residual(rows) if trees else own


def _pairs(project: Project) -> Array:
    """(pairs, COLUMNS) differences of used less unused, in the used clip's place. Near-duplicates of used clips are no negatives."""
    z = standard(project.features)
    taken = {group for group in project.groups[project.used] if group >= 0}
    unused = np.array([k for k in np.flatnonzero(~project.used) if project.groups[k] not in taken], int)
    unused = unused[np.unique(np.linspace(0, len(unused) - 1, min(len(unused), MOST_RIVALS)).round().astype(int))]
    if not len(unused):
        return np.zeros((0, len(COLUMNS)))
    blocks = []
    seen = {index for index, _ in project.contexts}
    places = [*project.contexts, *((int(k), _average_context()) for k in np.flatnonzero(project.used) if k not in seen)]
    for index, context in places:
        there = np.tile(context, (len(unused), 1))
        blocks.append(columns(np.tile(z[index], (len(unused), 1)), there) - columns(z[unused], there))
    return np.concatenate(blocks)


@dataclass(frozen=True, eq=False)
class _Pairs:
    """A project with its pairs, made once."""

    project: Project
    x: Array

    @property
    def weight(self) -> Array:
        # Per used clip; times a constant that makes a precision of 1 mean one clear comparison.
        each = 10.0 * PAIR_WEIGHT * self.project.weight * max(1, int(self.project.used.sum())) / max(1, len(self.x))
        return np.full(len(self.x), each)


def _fit_pairs(pairs: Sequence[_Pairs], prior: Array, precision: float) -> Fit:
    x = np.concatenate([one.x for one in pairs])
    return fit_logistic(x, np.ones(len(x)), np.concatenate([one.weight for one in pairs]), prior, precision)


def fit_selection(
    projects: Sequence[Project],
    population: Population,
    archive: Array | None = None,
    *,
    precision: float | None = None,
    residual: bool = True,
) -> SelectionFit:
    """Learns from projects, after finished videos alone (`archive`: (shots, OWN) of them) have moved the prior a little.

    precision : strength of the prior; chosen by leaving projects out, of enough, where it is None. residual : whether trees are tried.
    """
    prior, covariance = _archive_prior(population, archive)
    useful = [_Pairs(project, x) for project in projects if len(x := _pairs(project))]
    if not useful:
        return SelectionFit(prior, covariance, {}, Platt(), 0, DEFAULT_PRECISION, float("nan"))
    if precision is None:
        precision = _best_precision(useful, prior)
    held = _held_out(useful, prior, precision)
    fit = _fit_pairs(useful, prior, precision)
    trees: dict[str, object] = {}
    if residual and len(useful) >= LEAST_PROJECTS:
        corrected = _held_out(useful, prior, precision, residual=True)
        if _mean_auc(corrected, useful) > _mean_auc(held, useful) + RESIDUAL_GAIN:
            trees, held = _residual(useful, fit.weights), corrected
    scores, labels = np.concatenate(held), np.concatenate([one.project.used for one in useful]).astype(float)
    return SelectionFit(fit.weights, fit.covariance, trees, fit_platt(scores, labels), len(useful), precision, _mean_auc(held, useful))


def _archive_prior(population: Population, archive: Array | None) -> tuple[Array, Array]:
    size = len(COLUMNS)
    if archive is None or not len(archive):
        return population.weights, np.eye(size) / DEFAULT_PRECISION
    z = np.clip(np.nan_to_num((archive - population.mean) / population.std), -CLIP_Z, CLIP_Z)
    rows = columns(z, np.tile(_average_context(), (len(z), 1)))
    # Against the population's own centre: a mirrored sample stands for what people film (its mean is 0, its spread theirs).
    mirrored = np.random.default_rng(0).standard_normal(rows.shape) * np.r_[np.ones(len(OWN)), np.zeros(len(PRODUCTS))]
    x = np.concatenate([rows, mirrored])
    y = np.r_[np.ones(len(rows)), np.zeros(len(mirrored))]
    weight = np.full(len(x), min(1.0, ARCHIVE_WEIGHT / len(rows)))
    fit = fit_logistic(x, y, weight, population.weights, ARCHIVE_PRECISION)
    return fit.weights, fit.covariance


def _best_precision(pairs: Sequence[_Pairs], prior: Array) -> float:
    """Leave-one-project-out: the strength of the prior under which left-out pairs are likeliest."""
    if len(pairs) < LEAST_TO_CHOOSE:
        return DEFAULT_PRECISION
    chosen = pairs[-6:]
    scores = {}
    for precision in PRECISIONS:
        losses = []
        for number, left in enumerate(chosen):
            fit = _fit_pairs([*chosen[:number], *chosen[number + 1 :]], prior, precision)
            losses.append(float(np.logaddexp(0.0, -(left.x @ fit.weights)).mean()))
        scores[precision] = float(np.mean(losses))
    return min(scores, key=lambda one: scores[one])


def _held_out(pairs: Sequence[_Pairs], prior: Array, precision: float, residual: bool = False) -> list[Array]:
    """Scores of each project's clips by a model that has not seen it; five folds from six projects on."""
    folds = min(len(pairs), 5)
    if folds < 2:
        return [scores_of(prior, one.project) for one in pairs]
    found: list[Array] = [np.zeros(0)] * len(pairs)
    for fold in range(folds):
        rest = [one for number, one in enumerate(pairs) if number % folds != fold]
        fit = _fit_pairs(rest, prior, precision)
        trees = Trees(_residual(rest, fit.weights), len(COLUMNS)) if residual else None
        for number in range(fold, len(pairs), folds):
            found[number] = scores_of(fit.weights, pairs[number].project, trees)
    return found


def _mean_auc(scores: Sequence[Array], pairs: Sequence[_Pairs]) -> float:
    return float(np.nanmean([auc(one, row.project.used.astype(float)) for one, row in zip(scores, pairs)]))


def _residual(pairs: Sequence[_Pairs], weights: Array) -> dict[str, object]:
    rows = []
    for one in pairs:
        z = standard(one.project.features)
        rows.append(columns(z, np.tile(_average_context(), (len(z), 1))))
    x, labels = np.concatenate(rows), np.concatenate([one.project.used.astype(float) for one in pairs])
    monotone = [_direction(name, weight) for name, weight in zip(COLUMNS, weights)]
    return fit_residual(x, labels, x @ weights, np.ones(len(x)), [len(row) for row in rows], monotone)


def _direction(name: str, weight: float) -> int:
    wanted = MONOTONE.get(name, 0)
    return wanted if wanted * weight >= 0 else 0


@dataclass(frozen=True, eq=False)
class LearnedSelector:
    """A trained selector as scoring asks for it (`engine.edit.taste.Selector`)."""

    model: LinearModel
    trees: Trees | None = None

    def _rows(self, clips: Table, contexts: Table) -> Array:
        z = standard(clips.columns(OWN))
        blocks = [columns(z, np.tile(row, (len(z), 1))) for row in contexts.columns(CONTEXT_FEATURES)]
        return np.concatenate(blocks) if blocks else np.zeros((0, len(COLUMNS)))

    def scores(self, clips: Table, contexts: Table) -> Array:
        """(contexts, clips) log odds that a clip is used there rather than another one of the shoot."""
        rows = self._rows(clips, contexts)
        values = rows @ np.array(self.model.weights)
        if self.trees is not None and len(clips):
            z = standard(clips.columns(OWN))
            own = self.trees.residual(columns(z, np.tile(_average_context(), (len(z), 1))))
            values = values + np.tile(own, len(contexts))
        return np.asarray(values.reshape(len(contexts), len(clips)))

    def spreads(self, clips: Table, contexts: Table) -> Array:
        """(contexts, clips) standard errors by the covariance of the weights."""
        if not self.model.covariance:
            return np.zeros((len(contexts), len(clips)))
        size = len(COLUMNS)
        covariance = np.array(self.model.covariance).reshape(size, size)
        rows = self._rows(clips, contexts)
        variance = np.einsum("ij,jk,ik->i", rows, covariance, rows)
        return np.asarray(np.sqrt(np.maximum(0.0, variance)).reshape(len(contexts), len(clips)))


def linear_of(fit: SelectionFit) -> LinearModel:
    """The linear part as a document holds it."""
    size = len(COLUMNS)
    numbers = tuple(round(float(value), 6) for value in fit.covariance.ravel())
    return LinearModel(COLUMNS, (0.0,) * size, (1.0,) * size, tuple(round(float(value), 6) for value in fit.weights), numbers)


def importance(fit: SelectionFit) -> Mapping[str, float]:
    """Share of each column in the linear model's decisions, largest first: |weight| of standard scores."""
    total = float(np.abs(fit.weights).sum()) or 1.0
    rows = sorted(((name, abs(float(weight)) / total) for name, weight in zip(COLUMNS, fit.weights)), key=lambda row: -row[1])
    return {name: round(share, 4) for name, share in rows if share > 0.001}
