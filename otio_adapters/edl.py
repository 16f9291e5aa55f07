"""CMX 3600 edit decision lists: the last resort that everything reads. One video track, cuts, markers for Resolve."""

from __future__ import annotations

from engine.model.interchange import ExportOptions, Written
from engine.model.media import Media
from engine.model.time import FrameRate, round_half_up
from engine.model.timeline import Timeline
from otio_adapters.places import marker_rows, record_start, source_in_s
from otio_adapters.warnings import common_drops, common_warnings

__all__ = ["EdlWriter"]

MOST_EVENTS = 999


class EdlWriter:
    """Source times are the media's timecode in frames of the timeline, drop frame (`;`) where the media's is; record from 01:00:00:00."""

    name = "edl"
    suffix = ".edl"
    description = "EDL (CMX 3600), for everything else"

    def write(self, timeline: Timeline, options: ExportOptions = ExportOptions()) -> Written:
        """The file: ASCII but for clip names and comments, CRLF line ends."""
        rate = timeline.rate
        reels: dict[str, str] = {}
        # The format has no place for the rate, so a comment says it.
        lines = [f"TITLE: {_one_line(options.name)}", "FCM: NON-DROP FRAME", f"* CUTPRINT RATE: {rate.to_json()}", ""]
        for number, clip in enumerate(timeline.clips[:MOST_EVENTS]):
            media = timeline.media_of(clip)
            reel = reels.setdefault(clip.media_id, f"CP{len(reels) + 1:06d}")
            begin = round_half_up(source_in_s(timeline, clip) * rate.fraction)
            record = record_start(rate) + clip.timeline_start_frame
            drop = _shows_drop_frame(media, rate)
            source = [rate.timecode(frame, drop) for frame in (begin, begin + clip.duration_frames)]
            target = [rate.timecode(frame) for frame in (record, record + clip.duration_frames)]
            lines.append(f"{number + 1:03d}  {reel:<8} V     C        " + " ".join(source + target))
            lines.append(f"* FROM CLIP NAME: {_one_line(media.name)}")
            lines.append(f"* SOURCE FILE: {_one_line(media.path)}")
            lines.append(f"* CUTPRINT ID: {clip.id}")
            for frame, name, note, colour in marker_rows(timeline, options.markers):
                if clip.span.holds(frame):
                    at = record_start(rate) + frame
                    words = _one_line(f"{name} {note}".strip()).replace("|", "/")
                    lines.append(f"* LOC: {rate.timecode(at)} {colour:<7} {words}")
        dropped = ["the song: lay it under the cut at its start point by hand", *common_drops(timeline)]
        if len(timeline.clips) > MOST_EVENTS:
            dropped.insert(0, f"everything after event {MOST_EVENTS}")
        song = timeline.song
        if song is not None:
            lines += ["", f"* SONG: {_one_line(song.file)} FROM {song.source_start_s:.3f} S"]
        content = ("\r\n".join(lines) + "\r\n").encode()
        return Written(content, tuple(dropped), "Any other program: import {file} as an EDL.", common_warnings(timeline))


def _shows_drop_frame(media: Media, rate: FrameRate) -> bool:
    """Whether the source's labels are drop frame: then a host finds the frames by the labels that the camera wrote."""
    video = media.video
    return video is not None and video.drop_frame and video.rate == rate and rate.is_ntsc and rate.timebase % 30 == 0


def _one_line(text: str) -> str:
    return " ".join(text.split())
