"""Files in: what a file is, its frames by number, its sound, its identity, and how ffmpeg is started."""

from __future__ import annotations

import contextlib
import os
import threading
import time
import wave
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import footage
import numpy as np
import pytest

from engine.errors import Cancelled, InputError, MediaError, MissingToolError, SongError
from engine.media import ffmpeg
from engine.media.decode import FrameReader, audio, still, working_size
from engine.media.encode import write_video, write_wav
from engine.media.fingerprint import WHOLE_LIMIT_BYTES, fingerprint
from engine.media.probe import probe
from engine.model.time import STANDARD_RATES, FrameRate, FrameSpan, round_half_up
from engine.progress import CallbackProgress


def numbers(path: Path, span: FrameSpan | None = None) -> list[tuple[int, int]]:
    """(index we give, number in the picture) of every frame."""
    found = []
    for frame in FrameReader(probe(path), span=span, max_side_px=320):
        code = footage.read_code(frame.picture)
        assert code is not None
        found.append((frame.index, code[1]))
    return found


@pytest.mark.parametrize("rate", STANDARD_RATES, ids=str)
def test_rates_and_lengths_are_exact(tmp_path: Path, rate: FrameRate) -> None:
    path = footage.coded_video(tmp_path / "a.mp4", frames=31, rate=rate.to_json())
    video = probe(path).video
    assert video is not None
    assert (video.rate, video.duration_frames, video.variable_rate) == (rate, 31, False)
    assert probe(path).duration_s == pytest.approx(31 / rate.fps)


@pytest.mark.parametrize("suffix", [".mkv", ".mov", ".ts", ".avi", ".webm"])
def test_containers_that_round_their_times(tmp_path: Path, suffix: str) -> None:
    codec = ("-c:v", "libvpx", "-deadline", "realtime") if suffix == ".webm" else ()
    arguments = codec if suffix == ".webm" else (*codec, "-bf", "0") if suffix == ".avi" else codec
    path = footage.coded_video(tmp_path / f"a{suffix}", frames=30, rate="30000/1001", arguments=arguments)
    video = probe(path).video
    assert video is not None
    assert (video.rate, video.duration_frames, video.variable_rate) == (FrameRate(30000, 1001), 30, False)
    assert numbers(path) == [(k, k) for k in range(30)]


def test_a_variable_rate_is_counted_by_time(tmp_path: Path) -> None:
    path = footage.variable_rate_video(tmp_path / "v.mp4", frames=60)
    video = probe(path).video
    assert video is not None and video.variable_rate
    found = numbers(path)
    kept = [number for number in range(60) if number % 3 != 1]
    assert [number for _, number in found] == kept
    times = [Fraction(number, 30) for number in kept]
    assert [index for index, _ in found] == [round_half_up(time * video.rate.fraction) for time in times], "a frame's index is its time"


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_phones_turn_pictures_by_metadata(tmp_path: Path, degrees: int) -> None:
    path = footage.rotated(footage.lively_video(tmp_path / "a.mp4", 3, 0.3), degrees)
    straight = footage.lively_video(tmp_path / "b.mp4", 3, 0.3)
    video = probe(path).video
    assert video is not None and video.rotation == degrees
    assert (video.display_width, video.display_height) == ((320, 180) if degrees == 180 else (180, 320))
    turned, plain = still(probe(path), 2).astype(int), still(probe(straight), 2).astype(int)
    assert np.abs(turned - np.rot90(plain, -degrees // 90)).mean() < 3
    size = working_size(probe(path), 90)
    assert size == ((90, 50) if degrees == 180 else (50, 90))


def test_start_timecode_and_colour(tmp_path: Path) -> None:
    path = tmp_path / "tc.mov"
    footage.coded_video(path, frames=10, rate="30000/1001", arguments=("-timecode", "01:00:00;02"))
    video = probe(path).video
    assert video is not None
    assert video.has_timecode and video.drop_frame and video.start_frame == FrameRate(30000, 1001).frames_of_timecode("01:00:00;02")
    assert video.colour.matrix == "bt709" and not video.colour.is_hdr
    hdr = tmp_path / "hdr.mp4"
    named = ("-pix_fmt", "yuv420p10le", "-color_trc", "arib-std-b67", "-color_primaries", "bt2020", "-colorspace", "bt2020nc")
    footage.coded_video(hdr, frames=5, arguments=named)
    video = probe(hdr).video
    assert video is not None and video.colour.is_hdr and video.bit_depth == 10
    assert any("dynamic range" in one for one in probe(hdr).warnings)


def test_spans_hold_exactly_the_frames_asked_for(tmp_path: Path) -> None:
    path = footage.coded_video(tmp_path / "a.mp4", frames=90, rate="25")
    for start, end in ((0, 1), (0, 12), (11, 13), (50, 77), (89, 90), (80, 200)):
        assert numbers(path, FrameSpan(start, end)) == [(k, k) for k in range(start, min(end, 90))]
    for at in (0, 1, 45, 89):
        assert footage.read_code(still(probe(path), at, 320)) == (1, at)


def test_full_luma_and_key_frames(tmp_path: Path) -> None:
    path = footage.coded_video(tmp_path / "a.mp4", frames=40, size=(640, 360))
    frames = list(FrameReader(probe(path), max_side_px=160, full_luma_every=10))
    assert all(frame.picture.shape == (90, 160) for frame in frames)
    assert [frame.index for frame in frames if frame.luma is not None] == [0, 10, 20, 30]
    assert frames[0].luma is not None and frames[0].luma.shape == (360, 640)
    keys = list(FrameReader(probe(path), key_frames_only=True))
    assert all(frame.is_key for frame in keys) and 1 <= len(keys) < 10


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (lambda path: path.write_text("this is no video, " * 50), "media_unreadable"),
        (lambda path: path.touch(), "media_empty"),
        (lambda path: path.mkdir(), "media_is_folder"),
        (lambda path: None, "media_missing"),
    ],
    ids=["text", "empty", "folder", "absent"],
)
def test_what_is_no_media_says_so(tmp_path: Path, make: object, code: str) -> None:
    path = tmp_path / "x.mp4"
    make(path)  # type: ignore[operator]
    with pytest.raises(MediaError) as caught:
        probe(path)
    assert caught.value.code == code and caught.value.hint


def test_truncated_files(tmp_path: Path) -> None:
    whole = footage.coded_video(tmp_path / "a.mp4", frames=60).read_bytes()
    (tmp_path / "cut.mp4").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(MediaError) as caught:
        probe(tmp_path / "cut.mp4")
    assert caught.value.code == "media_truncated", "a camera that is cut off never writes the index"
    front = footage.coded_video(tmp_path / "front.mp4", frames=60, arguments=("-movflags", "+faststart")).read_bytes()
    (tmp_path / "tail.mp4").write_bytes(front[: len(front) * 6 // 10])
    media = probe(tmp_path / "tail.mp4")
    reader = FrameReader(media)
    assert 0 < len(list(reader)) < 60
    assert media.warnings or reader.warnings


def test_sound_and_pictures_by_themselves(tmp_path: Path) -> None:
    footage.click_song(tmp_path / "song.wav", 120, 3)
    media = probe(tmp_path / "song.wav")
    assert media.kind == "audio" and media.video is None and media.audio is not None
    assert media.duration_s == pytest.approx(3, abs=0.01)
    with pytest.raises(MediaError):
        list(FrameReader(media))
    from PIL import Image

    Image.new("RGB", (64, 48), (200, 30, 30)).save(tmp_path / "a.png")
    assert probe(tmp_path / "a.png").kind == "image"
    clip = footage.coded_video(tmp_path / "mute.mp4", frames=10)
    assert probe(clip).audio is None
    with pytest.raises(SongError) as caught:
        audio(clip)
    assert caught.value.code == "song_no_audio"


@pytest.mark.parametrize("suffix", [".wav", ".mp3", ".m4a", ".flac", ".ogg"])
def test_sound_starts_where_players_start(tmp_path: Path, suffix: str) -> None:
    rate = 22_050
    samples = np.zeros(rate * 2, np.float32)
    samples[rate] = samples[rate + 1] = 0.9
    samples += np.random.default_rng(1).normal(0, 1e-4, len(samples)).astype(np.float32)
    write_wav(tmp_path / "click.wav", samples, rate)
    path = tmp_path / f"click{suffix}"
    if suffix != ".wav":
        encoder = ["-c:a", "libvorbis"] if suffix == ".ogg" else []
        ffmpeg.run(["-i", f"file:{tmp_path / 'click.wav'}", *encoder, f"file:{path}"])
    heard = audio(path, rate)
    assert abs(int(np.abs(heard).argmax()) - rate) <= 0.005 * rate
    assert len(audio(path, rate, start_s=0.5, end_s=1.5)) == rate
    assert audio(path, rate, mono=False).shape[0] == 2


@pytest.mark.parametrize(("channels", "mean"), [((0.5,), 0.5), ((0.5, 0.5), 0.5), ((0.8, 0.0), 0.4), ((0.5, -0.5), 0.0)])
def test_one_channel_of_sound_is_as_loud_as_both(tmp_path: Path, channels: tuple[float, ...], mean: float) -> None:
    tone = np.sin(2 * np.pi * 440 * np.arange(44_100) / 44_100)
    body = np.stack([np.round(32767 * level * tone) for level in channels], axis=1).astype("<i2")
    with wave.open(str(tmp_path / "a.wav"), "wb") as file:
        file.setnchannels(len(channels))
        file.setsampwidth(2)
        file.setframerate(44_100)
        file.writeframes(body.tobytes())
    one, two = audio(tmp_path / "a.wav", 44_100), audio(tmp_path / "a.wav", 44_100, mono=False)
    assert one.shape == (44_100,) and two.shape == (2, 44_100) and one.dtype == two.dtype == np.float32
    assert np.abs(one).max() == pytest.approx(mean, abs=0.002)
    assert [np.abs(row).max() for row in two] == pytest.approx([abs(level) for level in (*channels, *channels)][:2], abs=0.002)


def test_the_same_content_has_the_same_identity(tmp_path: Path) -> None:
    body = np.random.default_rng(0).bytes(100_000)
    (tmp_path / "a.mp4").write_bytes(body)
    (tmp_path / "другой 🎬.mov").write_bytes(body)
    assert fingerprint(tmp_path / "a.mp4") == fingerprint(tmp_path / "другой 🎬.mov")
    (tmp_path / "b.mp4").write_bytes(body[:50_000] + b"\0" + body[50_001:])
    assert fingerprint(tmp_path / "b.mp4") != fingerprint(tmp_path / "a.mp4")
    large = tmp_path / "large.mp4"
    with large.open("wb") as file:
        file.truncate(WHOLE_LIMIT_BYTES + 10)
    first = fingerprint(large)
    with large.open("r+b") as file:
        file.seek(-5, 2)
        file.write(b"x")
    assert fingerprint(large) != first


def test_the_ffmpeg_that_is_named_is_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CUTPRINT_FFMPEG", str(tmp_path / "none"))
    with pytest.raises(MissingToolError) as caught:
        ffmpeg.find_ffmpeg()
    assert caught.value.code == "ffmpeg_not_found" and caught.value.exit_code == 4
    import imageio_ffmpeg

    monkeypatch.setenv("CUTPRINT_FFMPEG", imageio_ffmpeg.get_ffmpeg_exe())
    tool = ffmpeg.find_ffmpeg()
    assert tool.source == "CUTPRINT_FFMPEG" and tool.version[0] >= 4
    assert ffmpeg.has_encoder("libx264") and ffmpeg.has_filter("scale") and not ffmpeg.has_filter("no_such_filter")
    monkeypatch.delenv("CUTPRINT_FFMPEG")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert ffmpeg.find_ffmpeg().source == "imageio-ffmpeg"


def test_a_failed_run_says_what_ffmpeg_said(tmp_path: Path) -> None:
    with pytest.raises(MediaError) as caught:
        ffmpeg.run(["-i", f"file:{tmp_path / 'none.mp4'}", f"file:{tmp_path / 'out.mp4'}"])
    assert caught.value.code == "ffmpeg_failed" and "none.mp4" in str(caught.value.details["stderr"])


@pytest.mark.skipif(os.name == "nt", reason="looks for children in /proc")
def test_a_cancelled_run_leaves_no_child(tmp_path: Path) -> None:
    started = time.monotonic()
    progress = CallbackProgress(lambda *_: None, lambda: time.monotonic() - started > 0.7)
    endless = ["-f", "lavfi", "-i", "testsrc2=size=640x360:rate=30", "-f", "null", "-"]
    with pytest.raises(Cancelled):
        ffmpeg.run(endless, progress=progress)
    assert time.monotonic() - started < 30
    assert not [line for line in _processes() if int(line.rpartition(")")[2].split()[1]) == os.getpid() and "ffmpeg" in line]
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("ffmpeg")]


def _processes() -> Iterator[str]:
    """The line that Linux has about each process; some end while this looks."""
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            yield path.read_text()


def test_written_video_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"

    def broken() -> object:
        yield np.zeros((64, 64, 3), np.uint8)
        raise InputError("made_up", "The pictures ran out.")

    with pytest.raises(InputError):
        write_video(path, broken(), FrameRate(30), (64, 64))  # type: ignore[arg-type]
    assert not list(tmp_path.iterdir())


def test_real_files_are_what_their_list_says(real_media: Path) -> None:
    """Sizes, rates and turns of the raw clips as they are listed, and one in fields as a player shows it."""
    rows = [line.split("\t") for line in (real_media / "MANIFEST.tsv").read_text(encoding="utf-8").splitlines()]
    listed = {row[0]: row for row in rows if row[0].startswith("raw/")}
    assert len(listed) >= 40
    for name, row in listed.items():
        media = probe(real_media / name)
        assert media.video is not None
        width, height = (int(value) for value in row[6].split("x"))
        assert {media.video.stored_width, media.video.stored_height} == {width, height}, name
    video = probe(real_media / "raw" / "mex_sony_a7m3.mts").video
    assert video is not None and (video.rate, video.duration_frames, video.interlaced) == (FrameRate(25), 13, True)
    phone = probe(real_media / "raw" / "moviepy_dog_vfr_rot180.mp4").video
    assert phone is not None and phone.variable_rate and phone.rotation == 180
