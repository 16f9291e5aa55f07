"""Confidence set right by what people kept: fitted where enough is known, better on sessions it did not see, used in edits and said."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import edits
import factories
import numpy as np
import pytest

from bridge_server.bootstrap import open_studio
from engine.edit.taste import neutral_taste
from engine.learning.confidence import LEAST_CLIPS, LEAST_SESSIONS, STEPS_FROM, correction_for
from engine.model.events import ClipDeleted, EditGenerated, Event, TimelineRated
from engine.studio.styles import chosen_style
from engine.style.prior import neutral_profile

NOW = "2026-03-01T10:00:00Z"


def judged(sessions: int, clips: int, seed: int = 0, truth: float = 2.0) -> list[list[tuple[float, bool]]]:
    """Sessions of somebody who keeps a clip of raw confidence c with chance c ** truth: the engine thinks too well of its clips."""
    chance = np.random.default_rng(seed)
    return [[(float(raw), bool(chance.random() < raw**truth)) for raw in chance.uniform(0.2, 1.0, clips)] for _ in range(sessions)]


@pytest.mark.parametrize(("sessions", "clips"), [(20, 20), (80, 20)])
def test_it_comes_nearer_to_what_is_kept(sessions: int, clips: int) -> None:
    """Both ways of fitting: two numbers, and steps that rise."""
    rows = judged(sessions, clips)
    assert (sessions * clips >= STEPS_FROM) == (sessions == 80)
    correction = correction_for(rows)
    assert correction is not None and (correction.clips, correction.sessions) == (sessions * clips, sessions)
    grid = np.linspace(0.3, 0.95, 14)
    mended = np.array([correction.of(float(raw)) for raw in grid])
    assert np.abs(mended - grid**2).mean() < 0.5 * np.abs(grid - grid**2).mean()
    assert (np.diff(mended) >= 0).all() and mended.min() >= 0 and mended.max() <= 1


def test_too_little_or_what_is_right_already_changes_nothing() -> None:
    assert correction_for(judged(LEAST_SESSIONS - 1, LEAST_CLIPS)) is None
    assert correction_for(judged(LEAST_SESSIONS, LEAST_CLIPS // LEAST_SESSIONS - 1)) is None
    assert correction_for([[(0.9, True)] * 30] * 10) is None, "nothing was ever thrown out"
    better = sum(correction_for(judged(30, 10, seed, truth=1.0)) is not None for seed in range(12))
    assert better <= 6, "what is right already is mostly left alone"


def test_an_edit_carries_both_and_says_which_it_shows() -> None:
    correction = correction_for(judged(20, 20))
    brief = factories.brief(duration_frames=240)
    profile = neutral_profile()
    plain = edits.edit(edits.shoot(14), brief)
    taste = dataclasses.replace(neutral_taste(profile), correction=correction)
    mended = edits.edit(edits.shoot(14), brief, profile=taste)
    assert correction is not None and [one.media_id for one in plain.clips] == [one.media_id for one in mended.clips]
    for before, after in zip(plain.clips, mended.clips):
        assert before.decision is not None and after.decision is not None
        assert before.decision.raw_confidence == before.facts.ai_confidence == after.decision.raw_confidence
        assert after.facts.ai_confidence == pytest.approx(correction.of(before.facts.ai_confidence), abs=1e-4)
    assert "as reckoned" in plain.ai_reasoning.notes and "kept of 400 clips in 20 edits" in mended.ai_reasoning.notes


def session(number: int, rows: list[tuple[float, bool]], raw: bool, creator: str | None) -> list[Event]:
    """A session as the store keeps it. raw : the shown confidence was set right already, so that only the raw one may be learned from."""
    project, ids = f"p{number}", tuple(f"c{k}" for k in range(len(rows)))
    sure = tuple(one for one, _ in rows)
    shown = (0.5,) * len(rows) if raw else sure
    start = EditGenerated(NOW, project, 1, "cli", creator, len(rows), clip_ids=ids, confidences=shown, raw_confidences=sure if raw else ())
    gone = [ClipDeleted(NOW, project, 2, "cli", creator, clip_id=one) for one, (_, kept) in zip(ids, rows) if not kept]
    return [start, *gone, TimelineRated(NOW, project, 2, "cli", creator, satisfaction=3)]


@pytest.mark.parametrize("raw", [False, True])
def test_stored_events_set_the_next_edits_confidence_right(tmp_path: Path, raw: bool) -> None:
    rows = judged(12, 12)
    with open_studio({"workspace": tmp_path}) as studio:
        assert chosen_style(studio, None)[1].correction is None
        for number, one in enumerate(rows):
            studio.store.events.append(session(number, one, raw, None))
        assert chosen_style(studio, None)[1].correction == correction_for(rows)
