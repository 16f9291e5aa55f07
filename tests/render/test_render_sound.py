"""The sound: every click at its sample, as loud as asked, room made for voices, no clicks of our own."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

import footage
import numpy as np
import pytest
from films import rendered, timeline_of
from numpy.typing import NDArray

from engine.errors import BadOption
from engine.media import ffmpeg
from engine.media.decode import audio as heard_in
from engine.media.encode import write_video, write_wav
from engine.media.probe import opened, probe
from engine.model.media import Media
from engine.model.time import FrameRate, audio_samples
from engine.model.timeline import Timeline
from engine.render.sound import loudness_of

HZ = 48_000


def pulses(path: Path, at: list[float], seconds: float, rate_hz: int = HZ) -> Path:
    """Silence with a band-limited pulse at each time: its middle can be found to a fraction of a sample."""
    samples = np.zeros(round(seconds * rate_hz))
    reach = np.arange(-200, 201)
    for time_s in at:
        middle = round(time_s * rate_hz)
        shape = np.exp(-(((reach + middle - time_s * rate_hz) / 12) ** 2))
        samples[middle - 200 : middle + 201] += 0.8 * shape
    write_wav(path, samples.astype(np.float32), rate_hz)
    return path


def middles(samples: NDArray[np.float32], near: list[float]) -> list[float]:
    """Where each pulse lies, in samples: the centre of its energy."""
    found = []
    for time_s in near:
        first = round(time_s * HZ) - 150
        part = samples[first : first + 301].astype(float) ** 2
        found.append(first + float((part * np.arange(len(part))).sum() / part.sum()))
    return found


def film_with(song: Path, folder: Path, rate: FrameRate = FrameRate(30000, 1001), frames: int = 90, **song_fields: object) -> Timeline:
    media = probe(footage.coded_video(folder / "clip.mp4", 1, 120))
    return timeline_of([media], rate, [frames], [0], song, song_fields=song_fields)


@pytest.mark.parametrize("suffix", ["wav", "m4a", "mp3", "flac"])
def test_every_click_comes_out_within_a_sample(tmp_path: Path, suffix: str) -> None:
    times = [0.4, 1.1, 1.75, 2.3, 3.21, 3.6]
    song = pulses(tmp_path / "song.wav", times, 5.0)
    if suffix != "wav":
        ffmpeg.run(["-i", str(song), "-b:a", "256k", str(tmp_path / f"song.{suffix}")])
        song = tmp_path / f"song.{suffix}"
    path, report = rendered(film_with(song, tmp_path, source_start_s=1.0), tmp_path)
    wanted = [time - 1.0 for time in times if 1.05 < time < 3.9]
    got = middles(heard_in(path, HZ), wanted)
    assert [abs(a - b * HZ) < 1.0 for a, b in zip(got, wanted)] == [True] * len(wanted), (got, [b * HZ for b in wanted])
    assert report.song_start_s == 1.0


def test_sound_and_picture_end_together(tmp_path: Path) -> None:
    song = pulses(tmp_path / "song.wav", [1.5], 9.0)
    for rate, frames in ((FrameRate(30000, 1001), 77), (FrameRate(24), 55), (FrameRate(60), 101)):
        path, _ = rendered(film_with(song, tmp_path, rate, frames), tmp_path)
        with opened(path) as container:
            sound, picture = container.streams.audio[0], container.streams.video[0]
            assert abs(sound.duration * sound.time_base * HZ - audio_samples(frames, rate)) <= 1
            assert picture.duration * picture.time_base == rate.seconds(frames)


@pytest.mark.parametrize("offset", [0.0, 0.3])
def test_clips_own_sound_stays_with_their_pictures(tmp_path: Path, offset: float) -> None:
    """A pulse in a clip's sound, far into it, also where the sound begins later than the picture."""
    pulses(tmp_path / "tone.wav", [1.0, 2.5, 3.2], 4.0)
    silent = footage.coded_video(tmp_path / "silent.mp4", 1, 120)
    clip = tmp_path / "clip.mov"
    late = ["-itsoffset", str(offset)]
    ffmpeg.run(["-i", str(silent), *late, "-i", str(tmp_path / "tone.wav"), "-c:v", "copy", "-c:a", "pcm_s16le", str(clip)])
    media = probe(clip)
    timeline = timeline_of([media, media], FrameRate(30), [15, 30], [20, 75])
    path, _ = rendered(timeline, tmp_path, audio="source")
    wanted = [1.0 + offset - 20 / 30, 0.5 + 2.5 + offset - 2.5] if offset else [1.0 - 20 / 30, 0.5 + 3.2 - 2.5]
    wanted = [time for time in wanted if 0.03 < time < 1.47]
    if offset:
        wanted = [0.5 + 2.5 + offset - 2.5, 0.5 + 3.2 + offset - 2.5]
    got = middles(heard_in(path, HZ), [time for time in wanted if time < 1.45])
    assert [abs(a - b * HZ) < 2.0 for a, b in zip(got, wanted)] == [True] * len(got) and got


def tone_clip(path: Path, level: float, frames: int = 90) -> Media:
    samples = level * np.sin(2 * np.pi * 300 * np.arange(frames * HZ // 30) / HZ)
    write_wav(path.with_suffix(".wav"), samples.astype(np.float32), HZ)
    pictures = (footage.coded_picture(2, k, 320, 180) for k in range(frames))
    write_video(path, pictures, FrameRate(30), (320, 180), audio=path.with_suffix(".wav"))
    return probe(path)


def level_db(samples: NDArray[np.float32], hz: float) -> float:
    """How loud one frequency is."""
    wave = np.exp(-2j * np.pi * hz * np.arange(len(samples)) / HZ)
    return float(20 * np.log10(abs((samples * wave).mean()) + 1e-9))


def test_the_song_makes_room_for_voices(tmp_path: Path) -> None:
    write_wav(tmp_path / "song.wav", (0.4 * np.sin(2 * np.pi * 1000 * np.arange(6 * HZ) / HZ)).astype(np.float32), HZ)
    loud, mute = tone_clip(tmp_path / "talk.mp4", 0.5), probe(footage.coded_video(tmp_path / "mute.mp4", 3, 90))
    timeline = timeline_of([loud, mute], FrameRate(30), [45, 45], [10, 10], tmp_path / "song.wav")
    both = heard_in(rendered(timeline, tmp_path, audio="both")[0], HZ)
    under, alone = both[HZ // 2 : HZ], both[HZ * 5 // 2 : HZ * 29 // 10]
    assert level_db(alone, 1000) - level_db(under, 1000) > 6, "at least half as loud while somebody speaks"
    assert level_db(under, 300) > level_db(under, 1000), "the voice is in front"
    assert level_db(alone, 1000) == pytest.approx(20 * np.log10(0.2), abs=1), "and back again"


def test_loudness_is_brought_to_the_presets_target(tmp_path: Path) -> None:
    tone = np.sin(2 * np.pi * 1000 * np.arange(5 * HZ) / HZ)
    for level, wanted in ((0.03, -14.0), (0.9, -14.0)):
        write_wav(tmp_path / "song.wav", (level * tone).astype(np.float32), HZ)
        timeline = film_with(tmp_path / "song.wav", tmp_path, FrameRate(30), source_start_s=0.5)
        path, report = rendered(timeline, tmp_path, loudness="-14")
        words = ["-i", str(path), "-af", "ebur128=metadata=1:peak=true,ametadata=print:file=-", "-f", "null", os.devnull]
        printed = ffmpeg.run(words, capture=True)
        measured = loudness_of(printed.decode())
        assert measured.integrated_lufs == pytest.approx(wanted, abs=0.5) and measured.true_peak_dbtp < 0
        assert report.loudness_lufs == pytest.approx(wanted, abs=0.3) and report.gain_db
        assert report.true_peak_dbtp == pytest.approx(measured.true_peak_dbtp, abs=0.1)
    pulses(tmp_path / "thin.wav", [1.0, 2.0, 3.0], 5.0)
    path, report = rendered(film_with(tmp_path / "thin.wav", tmp_path, FrameRate(30), source_start_s=0.5), tmp_path, loudness="-14")
    assert np.abs(heard_in(path, HZ, mono=False)).max() < 1.0 and "clip" in report.warnings[-1]
    with pytest.raises(BadOption):
        rendered(timeline, tmp_path, loudness="loud")


@pytest.mark.parametrize("quality", ["draft", "high"])
def test_high_peaks_are_held_down_not_in_the_way(tmp_path: Path, quality: str) -> None:
    """Soft music with hard hits: as loud as asked, no true peak over -1 dBTP, and nothing moved by a sample."""
    times = [1.0, 1.4, 1.8, 2.2, 2.6, 3.0]
    song = pulses(tmp_path / "hits.wav", times, 4.5)
    music = 0.09 * np.random.default_rng(3).standard_normal(round(4.5 * HZ))
    write_wav(song, np.clip(heard_in(song, HZ)[: len(music)] + music, -1, 1).astype(np.float32), HZ)
    path, report = rendered(film_with(song, tmp_path, FrameRate(30), source_start_s=0.7), tmp_path, loudness="-14", quality=quality)
    words = ["-i", str(path), "-af", "ebur128=metadata=1:peak=true,ametadata=print:file=-", "-f", "null", os.devnull]
    measured = loudness_of(ffmpeg.run(words, capture=True).decode())
    assert measured.integrated_lufs == pytest.approx(-14, abs=0.5) and measured.true_peak_dbtp <= -1.0
    assert report.gain_db > 1 and report.warnings == ()
    asked, got = (one[: 2 * HZ] for one in (heard_in(song, HZ)[round(0.7 * HZ) :], heard_in(path, HZ)))
    alike = np.fft.irfft(np.fft.rfft(got, 4 * HZ) * np.conj(np.fft.rfft(asked, 4 * HZ)))
    assert int(np.argmax(alike)) == 0, "not a sample early or late"


def test_joins_do_not_click(tmp_path: Path) -> None:
    """A song repeated at a bar, and clips with a tone cut anywhere: nothing jumps by more than the tone itself does."""
    tone = 0.5 * np.sin(2 * np.pi * 200 * np.arange(6 * HZ) / HZ)
    write_wav(tmp_path / "song.wav", tone.astype(np.float32), HZ)
    loops = {"loop_at_s": (1.0123, 2.0371), "source_start_s": 0.5, "source_duration_s": 1.0}
    path, _ = rendered(film_with(tmp_path / "song.wav", tmp_path, FrameRate(30), **loops), tmp_path)
    clip = tone_clip(tmp_path / "talk.mp4", 0.5)
    source = timeline_of([clip, clip, clip], FrameRate(30), [31, 17, 29], [3, 40, 11])
    cuts = dataclasses.replace(source)
    for heard in (heard_in(path, HZ), heard_in(rendered(cuts, tmp_path, audio="source")[0], HZ)):
        bend = np.abs(np.diff(heard, 2))[HZ // 10 : -HZ // 10]
        assert bend.max() < 0.02, "a click bends by a tenth and more"


def test_a_song_and_its_repeats_come_from_the_right_place(tmp_path: Path) -> None:
    pulses(tmp_path / "song.wav", [1.2, 2.2], 4.0)
    loops = {"loop_at_s": (1.5,), "source_start_s": 1.0, "source_duration_s": 1.5}
    path, _ = rendered(film_with(tmp_path / "song.wav", tmp_path, FrameRate(30), **loops), tmp_path)
    wanted = [0.2, 1.2, 1.7, 2.7]
    got = middles(heard_in(path, HZ), wanted)
    assert [abs(a - b * HZ) < 1.0 for a, b in zip(got, wanted)] == [True] * 4
