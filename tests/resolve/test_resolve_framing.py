"""Framing and fades in Resolve: what the calls carry, what comes in by file, and what a person lays anew."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from desk import Desk, placed, tied
from finishing import Report

from engine.model.interchange import ExportOptions
from engine.model.timeline import CropKey, Timeline
from engine.store.projects import load_timeline
from engine.studio.resolve_plans import plan_of
from otio_adapters.writers import WRITERS


def moving(folder: Path) -> Timeline:
    """The edit with a crop that moves on its second clip."""
    document = load_timeline(folder)[0]
    clip = document.clips[1]
    first = clip.crop[0]
    last = dataclasses.replace(first, frame=clip.duration_frames - 1, x=round(min(first.x + 0.2, 1 - first.width), 6))
    return document.replace(clips=(document.clips[0], dataclasses.replace(clip, crop=(first, last)), *document.clips[2:]))


def brought(desk: Desk, document: Timeline, folder: Path, **changes: object) -> Report:
    file = folder / "moving.otio"
    file.write_bytes(WRITERS["resolve-otio"].write(document, ExportOptions()).content)
    plan = json.loads(json.dumps(plan_of(document)))
    return placed(desk, plan, **{"import_file": str(file), **changes})


def test_a_moving_crop_comes_in_by_file_and_moves(desk: Callable[..., Desk], shoot: Path, edited: Path, tmp_path: Path) -> None:
    here = desk("studio-20.3")
    here.fill(shoot)
    document = moving(edited)
    report = brought(here, document, tmp_path)
    item = here.clips()[1]
    assert report.way == "import" and report.whole and not any("framing" in line for line in report.lost), report.lost
    keys = item.moves["Pan"]
    assert sorted(keys) == [0, document.clips[1].duration_frames - 1] and keys[0] != keys[max(keys)]
    assert item.properties["Scaling"] == 2  # the file counts zoom from what fits
    others = [one for one in here.clips() if one is not item]
    assert all(one.properties["Scaling"] == 3 for one in others) and not any(one.moves for one in others)


def test_a_moving_crop_that_cannot_come_in_stands_still_and_it_is_said(
    desk: Callable[..., Desk], shoot: Path, edited: Path, tmp_path: Path
) -> None:
    here = desk("studio-20.3")
    here.fill(shoot)
    document = moving(edited)
    report = brought(here, document, tmp_path, import_file=None)
    assert report.way == "api" and report.whole
    assert [line for line in report.lost if "framing" in line] == ["the moving framing of 1 clip: it stands still at its middle."]
    first, last = document.clips[1].crop
    middle = (first.x + last.x) / 2 + first.width / 2
    assert here.clips()[1].properties["Pan"] == pytest.approx((0.5 - middle) / first.width * 1080, abs=0.1)


def test_the_songs_fades_are_set_where_they_can_be(desk: Callable[..., Desk], shoot: Path, edited: Path) -> None:
    song = load_timeline(edited)[0].song
    assert song is not None and song.fade_out_s > 0
    new, old = desk("studio-21.1"), desk("studio-20.3")
    for here in (new, old):
        here.fill(shoot)
    assert not any("fades" in line for line in placed(new, edited).lost)
    fades = new.timeline.tracks["audio"][0].items[0].fades
    assert fades == {"FadeIn": round(song.fade_in_s * 30), "FadeOut": round(song.fade_out_s * 30)}
    assert any(line.startswith("the song's fades") and "drag the handles" in line for line in placed(old, edited).lost)


@pytest.mark.parametrize("profile", ["studio-20.3", "free-21.0"])
def test_what_a_person_lays_anew_comes_back_and_stays(profile: str, desk: Callable[..., Desk], shoot: Path, edited: Path) -> None:
    here = desk(profile)
    here.fill(shoot)
    folder = tied(here, edited)
    before = load_timeline(folder)[0]
    assert not here.verbs.send(survey=False)["result"]["written"]  # what Resolve made of it is no edit
    item = here.clips()[1]
    width = before.clips[1].crop[0].width if before.clips[1].crop else 1.0
    item.properties["ZoomX"] = item.properties["ZoomY"] = 2 * item.properties["ZoomX"]
    result = here.verbs.send(survey=False)["result"]
    assert result["counts"] == {"kept": len(before.clips) - 1, "reframed": 1}
    after = load_timeline(folder)[0]
    clip = after.clips[1]
    assert clip.lock is not None and clip.lock.reason == "user_reframed"
    assert clip.crop[0].width == pytest.approx(width / 2, abs=1e-3) and clip.crop[0] != CropKey(0, 0, 0, 1, 1)
    assert not here.verbs.send(survey=False)["result"]["written"]  # once is enough
