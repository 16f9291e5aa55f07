"""What no format carries, said once for all of them."""

from __future__ import annotations

from engine.model.timeline import Timeline

__all__ = ["common_drops", "common_warnings"]


def common_drops(timeline: Timeline, *, crops: bool = False, fades: bool = False, speeds: bool = False) -> list[str]:
    """Lines for what is lost beside the format's own; `crops`/`fades`/`speeds`: True where the format carries them."""
    rows = []
    if not crops and any(clip.crop for clip in timeline.clips):
        rows.append("the crop of each clip: set the project to scale to fill, or reframe there")
    song = timeline.song
    if song is not None and not fades and (song.fade_in_s or song.fade_out_s):
        rows.append(f"the song's fades ({song.fade_in_s:g} s in, {song.fade_out_s:g} s out)")
    if song is not None and song.loop_at_s:
        rows.append("the repeats of the song after its first end")
    if not speeds and any(clip.speed != 1 for clip in timeline.clips):
        rows.append("speed changes: these clips arrive at normal speed")
    if any(join.duration_frames for join in timeline.transitions):
        rows.append("transitions other than cuts: every join arrives as a cut")
    if timeline.tracks:
        rows.append(f"{len(timeline.tracks)} tracks beside the main one")
    rows.append("scores and runners-up of each decision: they stay in timeline.json")
    return rows


def common_warnings(timeline: Timeline) -> tuple[str, ...]:
    """Media that editing programs count in other ways."""
    used = {clip.media_id for clip in timeline.clips}
    variable = [row.name for row in timeline.media if row.media_id in used and row.video is not None and row.video.variable_rate]
    if not variable:
        return ()
    shown = ", ".join(variable[:4]) + (" ..." if len(variable) > 4 else "")
    return (f"Variable frame rate: {shown}. Editing programs may be off by a frame there; a constant-rate copy helps.",)
