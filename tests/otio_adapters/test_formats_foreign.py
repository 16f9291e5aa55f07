"""Files of other programs: real exports, their habits one by one, and what is broken or malicious."""

from __future__ import annotations

import contextlib
import json
import random
import re
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import factories
import opentimelineio as otio
import pytest
from damage import damaged, whole_files

from engine.errors import DocumentError
from engine.model import documents
from engine.model.cutlist import CutEvent, CutList, MediaLink
from engine.model.time import FrameRate
from otio_adapters.readers import READERS, format_of
from otio_adapters.untrusted import MOST_BYTES
from otio_adapters.writers import WRITERS

NTSC = FrameRate(30_000, 1001)


def read(content: str | bytes | dict[str, Any], form: str = "any") -> CutList:
    if isinstance(content, dict):
        content = json.dumps(content)
    return READERS[form].read(content.encode() if isinstance(content, str) else content, "cut.file")


def sample(shared_folder: Path, name: str) -> CutList:
    return read((shared_folder / "nle_samples" / name).read_bytes())


def spans(found: CutList, track: int = 0) -> list[tuple[int, int]]:
    return [(event.record.start, event.record.end) for event in found.tracks[track].events]


def source_frames(event: CutEvent, rate: FrameRate) -> tuple[Fraction, Fraction]:
    return event.source_start_s * rate.fraction, event.source_end_s * rate.fraction


# --- real exports -----------------------------------------------------------------------------------------------------

COUNTS = {
    "aswf_picchu_effects.otio": (20, 17),
    "ayon_clip_movie_with_handles.json": (1, 0),
    "ayon_clip_qt_embedded_tc.json": (1, 0),
    "ayon_clip_qt_retimed_speed.json": (1, 0),
    "ofk_29.97.fcpxml": (12, 0),
    "ofk_TransitionMarkers1.fcpxml": (3, 0),
    "otio_fcpx_example.fcpxml": (11, 6),
    "otio_premiere_enable_property.xml": (6, 5),
    "otio_premiere_example.xml": (9, 7),
    "tcx_hard-cuts-1-13.fcpxml": (5, 0),
}
"""Clips on picture tracks and on sound tracks (stereo pairs once, nests by what they show), as counted in the files by other means."""


@pytest.mark.parametrize("name", sorted(COUNTS))
def test_every_sample_is_read(shared_folder: Path, name: str) -> None:
    found = sample(shared_folder, name)
    counts = tuple(sum(len(track.events) for track in found.tracks if track.kind == kind) for kind in ("video", "audio"))
    assert counts == COUNTS[name]
    for track in found.tracks:
        ends = [0, *(event.record.end for event in track.events)]
        assert all(event.record.start >= end for event, end in zip(track.events, ends)), "tracks do not overlap"
    assert documents.decode(documents.encode(found)) == found, "what is read can be kept"


def test_resolves_own_file(shared_folder: Path) -> None:
    """Offline media keep their place, transitions theirs; what nobody touched is not called lost."""
    found = sample(shared_folder, "aswf_picchu_effects.otio")
    assert (found.rate, found.start_frame) == (FrameRate(24), 86_400)
    assert spans(found)[:3] == [(0, 444), (444, 500), (500, 513)]
    (join,) = found.tracks[0].transitions
    assert (join.at, join.before, join.after, join.kind) == (444, 30, 30, "dissolve")
    events = [event for track in found.tracks for event in track.events]
    assert all(event.media.path and event.media.path.startswith("/Users/") for event in events)
    assert any(event.media.path and event.media.path.endswith("sq0100_sh0010_layout_v004.mp4") for event in events)
    assert not any("Cropping" in line for line in found.dropped)


@pytest.mark.parametrize("writer", [None, "otio", "resolve-otio"])
def test_opentimelineio_is_of_the_same_opinion(shared_folder: Path, writer: str | None) -> None:
    """Resolve's file and ours, every track: record and source ranges as the library computes them."""
    ours = WRITERS[writer].write(factories.timeline(9, rate="24000/1001", beats_per_clip=3)).content if writer else b""
    content = ours or (shared_folder / "nle_samples" / "aswf_picchu_effects.otio").read_bytes()
    timeline = otio.adapters.read_from_string(content.decode(), "otio_json")
    found = read(content)
    assert len(timeline.tracks) == len(found.tracks)
    for track, own in zip(timeline.tracks, found.tracks, strict=True):
        clips = [child for child in track if isinstance(child, otio.schema.Clip)]
        for clip, event in zip(clips, own.events, strict=True):
            record, used = track.range_of_child(clip), clip.source_range
            start = record.start_time.rescaled_to(found.rate.fps).value
            assert (event.record.start, event.record.duration) == (round(start), round(record.duration.value))
            assert float(event.source_start_s) == pytest.approx(used.start_time.to_seconds(), abs=1e-9)
            assert float(event.source_end_s) == pytest.approx(used.end_time_exclusive().to_seconds(), abs=1e-9)
            assert event.name == clip.name


def test_resolves_clips_with_timecode_and_speed(shared_folder: Path) -> None:
    (event,) = sample(shared_folder, "ayon_clip_qt_embedded_tc.json").tracks[0].events
    assert (event.source_start_s, event.source_end_s, event.media.media_start_s) == (Fraction(90_032, 25), Fraction(90_076, 25), 3600)
    assert event.media.rate == FrameRate(24) and event.markers[0].position_s == Fraction(22, 25)
    (event,) = sample(shared_folder, "ayon_clip_qt_retimed_speed.json").tracks[0].events
    assert (event.speed, event.record.duration) == (Fraction(5, 2), 171)
    assert event.source_end_s == Fraction(171, 25) * Fraction(5, 2)
    assert event.media.path is not None and event.media.path.startswith("C:\\Users")


def test_final_cuts_own_files(shared_folder: Path) -> None:
    found = sample(shared_folder, "tcx_hard-cuts-1-13.fcpxml")
    assert spans(found) == [(0, 466), (466, 1022), (1022, 1509), (1509, 2128), (2128, 2641)]
    first = found.tracks[0].events[0]
    assert source_frames(first, NTSC)[0] == 1_510_968, "in points lie on the camera's own frames"
    assert first.media.media_start_s == Fraction(1_499_755_257, 30_000)
    assert first.media.path == "/Volumes/Pinnate/FCP/Final Cut Original Media/2025-04-20/GX010163.mov"
    found = sample(shared_folder, "ofk_29.97.fcpxml")
    compound = found.tracks[0].events[2]
    assert compound.media.name == "TestVideo", "a compound of one clip shows that clip"
    assert compound.source_start_s == Fraction(452_452, 30_000)
    retimed = found.tracks[0].events[3]
    assert retimed.speed == Fraction(9_168_210, 4_436_211)
    assert retimed.source_start_s == Fraction(427_683, 30_000) * retimed.speed
    joins = sample(shared_folder, "ofk_TransitionMarkers1.fcpxml").tracks[0].transitions
    assert [(one.at, one.before, one.after) for one in joins] == [(0, 0, 24), (240, 12, 12), (480, 12, 12), (720, 24, 0)]


def test_connected_stories_and_lanes(shared_folder: Path) -> None:
    found = sample(shared_folder, "otio_fcpx_example.fcpxml")
    assert [(track.kind, track.name) for track in found.tracks] == [("video", "V1"), ("video", "V2"), ("video", "V3"), ("audio", "A2")]
    assert spans(found, 1) == [(600, 900), (1500, 1785), (1785, 2070)]
    assert [event.name for event in found.tracks[1].events] == ["IMG_0513", "IMG_0268", "IMG_0740"]
    assert spans(found, 2) == [(1937, 2237)]
    assert found.tracks[1].events[0].markers[0].position_s == 2
    assert any("project" in line for line in found.dropped) and not any("compound" in line for line in found.dropped)


def test_premieres_own_files(shared_folder: Path) -> None:
    found = sample(shared_folder, "otio_premiere_example.xml")
    first = found.tracks[0].events[0]
    assert (first.record.start, first.record.end) == (536, 636) and first.source_end_s == Fraction(50, 15), (
        "its own rate, not the sequence's"
    )
    assert first.media.path == "D:/media/sc01_sh010_anim.mov" and first.label == "Iris"
    before, after = found.tracks[3].events
    (join,) = found.tracks[3].transitions
    assert (before.record.end, after.record.start, join.at) == (1164, 1164, 1164)
    assert (join.before, join.after) == (12, 13)
    assert source_frames(after, FrameRate(30)) == (18, 100), "the in point moves to the cut, as Premiere's sound track has it"
    switched = sample(shared_folder, "otio_premiere_enable_property.xml")
    assert [event.enabled for event in switched.tracks[0].events] == [True, False, True, False]
    assert [track.enabled for track in switched.tracks if track.kind == "video"] == [True, True, False]
    assert switched.tracks[0].events[1].source_start_s == Fraction(434, 25), "the file's timecode counts"


# --- OpenTimelineIO ---------------------------------------------------------------------------------------------------


def otio_file(change: Callable[[dict[str, Any]], None], writer: str = "resolve-otio") -> dict[str, Any]:
    document: dict[str, Any] = json.loads(WRITERS[writer].write(factories.timeline(3)).content)
    change(document)
    return document


def clips_of(document: dict[str, Any]) -> list[dict[str, Any]]:
    return [child for child in document["tracks"]["children"][0]["children"] if child["OTIO_SCHEMA"].startswith("Clip")]


def test_newer_schemas_are_read() -> None:
    def newer(document: dict[str, Any]) -> None:
        document["OTIO_SCHEMA"] = "Timeline.9"
        for clip in clips_of(document):
            clip["OTIO_SCHEMA"] = "Clip.7"
            for marker in clip["markers"]:
                marker["OTIO_SCHEMA"], marker["unheard_of"] = "Marker.3", {"deep": [1, 2]}

    assert read(otio_file(newer)) == read(otio_file(lambda _: None))


def test_older_schemas_are_read() -> None:
    def older(document: dict[str, Any]) -> None:
        for clip in clips_of(document):
            clip["OTIO_SCHEMA"] = "Clip.1"
            clip["media_reference"] = clip.pop("media_references")["DEFAULT_MEDIA"]
            del clip["active_media_reference_key"], clip["enabled"]
        del document["global_start_time"]

    found = read(otio_file(older))
    assert found.start_frame == 0 and found.rate == FrameRate(30)
    assert found.tracks == read(otio_file(lambda _: None)).tracks


def test_gaps_missing_media_and_padding() -> None:
    def gapped(document: dict[str, Any]) -> None:
        children = document["tracks"]["children"][0]["children"]
        gap = {"OTIO_SCHEMA": "Gap.1", "source_range": children[0]["source_range"]}
        children[0]["media_references"]["DEFAULT_MEDIA"] = {
            "OTIO_SCHEMA": "MissingReference.1",
            "metadata": {"Resolve_OTIO": {"Media Url": "/lost/a.mp4"}},
        }
        children.insert(1, gap)
        children.append(gap)

    found = read(otio_file(gapped))
    assert spans(found) == [(0, 30), (60, 90), (90, 120)]
    assert found.tracks[0].events[0].media == MediaLink("front_cam_001.mp4", "/lost/a.mp4")


def test_premiere_counts_retimed_clips_in_source_frames() -> None:
    def faster(document: dict[str, Any]) -> None:
        clips_of(document)[0]["effects"] = [{"OTIO_SCHEMA": "LinearTimeWarp.1", "time_scalar": 2.0}]

    resolve = read(otio_file(faster)).tracks[0].events
    assert (resolve[0].record.end, resolve[0].source_end_s) == (30, 2)

    def premieres(document: dict[str, Any]) -> None:
        faster(document)
        document["metadata"] = {"PremierePro_OTIO": {"MetadataVersion": "1.0"}}
        document["tracks"]["metadata"] = {"PremierePro_OTIO": {"VideoResolution": {"width": 1080, "height": 1920}}}

    found = read(otio_file(premieres))
    assert (found.width, found.height) == (1080, 1920)
    assert [(one.record.end, one.source_end_s) for one in found.tracks[0].events][:2] == [(15, 1), (45, 1)]


@pytest.mark.parametrize(
    ("change", "locked"),
    [
        (lambda clip: clip.update(name="[L] look 3"), True),
        (lambda clip: clip["markers"].append({**clip["markers"][0], "name": "LOCK", "metadata": {}}), True),
        (
            lambda clip: clip["markers"].append({**clip["markers"][0], "name": "", "comment": "locked: client's choice", "metadata": {}}),
            True,
        ),
        (lambda clip: clip["markers"].append({**clip["markers"][0], "name": "unlock me", "metadata": {}}), False),
        (lambda clip: clip.update(name="locket.mov"), False),
        (lambda clip: clip.update(enabled=False), False),
    ],
)
def test_marks_that_lock(change: Callable[[dict[str, Any]], None], locked: bool) -> None:
    found = read(otio_file(lambda document: change(clips_of(document)[0])))
    assert [event.locked for event in found.tracks[0].events] == [locked, True, False], "clip 2 was locked before"


def test_locked_tracks() -> None:
    def lock(document: dict[str, Any]) -> None:
        document["tracks"]["children"][0]["metadata"]["Resolve_OTIO"]["Locked"] = True

    assert [track.locked for track in read(otio_file(lock)).tracks] == [True, False]
    content = WRITERS["fcp7"].write(factories.timeline(2)).content.replace(b"<locked>FALSE", b"<locked>TRUE", 1)
    assert [track.locked for track in read(content).tracks] == [True, False]


# --- Final Cut 7 XML --------------------------------------------------------------------------------------------------


def test_resolves_xml_without_ticks() -> None:
    """Resolve writes no ticks and puts `(Resolve)` behind the name; in and out are on the sequence's grid."""
    content = WRITERS["fcp7"].write(factories.timeline(3, rate="30000/1001")).content.decode()
    bare = re.sub(r"\s*<pproTicks(In|Out)>\d+</pproTicks(In|Out)>", "", content).replace("<name>Cutprint<", "<name>Cutprint (Resolve)<")
    found, wanted = read(bare), read(content)
    assert found.name == "Cutprint (Resolve)"
    for event, own in zip(found.tracks[0].events, wanted.tracks[0].events, strict=True):
        assert event.record == own.record
        assert abs(event.source_start_s - own.source_start_s) <= NTSC.frame_duration / 2


def test_a_retimed_clip_by_its_ticks() -> None:
    remap = (
        "<filter><effect><name>Time Remap</name><effectid>timeremap</effectid>"
        "<parameter><parameterid>variablespeed</parameterid><value>0</value></parameter>"
        "<parameter><parameterid>speed</parameterid><value>50</value></parameter></effect></filter>"
    )
    content = WRITERS["fcp7"].write(factories.timeline(1)).content.decode()
    half = content.replace("<sourcetrack>", f"{remap}<sourcetrack>", 1)
    (event,) = read(re.sub(r"<pproTicksOut>\d+", f"<pproTicksOut>{254_016_000_000 // 2}", half, count=1)).tracks[0].events
    assert (event.speed, event.source_end_s, event.record.duration) == (Fraction(1, 2), Fraction(1, 2), 30)
    bare = re.sub(r"\s*<pproTicks(In|Out)>\d+</pproTicks(In|Out)>", "", half)
    (event,) = read(bare).tracks[0].events
    assert event.speed == Fraction(1, 2)


# --- nested timelines --------------------------------------------------------------------------------------------------


def nested_otio(content: bytes) -> bytes:
    """Clips 2 and 3 of four in a compound of which the first and last ten frames are cut off."""
    document = json.loads(content)
    row = document["tracks"]["children"][0]["children"]
    rate = row[1]["source_range"]["duration"]["rate"]
    inner = {**document["tracks"]["children"][0], "children": row[1:3], "name": "inside"}
    time = {"OTIO_SCHEMA": "RationalTime.1", "rate": rate}
    used = {"OTIO_SCHEMA": "TimeRange.1", "start_time": {**time, "value": 10}, "duration": {**time, "value": 40}}
    stack = {"OTIO_SCHEMA": "Stack.1", "name": "Compound 1", "source_range": used, "children": [inner], "metadata": {}}
    row[1:3] = [stack]
    return json.dumps(document).encode()


def nested_xml(content: bytes, inline: bool) -> bytes:
    """The same in Final Cut 7 XML, the nested sequence within the clip or beside the outer one."""
    root = ET.fromstring(content)
    outer = root.find("sequence")
    track = root.find(".//video/track")
    assert outer is not None and track is not None
    items = track.findall("clipitem")
    nest = ET.fromstring("<sequence id='sequence-2'><rate><timebase>30</timebase></rate><media><video><track/></video></media></sequence>")
    inside = nest.find(".//track")
    assert inside is not None
    for item in items[1:3]:
        track.remove(item)
        inside.append(item)
        for name in ("start", "end"):
            place = item.find(name)
            assert place is not None
            place.text = str(int(place.text or 0) - 30)
    clip = ET.fromstring("<clipitem id='n'><name>Nested</name><start>30</start><end>70</end><in>10</in><out>50</out></clipitem>")
    track.insert(1, clip)
    clip.append(nest if inline else ET.fromstring("<sequence id='sequence-2'/>"))
    if not inline:
        root.insert(0, nest)
    return ET.tostring(root)


@pytest.mark.parametrize("form", ["otio", "inline", "beside"])
def test_nested_timelines_are_unrolled(form: str) -> None:
    timeline = factories.timeline(4)
    plain = WRITERS["resolve-otio" if form == "otio" else "fcp7"].write(timeline).content
    found = read(nested_otio(plain) if form == "otio" else nested_xml(plain, form == "inline"))
    events = found.tracks[0].events
    end = 100 if form == "otio" else 120  # what follows closes up, or stays
    assert spans(found) == [(0, 30), (30, 50), (50, 70), (end - 30, end)]
    assert [event.source_start_s for event in events] == [0, Fraction(10, 30), 0, 0]
    assert [event.media.name for event in events] == [clip.file for clip in timeline.clips]
    assert [event.metadata["cutprint"]["id"] for event in events] == [clip.id for clip in timeline.clips]
    assert not found.dropped


def test_nests_that_double_at_every_level_are_not_followed_for_ever() -> None:
    def nest(number: int) -> str:
        clip = f"<clipitem><start>0</start><end>9</end><in>0</in><out>9</out><sequence id='s{number + 1}'/></clipitem>"
        track = f"<media><video><track>{clip * 9}</track></video></media>"
        return f"<sequence id='s{number}'><rate><timebase>30</timebase></rate>{track}</sequence>"

    begun = time.process_time()
    with contextlib.suppress(DocumentError):
        read("<xmeml>" + "".join(nest(number) for number in range(30)) + "</xmeml>")
    assert time.process_time() - begun < 10


# --- EDL --------------------------------------------------------------------------------------------------------------


def edl(*lines: str, fcm: str = "NON-DROP FRAME") -> CutList:
    return read("\r\n".join(["TITLE: Test", f"FCM: {fcm}", "", *lines, ""]))


def test_colons_under_drop_frame_mean_drop_frame() -> None:
    found = edl(
        "001  A001     V     C        01:00:59:20 01:01:00:10 01:00:59:20 01:01:00:10",
        "002  A002     V     C        02:00:00:00 02:00:01:00 01:01:00:10 01:01:01:10",
        fcm="DROP FRAME",
    )
    assert found.rate == NTSC and found.drop_frame
    assert spans(found) == [(0, 18), (18, 48)], "two labels fall out at the minute"
    assert source_frames(found.tracks[0].events[0], NTSC)[0] == NTSC.frames_of_timecode("01:00:59;20")


def test_dissolves_speeds_black_and_channels() -> None:
    found = edl(
        "001  BL       V     C        00:00:00:00 00:00:02:00 00:59:58:00 01:00:00:00",
        "002  AX       B     C        10:00:00:00 10:00:02:00 01:00:00:00 01:00:02:00",
        "* FROM CLIP NAME: [L] first.mov",
        "003  AX       V     C        10:00:02:00 10:00:02:00 01:00:02:00 01:00:02:00",
        "003  B7       V     D    012 03:00:00:00 03:00:04:00 01:00:02:00 01:00:04:00",
        "M2   B7             050.0                03:00:00:00",
        "* FROM CLIP NAME: [L] first.mov",
        "* TO CLIP NAME: second.mov",
        "* LOC: 01:00:03:00 RED     beat drop",
        "004  C1       AA/V  C        00:00:10:24 00:00:11:24 01:00:04:00 01:00:05:00",
    )
    assert found.rate == FrameRate(25) and "inferred" in found.dropped[0]
    video, audio = found.tracks
    assert spans(found) == [(50, 100), (100, 150), (150, 175)], "black is a gap"
    assert [event.name for event in video.events] == ["[L] first.mov", "second.mov", "C1"]
    assert [event.locked for event in video.events] == [True, False, False]
    assert (video.events[1].speed, video.events[1].source_end_s - video.events[1].source_start_s) == (2, 4)
    assert [(join.at, join.before, join.after, join.kind) for join in video.transitions] == [(100, 0, 12, "dissolve")]
    assert [(event.record.start, event.record.end) for event in audio.events] == [(50, 100), (150, 175)]
    (mark,) = found.markers
    assert (mark.position_s, mark.name, mark.colour) == (5, "beat drop", "RED")


def test_resolves_markers_and_other_encodings() -> None:
    text = "TITLE: Été\r\n\r\n001  001      V     C        01:00:00:00 01:00:00:01 01:00:00:00 01:00:00:01\r\n"
    marked = read(text + " |C:ResolveColorBlue |M:hook |D:1\r\n")
    assert [(mark.name, mark.colour) for mark in marked.markers] == [("hook", "Blue")]
    assert read(text.encode("latin-1")).name == read(text.encode("utf-16")).name == read(b"\xef\xbb\xbf" + text.encode()).name == "Été"


# --- places -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("file:///shoot/a%20b.mp4", "/shoot/a b.mp4"),
        ("file://localhost/D%3a/media/a.mov", "D:/media/a.mov"),
        ("file:///C:/Clips/%231%20100%25.mp4", "C:/Clips/#1 100%.mp4"),
        ("file:///shoot/a#1?.mp4", "/shoot/a#1?.mp4"),
        ("file://nas/media/a.mp4", "//nas/media/a.mp4"),
        ("file:/shoot/a.mp4", "/shoot/a.mp4"),
        ("file://C:/a.mp4", "C:/a.mp4"),
        ("/shoot/100% #1.mp4", "/shoot/100% #1.mp4"),
        (r"C:\Clips\a.mp4", r"C:\Clips\a.mp4"),
        (r"\\nas\a.mp4", r"\\nas\a.mp4"),
        ("file:///%D0%A1%F0%9F%8E%AC.mp4", "/С🎬.mp4"),
        ("https://example.org/a.mp4", None),
    ],
)
def test_urls_become_paths(url: str, path: str | None) -> None:
    assert MediaLink("a", url).path == path
    assert MediaLink("a").path is None


# --- what is refused --------------------------------------------------------------------------------------------------

LAUGHS = "".join(f'<!ENTITY l{k} "{"&l" + str(k - 1) + ";" if k else "ha"}{"&l" + str(k - 1) + ";" if k else ""}">' for k in range(30))


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "interchange_empty"),
        (b" \n", "interchange_empty"),
        (b"\x00\x01\x02", "interchange_unknown"),
        (b"hello", "interchange_unknown"),
        (b"<html></html>", "interchange_unknown"),
        (b"<fcpxml version='1.10'><resources>", "interchange_damaged"),
        (b"<fcpxml version='1.10'></fcpxml>", "interchange_empty"),
        (b"<xmeml version='4'><bin/></xmeml>", "interchange_empty"),
        (b"{}", "interchange_unknown"),
        (b"{]", "interchange_damaged"),
        (b'{"OTIO_SCHEMA": "SerializableCollection.1", "children": []}', "interchange_empty"),
        (b'{"OTIO_SCHEMA": "Timeline.1", "x": NaN}', "interchange_damaged"),
        (b"TITLE: nothing\r\n", "interchange_empty"),
        (b"TITLE: x\r\n001  A  V  C  01:00:00:00 01:00:00:00\r\n", "interchange_damaged"),
        (b"{" * 100_000, "interchange_damaged"),
        (b'{"OTIO_SCHEMA": "Stack.1", "children":' + b"[" * 100_000, "interchange_unsafe"),
        (b"<xmeml>" + b"<a>" * 200 + b"</a>" * 200 + b"</xmeml>", "interchange_unsafe"),
        (f"<!DOCTYPE fcpxml [{LAUGHS}]><fcpxml>&l29;</fcpxml>".encode(), "interchange_unsafe"),
        (b'<!DOCTYPE xmeml [<!ENTITY x SYSTEM "file:///etc/passwd">]><xmeml>&x;</xmeml>', "interchange_unsafe"),
        (b"TITLE: x\r\n" + b" " * MOST_BYTES, "interchange_unsafe"),
    ],
)
def test_what_cannot_be_read_is_refused_with_a_hint(content: bytes, code: str) -> None:
    with pytest.raises(DocumentError) as caught:
        read(content)
    assert caught.value.code == code and caught.value.hint
    assert "cut.file" in caught.value.message


def test_the_wrong_reader_says_so() -> None:
    for writer, wrong in (("fcp7", "fcpxml"), ("fcpxml", "fcp7"), ("edl", "otio"), ("otio", "edl")):
        with pytest.raises(DocumentError) as caught:
            read(WRITERS[writer].write(factories.timeline(1)).content, wrong)
        assert caught.value.code in ("interchange_unknown", "interchange_damaged")
    assert format_of(b"\xff\xfeT\x00I\x00T\x00L\x00E\x00:\x00") == "edl" and format_of(b"RIFF....") is None


def test_compounds_that_hold_each_other_end() -> None:
    clips = "".join(f'<ref-clip ref="r{k % 3}" offset="0s" duration="9s" name="c"/>' for k in range(60))
    media = "".join(f'<media id="r{k}"><sequence format="f"><spine>{clips}</spine></sequence></media>' for k in range(3))
    begun = time.process_time()
    found = read(
        f'<fcpxml version="1.10"><resources><format id="f" frameDuration="1/25s"/>{media}</resources>'
        f'<project name="p"><sequence format="f"><spine>{clips}</spine></sequence></project></fcpxml>'
    )
    assert time.process_time() - begun < 5
    assert all(event.media.url is None for track in found.tracks for event in track.events)


@pytest.mark.parametrize("seed", range(4))
def test_broken_files_are_read_or_refused(shared_folder: Path, seed: int) -> None:
    """Nothing but `DocumentError` comes out, and soon."""
    chance = random.Random(seed)
    refused = 0
    files = whole_files(shared_folder, 60_000)
    for number in range(200):
        content, _ = damaged(files[number % len(files)][1], chance, large=False)
        begun = time.process_time()
        try:
            found = read(content)
        except DocumentError as error:
            refused += 1
            assert error.code.startswith("interchange_") and error.hint
        else:
            for track in found.tracks:
                assert all(a.record.end <= b.record.start for a, b in zip(track.events, track.events[1:]))
        assert time.process_time() - begun < 2
    assert 20 < refused < 180, "some survive, some do not: the mutations reach further than the first line"
