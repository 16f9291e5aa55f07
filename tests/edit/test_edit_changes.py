"""Changes by hand: whatever is done, the music stays in sync, locks hold, and the document says what happened."""

from __future__ import annotations

import dataclasses
from typing import Any

import factories
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.edit import ripple
from engine.edit.revise import LOCKS_BY, lock, unlock
from engine.errors import CutprintError, DocumentError, RefusedError
from engine.model import documents
from engine.model.timeline import DeletedClip, Placement, RunnerUp, Timeline

AT = "2026-01-02T03:04:05Z"
VIDEO = factories.video(duration_frames=300)


def edit(count: int = 5, *, locked: tuple[int, ...] = (), start: int = 60) -> Timeline:
    """`count` clips of a second each, every one with two seconds of its take before and more after it."""
    files = [factories.media(number, stream=VIDEO) for number in range(1, count + 4)]
    made = factories.timeline(count)
    clips = tuple(
        dataclasses.replace(
            one,
            lock=factories.LOCK if number in locked else None,
            source_start_frame=start,
            decision=dataclasses.replace(one.decision, runners_up=(RunnerUp(files[count].media_id, 12, 0.7, "less sharp"),)),
        )
        for number, one in enumerate(made.clips, 1)
        if one.decision
    )
    return made.replace(clips=clips, media=(*files, factories.song_media()), deleted_clips=(), user_edits=())


def shown(timeline: Timeline) -> dict[str, tuple[Any, ...]]:
    return {one.id: (one.media_id, one.span, one.source_start_frame, one.speed) for one in timeline.clips}


def check(before: Timeline, after: Timeline, changed: str) -> None:
    documents.validate(documents.encode(after))
    assert after.duration_frames == before.duration_frames and after.revision == before.revision + 1 and after.parent == before.revision
    for one in before.clips:
        if one.lock is not None and one.id != changed:
            assert shown(after)[one.id] == shown(before)[one.id], "locked placements stay frame-identical"
    action = after.user_edits[-1].action
    if action in LOCKS_BY:
        clip = after.clip(after.user_edits[-1].clip_id or "")
        assert clip.lock is not None and clip.lock.locked_by == "user" and clip.lock.reason == LOCKS_BY[action]
        assert clip.edit_history[-1].action == clip.lock.reason and clip.edit_history[-1].version == after.revision


def act(draw: Any, timeline: Timeline) -> tuple[Timeline, str]:
    clip = draw(st.sampled_from(timeline.clips))
    other = ripple.Material(factories.media(90 + draw(st.integers(0, 3)), stream=VIDEO), draw(st.integers(0, 299)))
    frames = st.integers(-40, 40)
    start = draw(st.integers(-5, timeline.duration_frames))
    kind = draw(st.sampled_from(("lock", "unlock", "delete", "moment", "move", "trim", "slip", "replace", "insert")))
    done = {
        "lock": lambda: lock(timeline, [clip.id], AT),
        "unlock": lambda: unlock(timeline, [clip.id], AT),
        "delete": lambda: ripple.delete(timeline, clip.id, AT, reason="too_shaky"),
        "moment": lambda: ripple.delete(timeline, clip.id, AT, moment_only=True),
        "move": lambda: ripple.move(timeline, clip.id, draw(st.integers(0, 8)), AT),
        "trim": lambda: ripple.trim(timeline, clip.id, AT, head_frames=draw(frames), tail_frames=draw(frames)),
        "slip": lambda: ripple.slip(timeline, clip.id, draw(frames), AT),
        "replace": lambda: ripple.replace(timeline, clip.id, other, AT),
        "insert": lambda: ripple.insert(timeline, start, start + draw(st.integers(1, 90)), other, AT),
    }[kind]()
    return done, clip.id


@settings(max_examples=60)
@given(st.data())
def test_any_chain_of_changes_is_lawful_or_refused(data: st.DataObject) -> None:
    """Whatever goes wrong is a refusal with a reason; `DocumentError` would be a broken law."""
    timeline = data.draw(factories.timelines()) if data.draw(st.booleans()) else edit(data.draw(st.integers(2, 6)), locked=(2,))
    for _ in range(data.draw(st.integers(1, 5))):
        try:
            after, changed = act(data.draw, timeline)
        except RefusedError as error:
            assert error.code and error.message
            continue
        check(timeline, after, changed)
        timeline = after


def test_move_changes_slots_and_keeps_every_cut() -> None:
    before = edit(5, locked=(3,))
    after = ripple.move(before, "clip_1", 4, AT)
    check(before, after, "clip_1")
    assert [one.id for one in after.clips] == ["clip_2", "clip_4", "clip_3", "clip_1", "clip_5"]
    assert after.cut_frames == before.cut_frames, "no cut leaves its beat"
    assert all(one.at_beat and one.beat_index is not None for one in after.transitions)
    row = after.user_edits[-1]
    assert row.action == "clip_reordered" and row.details == {"from_position": 1, "to_position": 4}
    with pytest.raises(RefusedError) as caught:
        ripple.move(before, "clip_1", 3, AT)
    assert caught.value.code == "locked"


def test_a_clip_too_short_for_its_new_slot_keeps_its_length() -> None:
    before = edit(3)
    short = dataclasses.replace(before.clips[0], duration_frames=15, source_start_frame=5)
    long = dataclasses.replace(before.clips[1], timeline_start_frame=15, duration_frames=45)
    few = factories.media(1, stream=factories.video(duration_frames=40))
    before = before.replace(clips=(short, long, before.clips[2]), media=(few, *before.media[1:]), transitions=())
    after = ripple.move(before, "clip_1", 2, AT)
    check(before, after, "clip_1")
    assert [(one.id, one.duration_frames) for one in after.clips] == [("clip_2", 45), ("clip_1", 15), ("clip_3", 30)]
    held = before.replace(clips=(short, dataclasses.replace(long, lock=factories.LOCK), before.clips[2]))
    assert ripple.move(held, "clip_1", 3, AT).clips[1].id == "clip_2", "the locked one stays between them"


def test_trim_takes_from_the_neighbour_only() -> None:
    before = edit(4)
    after = ripple.trim(before, "clip_2", AT, head_frames=6, tail_frames=-4)
    check(before, after, "clip_2")
    assert [one.duration_frames for one in after.clips] == [36, 28, 26, 30]
    assert after.clip("clip_2").source_start_frame == 66 and after.clip("clip_3").source_start_frame == 64
    assert shown(after)["clip_4"] == shown(before)["clip_4"]
    assert after.clip("clip_1").lock is None and after.clip("clip_3").lock is None
    first = ripple.trim(before, "clip_1", AT, head_frames=5)
    assert first.clip("clip_1").source_start_frame == 65 and first.cut_frames == before.cut_frames
    for kwargs in ({"head_frames": 29}, {"head_frames": -70}):
        with pytest.raises(RefusedError) as caught:
            ripple.trim(before, "clip_2", AT, **kwargs)
        assert caught.value.code == "no_room"
    with pytest.raises(RefusedError) as caught:
        ripple.trim(edit(4, locked=(3,)), "clip_2", AT, tail_frames=5)
    assert caught.value.code == "locked"


def test_delete_is_filled_by_what_stood_second_and_bars_the_clip() -> None:
    before = edit(4)
    after = ripple.delete(before, "clip_3", AT, reason="blurry", text="soft")
    check(before, after, "clip_3")
    assert after.cut_frames == before.cut_frames
    filler = after.clips[2]
    assert filler.media_id == before.media[4].media_id and filler.source_start_frame == 12
    gone = after.deleted_clips[-1]
    assert (gone.media_id, gone.user_reason, gone.text, gone.source_start_frame) == (before.clips[2].media_id, "blurry", "soft", None)
    assert next(row for row in after.outcomes if row.media_id == gone.media_id).status == "deleted"
    with pytest.raises(CutprintError) as caught:
        ripple.delete(before, "clip_3", AT, reason="ugly")
    assert caught.value.code == "bad_reason" and caught.value.exit_code == 2


def test_delete_without_runners_up_lets_the_neighbours_grow() -> None:
    before = edit(3)
    before = before.replace(clips=tuple(dataclasses.replace(one, decision=None) for one in before.clips))
    after = ripple.delete(before, "clip_2", AT)
    check(before, after, "clip_2")
    assert [one.id for one in after.clips] == ["clip_1", "clip_3"] and after.clips[0].duration_frames == 60
    held = before.replace(clips=tuple(dataclasses.replace(one, lock=factories.LOCK) for one in before.clips))
    with pytest.raises(RefusedError) as caught:
        ripple.delete(held, "clip_2", AT)
    assert caught.value.code == "cannot_fill" and caught.value.details["missing_frames"] == 30


def test_a_deleted_moment_bars_that_range_only() -> None:
    before = edit(4)
    after = ripple.delete(before, "clip_3", AT, moment_only=True)
    gone = after.deleted_clips[-1]
    assert (gone.source_start_frame, gone.source_end_frame) == (60, 90)
    again = ripple.insert(after, 0, 20, ripple.Material(before.media[2], 100), AT)
    check(after, again, "")


def test_slip_replace_insert() -> None:
    before = edit(4)
    slipped = ripple.slip(before, "clip_2", -10, AT)
    check(before, slipped, "clip_2")
    assert slipped.clip("clip_2").source_start_frame == 50 and slipped.cut_frames == before.cut_frames
    with pytest.raises(RefusedError):
        ripple.slip(before, "clip_2", 400, AT)
    other = ripple.Material(factories.media(50, stream=VIDEO), 7)
    replaced = ripple.replace(before, "clip_2", other, AT)
    check(before, replaced, "clip_2")
    assert replaced.clip("clip_2").file == other.media.name and replaced.media_of(replaced.clip("clip_2")) == other.media
    inserted = ripple.insert(before, 45, 75, other, AT)
    check(before, inserted, "")
    assert [one.duration_frames for one in inserted.clips] == [30, 15, 30, 15, 30]
    inside = ripple.insert(before, 35, 50, other, AT)
    assert [one.duration_frames for one in inside.clips] == [30, 5, 15, 10, 30, 30]
    assert len({one.id for one in inside.clips}) == 6
    with pytest.raises(RefusedError) as caught:
        ripple.insert(before, 45, 75, ripple.Material(before.media[0], 70), AT)
    assert caught.value.code == "moment_taken"


def test_locks_and_unknown_clips() -> None:
    before = edit(3)
    locked = lock(before, ["clip_1", "clip_3"], AT, "keep")
    assert [one.lock is not None for one in locked.clips] == [True, False, True]
    assert [row.action for row in locked.user_edits] == ["clip_locked"] * 2
    with pytest.raises(RefusedError):
        lock(locked, ["clip_1"], AT)
    assert unlock(locked, ["clip_1", "clip_2"], AT).clip("clip_1").lock is None
    with pytest.raises(DocumentError) as caught:
        lock(before, ["clip_99"], AT)
    assert caught.value.code == "unknown_clip"


def test_fillers_given_from_outside_come_first() -> None:
    before = edit(3)
    filler = ripple.Material(factories.media(70, stream=VIDEO), 30)
    after = ripple.delete(before, "clip_2", AT, fillers=(filler,))
    assert after.clips[1].media_id == filler.media.media_id and isinstance(after.deleted_clips[-1], DeletedClip)
    assert isinstance(after.clips[1], Placement) and after.clips[1].edit_history[-1].action == "filled_gap"
