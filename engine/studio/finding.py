"""Finished shots found again in raw clips: the first look from what was measured, the exact place from the pictures themselves."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from engine.analysis.pinning import REACH_S, STEP_S, pin
from engine.analysis.placing import FINE_PX, Placed, Strip, place, shrunk
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

_Key = tuple[str, bool]
"""Media id of the clip, mirrored or not."""

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
class Hunt:
    """One shot, and the clips that it may be of: each in which stretches, through about which window."""

    shot: Stretch
    likely: tuple[tuple[matching.Guess, tuple[Stretch, ...]], ...]

    @property
    def seconds(self) -> float:
        return sum(one.end_s - one.start_s for _, stretches in self.likely for one in stretches)


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
    hunts = []
    for span, rows in zip(spans, matching.likeliest(work.analysis, spans, analyses)):
        shot = _shot(work, matching.inner_span(work.analysis, span), part)
        hunts.append(Hunt(shot, tuple((one, _stretches(raw[one.media_id], one, shot.end_s - shot.start_s)) for one in rows)))
    wanted = [one for one in hunts if one.likely]
    weights = [one.seconds for one in wanted]
    found = iter(run_all(studio, places, wanted, "Finding shots in the raw clips", progress, weights) if wanted else [])
    seen = [next(found) if one.likely else {} for one in hunts]
    return [
        matching.settled(work.analysis, span, {} if isinstance(one, CutprintError) else one, analyses) for span, one in zip(spans, seen)
    ]


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


def places(hunt: Hunt) -> dict[str, list[Placed]]:
    """Where one shot may lie, by clip, in a worker process: first in small pictures, then what is hopeful to the frame."""
    sharp = strip(hunt.shot, round(SHOT_PX * SHARP))
    small = Strip(shrunk(sharp.pictures, 1 / SHARP), sharp.first_s, sharp.fps)
    found: dict[_Key, list[Placed]] = {}
    media: dict[str, Media] = {}
    for guess, stretches in hunt.likely:
        with contextlib.suppress(CutprintError):
            every = [place(small, strip(one, FINE_PX), guess.window) for one in stretches]
            found[guess.media_id, guess.window.mirrored] = [one for one in every if one is not None]
            media[guess.media_id] = stretches[0].media
    for key, rows in matching.hopeful(found).items():
        with contextlib.suppress(CutprintError):
            found[key] = [_pinned(sharp, media[key[0]], one) for one in rows]
    by_clip: dict[str, list[Placed]] = {}
    for (media_id, _), rows in found.items():
        by_clip.setdefault(media_id, []).extend(rows)
    return by_clip


def _pinned(shot: Strip, clip: Media, placed: Placed) -> Placed:
    held: tuple[Stretch, Strip] | None = None
    for _ in range(MOST_PINS):
        stretch = _about(clip, placed, len(shot.pictures) / shot.fps)
        if held is None or stretch.start_s < held[0].start_s or stretch.end_s > held[0].end_s:
            held = stretch, strip(stretch, round(FINE_PX * SHARP))
        known, placed = placed, pin(shot, held[1].between(stretch.start_s, stretch.end_s), placed)
        if placed.speed == known.speed and abs(placed.start_s - known.start_s) < REACH_S - STEP_S:
            break
    return placed


def _about(clip: Media, placed: Placed, seconds: float) -> Stretch:
    """The clip's frames that the shot may show, at the speed that is known, at the clip's own, or somewhat faster."""
    reach = REACH_S + 0.1 + max(1.0, abs(1 - placed.speed)) * seconds / 2
    return Stretch(clip, max(0.0, placed.start_s - reach), placed.start_s + seconds * placed.speed + reach)


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
