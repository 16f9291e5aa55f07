"""Frames as tiny pictures, and finding them again in another file: also cropped, enlarged, mirrored, graded or encoded anew.

A print is the luma of square cells, 32 along the long side. A vertical edit of a wide clip shows a window of its cells, so a window is slid
over every frame; correlation without mean and contrast makes grading cancel out. Which frame it was, in a picture that hardly moves, is
told by what changes over time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.model.analysis import Prints

__all__ = ["CELLS", "Found", "locate", "print_of", "resampled"]

CELLS = 32
"""Cells along the long side (chosen: a 9:16 window of a 16:9 picture still has 10 x 18 of them)."""
ZOOMS = (1.0, 1.12, 1.25, 1.4)
"""How much a window may be enlarged beside filling the frame: what editors do to stills and medium shots."""
COARSE_FRAMES = 4
"""So many frames of the wanted shot are looked for ..."""
COARSE_STEP = 3
"""... among every third of the source; which frame it was exactly is told afterwards."""
LEAST_SPREAD = 2.0
"""Standard deviation, in grey levels, under which a print says nothing."""
REFINE_S = 0.5
"""The exact frame is looked for this far on either side of the best place."""

Pictures = NDArray[np.uint8]


@dataclass(frozen=True)
class Found:
    """Where a shot lies in a source.

    start_frame : source frame that the shot's first frame shows. score : mean correlation of the pictures, -1 to 1 (.9 is sure, under .7 is
    chance). margin : how much better than the best place elsewhere in the same source (0 in a still picture).
    x, y, width, height : the window of the source that the shot shows, in shares. mirrored : left and right are swapped.
    """

    start_frame: int
    score: float
    margin: float
    x: float
    y: float
    width: float
    height: float
    mirrored: bool


@dataclass(frozen=True)
class _Place:
    score: float
    offset: int
    row: int
    column: int
    rows: int
    columns: int
    mirrored: bool
    elsewhere: float


def print_of(luma: Pictures) -> Pictures:
    """The print of a luma picture: uint8 (rows, columns), CELLS along the long side."""
    import cv2

    height, width = luma.shape
    scale = CELLS / max(height, width)
    size = max(4, round(width * scale)), max(4, round(height * scale))
    return np.asarray(cv2.resize(luma, size, interpolation=cv2.INTER_AREA), np.uint8)


def resampled(prints: Prints, fps: float, to_fps: float) -> Pictures:
    """Pictures at another rate: what is on screen at k / to_fps."""
    count = len(prints.values)
    if not count:
        return prints.values
    wanted = int(count * prints.step_frames / fps * to_fps)
    at = (np.arange(max(1, wanted)) / to_fps * fps / prints.step_frames + 1e-6).astype(int)
    return np.asarray(prints.values[np.clip(at, 0, count - 1)], np.uint8)


def locate(
    shot: Prints, shot_fps: float, source: Prints, source_fps: float, zooms: Sequence[float] = ZOOMS, mirrored: bool = True
) -> Found | None:
    """Where `source` shows what `shot` shows, at the source's own speed; None where it is shorter or there is nothing to see.

    zooms, mirrored : what is tried. Cost grows with their number (about 1 ms per second of source and window at zoom 1): over many
    sources look with `zooms=(1.0,), mirrored=False` first, and for more only where nothing was found.
    """
    hay = source.values
    needle = resampled(shot, shot_fps, source_fps / source.step_frames)
    if not len(needle) or len(hay) < len(needle):
        return None
    chosen = np.unique(np.linspace(0, len(needle) - 1, COARSE_FRAMES).round().astype(int))
    places = [place for window in _windows(needle, hay, zooms, mirrored) if (place := _best(needle, chosen, hay, *window))]
    if not places:
        return None
    best = max(places, key=lambda place: place.score)
    offset = _refined(best, needle, hay, max(1, round(REFINE_S * source_fps / source.step_frames)))
    rows, columns = hay.shape[1:]
    return Found(
        start_frame=offset * source.step_frames,
        score=best.score,
        margin=best.score - best.elsewhere,
        x=best.column / columns,
        y=best.row / rows,
        width=best.columns / columns,
        height=best.rows / rows,
        mirrored=best.mirrored,
    )


def _windows(needle: Pictures, hay: Pictures, zooms: Sequence[float], mirrored: bool) -> Iterator[tuple[int, int, bool]]:
    """Sizes, in cells of the source, that the shot's picture may have there: (rows, columns, mirrored)."""
    rows, columns = hay.shape[1:]
    shape = needle.shape[2] / needle.shape[1]
    tallest = min(rows, columns / shape)
    sizes = {(max(3, round(tallest / zoom)), max(3, round(tallest / zoom * shape))) for zoom in zooms}
    for high, wide in sorted(sizes, reverse=True):
        for flipped in (False, True) if mirrored else (False,):
            yield min(high, rows), min(wide, columns), flipped


def _shrunk(pictures: Pictures, rows: int, columns: int, mirrored: bool) -> NDArray[np.float32]:
    import cv2

    small = np.stack([cv2.resize(one, (columns, rows), interpolation=cv2.INTER_AREA) for one in pictures]).astype(np.float32)
    return small[:, :, ::-1] if mirrored else small


def _normal(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Mean taken off and length made 1, over the last axis; zero where there is no contrast."""
    centred = vectors - vectors.mean(axis=-1, keepdims=True)
    length = np.linalg.norm(centred, axis=-1, keepdims=True)
    flat = length < LEAST_SPREAD * np.sqrt(vectors.shape[-1])
    return np.where(flat, 0, centred / np.maximum(length, 1e-6)).astype(np.float32)


def _best(needle: Pictures, chosen: NDArray[np.int64], hay: Pictures, rows: int, columns: int, mirrored: bool) -> _Place | None:
    """The best place for one size of window; `elsewhere` is the best that is not a neighbour in time."""
    wanted = _normal(_shrunk(needle[chosen], rows, columns, mirrored).reshape(len(chosen), -1))
    if not wanted.any():
        return None
    every = hay[::COARSE_STEP]
    starts = np.arange(0, len(hay) - len(needle) + 1, COARSE_STEP)
    reached = np.minimum(np.rint((starts[:, None] + chosen) / COARSE_STEP).astype(int), len(every) - 1)
    down, across = hay.shape[1] - rows + 1, hay.shape[2] - columns + 1
    total = np.zeros((down, across, len(starts)), np.float32)
    for row, column in np.ndindex(down, across):
        cut = every[:, row : row + rows, column : column + columns].astype(np.float32)
        scores = _normal(cut.reshape(len(every), -1)) @ wanted.T
        total[row, column] = np.take_along_axis(scores, reached, axis=0).mean(axis=1)
    row, column, place = (int(one) for one in np.unravel_index(int(total.argmax()), total.shape))
    over_time = total.max(axis=(0, 1))
    far = np.abs(starts - starts[place]) > max(2, len(needle) // 2)
    elsewhere = float(over_time[far].max()) if far.any() else 0.0
    return _Place(float(total[row, column, place]), int(starts[place]), row, column, rows, columns, mirrored, elsewhere)


def _refined(place: _Place, needle: Pictures, hay: Pictures, reach: int) -> int:
    """The offset at which the pictures also change alike over time."""
    wanted = _shrunk(needle, place.rows, place.columns, place.mirrored)
    wanted = wanted - wanted.mean(axis=0)
    cut = hay[:, place.row : place.row + place.rows, place.column : place.column + place.columns].astype(np.float32)
    scores = {}
    for offset in range(max(0, place.offset - reach), min(len(hay) - len(needle), place.offset + reach) + 1):
        part = cut[offset : offset + len(needle)]
        part = part - part.mean(axis=0)
        size = float(np.linalg.norm(part) * np.linalg.norm(wanted))
        scores[offset] = float((part * wanted).sum()) / size if size > wanted.size**0.5 else 0.0
    best = max(scores, key=lambda offset: scores[offset])
    return best if scores[best] > scores.get(place.offset, 0.0) + 1e-6 else place.offset
