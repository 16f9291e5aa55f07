"""What a style or a wish asks of cuts, speeds, looks and joins, seen in the edit."""

from __future__ import annotations

import dataclasses
from typing import Any

import factories
import pytest
import test_edit_laws as laws

from engine.errors import FootageError
from engine.model.analysis import ClipGroup
from engine.model.style import ClipWish, StyleProfile, TransitionPreferences
from engine.model.time import FrameSpan
from engine.model.timeline import Timeline
from engine.style.prior import neutral_profile

SHORT = factories.brief(duration_frames=240, song_start_s=30.5)
"""Eight loud seconds that begin on a bar."""


def style(**pacing: Any) -> StyleProfile:
    """A creator's profile that differs from the neutral one in its pacing."""
    plain = neutral_profile()
    rules = dataclasses.replace(plain.pacing_patterns, **pacing)
    return dataclasses.replace(plain, creator_id="mira", trained_on_videos=9, pacing_patterns=rules)


def beats_of(timeline: Timeline) -> set[int]:
    assert timeline.song is not None
    return {timeline.rate.frames(beat) for beat in timeline.song.beats}


@pytest.mark.parametrize("offset", [-2, 1])
def test_cuts_lie_before_or_after_their_beats_as_the_creator_cuts(offset: int) -> None:
    timeline = laws.edit(laws.shoot(14), SHORT, profile=style(beat_offset_frames={str(offset): 0.9, "0": 0.1}))
    assert {frame - offset for frame in timeline.cut_frames} <= beats_of(timeline)
    assert all(join.at_beat and join.beat_index is not None for join in timeline.transitions)


def test_cuts_between_beats_are_for_those_who_make_them() -> None:
    quick, song = style(cuts_per_beat=2.0, beat_skip_rate=0.0), factories.song_analysis(bpm=80, duration_s=60)
    brief = factories.brief(duration_frames=150)
    timeline = laws.edit(laws.shoot(24), brief, song, profile=quick)
    assert set(timeline.cut_frames) - beats_of(timeline)
    plain = laws.edit(laws.shoot(14), brief, song)
    assert set(plain.cut_frames) <= beats_of(plain)


def test_high_speed_takes_are_slowed_only_where_that_is_asked_for() -> None:
    clips = [laws.clip(number, 6.0, "120" if number % 2 else "30") for number in range(1, 15)]
    quiet = dataclasses.replace(laws.SONG, energy=(0.1,) * len(laws.SONG.energy), drops=(), sections=())
    brief = factories.brief(duration_frames=300)
    assert {one.speed for one in laws.edit(clips, brief, quiet).clips} == {1}
    slowed = [one for one in laws.edit(clips, dataclasses.replace(brief, slow_motion=True), quiet).clips if one.speed < 1]
    assert slowed and all(one.source_rate.fraction == 120 for one in slowed)
    assert all("slowed to" in one.facts.ai_reasoning for one in slowed)
    ids = [one.media_id for one in slowed]
    assert len(ids) == len(set(ids))


def looks(clips: list[Any]) -> list[ClipGroup]:
    ids = [one.media.media_id for one in clips]
    return [ClipGroup("look", tuple(ids[start::3]), ids[start]) for start in range(3)]


def test_looks_stay_together_or_are_each_shown() -> None:
    clips = laws.shoot(15)
    groups = looks(clips)
    of = {member: number for number, group in enumerate(groups) for member in group.members}
    together = laws.edit(clips, dataclasses.replace(SHORT, looks="together"), groups=groups)
    order = [of[one.media_id] for one in together.clips]
    runs = [look for number, look in enumerate(order) if not number or order[number - 1] != look]
    assert len(runs) == len(set(runs)) and not together.ai_reasoning.relaxed
    each = laws.edit(clips, dataclasses.replace(SHORT, looks="each"), groups=groups)
    assert {of[one.media_id] for one in each.clips} == {0, 1, 2}


def test_a_whip_pan_joins_pans_that_go_the_same_way() -> None:
    clips = [laws.clip(number, 6.0, camera={"pan": 0.8 if number % 2 else -0.8}) for number in range(1, 15)]
    still = [laws.clip(number, 6.0, camera={"pan": 0.0}) for number in range(1, 15)]
    likes = dataclasses.replace(style(), transition_preferences=TransitionPreferences(0.4, 0.0, 0.6))
    pan = {one.media.media_id: one.analysis.camera["pan"] for one in clips}
    timeline = laws.edit(clips, SHORT, profile=likes)
    media = {one.id: one.media_id for one in timeline.clips}
    whips = [join for join in timeline.transitions if join.type == "whip_pan"]
    assert all(pan[media[join.from_clip]] * pan[media[join.to_clip]] > 0 for join in whips)
    assert whips and len(whips) <= 0.6 * len(timeline.transitions) + 1e-9
    assert {join.type for join in laws.edit(still, SHORT, profile=likes).transitions} == {"hard_cut"}


def test_wishes_that_contradict_each_other_are_refused_before_anything_is_solved() -> None:
    clips = laws.shoot(8)
    one = ClipWish(clips[0].media.media_id)
    for wishes in ({"must_use": (one,), "avoid": (one,)}, {"first": one, "last": one}):
        with pytest.raises(FootageError) as caught:
            laws.edit(clips, dataclasses.replace(SHORT, **wishes))
        assert caught.value.code == "wish_unusable" and caught.value.details["clips"] == [clips[0].media.name]


def test_a_wish_for_what_is_barred_is_refused() -> None:
    clips = laws.shoot(8)
    one = clips[0].media.media_id
    asked, barred = ClipWish(one, FrameSpan(30, 60)), ClipWish(one, FrameSpan(20, 90))
    with pytest.raises(FootageError) as caught:
        laws.edit(clips, dataclasses.replace(SHORT, must_use=(asked,), avoid=(barred,)))
    assert caught.value.code == "wish_unusable" and "left out at the same time" in caught.value.message


def test_several_parts_of_one_clip_are_all_shown() -> None:
    """Two parts that have to appear, and the ends, all of one take; what nobody named of it stays away."""
    clips = [laws.clip(1, 12.0), *(laws.clip(number) for number in range(2, 15))]
    one = clips[0].media.media_id
    parts = [FrameSpan(start, start + 75) for start in (10, 110, 210, 280)]
    wishes = [ClipWish(one, span) for span in parts]
    brief = dataclasses.replace(SHORT, must_use=(wishes[1], wishes[2]), first=wishes[3], last=wishes[0])
    timeline = laws.edit(clips, brief)
    shown = [clip for clip in timeline.clips if clip.media_id == one]
    spans = [FrameSpan(clip.source_start_frame, clip.source_start_frame + clip.duration_frames) for clip in shown]
    assert len(shown) == 4 and all(sum(part.contains(span) for part in parts) == 1 for span in spans)
    assert parts[3].contains(spans[0]) and parts[0].contains(spans[-1])
    assert timeline.clips[0] is shown[0] and timeline.clips[-1] is shown[-1] and not timeline.ai_reasoning.relaxed


def test_what_was_relaxed_says_when() -> None:
    """Every clip from the front and at most one in a row allowed: it cannot be, and the edit says where."""
    clips = [laws.clip(number, angle={"front": 0.95, "side": 0.05}) for number in range(1, 15)]
    plain = neutral_profile()
    strict = dataclasses.replace(plain, sequencing_patterns=dataclasses.replace(plain.sequencing_patterns, max_same_angle_streak=1))
    said = laws.edit(clips, SHORT, profile=strict).ai_reasoning.relaxed
    assert len(said) == 1 and "at 0:00.0 (" in said[0] and "front" in said[0]


def test_the_rule_of_streaks_makes_no_edit_of_few_long_shots() -> None:
    """Six-second takes from the front alone: two of them would keep the rule for twelve seconds, and nobody wants that."""
    front = [laws.clip(number, 6.0, angle={"front": 0.95, "side": 0.05}) for number in range(1, 15)]
    brief = factories.brief(duration_frames=345)
    alone = laws.edit(front, brief)
    assert len(alone.clips) > 6 and "front" in alone.ai_reasoning.relaxed[0]
    mixed = laws.edit([*front, *(laws.clip(number, 6.0) for number in range(16, 30))], brief)
    angles = [one.facts.angle for one in mixed.clips]
    assert not mixed.ai_reasoning.relaxed
    assert not any(angles[k] == angles[k + 1] == angles[k + 2] == "front" for k in range(len(angles) - 2))


def test_music_without_beats_has_an_even_grid() -> None:
    silent = dataclasses.replace(laws.SONG, beats=(), downbeats=(), accents=(), phrase_starts=(), drops=(), confidence=0.0, sections=())
    timeline = laws.edit(laws.shoot(14), factories.brief(duration_frames=240), silent)
    assert sum(one.duration_frames for one in timeline.clips) == 240 and len(timeline.clips) > 1
    assert all(frame % 15 == 0 for frame in timeline.cut_frames) and not any(join.at_beat for join in timeline.transitions)
