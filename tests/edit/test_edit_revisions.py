"""Sections made again: each instruction shows in a figure or is refused; locks, deletions and everything outside stay as they were."""

from __future__ import annotations

import dataclasses

import factories
import pytest
import test_edit_laws as laws
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.edit import ripple
from engine.edit.instructions import parse
from engine.edit.remake import Remade, remake, weakest
from engine.edit.revise import lock
from engine.edit.taste import neutral_taste
from engine.errors import BadOption, CutprintError, RefusedError
from engine.model import documents
from engine.model.time import FrameSpan
from engine.model.timeline import Timeline
from engine.style.prior import neutral_profile

AT = "2026-01-02T03:04:05Z"
CLIPS = laws.shoot(40)
BRIEF = factories.brief(duration_frames=600, song_start_s=20.0)  # ten seconds before the drop, ten after it
TASTE = neutral_taste(neutral_profile())


@pytest.fixture(scope="module")
def made() -> Timeline:
    return laws.edit(CLIPS, BRIEF)


def asked(timeline: Timeline, text: str, section: tuple[float | None, float | None] = (None, None)) -> Remade:
    wishes = parse(text, timeline.song, float(timeline.duration_s))
    return remake(timeline, CLIPS, (), TASTE, wishes, AT, section=section)


def rows(timeline: Timeline) -> dict[str, tuple[object, ...]]:
    return {one.id: (one.media_id, one.span, one.source_start_frame, one.speed, one.crop) for one in timeline.clips}


def check(before: Timeline, done: Remade) -> None:
    after = done.timeline
    documents.validate(documents.encode(after))
    assert (after.revision, after.parent, after.duration_frames) == (before.revision + 1, before.revision, before.duration_frames)
    for one in before.clips:
        if one.lock is not None or not done.section.contains(one.span):
            assert rows(after)[one.id] == rows(before)[one.id], "locked and outside: frame-identical"
    used = [one.media_id for one in after.clips]
    assert len(set(used)) == len(used), "no moment twice"
    assert not {row.media_id for row in after.deleted_clips} & set(used), "deleted clips stay away"
    assert {row.media_id for row in after.outcomes if row.status == "used"} == set(used)
    assert after.user_edits[-1].action == "regenerate_requested" and all(effect.done for effect in done.effects)


@pytest.mark.parametrize("text", ["tighter", "slower", "more_energy", "regenerate", "more close-ups, tighter from the drop", "fewer faces"])
def test_each_instruction_shows_in_its_figure_or_is_refused(made: Timeline, text: str) -> None:
    before = lock(made, [made.clips[2].id, made.clips[-2].id], AT)
    before = ripple.delete(before, before.clips[4].id, AT, reason="off_style")
    try:
        done = asked(before, text)
    except RefusedError as error:
        assert error.code == "no_effect" and error.details["figures"] and text in ("fewer faces", "more close-ups, tighter from the drop")
        return
    check(before, done)


def test_a_section_is_snapped_to_whole_clips_and_nothing_else_moves(made: Timeline) -> None:
    done = asked(made, "tighter", (8.0, 15.0))
    check(made, done)
    first = next(one for one in made.clips if one.timeline_start_frame >= 240)
    assert done.section.start == first.timeline_start_frame
    inside = [one for one in done.timeline.clips if done.section.contains(one.span)]
    before = [one for one in made.clips if done.section.contains(one.span)]
    assert len(inside) > len(before) and "mean shot" in done.timeline.ai_reasoning.notes
    details = done.timeline.user_edits[-1].details
    assert details["section_start"] == pytest.approx(done.section.start / 30) and details["instruction"] == "make_tighter"


@settings(max_examples=8)
@given(data=st.data())
def test_locks_hold_whatever_is_asked(made: Timeline, data: st.DataObject) -> None:
    ids = [one.id for one in made.clips]
    before = lock(made, data.draw(st.lists(st.sampled_from(ids), min_size=1, max_size=len(ids), unique=True)), AT)
    start = data.draw(st.floats(0, 15))
    text = data.draw(st.sampled_from(["tighter", "slower", "more energy", "regenerate"]))
    try:
        check(before, asked(before, text, (start, start + data.draw(st.floats(1, 20)))))
    except CutprintError as error:
        assert error.code in ("all_locked", "no_effect", "empty_section", "outside", "footage_too_short")


def test_what_cannot_be_is_refused_with_the_reason(made: Timeline) -> None:
    locked = lock(made, [one.id for one in made.clips], AT)
    for timeline, section, code in (
        (locked, (None, None), "all_locked"),
        (made, (30.0, 40.0), "outside"),
        (made, (0.1, 0.2), "empty_section"),
    ):
        with pytest.raises(RefusedError) as caught:
            asked(timeline, "tighter", section)
        assert caught.value.code == code
    with pytest.raises(RefusedError) as caught:
        asked(made.replace(song=None, transitions=()), "tighter")
    assert caught.value.code == "no_song"


def test_sentences_are_made_of_known_words(made: Timeline) -> None:
    song = made.song
    assert [one.name for one in parse("make_tighter", song, 20)] == ["make_tighter"]
    pair = parse("More close-ups, tighter from the drop", song, 20)
    assert [(one.name, one.kind) for one in pair] == [("more", "shot_type_close_up"), ("make_tighter", "")]
    assert pair[1].start_s == pytest.approx(10.0) and pair[0].start_s is None
    assert parse("please make it slower until 8.5 and fewer wides", song, 20)[0].end_s == 8.5
    with pytest.raises(BadOption) as caught:
        parse("tighter with lasers", song, 20)
    assert caught.value.code == "unknown_words" and "lasers" in caught.value.message and "close-ups" in caught.value.hint
    with pytest.raises(BadOption) as caught:
        parse("tighter in the verse", song, 20)
    assert caught.value.code == "no_such_section"


def test_a_kept_placement_keeps_its_reasons(made: Timeline) -> None:
    done = asked(made, "regenerate", (0.0, 5.0))
    for one in made.clips:
        if not done.section.contains(one.span):
            assert done.timeline.clip(one.id) == one
    assert dataclasses.replace(done.timeline.clips[-1]) == made.clips[-1]


@pytest.mark.parametrize(
    ("enough", "tried", "taken"),
    [
        (0.9, [1.0], 1.0),  # what works at once is taken
        (1.3, [1.0, 2.0, 1.5, 1.25], 1.5),
        (1.9, [1.0, 2.0, 1.5, 1.75], 2.0),
        (2.5, [1.0, 2.0, 3.5, 2.75, 2.375], 2.75),
        (9.0, [1.0, 2.0, 3.5], None),
    ],
)
def test_no_more_is_bent_than_the_instruction_needs(made: Timeline, enough: float, tried: list[float], taken: float | None) -> None:
    seen: list[float] = []
    results = {}

    def attempt(strength: float) -> Remade | None:
        seen.append(strength)
        results[strength] = Remade(made, FrameSpan(0, 1), ())
        return results[strength] if strength >= enough else None

    assert weakest(attempt) is (None if taken is None else results[taken])
    assert seen == tried
