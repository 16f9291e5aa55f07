"""What an editor's timeline shows, as plain rows that can be compared with ours: one track, one rate, times from each file's first frame.

Upper tracks hide lower ones, as on screen. Clips that are switched off are rows of their own and hide nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from engine.model.cutlist import CutEvent, CutFraming, CutList, CutMarker, CutTrack
from engine.model.media import Media
from engine.model.time import FrameRate, FrameSpan
from engine.model.timeline import Timeline

__all__ = ["LOCK_LABELS", "Seen", "gaps_between", "seen_events", "source_origin"]

ALTERNATE = ".alt"
"""End of the ids of runners-up that a writer puts above the edit."""
LOCK_LABELS = ("Rose", "Lime")
"""Label (Premiere) and clip colour (Resolve) that lock a clip, unless the settings say otherwise."""

MediaOf = Callable[[CutEvent], "str | None"]


@dataclass(frozen=True)
class Seen:
    """A stretch of the returned timeline that shows one clip.

    record : frames of our timeline. source_start_s, source_end_s : from the file's first frame. mark : the clip id that our writer left
    on it. lock_marks : what says that it is locked (marker, name, label, track, or the program's own lock of it). lock_gone : marks of
    that kind that our writer left on it and somebody took away. framing : how it lies in the frame from its first frame on, as its program
    counts that.
    """

    number: int
    track: int
    event: CutEvent
    media_id: str | None
    record: FrameSpan
    source_start_s: Fraction
    source_end_s: Fraction
    speed: Fraction
    enabled: bool
    mark: str | None
    lock_marks: tuple[str, ...] = ()
    lock_gone: tuple[str, ...] = ()
    framing: tuple[CutFraming, ...] = ()

    @property
    def name(self) -> str:
        return self.event.name

    @property
    def locked(self) -> bool:
        return bool(self.lock_marks)

    def part(self, span: FrameSpan, rate: FrameRate) -> Seen:
        """The same clip on a part of its record span."""
        late = rate.seconds(span.start - self.record.start)
        start = self.source_start_s + late * self.speed
        end = start + rate.seconds(span.duration) * self.speed
        framing = tuple(replace(one, at_s=one.at_s - late) for one in self.framing)
        return replace(self, record=span, source_start_s=start, source_end_s=end, framing=framing)


def seen_events(timeline: Timeline, cuts: CutList, media_of: MediaOf, lock_labels: Sequence[str] = LOCK_LABELS) -> tuple[Seen, ...]:
    """Rows in order of record: what is visible, and what is switched off. Events without a picture of their own (titles) are left out."""
    media = {row.media_id: row for row in timeline.media}
    pictures = [track for track in cuts.tracks if track.kind == "video"]
    rows = [
        _row(timeline, cuts, media, track, level, event, media_of, lock_labels)
        for level, track in enumerate(pictures)
        for event in track.events
    ]
    rows = [row for row in rows if row.record.duration and not _is_title(row) and not _is_alternate(timeline, row)]
    on = _visible([row for row in rows if row.enabled], timeline.rate)
    shown = sorted([*on, *(row for row in rows if not row.enabled)], key=lambda row: (row.record, row.track))
    return tuple(replace(row, number=number) for number, row in enumerate(shown))


def _is_title(row: Seen) -> bool:
    link = row.event.media
    return row.media_id is None and link.url is None and "." not in (link.name or "")


def _is_alternate(timeline: Timeline, row: Seen) -> bool:
    """Whether a row is a runner-up that our writer put above the edit, still switched off: by its id, or as what it is."""
    if row.enabled:
        return False
    if row.mark is not None and row.mark.endswith(ALTERNATE):
        return True
    place = next((clip for clip in timeline.clips if clip.span == row.record), None) if row.track else None
    runners = place.decision.runners_up if place is not None and place.decision else ()
    return any(one.media_id == row.media_id for one in runners)


def _row(
    timeline: Timeline,
    cuts: CutList,
    media: dict[str, Media],
    track: CutTrack,
    level: int,
    event: CutEvent,
    media_of: MediaOf,
    lock_labels: Sequence[str],
) -> Seen:
    mark = _mark(event)
    media_id = media_of(event) or _by_mark(timeline, event, mark)
    origin = source_origin(event, media.get(media_id or ""))
    record = FrameSpan(*(_in_ours(timeline.rate, cuts.rate, frame) for frame in (event.record.start, event.record.end)))
    marks = _lock_marks(event, track, lock_labels)
    start = event.source_start_s - origin
    return Seen(
        number=0,
        track=level,
        event=event,
        media_id=media_id,
        record=record,
        source_start_s=start,
        source_end_s=event.source_end_s - origin,
        speed=event.speed,
        enabled=event.enabled and track.enabled,
        mark=mark,
        lock_marks=marks,
        lock_gone=_lock_gone(event, marks),
        framing=event.framing,
    )


def _lock_marks(event: CutEvent, track: CutTrack, lock_labels: Sequence[str]) -> tuple[str, ...]:
    read = event.metadata.get("lock_marks")
    said = [one for one in read if isinstance(one, str)] if isinstance(read, list) else []
    return (
        *(said or (["clip"] if event.locked else [])),
        *(["label"] if event.label and event.label.casefold() in {one.casefold() for one in lock_labels} else []),
        *(["track"] if track.locked else []),
    )


def _lock_gone(event: CutEvent, seen: Sequence[str]) -> tuple[str, ...]:
    """Lock marks of ours that are gone although others like them are still there, so that it was a person who took them.

    Programs lose whole kinds of marks: a missing marker counts only beside another marker of ours, a missing label only beside a label.
    """
    own = event.metadata.get("cutprint")
    written = own.get("lock") if isinstance(own, dict) else None
    if written is True:  # a source that shows every mark there is
        return () if seen else ("mark",)
    kept = {"marker": any(_signed(mark) for mark in event.markers), "label": event.label is not None, "name": True}
    return tuple(one for one in written if kept.get(one) and one not in seen) if isinstance(written, list) else ()


def _signed(mark: CutMarker) -> bool:
    return "[cutprint" in mark.note or mark.name == "cutprint"


def _mark(event: CutEvent) -> str | None:
    own = event.metadata.get("cutprint")
    identity = own.get("id") if isinstance(own, dict) else None
    return identity if isinstance(identity, str) else None


def _by_mark(timeline: Timeline, event: CutEvent, mark: str | None) -> str | None:
    """The media of the clip whose id it bears, where its name says the same file (a proxy `A 1_proxy.mov` of `A 1.mp4`)."""
    clip = next((one for one in timeline.clips if one.id == mark), None)
    if clip is None:
        return None
    stem, name = (one.rsplit(".", 1)[0].casefold() for one in (timeline.media_of(clip).name, event.media.name or event.name))
    return clip.media_id if name.startswith(stem) else None


def _in_ours(rate: FrameRate, theirs: FrameRate, frame: int) -> int:
    return frame if rate == theirs else rate.frames(theirs.seconds(frame))


def source_origin(event: CutEvent, media: Media | None) -> Fraction:
    """Where the file begins in the event's source time: as the list says, as we know it, or 0, whichever puts the event inside the file."""
    said = event.media.media_start_s
    if media is None or media.video is None:
        return said or Fraction(0)
    video = media.video
    length = video.rate.seconds(video.duration_frames)
    low, high = min(event.source_start_s, event.source_end_s), max(event.source_start_s, event.source_end_s)
    origins = [one for one in (said, video.rate.seconds(video.start_frame), Fraction(0)) if one is not None]
    zero = Fraction(0)
    outside = [max(origin - low, zero) + max(high - origin - length, zero) for origin in origins]
    return origins[outside.index(min(outside))]


def _visible(rows: Sequence[Seen], rate: FrameRate) -> list[Seen]:
    """What of each row no row of a higher track hides."""
    found: list[Seen] = []
    for row in rows:
        above = sorted(
            (one.record for one in rows if one.track > row.track and one.record.overlaps(row.record)), key=lambda span: span.start
        )
        found += [row if span == row.record else row.part(span, rate) for span in _uncovered(row.record, above)]
    return found


def _uncovered(span: FrameSpan, above: Iterable[FrameSpan]) -> list[FrameSpan]:
    free, at = [], span.start
    for cover in above:
        if cover.start > at:
            free.append(FrameSpan(at, cover.start))
        at = max(at, min(cover.end, span.end))
    return [*free, FrameSpan(at, span.end)] if at < span.end else free


def gaps_between(rows: Iterable[Seen], disabled: bool = False) -> tuple[FrameSpan, ...]:
    """Stretches from frame 0 to the last row in which nothing is shown. disabled : clips that are switched off fill them too."""
    gaps, at = [], 0
    for row in sorted((one for one in rows if one.enabled or disabled), key=lambda one: one.record):
        if row.record.start > at:
            gaps.append(FrameSpan(at, row.record.start))
        at = max(at, row.record.end)
    return tuple(gaps)
