"""Finished shots -> the raw clips they come from, also cropped, enlarged, graded, mirrored or played at another speed.

First a cheap look at everything at once, in the tiny pictures that every analysis keeps: a few frames of each shot against a few frames a
second of every clip, in every window the shot may be of it; the order of the frames does not count yet, so speed does not either. What is
likeliest is then looked at in larger pictures (`engine.analysis.placing`), and compared once more.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from engine.analysis.fitting import Window
from engine.analysis.placing import Line, Placed, lines_through
from engine.model.analysis import ClipAnalysis, Prints
from engine.model.time import FrameSpan
from engine.model.works import RawUse

__all__ = ["Guess", "hopeful", "inner_span", "likeliest", "settled"]

Array = NDArray[np.float32]
Key = TypeVar("Key")
_Key = tuple[str, bool]
"""Media id, mirrored or not."""

LOOKS_PER_S = 6.0
"""Pictures of each clip looked at first."""
MEAN_S = 0.3
"""Each is the mean over so long: in fast motion no single frame is near another, but what is blurred alike is."""
SHOT_LOOKS = 3
ZOOMS = (1.0, 1.12, 1.25, 1.4)
"""Enlargements beside filling the frame (as `engine.analysis.prints` has them)."""
CANDIDATES = 5
"""Clips of the first look that are looked at in larger pictures ..."""
NEAR_BEST = 0.06
"""... as far as they lie this near to the likeliest one (the right one was at most .033 off in 525 shots, seeds 101, 103 and 201)."""
LEAST_LIKELY = 0.3
"""... and show something in common at all: a black shot is of no clip."""
NEAR_MIRRORED = 0.005
"""A clip is looked at both ways round where the tiny pictures tell this little between them: a few letters, a lone tree."""
MOMENTS, APART_S = 3, 0.8
"""Moments of each that are tried, and how far they must lie apart."""
LEAST = 0.8
"""Correlation of larger pictures under which a shot is not of that clip."""
NEAR_ALIKE = 0.03
"""Places this much less alike than the best one are not worth pinning down: that gains a hundredth."""
LEAST_HOPEFUL = 0.5
"""Where nothing is that much alike, nothing is worth it: a fade from black rose from .7 to .9, what is below .5 stays under LEAST."""
LEAD = 0.004
"""How much better than every other clip a find must be: second takes of one scene lie nearer than that."""
MARGIN_S = 0.1
"""Left off at both ends of a shot while looking: transitions and decoders smear them."""
LEAST_SPREAD = 2.0
"""Standard deviation in grey levels under which a picture says nothing."""


@dataclass(frozen=True)
class Guess:
    """A clip that the first look finds likely, the window of it, and moments: (second at the shot's inner first frame, speed)."""

    media_id: str
    score: float
    window: Window
    moments: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True)
class _Seen:
    """A clip and kind of window that the first look finds likely."""

    score: float
    zoom: float
    mirrored: bool


def inner_span(work: ClipAnalysis, span: FrameSpan) -> FrameSpan:
    """The frames of a shot that no transition touches."""
    margin = round(MARGIN_S * work.rate.fps)
    return FrameSpan(span.start + margin, span.end - margin) if span.duration > 4 * margin else span


def likeliest(work: ClipAnalysis, spans: Sequence[FrameSpan], raw: Mapping[str, ClipAnalysis]) -> list[list[Guess]]:
    """For each span of the work (its frames) the raw clips that it may be of, likeliest first."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1):  # many small products: threads would mostly wait for each other
        return _likeliest(work, spans, raw)


def _likeliest(work: ClipAnalysis, spans: Sequence[FrameSpan], raw: Mapping[str, ClipAnalysis]) -> list[list[Guess]]:
    shots = [_cut(work.prints, inner_span(work, span)) for span in spans]
    looks = [_looks(shot, work.rate.fps) for shot in shots]
    guesses = []
    for shot, seen_in, look in zip(shots, _first_look(looks, raw), looks):
        rows = [_guess(shot, look, work.rate.fps, media_id, one, raw[media_id]) for media_id, one in seen_in]
        best = max((row.score for row in rows), default=0.0)
        guesses.append(sorted((row for row in rows if row.score >= max(best - NEAR_BEST, LEAST_LIKELY)), key=lambda row: -row.score))
    return guesses


def hopeful(placed: Mapping[Key, Sequence[Placed]]) -> dict[Key, list[Placed]]:
    """Of the places of one shot (by clip, or by clip and kind of window) those that may be the right one."""
    best = max((one.alike for rows in placed.values() for one in rows), default=0.0)
    least = max(best - NEAR_ALIKE, LEAST_HOPEFUL)
    near = {key: [one for one in rows if one.alike >= least] for key, rows in placed.items()}
    return {key: rows for key, rows in near.items() if rows}


def settled(work: ClipAnalysis, span: FrameSpan, placed: Mapping[str, Sequence[Placed]], raw: Mapping[str, ClipAnalysis]) -> RawUse | None:
    """Which clip it is, of those it was placed in (media id -> places); None where none is sure enough."""
    best = {media_id: max(rows, key=lambda one: one.alike) for media_id, rows in placed.items() if rows}
    if not best:
        return None
    media_id = max(best, key=lambda one: best[one].alike)
    found = best[media_id]
    second = max((one.alike for other, one in best.items() if other != media_id), default=0.0)
    if found.alike < LEAST or found.alike - second < LEAD:
        return None
    inner = inner_span(work, span)
    start = found.start_s - (inner.start - span.start) / work.rate.fps * found.speed
    end = start + span.duration / work.rate.fps * found.speed
    length = raw[media_id].duration_frames / raw[media_id].rate.fps
    sure = 0.6 * (found.alike - LEAST) / (1 - LEAST) + min(0.4, 4 * (found.alike - second))
    place = max(0.0, round(start, 5)), min(length, round(end, 5))
    return RawUse(media_id, *place, found.speed, found.window.mirrored, round(min(1.0, max(0.0, sure)), 4))


def _cut(prints: Prints, span: FrameSpan) -> Prints:
    step = prints.step_frames
    first = span.start // step
    return Prints(prints.values[first : max(first + 1, -(-span.end // step))], step)


def _looks(shot: Prints, fps: float) -> Array:
    """A few pictures of a shot, each the mean over MEAN_S."""
    means = _means(shot, fps)
    at = np.unique(np.linspace(0, len(means) - 1, SHOT_LOOKS).round().astype(int))
    return np.asarray(means[at], np.float32)


def _means(prints: Prints, fps: float) -> Array:
    """Running means over MEAN_S, in the middle of each stretch; one mean where the clip is shorter."""
    length = min(len(prints.values), max(1, round(MEAN_S * fps / prints.step_frames)))
    summed = np.cumsum(np.pad(prints.values.astype(np.float32), ((1, 0), (0, 0), (0, 0))), axis=0)
    return np.asarray((summed[length:] - summed[:-length]) / length, np.float32)


def _first_look(looks: Sequence[Array], raw: Mapping[str, ClipAnalysis]) -> list[list[tuple[str, _Seen]]]:
    """Per shot the likeliest clips, each with its best window; twice where it might as well be mirrored."""
    best: list[dict[_Key, _Seen]] = [{} for _ in looks]
    shapes: dict[tuple[int, ...], list[str]] = {}
    for media_id, clip in raw.items():
        if len(clip.prints.values):
            shapes.setdefault(clip.prints.values.shape[1:], []).append(media_id)
    for ids in shapes.values():
        hay, owners = _sampled(ids, raw)
        for zoom, mirrored, scores in _windows(looks, hay):
            _keep(best, scores, owners, ids, zoom, mirrored, [len(one) for one in looks])
    return [list(_likely(rows)) for rows in best]


def _likely(rows: Mapping[_Key, _Seen]) -> Iterator[tuple[str, _Seen]]:
    """The best clips, likeliest first."""
    clips: dict[str, list[_Seen]] = {}
    best = max((seen.score for seen in rows.values()), default=0.0)
    for (media_id, _), seen in sorted(rows.items(), key=lambda row: -row[1].score):
        if seen.score < best - 2 * NEAR_BEST:
            break  # one window for all looks cannot lift it that far beside the others
        clips.setdefault(media_id, []).append(seen)
    for media_id, ways in list(clips.items())[:CANDIDATES]:
        yield from ((media_id, one) for one in ways if one.score >= ways[0].score - NEAR_MIRRORED)


def _sampled(ids: Sequence[str], raw: Mapping[str, ClipAnalysis]) -> tuple[Array, NDArray[np.int64]]:
    """Frames of many clips in one array, and whose each is (place in `ids`)."""
    blocks = [_thinned(raw[media_id]) for media_id in ids]
    return np.concatenate(blocks), np.repeat(np.arange(len(ids)), [len(one) for one in blocks])


def _thinned(clip: ClipAnalysis) -> Array:
    means = _means(clip.prints, clip.rate.fps)
    return np.asarray(means[:: max(1, round(clip.rate.fps / LOOKS_PER_S / clip.prints.step_frames))], np.float32)


def _sizes(shape: float, rows: int, columns: int, zoom: float) -> tuple[int, int]:
    """Cells (rows, columns) that a picture of `shape` (width / height) covers when enlarged `zoom` times beyond filling the frame."""
    tallest = min(rows, columns / shape)
    return min(rows, max(3, round(tallest / zoom))), min(columns, max(3, round(tallest / zoom * shape)))


def _windows(looks: Sequence[Array], hay: Array) -> Iterator[tuple[float, bool, Array]]:
    """(zoom, mirrored, best correlation over all positions: (frames of the clips, frames of the shots))."""
    rows, columns = hay.shape[1:]
    shape = looks[0].shape[2] / looks[0].shape[1]
    seen = set()
    for zoom in ZOOMS:
        high, wide = _sizes(shape, rows, columns, zoom)
        if (high, wide) in seen:
            continue
        seen.add((high, wide))
        small = np.concatenate([_resized(one, high, wide) for one in looks])
        wanted = _normal(small.reshape(len(small), -1)), _normal(small[:, :, ::-1].reshape(len(small), -1))
        best = [np.full((len(hay), len(small)), -1.0, np.float32) for _ in wanted]
        for top, left in np.ndindex(rows - high + 1, columns - wide + 1):
            cut = _normal(hay[:, top : top + high, left : left + wide].reshape(len(hay), -1))
            for scores, one in zip(best, wanted):
                np.maximum(scores, cut @ one.T, out=scores)
        yield zoom, False, best[0]
        yield zoom, True, best[1]


def _resized(pictures: NDArray[Any], high: int, wide: int) -> Array:
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
    best: list[dict[_Key, _Seen]],
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
            if (media_id, mirrored) not in rows or score > rows[media_id, mirrored].score:
                rows[media_id, mirrored] = _Seen(score, zoom, mirrored)


def _guess(shot: Prints, look: Array, fps: float, media_id: str, seen: _Seen, clip: ClipAnalysis) -> Guess:
    """Where in the clip's picture the shot's window lies, and when: the window that fits all looks at once, then every moment in it."""
    rows, columns = clip.prints.values.shape[1:]
    high, wide = _sizes(shot.values.shape[2] / shot.values.shape[1], rows, columns, seen.zoom)
    turned = slice(None, None, -1 if seen.mirrored else 1)
    wanted = _normal(_resized(look[:, :, turned], high, wide).reshape(-1, high * wide))
    hay = _thinned(clip)
    best = (-2.0, 0, 0)
    for top, left in np.ndindex(rows - high + 1, columns - wide + 1):
        cut = _normal(hay[:, top : top + high, left : left + wide].reshape(len(hay), -1))
        best = max(best, (float((cut @ wanted.T).max(axis=0).mean()), top, left))
    score, top, left = best
    window = Window(left / columns, top / rows, wide / columns, high / rows, seen.mirrored)
    through = clip.prints.values[:, top : top + high, left : left + wide].reshape(len(clip.prints.values), -1).astype(np.float32)
    small = _resized(shot.values[:, :, turned], high, wide).reshape(len(shot.values), -1)
    rates = fps / shot.step_frames, clip.rate.fps / clip.prints.step_frames
    return Guess(media_id, score, window, _moments(lines_through(small, through, *rates), rates[1]))


def _moments(lines: Sequence[Line], fps: float) -> tuple[tuple[float, float], ...]:
    """The likeliest moments that lie apart from each other: (second, speed)."""
    chosen: list[tuple[float, float]] = []
    for line in sorted(lines, key=lambda one: -one.score):
        at = line.first / fps
        if all(abs(at - other) > APART_S for other, _ in chosen):
            chosen.append((at, line.speed))
        if len(chosen) == MOMENTS:
            break
    return tuple(chosen)
