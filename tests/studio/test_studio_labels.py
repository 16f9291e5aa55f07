"""What people say about clips overrides what was measured: by option, by command, by a file in the folder."""

from __future__ import annotations

from pathlib import Path

import footage
import pytest

from bridge_server.bootstrap import open_studio
from engine.errors import BadOption, InputError, MediaError
from engine.progress import SILENT
from engine.studio.analysing import analyze
from engine.studio.labels import angle_rules, label
from engine.studio.requests import AnalyzeRequest, LabelRequest


@pytest.fixture
def clips(tmp_path: Path) -> Path:
    folder = tmp_path / "shoot"
    folder.mkdir()
    for seed, name in enumerate(("one.mp4", "side_cam_1.mp4", "DSC7.mp4")):
        footage.lively_video(folder / name, seed, 0.5)
    return folder


def likely(clips: Path, **options: object) -> dict[str, str]:
    with open_studio({}) as studio:
        rows = analyze(studio, AnalyzeRequest(clips=(clips,), fast=True, **options), SILENT)["clips"]
    return {Path(row["path"]).name: row["likely"]["angle"] for row in rows}


def test_option_over_command_over_file_over_measurement(clips: Path) -> None:
    assert likely(clips) == {"one.mp4": "unknown", "side_cam_1.mp4": "side", "DSC7.mp4": "unknown"}
    (clips / "cutprint.toml").write_text('[labels]\n"*" = { angle = "front" }\n"DSC*" = { usable = false }\n', encoding="utf-8")
    assert set(likely(clips).values()) == {"front"}
    with open_studio({}) as studio:
        label(studio, LabelRequest(clips=(clips / "one.mp4",), angle="overhead"), SILENT)
        (clips / "one.mp4").rename(clips / "renamed.mp4")
        shown = label(studio, LabelRequest(clips=(clips / "renamed.mp4",)), SILENT)
        assert shown["clips"][0]["labels"]["angle"] == "overhead", "labels go by content"
    assert likely(clips) == {"renamed.mp4": "overhead", "side_cam_1.mp4": "front", "DSC7.mp4": "front"}
    assert likely(clips, angle=("ren*=other",))["renamed.mp4"] == "other"
    with open_studio({}) as studio:
        rows = analyze(studio, AnalyzeRequest(clips=(clips,), fast=True), SILENT)["clips"]
        refused = next(row for row in rows if row["path"].endswith("DSC7.mp4"))
        assert not refused["usable"] and refused["why"] == "you said it is not usable" and refused["verdict"] == "unusable"
        label(studio, LabelRequest(clips=(clips / "renamed.mp4",), forget=True), SILENT)
    assert likely(clips)["renamed.mp4"] == "front"


def test_labels_that_mean_nothing_are_refused(clips: Path) -> None:
    for text in ("side", "=side", "a*=sideways", "a*=unknown"):
        with pytest.raises(BadOption) as caught:
            angle_rules((text,))
        assert caught.value.code == "bad_label"
    for text in (
        "[labels",
        '[labels]\n"*" = 3\n',
        '[labels]\n"*" = { angle = "up" }\n',
        '[labels]\n"*" = { colour = "red" }\n',
        '[labels]\n"*" = { look = 5 }\n',
        '[label]\n"side_cam_*" = { angle = "side" }\n',
    ):
        (clips / "cutprint.toml").write_text(text, encoding="utf-8")
        with pytest.raises((InputError, BadOption)) as refused:
            likely(clips)
    assert refused.value.code == "shoot_settings" and "labels" in refused.value.hint, "a mistyped table is no silence"


def test_patterns_are_about_folders_too_and_those_that_match_nothing_are_named(clips: Path) -> None:
    (clips / "left").mkdir()
    (clips / "one.mp4").rename(clips / "left" / "one.mp4")
    assert likely(clips, angle=("left/*=overhead",)) == {"one.mp4": "overhead", "side_cam_1.mp4": "side", "DSC7.mp4": "unknown"}
    with open_studio({}) as studio:
        said = analyze(studio, AnalyzeRequest(clips=(clips,), fast=True, angle=("rigth/*=side", "dsc*=other")), SILENT)
    assert said["notes"] == ["--angle 'rigth/*' matches no clip."]


def test_labels_for_nothing_that_can_be_read_are_refused(tmp_path: Path) -> None:
    text = tmp_path / "text.mp4"
    text.write_text("no film")
    with open_studio({}) as studio, pytest.raises(MediaError, match="cannot be read"):
        label(studio, LabelRequest(clips=(text,), angle="side"), SILENT)
