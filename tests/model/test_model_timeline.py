"""Every law of a timeline: what breaks it is refused by name, what keeps it goes through."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from fractions import Fraction

import factories
import pytest
from hypothesis import given

from engine.errors import BadOption, DocumentError
from engine.model.time import FrameRate
from engine.model.timeline import Placement, Timeline, Track, Transition

Break = Callable[[Timeline], Timeline]


def _with_clip(index: int, **changes: object) -> Break:
    def broken(timeline: Timeline) -> Timeline:
        clips = list(timeline.clips)
        clips[index] = dataclasses.replace(clips[index], **changes)  # type: ignore[arg-type]
        return timeline.replace(clips=tuple(clips))

    return broken


def _joined(transition: Transition) -> Break:
    return lambda timeline: timeline.replace(transitions=(transition,))


def _beside(*clips: Placement) -> Break:
    return lambda timeline: timeline.replace(tracks=(Track("overlay", "over", clips),))


SONG_ID = factories.song_media().media_id

BROKEN: list[tuple[str, Break, str]] = [
    ("size", lambda one: one.replace(width=0), "picture size"),
    ("no frames", lambda one: one.replace(duration_frames=0), "at least one frame"),
    ("no clips", lambda one: one.replace(clips=(), transitions=()), "at least one clip"),
    ("gap", _with_clip(1, timeline_start_frame=31), "Clip clip_2 starts at frame 31, not at 30"),
    ("overlap", _with_clip(1, timeline_start_frame=29), "starts at frame 29"),
    ("late start", _with_clip(0, timeline_start_frame=1), "starts at frame 1, not at 0"),
    ("unsorted", lambda one: one.replace(clips=one.clips[::-1]), "starts at frame"),
    ("short", lambda one: one.replace(duration_frames=121), "fill 120 frames of 121"),
    ("empty clip", _with_clip(3, duration_frames=0), "is empty"),
    ("same ids", _with_clip(3, id="clip_1"), "share one id"),
    ("unlisted media", _with_clip(2, media_id="nowhere"), "not listed"),
    ("no picture", _with_clip(2, media_id=SONG_ID), "without a picture"),
    ("before the source", _with_clip(0, source_start_frame=-1), "does not have"),
    ("past the source", _with_clip(0, source_start_frame=271), "does not have"),
    ("past the source by speed", _with_clip(0, speed=Fraction(11)), "does not have"),
    ("no speed", _with_clip(0, speed=Fraction(0)), "positive speed"),
    ("strangers", _joined(Transition("clip_1", "clip_3")), "not neighbours"),
    ("backwards", _joined(Transition("clip_2", "clip_1")), "not neighbours"),
    ("negative transition", _joined(Transition("clip_1", "clip_2", duration_frames=-1)), "negative length"),
    ("no such beat", _joined(Transition("clip_1", "clip_2", beat_index=99)), "names beat 99"),
    ("overlap beside", _beside(factories.placement(1, 0, 30), factories.placement(2, 29, 30)), "overlap on track"),
    ("too long beside", _beside(factories.placement(1, 100, 30)), "longer than the timeline"),
    ("unlisted beside", _beside(factories.placement(9, 0, 30)), "not listed"),
]


@pytest.mark.parametrize(("broken", "says"), [row[1:] for row in BROKEN], ids=[row[0] for row in BROKEN])
def test_a_broken_law_is_named(broken: Break, says: str) -> None:
    with pytest.raises(DocumentError, match=says) as caught:
        broken(factories.timeline(4))
    assert caught.value.code == "broken_timeline"
    assert caught.value.hint


def test_the_last_frame_of_the_source_may_be_shown() -> None:
    assert _with_clip(0, source_start_frame=270)(factories.timeline(4)).clips[0].source_start_frame == 270


def test_side_tracks_may_have_gaps_and_side_clips_may_share_media() -> None:
    timeline = _beside(factories.placement(1, 10, 5), factories.placement(1, 90, 30))(factories.timeline(4))
    assert [clip.span.start for clip in timeline.tracks[0].clips] == [10, 90]


@given(factories.timelines())
def test_lawful_timelines_are_contiguous_and_as_long_as_they_say(timeline: Timeline) -> None:
    ends = [clip.span.end for clip in timeline.clips]
    assert [clip.span.start for clip in timeline.clips] == [0, *ends[:-1]]
    assert ends[-1] == timeline.duration_frames == sum(clip.duration_frames for clip in timeline.clips)
    assert list(timeline.cut_frames) == ends[:-1]
    for clip in timeline.clips:
        assert timeline.clip(clip.id) is clip
        stream = timeline.media_of(clip).video
        assert stream is not None and clip.last_shown_s(timeline.rate) < stream.rate.seconds(stream.duration_frames)


@given(factories.timelines())
def test_replace_gives_another_timeline_and_checks_it(timeline: Timeline) -> None:
    other = timeline.replace(revision=7, parent=6)
    assert (other.revision, other.parent, timeline.revision) == (7, 6, 1)
    assert other.replace(revision=1, parent=None) == timeline
    with pytest.raises(DocumentError):
        timeline.replace(duration_frames=timeline.duration_frames + 1)


def test_source_times_are_exact_at_mixed_rates_and_speeds() -> None:
    clip = factories.placement(1, 0, 24, source_start_frame=50, source_rate=FrameRate(25), speed=Fraction(1, 2))
    assert clip.source_start_s == 2
    assert clip.source_end_s(FrameRate(24)) == Fraction(5, 2)
    assert clip.last_shown_s(FrameRate(24)) == 2 + Fraction(23, 48)


def test_an_unknown_clip_is_a_users_mistake() -> None:
    with pytest.raises(DocumentError, match="clip_9") as caught:
        factories.timeline(2).clip("clip_9")
    assert caught.value.code == "unknown_clip"


def test_pictures_are_quarter_turned_only() -> None:
    assert (factories.video().display_width, factories.video().display_height) == (1080, 1920)
    assert factories.video(rotation=0, sample_aspect=Fraction(4, 3)).display_width == 2560
    with pytest.raises(BadOption):
        factories.video(rotation=45)
