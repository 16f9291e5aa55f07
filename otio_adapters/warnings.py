"""What a format does not carry, said in the same words for all of them."""

from __future__ import annotations

from dataclasses import dataclass

from engine.model.interchange import ExportOptions
from engine.model.timeline import Timeline
from otio_adapters.layout import alternates, layout

__all__ = ["Carries", "common_drops", "common_warnings"]


@dataclass(frozen=True)
class Carries:
    """What a format can hold. `song_fades` : as volume of the song. `reasons` : scores and runners-up of every decision."""

    crops: bool = False
    crop_moves: bool = False
    song: bool = True
    song_fades: bool = False
    own_sound: bool = False
    speeds: bool = False
    joins: bool = False
    tracks: bool = True
    reasons: bool = False


def common_drops(timeline: Timeline, carries: Carries, options: ExportOptions) -> list[str]:
    """A line for everything that this edit has and the format cannot hold."""
    return [*_pictures_lost(timeline, carries), *_sound_lost(timeline, carries), *_others_lost(timeline, carries, options)]


def _pictures_lost(timeline: Timeline, carries: Carries) -> list[str]:
    rows = []
    if not carries.crops and any(clip.crop for clip in timeline.clips):
        rows.append("the crop of each clip: set the project to scale to fill, or reframe there")
    elif not carries.crop_moves and any(len(clip.crop) > 1 for clip in timeline.clips):
        rows.append("moving crops: they stand where they begin")
    if not carries.speeds and any(clip.speed != 1 for clip in timeline.clips):
        rows.append("speed changes: these clips arrive at normal speed")
    asked = sum(join.duration_frames > 0 and join.type != "hard_cut" for join in timeline.transitions)
    made = sum(len(lane.joins) for lane in layout(timeline).lanes) if carries.joins else 0
    if asked > made:
        rows.append(f"{asked - made} transitions that are no dissolve or have no picture to dissolve with: they arrive as cuts")
    return rows


def _sound_lost(timeline: Timeline, carries: Carries) -> list[str]:
    rows = []
    song = timeline.song
    if song is not None and not carries.song:
        rows.append("the song: lay it under the cut at its start point by hand")
    elif song is not None and not carries.song_fades and (song.fade_in_s or song.fade_out_s):
        rows.append(f"the song's fades ({song.fade_in_s:.2f} s in, {song.fade_out_s:.2f} s out)")
    if timeline.audio in ("source", "both") and not carries.own_sound:
        rows.append("the clips' own sound")
    if timeline.audio == "both" and carries.own_sound:
        rows.append("the song's going quieter under speech")
    return rows


def _others_lost(timeline: Timeline, carries: Carries, options: ExportOptions) -> list[str]:
    rows = []
    captions = [track for track in timeline.tracks if track.kind not in ("overlay", "source_sound")]
    lost = captions if carries.tracks else list(timeline.tracks)
    if lost:
        rows.append(f"{len(lost)} tracks beside the main one ({', '.join(sorted({track.kind for track in lost}))})")
    if options.alternates and not carries.tracks:
        rows.append("the track of runners-up: there is one picture track only")
    elif options.alternates and len(alternates(timeline)) < len(timeline.clips):
        rows.append(f"runners-up of {len(timeline.clips) - len(alternates(timeline))} clips: there is none long enough")
    if not carries.reasons:
        rows.append("scores and runners-up of each decision: they stay in timeline.json")
    return rows


def common_warnings(timeline: Timeline) -> tuple[str, ...]:
    """Media that editing programs count or name in other ways."""
    used = {clip.media_id for clip in timeline.clips}
    media = [row for row in timeline.media if row.media_id in used]
    rows = []
    variable = [row.name for row in media if row.video is not None and row.video.variable_rate]
    if variable:
        rows.append(
            f"Variable frame rate: {_some(variable)}. Editing programs may be off by a frame there; "
            "`cutprint collect --constant-rate` makes copies that are not."
        )
    return tuple(rows)


def _some(names: list[str]) -> str:
    return ", ".join(names[:4]) + (" ..." if len(names) > 4 else "")
