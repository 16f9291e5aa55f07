"""Finished shots -> the raw clips they come from, also cropped, enlarged, graded, mirrored or played at another speed.

Looks cheaply at everything first (middle of the shot, at the clip's own speed), then for more only where nothing was found.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from engine.analysis.prints import Found, locate
from engine.model.analysis import ClipAnalysis, Prints
from engine.model.time import FrameSpan
from engine.model.works import RawUse

__all__ = ["find_uses"]

SURE = 0.85
"""Correlation from which a find needs no better one (docs/style.md: true finds lie above .9, others' best below .8)."""
LEAST = 0.72
"""... and under which there is none."""
LEAD = 0.03
"""How much better than every other clip a doubtful find must be."""
SPEEDS = (2.0, 0.5, 1.5, 0.75, 4.0, 0.25)
"""Speeds that editors use beside 1, likeliest first."""
MARGIN_S = 0.1
"""Left off at both ends of a shot while looking: transitions and decoders smear them."""


@dataclass(frozen=True)
class _Try:
    zooms: tuple[float, ...]
    mirrored: bool
    speeds: tuple[float, ...]


@dataclass(frozen=True)
class _Best:
    """The best place so far, and the best score of any other clip."""

    score: float
    media_id: str
    found: Found
    speed: float
    second: float = 0.0


TRIES = (
    _Try((1.0,), False, (1.0,)),
    _Try((1.0, 1.12, 1.25, 1.4), True, (1.0,)),
    _Try((1.0, 1.25), True, SPEEDS),
)
"""What is looked for, in order of cost."""


def find_uses(work: ClipAnalysis, spans: Sequence[FrameSpan], raw: Mapping[str, ClipAnalysis]) -> list[RawUse | None]:
    """For each span of the work (its frames) the raw clip (by media id) and the seconds of it that are shown; None where none is found."""
    return [_find(work, span, raw) for span in spans]


def _find(work: ClipAnalysis, span: FrameSpan, raw: Mapping[str, ClipAnalysis]) -> RawUse | None:
    margin = round(MARGIN_S * work.rate.fps)
    inner = FrameSpan(span.start + margin, span.end - margin) if span.duration > 4 * margin else span
    shot = _cut(work.prints, inner)
    best: _Best | None = None
    for one in TRIES:
        for speed in one.speeds:
            for media_id, clip in raw.items():
                found = locate(shot, work.rate.fps / speed, clip.prints, clip.rate.fps, zooms=one.zooms, mirrored=one.mirrored)
                if found is not None:
                    best = _better(best, _Best(found.score, media_id, found, speed))
            if best is not None and best.score >= SURE:
                return _use(work, span, inner, best, raw[best.media_id])
    if best is None or best.score < LEAST or (best.score < SURE and best.score - best.second < LEAD):
        return None
    return _use(work, span, inner, best, raw[best.media_id])


def _better(best: _Best | None, new: _Best) -> _Best:
    if best is None:
        return new
    if new.score > best.score:
        return replace(new, second=best.second if best.media_id == new.media_id else best.score)
    return best if new.media_id == best.media_id else replace(best, second=max(best.second, new.score))


def _cut(prints: Prints, span: FrameSpan) -> Prints:
    step = prints.step_frames
    first = span.start // step
    return Prints(prints.values[first : max(first + 1, -(-span.end // step))], step)


def _use(work: ClipAnalysis, span: FrameSpan, inner: FrameSpan, best: _Best, clip: ClipAnalysis) -> RawUse:
    start = best.found.start_frame / clip.rate.fps - (inner.start - span.start) / work.rate.fps * best.speed
    end = start + span.duration / work.rate.fps * best.speed
    length = clip.duration_frames / clip.rate.fps
    sure = (best.score - LEAST) / (SURE - LEAST) * 0.6 + min(0.4, 4 * (best.score - best.second))
    place = max(0.0, round(start, 5)), min(length, round(end, 5))
    return RawUse(best.media_id, *place, best.speed, best.found.mirrored, round(min(1.0, max(0.0, sure)), 4))
