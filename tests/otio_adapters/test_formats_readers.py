"""What is written is read again as the same cut: record and source ranges, media, names, ids, markers, at every rate."""

from __future__ import annotations

import dataclasses
from fractions import Fraction
from typing import Any

import factories
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from round_trips import changed_edit, differences

from engine.model import documents
from engine.model.cutlist import CutEvent, CutList, CutTrack
from engine.model.interchange import ExportOptions
from engine.model.time import STANDARD_RATES, FrameRate
from engine.model.timeline import Marker, Placement, Timeline
from otio_adapters.marks import timeline_marks
from otio_adapters.places import bare_path
from otio_adapters.readers import READERS, format_of
from otio_adapters.writers import WRITERS

FORMS = {"otio": "otio", "resolve-otio": "otio", "premiere-otio": "otio", "fcpxml": "fcpxml", "fcp7": "fcp7", "edl": "edl"}
"""Writer -> the reader that takes its files."""
CARRIES_SIZE = ("premiere-otio", "fcpxml", "fcp7")
KEEPS_NAMES = ("premiere-otio", "fcp7")
"""Formats in which a locked clip's name begins with `[L]`."""
ONE_SAMPLE_S = Fraction(1, 48_000)

PLACES = (
    "/shoot/{}/a b.mp4",
    "/shoot/{}/#1 100% take?.mov",
    "/Съёмка {}/🎬 & 'x' <y> \"z\".mp4",
    r"C:\Users\Mira\{} a.mp4",
    r"\\nas\media\{} #2.mp4",
    "/a\\{}.mp4",
)
words = st.text(
    st.characters(exclude_categories=("Cs", "Cc", "Zs", "Zl", "Zp"), exclude_characters="\ufffe\uffff|"), min_size=1, max_size=12
)


@st.composite
def edits(draw: st.DrawFn) -> Timeline:
    """Any edit at rates that editing programs have, its takes with and without timecode and drop frame, kept anywhere."""
    rate = draw(st.sampled_from(STANDARD_RATES[:10]))
    clips: list[Placement] = []
    media = []
    at = 0
    for number in range(1, draw(st.integers(1, 5)) + 1):
        own = draw(st.sampled_from(STANDARD_RATES))
        drop = own.is_ntsc and own.timebase % 30 == 0 and draw(st.booleans())
        stream = factories.video(rate=own, duration_frames=20_000, start_frame=draw(st.integers(0, 80_000 * own.timebase)), drop_frame=drop)
        take = factories.media(number, stream=stream, path=draw(st.sampled_from(PLACES)).format(number))
        length = draw(st.integers(1, 300))
        speed = draw(st.sampled_from((Fraction(1), Fraction(1), Fraction(1, 2), Fraction(5, 2))))
        clip = factories.placement(
            number,
            at,
            length,
            of=take,
            source_start_frame=draw(st.integers(0, 5000)),
            speed=speed,
            enabled=draw(st.booleans()),
            lock=factories.LOCK if draw(st.booleans()) else None,
        )
        clips.append(dataclasses.replace(clip, facts=dataclasses.replace(clip.facts, ai_reasoning=draw(words))))
        media.append(take)
        at += length
    kinds = st.sampled_from(("section", "drop", "downbeat", "user"))
    markers = draw(st.lists(st.builds(Marker, st.integers(0, at - 1), kinds, words, words), max_size=3))
    song = draw(st.none() | factories.song_uses(float(rate.seconds(at))))
    return factories.timeline(
        1,
        rate=rate,
        duration_frames=at,
        clips=tuple(clips),
        media=(*media, factories.song_media()),
        song=song,
        transitions=(),
        markers=tuple(sorted(markers, key=lambda one: one.frame)),
    )


def round_trip(timeline: Timeline, form: str, **options: Any) -> CutList:
    content = WRITERS[form].write(timeline, ExportOptions(**options)).content
    assert format_of(content) == FORMS[form], "the file is known by what it holds"
    return READERS[FORMS[form]].read(content, f"cut.{form}")


def pictures(read: CutList) -> tuple[CutEvent, ...]:
    track = next(one for one in read.tracks if one.kind == "video")
    return track.events


def source_of(timeline: Timeline, clip: Placement, form: str) -> tuple[Fraction, Fraction]:
    """In and out in the media's timecode time, as far as the format carries them."""
    video = timeline.media_of(clip).video
    assert video is not None
    begin = video.rate.seconds(video.start_frame) + clip.source_start_s
    return begin, begin + timeline.rate.seconds(clip.duration_frames) * clip.speed


def assert_same_clip(event: CutEvent, timeline: Timeline, clip: Placement, form: str) -> None:
    media = timeline.media_of(clip)
    video = media.video
    assert video is not None
    assert event.record == clip.span
    begin, end = source_of(timeline, clip, form)
    if form == "edl":
        day = 86_400 * timeline.rate.timebase * timeline.rate.frame_duration
        assert event.source_end_s - event.source_start_s == end - begin
        off = (event.source_start_s - begin) % day
        if video.drop_frame and video.rate == timeline.rate:
            off %= timeline.rate.seconds(2_589_408 if timeline.rate.timebase == 30 else 5_178_816)
        assert min(off, day - off) <= timeline.rate.frame_duration / 2
        assert event.media.path == media.path
    else:
        assert (event.source_start_s, event.source_end_s) == (begin, end)
        assert event.media.path == bare_path(media.path)
        assert (event.media.media_start_s, event.media.rate) == (video.rate.seconds(video.start_frame), video.rate)
        assert event.media.media_duration_s == video.rate.seconds(video.duration_frames)
    assert event.enabled == clip.enabled
    named = f"[L] {media.name}" if clip.lock and form in KEEPS_NAMES else media.name
    assert (event.name, event.media.name) == (named, media.name)
    assert event.speed == clip.speed


@pytest.mark.parametrize("form", sorted(FORMS))
@settings(max_examples=60)
@given(timeline=edits(), choice=st.sampled_from(("none", "reasons", "all")))
def test_what_is_written_is_read(form: str, timeline: Timeline, choice: str) -> None:
    read = round_trip(timeline, form, markers=choice, name="Cut 7")
    assert (read.name, read.rate) == ("Cut 7", timeline.rate)
    assert read.start_frame == 3600 * timeline.rate.timebase and not read.drop_frame
    assert (read.width, read.height) == ((1080, 1920) if form in CARRIES_SIZE else (None, None))
    for event, clip in zip(pictures(read), timeline.clips, strict=True):
        assert_same_clip(event, timeline, clip, form)
        known = form != "resolve-otio" or choice != "none"
        assert event.metadata.get("cutprint", {}).get("id") == (clip.id if known else None)
        assert event.locked == (clip.lock is not None and (choice != "none" or form in KEEPS_NAMES))
    assert read.dropped == ()


@pytest.mark.parametrize("form", sorted(set(FORMS) - {"edl"}))
@settings(max_examples=20)
@given(timeline=edits())
def test_the_song_is_read(form: str, timeline: Timeline) -> None:
    tracks = [one for one in round_trip(timeline, form).tracks if one.kind == "audio"]
    if timeline.song is None:
        assert not tracks
        return
    (event,) = tracks[0].events
    assert len(tracks) == 1 and event.record.start == 0 and event.record.end == timeline.duration_frames
    assert abs(event.source_start_s - Fraction(timeline.song.source_start_s)) <= ONE_SAMPLE_S
    assert event.source_end_s - event.source_start_s == timeline.duration_s
    assert event.media.path == timeline.media[-1].path


@pytest.mark.parametrize("form", sorted(FORMS))
@settings(max_examples=30)
@given(timeline=edits())
def test_markers_come_back_where_they_were(form: str, timeline: Timeline) -> None:
    read = round_trip(timeline, form, markers="all")
    signed = form in ("resolve-otio", "premiere-otio", "fcp7")
    marks = timeline_marks(timeline, "all", signed=signed)
    wanted = [(timeline.rate.seconds(one.frame), one.name, one.note, one.colour) for one in marks]
    assert len({row[0] for row in wanted}) == len(wanted), "one a frame"
    found = [(one.position_s, one.name, one.note, one.colour) for one in read.markers]
    if form == "edl":
        assert found == [(at, " ".join(f"{name} {note}".split()), "", colour) for at, name, note, colour in wanted]
    elif form == "fcpxml":
        ours = {f"{clip.id} {clip.facts.ai_confidence:.2f}" for clip in timeline.clips}
        placed = [
            (read.rate.seconds(event.record.start) + mark.position_s / event.speed, mark.name, mark.note)
            for event in pictures(read)
            for mark in event.markers
            if mark.name not in (*ours, "LOCK")
        ]
        assert placed == [row[:3] for row in wanted]
    else:
        assert found == [row if form != "fcp7" or row[3] != "GREEN" else (*row[:3], None) for row in wanted]
    if form in ("otio", "premiere-otio", "fcp7", "fcpxml"):
        for event, clip in zip(pictures(read), timeline.clips, strict=True):
            if clip.duration_frames == 1 and clip.lock:
                continue
            reason = [mark for mark in event.markers if mark.note.startswith(clip.facts.ai_reasoning) and mark.name != "LOCK"][-1]
            middle = timeline.rate.seconds(clip.duration_frames // 2) * (1 if form == "otio" else clip.speed)
            assert abs(reason.position_s - middle) <= timeline.rate.frame_duration


def test_the_plain_file_brings_our_document_back() -> None:
    timeline = factories.timeline(4)
    read = round_trip(timeline, "otio")
    assert documents.decode(documents.loads(read.metadata["cutprint"]["document"])) == timeline


def test_a_lists_rate_may_be_given_or_is_inferred_and_told() -> None:
    from otio_adapters.read_edl import EdlReader

    for rate in STANDARD_RATES[:10]:
        content = WRITERS["edl"].write(factories.timeline(40, rate=rate, beats_per_clip=1)).content
        bare = b"\r\n".join(line for line in content.split(b"\r\n") if b"CUTPRINT RATE" not in line)
        given = EdlReader(rate).read(bare)
        assert given.rate == rate and not given.dropped
        guessed = READERS["edl"].read(bare)
        assert guessed.rate.timebase <= max(rate.timebase, 50), "no frame number speaks for a higher one"
        assert "the rate" in guessed.dropped[0] and str(guessed.rate) in guessed.dropped[0]


@pytest.mark.parametrize("form", sorted(FORMS))
def test_any_reader_knows_each_format(form: str) -> None:
    timeline = factories.timeline(3)
    content = WRITERS[form].write(timeline).content
    assert READERS["any"].read(content) == READERS[FORMS[form]].read(content)
    assert [event.record for event in pictures(READERS["any"].read(content))] == [clip.span for clip in timeline.clips]


def test_tracks_hold_the_rate_of_the_file_not_of_its_media() -> None:
    """Takes at 29.97 in an edit at 25: record positions are whole frames of 25, sources exact on the takes' own grid."""
    take = factories.media(1, stream=factories.video(rate=FrameRate(30_000, 1001), start_frame=107_892, drop_frame=True))
    clip = factories.placement(1, 0, 50, of=take, source_start_frame=7)
    timeline = factories.timeline(1, rate=25, clips=(clip,), media=(take,), song=None, duration_frames=50, transitions=(), markers=())
    for form in ("otio", "resolve-otio", "fcpxml", "fcp7"):
        (event,) = pictures(round_trip(timeline, form))
        assert event.source_start_s == Fraction(1001 * (107_892 + 7), 30_000), form


def test_readers_name_what_they_read() -> None:
    assert {suffix for reader in READERS.values() for suffix in reader.suffixes} == {".otio", ".fcpxml", ".xml", ".edl", ".json"}
    assert all(READERS[name].name == name for name in READERS)
    assert isinstance(READERS["any"].read(WRITERS["fcp7"].write(factories.timeline(1)).content).tracks[0], CutTrack)


@pytest.mark.parametrize("form", sorted(FORMS))
def test_edits_that_a_person_changed_come_back_the_same(form: str) -> None:
    """Dissolves, joins of the song, own sound, runners-up, locks, speeds, gaps; `bench_round_trips.py` tries a thousand."""
    for seed in range(5000, 5008):
        assert list(differences(changed_edit(seed), form, seed)) == [], seed
