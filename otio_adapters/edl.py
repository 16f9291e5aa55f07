"""CMX 3600 edit decision lists: the last resort that everything reads. One video track, cuts, dissolves, markers for Resolve."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from engine.model.interchange import ExportOptions, Written
from engine.model.media import Media
from engine.model.time import FrameRate, round_half_up
from engine.model.timeline import Timeline
from otio_adapters.layout import Shot, layout
from otio_adapters.marks import Mark, edit_note, lock_marks, shot_marks, timeline_marks
from otio_adapters.places import record_start
from otio_adapters.warnings import Carries, common_drops, common_warnings

__all__ = ["EdlWriter"]

MOST_EVENTS = 999
CARRIES = Carries(song=False, tracks=False, speeds=True)


class EdlWriter:
    """Source times are the media's timecode in frames of the timeline, drop frame (`;`) where the media's is; record from 01:00:00:00.

    Clips that are switched off are black events, with their names beside them. Speeds are `M2` lines.
    """

    name = "edl"
    suffix = ".edl"
    description = "EDL (CMX 3600), for everything else"

    def write(self, timeline: Timeline, options: ExportOptions = ExportOptions()) -> Written:
        """The file: ASCII but for clip names and comments, CRLF line ends."""
        rate = timeline.rate
        # The format has no place for the rate, so a comment says it.
        lines = [f"TITLE: {_one_line(options.name)}", "FCM: NON-DROP FRAME", f"* CUTPRINT RATE: {rate.to_json()}"]
        lines += [f"* CUTPRINT EDIT: {_one_line(edit_note(timeline))}", ""]
        reels: dict[str, str] = {}
        marks = timeline_marks(timeline, options.markers, signed=False)
        plan = layout(timeline)
        shots = plan.lanes[0].shots
        for number, shot in enumerate(shots[:MOST_EVENTS]):
            reel = reels.setdefault(shot.media.media_id, f"CP{len(reels) + 1:06d}") if shot.enabled else "BL"
            lines += _event(shot, number, reel, rate)
            lines += _locators(shot, marks, rate, options)
        for sound in plan.song:
            at = rate.timecode(record_start(rate) + sound.start)
            lines += [f"* SONG: {_one_line(sound.media.name)} FROM {float(sound.source_s):.3f} S AT {at}"]
        dropped = [f"everything after event {MOST_EVENTS}"] if len(shots) > MOST_EVENTS else []
        dropped += common_drops(timeline, CARRIES, options)
        content = ("\r\n".join(lines) + "\r\n").encode("utf-8", "replace")
        return Written(content, tuple(dropped), "Any other program: import {file} as an EDL.", common_warnings(timeline))


def _event(shot: Shot, number: int, reel: str, rate: FrameRate) -> Iterator[str]:
    begin = round_half_up(shot.in_s * rate.fraction)
    record = record_start(rate) + shot.start
    drop = _shows_drop_frame(shot.media, rate)
    used = max(1, round_half_up(shot.duration * shot.speed))
    source = [rate.timecode(frame, drop) for frame in (begin, begin + used)]
    target = [rate.timecode(frame) for frame in (record, record + shot.duration)]
    yield f"{number + 1:03d}  {reel:<8} V     C        " + " ".join(source + target)
    if shot.speed != 1:
        yield f"M2   {reel:<8}       {float(shot.speed * rate.timebase):05.1f}                {source[0]}"
        yield f"* CUTPRINT SPEED: {shot.speed.numerator}/{shot.speed.denominator}"
    yield f"* FROM CLIP NAME: {_one_line(shot.media.name)}"
    yield f"* SOURCE FILE: {_one_line(shot.media.path)}"
    yield f"* CUTPRINT ID: {shot.id}"


def _locators(shot: Shot, marks: Sequence[Mark], rate: FrameRate, options: ExportOptions) -> Iterator[str]:
    """Markers of the edit within a shot, and its LOCK; reasons would be more text than these lines are read with."""
    here = [mark for mark in marks if shot.start <= mark.frame < shot.end]
    written = lock_marks(shot, options.markers, "marker")
    if written:
        locks = [mark for mark in shot_marks(shot, options.markers, written) if mark.name == "LOCK"]
        here += [Mark(shot.start + mark.frame, mark.name, mark.note, mark.colour) for mark in locks]
    for mark in sorted(here, key=lambda one: one.frame):
        words = _one_line(f"{mark.name} {mark.note}".strip()).replace("|", "/")
        yield f"* LOC: {rate.timecode(record_start(rate) + mark.frame)} {mark.colour:<7} {words}"


def _shows_drop_frame(media: Media, rate: FrameRate) -> bool:
    """Whether the source's labels are drop frame: then a host finds the frames by the labels that the camera wrote."""
    video = media.video
    return video is not None and video.drop_frame and video.rate == rate and rate.is_ntsc and rate.timebase % 30 == 0


def _one_line(text: str) -> str:
    return " ".join(text.split())
