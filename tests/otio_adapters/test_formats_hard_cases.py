"""What breaks interchange files in practice: odd edits, drop frame, retimes, one file used twice, names and places of every kind."""

from __future__ import annotations

import dataclasses
import re
import xml.etree.ElementTree as ET
from fractions import Fraction
from pathlib import Path

import factories
import opentimelineio as otio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.model.interchange import ExportOptions, Written
from engine.model.time import FrameRate, round_half_up
from engine.model.timeline import Timeline
from otio_adapters.fcp7_parts import TICKS_PER_S
from otio_adapters.places import bare_path
from otio_adapters.writers import WRITERS

NTSC = FrameRate(30_000, 1001)
DTDS = ("1.10", "1.11", "1.13")


def write(timeline: Timeline, form: str, **options: object) -> Written:
    return WRITERS[form].write(timeline, ExportOptions(**options))  # type: ignore[arg-type]


def child(parent: ET.Element, path: str) -> ET.Element:
    found = parent.find(path)
    assert found is not None, path
    return found


def number(parent: ET.Element, path: str) -> int:
    return int(child(parent, path).text or "")


def shot_at(rate: FrameRate, start_frame: int, *, drop: bool, at: FrameRate | None = None) -> Timeline:
    """Three seconds of one take that begins at a timecode, on a timeline at `at` (the take's own rate if not given)."""
    stream = factories.video(rate=rate, duration_frames=1000, start_frame=start_frame, has_timecode=True, drop_frame=drop)
    take = factories.media(1, stream=stream)
    clip = factories.placement(1, 0, 90, of=take, source_start_frame=45)
    return factories.timeline(1, rate=at or rate, clips=(clip,), duration_frames=90, media=(take, factories.song_media()), transitions=())


# --- any edit ---------------------------------------------------------------------------------------------------------


@settings(max_examples=40)
@given(timeline=factories.timelines(), version=st.sampled_from(DTDS), choice=st.sampled_from(("none", "all")))
def test_fcpxml_of_any_edit_is_valid(shared_folder: Path, timeline: Timeline, version: str, choice: str) -> None:
    lxml = pytest.importorskip("lxml.etree")
    with (shared_folder / "dtd" / f"FCPXMLv{version.replace('.', '_')}.dtd").open("rb") as file:
        dtd = lxml.DTD(file)
    content = write(timeline, "fcpxml", version=version, markers=choice).content
    tree = lxml.fromstring(content, lxml.XMLParser(load_dtd=False, resolve_entities=False))
    assert dtd.validate(tree), dtd.error_log.filter_from_errors()


def test_the_dtds_refuse_what_is_wrong(shared_folder: Path) -> None:
    lxml = pytest.importorskip("lxml.etree")
    with (shared_folder / "dtd" / "FCPXMLv1_10.dtd").open("rb") as file:
        dtd = lxml.DTD(file)
    content = write(factories.timeline(2), "fcpxml").content.replace(b'kind="original-media"', b'kind="unheard-of"')
    assert not dtd.validate(lxml.fromstring(content))


@settings(max_examples=40)
@given(timeline=factories.timelines(is_plain=True))
def test_final_cut_7_positions_of_any_edit(timeline: Timeline) -> None:
    """start/end follow each other; in/out and ticks tell of the same frames; every file is told once, before it is named again."""
    root = ET.fromstring(write(timeline, "fcp7").content)
    items = child(root, "sequence/media/video/track").findall("clipitem")
    at, known = 0, set[str]()
    for item, clip in zip(items, timeline.clips, strict=True):
        start, end, first, last = (number(item, name) for name in ("start", "end", "in", "out"))
        assert (start, end) == (at, at + clip.duration_frames)
        assert last - first == end - start
        assert first == round_half_up(clip.source_start_s * timeline.rate.fraction)
        ticks = number(item, "pproTicksIn"), number(item, "pproTicksOut")
        assert abs(Fraction(ticks[0], TICKS_PER_S) - clip.source_start_s) <= Fraction(1, TICKS_PER_S)
        assert abs(Fraction(ticks[1] - ticks[0], TICKS_PER_S) - timeline.rate.seconds(end - start)) <= Fraction(1, TICKS_PER_S)
        file = child(item, "file")
        assert (file.find("pathurl") is not None) == (file.attrib["id"] not in known)
        known.add(file.attrib["id"])
        assert (item.findtext("enabled") == "TRUE") == clip.enabled
        at = end
    assert at == number(child(root, "sequence"), "duration") == timeline.duration_frames


@settings(max_examples=40)
@given(timeline=factories.timelines(is_plain=True), name=st.sampled_from(("otio", "resolve-otio")))
def test_otio_of_any_edit_read_by_opentimelineio(timeline: Timeline, name: str) -> None:
    read = otio.adapters.read_from_string(write(timeline, name, markers="all").content.decode(), "otio_json")
    track = read.video_tracks()[0]
    assert len(track) == len(timeline.clips)
    for clip, own in zip(track, timeline.clips, strict=True):
        span = track.range_of_child(clip)
        assert (span.start_time.value, span.duration.value) == (own.timeline_start_frame, own.duration_frames)
        video = timeline.media_of(own).video
        assert video is not None
        begin = own.source_start_s + video.rate.seconds(video.start_frame)
        assert clip.source_range.start_time.to_seconds() == pytest.approx(float(begin), rel=1e-12, abs=1e-9)
        available = clip.media_reference.available_range
        assert (available.start_time.value, available.duration.value) == (video.start_frame, video.duration_frames)
        assert available.start_time.rate == pytest.approx(video.rate.fps)
        warps = [effect.time_scalar for effect in clip.effects if hasattr(effect, "time_scalar")]
        assert warps == ([] if own.speed == 1 else [float(own.speed)])
        assert clip.enabled == own.enabled
        mark = clip.markers[0].marked_range.start_time
        after_in = mark.value - clip.source_range.start_time.value
        assert 0 <= after_in < own.duration_frames, "the remark lies inside what is used"
    seen = [(marker.name, marker.marked_range.start_time.value) for marker in read.tracks.markers if marker.name != "cutprint"]
    wanted = [(marker.name, marker.frame) for marker in timeline.markers if marker.kind != "reason"]
    assert seen == wanted
    assert bool(read.audio_tracks()) == (timeline.song is not None)


@settings(max_examples=40)
@given(timeline=factories.timelines(is_plain=True))
def test_edl_of_any_edit_goes_on_without_a_gap(timeline: Timeline) -> None:
    text = write(timeline, "edl").content.decode()
    events = re.findall(r"^\d{3}  (\S+)\s+V     C        (\S+) (\S+) (\S+) (\S+)\r$", text, re.MULTILINE)
    assert len(events) == len(timeline.clips)
    day = timeline.rate.timebase * 86_400
    at = 3600 * timeline.rate.timebase
    for (_, *labels), clip in zip(events, timeline.clips, strict=True):
        begin, end, record, stop = (timeline.rate.frames_of_timecode(label) for label in labels)
        assert record == at
        assert (stop - record) % day == (end - begin) % day == clip.duration_frames
        at = stop


# --- drop frame -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rate", "frame", "drop", "label"),
    [
        ("30000/1001", 107_892, True, "01:00:00;00"),
        ("30000/1001", 1800, True, "00:01:00;02"),
        ("30000/1001", 108_000, False, "01:00:00:00"),
        ("60000/1001", 215_784, True, "01:00:00;00"),
        ("60000/1001", 3600, True, "00:01:00;04"),
        ("24000/1001", 86_400, False, "01:00:00:00"),
        ("25", 90_000, False, "01:00:00:00"),
    ],
)
def test_final_cut_7_says_the_timecode_that_the_camera_wrote(rate: str, frame: int, drop: bool, label: str) -> None:
    timeline = shot_at(FrameRate.parse(rate), frame, drop=drop)
    code = child(ET.fromstring(write(timeline, "fcp7").content), ".//video/track/clipitem/file/timecode")
    assert (code.findtext("string"), code.findtext("frame")) == (label, str(frame))
    assert code.findtext("displayformat") == ("DF" if drop else "NDF")
    assert code.findtext("rate/ntsc") == ("FALSE" if rate == "25" else "TRUE")
    assert code.findtext("rate/timebase") == {"24000/1001": "24", "25": "25", "30000/1001": "30", "60000/1001": "60"}[rate]


def test_edl_labels_are_those_of_the_source() -> None:
    def labels(timeline: Timeline) -> list[str]:
        return re.findall(r"\d\d:\d\d:\d\d[:;]\d\d", write(timeline, "edl", markers="none").content.decode())[:4]

    assert labels(shot_at(NTSC, 107_892, drop=True)) == ["01:00:01;15", "01:00:04;15", "01:00:00:00", "01:00:03:00"]
    assert labels(shot_at(NTSC, 108_000, drop=False)) == ["01:00:01:15", "01:00:04:15", "01:00:00:00", "01:00:03:00"]
    elsewhere = labels(shot_at(NTSC, 107_892, drop=True, at=FrameRate(25)))
    assert elsewhere[0] == "01:00:01:12", "another rate has no such labels: 3601.4979 s by the clock, 90037 frames of 25"


# --- edits that are not like the others -------------------------------------------------------------------------------


def test_what_is_lost_is_said() -> None:
    take = factories.media(1)
    clip = factories.placement(1, 0, 60, of=take, speed=Fraction(1, 2))
    timeline = factories.timeline(1, clips=(clip,), media=(take, factories.song_media()), transitions=(), duration_frames=60)
    for name in WRITERS:
        assert not any("speed" in line for line in write(timeline, name).dropped), f"{name} carries speeds"
    assert any("scores" in line for line in write(timeline, "edl").dropped) and not any(
        "scores" in line for line in write(timeline, "otio").dropped
    )
    assert [name for name in WRITERS if any(line.startswith("the song:") for line in write(timeline, name).dropped)] == ["edl"]
    joined = factories.timeline(3)
    for kind in ("whip_pan", "dip_to_black"):
        pan = dataclasses.replace(joined.transitions[0], type=kind, duration_frames=6)
        soft = joined.replace(transitions=(pan, *joined.transitions[1:]))
        for name in WRITERS:
            assert any("1 transition" in line and "cuts" in line for line in write(soft, name).dropped), name
            assert not any("transition" in line for line in write(joined, name).dropped), name


@pytest.mark.parametrize("name", sorted(WRITERS))
def test_one_file_used_twice_disabled_and_silent(name: str) -> None:
    take = factories.media(1)
    clips = (
        factories.placement(1, 0, 30, of=take, source_start_frame=10),
        factories.placement(2, 30, 30, of=take, source_start_frame=100, enabled=False),
    )
    silent = factories.timeline(2, clips=clips, media=(take,), song=None, duration_frames=60)
    content = write(silent, name).content.decode()
    if name == "fcpxml":
        root = ET.fromstring(content)
        assert len(root.findall(".//asset")) == 1 and not root.findall(".//asset[@hasAudio]")
        assert [clip.get("enabled") for clip in root.findall(".//spine/asset-clip")] == [None, "0"]
    elif name == "fcp7":
        root = ET.fromstring(content)
        assert len(root.findall(".//pathurl")) == 1 and not root.findall(".//audio/track")
        assert [item.findtext("enabled") for item in root.findall(".//video/track/clipitem")] == ["TRUE", "FALSE"]
    elif name == "edl":
        assert content.count("CP000001 V     C") == 1 and "* SONG" not in content
    else:
        read = otio.adapters.read_from_string(content, "otio_json")
        assert [clip.enabled for clip in read.video_tracks()[0]] == [True, False] and not read.audio_tracks()


def test_a_mono_song_is_one_track() -> None:
    mono = factories.song_media(audio=factories.sound(channels=1, duration_s=180.0))
    timeline = factories.timeline(2)
    timeline = timeline.replace(media=(*timeline.media[:-1], mono))
    tracks = ET.fromstring(write(timeline, "fcp7").content).findall(".//audio/track")
    assert len(tracks) == 1 and tracks[0].get("premiereTrackType") == "Mono" and not tracks[0].findall(".//link")


@pytest.mark.parametrize("path", [r"C:\Clips\a & b <1>.mp4", r"\\nas\Été 2025\#1 100%.mov", "/Volumes/Съёмка/🎬 'x'.mp4", "/a/]]>.mp4"])
def test_places_of_every_kind_stay_what_they_are(path: str) -> None:
    timeline = factories.timeline(1)
    timeline = timeline.replace(media=(dataclasses.replace(timeline.media[0], path=path), *timeline.media[1:]))
    name = timeline.media[0].name
    fcpxml, fcp7 = (ET.fromstring(write(timeline, one).content) for one in ("fcpxml", "fcp7"))
    assert child(fcpxml, ".//spine/asset-clip").get("name") == name
    url = child(fcpxml, ".//media-rep").get("src") or ""
    assert re.fullmatch(r"file://[A-Za-z0-9._~/:%-]*", url), "nothing but what RFC 3986 leaves as it is"
    assert fcp7.findtext(".//video/track/clipitem/name") == name
    text = write(timeline, "edl").content.decode()
    assert f"* FROM CLIP NAME: {name}\r\n" in text and f"* SOURCE FILE: {path}\r\n" in text
    resolve = otio.adapters.read_from_string(write(timeline, "resolve-otio").content.decode(), "otio_json")
    assert resolve.video_tracks()[0][0].media_reference.target_url == bare_path(path)
