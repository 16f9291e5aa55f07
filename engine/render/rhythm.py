"""A film of the rhythm alone: a flash and a beep at every cut, over the song if it is there. Needs no clip."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.media.decode import audio
from engine.media.encode import write_video, write_wav
from engine.model.time import AUDIO_RATE_HZ, audio_samples
from engine.model.timeline import Timeline
from engine.render.workshop import told_of_disk, workshop

__all__ = ["flash_frames", "rhythm_sound", "write_rhythm"]

SHORT_SIDE_PX = 180
FLASH_FRAMES = 4
"""How long a flash fades (chosen: over before the next cut at 15 cuts a second)."""
BEEP_HZ, BEEP_S = 1000.0, 0.05
SONG_SHARE = 0.5
"""How loud the song is under the beeps."""
BEAT_GRAY, BAR_GRAY, SHOT_GRAYS = 90, 200, (24, 40)


def write_rhythm(timeline: Timeline, song: Path | None, output: Path) -> None:
    """Writes the film: timeline's frames and rate, small. song : the timeline's, None where it is not to be heard or not there."""
    size = _size(timeline)
    fast = ("-preset", "ultrafast", "-c:a", "aac", "-b:a", "128k", "-ac", "2", "-movflags", "+faststart")
    with told_of_disk(output), workshop(output.parent) as work:
        sound, film = work / "rhythm.wav", work / "rhythm.mp4"
        write_wav(sound, rhythm_sound(timeline, song), AUDIO_RATE_HZ)
        write_video(film, flash_frames(timeline, size), timeline.rate, size, audio=sound, arguments=fast)
        os.replace(film, output)


def _size(timeline: Timeline) -> tuple[int, int]:
    scale = SHORT_SIDE_PX / min(timeline.width, timeline.height)
    return 2 * round(timeline.width * scale / 2), 2 * round(timeline.height * scale / 2)


def _cuts(timeline: Timeline) -> tuple[int, ...]:
    return (0, *timeline.cut_frames)


def flash_frames(timeline: Timeline, size: tuple[int, int]) -> Iterator[NDArray[np.uint8]]:
    """Every frame: white at a cut and fading, two shades of dark by turns for the shots, a bar below for beats, brighter on bar lines."""
    cuts = _cuts(timeline)
    beats = _frames_of(timeline, timeline.song.beats if timeline.song else ())
    bars = _frames_of(timeline, timeline.song.downbeats if timeline.song else ())
    shot = -1
    for number in range(timeline.duration_frames):
        if shot + 1 < len(cuts) and number >= cuts[shot + 1]:
            shot += 1
        light = max(0.0, 1 - (number - cuts[shot]) / FLASH_FRAMES)
        dark = SHOT_GRAYS[shot % 2]
        picture = np.full((size[1], size[0], 3), round(dark + light * (255 - dark)), np.uint8)
        if number in bars or number in beats:
            picture[-size[1] // 12 :] = BAR_GRAY if number in bars else BEAT_GRAY
        yield picture


def _frames_of(timeline: Timeline, times: Sequence[float]) -> frozenset[int]:
    near = {timeline.rate.frames(time) for time in times}
    return frozenset(frame + late for frame in near for late in (0, 1))  # two frames, or eyes miss it


def rhythm_sound(timeline: Timeline, song: Path | None) -> NDArray[np.float32]:
    """Mono at 48 kHz, exactly as long as the film: a beep begins with the first sample of every shot."""
    samples = np.zeros(audio_samples(timeline.duration_frames, timeline.rate), np.float32)
    if song is not None and timeline.song is not None:
        whole = audio(song, AUDIO_RATE_HZ)
        for begin_s, end_s, second in timeline.song.pieces(float(timeline.duration_s)):
            first, last, start = (round(time * AUDIO_RATE_HZ) for time in (begin_s, end_s, second))
            part = whole[start : start + last - first]
            into = samples[first : first + len(part)]
            into += SONG_SHARE * part[: len(into)]
    at = np.arange(round(BEEP_S * AUDIO_RATE_HZ)) / AUDIO_RATE_HZ
    beep = (0.5 * np.sin(2 * np.pi * BEEP_HZ * at) * np.exp(-at * 40)).astype(np.float32)
    for cut in _cuts(timeline):
        into = samples[audio_samples(cut, timeline.rate) :][: len(beep)]
        into += beep[: len(into)]
    return np.clip(samples, -1.0, 1.0)
