"""All of a creator's works -> his models, in seconds: selection from projects, pace from everything that has beats."""

from __future__ import annotations

import functools
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.edit.taste import CLIP_FEATURES
from engine.model.style import LearnedModel, StyleModels
from engine.model.works import FinishedWork
from engine.style.models import pace, selection
from engine.style.models.selection import COLUMNS, OWN, Population, Project
from engine.style.models.trees import Trees

__all__ = ["archive_of", "learned_model", "population", "projects_of", "train"]

NEUTRAL_WEIGHTS = {
    "visual_quality": 0.35,
    "sharpness": 0.15,
    "blur": -0.2,
    "shake_per_height": -0.25,
    "clipped": -0.1,
    "motion_intensity": 0.2,
    "face": 0.25,
    "energy x motion_intensity": 0.5,
    "is_first x face": 0.3,
}
"""What people choose on average, in log odds per standard score (chosen: no table of real choices has a licence that allows it; small,
so that ten choices of a creator outweigh it)."""

HALF_LIFE = 20.0
"""Projects after which one counts half: taste moves on, but ten projects are better than three (docs/style.md)."""

Array = NDArray[np.float64]


@functools.lru_cache(maxsize=1)
def population() -> Population:
    """The population that ships: features of public raw footage (`prior_making`), and small documented weights."""
    made = json.loads(Path(__file__).with_name("population.json").read_text(encoding="utf-8"))
    rows = made["features"]
    mean = np.array([rows.get(name, [0.0, 1.0])[0] for name in OWN])
    std = np.array([max(1e-6, rows.get(name, [0.0, 1.0])[1]) for name in OWN])
    return Population(mean, std, np.array([NEUTRAL_WEIGHTS.get(name, 0.0) for name in COLUMNS]))


def projects_of(works: Sequence[FinishedWork]) -> list[Project]:
    """Works that tell what was left out, in their order, which is oldest first: older ones count less (HALF_LIFE)."""
    found = [project for work in works if not work.left_out and (project := selection.project_of(work)) is not None]
    return [replace(project, weight=project.weight * 0.5 ** (age / HALF_LIFE)) for age, project in zip(range(len(found))[::-1], found)]


def archive_of(works: Sequence[FinishedWork]) -> Array:
    """(shots, OWN) facts of every shot in works without raw clips."""
    shots = [shot for work in works if not work.left_out and not work.raw for shot in work.shots]
    return np.array([[shot.features.get(name, np.nan) for name in OWN] for shot in shots], float).reshape(len(shots), len(OWN))


def train(creator_id: str, works: Sequence[FinishedWork], number: int = 1, people: Population | None = None) -> StyleModels:
    """The creator's models. people : the population to start from; the one that ships by default."""
    kept = [work for work in works if not work.left_out]
    chosen = selection.fit_selection(projects_of(kept), people or population(), archive_of(kept))
    timed = pace.fit_pace(kept)
    notes = []
    if chosen.projects >= 2:
        notes.append(f"Selection on left-out projects: AUC {chosen.held_out_auc:.3f} ({chosen.projects} projects).")
    if timed.shots and timed.held_out_loss == timed.held_out_loss:
        notes.append(f"Pace on left-out works: {timed.held_out_loss:.3f} nats a beat, the population's {timed.prior_loss:.3f}.")
    return StyleModels(
        creator_id,
        number,
        selection.linear_of(chosen),
        pace.linear_of(timed),
        chosen.trees,
        timed.trees,
        (round(chosen.calibration.slope, 6), round(chosen.calibration.intercept, 6)),
        chosen.projects,
        timed.shots,
        tuple(notes),
    )


def learned_model(models: StyleModels, path: str) -> LearnedModel:
    """What a profile says of its models: where they are, and what counts in them."""
    weights = np.abs(np.array(models.selection.weights))
    total = float(weights.sum()) or 1.0
    shares = {name: float(weight) / total for name, weight in zip(models.selection.features, weights)}
    kind = "pairwise_map"
    if models.selection_trees:
        gains = Trees(models.selection_trees, len(COLUMNS)).importance(COLUMNS)
        shares = {name: 0.7 * share + 0.3 * gains.get(name, 0.0) for name, share in shares.items()}
        kind = "pairwise_map+xgboost"
    ordered = sorted(((name, round(share, 4)) for name, share in shares.items()), key=lambda row: (-row[1], row[0]))
    return LearnedModel(kind, path, {name: share for name, share in ordered if share >= 0.005}, models.number, models.projects)


def population_figures(tables: Array) -> dict[str, list[float]]:
    """CLIP_FEATURES of many clips -> mean and standard deviation of each: what `prior_making` writes."""
    known = {name: tables[np.isfinite(tables[:, k]), k] for k, name in enumerate(CLIP_FEATURES)}
    return {name: [round(float(values.mean()), 5), round(float(values.std()), 5)] for name, values in known.items() if len(values)}
