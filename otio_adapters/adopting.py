"""A timeline of any program as an edit of ours, as far as it says enough: shots in a row, tracks above, the song. Pure."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

from engine.errors import DocumentError
from engine.model import documents
from engine.model.cutlist import CutEvent, CutList, CutTrack, MediaLink
from engine.model.media import AudioStream, Media, VideoStream
from engine.model.time import FrameRate, FrameSpan
from engine.model.timeline import ClipFacts, Marker, Placement, SongUse, Timeline, Track, Transition
from otio_adapters.otio_files import plain_json
from otio_adapters.read_otio import OtioReader
from otio_adapters.untrusted import empty

__all__ = ["adopted"]

NEAR_S = Fraction(1, 1_000_000)
"""Times nearer than this are one: floats of hours are as fine as that."""
NO_TEMPO_BPM = 120.0
"""Stands where nobody listened to the song; its confidence is 0."""
DEFAULT_SIZE = (1080, 1920)
"""Of the picture, where the file does not say it."""
UNKNOWN_SIZE = (1920, 1080)
"""Of media about which nothing is known but their name."""


def adopted(cuts: CutList, now: str) -> Timeline:
    """The edit that a cut list shows. Where it carries a document of ours whose cut it still has, that one, unchanged.

    now : time of making, for edits that have none. Raises `DocumentError` where there is no picture.
    """
    base = _base(cuts)
    if base is not None and _shows(cuts, base):
        return base
    tracks = [track for track in cuts.tracks if track.kind == "video" and track.events and track.enabled]
    if not tracks:
        empty("the timeline", "no picture track holds a clip")
    making = _Making(cuts, {row.path.replace("\\", "/"): row for row in base.media} if base else {}, base.song if base else None)
    clips = making.primary(tracks[0])
    above = tuple(Track("overlay", track.name, making.placed(track.events, "over")) for track in tracks[1:])
    end = clips[-1].span.end
    above = tuple(replace(one, clips=tuple(clip for clip in one.clips if clip.span.end <= end)) for one in above)
    song = making.song(end)
    return Timeline(
        project_id=base.project_id if base else hashlib.sha1(repr(cuts.tracks).encode()).hexdigest()[:12],
        created_at=base.created_at if base else now,
        rate=cuts.rate,
        width=(base.width if base else None) or cuts.width or DEFAULT_SIZE[0],
        height=(base.height if base else None) or cuts.height or DEFAULT_SIZE[1],
        duration_frames=end,
        clips=clips,
        media=tuple(making.media.values()),
        song=song,
        transitions=tuple(_transitions(tracks[0], clips)),
        tracks=tuple(one for one in above if one.clips),
        markers=tuple(_markers(cuts, end)),
        audio="song" if song else "source" if any(track.kind == "audio" for track in cuts.tracks) else "none",
        extra={"name": cuts.name} if cuts.name else {},
    )


def _base(cuts: CutList) -> Timeline | None:
    own = cuts.metadata.get("cutprint")
    text = own.get("document") if isinstance(own, Mapping) else None
    try:
        found = documents.decode(documents.loads(text)) if isinstance(text, str) else None
    except DocumentError:
        return None
    return found if isinstance(found, Timeline) else None


def _shows(cuts: CutList, base: Timeline) -> bool:
    """Whether the list is the cut that our writer makes of the document in it."""
    return _alike(OtioReader().read(plain_json(base)).tracks, cuts.tracks)


def _alike(ours: Sequence[CutTrack], theirs: Sequence[CutTrack]) -> bool:
    """The same but for the last digits of times: the library's own JSON reader is off there."""
    timeless = [[replace(one, events=tuple(map(_timeless, one.events))) for one in tracks] for tracks in (ours, theirs)]
    times = [[time for track in tracks for event in track.events for time in _times(event)] for tracks in (ours, theirs)]
    return timeless[0] == timeless[1] and all(abs(a - b) < NEAR_S for a, b in zip(*times, strict=True))


def _timeless(event: CutEvent) -> CutEvent:
    marks = tuple(replace(mark, position_s=Fraction(0)) for mark in event.markers)
    return replace(event, source_start_s=Fraction(0), source_end_s=Fraction(0), markers=marks)


def _times(event: CutEvent) -> tuple[Fraction, ...]:
    return (event.source_start_s, event.source_end_s, *(mark.position_s for mark in event.markers))


@dataclass
class _Making:
    """Media as they come, and ids already given."""

    cuts: CutList
    known: Mapping[str, Media]
    old_song: SongUse | None = None
    media: dict[str, Media] = field(default_factory=dict)
    ids: set[str] = field(default_factory=set)

    def _id(self, wanted: object, stem: str) -> str:
        number = len(self.ids) + 1
        name = wanted if isinstance(wanted, str) and wanted and wanted not in self.ids else f"{stem}_{number}"
        while name in self.ids:
            number += 1
            name = f"{stem}_{number}"
        self.ids.add(name)
        return name

    # --- pictures

    def primary(self, track: CutTrack) -> tuple[Placement, ...]:
        """Shots without a gap: what is open is filled with the first one, switched off."""
        clips: list[Placement] = []
        at = 0
        for clip in self.placed(track.events, "clip"):
            clips += self._filling(FrameSpan(at, clip.timeline_start_frame), clip) if clip.timeline_start_frame > at else []
            clips.append(clip)
            at = clip.span.end
        return tuple(clips) or empty("the timeline", "its clips have no media")

    def _filling(self, gap: FrameSpan, like: Placement) -> Iterable[Placement]:
        video = self.media[like.media_id].video
        room = max(1, int(video.rate.seconds(video.duration_frames) * self.cuts.rate.fraction)) if video else gap.duration
        for start in range(gap.start, gap.end, room):
            length = min(room, gap.end - start)
            facts = ClipFacts(ai_reasoning="A gap.")
            still = replace(like, id=self._id(None, "gap"), speed=Fraction(1), enabled=False, facts=facts)
            yield replace(still, timeline_start_frame=start, duration_frames=length, source_start_frame=0)

    def placed(self, events: Sequence[CutEvent], stem: str) -> tuple[Placement, ...]:
        """An event each; titles and generators, which have no media, are left out."""
        return tuple(self._placement(event, stem) for event in events if event.media.url or event.media.media_duration_s)

    def _placement(self, event: CutEvent, stem: str) -> Placement:
        speed = event.speed if event.speed > 0 else Fraction(1)
        begin = event.source_start_s - (event.media.media_start_s or Fraction(0))
        media = self._file(event.media, begin + self.cuts.rate.seconds(event.record.duration) * speed, "video")
        video = media.video
        assert video is not None
        own = event.metadata.get("cutprint")
        return Placement(
            id=self._id(own.get("id") if isinstance(own, Mapping) else None, stem),
            media_id=media.media_id,
            file=media.name,
            timeline_start_frame=event.record.start,
            duration_frames=event.record.duration,
            source_start_frame=self._start(video, begin, event.record.duration, speed),
            source_rate=video.rate,
            speed=speed,
            enabled=event.enabled,
        )

    def _start(self, video: VideoStream, begin: Fraction, length: int, speed: Fraction) -> int:
        """In point in frames of the file, early enough that all that is shown exists."""
        last = video.rate.seconds(video.duration_frames) - self.cuts.rate.seconds(length - 1) * speed
        return max(0, min(video.rate.frames(begin), math.ceil(last * video.rate.fraction) - 1))

    # --- files

    def _file(self, link: MediaLink, reach_s: Fraction, kind: str) -> Media:
        """The file that a link means: as our document knows it, else as the link says. reach_s : how far into it something is used."""
        path = link.path or link.url or link.name
        row = self.known.get(path.replace("\\", "/"))
        if row is None:
            identity = f"otio{hashlib.sha1(path.encode('utf-8', 'replace')).hexdigest()[:16]}"
            row = self.media.get(identity) or _described(identity, path, link, self.cuts.rate, kind)
        self.media[row.media_id] = _reaching(row, max(reach_s, link.media_duration_s or Fraction(0)))
        return self.media[row.media_id]

    # --- sound

    def song(self, end: int) -> SongUse | None:
        """The first sound track of files that are no clips' own, as the song; its pieces as joins."""
        pictures = {one.media.url for track in self.cuts.tracks if track.kind == "video" for one in track.events}
        sounds = [track for track in self.cuts.tracks if track.kind == "audio" and track.enabled]
        events = next((rows for track in sounds if (rows := [one for one in track.events if one.media.url not in pictures])), [])
        events = [one for one in events if one.media.url == events[0].media.url and one.record.start < end]
        if not events:
            return None
        media = self._file(events[0].media, max(one.source_end_s for one in events), "audio")
        starts = [float(one.source_start_s - (one.media.media_start_s or 0)) for one in events]
        lead = float(self.cuts.rate.seconds(events[0].record.start))
        old = self.old_song
        if old and old.media_id == media.media_id and abs(old.source_start_s + lead - starts[0]) < float(self.cuts.rate.frame_duration):
            return replace(old, source_duration_s=float(self.cuts.rate.seconds(end)))
        return SongUse(
            media_id=media.media_id,
            file=media.name,
            bpm=NO_TEMPO_BPM,
            duration_s=media.duration_s,
            source_start_s=max(0.0, starts[0] - lead),
            source_duration_s=float(self.cuts.rate.seconds(end)),
            fade_in_s=0.0,
            fade_out_s=0.0,
            beats=(),
            downbeats=(),
            sections=(),
            energy_curve=(),
            energy_rate_hz=10.0,
            confidence=0.0,
            beat_source="unknown",
            loop_at_s=tuple(float(self.cuts.rate.seconds(one.record.start)) for one in events[1:]),
            loop_to_s=tuple(starts[1:]),
        )


def _described(identity: str, path: str, link: MediaLink, rate: FrameRate, kind: str) -> Media:
    length = link.media_duration_s or Fraction(1)
    if kind == "audio":
        sound = AudioStream("unknown", 48_000, 2, float(length))
        return Media(identity, path, "audio", float(length), 0, "unknown", audio=sound)
    own = link.rate or rate
    start = own.frames(link.media_start_s or 0)
    stream = VideoStream("unknown", own, max(1, own.frames(length)), *UNKNOWN_SIZE, start_frame=start, has_timecode=start > 0)
    return Media(identity, path, "video", float(length), 0, "unknown", video=stream)


def _reaching(media: Media, reach_s: Fraction) -> Media:
    """A file of which only the name is known is as long as what is used of it."""
    if not media.media_id.startswith("otio") or reach_s <= Fraction(media.duration_s):
        return media
    video = media.video
    longer = replace(video, duration_frames=max(video.duration_frames, math.ceil(reach_s * video.rate.fraction))) if video else None
    return replace(media, duration_s=float(reach_s), video=longer)


def _transitions(track: CutTrack, clips: Sequence[Placement]) -> Iterable[Transition]:
    ends = {clip.timeline_start_frame: (before.id, clip.id) for before, clip in zip(clips, clips[1:])}
    for join in track.transitions:
        if join.at in ends and join.before + join.after > 0:
            yield Transition(*ends[join.at], "quick_dissolve", duration_frames=join.before + join.after)


def _markers(cuts: CutList, end: int) -> Iterable[Marker]:
    for mark in cuts.markers:
        frame = cuts.rate.frames(mark.position_s)
        if 0 <= frame < end and mark.name != "cutprint":
            yield Marker(frame, "user", mark.name, mark.note)
