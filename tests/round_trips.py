"""Random edits, changed by a simulated person, through every writer and its reader: what is different after it."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Iterator
from fractions import Fraction

import factories
from user_edits import EDITS, Bench, random_edit

from engine.model.cutlist import CutEvent, CutList
from engine.model.interchange import ExportOptions
from engine.model.song import SectionSpan
from engine.model.timeline import CropKey, Decision, Lock, Marker, Placement, RunnerUp, Timeline, Transition
from engine.telemetry.diff import compare
from engine.telemetry.framing import crop_shown
from engine.telemetry.seen import seen_events
from otio_adapters.layout import layout
from otio_adapters.places import bare_path
from otio_adapters.readers import READERS
from otio_adapters.writers import WRITERS

__all__ = ["changed_edit", "differences"]

CHOICES = ("none", "sections", "beats", "reasons", "all")


def changed_edit(seed: int) -> Timeline:
    """An edit with everything in it that formats carry, after up to ten changes by a person."""
    chance = random.Random(seed)
    timeline = random_edit(chance, chance.randint(3, 14))
    bench = Bench(timeline)
    for _ in range(chance.randint(0, 10)):
        bench.change(chance, sorted(EDITS))
    shown = [one for one in bench.items if one.level == 0]
    clips: list[Placement] = []
    for item in sorted(shown, key=lambda one: one.start):
        at = clips[-1].span.end if clips else 0
        video = item.media.video
        assert video is not None
        first = min(video.rate.frames(item.source_s), video.duration_frames - 1)
        room = int((video.rate.seconds(video.duration_frames - first)) / item.speed * timeline.rate.fraction)
        clip = factories.placement(len(clips) + 1, at, max(1, min(item.length, room)), of=item.media, source_start_frame=first)
        lock = Lock("user", factories.NOW, "user_locked") if item.lock or chance.random() < 0.2 else None
        crop = _crop(chance, clip.duration_frames, video.display_width / video.display_height, timeline.width / timeline.height)
        changed = dataclasses.replace(clip, speed=item.speed, enabled=item.enabled, lock=lock, decision=_decision(chance, timeline))
        clips.append(dataclasses.replace(changed, crop=crop))
    end = clips[-1].span.end
    media = {row.media_id: row for row in (*timeline.media, *bench.spare)}
    return timeline.replace(
        clips=tuple(clips),
        media=tuple(media.values()),
        duration_frames=end,
        song=_song(chance, float(timeline.rate.seconds(end))),
        transitions=tuple(_transitions(chance, clips)),
        markers=tuple(_markers(chance, end)),
        audio=chance.choice(("song", "song", "both", "source", "none")),
        revision=chance.randint(1, 40),
        parent=None,
    )


def _crop(chance: random.Random, frames: int, shape: float, wanted: float) -> tuple[CropKey, ...]:
    """Nothing, or a part of the picture in the frame's shape that stands or moves."""
    width, height = (min(1.0, wanted / shape), min(1.0, shape / wanted))
    keys = []
    for frame in sorted({0, *(chance.randrange(frames) for _ in range(chance.choice((0, 0, 1, 2))))}):
        share = chance.uniform(0.5, 1)
        at_x, at_y = (chance.uniform(0, 1 - side * share) for side in (width, height))
        keys.append(CropKey(frame, at_x, at_y, width * share, height * share))
    return tuple(keys) if chance.random() < 0.8 else ()


def _decision(chance: random.Random, timeline: Timeline) -> Decision:
    files = [row.media_id for row in timeline.media if row.video is not None]
    runners = [RunnerUp(chance.choice(files), chance.randint(0, 400), chance.random(), "less sharp") for _ in range(chance.randint(0, 2))]
    return Decision(0.5, {"quality": 0.5}, tuple(runners))


def _song(chance: random.Random, seconds: float) -> object:
    song = factories.song_use(seconds, sections=(SectionSpan(0.0, seconds, "drop", 0.9),), fade_in_s=chance.choice((0.0, 0.25)))
    if seconds < 3 or chance.random() < 0.6:
        return song
    joins = sorted({round(chance.uniform(0.5, seconds - 0.5), 4) for _ in range(chance.randint(1, 3))})
    return dataclasses.replace(song, loop_at_s=tuple(joins), loop_to_s=tuple(round(chance.uniform(0, 90), 4) for _ in joins))


def _transitions(chance: random.Random, clips: list[Placement]) -> Iterator[Transition]:
    for first, second in zip(clips, clips[1:]):
        kind = chance.choice(("hard_cut", "hard_cut", "quick_dissolve", "whip_pan"))
        yield Transition(first.id, second.id, kind, duration_frames=0 if kind == "hard_cut" else chance.randint(1, 14))


def _markers(chance: random.Random, end: int) -> Iterator[Marker]:
    kinds = ("section", "drop", "downbeat", "beat", "user")
    rows = [(chance.randrange(end), chance.choice(kinds)) for _ in range(chance.randint(0, 12))]
    yield from (Marker(frame, kind, f"{kind} & <{frame}>", "why é") for frame, kind in sorted(rows))


# --- comparison -------------------------------------------------------------------------------------------------------


def differences(timeline: Timeline, form: str, seed: int) -> Iterator[str]:
    """What a reader finds that was not written, or does not find; nothing where both are the same."""
    chance = random.Random(seed)
    options = ExportOptions("Cut 1", chance.choice(CHOICES), None, alternates=chance.random() < 0.5)
    cuts = READERS["any"].read(WRITERS[form].write(timeline, options).content)
    plan = layout(timeline, options.alternates)
    if cuts.rate != timeline.rate or cuts.start_frame != 3600 * timeline.rate.timebase:
        yield f"rate {cuts.rate}, start {cuts.start_frame}"
    if cuts.dropped:
        yield f"not understood: {cuts.dropped}"
    pictures = [track for track in cuts.tracks if track.kind == "video"]
    lanes = plan.lanes[:1] if form == "edl" else plan.lanes
    if len(pictures) != len(lanes):
        yield f"{len(pictures)} picture tracks for {len(lanes)}"
    for track, lane in zip(pictures, lanes):
        joins = [(one.at, one.before, one.after) for one in lane.joins] if form != "edl" else []
        if [(one.at, one.before, one.after) for one in track.transitions] != joins:
            yield f"joins {track.transitions} for {joins}"
        if len(track.events) != len(lane.shots):
            yield f"{len(track.events)} events for {len(lane.shots)} shots of {lane.name}"
        for event, shot in zip(track.events, lane.shots):
            wanted = (shot.start, shot.duration, shot.speed, shot.enabled and lane.enabled, bare_path(shot.media.path))
            found = (
                event.record.start,
                event.record.duration,
                event.speed,
                event.enabled and track.enabled,
                bare_path(event.media.path or ""),
            )
            if found != wanted:
                yield f"{shot.id}: {found} for {wanted}"
            yield from _source_off(event, shot.in_s, shot.duration * shot.speed, timeline, form, shot.id)
    yield from _sound_off(cuts, timeline, form)
    yield from _taken_for_changes(cuts, timeline)


def _source_off(event: CutEvent, begin: Fraction, length: Fraction, timeline: Timeline, form: str, name: str) -> Iterator[str]:
    """In and out points: exact, but in EDLs, which count in frames of the edit and wrap at a day."""
    off = event.source_start_s - begin
    if form == "edl":
        day = timeline.rate.seconds(86_400 * timeline.rate.timebase)
        off = min(off % day, -off % day)
        if off > timeline.rate.frame_duration / 2:
            yield f"{name}: in point off by {float(off)} s"
    elif off:
        yield f"{name}: in point off by {float(off)} s"
    if event.source_end_s - event.source_start_s != timeline.rate.seconds(1) * length:
        yield f"{name}: {event.source_end_s - event.source_start_s} s of source for {timeline.rate.seconds(1) * length}"


def _sound_off(cuts: CutList, timeline: Timeline, form: str) -> Iterator[str]:
    plan = layout(timeline)
    rows = [] if form == "edl" else [row for row in (plan.song, () if form == "fcpxml" else plan.own) if row]
    tracks = [track for track in cuts.tracks if track.kind == "audio"]
    if len(tracks) != len(rows):
        yield f"{len(tracks)} sound tracks for {len(rows)}"
    for track, row in zip(tracks, rows):
        found = [(one.record.start, one.record.duration) for one in track.events]
        if found != [(one.start, one.duration) for one in row]:
            yield f"sound at {found}"
        for event, sound in zip(track.events, row):
            start = event.source_start_s - (event.media.media_start_s or 0)
            if abs(start - sound.source_s) > Fraction(1, 96_000):
                yield f"sound at {event.record.start} off by {float(start - sound.source_s)} s"


def _taken_for_changes(cuts: CutList, timeline: Timeline) -> Iterator[str]:
    """What read-back would take for edits of a person although nobody touched the file."""
    paths = {bare_path(row.path): row.media_id for row in timeline.media}
    rows = seen_events(timeline, cuts, lambda event: paths.get(bare_path(event.media.path or "")))
    diff = compare(timeline, rows)
    changes = {change.clip_id: change.kinds for change in diff.changes if change.kinds != ("kept",)}
    if changes or diff.unmatched:
        yield f"read back as {changes}"
    for row in rows:
        clip = next((one for one in timeline.clips if one.id == row.mark), None)
        if clip is not None and clip.crop and row.framing:
            yield from _crop_off(clip, crop_shown(row, timeline, timeline.media_of(clip)))


def _crop_off(clip: Placement, found: tuple[CropKey, ...]) -> Iterator[str]:
    """A crop that came back as another one: other keys, or edges off by more than a ten-thousandth of the picture."""
    edges = [[(key.frame, key.x, key.y, key.width, key.height) for key in keys] for keys in (clip.crop, found)]
    same = len(edges[0]) == len(edges[1]) and all(abs(a - b) < 1e-4 for one, other in zip(*edges) for a, b in zip(one, other))
    if not same:
        yield f"{clip.id}: crop {found} for {clip.crop}"
