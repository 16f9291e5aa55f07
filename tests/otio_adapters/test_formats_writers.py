"""Timelines for other programs: valid, exact on each format's grid, and the same cut when read by somebody else's reader."""

from __future__ import annotations

import dataclasses
import re
import xml.etree.ElementTree as ET
from fractions import Fraction
from pathlib import Path
from urllib.parse import unquote, urlsplit

import factories
import opentimelineio as otio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from round_trips import changed_edit

from engine.errors import BadOption
from engine.model import documents
from engine.model.interchange import ExportOptions
from engine.model.time import STANDARD_RATES, FrameRate
from engine.model.timeline import Timeline
from otio_adapters.fcp7_parts import TICKS_PER_S
from otio_adapters.framing import framing
from otio_adapters.places import bare_path, file_url, is_windows
from otio_adapters.writers import WRITERS

MARKERS = ("none", "sections", "beats", "reasons", "all")
AWKWARD = 'Съёмка #1 100% 🎬 & "raw" <x> 撮影.mp4'


def written(timeline: Timeline, form: str, **options: object) -> bytes:
    return WRITERS[form].write(timeline, ExportOptions(**options)).content  # type: ignore[arg-type]


def at_paths(timeline: Timeline, path: str) -> Timeline:
    """The same with its clips at `path`, in which `{}` is their number."""
    rows = [dataclasses.replace(row, path=path.format(k)) if row.kind == "video" else row for k, row in enumerate(timeline.media)]
    return dataclasses.replace(timeline, media=tuple(rows))


def renamed(timeline: Timeline, name: str = AWKWARD) -> Timeline:
    return at_paths(timeline, "/shoot/{}/" + name)


def seconds(text: str) -> Fraction:
    assert text.endswith("s")
    return Fraction(text[:-1])


# --- every format -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(WRITERS))
@pytest.mark.parametrize("rate", STANDARD_RATES, ids=str)
def test_every_format_at_every_rate(name: str, rate: FrameRate) -> None:
    result = WRITERS[name].write(factories.timeline(5, rate=rate), ExportOptions())
    assert result.content and "{file}" in result.import_hint
    assert any("timeline.json" in line for line in result.dropped) or name == "otio"


@settings(max_examples=40)
@given(timeline=factories.timelines(), choice=st.sampled_from(MARKERS))
def test_any_lawful_timeline_can_be_written(timeline: Timeline, choice: str) -> None:
    for name in WRITERS:
        content = written(timeline, name, markers=choice, name='Any "name" & <more>')
        if name in ("fcpxml", "fcp7"):
            ET.fromstring(content)
        elif name != "edl":
            otio.adapters.read_from_string(content.decode(), "otio_json")


@pytest.mark.parametrize("name", sorted(WRITERS))
def test_the_same_timeline_gives_the_same_bytes(name: str) -> None:
    assert written(factories.timeline(6), name) == written(factories.timeline(6), name)


@pytest.mark.parametrize("name", sorted(WRITERS))
def test_names_that_no_format_likes(name: str) -> None:
    timeline = renamed(factories.timeline(3), "odd \x01\x0b name\nwith lines.mp4")
    content = written(timeline, name)
    if name in ("fcpxml", "fcp7"):
        ET.fromstring(content)
    elif name == "edl":
        assert len(content.split(b"\r\n")) == len(written(renamed(factories.timeline(3), "plain.mp4"), name).split(b"\r\n"))
    else:
        otio.adapters.read_from_string(content.decode(), "otio_json")


# --- OpenTimelineIO ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["otio", "resolve-otio"])
@pytest.mark.parametrize("rate", STANDARD_RATES, ids=str)
def test_otio_reads_the_same_cut(name: str, rate: FrameRate) -> None:
    timeline = renamed(factories.timeline(6, rate=rate))
    read = otio.adapters.read_from_string(written(timeline, name).decode(), "otio_json")
    video, audio = read.video_tracks()[0], read.audio_tracks()[0]
    assert [clip.name for clip in video] == [AWKWARD] * 6
    assert read.global_start_time == otio.opentime.RationalTime(3600 * rate.timebase, rate.fps)
    for clip, own in zip(video, timeline.clips):
        span = video.range_of_child(clip)
        assert (span.start_time.value, span.duration.value) == (own.timeline_start_frame, own.duration_frames)
        assert span.start_time.rate == pytest.approx(rate.fps)
        begin = Fraction(clip.source_range.start_time.value) / Fraction(rate.fraction)
        media = timeline.media_of(own)
        assert media.video is not None
        assert float(begin) == pytest.approx(float(own.source_start_s + media.video.rate.seconds(media.video.start_frame)), abs=1e-6)
        assert clip.media_reference.available_range.duration.value == media.video.duration_frames
    song = audio[0]
    assert timeline.song is not None
    assert song.source_range.start_time.to_seconds() == pytest.approx(timeline.song.source_start_s, abs=1e-6)
    assert song.source_range.duration.value == timeline.duration_frames


def test_the_plain_file_carries_our_whole_document() -> None:
    timeline = factories.timeline(4)
    read = otio.adapters.read_from_string(written(timeline, "otio").decode(), "otio_json")
    document = documents.loads(read.metadata["cutprint"]["document"])
    assert documents.decode(document) == timeline
    assert [clip.metadata["cutprint"]["id"] for clip in read.video_tracks()[0]] == [clip.id for clip in timeline.clips]


def test_resolve_gets_bare_paths_and_its_own_metadata() -> None:
    windows = at_paths(factories.timeline(2), r"D:\Shoot May\{} #1.mp4")
    read = otio.adapters.read_from_string(written(windows, "resolve-otio").decode(), "otio_json")
    assert [clip.media_reference.target_url for clip in read.video_tracks()[0]] == ["D:/Shoot May/0 #1.mp4", "D:/Shoot May/1 #1.mp4"]
    assert read.metadata["Resolve_OTIO"]["Resolve OTIO Meta Version"] == "1.0"
    assert "cutprint" not in read.metadata, "Resolve drops what it does not know, so nothing depends on it"
    assert [track.name for track in read.tracks] == ["Video 1", "Audio 1"]


@pytest.mark.parametrize("choice", MARKERS)
def test_markers_are_chosen(choice: str) -> None:
    timeline = factories.timeline(4)
    read = otio.adapters.read_from_string(written(timeline, "otio", markers=choice).decode(), "otio_json")
    on_clips = [[marker.name for marker in clip.markers] for clip in read.video_tracks()[0]]
    assert all(bool(names) == (choice in ("reasons", "all")) for names in (on_clips[0], *on_clips[2:]))
    assert ("LOCK" in on_clips[1]) == (choice != "none") and not any("LOCK" in names for names in (on_clips[0], *on_clips[2:]))
    kinds = {marker.name for marker in read.tracks.markers}
    assert ("drop" in kinds) == (choice in ("sections", "beats", "all"))


# --- FCPXML -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", ["1.10", "1.11", "1.13"])
def test_fcpxml_is_valid_against_its_dtd(shared_folder: Path, version: str) -> None:
    lxml = pytest.importorskip("lxml.etree")
    with (shared_folder / "dtd" / f"FCPXMLv{version.replace('.', '_')}.dtd").open("rb") as file:
        dtd = lxml.DTD(file)
    for rate in STANDARD_RATES:
        for choice in MARKERS:
            content = written(renamed(factories.timeline(5, rate=rate)), "fcpxml", version=version, markers=choice)
            parser = lxml.XMLParser(load_dtd=False, resolve_entities=False)
            assert dtd.validate(lxml.fromstring(content, parser)), dtd.error_log.filter_from_errors()
    for seed in range(8):  # dissolves, speeds, joins and fades of the song, own sound, runners-up
        content = written(changed_edit(seed), "fcpxml", version=version, markers="all", alternates=True)
        assert dtd.validate(lxml.fromstring(content, parser)), dtd.error_log.filter_from_errors()


@settings(max_examples=30)
@given(timeline=factories.timelines())
def test_fcpxml_times_are_whole_frames_of_the_sequence(timeline: Timeline) -> None:
    root = ET.fromstring(written(timeline, "fcpxml"))
    frame = timeline.rate.frame_duration
    sequence = root.find(".//sequence")
    assert sequence is not None and seconds(sequence.attrib["duration"]) == timeline.duration_s
    at = seconds(sequence.attrib["tcStart"])
    assert (at / frame).denominator == 1
    spine = root.findall(".//spine/asset-clip")
    assert len(spine) == len(timeline.clips)
    for element, clip in zip(spine, timeline.clips):
        assert seconds(element.attrib["offset"]) == at, "clips follow each other without a gap"
        length = seconds(element.attrib["duration"])
        assert length == timeline.rate.seconds(clip.duration_frames)
        at += length
        asset = root.find(f".//asset[@id='{element.attrib['ref']}']")
        assert asset is not None
        media = timeline.media_of(clip)
        begin = seconds(element.attrib["start"]) * clip.speed - seconds(asset.attrib["start"])
        assert begin == clip.source_start_s
        rep = asset.find("media-rep")
        assert rep is not None and rep.attrib["src"] == file_url(media.path)
        form = root.find(f".//format[@id='{asset.attrib['format']}']")
        assert form is not None and media.video is not None
        assert seconds(form.attrib["frameDuration"]) == media.video.rate.frame_duration


def test_fcpxml_puts_the_song_under_the_whole_edit_and_refuses_other_versions() -> None:
    timeline = factories.timeline(4)
    root = ET.fromstring(written(timeline, "fcpxml"))
    song = root.find(".//spine/asset-clip/asset-clip")
    assert song is not None and timeline.song is not None
    assert song.attrib["lane"] == "-1" and seconds(song.attrib["duration"]) == timeline.duration_s
    assert float(seconds(song.attrib["start"])) == pytest.approx(timeline.song.source_start_s, abs=1e-4)
    parent = root.find(".//spine/asset-clip")
    assert parent is not None and song.attrib["offset"] == parent.attrib["start"], "connected at the first clip's first frame"
    with pytest.raises(BadOption) as caught:
        written(timeline, "fcpxml", version="2.0")
    assert caught.value.code == "bad_version"


# --- Final Cut Pro 7 XML ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rate", STANDARD_RATES, ids=str)
def test_fcp7_positions_agree_with_each_other(rate: FrameRate) -> None:
    timeline = factories.timeline(6, rate=rate)
    root = ET.fromstring(written(timeline, "fcp7"))
    sequence = root.find("sequence")
    assert sequence is not None
    assert sequence.findtext("rate/timebase") == str(rate.timebase)
    assert (sequence.findtext("rate/ntsc") == "TRUE") == (rate.numerator % 1001 == 0 or rate.denominator == 1001)
    items = root.findall(".//video/track/clipitem")
    assert len(items) == 6
    end = 0
    for item, clip in zip(items, timeline.clips):
        start, stop, first, last = (int(item.findtext(name) or "-1") for name in ("start", "end", "in", "out"))
        assert (start, stop) == (end, end + clip.duration_frames) and last - first == clip.duration_frames
        end = stop
        ticks = int(item.findtext("pproTicksIn") or 0), int(item.findtext("pproTicksOut") or 0)
        assert Fraction(ticks[0], TICKS_PER_S) == pytest.approx(clip.source_start_s, abs=1e-9)
        assert Fraction(ticks[1] - ticks[0], TICKS_PER_S) == pytest.approx(rate.seconds(clip.duration_frames), abs=1e-9)
        assert abs(first - clip.source_start_s * rate.fraction) <= Fraction(1, 2)
    assert end == timeline.duration_frames


def test_fcp7_declares_each_file_once_and_links_the_songs_channels() -> None:
    timeline = factories.timeline(4)
    clips = [dataclasses.replace(clip, media_id=timeline.clips[0].media_id, file=timeline.clips[0].file) for clip in timeline.clips]
    root = ET.fromstring(written(dataclasses.replace(timeline, clips=tuple(clips)), "fcp7"))
    files = root.findall(".//file")
    full = [one for one in files if one.find("pathurl") is not None]
    assert len(full) == len({one.attrib["id"] for one in files}) == 2
    assert all((one.findtext("pathurl") or "").startswith("file://localhost/") for one in full)
    songs = root.findall(".//audio/track/clipitem")
    assert len(songs) == 2
    for item in songs:
        assert [link.findtext("linkclipref") for link in item.findall("link")] == ["clipitem-song-1-1", "clipitem-song-1-2"]
        assert (item.findtext("start"), item.findtext("end")) == ("0", str(timeline.duration_frames))


def test_basic_motion_shows_the_crop() -> None:
    """Corners of the crop, put through scale and centre, are the corners of the frame."""
    media = factories.media(1, stream=factories.video(rotation=0))
    key = dataclasses.replace(factories.placement().crop[0], x=0.5, y=0.0, width=0.31640625, height=1.0)
    shown = framing(key, media, 1080, 1920)
    scale, x, y, rotation = shown.scale, shown.x, shown.y, shown.rotation
    assert rotation == 0
    size = scale / 100 * 1920, scale / 100 * 1080
    left = 540 + x * 1080 - size[0] / 2 + key.x * size[0]
    top = 960 + y * 1920 - size[1] / 2 + key.y * size[1]
    assert (left, top) == pytest.approx((0, 0), abs=0.6)
    assert (left + key.width * size[0], top + key.height * size[1]) == pytest.approx((1080, 1920), abs=0.6)


# --- EDL --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rate", STANDARD_RATES, ids=str)
def test_edl_events_follow_each_other(rate: FrameRate) -> None:
    timeline = renamed(factories.timeline(6, rate=rate))
    text = written(timeline, "edl").decode()
    assert text.startswith("TITLE: Cutprint\r\nFCM: NON-DROP FRAME\r\n")
    events = re.findall(r"^(\d{3})  (\S+)\s+V     C        (\S+) (\S+) (\S+) (\S+)\r$", text, re.M)
    assert [event[0] for event in events] == [f"{k + 1:03d}" for k in range(6)]
    at = 3600 * rate.timebase
    for (_, reel, *labels), clip in zip(events, timeline.clips):
        begin, end, record, stop = (rate.frames_of_timecode(label) for label in labels)
        assert end - begin == stop - record == clip.duration_frames
        assert record == at and len(reel) <= 8
        media = timeline.media_of(clip)
        assert media.video is not None
        wanted = (clip.source_start_s + media.video.rate.seconds(media.video.start_frame)) * rate.fraction
        assert abs(begin - wanted) <= Fraction(1, 2)
        at = stop
    assert f"* FROM CLIP NAME: {AWKWARD}" in text


def test_edl_says_what_is_beyond_its_numbers() -> None:
    timeline = factories.timeline(1100, beats_per_clip=1)
    result = WRITERS["edl"].write(timeline, ExportOptions())
    assert "everything after event 999" in result.dropped
    assert b"\r\n999  " in result.content and b"1000" not in result.content.split(b"SONG")[0].split(b"\r\n")[-1]


# --- paths ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "url"),
    [
        ("/shoot/a b.mp4", "file:///shoot/a%20b.mp4"),
        ("/s/#1 100%.mp4", "file:///s/%231%20100%25.mp4"),
        ("/s/é🎬.mp4", "file:///s/%C3%A9%F0%9F%8E%AC.mp4"),
        (r"C:\Users\Mira\a b.mp4", "file:///C:/Users/Mira/a%20b.mp4"),
        ("d:/x/y.mp4", "file:///d:/x/y.mp4"),
        (r"\\nas\media\clip #2.mp4", "file://nas/media/clip%20%232.mp4"),
    ],
)
def test_file_urls(path: str, url: str) -> None:
    assert file_url(path) == url
    back = urlsplit(url)
    assert unquote(back.path).lstrip("/").endswith(bare_path(path).rpartition("/")[2])
    if not path.startswith("\\\\"):
        assert file_url(path, "localhost") == url.replace("file://", "file://localhost", 1)


def test_windows_paths_are_known_on_every_system() -> None:
    assert is_windows(r"C:\a") and is_windows("c:/a") and is_windows(r"\\nas\a")
    assert not is_windows("/c:/a") and not is_windows("C:") and not is_windows("/a\\b")
    assert bare_path(r"C:\a\b.mp4") == "C:/a/b.mp4"
    assert bare_path("/a\\b.mp4") == "/a\\b.mp4", "a backslash is a letter elsewhere"
