"""Figures from events: what the guide asks for, computed by hand here, and the unknown kept unknown."""

from __future__ import annotations

import dataclasses
import datetime
import re
from pathlib import Path
from typing import Any

import factories
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge_server.bootstrap import open_studio
from engine.errors import CutprintError
from engine.model.events import (
    ClipDeleted,
    ClipInserted,
    ClipLocked,
    ClipReordered,
    ClipTrimmed,
    ClipUnlocked,
    EditGenerated,
    Event,
    Redone,
    RegenerateRequested,
    TimelineExported,
    TimelineRated,
    TimelineReviewed,
    Undone,
)
from engine.progress import SILENT
from engine.store.library import Creator
from engine.store.projects import ProjectFolder, load_timeline
from engine.studio.catalog import USE_CASES
from engine.telemetry.calibration import calibration
from engine.telemetry.flags import FLAGS, GOALS, red_flags, unmet
from engine.telemetry.metrics import SessionMetrics, aggregate, session_metrics
from engine.telemetry.sessions import seconds_of, sessions_of

NOW = "2026-03-20T00:00:00Z"
SURE: dict[str, Any] = {"mean_confidence": 0.9, "clip_ids": ("a", "b", "c", "d"), "confidences": (0.8, 0.9, 0.95, 0.95)}


def at(minute: float, day: int = 1) -> str:
    return (datetime.datetime(2026, 3, day, 10) + datetime.timedelta(minutes=minute)).strftime("%Y-%m-%dT%H:%M:%SZ")


def made(minute: float = 0, day: int = 1, project: str = "p", **more: Any) -> EditGenerated:
    values = {"clips": 10, "duration_s": 30.0, "seconds_taken": 60.0, "mean_confidence": 0.8, **more}
    return EditGenerated(at(minute, day), project, 1, "cli", "ana", **values)


def one(*events: Event, usual: float | None = None, now: str = NOW) -> SessionMetrics:
    (session,) = sessions_of(events)
    return session_metrics(session, now, usual)


def worked() -> list[Event]:
    def of(kind: Any, minute: float, revision: int, clip: str, **more: Any) -> Event:
        return kind(at(minute), "p", revision, "panel", "ana", clip_id=clip, **more)

    return [
        made(),
        of(ClipDeleted, 2, 2, "c1", ai_confidence=0.5, reason_selected="blurry"),
        of(ClipReordered, 3, 3, "c2"),
        of(ClipReordered, 4, 4, "c2"),
        of(ClipTrimmed, 5, 5, "c2", tail_frames=3),
        of(ClipTrimmed, 5.5, 6, "c3", head_frames=2),
        of(ClipInserted, 6, 7, "n1"),
        of(ClipLocked, 6.5, 8, "c4"),
        of(ClipLocked, 6.6, 9, "c5"),
        of(ClipUnlocked, 6.7, 10, "c5"),
        RegenerateRequested(at(7), "p", 11, "panel", "ana", instruction="make_tighter", locked_clips=4),
        made(7.5, seconds_taken=5.0),
        TimelineExported(at(60), "p", 12, "cli", "ana", format="fcp7", duration_s=29.5),
        TimelineRated(at(61), "p", 12, "cli", "ana", satisfaction=4, would_post=False),
    ]


def test_every_figure_of_a_session() -> None:
    found = one(*worked(), usual=40)
    assert (found.total_clips_generated, found.clips_kept, found.clips_deleted, found.clips_added_manually) == (10, 9, 1, 1)
    assert (found.clips_reordered, found.clips_trimmed) == (1, 2), "a clip that is moved twice is one clip"
    assert (found.clips_kept_percentage, found.clips_modified_percentage, found.manual_edit_percentage) == (90, 30, 40)
    assert (found.regenerate_count, found.regenerate_instructions, found.regenerate_with_locks_count) == (1, ("make_tighter",), 1)
    assert found.ai_generation_time_seconds == 65
    assert found.user_editing_time_seconds == pytest.approx(300), "from 2:00 to 7:00, every pause under the cut-off"
    assert found.estimated_manual_time_seconds == 2400 and found.time_saved_seconds == pytest.approx(2400 - 65 - 300)
    assert found.time_saved_percentage == pytest.approx(100 * 2035 / 2400)
    assert found.avg_ai_confidence_all == 0.8 and found.avg_ai_confidence_deleted == 0.5
    assert found.avg_ai_confidence_kept == pytest.approx((8.0 - 0.5) / 9)
    assert found.clips_locked_by_user == 4, "moved, trimmed, inserted and locked; not the unlocked one, not the deleted one"
    assert (found.exported, found.export_format, found.final_video_duration) == (True, "fcp7", 29.5)
    assert (found.would_post_unchanged, found.user_satisfaction, found.status) == (False, 4, "rated")
    assert found.delete_reasons == {"blurry": 1}


def test_silence_is_never_success() -> None:
    for events in ([made()], [made(), TimelineExported(at(1), "p", 1, format="edl")]):
        found = one(*events)
        unknown = ("clips_kept", "clips_kept_percentage", "manual_edit_percentage", "avg_ai_confidence_kept", "clips_locked_by_user")
        assert not found.looked_at and all(getattr(found, name) is None for name in unknown)
        assert found.would_post_unchanged is None and found.time_saved_seconds is None
    assert aggregate([one(made())]).avg_clips_kept_percentage is None
    reviewed = one(made(), TimelineReviewed(at(1), "p", 1))
    assert reviewed.clips_kept_percentage == 100, "somebody looked and left everything"


def test_editing_time_by_the_best_evidence() -> None:
    deleted = [ClipDeleted(at(minute), "p", 1, clip_id=f"c{minute}") for minute in (1, 2, 30, 31)]
    assert one(made(), *deleted).user_editing_time_seconds == 120, "half an hour away is no editing"
    seen = TimelineReviewed(at(40), "p", 1, active_s=200)
    assert one(made(), *deleted, seen).user_editing_time_seconds == 200
    said = TimelineRated(at(50), "p", 1, editing_minutes=7)
    assert one(made(), *deleted, seen, said).user_editing_time_seconds == 420
    assert one(made(), deleted[0]).user_editing_time_seconds is None, "one action has no length"
    back = [deleted[3], deleted[0], deleted[1]]
    assert one(made(), *back).user_editing_time_seconds == 60, "a clock that was set back"


def test_what_was_undone_did_not_happen() -> None:
    gone = ClipDeleted(at(1), "p", 2, clip_id="c1", ai_confidence=0.5)
    assert one(made(), gone, Undone(at(2), "p", 1, to_revision=1)).clips_deleted == 0
    assert one(made(), gone, Undone(at(2), "p", 1, to_revision=1), Redone(at(3), "p", 2, to_revision=2)).clips_deleted == 1


def test_sessions_and_their_ends() -> None:
    rows: list[Event] = [made(), made(1, project="q"), made(0, day=2), TimelineRated(at(5, day=2), "p", 2, satisfaction=5)]
    rows.append(TimelineExported(at(0), "stranger", 1))
    found = sessions_of(rows)
    assert [len(session.events) for session in found] == [1, 1, 2]
    assert [session.status(NOW) for session in found] == ["abandoned", "abandoned", "rated"]
    assert found[0].status(at(60)) == "open"


def test_many_sessions_with_trend() -> None:
    def week(number: int, deleted: int, post: bool | None) -> SessionMetrics:
        events: list[Event] = [made(day=2 + 7 * number, project=f"p{number}{deleted}")]
        project = events[0].project_id
        events += [ClipDeleted(at(k, 2 + 7 * number), project, 2, clip_id=f"c{k}", ai_confidence=0.4) for k in range(deleted)]
        if post is not None:
            events.append(TimelineRated(at(20, 2 + 7 * number), project, 2, satisfaction=4, would_post=post))
        return one(*events)

    total = aggregate([week(0, 4, False), week(0, 2, True), week(1, 2, None), week(2, 1, True), one(made(day=17))])
    assert total.total_sessions == 5 and total.known["avg_clips_kept_percentage"] == 4
    assert total.avg_clips_kept_percentage == pytest.approx((60 + 80 + 80 + 90) / 4)
    assert total.would_post_unchanged_rate == pytest.approx(200 / 3)
    assert [row["week"] for row in total.weeks] == ["2026-03-02", "2026-03-09", "2026-03-16"], "Mondays"
    assert [row["kept_percentage"] for row in total.weeks] == [70, 80, 90]
    assert total.week_over_week_quality_improvement == 10 and total.clips_kept_percentage_trend == pytest.approx(10)
    assert total.confidence_gap is not None and total.confidence_gap > 0.3
    assert total.avg_clips_deleted == pytest.approx(9 / 4) and total.avg_clips_locked_by_user == 0, "of the four that somebody looked at"
    assert total.avg_ai_confidence_all == pytest.approx(0.8) and total.known["avg_ai_confidence_all"] == 5
    assert total.avg_final_video_duration is None and total.export_formats == {} and total.avg_clips_added_manually == 0
    whole = aggregate([one(*worked())])
    alone = one(*worked())
    for figure in ("clips_reordered", "clips_trimmed", "clips_added_manually", "clips_locked_by_user", "regenerate_with_locks_count"):
        assert getattr(whole, f"avg_{figure}") == getattr(alone, figure), figure
    assert aggregate([]).total_sessions == 0 and aggregate([]).weeks == ()


@pytest.mark.parametrize(
    ("name", "events", "raised"),
    [
        ("high_reorder_rate", [ClipReordered(at(k), "p", k, clip_id=f"c{k}") for k in range(3)], False),
        ("high_reorder_rate", [ClipReordered(at(k), "p", k, clip_id=f"c{k}") for k in range(4)], True),
        ("high_delete_rate", [ClipDeleted(at(k), "p", k, clip_id=f"c{k}") for k in range(3)], True),
        ("high_delete_rate", [ClipDeleted(at(k), "p", k, clip_id=f"c{k}") for k in range(2)], False),
        ("excessive_regeneration", [RegenerateRequested(at(k), "p", k) for k in range(2)], False),
        ("excessive_regeneration", [RegenerateRequested(at(k), "p", k) for k in range(3)], True),
        ("long_manual_edit_time", [TimelineReviewed(at(1), "p", 1, active_s=600)], False),
        ("long_manual_edit_time", [TimelineReviewed(at(1), "p", 1, active_s=601)], True),
        ("low_confidence_in_kept_clips", [TimelineReviewed(at(1), "p", 1)], False),
    ],
)
def test_red_flags_at_their_thresholds(name: str, events: list[Event], raised: bool) -> None:
    flags = {flag.type: flag for flag in red_flags(one(made(), *events))}
    assert (name in flags) is raised
    assert not raised or flags[name].todo.endswith(".")


def test_what_flags_tell_to_do_can_be_done() -> None:
    for flag in FLAGS:
        for command in re.findall(r"`cutprint (\w+)( --[\w-]+)?", flag.todo):
            assert command[0] in USE_CASES, flag.todo
            names = [one.metadata.get("flag", one.name) for one in dataclasses.fields(USE_CASES[command[0]].request)]
            assert not command[1] or command[1][3:].replace("-", "_") in names, flag.todo


def test_flags_need_knowledge_and_say_what_to_do() -> None:
    assert red_flags(one(made(mean_confidence=0.1))) == []
    low = red_flags(one(made(mean_confidence=0.74), TimelineReviewed(at(1), "p", 1)))
    assert [flag.type for flag in low] == ["low_confidence_in_kept_clips"]
    assert len(FLAGS) == 5 and all(flag.severity in ("high", "medium") for flag in FLAGS)


def test_goals_of_the_guide() -> None:
    goals = {goal.figure: goal for goal in GOALS}
    assert goals["would_post_unchanged_rate"].targets == (70, 85, 90)
    assert [unmet(goals["would_post_unchanged_rate"], value) for value in (69.9, 70, 85, 90)] == [70, 85, 90, None]
    assert unmet(goals["avg_manual_edit_percentage"], 15) == 15 and unmet(goals["avg_manual_edit_percentage"], 14.9) is None
    assert unmet(goals["avg_time_saved_minutes"], None) is None


@given(st.datetimes(datetime.datetime(1971, 1, 1), datetime.datetime(2100, 1, 1)))
def test_times_and_dates_agree_with_the_calendar(moment: datetime.datetime) -> None:
    from engine.telemetry.metrics import _date

    text = moment.strftime("%Y-%m-%dT%H:%M:%SZ") if moment.year >= 1000 else ""
    seconds = moment.replace(microsecond=0, tzinfo=datetime.timezone.utc).timestamp()
    assert seconds_of(text) == seconds and _date(seconds) == moment.strftime("%Y-%m-%d")


def test_the_survey_and_the_report_as_a_user_meets_them(tmp_path: Path) -> None:
    from bridge_server.pages import PAGES

    folder = ProjectFolder(tmp_path / "edit")
    timeline = factories.timeline().replace(creator_id="mira")
    with folder.locked():
        folder.commit(timeline, {"timeline.edl": b"x"})

    with open_studio({"workspace": tmp_path / "ws"}) as studio:

        def ask(name: str, **values: Any) -> dict[str, Any]:
            case = USE_CASES[name]
            result = case.load()(studio, case.request(**values), SILENT)
            assert PAGES[name](result)
            return result

        now = studio.now()
        studio.record(EditGenerated(now, timeline.project_id, 1, "cli", "mira", clips=4, seconds_taken=30.0, **SURE))
        first = ask("rate", timeline=folder.folder, satisfaction=5, would_post="yes", editing_minutes=2)
        assert first["asks_usual_minutes"] and first["final_status"]["time_saved"] is None
        second = ask("rate", timeline=folder.folder, usual_minutes=45)
        status = load_timeline(folder.folder)[0].final_status
        assert not second["asks_usual_minutes"] and status.time_saved == 45 * 60 - 30 - 120
        assert (status.would_post_unchanged, status.user_satisfaction, status.manual_edit_percentage) == (True, 5, 0)
        assert not status.exported and status.export_timestamp is None
        ask("export", timeline=folder.folder, to="edl", output=tmp_path / "out.edl")
        after = load_timeline(folder.folder)[0].final_status
        assert after == dataclasses.replace(status, exported=True, export_timestamp=after.export_timestamp) and after.export_timestamp
        assert (folder.folder / "timeline.edl").exists() and folder.foreign(["timeline.json"]) == [], "exports stay, the head is still ours"
        said = ask("report", plot=tmp_path / "report.png")
        assert {goal["figure"]: goal["met"] for goal in said["goals"]}["avg_time_saved_minutes"] is True
        assert said["calibration"]["clips"] == 4 and "off by 10 points" in PAGES["report"](said)
        assert (tmp_path / "report.png").read_bytes()[:4] == b"\x89PNG"
        assert ask("report", creator="nobody")["aggregate"]["total_sessions"] == 0
        assert ask("telemetry.review", timeline=folder.folder, active_s=12.0)
        assert ask("telemetry.export", output=tmp_path / "all.jsonl")["events"] == 4
        for bad in ({"satisfaction": 6}, {}, {"usual_minutes": -1}):
            with pytest.raises(CutprintError):
                ask("rate", timeline=folder.folder, **bad)
        with pytest.raises(CutprintError, match="Nothing was deleted"):
            ask("telemetry.erase")
        assert ask("telemetry.erase", yes=True)["erased"] == 4 and studio.store.events.count() == 0


def judged(project: str, sure: list[float], gone: int, day: int = 1) -> list[Event]:
    """An edit with these confidences of which the first `gone` clips were deleted, and that somebody rated."""
    ids = tuple(f"c{k}" for k in range(len(sure)))
    start = made(0, day, project, clips=len(sure), clip_ids=ids, confidences=tuple(sure), mean_confidence=sum(sure) / len(sure))
    cut = [ClipDeleted(at(k + 1, day), project, k + 2, "panel", "ana", clip_id=ids[k], ai_confidence=sure[k]) for k in range(gone)]
    return [start, *cut, TimelineRated(at(30, day), project, 1, "cli", "ana", satisfaction=3)]


def test_confidence_beside_what_was_kept() -> None:
    events = judged("p", [0.2] * 4 + [0.85] * 4, 3) + judged("q", [0.85] * 2 + [1.0], 1, day=2)
    unseen = [made(0, 3, "r", clips=2, clip_ids=("a", "b"), confidences=(0.1, 0.1))]
    again = judged("s", [0.1] * 5, 0, day=4)
    again.insert(1, RegenerateRequested(at(1, 4), "s", 2, "cli", "ana"))
    old = [made(0, 5, "t"), TimelineRated(at(1, 5), "t", 1, "cli", "ana", satisfaction=3)]
    found = calibration(sessions_of([*events, *unseen, *again, *old]))
    assert (found.clips, found.sessions) == (11, 2), "not looked at, made again, and told without confidences are unknown"
    filled = {round(row.low, 1): (row.clips, row.mean_confidence, row.kept_share) for row in found.bins if row.clips}
    assert filled == {0.2: (4, pytest.approx(0.2), 0.25), 0.8: (6, pytest.approx(0.85), pytest.approx(5 / 6)), 0.9: (1, 1.0, 1.0)}
    assert found.error == pytest.approx((4 * 0.05 + 6 * abs(0.85 - 5 / 6)) / 11)
    assert found.brier == pytest.approx((3 * 0.04 + 0.64 + 5 * 0.0225 + 0.7225) / 11)
    assert found.baseline_brier == pytest.approx(7 / 11 * 4 / 11)
    undone = [*judged("p", [0.5, 0.5], 1)[:2], Undone(at(9), "p", 3, "cli", "ana", to_revision=1)]
    assert calibration(sessions_of(undone)).bins[5].kept_share == 1.0
    nothing = calibration([])
    assert nothing.error is None and len(nothing.bins) == 10 and all(row.kept_share is None for row in nothing.bins)


def test_what_is_erased_leaves_the_disk(tmp_path: Path) -> None:
    with open_studio({"workspace": tmp_path}) as studio:
        words = "the groom asked to be left out of it"
        studio.store.events.append([ClipDeleted(at(1), "p", 2, "cli", "ana", clip_id="c1", reason_selected="other", text=words)])
        studio.store.library.remember_creator(Creator("ana", "Ana", NOW, usual_minutes=45))
        body = lambda: b"".join(path.read_bytes() for path in tmp_path.glob("cutprint.db*"))  # noqa: E731
        assert words.encode() in body()
        case = USE_CASES["telemetry.erase"]
        told = case.load()(studio, case.request(yes=True), SILENT)
        assert told == {"erased": 1, "usual_minutes_of": ["ana"], "creator": None}
        assert words.encode() not in body() and studio.store.library.creators()[0].usual_minutes is None
