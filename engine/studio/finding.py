"""Finished shots found again in raw clips: the first look from what was measured, the exact place from the pictures themselves."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from engine.analysis.pinning import REACH_S, STEP_S, pin
from engine.analysis.placing import FINE_PX, Placed, Strip, Window, place
from engine.errors import CutprintError
from engine.media.decode import FrameReader
from engine.model.media import Media
from engine.model.time import FrameSpan
from engine.model.works import RawUse
from engine.studio.footage import Clip
from engine.studio.workers import run_all
from engine.style import matching

if TYPE_CHECKING:
    from engine.progress import Progress
    from engine.studio.context import Studio

__all__ = ["find_uses"]

_Job = TypeVar("_Job")
_Key = tuple[int, str, bool]
"""Number of the shot, media id of the clip, mirrored or not."""

SHOT_PX = 128
"""Long side of the shot's own pictures, in which it is compared with the clip seen through its window."""
SHARP = 2.0
"""How much larger the pictures are that pin the place down: two frames of a slowly growing title then differ by more than noise."""
MOST_PINS = 5
"""Where a place moves as far as it may, or to another speed, it is looked for again from there, so often in all."""
MOST_S = 4.0
"""So much of a long shot is looked at: the rest cannot lie elsewhere."""
AROUND_S = 1.0
"""Looked at on both sides of a likely moment."""
WHOLE_S = 10.0
"""A clip up to this long is looked at whole."""


@dataclass(frozen=True)
class Stretch:
    """Frames of a file, from `start_s` to `end_s`; of their picture all or a part, in shares (x, y, width, height)."""

    media: Media
    start_s: float
    end_s: float
    part: tuple[float, float, float, float] | None = None


@dataclass(frozen=True)
class Job:
    """One shot and one clip that it may be of: in which stretches, through about which window."""

    shot: Stretch
    stretches: tuple[Stretch, ...]
    window: Window


@dataclass(frozen=True)
class Pinning:
    """One shot and one place that it may be of."""

    shot: Stretch
    clip: Media
    placed: Placed


def find_uses(
    studio: Studio,
    work: Clip,
    spans: Sequence[FrameSpan],
    raw: Mapping[str, Clip],
    progress: Progress,
    part: tuple[float, float, float, float] | None = None,
) -> list[RawUse | None]:
    """For each span of the work (its frames) the raw clip and the seconds of it that are shown; None where none is found.

    part : of the work's picture, where strips of nothing lie around it; what was measured of the work is of that part then.
    """
    analyses = {media_id: clip.analysis for media_id, clip in raw.items()}
    guesses = matching.likeliest(work.analysis, spans, analyses)
    jobs: dict[_Key, Job] = {}
    for number, (span, rows) in enumerate(zip(spans, guesses)):
        shot = _shot(work, matching.inner_span(work.analysis, span), part)
        for guess in rows:
            stretches = _stretches(raw[guess.media_id], guess, shot.end_s - shot.start_s)
            jobs[number, guess.media_id, guess.window.mirrored] = Job(shot, stretches, guess.window)
    seen = _done(studio, look, jobs, "Finding shots in the raw clips", progress)
    pinnings: dict[_Key, list[Pinning]] = {}
    for number in range(len(spans)):
        for media_id, places in matching.hopeful(_of(number, seen)).items():
            for one in places:
                key = number, media_id, one.window.mirrored
                pinnings.setdefault(key, []).append(Pinning(jobs[key].shot, raw[media_id].media, one))
    seen |= _done(studio, pin_down, pinnings, "Placing them to the frame", progress)
    return [matching.settled(work.analysis, span, _of(number, seen), analyses) for number, span in enumerate(spans)]


def _of(number: int, seen: Mapping[_Key, Sequence[Placed]]) -> dict[str, list[Placed]]:
    """The places of one shot, by clip."""
    found: dict[str, list[Placed]] = {}
    for (owner, media_id, _), places in seen.items():
        if owner == number:
            found.setdefault(media_id, []).extend(places)
    return found


def _done(
    studio: Studio, function: Callable[[_Job], list[Placed]], jobs: Mapping[_Key, _Job], what: str, progress: Progress
) -> dict[_Key, list[Placed]]:
    """What became of each job that worked."""
    results = run_all(studio, function, list(jobs.values()), what, progress) if jobs else []
    return {key: found for key, found in zip(jobs, results) if not isinstance(found, CutprintError)}


def _shot(work: Clip, inner: FrameSpan, part: tuple[float, float, float, float] | None) -> Stretch:
    fps = work.analysis.rate.fps
    return Stretch(work.media, inner.start / fps, min(inner.end / fps, inner.start / fps + MOST_S), part)


def _stretches(clip: Clip, guess: matching.Guess, seconds: float) -> tuple[Stretch, ...]:
    length = clip.analysis.duration_frames / clip.analysis.rate.fps
    if length <= WHOLE_S:
        return (Stretch(clip.media, 0.0, length),)
    found: list[list[float]] = []
    for start, speed in sorted(guess.moments):
        low, high = max(0.0, start - AROUND_S), min(length, start + seconds * speed + AROUND_S)
        if found and low <= found[-1][1]:
            found[-1][1] = max(high, found[-1][1])
        else:
            found.append([low, high])
    return tuple(Stretch(clip.media, low, high) for low, high in found)


def look(job: Job) -> list[Placed]:
    """One shot in one clip, in a worker process: its best place in each stretch."""
    shot = strip(job.shot, SHOT_PX)
    found = [place(shot, strip(one, FINE_PX), job.window) for one in job.stretches]
    return [one for one in found if one is not None]


def pin_down(places: Sequence[Pinning]) -> list[Placed]:
    """The exact places of one shot in one clip, in a worker process."""
    shot = strip(places[0].shot, round(SHOT_PX * SHARP))
    return [_pinned(shot, one) for one in places]


def _pinned(shot: Strip, one: Pinning) -> Placed:
    for _ in range(MOST_PINS):
        found = pin(shot, strip(_about(one), round(FINE_PX * SHARP)), one.placed)
        known, one = one.placed, replace(one, placed=found)
        if found.speed == known.speed and abs(found.start_s - known.start_s) < REACH_S - STEP_S:
            break
    return one.placed


def _about(one: Pinning) -> Stretch:
    """The clip's frames that the shot may show, at the speed that is known, at the clip's own, or somewhat faster."""
    seconds = one.shot.end_s - one.shot.start_s
    reach = REACH_S + 0.1 + max(1.0, abs(1 - one.placed.speed)) * seconds / 2
    end = one.placed.start_s + seconds * one.placed.speed + reach
    return Stretch(one.clip, max(0.0, one.placed.start_s - reach), end)


def strip(stretch: Stretch, long_px: int) -> Strip:
    """The stretch's frames on the file's nominal grid."""
    assert stretch.media.video is not None
    rate = stretch.media.video.rate
    span = FrameSpan(rate.frames(stretch.start_s), max(rate.frames(stretch.start_s) + 1, rate.frames(stretch.end_s)))
    frames = {frame.index: frame.picture for frame in FrameReader(stretch.media, span=span, max_side_px=long_px, part=stretch.part)}
    if not frames:
        return Strip(np.zeros((0, 2, 2), np.uint8), stretch.start_s, rate.fps)
    known = np.array(sorted(frames))
    every = range(int(known[0]), min(span.end, int(known[-1]) + 1))
    shown = [frames[int(known[np.searchsorted(known, index, side="right") - 1])] for index in every]
    return Strip(np.stack(shown), int(known[0]) / rate.fps, rate.fps)
