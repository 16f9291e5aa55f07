"""What a person did in an editing program is recovered from the file it exports."""

from __future__ import annotations

import dataclasses
import random
from fractions import Fraction
from typing import Any

import factories
import pytest
from flavours import FLAVOURS
from readback_trials import media_finder, returned, trial
from user_edits import Bench, random_edit

from engine.model.cutlist import CutEvent, CutList, CutMarker, CutTrack, MediaLink
from engine.model.time import FrameRate, FrameSpan
from engine.model.timeline import Timeline
from engine.telemetry.diff import Diff, compare
from engine.telemetry.matching import best_assignment
from engine.telemetry.order import longest_ascending
from engine.telemetry.seen import seen_events


@pytest.mark.parametrize("flavour", sorted(FLAVOURS))
def test_an_untouched_edit_comes_back_as_kept(flavour: str) -> None:
    for seed in range(6):
        timeline = random_edit(random.Random(seed), 12)
        diff = returned(timeline, Bench(timeline), flavour, keep_ids=False)
        assert diff.counts == {"kept": 12} and not diff.gaps and not diff.unmatched


def test_single_edits_are_recovered() -> None:
    results = [trial(seed, 1) for seed in range(400)]
    missed = [(names, flavour, score.missed) for names, score, flavour in results if not score.right]
    assert len(missed) <= 0.01 * len(results), missed
    assert not [score.wrong_locks for _, score, _ in results if score.wrong_locks]


def test_sequences_of_ten_are_recovered() -> None:
    results = [trial(seed, 10) for seed in range(10_000, 10_150)]
    missed = [(names, flavour, score.missed) for names, score, flavour in results if not score.right]
    assert len(missed) <= 0.05 * len(results), missed
    assert not [score.wrong_locks for _, score, _ in results if score.wrong_locks]


# --- one by one -------------------------------------------------------------------------------------------------------


def clip_event(number: int, start: int, length: int, source: int = 0, **fields: Any) -> CutEvent:
    """Media `number` (as `factories.media`) from its frame `source` on, at 30 fps."""
    media = factories.media(number)
    link = MediaLink(media.name, media.path, Fraction(0), Fraction(10), FrameRate(30))
    begin = Fraction(source, 30)
    basis = CutEvent(media.name, FrameSpan(start, start + length), link, begin, begin + Fraction(length, 30))
    return dataclasses.replace(basis, **fields)


def compared(timeline: Timeline, *tracks: list[CutEvent], rate: FrameRate = FrameRate(30)) -> Diff:
    cuts = CutList("back", rate, tuple(CutTrack("video", f"V{k + 1}", tuple(row)) for k, row in enumerate(tracks)))
    return compare(timeline, seen_events(timeline, cuts, media_finder(Bench(timeline))))


def test_ids_are_a_vote_and_no_proof() -> None:
    """Copied with the clip, an id stands on two; put on another file, it stands on none of ours."""
    timeline = factories.timeline(4)
    row = [clip_event(k + 1, 30 * k, 30, metadata={"cutprint": {"id": f"clip_{k + 1}"}}) for k in range(4)]
    copy = dataclasses.replace(row[0], record=FrameSpan(120, 150))
    diff = compared(timeline, [*row, copy])
    assert diff.counts == {"kept": 4, "inserted": 1}
    wrong = [dataclasses.replace(one, metadata={"cutprint": {"id": f"clip_{4 - k}"}}) for k, one in enumerate(row)]
    assert compared(timeline, wrong).counts == {"kept": 4}, "all ids shuffled: file and source speak for themselves"


def test_unknown_files_are_reported_and_nothing_is_called_deleted() -> None:
    timeline = factories.timeline(3)
    stranger = clip_event(2, 30, 30, media=MediaLink("b-roll.mov", "/else/b-roll.mov"), name="b-roll.mov")
    diff = compared(timeline, [clip_event(1, 0, 30), stranger, clip_event(3, 60, 30)])
    assert diff.counts == {"kept": 2, "unmatched": 1}
    assert [row.name for row in diff.unmatched] == ["b-roll.mov"]


def test_titles_hide_nothing() -> None:
    timeline = factories.timeline(3)
    title = CutEvent("Basic Title", FrameSpan(10, 80), MediaLink("Basic Title"), Fraction(0), Fraction(7, 3))
    assert compared(timeline, [clip_event(k + 1, 30 * k, 30) for k in range(3)], [title]).counts == {"kept": 3}


def test_what_lies_on_top_is_what_counts() -> None:
    timeline = factories.timeline(3)
    below = [clip_event(k + 1, 30 * k, 30) for k in range(3)]
    diff = compared(timeline, below, [clip_event(9, 30, 30, media=MediaLink("x.mp4", "/spare/other 0.mp4"))])
    assert diff.of("clip_2").kinds == ("replaced", "retracked")
    diff = compared(timeline, below, [clip_event(9, 40, 10, media=MediaLink("x.mp4", "/spare/other 0.mp4"))])
    assert diff.of("clip_2").kinds == ("split",) and diff.counts["inserted"] == 1


def test_proxies_are_known_by_id_and_name() -> None:
    timeline = factories.timeline(2)
    proxy = MediaLink("front_cam_002_proxy.mov", "/proxies/front_cam_002_proxy.mov")
    marked = {"cutprint": {"id": "clip_2"}}
    assert compared(timeline, [clip_event(1, 0, 30), clip_event(2, 30, 30, media=proxy, metadata=marked)]).counts == {"kept": 2}
    assert compared(timeline, [clip_event(1, 0, 30), clip_event(2, 30, 30, media=proxy)]).counts == {"kept": 1, "unmatched": 1}


@pytest.mark.parametrize(
    ("fields", "marks"),
    [
        ({"locked": True}, ("clip",)),
        ({"locked": True, "metadata": {"lock_marks": ["marker", "name"]}}, ("marker", "name")),
        ({"label": "Rose"}, ("label",)),
        ({"label": "lime"}, ("label",)),
        ({"label": "Violet"}, ()),
        ({"markers": (CutMarker(Fraction(0), "look"),)}, ()),
    ],
)
def test_marks_that_lock(fields: dict[str, Any], marks: tuple[str, ...]) -> None:
    timeline = factories.timeline(1, transitions=())
    change = compared(timeline, [clip_event(1, 0, 30, **fields)]).changes[0]
    assert change.row is not None and change.row.lock_marks == marks
    assert change.kinds == (("locked",) if marks else ("kept",))


def test_a_lock_is_taken_off_only_where_its_mark_was_written_and_is_gone() -> None:
    timeline = factories.timeline(2)  # clip 2 is locked
    first = clip_event(1, 0, 30)
    silent = clip_event(2, 30, 30, metadata={"cutprint": {"id": "clip_2"}})
    assert compared(timeline, [first, silent]).of("clip_2").kinds == ("kept",), "this export said nothing of locks"
    own = {"cutprint": {"id": "clip_2", "lock": ["label", "marker"]}}
    dropped = clip_event(2, 30, 30, metadata=own)
    assert compared(timeline, [first, dropped]).of("clip_2").kinds == ("kept",), "this program lost all labels and markers"
    freed = dataclasses.replace(dropped, label="Iris")
    assert compared(timeline, [first, freed]).of("clip_2").kinds == ("unlocked",), "there are labels, and this one was changed"
    assert compared(timeline, [first, dataclasses.replace(freed, label="Rose")]).of("clip_2").kinds == ("kept",)
    trimmed = clip_event(2, 30, 20, metadata=own, label="Iris")
    assert compared(timeline, [first, trimmed]).of("clip_2").kinds == ("tail_trimmed",), "what a person changed is locked"


def test_a_locked_track_locks_its_clips() -> None:
    timeline = factories.timeline(1, transitions=())
    cuts = CutList("back", FrameRate(30), (CutTrack("video", "V1", (clip_event(1, 0, 30),), locked=True),))
    (change,) = compare(timeline, seen_events(timeline, cuts, media_finder(Bench(timeline)))).changes
    assert change.kinds == ("locked",) and change.row is not None and change.row.lock_marks == ("track",)


def test_a_trim_of_one_frame_is_seen() -> None:
    timeline = factories.timeline(2)
    diff = compared(timeline, [clip_event(1, 0, 29), clip_event(2, 29, 30)])
    assert (diff.of("clip_1").kinds, diff.of("clip_1").tail_frames) == (("tail_trimmed",), 1)
    diff = compared(timeline, [clip_event(1, 0, 29, source=1), clip_event(2, 29, 30)])
    assert (diff.of("clip_1").kinds, diff.of("clip_1").head_frames) == (("head_trimmed",), 1)
    assert diff.of("clip_2").kinds == ("kept",), "it was pushed along, not moved"


def test_a_timeline_that_comes_back_at_another_rate() -> None:
    timeline = factories.timeline(3)
    row = [clip_event(k + 1, 25 * k, 25, source_end_s=Fraction(1)) for k in range(3)]
    assert compared(timeline, row, rate=FrameRate(25)).counts == {"kept": 3}


def test_speed_that_the_format_lost_is_no_edit() -> None:
    timeline = factories.timeline(2)
    slow = dataclasses.replace(timeline.clips[0], speed=Fraction(1, 2))
    diff = compared(timeline.replace(clips=(slow, timeline.clips[1])), [clip_event(1, 0, 30), clip_event(2, 30, 30)])
    assert diff.counts == {"kept": 2}


def test_the_best_assignment_and_the_longest_ascent() -> None:
    chance = random.Random(5)
    import itertools

    for _ in range(60):
        lines, columns = chance.randint(1, 5), chance.randint(1, 5)
        gain = [[chance.choice((0, chance.random())) for _ in range(columns)] for _ in range(lines)]
        found = sum(gain[i][j] for i, j in best_assignment(gain).items())
        wide = [[*row, *[0.0] * max(0, lines - columns)] for row in gain]
        best = max(sum(wide[i][j] for i, j in enumerate(order)) for order in itertools.permutations(range(len(wide[0])), lines))
        assert found == pytest.approx(best)
        values = chance.sample(range(9), 6)
        ascents = [c for n in range(7) for c in itertools.combinations(values, n) if list(c) == sorted(c)]
        assert len(longest_ascending(values, [1.0] * 6)) == max(map(len, ascents))
