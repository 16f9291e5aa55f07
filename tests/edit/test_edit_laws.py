"""What holds for every edit that `make_edit` returns, whatever goes in."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
from pathlib import Path

import factories
import numpy as np
import pytest
from edits import SONG, clip, edit, shoot
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.analysis.groups import group_clips
from engine.edit.footage import ClipInput
from engine.errors import FootageError, SongError
from engine.model import documents
from engine.model.analysis import Box, Curve, Face, Subject
from engine.model.style import Brief, ClipWish, TransitionPreferences
from engine.model.time import STANDARD_RATES, FrameRate, FrameSpan
from engine.model.timeline import Timeline
from engine.style.prior import neutral_profile


def check_laws(timeline: Timeline, clips: list[ClipInput], brief: Brief) -> None:
    """Every law of docs/editing.md that can be read off the result."""
    documents.validate(documents.encode(timeline))
    media = {one.media.media_id: one.media for one in clips}
    assert timeline.duration_frames == brief.duration_frames == sum(one.duration_frames for one in timeline.clips)
    assert timeline.song is not None
    beats = {brief.rate.frames(beat) for beat in timeline.song.beats}
    assert set(timeline.cut_frames) <= beats
    for one in timeline.clips:
        source = media[one.media_id].video
        assert source is not None and one.source_rate == source.rate
        needed = one.duration_frames * source.rate.fraction / brief.rate.fraction
        assert one.source_start_frame >= 0 and one.source_start_frame + needed <= source.duration_frames
        assert 0 <= one.facts.ai_confidence <= 1 and one.facts.ai_reasoning.endswith(".")
        assert one.decision is not None
        assert one.decision.score == pytest.approx(sum(one.decision.parts.values()), abs=1e-4)
        key = one.crop[0]
        assert key.x >= 0 and key.y >= 0 and key.x + key.width <= 1 + 1e-6 and key.y + key.height <= 1 + 1e-6
        shape = key.width * source.display_width / (key.height * source.display_height)
        assert shape == pytest.approx(brief.width / brief.height, rel=0.01)
    assert sorted(row.media_id for row in timeline.outcomes) == sorted(media)
    used = {one.media_id for one in timeline.clips}
    assert {row.media_id for row in timeline.outcomes if row.status == "used"} == used
    if not timeline.ai_reasoning.relaxed:
        assert len(used) == len(timeline.clips)


@settings(max_examples=25)
@given(
    count=st.integers(10, 24),
    seconds=st.floats(1.0, 6.0),
    source=st.sampled_from(["24", "25", "29.97", "30", "50", "60"]),
    rate=st.sampled_from(STANDARD_RATES),
    bpm=st.floats(60, 180),
    length=st.integers(4, 14),
    seed=st.integers(0, 5),
    shape=st.sampled_from([(1080, 1920), (1920, 1080), (1080, 1080)]),
)
def test_laws_hold_for_any_footage_and_song(
    count: int, seconds: float, source: str, rate: FrameRate, bpm: float, length: int, seed: int, shape: tuple[int, int]
) -> None:
    clips = shoot(count, seconds, source)
    brief = factories.brief(rate=rate, duration_frames=rate.frames(length), seed=seed, width=shape[0], height=shape[1])
    song = factories.song_analysis(bpm=bpm, duration_s=40)
    try:
        timeline = edit(clips, brief, song)
    except FootageError as error:
        assert error.code == "footage_too_short" and error.details["fillable_s"] < length
        return
    check_laws(timeline, clips, brief)


def test_unusable_clips_are_left_out_and_say_why() -> None:
    bad = [
        clip(101, exposure=0.01),
        clip(102, exposure=0.1),
        clip(103, exposure=0.99),
        clip(104, blur=0.8),
        clip(105, shake_per_height=0.05),
        clip(106, visual_quality=0.3),
        clip(107, seconds=0.2),
    ]
    speck = clip(108)
    video = dataclasses.replace(factories.video(), stored_width=15, stored_height=9)
    bad.append(ClipInput(dataclasses.replace(speck.media, video=video), speck.analysis))
    clips = [*shoot(12), *bad]
    timeline = edit(clips)
    check_laws(timeline, clips, factories.brief(duration_frames=450))
    said = {row.media_id: row for row in timeline.outcomes}
    reasons = [said[one.media.media_id].reason for one in bad]
    assert reasons[:5] == ["black", "too dark", "overexposed", "too blurred", "too shaky"]
    assert reasons[5].startswith("quality too low") and reasons[6:] == ["too short", "too small"]
    for one in bad:
        row = said[one.media.media_id]
        assert row.status == "rejected" and row.threshold and row.value is not None and row.limit is not None
    with pytest.raises(FootageError) as caught:
        edit(bad)
    assert caught.value.code == "no_usable_clips" and "too blurred" in caught.value.message


def test_of_near_duplicates_only_the_best_is_used() -> None:
    one = clip(1)
    worse = clip(50, signatures=one.analysis.signatures, curves=one.analysis.curves, visual_quality=0.75)
    clips = [*shoot(12), worse]
    groups = group_clips({each.media.media_id: each.analysis for each in clips})
    timeline = edit(clips, groups=groups)
    row = next(row for row in timeline.outcomes if row.media_id == worse.media.media_id)
    assert row.status == "near_duplicate" and row.duplicate_of == one.media.media_id


def test_wishes_are_kept() -> None:
    clips = shoot(14)
    ids = [one.media.media_id for one in clips]
    part = FrameSpan(30, 90)
    brief = factories.brief(
        duration_frames=450,
        must_use=(ClipWish(ids[5]), ClipWish(ids[6], part)),
        avoid=(ClipWish(ids[0]), ClipWish(ids[1], FrameSpan(0, 60))),
        first=ClipWish(ids[2]),
        last=ClipWish(ids[3]),
    )
    timeline = edit(clips, brief)
    check_laws(timeline, clips, brief)
    used = {one.media_id: one for one in timeline.clips}
    assert timeline.clips[0].media_id == ids[2] and timeline.clips[-1].media_id == ids[3]
    assert {ids[5], ids[6]} <= set(used) and ids[0] not in used
    named = used[ids[6]]
    assert part.start <= named.source_start_frame and named.source_start_frame + named.duration_frames <= part.end
    if ids[1] in used:
        assert used[ids[1]].source_start_frame >= 60
    assert next(row for row in timeline.outcomes if row.media_id == ids[0]).status == "avoided"


def test_a_wish_without_room_is_refused() -> None:
    clips = shoot(12)
    brief = factories.brief(duration_frames=90, must_use=tuple(ClipWish(one.media.media_id) for one in clips))
    with pytest.raises(FootageError) as caught:
        edit(clips, brief)
    assert caught.value.code == "wish_unusable" and caught.value.details["clips"]


def test_too_few_clips_repeat_takes_and_say_so_or_say_how_much_they_fill() -> None:
    clips = shoot(2, seconds=12)
    timeline = edit(clips, factories.brief(duration_frames=450))
    check_laws(timeline, clips, factories.brief(duration_frames=450))
    assert timeline.ai_reasoning.relaxed
    spans: dict[str, list[tuple[int, int]]] = {}
    for one in timeline.clips:
        spans.setdefault(one.media_id, []).append((one.source_start_frame, one.source_start_frame + one.duration_frames))
    for rows in spans.values():
        rows.sort()
        assert all(before[1] < after[0] for before, after in zip(rows, rows[1:])), "moments of a take neither overlap nor touch"
    with pytest.raises(FootageError) as caught:
        edit(shoot(1, seconds=5), factories.brief(duration_frames=900))
    assert 1 <= caught.value.details["fillable_s"] <= 5.5


def test_a_song_that_is_too_short_names_the_longest_edit() -> None:
    song = factories.song_analysis(duration_s=9.0)
    with pytest.raises(SongError) as caught:
        edit(shoot(14), factories.brief(duration_frames=450), song)
    assert caught.value.details["longest_s"] == pytest.approx(9.0)
    brief = factories.brief(duration_frames=450, song_loop=True)
    looped = edit(shoot(14), brief, song)
    assert looped.song is not None and looped.song.loop_at_s
    check_laws(looped, shoot(14), brief)


def test_the_same_values_give_the_same_edit() -> None:
    first, again = (documents.dumps(documents.encode(edit(shoot(16)))) for _ in range(2))
    assert first == again
    shuffled = shoot(16)[::-1]
    moved = edit(shuffled)
    assert [(one.media_id, one.span) for one in moved.clips] == [(one.media_id, one.span) for one in edit(shoot(16)).clips]


@pytest.mark.slow
def test_hash_seeds_change_nothing() -> None:
    code = (
        f"import sys; sys.path[:0] = [{str(Path(__file__).parent)!r}, {str(Path(__file__).parents[1])!r}]\n"
        "import test_edit_laws as laws\n"
        "from engine.model import documents\n"
        "print(documents.dumps(documents.encode(laws.edit(laws.shoot(12)))))"
    )
    outputs = set()
    for seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        outputs.add(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment).stdout)
    assert len(outputs) == 1 and "clip_1" in outputs.pop()


def test_another_seed_decides_between_equals() -> None:
    """Twenty clips of the same worth: which of them are used is open, and the seed says."""
    media = [factories.media(number, stream=factories.video(duration_frames=120)) for number in range(1, 21)]
    twins = [ClipInput(one, factories.clip_analysis(one, seed=7, palette=())) for one in media]
    chosen = {tuple(one.media_id for one in edit(twins, factories.brief(duration_frames=300, seed=seed)).clips) for seed in range(4)}
    assert len(chosen) > 1


def lively(number: int, motion: float) -> ClipInput:
    one = clip(number)
    curves = {**one.analysis.curves, "motion": Curve(np.full(one.analysis.duration_frames, motion, np.float32))}
    return ClipInput(one.media, dataclasses.replace(one.analysis, curves=curves, motion_intensity=motion))


def test_movement_goes_where_the_music_is_loud() -> None:
    clips = [lively(number, 0.62 if number % 2 else 0.28) for number in range(1, 41)]
    brief = factories.brief(duration_frames=600, song_start_s=20.0)  # ten seconds before the drop, ten after it
    timeline = edit(clips, brief)
    loud = [one.facts.motion_intensity for one in timeline.clips if one.timeline_start_frame >= 300]
    quiet = [one.facts.motion_intensity for one in timeline.clips if one.timeline_start_frame < 300]
    assert np.mean(loud) > np.mean(quiet) + 0.15
    assert len(loud) > len(quiet), "loud music is cut faster"


def test_neighbours_differ_where_they_can() -> None:
    clips = [clip(number, palette=((250, 20, 20, 1.0),) if number % 2 else ((20, 20, 250, 1.0),)) for number in range(1, 25)]
    timeline = edit(clips, factories.brief(duration_frames=450))
    looks = [int(one.media_id[1:], 16) % 2 for one in timeline.clips]
    same = sum(a == b for a, b in zip(looks, looks[1:]))
    assert same < 0.35 * (len(looks) - 1)


def test_reasons_name_facts_of_the_clip() -> None:
    faced = clip(1)
    plain = [clip(number, faces=()) for number in range(2, 14)]
    brief = factories.brief(duration_frames=450, first=ClipWish(faced.media.media_id))
    timeline = edit([faced, *plain], brief)
    first, *rest = timeline.clips
    assert "a face in frame" in first.facts.ai_reasoning and "to open" in first.facts.ai_reasoning
    assert not any("a face in frame" in one.facts.ai_reasoning for one in rest)
    names = {one.media.name for one in (faced, *plain)}
    for one in timeline.clips:
        assert f"quality {one.facts.visual_quality:.2f}" in one.facts.ai_reasoning
        if "next best was" in one.facts.ai_reasoning:
            assert any(name in one.facts.ai_reasoning for name in names - {one.file})


def test_crops_hold_the_face() -> None:
    box = Box(0.8, 0.3, 0.06, 0.12)
    stream = factories.video(rotation=0, duration_frames=120)
    media = factories.media(1, stream=stream)
    subjects = tuple(one for at in (0, 30, 60, 90) for one in (Subject(at, box, 0.9), Subject(at, Box(0.1, 0.1, 0.2, 0.8), 0.6)))
    analysis = factories.clip_analysis(media, faces=(Face(0, box),), subjects=subjects)
    others = shoot(13)[1:]
    brief = factories.brief(duration_frames=450, first=ClipWish(media.media_id))
    key = edit([ClipInput(media, analysis), *others], brief).clips[0].crop[0]
    assert key.x <= box.x - 0.02 and key.x + key.width >= box.x + box.width + 0.02


def test_soft_transitions_are_a_creators_habit() -> None:
    calm = dataclasses.replace(SONG, energy=(0.1,) * len(SONG.energy), energy_level=(), drops=())
    clips = [clip(number, 8.0, motion_intensity=0.05) for number in range(1, 25)]
    softly = dataclasses.replace(neutral_profile(), transition_preferences=TransitionPreferences(0.5, 0.5))
    learned = dataclasses.replace(softly, trained_on_videos=12)
    brief = factories.brief(duration_frames=900)
    assert {join.type for join in edit(clips, brief, calm, profile=softly).transitions} == {"hard_cut"}
    joins = edit(clips, brief, calm, profile=learned).transitions
    soft = [join for join in joins if join.type == "quick_dissolve"]
    assert soft and len(soft) <= len(joins) / 2 and all(join.duration_frames == 8 for join in soft)
