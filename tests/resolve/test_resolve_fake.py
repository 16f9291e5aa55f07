"""The fake Resolve is honest: its methods are Resolve's, and it bites where Resolve bites."""

from __future__ import annotations

import ast
import importlib.metadata
import inspect
import time
from pathlib import Path

import pytest
from fakes import resolve as fakes
from fakes.resolve import fake_resolve
from fakes.resolve_world import PROFILES, SINCE, Remote

CLASSES = [one for one in vars(fakes).values() if inspect.isclass(one) and issubclass(one, Remote)]


def stubs() -> dict[str, dict[str, list[list[str]]]]:
    """Class -> method -> the parameter names of each overload, as the published stubs of 21.0 have them."""
    files = importlib.metadata.files("fusionscript-stubs") or []
    path = next(one for one in files if one.name == "fusionscript.pyi")
    found: dict[str, dict[str, list[list[str]]]] = {}
    for node in ast.parse(Path(str(path.locate())).read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ClassDef):
            methods = found.setdefault(node.name, {})
            for one in node.body:
                if isinstance(one, ast.FunctionDef):
                    methods.setdefault(one.name, []).append([argument.arg for argument in one.args.args][1:])
    return found


@pytest.mark.parametrize("kind", CLASSES, ids=lambda one: one.__name__)
def test_signatures_are_resolves_own(kind: type) -> None:
    published = stubs()
    names = {name for one in kind.__mro__ for name, value in vars(one).items() if name[:1].isupper() and inspect.isfunction(value)}
    if kind.__name__ in ("Marked", "Remote", "Rendering", "Ghost"):
        return
    assert names, kind
    for name in names:
        if SINCE.get(f"{kind.__name__}.{name}", (0, 0)) >= (21, 1):
            continue  # newer than the newest stubs
        assert name in published[kind.__name__], f"{kind.__name__}.{name} is none of Resolve's methods"
        function = next(vars(one)[name] for one in kind.__mro__ if name in vars(one))
        mine = [one.name for one in list(inspect.signature(function).parameters.values())[1:] if one.kind is not one.VAR_POSITIONAL]
        theirs = published[kind.__name__][name]
        fits = any(mine == other or (name == "AppendToTimeline" and len(other) == 1) for other in theirs)
        assert fits or any(set(mine) <= set(other) or set(other) <= set(mine) for other in theirs), (kind.__name__, name, mine, theirs)


@pytest.mark.parametrize("profile", PROFILES)
def test_nothing_is_raised_and_unknown_names_are_none(profile: str) -> None:
    resolve = fake_resolve(profile)
    assert hasattr(resolve, "NoSuchMethod") and resolve.NoSuchMethod is None
    assert "NoSuchMethod" not in dir(resolve) and "EXPORT_OTIO" not in dir(resolve) and resolve.EXPORT_OTIO == 12.0
    project = resolve.GetProjectManager().GetCurrentProject()
    assert project.GetCurrentTimeline() is None and project.GetTimelineByIndex(0) is None
    pool = project.GetMediaPool()
    assert callable(pool.GetSelectedClips) == (PROFILES[profile].version >= (19, 0))
    timeline = pool.CreateEmptyTimeline("A")
    assert timeline.GetStartFrame() == 108_000
    assert pool.CreateEmptyTimeline("A") is None
    assert timeline.GetItemListInTrack("video", 0) is None and timeline.GetItemListInTrack("video", 2) is None


def test_appending_drops_what_overlaps_and_refuses_fractions() -> None:
    resolve = fake_resolve("studio-20.3")
    clip = resolve.pool.add("a.mp4", frames=90, kind="Video + Audio")
    timeline = resolve.pool.CreateEmptyTimeline("A")
    info = {"mediaPoolItem": clip, "startFrame": 10, "endFrame": 40, "recordFrame": 108_000, "trackIndex": 1, "mediaType": 1}
    assert resolve.pool.AppendToTimeline([info])[0].GetDuration() == 30
    ghost = resolve.pool.AppendToTimeline([{**info, "recordFrame": 108_010}])[0]
    assert ghost.GetStart() is None and len(timeline.GetItemListInTrack("video", 1)) == 1
    assert resolve.pool.AppendToTimeline([{**info, "recordFrame": 108_030.5}]) is None
    timeline.SetTrackLock("video", 1, True)
    assert resolve.pool.AppendToTimeline([{**info, "recordFrame": 109_000}]) == []
    timeline.SetTrackLock("video", 1, False)
    del info["mediaType"]
    resolve.pool.AppendToTimeline([{**info, "recordFrame": 109_000}])
    assert [item.GetStart() for item in timeline.GetItemListInTrack("audio", 1)] == [109_000]


def test_end_frames_rates_pages_and_modal_windows() -> None:
    inclusive = fake_resolve("studio-19.1.3")
    clip = inclusive.pool.add("a.mp4", frames=90)
    inclusive.pool.CreateEmptyTimeline("A")
    assert inclusive.pool.AppendToTimeline([{"mediaPoolItem": clip, "startFrame": 0, "endFrame": 29}])[0].GetDuration() == 30
    resolve = fake_resolve("studio-21.1", fps="30")
    slow = resolve.pool.add("b.mp4", fps="25", frames=90)
    timeline = resolve.pool.CreateEmptyTimeline("A")
    assert resolve.pool.AppendToTimeline([{"mediaPoolItem": slow, "startFrame": 0, "endFrame": 24}])[0].GetDuration() == 28
    assert not timeline.SetSetting("timelineResolutionWidth", "1080")
    assert timeline.SetSetting("useCustomSettings", "1") and timeline.SetSetting("timelineResolutionWidth", "1080")
    assert timeline.GetSetting("colorScienceMode") == "" and not timeline.SetSetting("timelineFrameRate", "24")
    items = timeline.GetItemListInTrack("video", 1)
    resolve.OpenPage("color")
    assert not timeline.DeleteClips(items)
    resolve.OpenPage("edit")
    assert not timeline.DeleteClips(items) and timeline.DeleteClips(items)
    resolve.world.modal = True
    assert resolve.GetCurrentPage() is None and resolve.pool.CreateEmptyTimeline("B") is None
    resolve.world.modal, resolve.world.dead = False, True
    assert resolve.GetProductName() is None


def test_colours_flags_and_markers() -> None:
    resolve = fake_resolve()
    clip = resolve.pool.add("a.mp4", frames=90)
    timeline = resolve.pool.CreateEmptyTimeline("A")
    infos = [{"mediaPoolItem": clip, "startFrame": 0, "endFrame": 30, "mediaType": 1} for _ in range(2)]
    one, other = resolve.pool.AppendToTimeline(infos)
    assert one.SetClipColor("Lime") and not one.SetClipColor("Red") and other.GetClipColor() == ""
    assert one.AddFlag("Blue") and other.GetFlagList() == ["Blue"]
    title = timeline.insert_title(108_000, 30)
    assert title.SetClipColor("Lime") and title.GetClipColor() == ""
    assert timeline.AddMarker(0, "Blue", "a", "", 1, "x") and not timeline.AddMarker(0, "Red", "b", "", 1, "")
    assert not timeline.AddMarker(1, "Orange", "b", "", 1, "")
    assert timeline.GetMarkers()[0.0]["customData"] == "x"


def test_rendering_holds_all_or_nothing_and_keeps_what_was_set(tmp_path: Path) -> None:
    resolve = fake_resolve("studio-20.3")
    project = resolve.project
    assert project is not None
    resolve.pool.CreateEmptyTimeline("A")
    assert not project.SetCurrentRenderFormatAndCodec("MP4", "H.264") and project.SetCurrentRenderFormatAndCodec("mp4", "H264")
    assert not project.SetRenderSettings({"TargetDir": str(tmp_path), "Bitrate": 5}) and project.AddRenderJob() == ""
    assert not project.SetRenderSettings({"TargetDir": str(tmp_path), "ExportVideo": 1}) and project.AddRenderJob() == ""
    assert project.SetRenderSettings({"ExportVideo": False}) and project.SetRenderSettings(
        {"TargetDir": str(tmp_path), "CustomName": "cut"}
    )
    job = project.AddRenderJob()
    assert project.GetRenderJobList()[0]["ExportVideo"] is False, "what was set for an earlier film still holds"
    assert project.GetRenderJobStatus(job) == {"JobStatus": "Ready", "CompletionPercentage": 0}
    assert not project.StartRendering(["another"]) and project.StartRendering([job], False) and not project.StartRendering([job])
    shares = [project.GetRenderJobStatus(job)["CompletionPercentage"] for _ in range(5)]
    assert shares == sorted(shares) and shares[-1] == 100 and not project.IsRenderingInProgress()
    assert project.GetRenderJobStatus(job)["JobStatus"] == "Complete" and (tmp_path / "cut.mp4").is_file()
    assert project.LoadRenderPreset("H.264 Master") and project.rendering["ExportVideo"] is True


def test_calls_take_what_they_are_told_to() -> None:
    resolve = fake_resolve()
    resolve.world.slow_s, resolve.world.latency_s = 0.01, {"GetVersion": 0.1}
    begun = time.monotonic()
    resolve.GetProductName()
    quick = time.monotonic() - begun
    resolve.GetVersion()
    assert quick >= 0.01 and time.monotonic() - begun - quick >= 0.1
