"""What makes an edit a person's: lengths by habit, cuts on drops, a rhythm that varies, a confidence that means something."""

from __future__ import annotations

import dataclasses

import factories
import numpy as np
import pytest
import test_edit_laws as laws
from hypothesis import given
from hypothesis import strategies as st

from engine.edit.grid import cut_grid
from engine.edit.rhythm import favours
from engine.edit.scoring import WEIGHTS
from engine.edit.sureness import kept_chance
from engine.edit.taste import Table, Taste, neutral_taste, target_beats
from engine.errors import BadOption
from engine.model.time import FrameRate, FrameSpan
from engine.model.timeline import Timeline
from engine.style.prior import neutral_profile

CLIPS = laws.shoot(36, seconds=12.0)
BRIEF = factories.brief(duration_frames=600, song_start_s=20.0)  # ten seconds before the drop, ten after it
DROP_FRAME = 300


class Loves:
    """Wants one clip of the shoot very much, and is more or less sure of it."""

    def __init__(self, column: int, log_odds: float, spread: float = 0.0) -> None:
        self.column, self.log_odds, self.spread = column, log_odds, spread

    def scores(self, clips: Table, contexts: Table) -> np.ndarray:
        worth = np.zeros((len(contexts), len(clips)))
        worth[:, self.column] = self.log_odds
        return worth

    def spreads(self, clips: Table, contexts: Table) -> np.ndarray:
        return np.full((len(contexts), len(clips)), self.spread)


def lengths(timeline: Timeline) -> list[float]:
    assert timeline.song is not None
    return [float(timeline.rate.seconds(one.duration_frames)) * timeline.song.bpm / 60 for one in timeline.clips]


@pytest.mark.parametrize("log_odds", [3.0, 12.0])
def test_a_clip_that_is_liked_very_much_is_held_no_longer_than_the_style_holds(log_odds: float) -> None:
    plain = neutral_taste(neutral_profile())
    loving = dataclasses.replace(plain, selector=Loves(5, log_odds))
    timeline = laws.edit(CLIPS, BRIEF, profile=loving)
    beats = dict(zip((one.media_id for one in timeline.clips), lengths(timeline)))
    loved = beats[CLIPS[5].media.media_id]
    longest = float(target_beats(neutral_profile(), np.array(0.4), np.array(120.0)))  # of the quiet half
    assert loved <= 2 * longest + 1


def test_a_wish_that_is_unsure_counts_less() -> None:
    plain = neutral_taste(neutral_profile())
    sure, unsure = (dataclasses.replace(plain, selector=Loves(5, 2.0, spread)) for spread in (0.0, 3.0))
    worths = []
    for taste in (sure, unsure):
        timeline = laws.edit(CLIPS, BRIEF, profile=taste)
        clip = next(one for one in timeline.clips if one.media_id == CLIPS[5].media.media_id)
        assert clip.decision is not None
        worths.append(clip.decision.parts["selection"] / clip.duration_frames)
    assert 0 < worths[1] < 0.7 * worths[0]


@pytest.mark.parametrize("seed", range(3))
def test_a_cut_lies_on_the_drop(seed: int) -> None:
    timeline = laws.edit(CLIPS, dataclasses.replace(BRIEF, seed=seed))
    assert DROP_FRAME in timeline.cut_frames
    after = next(one for one in timeline.clips if one.timeline_start_frame == DROP_FRAME)
    assert "on the drop" in after.facts.ai_reasoning


def test_lengths_vary_around_bars_and_the_seed_says_how() -> None:
    loud = factories.brief(duration_frames=600, song_start_s=30.5)
    timelines = [laws.edit(CLIPS, dataclasses.replace(loud, seed=seed)) for seed in range(3)]
    rhythms = {tuple(round(length) for length in lengths(one)) for one in timelines}
    assert len(rhythms) == 3
    flat = laws.edit(CLIPS, dataclasses.replace(loud, without=("variety",)))
    for one in timelines:
        assert np.std(np.log2(lengths(one))) > np.std(np.log2(lengths(flat)))
        bars = {one.rate.frames(bar) for bar in one.song.downbeats} if one.song else set()
        inside = {bar for bar in bars if 15 < bar < 585}
        assert len(inside & set(one.cut_frames)) >= 0.7 * len(inside), "bar lines keep their cuts"


def test_a_section_made_again_has_the_draws_of_the_whole() -> None:
    song = factories.song_use(20.0)
    whole, part = cut_grid(song, FrameRate(30), 600), cut_grid(song, FrameRate(30), 600, window=FrameSpan(150, 450))
    drawn = [dict(zip((point.frame for point in grid.points), favours(grid, song, 3, 2.0))) for grid in (whole, part)]
    assert all(drawn[0][frame] == worth for frame, worth in drawn[1].items())
    assert len(set(drawn[0].values())) > 5


def test_each_part_of_the_objective_can_be_left_out() -> None:
    clips = laws.shoot(12)
    for name in WEIGHTS:
        timeline = laws.edit(clips, factories.brief(duration_frames=180, without=(name,)))
        assert all(not one.decision.parts.get(name) for one in timeline.clips if one.decision), name
    with pytest.raises(BadOption) as caught:
        laws.edit(clips, factories.brief(duration_frames=240, without=("charm",)))
    assert caught.value.code == "unknown_part" and "quality" in caught.value.hint


# --- confidence -------------------------------------------------------------------------------------------------------


@given(
    losses=st.lists(st.floats(0, 3), min_size=1, max_size=12),
    errors=st.floats(0.05, 2),
    own=st.floats(0.05, 2),
)
def test_sureness_is_a_chance_that_falls_with_rivals_and_rises_with_margins(losses: list[float], errors: float, own: float) -> None:
    rows = np.array(losses)
    sizes = np.full(len(rows), errors)
    chance = kept_chance(rows, sizes, own)
    assert 0 <= chance <= 1
    assert kept_chance(rows + 0.5, sizes, own) >= chance - 1e-9
    assert kept_chance(np.append(rows, 0.1), np.append(sizes, errors), own) <= chance + 1e-9


def test_sureness_is_what_drawing_the_scores_again_shows() -> None:
    chance = np.random.default_rng(4)
    losses, errors, own = np.array([0.1, 0.4, 0.6, 1.5]), np.array([0.5, 0.3, 0.8, 0.5]), 0.4
    draws = chance.standard_normal((40_000, 5))
    best = (draws[:, :4] * errors - losses).max(axis=1) - draws[:, 4] * own
    assert kept_chance(losses, errors, own) == pytest.approx(float(np.mean(best <= 2.0 * own)), abs=0.01)
    assert kept_chance(np.zeros(0), np.zeros(0), own) == 1.0


def test_confidence_tells_open_choices_from_clear_ones() -> None:
    """A clip far better than all others is surer than one among many of the same worth."""
    alike = [laws.clip(number, palette=(), visual_quality=0.8) for number in range(1, 24)]
    curves = {name: dataclasses.replace(curve, values=np.full_like(curve.values, 0.8)) for name, curve in alike[0].analysis.curves.items()}
    flat = [dataclasses.replace(one, analysis=dataclasses.replace(one.analysis, curves=curves, angle={})) for one in alike]
    taste: Taste = dataclasses.replace(neutral_taste(neutral_profile()), selector=Loves(3, 4.0, 0.2))
    timeline = laws.edit(flat, factories.brief(duration_frames=300), profile=taste)
    sure = {one.media_id: one.facts.ai_confidence for one in timeline.clips}
    loved = sure.pop(flat[3].media.media_id)
    assert loved > max(sure.values()) + 0.05
    assert all(0 < value < 1 for value in sure.values())
