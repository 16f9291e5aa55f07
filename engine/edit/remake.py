"""A section made again: what is locked and what lies outside it stays frame-identical, what was deleted stays away, and what was asked
shows in a figure or is refused."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.edit.decide import decide
from engine.edit.effects import Effect, effect_of
from engine.edit.explain import clock
from engine.edit.footage import ClipInput, Verdict, judge
from engine.edit.instructions import Instruction, leaning_of
from engine.edit.job import Job
from engine.edit.joins import transitions_of
from engine.edit.make import missing_evidence, usable_clips
from engine.edit.outcomes import outcomes_of
from engine.edit.placing import placements_of
from engine.edit.revise import Change, settled
from engine.edit.ripple import next_id
from engine.edit.scoring import Leaning
from engine.edit.supply import Stock, shown_span
from engine.edit.taste import Taste
from engine.errors import FootageError, RefusedError
from engine.model import documents
from engine.model.analysis import ClipAnalysis, ClipGroup
from engine.model.media import Media
from engine.model.style import Brief, ClipWish
from engine.model.time import FrameSpan
from engine.model.timeline import Outcome, Placement, Timeline, Transition
from engine.progress import SILENT, Progress

__all__ = ["Remade", "brief_of", "check_section", "refined", "remake", "snapped", "weakest"]

STRENGTHS = (1.0, 2.0, 3.5)
"""How strongly an instruction bends the objective, tried in turn until its figure moves."""
HALVINGS = 2
"""How often the gap between a strength that moved nothing and one that did is halved: an even beat can turn a whole section at once, and
"tighter" is no wish for another creator's pace."""


@dataclass(frozen=True)
class Remade:
    """The new revision, the section as it was snapped (frames), and the figures that prove it."""

    timeline: Timeline
    section: FrameSpan
    effects: tuple[Effect, ...]


def brief_of(timeline: Timeline) -> Brief:
    """The wish that a timeline answers, as far as the document holds it."""
    plain = Brief(timeline.rate, timeline.width, timeline.height, timeline.duration_frames, timeline.seed, audio=timeline.audio)
    brief = documents.decode({**documents.encode(plain), **timeline.brief})
    assert isinstance(brief, Brief)
    return dataclasses.replace(brief, rate=timeline.rate, duration_frames=timeline.duration_frames)


def snapped(timeline: Timeline, start_s: float | None, end_s: float | None) -> FrameSpan:
    """Whole placements: those that start in [start, end). Raises `RefusedError` (`outside`, `empty_section`)."""
    total = float(timeline.duration_s)
    low, high = 0.0 if start_s is None else start_s, total if end_s is None else end_s
    if not (0 <= low < total and low < high):
        raise RefusedError("outside", f"There is no section from {low:g} to {high:g} s.", f"The edit lasts {total:.2f} s.")
    rows = [clip for clip in timeline.clips if timeline.rate.frames(low) <= clip.timeline_start_frame < timeline.rate.frames(high)]
    if not rows:
        raise RefusedError("empty_section", f"No clip starts between {low:g} and {high:g} s.", "Name a longer section.")
    return FrameSpan(rows[0].span.start, rows[-1].span.end)


def remake(
    timeline: Timeline,
    clips: Sequence[ClipInput],
    groups: Sequence[ClipGroup],
    taste: Taste,
    instructions: Sequence[Instruction],
    at: str,
    *,
    section: tuple[float | None, float | None] = (None, None),
    leanings: Sequence[Leaning] = (),
    progress: Progress = SILENT,
) -> Remade:
    """The section solved anew under the instructions; each is proved by its figure.

    clips : all that may be used, measured. leanings : more bends of the objective (variants). Raises `RefusedError` (`all_locked`,
    `no_effect` with the figures, `no_song`, `outside`, `empty_section`), `FootageError`.
    """
    spans, whole = check_section(timeline, instructions, section)
    inside = [clip for clip in timeline.clips if whole.contains(clip.span)]
    brief = brief_of(timeline)
    known = {clip.media.media_id: clip for clip in clips}
    before = [clip.media_id for clip in inside if clip.lock is None]

    last: tuple[Effect, ...] = ()
    refusal: FootageError | None = None

    def made(strength: float) -> Remade | None:
        nonlocal last, refusal
        bends = [leaning_of(one, strength, span.start, span.end, before) for one, span in zip(instructions, spans)]
        stock, verdicts = _stock(timeline, brief, clips, groups, taste, whole, [*bends, *leanings])
        try:
            job = decide(stock, progress)
        except FootageError as error:
            refusal = error
            return None
        after = _merged(timeline, job, stock, verdicts, clips, groups, instructions, whole, at)
        last = tuple(effect_of(one, timeline, after, span, known, brief) for one, span in zip(instructions, spans))
        return Remade(_noted(after, last, whole), whole, last) if all(effect.done for effect in last) else None

    found = weakest(made)
    if found is not None:
        return found
    if refusal is not None and not last:
        raise refusal
    raise _no_effect(instructions, last)


def weakest(made: Callable[[float], Remade | None]) -> Remade | None:
    """What the weakest strength gives that does all that was asked; None where even the strongest does not."""
    low = 0.0
    for high in STRENGTHS:
        found = made(high)
        if found is not None:
            break
        low = high
    else:
        return None
    for _ in range(HALVINGS if low else 0):
        middle = (low + high) / 2
        less = made(middle)
        if less is None:
            low = middle
        else:
            found, high = less, middle
    return found


def check_section(
    timeline: Timeline, instructions: Sequence[Instruction], section: tuple[float | None, float | None]
) -> tuple[list[FrameSpan], FrameSpan]:
    """Where each instruction acts, and all of that together. Raises `RefusedError` as `remake` does for what can be known beforehand."""
    if timeline.song is None:
        raise RefusedError("no_song", "This timeline has no song to cut to.", "Make an edit with a song.")
    spans = [_span_of(timeline, one, section) for one in instructions]
    whole = FrameSpan(min(span.start for span in spans), max(span.end for span in spans))
    inside = [clip for clip in timeline.clips if whole.contains(clip.span)]
    if all(clip.lock is not None for clip in inside):
        locked = [one.id for one in inside]
        raise RefusedError("all_locked", "Everything in that section is locked.", "Unlock what may change.", clips=locked)
    return spans, whole


def refined(
    timeline: Timeline, clips: Sequence[ClipInput], groups: Sequence[ClipGroup], taste: Taste, at: str, progress: Progress = SILENT
) -> Timeline:
    """A draft solved anew on what a full look at the clips has shown: what a person locked, changed or threw out stays as it was left.
    Shots that come out the same keep their ids, and are told by what is known now.

    Raises `FootageError` where the rest cannot be filled, `RefusedError` (`no_song`).
    """
    if timeline.song is None:
        raise RefusedError("no_song", "This timeline has no song to cut to.", "Make an edit with a song.")
    whole = FrameSpan(0, timeline.duration_frames)
    brief = dataclasses.replace(brief_of(timeline), draft=False)
    stock, verdicts = _stock(timeline, brief, clips, groups, taste, whole, [])
    job = decide(stock, progress)
    after = _merged(timeline, job, stock, verdicts, clips, groups, (), whole, at)
    fresh = {_key(clip): clip for clip in placements_of(job, at, timeline.revision + 1)}
    placed = [_told_anew(clip, fresh.get(_key(clip), clip)) if clip.lock is None else clip for clip in after.clips]
    reasons = dataclasses.replace(after.ai_reasoning, evidence_missing=tuple(missing_evidence(clips)))
    return after.replace(clips=tuple(placed), created_at=at, ai_reasoning=reasons, brief={**timeline.brief, "draft": False})


def _told_anew(clip: Placement, fresh: Placement) -> Placement:
    return dataclasses.replace(clip, facts=fresh.facts, decision=fresh.decision, crop=fresh.crop)


def _span_of(timeline: Timeline, one: Instruction, section: tuple[float | None, float | None]) -> FrameSpan:
    """Where an instruction acts: its own words, inside the section that was asked for."""
    low = max((value for value in (section[0], one.start_s) if value is not None), default=None)
    high = min((value for value in (section[1], one.end_s) if value is not None), default=None)
    return snapped(timeline, low, None if high is None else min(high, float(timeline.duration_s)))


def _no_effect(instructions: Sequence[Instruction], tried: Sequence[Effect]) -> RefusedError:
    failed = [(one, effect) for one, effect in zip(instructions, tried) if not effect.done]
    said = "; ".join(f"{one.words or one.name}: {effect.in_words()}" for one, effect in failed)
    hint = "The footage, the beats and the locks leave nothing better: add clips, unlock some, or name a longer section."
    return RefusedError("no_effect", f"That cannot be done here ({said}).", hint, figures=[effect.in_words() for effect in tried])


def _stock(
    timeline: Timeline,
    brief: Brief,
    clips: Sequence[ClipInput],
    groups: Sequence[ClipGroup],
    taste: Taste,
    section: FrameSpan,
    leanings: Sequence[Leaning],
) -> tuple[Stock, Mapping[str, Verdict]]:
    """What the section may be made from: not what stands elsewhere, not what was deleted, no second of two near-duplicates."""
    assert timeline.song is not None
    known = {clip.media.media_id: clip for clip in clips}
    verdicts = {clip.media.media_id: judge(clip, taste.profile.quality_thresholds) for clip in clips}
    held, taken = _kept(timeline, brief, section, known)
    barred = tuple(_barred(timeline))
    standing = {placement.media_id for placement, _ in held} | set(taken)
    twins = {one for group in groups if group.kind == "near_duplicate" and set(group.members) & standing for one in group.members}
    wishes = [wish for wish in brief.must_use if wish.media_id not in {row.media_id for row in barred if row.span is None}]
    brief = dataclasses.replace(brief, avoid=(*brief.avoid, *barred), must_use=tuple(wishes), **_ends(brief, barred))
    usable = [clip for clip in usable_clips(brief, clips, verdicts, groups) if clip.media.media_id not in twins - standing]
    frames = [placement.span for placement, _ in held]
    window = FrameSpan(min([section.start, *(one.start for one in frames)]), max([section.end, *(one.end for one in frames)]))
    return Stock(brief, usable, groups, taste, timeline.song, window, held, taken, leanings), verdicts


def _ends(brief: Brief, barred: Sequence[ClipWish]) -> dict[str, Any]:
    """First and last clip, unless they were deleted since."""
    gone = {row.media_id for row in barred if row.span is None}
    return {name: None for name in ("first", "last") if (wish := getattr(brief, name)) is not None and wish.media_id in gone}


def _barred(timeline: Timeline) -> list[ClipWish]:
    rows = []
    for row in timeline.deleted_clips:
        start, end = row.source_start_frame, row.source_end_frame
        rows.append(ClipWish(row.media_id, FrameSpan(start, end) if start is not None and end is not None else None))
    return rows


def _kept(
    timeline: Timeline, brief: Brief, section: FrameSpan, known: Mapping[str, ClipInput]
) -> tuple[list[tuple[Placement, ClipInput]], dict[str, list[FrameSpan]]]:
    """Locked placements of the section and its two neighbours as held; source ranges of everything else."""
    held, taken = [], dict[str, list[FrameSpan]]()
    for clip in timeline.clips:
        beside = clip.span.end == section.start or clip.span.start == section.end
        inside = section.contains(clip.span)
        if beside or (inside and clip.lock is not None):
            held.append((clip, known.get(clip.media_id) or ClipInput(timeline.media_of(clip), _from_facts(timeline.media_of(clip), clip))))
        elif not inside:
            taken.setdefault(clip.media_id, []).append(shown_span(clip, brief))
    return held, taken


def _from_facts(media: Media, clip: Placement) -> ClipAnalysis:
    """What the document says about a placement whose clip was not measured again."""
    facts, video = clip.facts, media.video
    frames = video.duration_frames if video else clip.source_start_frame + clip.duration_frames
    return ClipAnalysis(
        media_id=media.media_id,
        analyser_version="document",
        options="",
        rate=clip.source_rate,
        duration_frames=frames,
        shots=(),
        shot_type={facts.shot_type: 1.0},
        angle={facts.angle: 1.0},
        motion={facts.motion: 1.0},
        motion_intensity=facts.motion_intensity,
        visual_quality=facts.visual_quality,
        quality_parts={},
        blur=facts.blur,
        exposure=facts.exposure,
        shake_per_height=0.0,
        color_variance=facts.color_variance,
    )


def _merged(
    timeline: Timeline,
    job: Job,
    stock: Stock,
    verdicts: Mapping[str, Verdict],
    clips: Sequence[ClipInput],
    groups: Sequence[ClipGroup],
    instructions: Sequence[Instruction],
    section: FrameSpan,
    at: str,
) -> Timeline:
    """The next revision with the job's placements in the section; one that came out the same stays the same."""
    old = {_key(clip): clip for clip in timeline.clips}
    first = int(next_id(timeline).removeprefix("clip_"))
    made = [old.get(_key(clip), clip) for clip in placements_of(job, at, timeline.revision + 1, first)]
    window = stock.window
    placed = [clip for clip in timeline.clips if clip.span.end <= window.start]
    placed += [*made, *(clip for clip in timeline.clips if clip.span.start >= window.end)]
    rate = timeline.rate
    changes = [
        Change(
            "regenerate_requested",
            None,
            {
                "section_start": round(float(rate.seconds(section.start)), 6),
                "section_end": round(float(rate.seconds(section.end)), 6),
                "instruction": "regenerate_section" if one.kind else one.name,
                **({"words": one.words} if one.words else {}),
                "locked_clips": sum(clip.lock is not None for clip in timeline.clips),
            },
        )
        for one in instructions
    ]
    fresh = {(row.from_clip, row.to_clip): row for row in transitions_of(job, made)}
    after = settled(timeline, placed, changes, at, media=[clip.media for clip in clips])
    known = {(row.from_clip, row.to_clip) for row in timeline.transitions}
    joins: list[Transition] = [
        row if (row.from_clip, row.to_clip) in known else fresh.get((row.from_clip, row.to_clip), row) for row in after.transitions
    ]
    return after.replace(transitions=tuple(joins), outcomes=_outcomes(timeline, after, job, clips, verdicts, groups))


def _outcomes(
    timeline: Timeline, after: Timeline, job: Job, clips: Sequence[ClipInput], verdicts: Mapping[str, Verdict], groups: Sequence[ClipGroup]
) -> tuple[Outcome, ...]:
    """Rows of what was measured anew, the others as they were."""
    gone = {row.media_id: row for row in timeline.deleted_clips if row.source_start_frame is None}
    used = {clip.media_id for clip in after.clips}
    rows = []
    for row in outcomes_of(job, clips, verdicts, groups, after.clips):
        thrown = row.media_id in gone and row.media_id not in used
        rows.append(dataclasses.replace(row, status="deleted", reason="deleted by you") if thrown else row)
    known = {row.media_id for row in rows}
    return (*rows, *(row for row in after.outcomes if row.media_id not in known or row.status == "unreadable"))


def _key(clip: Placement) -> tuple[object, ...]:
    return clip.media_id, clip.timeline_start_frame, clip.duration_frames, clip.source_start_frame, clip.speed


def _noted(timeline: Timeline, effects: Sequence[Effect], section: FrameSpan) -> Timeline:
    """The reasons for the whole, with what this revision changed."""
    old = timeline.ai_reasoning
    start, end = (clock(float(timeline.rate.seconds(frame))) for frame in (section.start, section.end))
    note = f"Revision {timeline.revision}, {start} to {end}: {'; '.join(effect.in_words() for effect in effects)}."
    return timeline.replace(ai_reasoning=dataclasses.replace(old, notes=f"{old.notes} {note}".strip()))
