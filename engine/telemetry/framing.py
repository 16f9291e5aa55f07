"""Which part of each picture a returned timeline shows, and whether somebody chose it anew. Pure.

Programs count zoom from what fits the frame, from what fills it, or from the file's own pixels, and not all say which. Whatever most clips
look untouched under is how this one counts; where under none they do, framing is not compared.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction

from engine.model.cutlist import CutFraming
from engine.model.media import Media, VideoStream
from engine.model.moving import Moving
from engine.model.time import round_half_up
from engine.model.timeline import CropKey, Placement, Timeline
from engine.telemetry.seen import Seen

__all__ = ["crop_shown", "reframed"]

WAYS = ("fit", "fill", "pixels")
SAME_SHARE = 0.01
"""Of the picture, by which edges of two crops may differ and still be one: programs round scale to a tenth of a per cent (chosen)."""
TOLD_SHARE = 0.5
"""Of the clips that say how they lie in the frame: as many have to be untouched, or the program counts in a way that is not known."""
STEPS = 20
"""Points on each straight way between two keys at which a standing picture is looked for: a program may have stopped it anywhere there."""
NONE_S = Fraction(0)
Path = tuple[CropKey, ...]


def reframed(timeline: Timeline, shown: Iterable[tuple[str, Seen]]) -> dict[int, Path]:
    """Number of a row -> the crop that shows now, for rows that were laid differently in the frame. shown : clip id, and a row of it.

    An empty crop: it shows less than the frame, which a crop cannot say.
    """
    rows = [(timeline.clip(name), row) for name, row in shown if row.framing]
    rows = [(clip, row) for clip, row in rows if _video(timeline, clip) is not None]
    found: dict[int, Path] = {}
    for one in rows:
        if one[1].framing[0].sure:
            found |= _changed(timeline, [one], one[1].framing[0].of)
    unsure = [one for one in rows if not one[1].framing[0].sure]
    for said in sorted({row.framing[0].of for _, row in unsure}):
        mine = [one for one in unsure if one[1].framing[0].of == said]
        changed = min((_told(timeline, mine, way) for way in sorted(WAYS, key=lambda one: one != said)), key=len)
        if len(changed) <= TOLD_SHARE * len(mine):
            found |= changed
    return found


def _told(timeline: Timeline, rows: Sequence[tuple[Placement, Seen]], way: str) -> dict[int, Path]:
    """What changed, if zoom is counted this way. A picture that lies as programs lay it by themselves was laid so by a person only where
    the file shows that our crops came through; else they were lost."""
    changed = _changed(timeline, rows, way)
    plain = {row.number for _, row in rows if _is_plain(row)}
    through = any(row.number not in changed and row.number not in plain for _, row in rows)
    return changed if through else {number: crop for number, crop in changed.items() if number not in plain}


def _is_plain(row: Seen) -> bool:
    first = row.framing[0]
    return len(row.framing) == 1 and (first.zoom, first.x, first.y) == (1.0, 0.0, 0.0)


def _changed(timeline: Timeline, rows: Sequence[tuple[Placement, Seen]], way: str) -> dict[int, Path]:
    found = {}
    for clip, row in rows:
        now = Moving({one.at_s: _edges(one, way, timeline, clip) for one in row.framing})
        if not _same(_path(timeline, clip, row), now):
            found[row.number] = _keys(now, timeline, row)
    return found


def crop_shown(row: Seen, timeline: Timeline, media: Media) -> Path:
    """The crop of a clip that somebody put in, as its program says; empty where it says nothing that a crop can say."""
    video = media.video
    if not row.framing or video is None:
        return ()
    return _keys(Moving({one.at_s: _edges_of(one, one.of, timeline, video) for one in row.framing}), timeline, row)


def _video(timeline: Timeline, clip: Placement) -> VideoStream | None:
    return timeline.media_of(clip).video


def _edges(one: CutFraming, way: str, timeline: Timeline, clip: Placement) -> tuple[float, ...]:
    video = _video(timeline, clip)
    assert video is not None
    return _edges_of(one, way, timeline, video)


def _edges_of(one: CutFraming, way: str, timeline: Timeline, video: VideoStream) -> tuple[float, ...]:
    """(x, y, width, height) of what shows, in shares of the displayed picture; of pictures of no size, more than there is."""
    across, down = timeline.width / video.display_width, timeline.height / video.display_height
    scale = one.zoom * {"fit": min(across, down), "fill": max(across, down), "pixels": 1.0}[way]
    if scale <= 0:
        return 0.0, 0.0, 2.0, 2.0
    width, height = across / scale, down / scale
    return 0.5 - width * (0.5 + one.x), 0.5 - height * (0.5 + one.y), width, height


def _path(timeline: Timeline, clip: Placement, row: Seen) -> Moving:
    """Our crop over the seconds of the row, which may begin elsewhere in the source than the clip did."""
    late = (row.source_start_s - clip.source_start_s) / clip.speed
    if clip.crop:
        return Moving({timeline.rate.seconds(key.frame) - late: (key.x, key.y, key.width, key.height) for key in clip.crop})
    video = _video(timeline, clip)
    assert video is not None
    return Moving({NONE_S: _edges_of(CutFraming(NONE_S, 1.0, 0.0, 0.0, "fill"), "fill", timeline, video)})


def _same(ours: Moving, now: Moving) -> bool:
    """Whether both show the same part all the way; a picture that stands somewhere on our way was stopped by a program, not by a person."""
    if len(now.times) == 1 or all(_near(one, now.values[0]) for one in now.values):
        return any(_near(point, now.values[0]) for point in _points(ours))
    return all(_near(ours.at(time), now.at(time)) for time in (*now.times, *_inside(ours.times, now.times)))


def _inside(times: Sequence[Fraction], other: Sequence[Fraction]) -> Iterable[Fraction]:
    return (one for one in times if other[0] <= one <= other[-1])


def _points(path: Moving) -> Iterable[tuple[float, ...]]:
    yield from path.values
    for a, b in zip(path.times, path.times[1:]):
        yield from (path.at(a + (b - a) * step / STEPS) for step in range(1, STEPS))


def _near(one: Sequence[float], other: Sequence[float]) -> bool:
    return all(abs(a - b) <= SAME_SHARE for a, b in zip(one, other))


def _keys(path: Moving, timeline: Timeline, row: Seen) -> Path:
    """What shows as keys of a crop, pushed inside the picture; empty where less than the frame is filled."""
    frames, last = {0: path.at(NONE_S)}, row.record.duration - 1
    for time in path.times:
        frame = round_half_up(time * timeline.rate.fraction)
        if frame > last > 0:  # what is still on its way at the end gets as far as it gets
            frames[last] = path.at(timeline.rate.seconds(last))
        elif frame > 0:
            frames[frame] = path.at(time)
    if any(edge > 1 + SAME_SHARE for edges in frames.values() for edge in edges[2:]):
        return ()
    keys = [_key(frame, edges) for frame, edges in sorted(frames.items())]
    still = all((key.x, key.y, key.width, key.height) == (keys[0].x, keys[0].y, keys[0].width, keys[0].height) for key in keys)
    return tuple(keys[:1] if still else keys)


def _key(frame: int, edges: Sequence[float]) -> CropKey:
    width, height = min(1.0, edges[2]), min(1.0, edges[3])
    x, y = min(max(0.0, edges[0]), 1.0 - width), min(max(0.0, edges[1]), 1.0 - height)
    return CropKey(frame, round(x, 6), round(y, 6), round(width, 6), round(height, 6))
