"""How pictures lie in the frame: written in each dialect, read back as the same crop, and known when a person lays them anew."""

from __future__ import annotations

import dataclasses
import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable
from typing import Any

import factories
import pytest

from engine.model.interchange import ExportOptions
from engine.model.timeline import CropKey, Timeline
from engine.telemetry.diff import Diff, compare
from engine.telemetry.framing import crop_shown
from engine.telemetry.seen import seen_events
from otio_adapters.places import bare_path
from otio_adapters.readers import READERS
from otio_adapters.writers import WRITERS

FRAMED = ("fcp7", "fcpxml", "premiere-otio", "resolve-otio")
WIDE = factories.video(rotation=0, duration_frames=600)
SHARE = (1080 / 1920) ** 2
"""Of a wide picture's width that a tall frame shows."""
STILL = (CropKey(0, 0.2, 0.0, SHARE, 1.0),)
MOVING = (CropKey(0, 0.1, 0.0, SHARE, 1.0), CropKey(20, 0.5, 0.0, SHARE, 1.0), CropKey(29, 0.6, 0.0, SHARE, 1.0))


def edit(*crops: tuple[CropKey, ...]) -> Timeline:
    """A clip of a wide take for each crop, in a tall frame."""
    takes = [factories.media(number, stream=WIDE) for number in range(1, len(crops) + 1)]
    clips = tuple(
        factories.placement(number, 30 * (number - 1), 30, of=take, source_start_frame=60, crop=crop)
        for number, (take, crop) in enumerate(zip(takes, crops), 1)
    )
    plain = {"transitions": (), "markers": (), "outcomes": (), "tracks": (), "user_edits": (), "deleted_clips": ()}
    media = (*takes, factories.song_media())
    return factories.timeline(1, clips=clips, media=media, duration_frames=30 * len(crops), width=1080, height=1920, **plain)


def written(timeline: Timeline, form: str) -> bytes:
    result = WRITERS[form].write(timeline, ExportOptions("Cut 1"))
    assert not any("crop" in line for line in result.dropped), result.dropped
    return result.content


def back(timeline: Timeline, content: bytes) -> Diff:
    paths = {bare_path(row.path): row.media_id for row in timeline.media}
    cuts = READERS["any"].read(content)
    return compare(timeline, seen_events(timeline, cuts, lambda event: paths.get(bare_path(event.media.path or ""))))


def crop_now(diff: Diff, number: int) -> tuple[CropKey, ...]:
    (crop,) = diff.changes[number].crops.values()
    return crop


def edges(crop: tuple[CropKey, ...]) -> list[tuple[float, ...]]:
    return [(key.frame, key.x, key.y, key.width, key.height) for key in crop]


@pytest.mark.parametrize("form", FRAMED)
def test_a_crop_is_read_as_it_was_written(form: str) -> None:
    timeline = edit(STILL, MOVING, ())
    diff = back(timeline, written(timeline, form))
    assert [change.kinds for change in diff.changes] == [("kept",)] * 3
    for change, crop in zip(diff.changes, (STILL, MOVING)):
        assert change.row is not None and change.clip_id is not None
        found = crop_shown(change.row, timeline, timeline.media_of(timeline.clip(change.clip_id)))
        assert edges(found) == [pytest.approx(one, abs=1e-4) for one in edges(crop)]


def test_what_each_dialect_says_of_a_crop() -> None:
    """By hand: a wide picture fills a tall frame at 16/9 squared of what fits; its middle lies (0.5 - middle) / shown widths off."""
    timeline = edit(MOVING)
    times = 1 / SHARE
    places = [(0.5 - key.x - SHARE / 2) / SHARE for key in MOVING]
    clip = ET.fromstring(written(timeline, "fcpxml")).find(".//spine/asset-clip")
    assert clip is not None and clip.find("adjust-conform[@type='fit']") is not None
    keys = clip.findall("adjust-transform/param[@name='position']/keyframeAnimation/keyframe")
    assert [key.get("time") for key in keys] == ["2s", "8/3s", "89/30s"]
    assert [float((key.get("value") or "").split()[0]) for key in keys] == pytest.approx(
        [100 * one * 1080 / 1920 for one in places], abs=1e-4
    )
    scale = clip.find("adjust-transform")
    assert scale is not None and [float(one) for one in (scale.get("scale") or "").split()] == pytest.approx([times, times], abs=1e-5)
    resolve = json.loads(written(timeline, "resolve-otio"))["tracks"]["children"][0]["children"][0]["effects"]
    (about,) = [one["metadata"]["Resolve_OTIO"] for one in resolve]
    rows = {row["Parameter ID"]: row for row in about["Parameters"]}
    assert about["Effect Name"] == "Transform" and set(rows) == {"transformationZoomX", "transformationZoomY", "transformationPan"}
    assert {frame: key["Value"] for frame, key in rows["transformationPan"]["Key Frames"].items()} == {
        frame: pytest.approx(place, abs=1e-5) for frame, place in zip(("0", "20", "29"), places)
    }
    assert rows["transformationZoomX"]["Parameter Value"] == pytest.approx(times, abs=1e-4)


def laid_anew(timeline: Timeline, form: str, clip: int, crop: tuple[CropKey, ...]) -> bytes:
    """What the program exports after a person laid one clip differently: written by the program, as it writes everything."""
    clips = list(timeline.clips)
    clips[clip] = dataclasses.replace(clips[clip], crop=crop)
    return written(timeline.replace(clips=tuple(clips)), form)


@pytest.mark.parametrize("form", FRAMED)
@pytest.mark.parametrize("crop", [(CropKey(0, 0.45, 0.0, SHARE, 1.0),), (CropKey(0, 0.2, 0.1, SHARE * 0.8, 0.8),), MOVING])
def test_a_picture_laid_anew_is_seen(form: str, crop: tuple[CropKey, ...]) -> None:
    timeline = edit(STILL, STILL, (), MOVING)
    diff = back(timeline, laid_anew(timeline, form, 1, crop))
    assert [change.kinds for change in diff.changes] == [("kept",), ("reframed",), ("kept",), ("kept",)]
    assert edges(crop_now(diff, 1)) == [pytest.approx(one, abs=1e-4) for one in edges(crop)]


def test_less_than_the_frame_is_no_crop() -> None:
    timeline = edit(STILL, STILL, STILL)
    content = re.sub(rb'(.*?)scale="[\d. ]+"', rb'\1scale="1 1"', written(timeline, "fcpxml"), count=1, flags=re.DOTALL)
    diff = back(timeline, content)
    assert diff.changes[0].kinds == ("reframed",) and crop_now(diff, 0) == ()


def changed_values(content: bytes, change: Callable[[dict[str, Any]], None]) -> bytes:
    document = json.loads(content)
    for child in document["tracks"]["children"][0]["children"]:
        for effect in child["effects"]:
            for row in effect["metadata"]["Resolve_OTIO"]["Parameters"]:
                change(row)
    return json.dumps(document).encode()


def without_keys(row: dict[str, Any]) -> None:
    row["Key Frames"] = {}


def counted_from_what_fills(row: dict[str, Any]) -> None:
    if "Zoom" in row["Parameter ID"]:
        row["Parameter Value"] *= SHARE
        row["Key Frames"] = {frame: {**key, "Value": key["Value"] * SHARE} for frame, key in row["Key Frames"].items()}


def counted_in_no_known_way(row: dict[str, Any]) -> None:
    row["Parameter Value"] *= 1.7
    row["Key Frames"] = {frame: {**key, "Value": key["Value"] * 1.7} for frame, key in row["Key Frames"].items()}


@pytest.mark.parametrize("change", [without_keys, counted_from_what_fills, counted_in_no_known_way])
def test_what_a_program_loses_or_counts_otherwise_locks_nothing(change: Callable[[dict[str, Any]], None]) -> None:
    timeline = edit(STILL, MOVING, (), STILL)
    content = changed_values(written(timeline, "resolve-otio"), change)
    assert [one.kinds for one in back(timeline, content).changes] == [("kept",)] * 4


def test_keyframes_for_each_axis_and_turned_pictures() -> None:
    """As Final Cut Pro itself writes places that move; a turned picture is told, not guessed."""
    timeline = edit(STILL, STILL, STILL)
    content = written(timeline, "fcpxml").decode()
    keys = '<keyframe time="2s" value="{2}"/><keyframe time="3s" value="{3}"/>'
    axis = '<param name="{0}" key="{1}"><keyframeAnimation>' + keys + "</keyframeAnimation></param>"
    moves = f'<param name="position">{axis.format("X", 1, 10, -10)}{axis.format("Y", 2, 0, 0)}</param>'
    found = re.sub(r"(<adjust-transform [^>]*?)\s*/>", rf"\1>{moves}</adjust-transform>", content, count=1)
    assert found != content
    diff = back(timeline, found.encode())
    crop = crop_now(diff, 0)
    assert diff.changes[0].kinds == ("reframed",) and crop[0].x < crop[-1].x
    turned = content.replace("<adjust-transform ", '<adjust-transform rotation="12" ', 1)
    assert any("turned" in line for line in READERS["any"].read(turned.encode()).dropped)
    assert back(timeline, turned.encode()).changes[0].kinds == ("kept",)
