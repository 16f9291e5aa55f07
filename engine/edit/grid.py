"""Where cuts may fall: the frames of the song's beats, each with its strength and the energy around it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from engine.model.style import StyleProfile
from engine.model.time import FrameRate
from engine.model.timeline import SongUse

__all__ = ["CutPoint", "Grid", "cut_grid", "target_beats"]

LEAST_SHOT_S = 0.30
"""Shorter shots are not seen (about the time to recognise a picture and move on)."""
LONGEST_SHOT_S = 6.0
"""The 90th percentile of short-form shots; longer ones need a reason of their own."""
FREQUENCY_BEATS = {"every_half_beat": 0.5, "every_beat": 1.0, "every_2_beats": 2.0, "every_4_beats": 4.0, "every_8_beats": 8.0}
SLOW_BPM, QUICK_BPM = 80.0, 150.0
"""Outside these a beat is felt at the double or half of its tempo, so holds in beats are halved or doubled."""


@dataclass(frozen=True)
class CutPoint:
    """A frame at which a clip may begin.

    beat : index into `song.beats`, None for the edit's end (and a start that lies on none). strength : 0 to 1, how much the music
    asks for a cut. energy : 0 to 1 from here to the next point.
    """

    frame: int
    beat: int | None
    strength: float
    energy: float
    section: str


@dataclass(frozen=True)
class Grid:
    """Cut points from frame 0 to the edit's end; `least`/`longest` shot in frames."""

    points: tuple[CutPoint, ...]
    least: int
    longest: int
    beat_frames: float

    def beats_between(self, start: int, end: int) -> float:
        """Length of the stretch between two points in beats."""
        return (self.points[end].frame - self.points[start].frame) / self.beat_frames


def cut_grid(song: SongUse, rate: FrameRate, duration_frames: int) -> Grid:
    """Every beat of the song that lies inside the edit, frame-exact, with the two ends."""
    beats: dict[int, int] = {}
    for index, beat in enumerate(song.beats):
        beats.setdefault(rate.frames(beat), index)
    frames = sorted(frame for frame in beats if 0 < frame < duration_frames)
    least = max(2, rate.frames(LEAST_SHOT_S))
    frames = [frame for frame in frames if frame >= least and duration_frames - frame >= least]
    points = [_point(song, rate, 0, beats.get(0))]
    points += [_point(song, rate, frame, beats[frame]) for frame in frames]
    points.append(_point(song, rate, duration_frames, None))
    period = float(rate.fraction) * 60.0 / song.bpm if song.bpm > 0 else float(rate.fraction) / 2
    widest = max((b.frame - a.frame for a, b in zip(points, points[1:])), default=duration_frames)
    return Grid(tuple(points), least, max(rate.frames(LONGEST_SHOT_S), widest), period)


def _point(song: SongUse, rate: FrameRate, frame: int, beat: int | None) -> CutPoint:
    time = float(rate.seconds(frame))
    section = next((one.label for one in song.sections if one.start_s - 0.05 <= time < one.end_s - 0.05), "unknown")
    return CutPoint(frame, beat, _strength(song, time), energy_between(song, time, time + 1.0), section)


def _strength(song: SongUse, time: float) -> float:
    """A drop asks loudest for a cut, then a section's start, then a bar's."""
    if _near(song.drops, time):
        return 1.0
    if _near([section.start_s for section in song.sections], time):
        return 0.8
    return 0.5 if _near(song.downbeats, time) else 0.2


def _near(times: Sequence[float], time: float) -> bool:
    return any(abs(one - time) < 0.06 for one in times)


def energy_between(song: SongUse, start_s: float, end_s: float) -> float:
    """Mean energy of the song between two edit times, 0 to 1."""
    rate = song.energy_rate_hz
    part = song.energy_curve[int(start_s * rate) : max(int(start_s * rate) + 1, int(end_s * rate))]
    return sum(part) / len(part) if part else 0.5


def target_beats(profile: StyleProfile, energy: float, bpm: float) -> float:
    """How long a shot should hold at this energy, in beats: between the profile's rules for loud and quiet, on a log scale."""
    high = FREQUENCY_BEATS.get(profile.energy_matching.high_energy_sections.cut_frequency, 2.0)
    low = FREQUENCY_BEATS.get(profile.energy_matching.low_energy_sections.cut_frequency, 4.0)
    loud = min(1.0, max(0.0, (energy - 0.4) / 0.5))
    beats = high**loud * low ** (1 - loud)
    if profile.creator_id is None:  # a creator's own habit already fits the tempos he uses
        beats *= 0.5 if bpm < SLOW_BPM else 2.0 if bpm > QUICK_BPM else 1.0
    return max(0.5, float(beats))
