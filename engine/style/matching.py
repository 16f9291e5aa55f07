"""Finished shots -> the raw clips they come from, also cropped, enlarged, graded, mirrored or played at another speed.

First a cheap look at everything at once: three frames of each shot against a few frames a second of every clip, in every window the shot
may be of it; the order of the frames does not count yet, so speed does not either. Then the exact place among the best few.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from engine.analysis.prints import Found, locate
from engine.model.analysis import ClipAnalysis, Prints
from engine.model.time import FrameSpan
from engine.model.works import RawUse

__all__ = ["find_uses"]

Array = NDArray[np.float32]

LOOKS_PER_S = 3.0
"""Frames of each clip looked at first. A picture changes little in a third of a second, except where it is blurred anyway."""
SHOT_LOOKS = 3
ZOOMS = (1.0, 1.12, 1.25, 1.4)
"""Enlargements beside filling the frame (as `engine.analysis.prints` has them)."""
CANDIDATES = 4
"""Clips of the first look whose exact place is looked for."""
SURE = 0.9
"""Correlation from which no other speed is tried (chosen: finds of moving shots lie at .97 and more; docs/style.md)."""
LEAST = 0.72
"""... and under which there is none."""
LEAD = 0.03
"""How much better than every other clip a doubtful find must be."""
SPEEDS = (2.0, 0.5, 1.5, 0.75, 4.0, 0.25)
"""Speeds that editors use beside 1, likeliest first."""
SPEED_GAIN = 0.01
"""What another speed must explain better: a still picture looks alike at any."""
MARGIN_S = 0.1
"""Left off at both ends of a shot while looking: transitions and decoders smear them."""
LEAST_SPREAD = 2.0
"""Standard deviation in grey levels under which a picture says nothing."""


@dataclass(frozen=True)
class _Guess:
    """A clip and window that the first look finds likely."""

    score: float
    media_id: str
    zoom: float
    mirrored: bool


@dataclass(frozen=True)
class _Best:
    """The best place so far, and the best score of any other clip."""

    score: float
    media_id: str
    found: Found
    speed: float
    second: float = 0.0


def find_uses(work: ClipAnalysis, spans: Sequence[FrameSpan], raw: Mapping[str, ClipAnalysis]) -> list[RawUse | None]:
    """For each span of the work (its frames) the raw clip (by media id) and the seconds of it that are shown; None where none is found."""
    inner = [_inner(work, span) for span in spans]
    shots = [_cut(work.prints, span) for span in inner]
    guesses = _first_look(shots, raw)
    return [_find(work, *row, raw) for row in zip(spans, inner, shots, guesses)]


def _inner(work: ClipAnalysis, span: FrameSpan) -> FrameSpan:
    margin = round(MARGIN_S * work.rate.fps)
    return FrameSpan(span.start + margin, span.end - margin) if span.duration > 4 * margin else span


def _cut(prints: Prints, span: FrameSpan) -> Prints:
    step = prints.step_frames
    first = span.start // step
    return Prints(prints.values[first : max(first + 1, -(-span.end // step))], step)


def _first_look(shots: Sequence[Prints], raw: Mapping[str, ClipAnalysis]) -> list[list[_Guess]]:
    """Per shot the likeliest clips, each with its best window."""
    looks = [shot.values[np.unique(np.linspace(0, len(shot.values) - 1, SHOT_LOOKS).round().astype(int))] for shot in shots]
    best: list[dict[str, _Guess]] = [{} for _ in shots]
    shapes: dict[tuple[int, ...], list[str]] = {}
    for media_id, clip in raw.items():
        if len(clip.prints.values):
            shapes.setdefault(clip.prints.values.shape[1:], []).append(media_id)
    for ids in shapes.values():
        hay, owners = _sampled(ids, raw)
        for zoom, mirrored, scores in _windows(looks, hay):
            _keep(best, scores, owners, ids, zoom, mirrored, [len(one) for one in looks])
    return [sorted(rows.values(), key=lambda row: -row.score)[:CANDIDATES] for rows in best]


def _sampled(ids: Sequence[str], raw: Mapping[str, ClipAnalysis]) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Frames of many clips in one array, and whose each is (place in `ids`)."""
    blocks, owners = [], []
    for number, media_id in enumerate(ids):
        clip = raw[media_id]
        step = max(1, round(clip.rate.fps / LOOKS_PER_S / clip.prints.step_frames))
        blocks.append(clip.prints.values[step // 2 :: step] if len(clip.prints.values) > step // 2 else clip.prints.values[:1])
        owners.append(np.full(len(blocks[-1]), number))
    return np.concatenate(blocks), np.concatenate(owners)


def _windows(looks: Sequence[NDArray[np.uint8]], hay: NDArray[np.uint8]) -> Iterator[tuple[float, bool, Array]]:
    """(zoom, mirrored, best correlation over all positions: (frames of the clips, frames of the shots))."""
    rows, columns = hay.shape[1:]
    shape = looks[0].shape[2] / looks[0].shape[1]
    tallest = min(rows, columns / shape)
    seen = set()
    for zoom in ZOOMS:
        high, wide = min(rows, max(3, round(tallest / zoom))), min(columns, max(3, round(tallest / zoom * shape)))
        if (high, wide) in seen:
            continue
        seen.add((high, wide))
        small = np.concatenate([_resized(one, high, wide) for one in looks])
        wanted = _normal(small.reshape(len(small), -1)), _normal(small[:, :, ::-1].reshape(len(small), -1))
        best = [np.full((len(hay), len(small)), -1.0, np.float32) for _ in wanted]
        for top in range(rows - high + 1):
            for left in range(columns - wide + 1):
                cut = _normal(hay[:, top : top + high, left : left + wide].reshape(len(hay), -1).astype(np.float32))
                for scores, one in zip(best, wanted):
                    np.maximum(scores, cut @ one.T, out=scores)
        yield zoom, False, best[0]
        yield zoom, True, best[1]


def _resized(pictures: NDArray[np.uint8], high: int, wide: int) -> Array:
    """Means over cells of another grid: float32 (n, high, wide)."""
    down, across = _weights(pictures.shape[1], high), _weights(pictures.shape[2], wide)
    return np.asarray(np.einsum("hr,nrc,wc->nhw", down, pictures.astype(np.float32), across, optimize=True), np.float32)


def _weights(size: int, wanted: int) -> Array:
    """(wanted, size) shares of each old cell in each new one."""
    edges = np.linspace(0, size, wanted + 1)
    cells = np.arange(size)
    overlap = np.minimum(edges[1:, None], cells + 1) - np.maximum(edges[:-1, None], cells)
    shares = np.maximum(0.0, overlap)
    return np.asarray(shares / shares.sum(axis=1, keepdims=True), np.float32)


def _normal(vectors: Array) -> Array:
    """Mean taken off and length made 1; zero where there is no contrast."""
    centred = vectors - vectors.mean(axis=1, keepdims=True)
    length = np.linalg.norm(centred, axis=1, keepdims=True)
    flat = length < LEAST_SPREAD * vectors.shape[1] ** 0.5
    return np.asarray(np.where(flat, 0.0, centred / np.maximum(length, 1e-6)), np.float32)


def _keep(
    best: list[dict[str, _Guess]],
    scores: Array,
    owners: NDArray[np.int64],
    ids: Sequence[str],
    zoom: float,
    mirrored: bool,
    sizes: Sequence[int],
) -> None:
    """Per shot and clip the mean over the shot's frames of the best frame of the clip, where it beats other windows."""
    starts = np.flatnonzero(np.r_[True, np.diff(owners) > 0])
    per_clip = np.maximum.reduceat(scores, starts, axis=0)
    at = 0
    for rows, size in zip(best, sizes):
        means = per_clip[:, at : at + size].mean(axis=1)
        at += size
        for number in np.argsort(-means)[:CANDIDATES]:
            media_id, score = ids[int(owners[starts[number]])], float(means[number])
            if media_id not in rows or score > rows[media_id].score:
                rows[media_id] = _Guess(score, media_id, zoom, mirrored)


def _find(
    work: ClipAnalysis, span: FrameSpan, inner: FrameSpan, shot: Prints, guesses: Sequence[_Guess], raw: Mapping[str, ClipAnalysis]
) -> RawUse | None:
    best: _Best | None = None
    for speed in (1.0, *SPEEDS):
        for guess in guesses:
            clip = raw[guess.media_id]
            found = locate(shot, work.rate.fps / speed, clip.prints, clip.rate.fps, zooms=(guess.zoom,), mirrored=guess.mirrored)
            if found is not None:
                best = _better(best, _Best(found.score, guess.media_id, found, speed))
        if best is not None and best.score >= SURE:
            break
    if best is None or best.score < LEAST or (best.score < SURE and best.score - best.second < LEAD):
        return None
    return _use(work, span, inner, best, raw[best.media_id])


def _better(best: _Best | None, new: _Best) -> _Best:
    if best is None:
        return new
    if new.media_id == best.media_id:
        gain = SPEED_GAIN if new.speed != best.speed else 0.0
        return replace(new, second=best.second) if new.score > best.score + gain else best
    if new.score > best.score:
        return replace(new, second=best.score)
    return replace(best, second=max(best.second, new.score))


def _use(work: ClipAnalysis, span: FrameSpan, inner: FrameSpan, best: _Best, clip: ClipAnalysis) -> RawUse:
    start = best.found.start_frame / clip.rate.fps - (inner.start - span.start) / work.rate.fps * best.speed
    end = start + span.duration / work.rate.fps * best.speed
    length = clip.duration_frames / clip.rate.fps
    sure = (best.score - LEAST) / (SURE - LEAST) * 0.6 + min(0.4, 4 * (best.score - best.second))
    place = max(0.0, round(start, 5)), min(length, round(end, 5))
    return RawUse(best.media_id, *place, best.speed, best.found.mirrored, round(min(1.0, max(0.0, sure)), 4))
