"""Measuring many clips: what is done stays done, and a LUT reaches both the judgement and the film."""

from __future__ import annotations

import os
import time
from pathlib import Path

import footage
import pytest

from bridge_server.bootstrap import open_studio
from engine.analysis.clip import AnalysisOptions
from engine.errors import Cancelled, InputError
from engine.progress import SILENT, CallbackProgress
from engine.store.projects import load_timeline
from engine.studio import proxies
from engine.studio.analysing import _plots, analyze
from engine.studio.context import Studio
from engine.studio.editing import edit
from engine.studio.footage import find_clips, gather, options_of
from engine.studio.rendering import render
from engine.studio.requests import AnalyzeRequest, EditRequest, RenderRequest


def test_clips_measured_before_a_stop_are_kept(tmp_path: Path) -> None:
    clips = footage.shoot(tmp_path / "shoot", 3, 0.8)
    with open_studio({"workers": 1}) as studio:
        kept: list[object] = []
        put = studio.cache.put

        def counted(key: object, body: bytes) -> None:
            put(key, body)  # type: ignore[arg-type]
            kept.append(key)

        studio.cache.put = counted  # type: ignore[method-assign]
        with pytest.raises(Cancelled):
            gather(studio, [clips], AnalysisOptions(), None, CallbackProgress(lambda *_: None, lambda: bool(kept)))
        done = len(kept)
        assert 1 <= done < 3
        footage_there = gather(studio, [clips], AnalysisOptions(), None, SILENT)
        assert footage_there.measured == 3 - done and len(footage_there.clips) == 3
        assert all(proxies.kept(studio, clip.media.media_id) is not None for clip in footage_there.clips)
        assert _left_over(studio) == []


def test_a_stop_in_the_middle_of_a_copy_leaves_nothing_and_a_killed_run_is_cleared_a_day_later(tmp_path: Path) -> None:
    clips = footage.shoot(tmp_path / "shoot", 1, 12.0)  # seconds of copying on any machine; the parent looks five times a second
    with open_studio({"workers": 1}) as studio:
        seen: list[Path] = []

        def is_writing() -> bool:
            seen.extend(_left_over(studio))
            return any(path.name.endswith(".part.mp4") for path in seen)

        with pytest.raises(Cancelled):
            gather(studio, [clips], AnalysisOptions(), None, CallbackProgress(lambda *_: None, is_writing))
        assert seen and _left_over(studio) == []
        killed, running = (proxies.folder_of(studio) / f".unfinished-{name}" for name in ("killed", "running"))
        for folder in (killed, running):
            folder.mkdir()
            (folder / "half.part.mp4").write_bytes(b"half")
        os.utime(killed, (time.time() - 2 * proxies.FORGOTTEN_S,) * 2)
        proxies.trim(studio)
        assert not killed.exists() and running.exists()


def test_no_room_for_copies_costs_no_measurement(tmp_path: Path) -> None:
    clips = footage.shoot(tmp_path / "shoot", 1, 0.5)
    with open_studio({"workers": 1}) as studio:
        proxies.folder_of(studio).parent.mkdir(parents=True, exist_ok=True)
        proxies.folder_of(studio).write_text("in the way")
        found = gather(studio, [clips], AnalysisOptions(), None, SILENT)
        assert found.measured == 1 and len(found.clips) == 1
        assert proxies.ensure(studio, [found.clips[0].media], SILENT) == {}


def _left_over(studio: Studio) -> list[Path]:
    """Everything in the folder of proxies that is none."""
    there = sorted(proxies.folder_of(studio).rglob("*"))
    return [path for path in there if path.parent != proxies.folder_of(studio) or path.name.startswith(".")]


def test_sheets_show_every_clip(tmp_path: Path) -> None:
    clips = footage.shoot(tmp_path / "shoot", 1, 1.0)
    with open_studio({}) as studio:
        result = analyze(studio, AnalyzeRequest(clips=(clips,), plot=tmp_path / "sheets"), SILENT)
    assert [Path(one).read_bytes()[:4] for one in result["plots"]] == [b"\x89PNG"]


def test_names_count_as_they_are_now_whatever_a_copy_was_called(tmp_path: Path) -> None:
    """Measurements are kept by content: a clip that is renamed is not measured again, and its new name tells the angle."""
    clip = footage.lively_video(tmp_path / "C0001.mp4", 3, 0.6)
    with open_studio({}) as studio:
        before = gather(studio, [clip], AnalysisOptions(), None, SILENT).clips[0].analysis
        clip = clip.rename(tmp_path / "side_cam_003.mp4")
        renamed = gather(studio, [clip], AnalysisOptions(), None, SILENT)
        clip = clip.rename(tmp_path / "overhead wide.mp4")
        again = gather(studio, [clip], AnalysisOptions(), None, SILENT).clips[0].analysis
    assert renamed.measured == 0 and before.likely_angle != "side"
    side = renamed.clips[0].analysis
    assert side.likely_angle == "side" and side.evidence["angle"][-1] == "file name"
    assert (again.likely_angle, again.likely_shot_type) == ("overhead", "wide")


def test_a_sheet_that_cannot_be_drawn_stops_no_other(tmp_path: Path) -> None:
    clips = footage.shoot(tmp_path / "shoot", 2, 0.6)
    with open_studio({}) as studio:
        there = gather(studio, [clips], AnalysisOptions(), None, SILENT).clips
    there[0].path.unlink()
    (tmp_path / "sheets").mkdir()
    drawn, undrawn = _plots(tmp_path / "sheets", there, SILENT)
    assert len(drawn) == 1 and there[1].path.name in drawn[0]
    assert len(undrawn) == 1 and undrawn[0].startswith(f"No sheet of {there[0].path.name}:")


def test_a_folder_gives_what_cameras_write_and_names_raw_footage(tmp_path: Path) -> None:
    for name in ("clip.m2t", "MOV001.MOD", "A001.braw", "notes.txt", "still.tiff"):
        (tmp_path / name).write_bytes(b"none" * 500)
    assert [path.name for path in find_clips([tmp_path])] == ["A001.braw", "clip.m2t", "MOV001.MOD"]


def test_a_lut_reaches_the_judgement_and_the_film(tmp_path: Path) -> None:
    clips = footage.shoot(tmp_path / "shoot", 2, 0.9)
    footage.click_song(tmp_path / "song.wav", 120, 4)
    lut = tmp_path / "half.cube"
    rows = "".join(f"{r / 2} {g / 2} {b / 2}\n" for b in (0, 1) for g in (0, 1) for r in (0, 1))
    lut.write_text("LUT_3D_SIZE 2\n" + rows, encoding="utf-8")
    request = EditRequest(clips=(clips,), song=tmp_path / "song.wav", output=tmp_path / "out", duration=1.0, lut=lut)
    with open_studio({}) as studio:
        edit(studio, request, SILENT)
        timeline, _ = load_timeline(tmp_path / "out")
        plain = gather(studio, [clips], options_of(None), None, SILENT)
        through = gather(studio, [clips], options_of(lut), None, SILENT)
        assert timeline.extra["lut"] == str(lut) and through.measured == 0, "the edit judged its clips through it"
        for a, b in zip(plain.clips, through.clips):
            assert b.analysis.exposure == pytest.approx(a.analysis.exposure / 2, abs=0.03)
        film = tmp_path / "film.mp4"
        render(studio, RenderRequest(timeline=tmp_path / "out", output=film), SILENT)
        shown = gather(studio, [film], options_of(None), None, SILENT).clips[0].analysis.exposure
        used = {clip.media_id for clip in timeline.clips}
        expected = [clip.analysis.exposure for clip in through.clips if clip.media.media_id in used]
        assert min(expected) - 0.05 <= shown <= max(expected) + 0.05, "and it is rendered through it"
        (tmp_path / "no.cube").write_text("no table", encoding="utf-8")
        with pytest.raises(InputError):
            options_of(tmp_path / "no.cube")
