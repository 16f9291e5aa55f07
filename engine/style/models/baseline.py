"""The plain formulation that everything here has to beat: XGBClassifier on used or not, XGBRegressor on seconds, with their usual settings.

Kept so that `style evaluate` can compare; no edit is made with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.model.works import FinishedWork
from engine.style.models.selection import Project

__all__ = ["DURATION_SETTINGS", "SELECTION_SETTINGS", "PlainDurations", "PlainSelector", "duration_rows"]

Array = NDArray[np.float64]

SELECTION_SETTINGS: dict[str, Any] = {"max_depth": 6, "learning_rate": 0.1, "n_estimators": 100, "objective": "binary:logistic"}
DURATION_SETTINGS: dict[str, Any] = {"max_depth": 4, "learning_rate": 0.1, "n_estimators": 50}


class PlainSelector:
    """Classification of clips, each by its own facts."""

    def __init__(self, projects: Sequence[Project]) -> None:
        import xgboost

        x = np.concatenate([project.features for project in projects])
        y = np.concatenate([project.used for project in projects]).astype(int)
        self._constant = float(y.mean()) if y.min() == y.max() else None
        self._booster = None
        if self._constant is None:
            chosen = dict(SELECTION_SETTINGS)
            rounds = chosen.pop("n_estimators")
            params = {"max_depth": chosen["max_depth"], "eta": chosen["learning_rate"], "objective": chosen["objective"], "nthread": 1}
            # The learning API with the estimator's own settings: the estimator class itself asks for scikit-learn.
            self._booster = xgboost.train(params, xgboost.DMatrix(x, label=y, nthread=1), num_boost_round=rounds)

    def chances(self, project: Project) -> Array:
        """(clips,) chance of being used."""
        import xgboost

        if self._booster is None:
            return np.full(len(project.used), self._constant or 0.0)
        return np.asarray(self._booster.predict(xgboost.DMatrix(project.features, nthread=1)), float)


def duration_rows(works: Sequence[FinishedWork]) -> tuple[Array, Array]:
    """Per shot: size chances, motion, quality, place, energy, and the length before; and its length in seconds."""
    rows, lengths = [], []
    for work in works:
        before = np.nan
        for shot in work.shots:
            sizes = [shot.shot_type.get(name, 0.0) for name in ("close_up", "medium", "wide", "zoom")]
            facts = [shot.features.get(name, np.nan) for name in ("motion_intensity", "visual_quality", "color_variance")]
            energy = np.nan if shot.energy is None else shot.energy
            rows.append([*sizes, *facts, shot.start_s, energy, before])
            lengths.append(shot.duration_s)
            before = shot.duration_s
    return np.array(rows, float).reshape(len(rows), 10), np.array(lengths)


class PlainDurations:
    """Regression of seconds."""

    def __init__(self, works: Sequence[FinishedWork]) -> None:
        import xgboost

        x, y = duration_rows(works)
        params = {"max_depth": DURATION_SETTINGS["max_depth"], "eta": DURATION_SETTINGS["learning_rate"], "nthread": 1}
        self._booster = xgboost.train(params, xgboost.DMatrix(x, label=y, nthread=1), num_boost_round=DURATION_SETTINGS["n_estimators"])

    def seconds(self, work: FinishedWork) -> Array:
        """(shots,) predicted lengths."""
        import xgboost

        x, _ = duration_rows([work])
        return np.asarray(np.maximum(0.05, self._booster.predict(xgboost.DMatrix(x, nthread=1))), float)
