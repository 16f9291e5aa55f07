"""Marks that travel: locks both ways, which revision a file is of, runners-up on a track of their own, and markers taken out again."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import factories
import opentimelineio as otio
import pytest

from engine.errors import DocumentError
from engine.model.cutlist import CutEvent, CutList
from engine.model.interchange import ExportOptions
from engine.model.timeline import Decision, RunnerUp, SongUse, Timeline, Transition
from engine.telemetry.diff import Diff, compare
from engine.telemetry.seen import seen_events
from otio_adapters.places import bare_path
from otio_adapters.readers import READERS
from otio_adapters.unmarking import unmarked
from otio_adapters.writers import WRITERS

FORMS = sorted(WRITERS)
WITH_TRACKS = sorted(set(WRITERS) - {"edl"})


def written(timeline: Timeline, form: str, **options: Any) -> bytes:
    return WRITERS[form].write(timeline, ExportOptions(**options)).content


def back(timeline: Timeline, content: bytes) -> Diff:
    paths = {bare_path(row.path): row.media_id for row in timeline.media}

    def media_of(event: CutEvent) -> str | None:
        return paths.get(bare_path(event.media.path or ""))

    return compare(timeline, seen_events(timeline, read(content), media_of))


def read(content: bytes) -> CutList:
    return READERS["any"].read(content)


def kinds(diff: Diff) -> dict[str | None, tuple[str, ...]]:
    return {change.clip_id: change.kinds for change in diff.changes if change.kinds != ("kept",)}


# --- locks ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("choice", ["none", "sections", "all"])
@pytest.mark.parametrize("form", FORMS)
def test_what_nobody_touched_keeps_its_locks(form: str, choice: str) -> None:
    assert kinds(back(factories.timeline(4), written(factories.timeline(4), form, markers=choice))) == {}


def _without_lock_markers(document: dict[str, Any]) -> None:
    for clip in document["tracks"]["children"][0]["children"]:
        clip["markers"] = [one for one in clip["markers"] if one["name"] != "LOCK"]


def _no_markers_at_all(document: dict[str, Any]) -> None:
    for clip in document["tracks"]["children"][0]["children"]:
        clip["markers"] = []


def _names_cleared(document: dict[str, Any]) -> None:
    for clip in document["tracks"]["children"][0]["children"]:
        clip["name"] = clip["name"].removeprefix("[L] ")


def changed_json(content: bytes, change: Callable[[dict[str, Any]], None]) -> bytes:
    document = json.loads(content)
    change(document)
    return json.dumps(document).encode()


@pytest.mark.parametrize(
    ("form", "change", "seen"),
    [
        ("resolve-otio", _without_lock_markers, True),
        ("resolve-otio", _no_markers_at_all, False),
        ("otio", _without_lock_markers, True),
        ("premiere-otio", _without_lock_markers, True),
        ("premiere-otio", _names_cleared, True),
        ("premiere-otio", _no_markers_at_all, False),
    ],
)
def test_unlocking_in_the_program_is_seen(form: str, change: Callable[[dict[str, Any]], None], seen: bool) -> None:
    """A mark that a person took away frees the clip; a program that drops all markers frees nothing."""
    timeline = factories.timeline(4)
    found = kinds(back(timeline, changed_json(written(timeline, form), change)))
    assert found == ({"clip_2": ("unlocked",)} if seen else {})


@pytest.mark.parametrize(
    ("pattern", "instead", "seen"),
    [
        (b"<label2>Rose<", b"<label2>Iris<", True),
        (rb"<name>\[L\] ", b"<name>", True),
        (rb"<marker>\s*<comment>[^<]*</comment>\s*<name>LOCK</name>.*?</marker>", b"", True),
        (rb"<marker>.*?</marker>", b"", False),
        (rb"<labels>.*?</labels>", b"", False),
    ],
)
def test_unlocking_in_premiere_is_seen(pattern: bytes, instead: bytes, seen: bool) -> None:
    timeline = factories.timeline(4)
    content = re.sub(pattern, instead, written(timeline, "fcp7"), flags=re.DOTALL)
    assert content != written(timeline, "fcp7")
    assert kinds(back(timeline, content)) == ({"clip_2": ("unlocked",)} if seen else {})


@pytest.mark.parametrize(
    ("form", "pattern", "instead"),
    [
        ("fcp7", b"<label2>Violet<", b"<label2>Rose<"),
        (
            "fcpxml",
            rb'<marker start="([^"]*)" duration="([^"]*)" value="clip_3[^"]*"',
            rb'<marker start="\1" duration="\2" value="lock it"',
        ),
        ("resolve-otio", rb'"name": "cutprint"', b'"name": "Locked"'),
    ],
)
def test_locking_in_the_program_is_seen(form: str, pattern: bytes, instead: bytes) -> None:
    timeline = factories.timeline(3)
    found = kinds(back(timeline, re.sub(pattern, instead, written(timeline, form))))
    assert found["clip_3"] == ("locked",) and "clip_2" not in found


def test_trimming_a_locked_clip_does_not_free_it() -> None:
    """A marker may go with the frames that it was on."""

    def trim(document: dict[str, Any]) -> None:
        clip = document["tracks"]["children"][0]["children"][1]
        clip["source_range"]["duration"]["value"] -= 14
        clip["markers"] = [one for one in clip["markers"] if one["name"] != "LOCK"]

    timeline = factories.timeline(4)
    assert kinds(back(timeline, changed_json(written(timeline, "resolve-otio"), trim))) == {"clip_2": ("tail_trimmed",)}


@pytest.mark.parametrize("form", FORMS)
def test_every_file_says_which_revision_it_is_of(form: str) -> None:
    timeline = factories.timeline(2).replace(revision=7, parent=6)
    own = read(written(timeline, form)).metadata["cutprint"]
    assert own["revision"] == 7 and (own.get("project") or own["project_id"]) == timeline.project_id


# --- runners-up -------------------------------------------------------------------------------------------------------


def with_runners_up() -> Timeline:
    """Clip 1 could be clip 4's file; clip 2 nothing that is there; clip 3 another moment of its own."""
    timeline = factories.timeline(4)
    media = [row.media_id for row in timeline.media]
    rows = [
        (RunnerUp("gone", 3, 0.9, "not here"), RunnerUp(media[3], 90, 0.7, "less sharp")),
        (),
        (RunnerUp(media[2], 290, 0.6, "too near the end"),),
        (),
    ]
    clips = [_decided(clip, runners) for clip, runners in zip(timeline.clips, rows)]
    return timeline.replace(clips=tuple(clips))


def _decided(clip: Any, runners: tuple[RunnerUp, ...]) -> Any:
    import dataclasses

    return dataclasses.replace(clip, decision=Decision(0.8, {"quality": 0.8}, runners))


@pytest.mark.parametrize("form", WITH_TRACKS)
def test_runners_up_lie_above_switched_off(form: str) -> None:
    timeline = with_runners_up()
    content = written(timeline, form, alternates=True)
    pictures = [track for track in read(content).tracks if track.kind == "video"]
    assert len(pictures) == 2 and not any(event.enabled and pictures[1].enabled for event in pictures[1].events)
    found = [(event.record.start, event.record.duration, event.source_start_s) for event in pictures[1].events]
    assert found == [(0, 30, 3), (60, 30, Fraction(270, 30))], "the second begins early enough to fill its place"
    assert kinds(back(timeline, content)) == {}, "what is switched off is no edit"
    plain = [track for track in read(written(timeline, form)).tracks if track.kind == "video"]
    assert len(plain) == 1
    lines = WRITERS[form].write(timeline, ExportOptions(alternates=True)).dropped
    assert any(line.startswith("runners-up of 2 clips") for line in lines)


def test_runners_up_without_our_ids_are_still_no_edit() -> None:
    timeline = with_runners_up()
    content = changed_json(written(timeline, "resolve-otio", alternates=True), lambda document: None)
    document = json.loads(content)
    for track in document["tracks"]["children"]:
        for clip in track["children"]:
            clip["markers"] = []
    assert kinds(back(timeline, json.dumps(document).encode())) == {}


@pytest.mark.parametrize("form", ["resolve-otio", "fcp7", "fcpxml"])
def test_a_runner_up_that_was_switched_on_replaces_its_clip(form: str) -> None:
    timeline = with_runners_up()
    content = written(timeline, form, alternates=True)
    if form == "resolve-otio":

        def on(document: dict[str, Any]) -> None:
            track = document["tracks"]["children"][1]
            track["enabled"] = track["children"][0]["enabled"] = True

        content = changed_json(content, on)
    else:
        root = ET.fromstring(content)
        if form == "fcp7":
            track = root.findall(".//video/track")[1]
            for element in (track.find("enabled"), track.find("clipitem/enabled")):
                assert element is not None
                element.text = "TRUE"
        else:
            element = root.find(".//spine/asset-clip/asset-clip[@lane='1']")
            assert element is not None
            del element.attrib["enabled"]
        content = ET.tostring(root)
    diff = back(timeline, content)
    assert "replaced" in diff.of("clip_1").kinds
    row = diff.of("clip_1").row
    assert row is not None and row.media_id == timeline.clips[3].media_id
    assert set(kinds(diff)) == {"clip_1"}


# --- unmark -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", FORMS)
def test_only_our_markers_are_taken_out(form: str) -> None:
    timeline = factories.timeline(4)
    content, mine = written(timeline, form), written(timeline, form, markers="none")
    theirs = _with_a_persons_marker(content, form)
    cleaned, count = unmarked(theirs)
    left = read(cleaned)
    words = [mark.name for mark in left.markers] + [mark.name for track in left.tracks for event in track.events for mark in event.markers]
    assert sorted(words) == sorted(["client likes this", *(["LOCK"] if form != "edl" else ["LOCK [cutprint]"])])
    assert count == len(_all_markers(read(content), form)) - 1 and count > 0
    assert [event.record for event in left.tracks[0].events] == [event.record for event in read(mine).tracks[0].events]
    assert unmarked(cleaned) == (cleaned, 0)
    assert kinds(back(timeline, cleaned)) == {}, "nobody unlocked anything"


def _all_markers(found: CutList, form: str) -> list[str]:
    return [mark.name for mark in found.markers] + [mark.name for track in found.tracks for event in track.events for mark in event.markers]


def _with_a_persons_marker(content: bytes, form: str) -> bytes:
    if form == "edl":
        return content.replace(b"* LOC: ", b"* LOC: 01:00:00:04 GREEN   client likes this\r\n* LOC: ", 1)
    if form == "fcp7":
        return content.replace(b"<marker>", b"<marker><name>client likes this</name><in>4</in><out>-1</out></marker>\n    <marker>", 1)
    if form == "fcpxml":
        return content.replace(b"<marker ", b'<marker start="0s" duration="1/30s" value="client likes this"/><marker ', 1)

    def add(document: dict[str, Any]) -> None:
        marker = {**document["tracks"]["markers"][0], "name": "client likes this", "comment": "yes", "metadata": {}}
        document["tracks"]["markers"].append(marker)

    return changed_json(content, add)


def test_what_is_not_ours_stays_to_the_byte_and_rubbish_is_refused() -> None:
    content = written(factories.timeline(2), "fcp7", markers="none").replace(b"\n", b"\r\n")
    assert unmarked(content) == (content, 0)
    for bad in (b"", b"hello", b"<xmeml><sequence></xmeml>", b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><xmeml>&b;</xmeml>'):
        with pytest.raises(DocumentError):
            unmarked(bad)


# --- what else a dialect carries --------------------------------------------------------------------------------------


def looped(timeline: Timeline) -> Timeline:
    song = timeline.song
    assert isinstance(song, SongUse)
    import dataclasses

    return timeline.replace(song=dataclasses.replace(song, loop_at_s=(1.51, 3.0), loop_to_s=(20.0, 40.25)))


@pytest.mark.parametrize("form", WITH_TRACKS)
def test_song_joins_are_several_clips_in_a_row(form: str) -> None:
    timeline = looped(factories.timeline(4, rate="30000/1001"))
    (track,) = [one for one in read(written(timeline, form)).tracks if one.kind == "audio"]
    assert [event.record.start for event in track.events] == [0, 45, 90]
    assert track.events[-1].record.end == timeline.duration_frames
    frame = timeline.rate.frame_duration
    wanted = [Fraction(25, 2), 20 + 45 * frame - Fraction(151, 100), Fraction(161, 4) + 90 * frame - 3]
    for event, second in zip(track.events, wanted, strict=True):
        assert abs(event.source_start_s - second) <= Fraction(1, 48_000), "what the join is late, the song goes on later"


def test_a_list_of_events_says_where_the_song_goes_on() -> None:
    lines = written(looped(factories.timeline(4, rate="30000/1001")), "edl").decode().splitlines()
    assert [line for line in lines if line.startswith("* SONG")] == [
        "* SONG: song.mp3 FROM 12.500 S AT 01:00:00:00",
        "* SONG: song.mp3 FROM 19.991 S AT 01:00:01:15",
        "* SONG: song.mp3 FROM 40.253 S AT 01:00:03:00",
    ]


@pytest.mark.parametrize("audio", ["source", "both", "none"])
@pytest.mark.parametrize("form", WITH_TRACKS)
def test_the_clips_own_sound_travels(form: str, audio: str) -> None:
    timeline = factories.timeline(3).replace(audio=audio)
    found = read(written(timeline, form))
    tracks = [track for track in found.tracks if track.kind == "audio"]
    if form == "fcpxml":  # there the picture's own clip sounds
        assert len(tracks) == (audio == "both")
        heard = b'hasAudio="1"' in written(timeline, form).split(b"</resources>")[0].split(b"song.mp3")[0]
        assert heard == (audio != "none")
        return
    assert len(tracks) == {"source": 1, "both": 2, "none": 0}[audio]
    if tracks:
        assert [event.record for event in tracks[-1].events] == [clip.span for clip in timeline.clips]
        assert [event.source_start_s for event in tracks[-1].events] == [clip.source_start_s for clip in timeline.clips]


@pytest.mark.parametrize("form", WITH_TRACKS)
def test_dissolves_are_centred_where_there_is_picture_for_them(form: str) -> None:
    timeline = factories.timeline(4)
    media = timeline.media_of(timeline.clips[1])
    import dataclasses

    clips = list(timeline.clips)
    clips[1] = dataclasses.replace(clips[1], source_start_frame=40)
    joins = (
        Transition("clip_1", "clip_2", "quick_dissolve", duration_frames=9),
        Transition("clip_2", "clip_3", "quick_dissolve", duration_frames=8),  # clip 3 begins at its file's first frame
        Transition("clip_3", "clip_4", "whip_pan", duration_frames=8),
    )
    edit = timeline.replace(clips=tuple(clips), transitions=joins)
    result = WRITERS[form].write(edit)
    (track,) = [one for one in read(result.content).tracks if one.kind == "video"]
    assert [(join.at, join.before, join.after) for join in track.transitions] == [(30, 4, 5)]
    assert [event.record for event in track.events] == [clip.span for clip in edit.clips]
    assert track.events[1].source_start_s == Fraction(40, 30), media.name
    assert any(line.startswith("2 transitions") for line in result.dropped)
    if form.endswith("otio"):
        otio.adapters.read_from_string(result.content.decode(), "otio_json")


def test_a_moving_crop_moves_in_premiere() -> None:
    """Keyframes count as `in` does; the framing at each is that of the crop."""
    from engine.model.timeline import CropKey

    timeline = factories.timeline(1)
    import dataclasses

    keys = (CropKey(0, 0.0, 0.1, 1.0, 0.5), CropKey(20, 0.0, 0.4, 1.0, 0.5))
    clip = dataclasses.replace(timeline.clips[0], crop=keys, source_start_frame=60)
    edit = timeline.replace(clips=(clip,))
    item = ET.fromstring(written(edit, "fcp7")).find(".//video/track/clipitem")
    assert item is not None
    centre = next(one for one in item.iter("parameter") if one.findtext("parameterid") == "center")
    rows = [(int(key.findtext("when") or 0), float(key.findtext("value/vert") or 0)) for key in centre.findall("keyframe")]
    assert [at for at, _ in rows] == [60, 80]
    assert rows[1][1] < rows[0][1] == pytest.approx(float(centre.findtext("value/vert") or 0))
    clip_json = json.loads(written(edit, "premiere-otio"))["tracks"]["children"][0]["children"][0]
    motion = next(one for one in clip_json["effects"] if one["effect_name"] == "Motion")["metadata"]["PremierePro_OTIO"]["Parameters"]
    moving = next(one for one in motion if one["DisplayName"] == "Position")["Keyframes"]
    assert [key["Value"]["Y"] - 0.5 for key in moving] == pytest.approx([at for _, at in rows])
