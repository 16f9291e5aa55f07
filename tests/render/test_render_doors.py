"""`cutprint render` as it is used: platforms, masters, previews, covers, timelines of other programs, estimates; and golden arguments."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import factories
import ffmpeg as graphs
import footage
import numpy as np
import pytest
from films import timeline_of

from bridge_server.bootstrap import open_studio
from bridge_server.cli import main
from bridge_server.pages.rendering import render_page
from engine.errors import BadOption, DocumentError, MediaError
from engine.media.decode import FrameReader
from engine.media.decode import audio as heard_in
from engine.media.encode import write_video
from engine.media.ffmpeg import find_ffmpeg
from engine.media.probe import opened, probe
from engine.model import documents
from engine.model.media import Media
from engine.model.time import FrameRate
from engine.model.timeline import CropKey, Timeline, Transition
from engine.progress import SILENT
from engine.render.encoders import Encoding, choose, encoder_options
from engine.render.film import film_of
from engine.render.graph import plan_segments
from engine.render.picture import Look
from engine.render.presets import PRESETS, QUALITIES
from engine.render.preview import COPIED, Track, preview_arguments
from engine.render.sound import Level, encode_arguments, plan_sound, quick_sound
from engine.studio.context import Studio
from engine.studio.exporting import all_formats
from engine.studio.rendering import reframed, render
from engine.studio.requests import RenderRequest

RATE = FrameRate(30)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three numbered clips, a song, and an edit of them in a folder."""
    folder = tmp_path_factory.mktemp("job")
    for k, rate in ((1, "25"), (2, "30"), (3, "60")):
        footage.coded_video(folder / f"clip{k}.mp4", k, 70, rate)
    footage.click_song(folder / "song.wav", 120, 8)
    timeline = edit_in(folder)
    (folder / "edit").mkdir()
    (folder / "edit" / "timeline.json").write_text(documents.dumps(documents.encode(timeline)))
    return folder


def edit_in(folder: Path) -> Timeline:
    media = [probe(folder / f"clip{k}.mp4") for k in (1, 2, 3)]
    return timeline_of(media, RATE, [16, 14, 15], [10, 20, 8], folder / "song.wav")


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    with open_studio({"workspace": tmp_path_factory.mktemp("workspace")}) as one:
        yield one


def test_several_platforms_in_one_call(studio: Studio, home: Path, tmp_path: Path) -> None:
    request = RenderRequest(home / "edit", tmp_path / "film.mp4", ("square", "master"), "draft", cover="0.6")
    answer = render(studio, request, SILENT)
    square, master = (probe(tmp_path / name) for name in ("film-square.mp4", "film-master.mov"))
    assert square.video and (square.video.stored_width, square.video.stored_height, square.video.codec) == (1080, 1080, "h264")
    assert master.video and (master.video.stored_width, master.video.codec, master.video.pixel_format) == (180, "prores", "yuv422p10le")
    assert master.video.colour.matrix == "bt709" and master.audio and master.audio.codec == "pcm_s24le"
    assert [row["preset"] for row in answer["videos"]] == ["square", "master"] and answer["path"] == str(tmp_path / "film-square.mp4")
    assert Path(answer["cover"]["path"]).read_bytes()[:2] == b"\xff\xd8" and answer["cover"]["time_s"] == pytest.approx(0.6)
    page = render_page(answer)
    assert "1080x1080" in page and "cover" in page and "LUFS" in page
    again = render(studio, dataclasses.replace(request, preset=("square",), output=tmp_path / "film-square.mp4", cover=None), SILENT)
    assert again["segments_rendered"] == 0, "and its own file may be replaced"
    for name in ("film.mp4", "film.avi"):
        with pytest.raises(BadOption) as wrong:
            render(studio, RenderRequest(home / "edit", tmp_path / name, ("master",) if name.endswith("4") else ()), SILENT)
        assert wrong.value.code == "bad_output_name"


def test_dnxhr_masters(studio: Studio, home: Path, tmp_path: Path) -> None:
    timeline = dataclasses.replace(edit_in(home), width=360, height=640)
    (tmp_path / "timeline.json").write_text(documents.dumps(documents.encode(timeline)))
    render(studio, RenderRequest(tmp_path, tmp_path / "m.mov", ("master-dnxhr",)), SILENT)
    video = probe(tmp_path / "m.mov").video
    assert video and (video.codec, video.duration_frames, video.pixel_format) == ("dnxhd", 45, "yuv422p10le")


def test_an_estimate_makes_nothing(studio: Studio, home: Path, tmp_path: Path) -> None:
    answer = render(studio, RenderRequest(home / "edit", tmp_path / "film.mp4", ("tiktok",), estimate=True), SILENT)
    row = answer["videos"][0]
    assert row["estimated_bytes"] > 10_000 and row["at_most_bytes"] >= row["estimated_bytes"] and row["estimated_s"] > 0
    assert not list(tmp_path.iterdir()) and "about" in render_page(answer)


def test_without_sound_it_says_where_the_song_begins(studio: Studio, home: Path, tmp_path: Path) -> None:
    answer = render(studio, RenderRequest(home / "edit", tmp_path / "mute.mp4", audio="none"), SILENT)
    assert answer["song_start_s"] == 1.0 and probe(tmp_path / "mute.mp4").audio is None
    assert "Frame 0 is second 1.000 of the song." in render_page(answer)


def codes(path: Path) -> list[tuple[int, int] | None]:
    return [footage.read_code(frame.picture) for frame in FrameReader(probe(path), max_side_px=640)]


def wanted_codes(timeline: Timeline) -> list[tuple[int, int]]:
    found = []
    for number, clip in enumerate(timeline.clips, 1):
        for k in range(clip.duration_frames):
            found.append((number, clip.source_rate.frame_at(clip.source_start_s + RATE.seconds(k) + RATE.frame_duration / 30)))
    return found


def test_previews_from_small_copies(studio: Studio, home: Path, tmp_path: Path) -> None:
    timeline = edit_in(home)
    for kind in ("proxy", "crop"):
        answer = render(studio, RenderRequest(home / "edit", tmp_path / f"{kind}.mp4", preview=kind), SILENT)
        assert (answer["preview"]["kind"], answer["frames"], answer["preview"]["warnings"]) == (kind, 45, [])
        made = probe(tmp_path / f"{kind}.mp4")
        assert made.video and (made.video.rate, made.video.duration_frames, made.video.variable_rate) == (RATE, 45, False)
        assert made.audio is not None
        sources = [code[0] if code else 0 for code in codes(tmp_path / f"{kind}.mp4")]
        assert sources == [source for source, _ in wanted_codes(timeline)], "every cut on its frame"
    assert codes(tmp_path / "crop.mp4") == wanted_codes(timeline)
    with pytest.raises(BadOption):
        render(studio, RenderRequest(home / "edit", tmp_path / "x.mp4", preview="film"), SILENT)


def test_a_previews_sound_is_encoded_once_and_known_the_next_time(home: Path, tmp_path: Path) -> None:
    """New sound comes out of the same run as the picture, wherever the film lies: names with all that lists of files are split at."""
    folder = tmp_path / "it's | [mine], 50% \u00fc"
    folder.mkdir()
    heard, kept = [], []
    with open_studio({"workspace": tmp_path / "workspace"}) as studio:
        for name in ("first.mp4", "second.mp4"):
            render(studio, RenderRequest(home / "edit", folder / name, preview="proxy"), SILENT)
            heard.append(heard_in(folder / name, 48_000))
            kept += [(one.name, one.stat().st_ino) for one in (studio.workspace / "cache" / "segments").glob("*.m4a")]
    assert len(kept) == 2 and kept[0] == kept[1], "made once"
    assert len(heard[0]) >= 72_000 and np.array_equal(*heard) and np.abs(heard[0]).max() > 0.1
    assert sorted(one.name for one in folder.glob("*.mp4")) == ["first.mp4", "second.mp4"]


def test_a_cropped_preview_has_the_colours_and_the_whole_sound(studio: Studio, home: Path, tmp_path: Path) -> None:
    """A copy keeps its clip's matrix and says nothing about it: BT.709 must not be taken for BT.601, nor the sound end with a frame."""
    picture = np.zeros((180, 320, 3), np.uint8)
    picture[:] = (200, 60, 40)
    write_video(tmp_path / "red.mp4", (picture for _ in range(60)), RATE, (320, 180))
    timeline = timeline_of([probe(tmp_path / "red.mp4")], RATE, [45], [3], home / "song.wav")
    (tmp_path / "timeline.json").write_text(documents.dumps(documents.encode(timeline)))
    render(studio, RenderRequest(tmp_path, tmp_path / "crop.mp4", preview="crop"), SILENT)
    made = probe(tmp_path / "crop.mp4")
    assert made.audio and made.audio.duration_s == pytest.approx(1.5, abs=1e-4)
    copy = probe(next((studio.workspace / "cache" / "proxies").glob(f"{timeline.clips[0].media_id}*"))).video
    assert copy and (copy.colour.matrix, copy.colour.range) == ("bt709", "tv")
    shown = next(iter(FrameReader(made, pixel="rgb"))).picture
    assert np.abs(shown[shown.shape[0] // 2, shown.shape[1] // 2].astype(int) - (200, 60, 40)).max() <= 6


def test_a_rhythm_preview_needs_no_clips(studio: Studio, home: Path, tmp_path: Path) -> None:
    gone = dataclasses.replace(edit_in(home), media=tuple(_lost(row) for row in edit_in(home).media))
    (tmp_path / "timeline.json").write_text(documents.dumps(documents.encode(gone)))
    answer = render(studio, RenderRequest(tmp_path, tmp_path / "rhythm.mp4", preview="rhythm"), SILENT)
    light = [frame.picture[: frame.picture.shape[0] // 2].mean() for frame in FrameReader(probe(tmp_path / "rhythm.mp4"))]
    assert len(light) == 45 and [k for k in range(45) if light[k] > 240] == [0, 16, 30]
    heard = np.abs(heard_in(tmp_path / "rhythm.mp4", 48_000))
    for cut in (16, 30):
        assert heard[cut * 1600 : cut * 1600 + 480].max() > 0.2 > heard[cut * 1600 - 480 : cut * 1600 - 48].max()
    assert "beeps" in answer["preview"]["warnings"][0]


def _lost(row: Media) -> Media:
    return dataclasses.replace(row, path=f"/nowhere/{row.name}")


def test_timelines_of_other_programs(studio: Studio, home: Path, tmp_path: Path) -> None:
    """Our own exports, read as any other program's: the same frames come out."""
    timeline = edit_in(home)
    contents, _, _ = all_formats(studio, timeline)
    for name in ("timeline.otio", "timeline.fcpxml", "timeline.xml"):
        (tmp_path / name).write_bytes(contents[name])
        output = tmp_path / f"{Path(name).suffix[1:]}.mp4"
        answer = render(studio, RenderRequest(tmp_path / name, output), SILENT)
        made = probe(output)
        assert made.video and made.video.rate == RATE and made.video.duration_frames == 45, name
        assert [code[0] if code else 0 for code in codes(output)] == [source for source, _ in wanted_codes(timeline)], name
        assert made.audio is not None and answer["song_start_s"] == pytest.approx(1.0, abs=0.02), name


def test_an_edl_is_rendered_with_its_media_found_by_name(studio: Studio, home: Path, tmp_path: Path) -> None:
    """An EDL names files and no folders: they are looked for under --media."""
    timeline = edit_in(home)
    contents, _, _ = all_formats(studio, timeline)
    ours = ("* CUTPRINT", "* SOURCE FILE", "* SONG")
    lines = [line for line in contents["timeline.edl"].decode().splitlines() if not line.startswith(ours)]
    (tmp_path / "cut.edl").write_text("\n".join(lines) + "\n")
    request = RenderRequest(tmp_path / "cut.edl", tmp_path / "edl.mp4", media=home)
    render(studio, request, SILENT)
    made = probe(tmp_path / "edl.mp4").video
    assert made and (made.rate, made.duration_frames) == (RATE, 45)
    sources = [footage.read_code(frame.picture) for frame in FrameReader(probe(tmp_path / "edl.mp4"), max_side_px=960)]
    assert [code[0] if code else 0 for code in sources] == [source for source, _ in wanted_codes(timeline)]
    with open_studio({"workspace": tmp_path / "stranger"}) as stranger, pytest.raises(MediaError) as offline:
        render(stranger, RenderRequest(tmp_path / "cut.edl", tmp_path / "none.mp4", media=tmp_path), SILENT)
    assert offline.value.code == "media_offline" and len(offline.value.details["files"]) >= 3


@pytest.mark.skipif(os.name == "nt", reason="a shell script stands in for ffmpeg")
def test_a_failed_ffmpeg_says_what_it_said_and_how_to_repeat_it(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    real = find_ffmpeg().path
    broken = tmp_path / "ffmpeg"
    looks = "*-version*|*-filters*|*-encoders*|*ebur128*|*pcm_f32le*|*:a*aac*"
    words = "echo 'first word' >&2; echo 'the encoder is on holiday' >&2; exit 3"
    broken.write_text(f'#!/bin/sh\ncase "$*" in {looks}) exec {real} "$@" ;; *) {words} ;; esac\n')
    broken.chmod(0o755)
    monkeypatch.setenv("CUTPRINT_FFMPEG", str(broken))
    output = tmp_path / "film.mp4"
    monkeypatch.setattr(sys, "argv", ["cutprint", "render", str(home / "edit"), "-o", str(output)])
    with pytest.raises(SystemExit) as end:
        main()
    said = capfd.readouterr().err
    assert end.value.code == 3 and "the encoder is on holiday" in said and "first word" in said and not output.exists()
    command = said.splitlines()[said.splitlines().index("To repeat it:") + 1]
    assert "-c:v libx264" in command and "clip" in command
    again = subprocess.run(command.replace(str(broken), real), shell=True, capture_output=True, text=True, check=False)
    assert again.returncode == 0, again.stderr


def test_gaps_are_black_and_what_is_offline_is_listed(studio: Studio, home: Path, tmp_path: Path) -> None:
    contents, _, _ = all_formats(studio, edit_in(home))
    document = json.loads(contents["timeline.otio"])
    track = next(one for one in document["tracks"]["children"] if one["kind"] == "Video")
    clip = track["children"][1]
    track["children"][1] = {
        "OTIO_SCHEMA": "Gap.1",
        "name": "",
        "source_range": clip["source_range"],
        "metadata": {},
        "effects": [],
        "markers": [],
    }
    (tmp_path / "holes.otio").write_text(json.dumps(document))
    answer = render(studio, RenderRequest(tmp_path / "holes.otio", tmp_path / "holes.mp4"), SILENT)
    assert any("black" in line for line in answer["warnings"])
    light = [frame.picture.mean() for frame in FrameReader(probe(tmp_path / "holes.mp4"))]
    assert all(value < 18 for value in light[16:30]) and light[15] > 40 and light[30] > 40
    for child in document["tracks"]["children"]:
        child["enabled"] = child["kind"] != "Video"
    (tmp_path / "dark.otio").write_text(json.dumps(document))
    with pytest.raises(DocumentError) as dark:
        render(studio, RenderRequest(tmp_path / "dark.otio", tmp_path / "dark.mp4"), SILENT)
    assert dark.value.code == "interchange_empty" and not (tmp_path / "dark.mp4").exists()
    lost = contents["timeline.otio"].replace(b"clip2.mp4", b"elsewhere.mp4")
    (tmp_path / "lost.otio").write_bytes(lost)
    with pytest.raises(MediaError) as offline:
        render(studio, RenderRequest(tmp_path / "lost.otio", tmp_path / "lost.mp4"), SILENT)
    assert offline.value.code == "media_offline" and "elsewhere.mp4" in str(offline.value.details["files"])


def test_another_shape_is_cut_from_the_sources(studio: Studio, home: Path, tmp_path: Path) -> None:
    told = render(studio, RenderRequest(home / "edit", tmp_path / "w.mp4", ("landscape",), estimate=True), SILENT)
    assert any("clips are not measured" in line for line in told["warnings"]), "nobody knows where their subjects are"
    timeline = edit_in(home)
    narrow = tuple(dataclasses.replace(clip, crop=(CropKey(0, 0.6, 0.0, 0.316, 1.0),)) for clip in timeline.clips)
    wide = reframed(studio, dataclasses.replace(timeline, clips=narrow), 1920, 1080)
    assert (wide.width, wide.height) == (1920, 1080)


def test_hardware_that_is_not_there_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    preset, quality = PRESETS["instagram"], QUALITIES["high"]
    for asked in ("amf", "videotoolbox"):
        made, word = choose(asked, preset, quality, RATE, (1080, 1920))
        if made.encoder == "x264":
            assert word and asked in word and "x264" in word
        else:
            assert word is None and made.encoder == asked
    with pytest.raises(BadOption):
        choose("mpeg1", preset, quality, RATE, (1080, 1920))
    for name in ("nvenc", "qsv", "videotoolbox", "amf"):
        options = encoder_options(Encoding(name, "yuv420p", 12_000, quality), RATE, 8)
        assert options["flags"] == "+cgop" and options["maxrate"] == "12000k" and name in str(options["c:v"])


def test_platform_limits_are_said_before_the_start(studio: Studio, home: Path, tmp_path: Path) -> None:
    slow = dataclasses.replace(edit_in(home), rate=FrameRate(20))
    (tmp_path / "timeline.json").write_text(documents.dumps(documents.encode(dataclasses.replace(slow, song=None))))
    answer = render(studio, RenderRequest(tmp_path, tmp_path / "f.mp4", ("tiktok",), audio="none", estimate=True), SILENT)
    assert any("frames a second" in line for line in answer["warnings"])


GOLDEN = Path(__file__).parents[1] / "golden" / "render_arguments.json"


def test_arguments_are_the_golden_ones() -> None:
    """Regenerate with REGENERATE_GOLDEN=1 after a change that is meant, and raise SEGMENT_VERSION where pictures change."""
    timeline = factories.timeline(4)
    ids = [clip.id for clip in timeline.clips]
    kinds = ("quick_dissolve", "whip_pan", "dip_to_black")
    joints = tuple(Transition(a, b, kind, duration_frames=4) for a, b, kind in zip(ids, ids[1:], kinds))
    film = film_of(dataclasses.replace(timeline, transitions=joints))
    paths = {row.media_id: f"/media/{row.name}" for row in timeline.media}
    plans = {}
    for fit, encoder, pixels in (("crop", "x264", "yuv420p"), ("blur", "prores", "yuv422p10le")):
        look = Look(1080, 1920, timeline.rate, pixels, fit)
        encoding = Encoding(encoder, pixels, 12_000, QUALITIES["high"])
        plans[f"{fit} {encoder}"] = [list(plan.arguments) for plan in plan_segments(film, paths, look, encoding, "tool")]
    sound = plan_sound(film, paths, PRESETS["instagram"], QUALITIES["high"], -14.0)
    assert sound
    plans["sound"] = [list(sound.mix), list(encode_arguments("IN", "OUT", PRESETS["instagram"], QUALITIES["high"], Level(3.0, -1.0)))]
    quick = quick_sound(film, paths, PRESETS["instagram"], QUALITIES["draft"])
    assert quick
    copies = graphs.input("file:/list", f="concat", safe=0)["v:0"]
    track = Track(quick, Path("kept.m4a"), Path("part.m4a"))
    plans["preview"] = [list(preview_arguments(copies, COPIED, timeline.rate, track, Path("film.mp4")))]
    if os.environ.get("REGENERATE_GOLDEN"):
        GOLDEN.parent.mkdir(exist_ok=True)
        GOLDEN.write_text(json.dumps(plans, indent=1) + "\n")
    assert plans == json.loads(GOLDEN.read_text())


def test_streams_are_closed_and_joined_without_a_seam(studio: Studio, home: Path, tmp_path: Path) -> None:
    """Every segment begins with a key frame that decoders may start at, and all share one set of parameters."""
    render(studio, RenderRequest(home / "edit", tmp_path / "film.mp4"), SILENT)
    with opened(tmp_path / "film.mp4") as container:
        stream = container.streams.video[0]
        packets = [packet for packet in container.demux(stream) if packet.pts is not None]
        keys = sorted(round(packet.pts * stream.time_base * 30) for packet in packets if packet.is_keyframe)
        assert {0, 16, 30} <= set(keys)
        times = sorted(packet.pts * stream.time_base for packet in packets)
        assert times == [RATE.seconds(k) for k in range(45)], "the first frame is at 0, every frame on the grid"
