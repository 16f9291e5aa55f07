"""Rendering: every frame, every cut, every sample where the timeline says, whatever the sources are."""

from __future__ import annotations

import dataclasses
from fractions import Fraction
from pathlib import Path

import factories
import footage
import numpy as np
import pytest
from films import check, rendered, shown, timeline_of

from engine.errors import BadOption, Cancelled, MediaError
from engine.media import ffmpeg
from engine.media.decode import FrameReader
from engine.media.decode import audio as heard_in
from engine.media.probe import probe
from engine.model.time import FrameRate, FrameSpan, audio_samples
from engine.model.timeline import Placement, Timeline
from engine.progress import CallbackProgress
from engine.render.film import film_of
from engine.render.run import RenderOptions, render
from engine.render.storyboard import jpeg, picture_from, storyboard

OUTPUTS = ["24", "25", "29.97", "30", "60"]


@pytest.mark.slow
@pytest.mark.parametrize("output", OUTPUTS)
def test_every_frame_from_sources_of_every_rate(tmp_path: Path, output: str) -> None:
    sources = ["23.976", "25", "29.97", "30", "50", "59.94", "60"]
    rate = FrameRate.parse(output)
    media = [probe(footage.coded_video(tmp_path / f"{k}.mp4", k, 80, FrameRate.parse(one).to_json())) for k, one in enumerate(sources, 1)]
    lengths = [9, 11, 13, 7, 10, 12, 8]
    starts = [0, 1, 13, 24, 25, 40, 37]
    timeline = timeline_of(media, rate, lengths, starts)
    path, report = rendered(timeline, tmp_path)
    check(timeline, path, range(1, 8))
    assert (report.frames, report.segments_rendered, report.segments_reused) == (70, 7, 0)


@pytest.mark.slow
@pytest.mark.parametrize("suffix", [".ts", ".mkv", ".mov"])
def test_every_frame_from_other_containers(tmp_path: Path, suffix: str) -> None:
    media = [
        probe(footage.coded_video(tmp_path / f"a{suffix}", 5, 70, "25")),
        probe(footage.coded_video(tmp_path / f"b{suffix}", 6, 70, "30")),
    ]
    timeline = timeline_of(media, FrameRate(30), [15, 14], [30, 17])
    check(timeline, rendered(timeline, tmp_path)[0], (5, 6))


@pytest.mark.parametrize("suffix", [".mxf", ".avi"])
def test_every_frame_from_containers_that_count_in_frames(tmp_path: Path, suffix: str) -> None:
    """Their time stamps are whole frames: nothing finer may be rounded away, and a seek must not land behind."""
    coded = footage.coded_video(tmp_path / "a.mp4", 5, 100, "25", (480, 270))
    codec = {".mxf": ("mpeg2video", "15"), ".avi": ("mpeg4", "30")}[suffix]
    path = tmp_path / f"a{suffix}"
    ffmpeg.run(["-i", str(coded), "-c:v", codec[0], "-q:v", "2", "-bf", "2", "-g", codec[1], str(path)])
    media = probe(path)
    timeline = timeline_of([media, media, media], FrameRate(30), [10, 10, 10], [3, 47, 77])
    check(timeline, rendered(timeline, tmp_path)[0], (5, 5, 5))


def check_times(timeline: Timeline, path: Path, times: dict[int, Fraction]) -> None:
    """Every frame shows the picture that was on screen, by when each picture of the source began."""
    rate, clip = timeline.rate, timeline.clips[0]
    for k, (_, number) in enumerate(shown(path)):
        time = clip.source_start_s + rate.seconds(k) + Fraction(1, 1000)
        assert number == max(one for one, begins in times.items() if begins <= time), f"frame {k} at {rate}"


def test_every_frame_of_a_variable_rate(tmp_path: Path) -> None:
    media = probe(footage.variable_rate_video(tmp_path / "v.mp4", 4, 60))
    assert media.video is not None and media.video.variable_rate
    times = {number: Fraction(number, 30) for number in range(60) if number % 3 != 1}
    for output in OUTPUTS:
        rate = FrameRate.parse(output)
        timeline = timeline_of([media], rate, [round(0.8 * rate.fps)], [9])
        path = rendered(timeline, tmp_path)[0]
        check_times(timeline, path, times)
        video = probe(path).video
        assert video is not None and (video.rate, video.variable_rate) == (rate, False)


def test_a_picture_that_began_long_ago_is_still_on_screen(tmp_path: Path) -> None:
    """Recordings of screens hold a picture for seconds; a seek into that time must not show the next one."""
    whole, path = footage.coded_video(tmp_path / "whole.mp4", 4, 120), tmp_path / "v.mp4"
    option = "-vsync" if ffmpeg.find_ffmpeg().version < (5, 1) else "-fps_mode"
    kept = [*range(20), *range(95, 120)]
    picks = ["-i", str(whole), "-vf", "select='lt(n,20)+gte(n,95)'", option, "vfr"]
    ffmpeg.run([*picks, "-c:v", "libx264", "-crf", "16", "-g", "12", str(path)])
    media = probe(path)
    start_frame = media.video.rate.frame_at(Fraction(5, 2)) if media.video else 0
    timeline = timeline_of([media], FrameRate(30), [30], [start_frame])
    check_times(timeline, rendered(timeline, tmp_path)[0], {number: Fraction(number, 30) for number in kept})


def test_start_timecodes_and_edit_lists_are_honoured(tmp_path: Path) -> None:
    """A start timecode moves nothing; an edit list that begins within a group of pictures hides what lies before."""
    coded = footage.coded_video(tmp_path / "a.mov", 1, 60, "25", arguments=("-timecode", "10:11:12:13"))
    long = footage.coded_video(tmp_path / "long.mp4", 2, 90)
    cut = tmp_path / "cut.mp4"
    ffmpeg.run(["-ss", "0.5", "-i", str(long), "-c", "copy", str(cut)])
    media = [probe(coded), probe(cut)]
    assert media[0].video is not None and media[0].video.has_timecode and media[0].video.start_frame > 900_000
    timeline = timeline_of(media, FrameRate(30), [25, 30], [7, 10])
    seen = shown(rendered(timeline, tmp_path)[0])
    assert seen[:25] == [(1, int((Fraction(7, 25) + Fraction(k, 30) + Fraction(1, 1000)) * 25)) for k in range(25)]
    assert seen[25:] == [(2, 15 + 10 + k) for k in range(30)]


def test_interlaced_sources_become_whole_pictures(tmp_path: Path) -> None:
    """Two fields of different moments: no comb is left, and frames are counted as frames."""
    from engine.media.encode import write_video

    def picture(k: int) -> np.ndarray:
        field = footage.coded_picture(3, k // 2, 320, 180)
        field[:, 8 + 5 * k % 64 : 28 + 5 * k % 64] = 235  # a bar that moves with every field
        return field

    write_video(tmp_path / "p.mp4", (picture(k) for k in range(80)), FrameRate(60), (320, 180), arguments=("-crf", "8"))
    path = tmp_path / "i.mp4"
    fields = ["-i", str(tmp_path / "p.mp4"), "-vf", "tinterlace=interleave_top,setfield=tff", "-r", "30", "-crf", "8"]
    ffmpeg.run([*fields, "-c:v", "libx264", "-flags", "+ildct+ilme", "-g", "12", str(path)])
    media = probe(path)
    assert media.video is not None and media.video.interlaced and media.video.rate == FrameRate(30)
    timeline = dataclasses.replace(timeline_of([media], FrameRate(30), [20], [13]), width=320, height=180)
    frames = [frame.picture.astype(int) for frame in FrameReader(probe(rendered(timeline, tmp_path)[0]), max_side_px=320)]
    assert [footage.read_code(frame) for frame in frames] == [(3, 13 + k) for k in range(20)]
    for frame in frames:
        rows = frame[30:150, :100].reshape(120, 100, -1).mean(axis=2)
        assert np.abs(rows[1:-1] - (rows[:-2] + rows[2:]) / 2).mean() < 2, "neighbouring rows are of one moment"


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_turned_sources_stand_upright(tmp_path: Path, degrees: int) -> None:
    """The code is drawn lying, so that it can be read only if the film stands as a phone would show it."""
    from engine.media.encode import write_video

    turns = degrees // 90
    pictures = [np.rot90(footage.coded_picture(3, k, *((180, 320) if turns % 2 else (320, 180))), turns) for k in range(30)]
    path = tmp_path / "lying.mp4"
    write_video(path, pictures, FrameRate(30), (320, 180))
    media = probe(footage.rotated(path, degrees))
    timeline = timeline_of([media], FrameRate(30), [20], [5])
    seen = []
    for frame in FrameReader(probe(rendered(timeline, tmp_path)[0]), max_side_px=320):
        # a grid as high as half of 320 px keeps its size; in a lying source cropped to fill, so does one of half of 180 px
        seen.append(footage.read_code(frame.picture))
    assert seen == [(3, k) for k in range(5, 25)]


def with_ffmpeg(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if name == "wheel":
        import imageio_ffmpeg

        monkeypatch.setenv("CUTPRINT_FFMPEG", imageio_ffmpeg.get_ffmpeg_exe())


@pytest.mark.slow
@pytest.mark.parametrize("tool", [pytest.param("system", marks=pytest.mark.needs_tool("ffmpeg")), "wheel"])
def test_both_ffmpegs_make_the_same_film(tmp_path: Path, tool: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with_ffmpeg(tool, monkeypatch)
    media = [probe(footage.coded_video(tmp_path / f"{k}.mp4", k, 70, rate)) for k, rate in ((1, "25"), (2, "30000/1001"), (3, "60"))]
    footage.click_song(tmp_path / "song.wav", 120, 12)
    rate = FrameRate(30000, 1001)
    timeline = timeline_of(media, rate, [30, 41, 22], [3, 11, 5], tmp_path / "song.wav")
    path, _ = rendered(timeline, tmp_path)
    check(timeline, path, (1, 2, 3))
    body = path.read_bytes()
    assert 0 < body.index(b"moov") < body.index(b"mdat"), "players may start before the whole file is there"
    check_song(timeline, path)


def check_song(timeline: Timeline, path: Path) -> None:
    """The clicks of a 120 bpm song from its second on lie on half seconds; the sound is as long as the picture."""
    heard = heard_in(path, 48_000)
    samples = audio_samples(timeline.duration_frames, timeline.rate)
    assert -48 <= len(heard) - samples < 2048, "at most one AAC frame more; edit lists end on a millisecond"
    for beat in np.arange(0.5, float(timeline.duration_s) - 0.1, 0.5):
        around = heard[round((beat - 0.05) * 48_000) : round((beat + 0.05) * 48_000)]
        loud = np.abs(np.diff(around))
        onset = (np.argmax(loud > 0.3 * loud.max()) - 0.05 * 48_000) / 48_000
        assert abs(onset) < 0.01, f"the click at {beat} s comes {onset * 1000:.1f} ms late"


def test_fades_and_sources_of_sound(tmp_path: Path) -> None:
    footage.click_song(tmp_path / "song.wav", 120, 12)
    clip = tmp_path / "talk.mp4"
    from engine.media.encode import write_video, write_wav

    tone = 0.5 * np.sin(2 * np.pi * 440 * np.arange(4 * 48_000) / 48_000)
    write_wav(tmp_path / "tone.wav", tone.astype(np.float32), 48_000)
    write_video(clip, [footage.coded_picture(1, k, 320, 180) for k in range(120)], FrameRate(30), (320, 180), audio=tmp_path / "tone.wav")
    mute = footage.coded_video(tmp_path / "mute.mp4", 2, 60)
    timeline = timeline_of(
        [probe(clip), probe(mute)], FrameRate(30), [60, 30], [10, 10], tmp_path / "song.wav", song_fields={"fade_out_s": 1.0}
    )

    def levels(mode: str) -> tuple[float, float, float]:
        heard = heard_in(rendered(timeline, tmp_path, audio=mode)[0], 48_000)
        return tuple(float(np.sqrt((part**2).mean())) for part in np.split(heard[: 3 * 48_000], 3))  # type: ignore[return-value]

    song, source, both = levels("song"), levels("source"), levels("both")
    heard = heard_in(rendered(timeline, tmp_path, audio="song")[0], 48_000)
    before, faded = (float(np.abs(heard[round(at * 48_000) :][:24_000]).max()) for at in (0.5, 2.5))
    assert faded == pytest.approx(0.5 * before, rel=0.15), "half-way through its fade the song is half as loud"
    assert source[0] == pytest.approx(0.354, rel=0.1) and source[2] < 0.01, "a mute clip is silent"
    assert both[0] > song[0]
    silent, _ = rendered(timeline, tmp_path, audio="none")
    assert probe(silent).audio is None


def test_equal_pieces_of_sound(tmp_path: Path) -> None:
    """Two mute clips of one length, and a song that is repeated at equal distances."""
    footage.click_song(tmp_path / "song.wav", 120, 4)
    media = [probe(footage.coded_video(tmp_path / f"{k}.mp4", k, 60)) for k in (1, 2, 3)]
    song = {"loop_at_s": (1.0, 2.0), "source_start_s": 0.0, "source_duration_s": 1.0}
    timeline = timeline_of(media, FrameRate(30), [30, 30, 30], [0, 0, 0], tmp_path / "song.wav", song_fields=song)
    heard = heard_in(rendered(timeline, tmp_path, audio="both")[0], 48_000)
    for start in (48_000, 96_000):
        assert np.abs(heard[start + 500 : start + 40_000] - heard[500:40_000]).max() < 0.1, "the same second again"


def test_a_second_render_reuses_segments_and_a_change_makes_one(tmp_path: Path) -> None:
    media = [probe(footage.coded_video(tmp_path / f"{k}.mp4", k, 60)) for k in (1, 2, 3)]
    timeline = timeline_of(media, FrameRate(30), [20, 20, 20], [0, 5, 9])
    first = rendered(timeline, tmp_path)[1]
    again = rendered(timeline, tmp_path)[1]
    assert (first.segments_rendered, again.segments_rendered, again.segments_reused) == (3, 0, 3)
    clips = list(timeline.clips)
    clips[1] = dataclasses.replace(clips[1], source_start_frame=30)
    changed = dataclasses.replace(timeline, clips=tuple(clips))
    path, report = rendered(changed, tmp_path)
    assert report.segments_rendered == 1
    check(changed, path, (1, 2, 3))


def test_presets_and_qualities(tmp_path: Path) -> None:
    media = probe(footage.coded_video(tmp_path / "a.mp4", 1, 30))
    timeline = timeline_of([media], FrameRate(30), [10], [0])
    square, report = rendered(timeline, tmp_path, preset="square", quality="draft")
    video = probe(square).video
    assert video is not None and (video.stored_width, video.stored_height) == (1080, 1080) == (report.width, report.height)
    for wrong in ({"preset": "myspace"}, {"quality": "good"}):
        with pytest.raises(BadOption):
            rendered(timeline, tmp_path, **wrong)
    paths = {media.media_id: media.path}
    master = render(film_of(timeline), tmp_path / "master.mov", paths=paths, cache=tmp_path / "cache", options=RenderOptions("master"))
    made = probe(tmp_path / "master.mov").video
    assert made is not None and made.codec == "prores" and made.duration_frames == 10 == master.frames


def test_failures_leave_the_place_as_it_was(tmp_path: Path) -> None:
    media = [probe(footage.coded_video(tmp_path / f"{k}.mp4", k, 60)) for k in (1, 2)]
    timeline = timeline_of(media, FrameRate(30), [30, 30], [0, 0])
    paths = {row.media_id: row.path for row in media}
    output = tmp_path / "out" / "film.mp4"
    output.parent.mkdir()
    output.write_bytes(b"an older film")
    with pytest.raises(MediaError) as offline:
        render(film_of(timeline), output, paths={media[0].media_id: paths[media[0].media_id]}, cache=tmp_path / "cache")
    assert offline.value.code == "media_offline" and offline.value.details["files"]
    calls = iter(range(1000))
    with pytest.raises(Cancelled):
        render(
            film_of(timeline),
            output,
            paths=paths,
            cache=tmp_path / "cache",
            progress=CallbackProgress(lambda *_: None, lambda: next(calls) > 6),
        )
    stream = media[1].video
    assert stream is not None
    longer = dataclasses.replace(media[1], video=dataclasses.replace(stream, duration_frames=900))  # than the file really is
    beyond = dataclasses.replace(timeline.clips[1], source_start_frame=400)
    wrong = dataclasses.replace(timeline, clips=(timeline.clips[0], beyond), media=(media[0], longer))
    with pytest.raises(MediaError) as short:
        render(film_of(wrong), output, paths=paths, cache=tmp_path / "cache")
    assert short.value.code == "render_short" and "0 frames instead of 30" in short.value.message
    assert output.read_bytes() == b"an older film"
    assert [path.name for path in output.parent.iterdir()] == ["film.mp4"]
    assert not [path for path in (tmp_path / "cache").iterdir() if ".part" in path.name]


def test_segments_are_cached_by_content_not_by_place(tmp_path: Path) -> None:
    media = probe(footage.coded_video(tmp_path / "a.mp4", 1, 40))
    timeline = timeline_of([media], FrameRate(30), [20], [3])
    rendered(timeline, tmp_path)
    moved = tmp_path / "elsewhere 🎬 'x'.mp4"
    Path(media.path).rename(moved)
    report = render(film_of(timeline), tmp_path / "b.mp4", paths={media.media_id: str(moved)}, cache=tmp_path / "cache")
    assert report.segments_reused == 1


def test_the_storyboard_shows_a_picture_per_placement(tmp_path: Path) -> None:
    timeline = factories.timeline(7)
    colours = {clip.id: (37 * k % 200 + 50, 90 * k % 200 + 20, 250 - 30 * k) for k, clip in enumerate(timeline.clips)}

    def frame_of(clip: Placement) -> np.ndarray:
        return np.full((320, 180, 3), colours[clip.id], np.uint8)

    body = storyboard(timeline, frame_of)
    sheet = picture_from(body)
    assert body[:4] == b"\x89PNG" and sheet.shape[1] > 1000
    for colour in colours.values():
        assert (np.abs(sheet.astype(int) - colour).max(axis=2) <= 2).sum() > 5000
    odd = dataclasses.replace(timeline, clips=tuple(dataclasses.replace(one, file="съёмка 撮影 🎬.mp4") for one in timeline.clips))
    assert storyboard(odd, frame_of)[:4] == b"\x89PNG"
    picture = frame_of(timeline.clips[0])
    assert np.abs(picture_from(jpeg(picture)).astype(int) - picture).mean() < 4


def test_no_placement_shows_a_frame_beyond_its_source(tmp_path: Path) -> None:
    media = probe(footage.coded_video(tmp_path / "a.mp4", 1, 40, "25"))
    timeline = timeline_of([media], FrameRate(30), [48], [0])  # 40 frames at 25 are 48 at 30
    check(timeline, rendered(timeline, tmp_path)[0], (1,))
    assert FrameSpan(0, 40).duration == 40
