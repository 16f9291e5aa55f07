"""How well a style is known, on works that were left out of learning: every figure with an interval, its n, and plain baselines.

Works are left out whole, in up to five folds; intervals are bootstrapped over works, never over shots. docs/style.md explains the rows.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.edit.taste import TYPICAL_STRENGTH
from engine.model.names import UNKNOWN
from engine.model.works import FinishedWork
from engine.progress import SILENT, Progress
from engine.style.book import SIZES, VIEWS
from engine.style.dimensions import DIMENSIONS, match, measured, ranges_of, score
from engine.style.fidelity import distances, floors, look_of, look_of_profile
from engine.style.models import pace, selection
from engine.style.models.baseline import PlainDurations, PlainSelector
from engine.style.models.linear import auc, log_loss, sigmoid
from engine.style.models.selection import OWN, Project
from engine.style.models.trees import Trees
from engine.style.prior import neutral_profile
from engine.style.profile import build_profile
from engine.style.training import archive_of, population, projects_of

__all__ = ["Row", "evaluate", "interval", "precision_at_k"]

Array = NDArray[np.float64]

RESAMPLES = 400
FOLDS = 5
LEAST_WORKS = 3
BINS = 5
"""Of the calibration error: a project has some tens of clips, a bin of fewer than ten says nothing."""


@dataclass(frozen=True)
class Row:
    """One figure. low, high : 95 % bootstrap interval over `n` works; None where n is below three."""

    measure: str
    method: str
    value: float
    low: float | None
    high: float | None
    n: int

    def as_json(self) -> dict[str, Any]:
        return dict(self.__dict__)


def interval(values: Sequence[float]) -> tuple[float | None, float | None]:
    """95 % bootstrap interval of the mean of one value per work."""
    if len(values) < 3:
        return None, None
    random = np.random.default_rng(0)
    means = np.array(values)[random.integers(0, len(values), (RESAMPLES, len(values)))].mean(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    return round(float(low), 4), round(float(high), 4)


def _row(measure: str, method: str, values: Sequence[float]) -> Row:
    kept = [value for value in values if math.isfinite(value)]
    if not kept:
        return Row(measure, method, math.nan, None, None, 0)
    return Row(measure, method, round(float(np.mean(kept)), 4), *interval(kept), len(kept))


def precision_at_k(scores: Array, used: NDArray[np.bool_]) -> float:
    """Share of used clips among the k best scored, k being how many were used."""
    k = int(used.sum())
    return float(used[np.argsort(-scores, kind="stable")[:k]].mean()) if k else math.nan


def ndcg_at_k(scores: Array, used: NDArray[np.bool_]) -> float:
    """Normalised discounted cumulative gain of the first k, k being how many were used (Jarvelin and Kekalainen 2002); 1 is perfect."""
    k = int(used.sum())
    if not k:
        return math.nan
    discounts = 1 / np.log2(np.arange(k) + 2)
    return float(used[np.argsort(-scores, kind="stable")[:k]] @ discounts / discounts.sum())


def calibration_error(chances: Array, used: NDArray[np.bool_]) -> float:
    """Expected calibration error: mean distance between what was promised and what came, over BINS bins of equal count (0 is perfect)."""
    order = np.argsort(chances, kind="stable")
    parts = [part for part in np.array_split(order, BINS) if len(part)]
    return float(sum(len(part) * abs(chances[part].mean() - used[part].mean()) for part in parts) / max(1, len(chances)))


def evaluate(works: Sequence[FinishedWork], progress: Progress = SILENT) -> dict[str, Any]:
    """`rows` of figures and `notes`; nothing is measured on a work that was learned from."""
    if len(works) < LEAST_WORKS:
        return {"rows": [], "notes": [f"With {len(works)} works nothing can be left out: {LEAST_WORKS} are needed."], "works": len(works)}
    folds = [list(range(fold, len(works), FOLDS)) for fold in range(min(FOLDS, len(works)))]
    progress.stage("Judging the style", len(folds))
    found: dict[tuple[str, str], list[float]] = {}
    for out in folds:
        rest = [work for number, work in enumerate(works) if number not in out]
        left = [works[number] for number in out]
        for judge in (_ranges, _fidelity, _selection, _next_shot, _pace):
            for key, values in judge(rest, left).items():
                found.setdefault(key, []).extend(values)
        progress.advance()
    rows = [_row(measure, method, values) for (measure, method), values in found.items()]
    rows = [row for row in rows if row.n]
    notes = [] if projects_of(works) else ["No raw clips were given, so the choice of clips cannot be judged."]
    return {"rows": [row.as_json() for row in rows], "notes": notes, "works": len(works)}


Found = Mapping[tuple[str, str], list[float]]


def _ranges(rest: Sequence[FinishedWork], left: Sequence[FinishedWork]) -> Found:
    """Share of dimensions in which a left-out work lies in the range of the others: .8 is what the ranges promise."""
    ranges = ranges_of(rest)
    shares = []
    for work in left:
        values = {name: value for name, value in measured(work).items() if name in ranges}
        if values:
            shares.append(float(np.mean([ranges[name].low <= value <= ranges[name].high for name, value in values.items()])))
    return {("own works inside their ranges (.8 promised)", f"{len(DIMENSIONS)} dimensions"): shares}


def _fidelity(rest: Sequence[FinishedWork], left: Sequence[FinishedWork]) -> Found:
    """Distances of left-out works from the others, beside the noise floor and people on average; one value per left-out work.

    What an edit is measured by: nearer than the floor is as near as he is to himself.
    """
    own, floor = look_of(rest), floors(rest)
    people = distances(look_of_profile(neutral_profile()), own)
    found: dict[tuple[str, str], list[float]] = {}
    for work in left:
        for name, value in distances(look_of([work]), own).items():
            found.setdefault((f"distance in {name}", "a left-out work"), []).append(value)
            found.setdefault((f"distance in {name}", "the average style"), []).append(people.get(name, math.nan))
            found.setdefault((f"distance in {name}", "noise floor: half the works from the other half"), []).append(
                floor.get(name, math.nan)
            )
    scores = [score(match(build_profile("evaluated", rest, ""), work)) for work in left]
    found["style match score", "a left-out work"] = [value for value in scores if value is not None]
    return found


def _selection(rest: Sequence[FinishedWork], left: Sequence[FinishedWork]) -> Found:
    projects, training = projects_of(left), projects_of(rest)
    if not projects:
        return {}
    people = population()
    fit = selection.fit_selection(training, people, archive_of(rest))
    trees = Trees(fit.trees, len(fit.weights)) if fit.trees else None
    plain = PlainSelector(training) if training else None
    methods: dict[str, Callable[[Project], Array]] = {
        "learned": lambda one: selection.scores_of(fit.weights, one, trees),
        "population": lambda one: selection.scores_of(people.weights, one),
        "visual quality alone": lambda one: np.nan_to_num(one.features[:, OWN.index("visual_quality")]),
    }
    if plain is not None:
        methods["plain XGBClassifier"] = plain.chances
    found: dict[tuple[str, str], list[float]] = {}
    for name, scores in methods.items():
        found["selection AUC", name] = [auc(scores(one), one.used.astype(float)) for one in projects]
        found["selection precision at k", name] = [precision_at_k(scores(one), one.used) for one in projects]
        found["selection NDCG at k", name] = [ndcg_at_k(scores(one), one.used) for one in projects]
    found["selection precision at k", "chance"] = [float(one.used.mean()) for one in projects]
    found |= _calibration(fit, trees, projects)
    return found


def _calibration(fit: selection.SelectionFit, trees: Trees | None, projects: Sequence[Project]) -> dict[tuple[str, str], list[float]]:
    skill, errors = [], []
    for one in projects:
        chance = sigmoid(fit.calibration.slope * selection.scores_of(fit.weights, one, trees) + fit.calibration.intercept)
        used = one.used.astype(float)
        errors.append(calibration_error(chance, one.used))
        base = float(used.mean())
        skill.append(1 - float(((chance - used) ** 2).mean()) / max(1e-9, base * (1 - base)))
    return {
        ("selection Brier skill (above 0 is better than the base rate)", "learned"): skill,
        ("selection calibration error", "learned"): errors,
    }


def _next_shot(rest: Sequence[FinishedWork], left: Sequence[FinishedWork]) -> Found:
    """Bits per cut of the next shot's size and angle, expected over what each shot may be."""
    rules, people = build_profile("evaluated", rest, "").sequencing_patterns, neutral_profile().sequencing_patterns
    return {
        **_next_kind("shot_type", SIZES, rules.shot_type_transitions, people.shot_type_transitions, rest, left),
        **_next_kind("angle", VIEWS, rules.angle_transitions, people.angle_transitions, rest, left),
    }


def _next_kind(
    kind: str,
    names: Sequence[str],
    table: Mapping[str, float],
    theirs: Mapping[str, float],
    rest: Sequence[FinishedWork],
    left: Sequence[FinishedWork],
) -> Found:
    even = 1 / len(names)
    shares, raw = _shares(rest, kind, names), _raw_table(rest, kind, names)
    methods: dict[str, Callable[[str, str], float]] = {
        "learned (shrunk)": lambda a, b: table.get(f"{a}_to_{b}", even),
        "own counts without population": lambda a, b: raw[a, b],
        "population": lambda a, b: theirs.get(f"{a}_to_{b}", even),
        "own shares, order ignored": lambda _, b: shares[b],
        "uniform": lambda _, __: even,
    }
    return {(f"next {kind} in bits", method): [_bits(work, kind, names, chance) for work in left] for method, chance in methods.items()}


def _shares(works: Sequence[FinishedWork], kind: str, names: Sequence[str]) -> dict[str, float]:
    counts = {name: 1.0 + math.fsum(getattr(shot, kind).get(name, 0.0) for work in works for shot in work.shots) for name in names}
    return {name: count / math.fsum(counts.values()) for name, count in counts.items()}


def _raw_table(works: Sequence[FinishedWork], kind: str, names: Sequence[str]) -> dict[tuple[str, str], float]:
    """Add-one transition shares of the creator alone."""
    counts = {(a, b): 1.0 for a in names for b in names}
    for work in works:
        rows = [getattr(shot, kind) for shot in work.shots]
        for x, y in zip(rows, rows[1:]):
            for a, b in counts:
                counts[a, b] += x.get(a, 0.0) * y.get(b, 0.0)
    totals = {a: math.fsum(counts[a, b] for b in names) for a in names}
    return {(a, b): count / totals[a] for (a, b), count in counts.items()}


def _bits(work: FinishedWork, kind: str, names: Sequence[str], chance: Callable[[str, str], float]) -> float:
    rows = [getattr(shot, kind) for shot in work.shots]
    total = weight = 0.0
    for before, after in zip(rows, rows[1:]):
        known = (1 - before.get(UNKNOWN, 0.0)) * (1 - after.get(UNKNOWN, 0.0)) if before and after else 0.0
        if known < 0.1:
            continue
        scale = known / max(1e-9, math.fsum(before.get(a, 0.0) for a in names) * math.fsum(after.get(b, 0.0) for b in names))
        for a in names:
            for b in names:
                share = before.get(a, 0.0) * after.get(b, 0.0) * scale
                total -= share * math.log2(max(1e-6, chance(a, b)))
        weight += known
    return total / weight if weight >= 1 else math.nan


def _pace(rest: Sequence[FinishedWork], left: Sequence[FinishedWork]) -> Found:
    fit = pace.fit_pace(rest)
    trees = Trees(fit.trees, len(fit.weights)) if fit.trees else None
    prior = pace.prior_weights()
    found: dict[tuple[str, str], list[float]] = {}
    for work in left:
        rows = pace.hazard_rows([work])
        if len(rows.y):
            margin = rows.x @ fit.weights + (trees.residual(rows.x) if trees else 0.0)
            found.setdefault(("cut at this beat, nats", "learned"), []).append(log_loss(sigmoid(margin), rows.y))
            found.setdefault(("cut at this beat, nats", "population"), []).append(log_loss(sigmoid(rows.x @ prior), rows.y))
            rate = float(np.concatenate([pace.hazard_rows(rest).y, [0.5]]).mean())
            found.setdefault(("cut at this beat, nats", "own rate alone"), []).append(log_loss(np.full(len(rows.y), rate), rows.y))
    lengths = {id(work): np.log([shot.duration_s for shot in work.shots]) for work in left}
    mean = float(np.mean(np.concatenate([np.log([shot.duration_s for shot in work.shots]) for work in rest])))
    plain = PlainDurations(rest)
    found["shot length error, |log|", "own mean"] = [float(np.abs(lengths[id(work)] - mean).mean()) for work in left]
    found["shot length error, |log|", "plain XGBRegressor"] = [
        float(np.abs(lengths[id(work)] - np.log(plain.seconds(work))).mean()) for work in left
    ]
    learned = [_length_error(work, fit, trees) for work in left]
    found["shot length error, |log|", "learned"] = [value for value in learned if value is not None]
    return found


def _length_error(work: FinishedWork, fit: pace.PaceFit, trees: Trees | None) -> float | None:
    """Mean |log| between each shot's length and the median that the hazard gives it."""
    if work.grid is None:
        return None
    model = pace.LearnedPace(pace.linear_of(fit), trees)
    ages = np.arange(1.0, 33.0)
    errors = []
    for shot in work.shots[:-1]:
        if shot.beats is None or shot.energy is None or shot.beats <= 0:
            continue
        size = np.ones(len(ages))
        strength = size * TYPICAL_STRENGTH
        chance = model.chance(ages, strength, size * shot.energy, size * (shot.energy_rise or 0.0), size * work.grid.bpm)
        alive = np.cumprod(1 - chance)
        median = float(ages[min(len(ages) - 1, int(np.searchsorted(-alive, -0.5)))])
        errors.append(abs(math.log(median / shot.beats)))
    return float(np.mean(errors)) if errors else None
