"""The edit as a value: a Timeline of Placements over a song, complete enough to render or export without a workspace.

A Timeline never changes. `replace` gives another one, checked again. Undo is the parent link.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from engine.errors import DocumentError
from engine.model.media import Media
from engine.model.song import SectionSpan
from engine.model.time import FrameRate, FrameSpan

__all__ = [
    "ClipFacts",
    "CropKey",
    "Decision",
    "DeletedClip",
    "FinalStatus",
    "HistoryEntry",
    "Lock",
    "Marker",
    "Outcome",
    "Placement",
    "Reasoning",
    "RunnerUp",
    "SectionSpan",
    "SongUse",
    "StyleMatch",
    "Timeline",
    "Track",
    "Transition",
    "UserEdit",
]


@dataclass(frozen=True)
class Lock:
    """Why a placement may not change. `reason` is one of `names.LOCK_REASONS`."""

    locked_by: str
    locked_at: str
    reason: str
    note: str = ""


@dataclass(frozen=True)
class HistoryEntry:
    """One thing that happened to a placement; `details` as the guide's edit_history rows have them."""

    action: str
    timestamp: str
    version: int
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class RunnerUp:
    """What stood second for a slot: the clip, where in it, its score, and in words why it lost."""

    media_id: str
    source_start_frame: int
    score: float
    reason: str


@dataclass(frozen=True)
class Decision:
    """Why this moment is here. `parts` are named, signed and sum to `score`.

    raw_confidence : confidence as reckoned, before what people kept set it right; None: not known.
    """

    score: float
    parts: Mapping[str, float]
    runners_up: tuple[RunnerUp, ...] = ()
    evidence_missing: tuple[str, ...] = ()
    raw_confidence: float | None = None


@dataclass(frozen=True)
class ClipFacts:
    """Facts of the chosen moment, 0 to 1, under the guide's `metadata` names."""

    shot_type: str = "unknown"
    angle: str = "unknown"
    motion: str = "static"
    motion_intensity: float = 0.0
    visual_quality: float = 0.0
    color_variance: float = 0.0
    blur: float = 0.0
    exposure: float = 0.0
    ai_confidence: float = 0.0
    ai_reasoning: str = ""
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True)
class CropKey:
    """The part of the displayed source picture that fills the frame, from `frame` (of the placement) on.

    x, y, width, height are shares 0 to 1 of the displayed picture; between keys the crop moves in a straight line.
    """

    frame: int
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Placement:
    """One clip on the timeline.

    `source_start_frame` counts from the file's first frame (no start timecode) at `source_rate`. Frame k of the placement
    shows what is on screen in the source at source_start + k * speed / timeline rate.
    """

    id: str
    media_id: str
    file: str
    timeline_start_frame: int
    duration_frames: int
    source_start_frame: int
    source_rate: FrameRate
    speed: Fraction = Fraction(1)
    enabled: bool = True
    lock: Lock | None = None
    facts: ClipFacts = ClipFacts()
    decision: Decision | None = None
    crop: tuple[CropKey, ...] = ()
    edit_history: tuple[HistoryEntry, ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def span(self) -> FrameSpan:
        """Where it lies on the timeline."""
        return FrameSpan(self.timeline_start_frame, self.timeline_start_frame + self.duration_frames)

    @property
    def source_start_s(self) -> Fraction:
        return self.source_rate.seconds(self.source_start_frame)

    def source_end_s(self, timeline_rate: FrameRate) -> Fraction:
        """Where the used part of the source ends, in exact seconds from the file's first frame."""
        return self.source_start_s + timeline_rate.seconds(self.duration_frames) * self.speed

    def last_shown_s(self, timeline_rate: FrameRate) -> Fraction:
        """The source time that its last frame shows."""
        return self.source_start_s + timeline_rate.seconds(self.duration_frames - 1) * self.speed


@dataclass(frozen=True)
class Track:
    """A track beside the primary one; gaps are allowed, overlaps are not. `kind` is one of `names.TRACK_KINDS`."""

    kind: str
    name: str
    clips: tuple[Placement, ...]
    enabled: bool = True
    locked: bool = False


@dataclass(frozen=True)
class Transition:
    """How `to_clip` follows `from_clip`. `duration_frames` is 0 for a hard cut, else centred on the cut."""

    from_clip: str
    to_clip: str
    type: str = "hard_cut"
    at_beat: bool = False
    beat_index: int | None = None
    """Index into `song.beats`, None when the cut lies on no beat."""
    duration_frames: int = 0


@dataclass(frozen=True)
class Marker:
    """A remark on the timeline at `frame`; `kind` is section, beat, downbeat, drop, reason or user."""

    frame: int
    kind: str
    name: str
    note: str = ""


@dataclass(frozen=True)
class SongUse:
    """The part of the song under the edit. Beats, downbeats, sections and energy are in edit time, seconds from frame 0."""

    media_id: str
    file: str
    bpm: float
    duration_s: float
    """Length of the whole song."""
    source_start_s: float
    source_duration_s: float
    fade_in_s: float
    fade_out_s: float
    beats: tuple[float, ...]
    downbeats: tuple[float, ...]
    sections: tuple[SectionSpan, ...]
    energy_curve: tuple[float, ...]
    energy_rate_hz: float
    confidence: float
    beat_source: str
    drops: tuple[float, ...] = ()
    loop_at_s: tuple[float, ...] = ()
    """Edit times at which the song is joined to another bar (only with `--song-loop` and `--song-join`)."""
    notes: tuple[str, ...] = ()
    loop_to_s: tuple[float, ...] = ()
    """Seconds of the song from which each join goes on; empty: from `source_start_s` each time."""
    accents: tuple[float, ...] = ()
    """Weight of each of `beats`, 0 to 1; empty where unknown."""
    phrase_starts: tuple[float, ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)

    def pieces(self, duration_s: float) -> tuple[tuple[float, float, float], ...]:
        """(edit second from, to, song second from) of each stretch of the song under an edit of `duration_s`."""
        bounds = [0.0, *self.loop_at_s, duration_s]
        starts = [self.source_start_s, *(self.loop_to_s or (self.source_start_s,) * len(self.loop_at_s))]
        return tuple((a, b, start) for a, b, start in zip(bounds, bounds[1:], starts) if b > a)


@dataclass(frozen=True)
class Outcome:
    """What became of one input clip. `status` is one of `names.OUTCOMES`; the other fields hold what that status needs."""

    media_id: str
    file: str
    status: str
    reason: str
    clip_ids: tuple[str, ...] = ()
    threshold: str | None = None
    value: float | None = None
    limit: float | None = None
    duplicate_of: str | None = None
    best_slot: int | None = None
    best_score: float | None = None
    beaten_by: str | None = None


@dataclass(frozen=True)
class DeletedClip:
    """A clip the user threw out. Without a source span the whole media is barred, with one only that range."""

    clip_id: str
    media_id: str
    deleted_at: str
    ai_confidence: float
    user_reason: str | None = None
    text: str = ""
    source_start_frame: int | None = None
    source_end_frame: int | None = None
    facts: ClipFacts = ClipFacts()


@dataclass(frozen=True)
class UserEdit:
    """One action of a person (`names.USER_ACTIONS`) with its details under the guide's names."""

    timestamp: str
    action: str
    clip_id: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class StyleMatch:
    """One dimension of the style: the edit's value, the creator's range, and whether it lies inside.

    typical : the median of his works. noise : standard deviation between his works, under which a distance from that says nothing.
    """

    dimension: str
    value: float
    low: float
    high: float
    inside: bool
    typical: float | None = None
    noise: float | None = None


@dataclass(frozen=True)
class Reasoning:
    """The reasons for the whole. `style_match_score` is None when no creator's profile was used."""

    pacing_target: str = ""
    style_match_score: float | None = None
    notes: str = ""
    style_match: tuple[StyleMatch, ...] = ()
    relaxed: tuple[str, ...] = ()
    evidence_missing: tuple[str, ...] = ()


@dataclass(frozen=True)
class FinalStatus:
    """How it ended, under the guide's names. None means unknown: silence is never success."""

    exported: bool = False
    export_timestamp: str | None = None
    user_satisfaction: int | None = None
    would_post_unchanged: bool | None = None
    manual_edit_percentage: float | None = None
    time_ai_edit: float | None = None
    time_manual_edit: float | None = None
    time_saved: float | None = None


@dataclass(frozen=True)
class Timeline:
    """An edit. Building one checks its laws; `DocumentError` names the first that is broken.

    Laws: clips are contiguous from frame 0, at least a frame long, and sum to `duration_frames`; ids are unique; every
    clip's media is listed and holds every frame shown; transitions name neighbours and beats that exist; side tracks do not overlap.
    """

    project_id: str
    created_at: str
    rate: FrameRate
    width: int
    height: int
    duration_frames: int
    clips: tuple[Placement, ...]
    media: tuple[Media, ...]
    song: SongUse | None = None
    creator_id: str | None = None
    transitions: tuple[Transition, ...] = ()
    tracks: tuple[Track, ...] = ()
    markers: tuple[Marker, ...] = ()
    outcomes: tuple[Outcome, ...] = ()
    deleted_clips: tuple[DeletedClip, ...] = ()
    user_edits: tuple[UserEdit, ...] = ()
    ai_reasoning: Reasoning = Reasoning()
    final_status: FinalStatus = FinalStatus()
    revision: int = 1
    parent: int | None = None
    seed: int = 0
    audio: str = "song"
    brief: Mapping[str, Any] = field(default_factory=dict)
    """The wish this edit answers (`Brief` as JSON), so that a revision can ask again."""
    profile: Mapping[str, Any] = field(default_factory=dict)
    """Which profile was used: creator_id, name, last_updated, trained_on_videos."""
    extra: Mapping[str, Any] = field(default_factory=dict)
    """Fields of a newer minor version, kept on rewrite."""

    def __post_init__(self) -> None:
        _check_size(self)
        media = {row.media_id: row for row in self.media}
        _check_primary(self, media)
        _law(self.song is None or self.song.media_id in media, "The song's media is not listed.")
        _check_transitions(self)
        for track in self.tracks:
            _check_track(self, track, media)

    @property
    def duration_s(self) -> Fraction:
        return self.rate.seconds(self.duration_frames)

    @property
    def cut_frames(self) -> tuple[int, ...]:
        """Frames at which one clip follows another (not 0, not the end)."""
        return tuple(clip.timeline_start_frame for clip in self.clips[1:])

    def clip(self, clip_id: str) -> Placement:
        """The primary-track clip of that id; `DocumentError` where there is none."""
        for clip in self.clips:
            if clip.id == clip_id:
                return clip
        raise DocumentError("unknown_clip", f"There is no clip {clip_id!r} in this timeline.", "`cutprint show` lists them.")

    def media_of(self, clip: Placement) -> Media:
        """The media row of a clip."""
        return next(row for row in self.media if row.media_id == clip.media_id)

    def replace(self, **changes: Any) -> Timeline:
        """A checked copy with other values."""
        return dataclasses.replace(self, **changes)


def _law(holds: bool, message: str, **details: Any) -> None:
    if not holds:
        raise DocumentError("broken_timeline", message, "Restore it from the revisions folder or make the edit again.", **details)


def _check_size(timeline: Timeline) -> None:
    _law(timeline.width > 0 and timeline.height > 0, "A timeline needs a positive picture size.")
    _law(timeline.duration_frames > 0, "A timeline needs at least one frame.")
    _law(bool(timeline.clips), "A timeline needs at least one clip.")


def _check_primary(timeline: Timeline, media: Mapping[str, Media]) -> None:
    position = 0
    for clip in timeline.clips:
        _law(
            clip.timeline_start_frame == position,
            f"Clip {clip.id} starts at frame {clip.timeline_start_frame}, not at {position} where the one before it ends.",
            clip=clip.id,
        )
        _check_clip(timeline, clip, media)
        position += clip.duration_frames
    _law(position == timeline.duration_frames, f"The clips fill {position} frames of {timeline.duration_frames}.")
    ids = [clip.id for clip in timeline.clips]
    _law(len(set(ids)) == len(ids), "Two clips share one id.")


def _check_clip(timeline: Timeline, clip: Placement, media: Mapping[str, Media]) -> None:
    _law(clip.duration_frames > 0, f"Clip {clip.id} is empty.", clip=clip.id)
    _law(clip.speed > 0, f"Clip {clip.id} has no positive speed.", clip=clip.id)
    source = media.get(clip.media_id)
    _law(source is not None, f"Clip {clip.id} uses media that is not listed.", clip=clip.id, media_id=clip.media_id)
    assert source is not None
    if source.video is None or source.kind == "image":
        _law(source.kind == "image", f"Clip {clip.id} uses media without a picture.", clip=clip.id)
        return
    end = source.video.rate.seconds(source.video.duration_frames)
    inside = clip.source_start_frame >= 0 and clip.last_shown_s(timeline.rate) < end
    _law(inside, f"Clip {clip.id} asks for frames that {source.name} does not have.", clip=clip.id)


def _check_transitions(timeline: Timeline) -> None:
    neighbours = {(a.id, b.id) for a, b in zip(timeline.clips, timeline.clips[1:])}
    for transition in timeline.transitions:
        pair = (transition.from_clip, transition.to_clip)
        _law(pair in neighbours, f"A transition joins {pair[0]} and {pair[1]}, which are not neighbours.")
        _law(transition.duration_frames >= 0, "A transition cannot have a negative length.")
        beat, beats = transition.beat_index, len(timeline.song.beats) if timeline.song else None
        _law(beat is None or beats is None or 0 <= beat < beats, f"A transition names beat {beat} of {beats}.")


def _check_track(timeline: Timeline, track: Track, media: Mapping[str, Media]) -> None:
    end = 0
    for clip in track.clips:
        _law(clip.timeline_start_frame >= end, f"Clips overlap on track {track.name}.", clip=clip.id)
        _check_clip(timeline, clip, media)
        end = clip.span.end
    _law(end <= timeline.duration_frames, f"Track {track.name} is longer than the timeline.")
