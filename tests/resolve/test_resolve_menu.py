"""The menu in Resolve, click by click: a cut, a person's changes, a section made again, learning."""

from __future__ import annotations

import dataclasses
import json
import tempfile
from collections.abc import Callable
from fractions import Fraction
from math import ceil
from pathlib import Path
from typing import Any

import bridge_client
import factories
import menu
import pytest
from bridge_client import Cancelled, Failure
from desk import Desk, placed, tied
from fakes.resolve import fake_resolve
from fakes.resolve_world import PROFILES
from finishing import Report
from hypothesis import given, settings
from hypothesis import strategies as st
from placing import Placing
from resolve_calls import Watch
from resolve_host import ResolveHost
from verbs import NEUTRAL

from bridge_server.serving import Bridge
from engine.model.time import FrameRate
from engine.model.timeline import Placement, Timeline
from engine.store.projects import load_timeline
from engine.studio.resolve_plans import plan_of
from otio_adapters.writers import WRITERS

RESOLVE_RATES = (
    "16",
    "18",
    "23.976",
    "24",
    "25",
    "29.97",
    "30",
    "47.952",
    "48",
    "50",
    "59.94",
    "60",
    "72",
    "95.904",
    "96",
    "100",
    "119.88",
    "120",
)
SPEEDS = (Fraction(1), Fraction(1), Fraction(1), Fraction(1, 2), Fraction(2))
START = {"duration": 6, "aspect": "9:16"}


def exact(desk: Desk, document: Timeline) -> None:
    """Every clip of the document lies on the timeline, frame for frame."""
    items = desk.clips()
    assert [(one.start - desk.timeline.start, one.end - one.start, one.left) for one in items] == [
        (clip.timeline_start_frame, clip.duration_frames, clip.source_start_frame) for clip in document.clips
    ]
    assert [one.media.path for one in items] == [document.media_of(clip).path for clip in document.clips]


@pytest.mark.parametrize("profile", sorted(PROFILES))
def test_every_version_gets_the_document_frame_for_frame(profile: str, desk: Callable[..., Desk], shoot: Path, edited: Path) -> None:
    here = desk(profile)
    here.fill(shoot)
    before = len(here.resolve.pool.root.clips)
    report = placed(here, edited)
    document = load_timeline(edited)[0]
    exact(here, document)
    assert report.whole and report.placed == len(document.clips) and report.gaps == 0
    assert (here.timeline.settings["timelineResolutionWidth"], here.timeline.settings["timelineResolutionHeight"]) == ("1080", "1920")
    assert here.timeline.settings["colorScienceMode"] == "davinciYRGB"
    song = here.timeline.tracks["audio"][0].items
    assert len(song) == 1 and song[0].end - song[0].start == document.duration_frames
    assert song[0].left == round(document.song.source_start_s * 30)
    assert len([one for one in here.resolve.pool.root.clips if one.timeline is None]) == before  # nothing was brought in twice
    assert all(one.properties["Scaling"] == 3 and one.properties["ZoomX"] >= 1 for one in here.clips())
    assert sum(mark["name"] == "cutprint" for one in here.clips() for mark in one.markers.values()) == len(document.clips)
    assert placed(here, edited).name == "Reel v002" and len(here.project.timelines) == 2


def test_from_the_click_to_the_timeline_and_back(desk: Callable[..., Desk], shoot: Path) -> None:
    """Cut from selection; the person trims, deletes, adds a title; Send my changes; Redo section keeps all of it."""
    here = desk("free-21.0", answers=({**START, "name": "Click"}, {"satisfaction": "4", "would_post": "no"}))
    here.fill(shoot)
    made = here.verbs.cut()
    folder = Path(made["folder"])
    first = load_timeline(folder)[0]
    exact(here, first)
    asked = here.person.seen[0]
    assert asked["message"] == "This is what will be made." and {one["name"] for one in asked["fields"]} >= {"creator", "duration", "song"}
    cut = here.timeline
    one, other = here.clips()[0], here.clips()[-1]
    one.left += 3  # slipped
    title = cut.insert_title(cut.start + 10, 20)
    one.grade, other.grade = "warm", "cold"
    sent = here.verbs.send()["result"]
    assert sent["written"] and sent["counts"]["slipped"] == 1 and sent["counts"]["kept"] == len(first.clips) - 1
    second = load_timeline(folder)[0]
    assert second.final_status.user_satisfaction == 4 and second.final_status.would_post_unchanged is False
    assert second.clips[0].lock is not None and second.clips[0].source_start_frame == first.clips[0].source_start_frame + 3
    again = here.verbs.send(survey=False)["result"]
    assert not again["written"], again["counts"]
    cut.SetMarkInOut(0, first.duration_frames - 1)
    before = [item.left for item in cut.tracks["video"][0].items]
    done = redone(here)
    third = load_timeline(folder)[0]
    assert third.revision > second.revision
    exact(here, third)
    assert done["report"].whole
    assert here.timeline is not cut and [item.left for item in cut.tracks["video"][0].items] == before
    kept = here.clips()[0]
    assert (kept.start - here.timeline.start, kept.end - here.timeline.start, kept.left) == (0, first.clips[0].duration_frames, one.left)
    assert kept.grade == "warm" and kept.colour == "Lime"
    assert here.timeline.tracks["video"][1].items[0].name == title.name
    assert done["report"].way == "copy" and len(here.project.timelines) == 2
    assert any(clip.lock is None and clip.id not in {one.id for one in second.clips} for clip in third.clips) or third.clips != second.clips


def test_a_lock_by_colour_is_kept_and_taking_it_away_frees_the_clip(desk: Callable[..., Desk], shoot: Path, edited: Path) -> None:
    here = desk("studio-21.1")
    here.fill(shoot)
    folder = tied(here, edited)
    chosen = here.clips()[1]
    here.timeline.selected = [chosen]
    assert here.verbs.lock() == {"done": 1, "asked": 1}
    assert chosen.colour == "Lime" and any(mark["name"] == "LOCK" for mark in chosen.markers.values())
    assert here.verbs.send(survey=False)["result"]["counts"]["locked"] == 1
    locked = load_timeline(folder)[0]
    assert locked.clips[1].lock is not None and locked.clips[0].lock is None
    here.verbs.lock(False)
    assert chosen.colour == "" and not any(mark["name"] == "LOCK" for mark in chosen.markers.values())
    assert here.verbs.send(survey=False)["result"]["counts"]["unlocked"] == 1
    assert all(one.lock is None for one in load_timeline(folder)[0].clips)


def redone(here: Desk) -> dict[str, Any]:
    """The section again by the first instruction that this footage and song allow."""
    for instruction in ("slower", "tighter", "more energy"):
        try:
            return dict(here.verbs.redo(instruction))
        except Failure as failure:
            if "cannot be done here" not in failure.cause:
                raise
    raise AssertionError("no instruction could be followed")


def test_what_a_person_does_comes_back_as_what_it_is(desk: Callable[..., Desk], shoot: Path, edited: Path) -> None:
    here = desk("studio-20.3")
    here.fill(shoot)
    folder = tied(here, edited)
    base = load_timeline(folder)[0]
    track = here.timeline.tracks["video"][0].items
    track[0].end -= 4  # a tail trimmed, with a gap behind it
    track[1].enabled = False
    gone = track.pop(2)
    fresh = next(
        one for one in here.resolve.pool.root.clips if one.path not in {item.media.path for item in here.clips()} and one.kind == "Video"
    )
    here.resolve.pool.AppendToTimeline(
        [{"mediaPoolItem": fresh, "startFrame": 5, "endFrame": 5 + gone.end - gone.start, "recordFrame": gone.start, "mediaType": 1}]
    )
    counts = here.verbs.send(survey=False)["result"]["counts"]
    assert counts == {"kept": len(base.clips) - 3, "tail_trimmed": 1, "replaced": 1, "disabled": 1}
    after = load_timeline(folder)[0]
    assert after.clips[0].duration_frames == base.clips[0].duration_frames - 4 and after.clips[0].lock is not None
    assert (
        after.media_of(next(one for one in after.clips if one.timeline_start_frame == gone.start - here.timeline.start)).path == fresh.path
    )


def test_clips_on_locked_tracks_and_copies_that_the_person_made(desk: Callable[..., Desk], shoot: Path, edited: Path) -> None:
    here = desk("studio-19.1.3")
    here.fill(shoot)
    folder = tied(here, edited)
    copy = here.timeline.DuplicateTimeline("my own copy")
    here.project.SetCurrentTimeline(copy)
    copy.SetTrackLock("video", 1, True)
    result = here.verbs.send(survey=False)["result"]
    assert result["counts"]["locked"] == len(load_timeline(folder)[0].clips) and result["counts"].get("slipped") is None


def test_retimes_come_in_by_file_and_dissolves_too_or_it_is_said(
    desk: Callable[..., Desk], shoot: Path, edited: Path, tmp_path: Path
) -> None:
    here = desk("studio-20.3")
    here.fill(shoot)
    plan = plan_of(load_timeline(edited)[0])
    plan["clips"][0].update(speed=0.5, import_for=["speeds"])
    plan["import_for"] = ["speeds"]
    document = json.loads((edited / "timeline.resolve.otio").read_text(encoding="utf-8"))
    document["tracks"]["children"][0]["children"][0]["effects"] = [{"OTIO_SCHEMA": "LinearTimeWarp.1", "time_scalar": 0.5}]
    file = tmp_path / "retimed.otio"
    file.write_text(json.dumps(document), encoding="utf-8")
    before = len(here.resolve.pool.root.clips)
    report = Placing(here.host, {**plan, "import_file": str(file)}, lambda *_: None, {}, "Lime").fresh("Retimed")
    assert report.way == "import" and report.whole and here.clips()[0].speed == 0.5
    assert len([one for one in here.resolve.pool.root.clips if one.timeline is None]) == before
    document["metadata"] = {}
    file.write_text(json.dumps(document), encoding="utf-8")
    fallen = Placing(here.host, {**plan, "lost": [], "import_file": str(file)}, lambda *_: None, {}, "Lime").fresh("Retimed")
    assert fallen.way == "api" and any("speeds" in line for line in fallen.lost), fallen.lost
    assert fallen.name not in ("Retimed v001",) and len({one.name for one in here.project.timelines}) == 2


def test_dissolves_by_the_api_where_it_has_them(desk: Callable[..., Desk], shoot: Path, edited: Path) -> None:
    join = {"from": "clip_1", "to": "clip_2", "type": "dissolve", "frames": 8}
    here = desk("studio-21.1")
    here.fill(shoot)
    report = placed(here, edited, transitions=[join], import_for=["dissolves"])
    kinds = [one.kind for one in here.timeline.tracks["video"][0].items]
    assert kinds.count("transition") == 1 and report.whole and not any("dissolve" in line for line in report.lost)
    old = desk("studio-20.3")
    old.fill(shoot)
    report = placed(old, edited, transitions=[join], import_for=["dissolves"], import_file=None)
    assert report.whole and any("1 dissolve of 1" in line for line in report.lost)


def test_lost_appends_are_asked_again_and_wrong_rates_refused(desk: Callable[..., Desk], shoot: Path, edited: Path) -> None:
    here = desk("studio-20.3")
    here.fill(shoot)
    here.resolve.world.errored_chunk = True
    assert placed(here, edited).whole
    other = desk("studio-20.3", fps="25")
    other.fill(shoot)
    with pytest.raises(Failure, match="25 frames a second, the edit at 30"):
        placed(other, edited)
    assert other.project.timelines == []
    newer = desk("studio-21.1", fps="25")
    newer.fill(shoot)
    newer.resolve.pool.root.clips[:] = [one for one in newer.resolve.pool.root.clips if one.kind == "Audio"]
    for path in sorted(shoot.glob("*.mp4")):
        newer.resolve.pool.add(path, fps="30", frames=60)
    assert placed(newer, edited).whole and newer.timeline.fps == "30"


@pytest.mark.parametrize(
    ("spoil", "verb", "cause"),
    [
        (lambda here: setattr(here.resolve, "project", None), "cut", "No project is open"),
        (lambda here: setattr(here.resolve.world, "modal", True), "cut", "window is open"),
        (lambda here: here.resolve.pool.root.clips.clear(), "cut", "no clip with a picture"),
        (lambda here: here.resolve.pool.root.clips.pop(), "cut", "no song"),
        (lambda here: None, "send", "No timeline is open"),
        (lambda here: here.resolve.pool.CreateEmptyTimeline("theirs"), "send", "was not made by Cutprint"),
        (lambda here: here.resolve.pool.CreateEmptyTimeline("theirs"), "lock", "No clip is selected"),
        (lambda here: here.resolve.pool.CreateEmptyTimeline("theirs"), "learn", "empty"),
        (lambda here: None, "cut", "Nobody answered"),
    ],
)
def test_every_failure_says_one_cause_and_one_fix(
    spoil: Callable[[Desk], Any], verb: str, cause: str, desk: Callable[..., Desk], shoot: Path
) -> None:
    here = desk("studio-21.1")
    here.bridge.patience_s = 0.5
    here.fill(shoot)
    spoil(here)
    assert menu.run(verb, resolve=here.resolve, bridge=here.bridge) == 1
    said = here.person.seen[-1]
    assert said["state"] == "failed" and cause in said["message"] and said["fix"].endswith("."), said
    assert here.resolve.project is None or all(not one.every_item() for one in here.project.timelines)


def test_a_call_that_hangs_and_a_person_who_stops(desk: Callable[..., Desk], shoot: Path, edited: Path) -> None:
    here = desk("studio-20.3")
    here.fill(shoot)
    hung: list[str] = []

    def on_hang(name: str) -> None:
        hung.append(name)
        here.resolve.world.release.set()

    here.resolve.world.hangs = {"GetSelectedClips"}
    menu.run("cut", resolve=here.resolve, bridge=here.bridge, on_hang=on_hang, limit_s=2)
    assert hung == ["GetSelectedClips"]
    here = desk("studio-20.3", answers=("stop",))
    here.fill(shoot)
    assert menu.run("cut", resolve=here.resolve, bridge=here.bridge) == 1
    assert here.bridge.ask("GET", "/v1/agents/resolve/activity")["state"] == "cancelled" and here.project.timelines == []

    def stop(message: str, *_: Any) -> None:
        if message == "Framing and marking":
            raise Cancelled()

    plan = plan_of(load_timeline(edited)[0])
    with pytest.raises(Cancelled):
        Placing(here.host, plan, stop, {}, "Lime").fresh("Stopped")
    assert here.project.timelines == []


def test_stopping_a_job_cancels_it_in_the_bridge(desk: Callable[..., Desk], shoot: Path, tmp_path: Path) -> None:
    import shutil

    for path in shoot.iterdir():
        shutil.copy(path, tmp_path / f"other {path.name}")  # other names, same content: measured already
    here = desk("free-21.0", answers=({**START, "song": "other song.wav", "name": "Stopped"},))
    here.fill(tmp_path)
    here.resolve.pool.root.clips.pop()
    here.resolve.pool.add(tmp_path / "other song.wav", kind="Audio", frames=360)
    told = here.bridge.tell

    def tell(message: str, *words: Any) -> None:
        here.verbs.stop()
        told(message, *words)

    here.bridge.tell = tell
    assert menu.run("cut", resolve=here.resolve, bridge=here.bridge) == 1
    jobs = here.bridge.ask("GET", "/v1/jobs?limit=1")["jobs"]
    assert jobs[0]["use_case"] == "edit" and (jobs[0]["status"] == "cancelled" or jobs[0]["cancel_asked"])
    assert here.project.timelines == []


def test_without_a_bridge_a_page_of_its_own_says_what_to_do(desk: Callable[..., Desk], tmp_path: Path) -> None:
    here = desk("studio-20.3")
    shown: list[str] = []
    bridge = bridge_client.Bridge(str(tmp_path / "nothing here"), None, shown.append)
    assert menu.run("cut", resolve=here.resolve, bridge=bridge) == 1
    page = Path(shown[0].removeprefix("file://")).read_text(encoding="utf-8")
    assert "bridge does not run" in page and "cutprint serve" in page


def test_colours_and_marks_of_pool_clips_are_wishes(desk: Callable[..., Desk], shoot: Path) -> None:
    here = desk("studio-20.3", answers=({**START, "name": "Wishes"},))
    here.fill(shoot)
    clips = [one for one in here.resolve.pool.root.clips if one.kind == "Video"]
    clips[0].SetClipColor("Green")
    clips[0].SetMarkInOut(15, 44)
    clips[1].SetClipColor("Brown")
    clips[2].SetClipColor("Yellow")
    here.resolve.pool.selected = [*clips[:7], here.resolve.pool.root.clips[-1]]
    made = here.verbs.cut()
    document = load_timeline(Path(made["folder"]))[0]
    names = [document.media_of(clip).name for clip in document.clips]
    assert names[0] == clips[2].name and clips[0].name in names and clips[1].name not in names and clips[7].name not in names
    used = next(clip for clip in document.clips if document.media_of(clip).name == clips[0].name)
    assert used.source_start_frame >= 15 and used.source_start_frame + used.duration_frames <= 45
    shown = " ".join(here.person.seen[0]["lines"])
    assert "must use: front_cam_001.mp4@0.500-1.500" in shown and "7 clips from the selection" in shown


def test_learning_from_an_open_timeline(desk: Callable[..., Desk], served: Bridge, shoot: Path, edited: Path) -> None:
    here = desk("studio-20.3", answers=({"creator": "Mira"},))
    here.fill(shoot)
    placed(here, edited)
    result = here.verbs.learn()["result"]
    assert result["creator"] == "Mira" and result["learned"][0]["shots"] == len(load_timeline(edited)[0].clips)
    assert not result["problems"]
    # Whose style is offered next: the one used last, else the setting's, else the only one there is.
    for setting, used, chosen in (("", "", "Mira"), (NEUTRAL, "", NEUTRAL), (NEUTRAL, "Mira", "Mira")):
        assert offered(desk("studio-20.3", answers=("stop",)), served, shoot, setting, used) == chosen


def offered(here: Desk, served: Bridge, shoot: Path, setting: str, used: str) -> str:
    """The style that a click shows, with this setting and this one used last."""
    here.fill(shoot)
    (Path(here.bridge.workspace) / "resolve" / "last-used.json").write_text(json.dumps({"creator": used}), encoding="utf-8")
    before = served.studio.settings
    object.__setattr__(served.studio, "settings", dataclasses.replace(before, resolve_creator=setting))
    try:
        menu.run("cut", resolve=here.resolve, bridge=here.bridge)
    finally:
        object.__setattr__(served.studio, "settings", before)
    return next(str(one["value"]) for one in here.person.seen[0]["fields"] if one["name"] == "creator")


def changed(desk: Desk, folder: Path, change: Callable[[list[dict[str, Any]]], None]) -> tuple[Report, dict[str, Any]]:
    """The edit on a timeline, a person's work on it, then a plan that `change` makes of it on a copy."""
    plan = plan_of(load_timeline(folder)[0])
    spare = next(
        one for one in desk.resolve.pool.root.clips if one.kind == "Video" and one.path not in {clip["path"] for clip in plan["clips"]}
    )
    other = json.loads(json.dumps(plan))
    change(other["clips"])
    for clip in other["clips"]:
        if clip["path"] == "spare":
            clip.update(path=spare.path, file=spare.name)
    snapshot = desk.host.ask("snapshot")
    memory = {"inclusive": desk.resolve.world.profile.end_inclusive}
    placing = Placing(desk.host, other, lambda *_: None, memory, "Lime")
    return placing.renewed(snapshot, "Reel", known_ids(plan, snapshot)), other


def known_ids(plan: dict[str, Any], snapshot: dict[str, Any]) -> dict[str, str]:
    items = [one for one in snapshot["items"] if one["type"] == "video" and one["media"]]
    return {clip["id"]: item["uid"] for clip, item in zip(plan["clips"], items)}


def grades(desk: Desk, gone: int | None = None) -> list[str]:
    return ["" if number == gone else f"grade {number}" for number in range(len(desk.clips()))]


def put_another(clips: list[dict[str, Any]]) -> None:
    clips[1].update(id="clip_new", path="spare", start=2, end=2 + clips[1]["frames"])


@pytest.mark.parametrize("profile", ["studio-18.6", "studio-19.1.3", "studio-21.1"])
def test_a_section_goes_onto_a_copy_and_everything_else_stays(profile: str, desk: Callable[..., Desk], shoot: Path, edited: Path) -> None:
    here = desk(profile)
    here.fill(shoot)
    placed(here, edited)
    yours = here.timeline
    title = yours.insert_title(yours.start + 35, 30, track=3)
    yours.AddTrack("audio")
    voice = here.resolve.pool.add(shoot / "voice.wav", frames=200, kind="Audio")
    here.resolve.pool.AppendToTimeline(
        [{"mediaPoolItem": voice, "startFrame": 0, "endFrame": 50, "trackIndex": 2, "recordFrame": yours.start}]
    )
    for number, item in enumerate(here.clips()):
        item.grade, item.fusion = f"grade {number}", number == 1
        item.properties["Opacity"] = 50.0 if number == 2 else 100.0
    before = [(one.start, one.left, one.grade, one.colour) for one in here.clips()]
    report, plan = changed(here, edited, put_another)
    assert report.way == "copy" and report.whole and report.name == "Reel v002", report.tell()
    assert [(one.start, one.left, one.grade, one.colour) for one in yours.tracks["video"][0].items] == before
    made = here.timeline
    assert made is not yours
    assert [(one.start - made.start, one.end - one.start, one.left, one.media.path) for one in here.clips()] == [
        (clip["record"], clip["frames"], clip["start"], clip["path"]) for clip in plan["clips"]
    ]
    assert [one.grade for one in here.clips()] == grades(here, gone=1) and here.clips()[2].properties["Opacity"] == 50.0
    assert [(one.name, one.start) for one in made.tracks["video"][2].items] == [(title.name, title.start)]
    assert [one.media for one in made.tracks["audio"][1].items] == [voice] and len(made.tracks["audio"][0].items) == 1
    assert any("Fusion composition on " in line for line in report.lost), report.lost


def test_what_cannot_be_done_on_a_copy_is_built_anew_with_its_grades(desk: Callable[..., Desk], shoot: Path, edited: Path) -> None:
    here = desk("studio-20.3")
    here.fill(shoot)
    placed(here, edited)
    here.timeline.insert_title(here.timeline.start, 30)
    for number, item in enumerate(here.clips()):
        item.grade = f"grade {number}"
    here.timeline.SetTrackLock("video", 1, True)
    report, _ = changed(here, edited, put_another)
    assert report.way == "api" and report.whole and report.name == "Reel v002"
    assert [one.grade for one in here.clips()] == grades(here, gone=1)
    assert any("title" in line and "Reel v001" in line for line in report.lost), report.lost


def test_clips_that_only_moved_take_their_grades_along_and_the_song_follows(desk: Callable[..., Desk], shoot: Path, edited: Path) -> None:
    here = desk("studio-20.3")
    here.fill(shoot)
    placed(here, edited)
    for number, item in enumerate(here.clips()):
        item.grade = f"grade {number}"
    plan = plan_of(load_timeline(edited)[0])

    snapshot = here.host.ask("snapshot")
    remembered = known_ids(plan, snapshot)
    plan["clips"][0]["frames"] -= 10
    plan["clips"][0]["end"] -= 10
    for clip in plan["clips"][1:]:
        clip["record"] -= 10
    plan["frames"] -= 10
    plan["song"]["pieces"][0]["end"] -= 10
    report = Placing(here.host, plan, lambda *_: None, {"inclusive": False}, "Lime").renewed(snapshot, "Reel", remembered)
    assert report.whole, report.tell()
    assert [one.grade for one in here.clips()] == grades(here)
    assert sum(one.end - one.start for one in here.timeline.tracks["audio"][0].items) == plan["frames"]


@st.composite
def edits(draw: st.DrawFn) -> Timeline:
    """Edits at any of Resolve's rates, of takes at any of them, some with a start timecode, some retimed."""
    rate = FrameRate.parse(draw(st.sampled_from(RESOLVE_RATES)))
    files, clips, at = [], [], 0
    for number in range(1, draw(st.integers(1, 5)) + 1):
        source = FrameRate.parse(draw(st.sampled_from(RESOLVE_RATES)))
        frames, first, speed = draw(st.integers(1, 90)), draw(st.integers(0, 50)), draw(st.sampled_from(SPEEDS))
        length = first + ceil(frames * source.fraction / rate.fraction * max(speed, 1)) + draw(st.integers(1, 40))
        stream = factories.video(rate=source, duration_frames=length, start_frame=draw(st.sampled_from((0, 90_000))))
        files.append(factories.media(number, stream=stream))
        words = {"of": files[-1], "source_start_frame": first, "source_rate": source, "speed": speed}
        clips.append(factories.placement(number, at, frames, **words))
        at += frames
    song = factories.song_use(float(rate.seconds(at)))
    media = (*files, factories.song_media())
    plain = {"transitions": (), "markers": (), "outcomes": (), "deleted_clips": (), "user_edits": ()}
    return factories.timeline(1, rate=rate, duration_frames=at, clips=tuple(clips), media=media, song=song, **plain)


@given(edits(), st.sampled_from(sorted(PROFILES)), st.booleans())
@settings(max_examples=40)
def test_any_edit_is_placed_or_said_clip_by_clip(document: Timeline, profile: str, by_file: bool) -> None:
    """At odd rates, with speeds and start timecodes: nothing is pushed out, nothing is claimed that is not there."""
    resolve = fake_resolve(profile, written(document.rate))
    for row in document.media:
        kind = "Video" if row.video else "Audio"
        rate, frames = (row.video.rate, row.video.duration_frames) if row.video else (document.rate, 100_000)
        resolve.pool.add(row.path, fps=written(rate), frames=frames, kind=kind, start=row.video.start_frame if row.video else 0)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "edit.otio"
        file.write_bytes(WRITERS["resolve-otio"].write(document).content)
        plan = {**json.loads(json.dumps(plan_of(document))), "import_file": str(file) if by_file else None}
        watch = Watch(lambda name: None, 60)
        report = Placing(ResolveHost(resolve, watch), plan, lambda *_: None, {}, "Lime").fresh("Any")
        watch.close()
    timeline = resolve.project.current
    items = sorted((one for one in timeline.tracks["video"][0].items if one.media), key=lambda one: one.start)
    there = {(one.start - timeline.start, one.end - timeline.start, one.left, one.media.path, one.speed) for one in items}
    exact = {
        clip.id
        for clip in document.clips
        if (*bounds(clip), clip.source_start_frame, document.media_of(clip).path, float(clip.speed)) in there
    }
    assert all(a.end <= b.start for a, b in zip(items, items[1:]))
    assert {one.start - timeline.start for one in items} <= {clip.span.start for clip in document.clips}
    even = {row["id"] for row in plan["clips"] if row["even"]}
    clean = {clip.id for clip in document.clips if clip.speed == 1 and clip.id in even}
    assert report.placed + sum("frame" in line for line in report.wrong) == report.wanted == len(document.clips)
    assert report.way != "api" or clean <= exact
    if by_file and plan["import_for"]:
        assert report.way == "import" or any("plain cuts" in line for line in report.lost)


def bounds(clip: Placement) -> tuple[int, int]:
    return clip.span.start, clip.span.end


def written(rate: FrameRate) -> str:
    """A rate as Resolve writes it."""
    return f"{rate.fps:.3f}".rstrip("0").rstrip(".")


def test_the_page_drives_a_connected_resolve(desk: Callable[..., Desk], shoot: Path, edited: Path) -> None:
    from connect import Agent

    here = desk("studio-21.1")
    here.fill(shoot)
    tied(here, edited)
    here.timeline.selected = [here.clips()[0]]
    verbs = here.verbs
    verbs.connect()
    post = [
        ("ping", {}),
        ("lock", {}),
        ("build_timeline", {"timeline": str(edited.parent / "nowhere")}),
        ("open_timeline", {}),
        ("select", {}),
    ]
    ids = [
        here.bridge.ask("POST", "/v1/outbox", {"agent": "resolve", "kind": kind, "payload": body})["command"]["id"] for kind, body in post
    ]
    turns = iter(range(len(post)))
    assert Agent(verbs, lambda: next(turns, None) is not None, wait_s=1).run() == len(post)
    got = [here.bridge.ask("GET", f"/v1/outbox/{one}")["command"] for one in ids]
    assert [one["status"] for one in got] == ["done", "done", "failed", "failed", "failed"], got
    assert got[0]["result"]["product"] == "DaVinci Resolve Studio" and here.clips()[0].colour == "Lime"
    assert all(one["result"]["cause"] and one["result"]["fix"] for one in got[2:])
    assert here.bridge.ask("GET", "/v1/agents/resolve/activity")["connected"] is True
    first = Agent(verbs, wait_s=0)
    first._take_over()
    Agent(verbs, wait_s=0)._take_over()
    assert first.run.__self__._is_mine() is False
    here.resolve.world.dead = True
    assert Agent(verbs, wait_s=0).run() == 0


def test_a_later_click_takes_over(desk: Callable[..., Desk]) -> None:
    here = desk("studio-20.3")
    here.bridge.connect()
    here.bridge.begin("cut", "First")
    later = bridge_client.Bridge(here.bridge.workspace, None, here.person)
    later.connect()
    later.begin("cut", "Second")
    with pytest.raises(Cancelled):
        here.bridge.tell("still at it")
    assert later.ask("GET", "/v1/agents/resolve/activity")["activity"]["title"] == "Second"
    later.tell("going on")


@pytest.mark.parametrize("profile", sorted(PROFILES))
def test_the_probe_tells_what_the_fake_is(profile: str, desk: Callable[..., Desk], shoot: Path) -> None:
    here = desk(profile)
    here.fill(shoot)
    here.resolve.pool.CreateEmptyTimeline("mine")
    assert menu.run("probe", resolve=here.resolve, bridge=here.bridge) == 0, here.person.seen
    path = Path(here.bridge.workspace) / "resolve" / "capabilities.json"
    document = json.loads(path.read_text(encoding="utf-8"))
    found = document["found"]
    assert found["a_end_frame"] == ("inclusive" if here.resolve.world.profile.end_inclusive else "exclusive")
    assert found["b_start"] == 108_000 and found["d_overlap"] == "the later one is dropped"
    assert found["k_dissolve"] == ("yes" if profile.endswith("21.1") else "no")
    assert found["l_render"] == {"formats": ["mov", "mp4"], "mp4": ["H264", "H265"]}
    assert found["e_colour_and_marker"]["colour"] == "Lime" and found["j_binding"]["marker_data"]
    assert not any(str(value).startswith("failed") for value in found.values()), found
    assert [one.name for one in here.project.timelines] == ["mine"]


def test_marks_before_19_1_are_read_from_timecode(desk: Callable[..., Desk]) -> None:
    from verbs import wishes

    here = desk("studio-18.6")
    clip = here.resolve.pool.add("/media/a.mp4", fps="25", frames=100, start=90_000)
    clip.marks = (25, 49)
    settings = {"wishes": {}, "marks": "range"}
    assert wishes(here.host.ask("pool")["items"], settings) == {"avoid": ["a.mp4@0.000-1.000", "a.mp4@2.000-4.000"]}
    assert wishes(here.host.ask("pool")["items"], {**settings, "marks": "none"}) == {}
    other = here.resolve.pool.add("/media/b/a.mp4", fps="25", frames=100, start=90_000)
    other.SetClipColor("Green")
    by_path = wishes(here.host.ask("pool")["items"], {"wishes": {"Green": "must_use"}, "marks": "none"})
    assert by_path == {"must_use": ["/media/b/a.mp4"]}, "a name that two clips have says nothing"


def test_settings_of_the_menu(served: Bridge) -> None:
    from engine.errors import BadOption
    from engine.studio.resolve_plans import wishes_of

    assert wishes_of("green=must-use; Brown = avoid, marks=none") == ({"Green": "must_use", "Brown": "avoid"}, "none")
    for wrong in ("Red=avoid", "Green=always", "marks=must_use", "Green"):
        with pytest.raises(BadOption):
            wishes_of(wrong)
