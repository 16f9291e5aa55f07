"""What the use cases do between the rooms: finding files, workers, settings, wishes, media that moved."""

from __future__ import annotations

import dataclasses
import os
import shutil
import time
from collections.abc import Iterator
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Any

import factories
import footage
import pytest

from bridge_server.bootstrap import open_studio
from bridge_server.pages.main_job import analyze_page
from engine.errors import BadOption, Cancelled, CutprintError, FootageError, InputError, MediaError, UnknownSetting
from engine.media.probe import probe
from engine.progress import SILENT, CallbackProgress
from engine.settings import Settings, load_settings
from engine.store.cache import AnalysisCache
from engine.store.projects import ProjectFolder
from engine.studio import editing, rendering
from engine.studio.analysing import analyze
from engine.studio.caching import cache
from engine.studio.context import Studio
from engine.studio.footage import find_clips, full_path
from engine.studio.requests import AnalyzeRequest, CacheRequest, SongRequest
from engine.studio.songs import song
from engine.studio.workers import run_all


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    with open_studio({"workspace": tmp_path / "ws", "workers": 2}) as one:
        yield one


def touch(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"x")


def test_finding_clips(tmp_path: Path) -> None:
    touch(tmp_path, "clip10.mp4", "clip2.MOV", "Clip1.mkv", "notes.txt", ".hidden.mp4", "day 2/b.mts", "out/edit.mp4", "._clip2.MOV")
    found = find_clips([tmp_path], exclude=tmp_path / "day 2" / ".." / "out")
    assert [path.relative_to(tmp_path).as_posix() for path in found] == ["Clip1.mkv", "clip2.MOV", "clip10.mp4", "day 2/b.mts"]
    assert find_clips([tmp_path / "notes.txt", tmp_path / "notes.txt"]) == [tmp_path / "notes.txt"], "a named file is tried whatever it is"
    with pytest.raises(MediaError) as caught:
        find_clips([tmp_path / "gone"])
    assert caught.value.code == "media_missing"
    (tmp_path / "empty").mkdir()
    with pytest.raises(FootageError) as none:
        find_clips([tmp_path / "empty"])
    assert none.value.code == "no_clips"


def test_earlier_edits_are_no_footage(tmp_path: Path) -> None:
    touch(tmp_path, "a.mp4", "edit.mp4", "old/edit.mp4", "old/b.mp4")
    for folder in (tmp_path, tmp_path / "old"):
        ProjectFolder(folder).remember("edit.mp4")
        touch(folder, "revisions/edit.r0001.mp4")
    assert [path.relative_to(tmp_path).as_posix() for path in find_clips([tmp_path], tmp_path)] == ["a.mp4", "old/b.mp4"]


def test_copies_in_a_cache_are_no_footage(tmp_path: Path) -> None:
    """A workspace may lie among the clips; its preview copies are video files too."""
    touch(tmp_path, "a.mp4", "work/cache/proxies/a.mov", "tagged by nobody/CACHEDIR.TAG", "tagged by nobody/b.mp4")
    AnalysisCache(tmp_path / "work" / "cache").info()
    assert [path.relative_to(tmp_path).as_posix() for path in find_clips([tmp_path])] == ["a.mp4", "tagged by nobody/b.mp4"]


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_links_are_followed_once(tmp_path: Path) -> None:
    touch(tmp_path, "a/clip.mp4")
    (tmp_path / "a" / "round").symlink_to(tmp_path / "a")
    (tmp_path / "a" / "linked.mp4").symlink_to(tmp_path / "a" / "clip.mp4")
    assert [path.name for path in find_clips([tmp_path])] == ["clip.mp4", "linked.mp4"]
    assert full_path(tmp_path / "a" / ".." / "a" / "linked.mp4") == tmp_path / "a" / "linked.mp4"


def double(number: int) -> int:
    if number == 3:
        raise InputError("three", "Three is bad.", "Use another.", number=3)
    if number == 5:
        os._exit(1)
    return 2 * number


def sleepy(seconds: float) -> float:
    time.sleep(seconds)
    return seconds


@pytest.mark.slow
def test_one_bad_piece_never_stops_the_rest(studio: Studio) -> None:
    results = run_all(studio, double, [1, 2, 3, 4, 5, 6], "Doubling", SILENT)
    assert results[:2] == [2, 4] and results[3] == 8 and results[5] == 12
    assert isinstance(results[2], InputError) and results[2].details["number"] == 3
    assert isinstance(results[4], InputError) and results[4].code == "worker_died"


@pytest.mark.slow
def test_work_stops_when_told_to(studio: Studio) -> None:
    started = time.monotonic()
    progress = CallbackProgress(lambda *_: None, lambda: time.monotonic() - started > 1.5)
    with pytest.raises(Cancelled):
        run_all(studio, sleepy, [60.0, 60.0, 60.0], "Sleeping", progress)
    assert time.monotonic() - started < 20


class AtOnce(Executor):
    """Everything is done by the time anybody looks."""

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        done: Future[Any] = Future()
        done.set_result(fn(*args, **kwargs))
        return done


def test_a_stop_loses_only_what_is_unfinished(studio: Studio) -> None:
    kept: dict[int, int] = {}
    at_once = dataclasses.replace(studio, make_executor=lambda _workers: AtOnce())
    progress = CallbackProgress(lambda *_: None, lambda: bool(kept))
    with pytest.raises(Cancelled):
        run_all(at_once, double, [1, 2, 4], "Doubling", progress, keep=kept.__setitem__)
    assert kept == {0: 2, 1: 4, 2: 8}


def test_settings_from_file_environment_and_options(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text("workers = 3\ncache_limit_gb = 2.5\n", encoding="utf-8")
    nothing: dict[str, str] = {}
    assert load_settings({"workspace": tmp_path}, environment=nothing).workers == 3
    assert load_settings({"workspace": tmp_path}, environment={"CUTPRINT_WORKERS": "4"}).workers == 4
    found = load_settings({"workspace": tmp_path, "workers": 5}, environment={"CUTPRINT_WORKERS": "4", "CUTPRINT_FFMPEG": "x"})
    assert (found.workers, found.cache_limit_gb, found.worker_count) == (5, 2.5, 5)
    assert Settings(workers=0).worker_count >= 1
    with pytest.raises(UnknownSetting, match="wokers") as unknown:
        load_settings({"workspace": tmp_path}, environment={"CUTPRINT_WOKERS": "4"})
    assert "workers" in unknown.value.hint
    with pytest.raises(BadOption):
        load_settings({"workspace": tmp_path}, environment={"CUTPRINT_WORKERS": "many"})
    with pytest.raises(InputError) as missing:
        load_settings({"workspace": tmp_path}, tmp_path / "none.toml", nothing)
    assert missing.value.code == "config_unreadable"
    (tmp_path / "bad.toml").write_text("workers = = 3", encoding="utf-8")
    with pytest.raises(InputError) as malformed:
        load_settings({"workspace": tmp_path}, tmp_path / "bad.toml", nothing)
    assert malformed.value.code == "config_malformed"


def test_the_commonest_rate_is_snapped_and_high_speed_halved() -> None:
    def at(*rates: str) -> str:
        media = [factories.media(k, stream=factories.video(rate=factories.rate_of(rate))) for k, rate in enumerate(rates, 1)]
        return editing.commonest_rate(media).to_json()

    assert at("25", "25", "30") == "25/1"
    assert at("25", "30") == "30/1"
    assert at("29.97") == "30000/1001"
    assert at("120", "120", "25") in ("60/1", "30/1")
    assert at("17") == "30/1"


def test_wishes_name_one_clip() -> None:
    media = [factories.media(1), factories.media(2)]
    assert editing._wish(media[0].name, media).media_id == media[0].media_id
    assert editing._wish(Path(media[1].name).stem, media).media_id == media[1].media_id
    part = editing._wish(f"{media[0].name}@0.5-1.0", media)
    assert part.span is not None and media[0].video is not None
    assert part.span.duration == media[0].video.rate.frames(0.5)
    for bad in ("nothing.mp4", f"{media[0].name}@900-901"):
        with pytest.raises(BadOption) as caught:
            editing._wish(bad, media)
        assert caught.value.code == "wish_unclear"


def test_clips_of_one_name_are_told_apart_by_their_folders(studio: Studio, tmp_path: Path) -> None:
    for k, folder in enumerate(("cam 1", "cam 2")):
        (tmp_path / folder).mkdir()
        footage.lively_video(tmp_path / folder / "C0001.mp4", 1, 0.5 + 0.1 * k)
    said = analyze(studio, AnalyzeRequest((tmp_path,), fast=True), SILENT)
    table = analyze_page(said)
    names = {str(Path(folder) / "C0001.mp4") for folder in ("cam 1", "cam 2")}
    assert all(name in table for name in names)
    assert names == {name for group in said["groups"] for name in group["files"]} or not said["groups"]
    media = [probe(tmp_path / folder / "C0001.mp4") for folder in ("cam 1", "cam 2")]
    assert editing._wish("cam 2/C0001.mp4", media).media_id == media[1].media_id
    with pytest.raises(BadOption) as caught:
        editing._wish("C0001.mp4", media)
    assert all(name in caught.value.message for name in names)


def test_nothing_that_can_be_read_is_an_error_that_says_why(studio: Studio, tmp_path: Path) -> None:
    (tmp_path / "one.mp4").write_text("no film")
    (tmp_path / "two.mov").write_bytes(b"")
    with pytest.raises(FootageError, match=r"None of the 2 files.*one\.mp4.*two\.mov") as caught:
        analyze(studio, AnalyzeRequest((tmp_path,)), SILENT)
    assert caught.value.code == "no_usable_clips" and caught.value.exit_code == 3
    assert [row["file"] for row in caught.value.details["problems"]] == ["one.mp4", "two.mov"]


def test_media_that_moved_is_found_by_content(tmp_path: Path) -> None:
    footage.lively_video(tmp_path / "a b.mp4", 1, 0.5)
    media = dataclasses.replace(probe(tmp_path / "a b.mp4"), path=str(tmp_path / "gone" / "a b.mp4"))
    timeline = factories.timeline(1)
    moved = dataclasses.replace(timeline, media=(*timeline.media, media))
    deep = tmp_path / "disk" / "x" / "y"
    deep.mkdir(parents=True)
    other = tmp_path / "disk" / "a b.mp4"
    other.write_bytes(b"another clip of that name")
    folders = [tmp_path / "edit", tmp_path / "disk"]
    assert media.media_id not in rendering.media_paths(moved, folders)
    shutil.move(tmp_path / "a b.mp4", deep / "a b.mp4")
    assert rendering.media_paths(moved, folders)[media.media_id] == str(deep / "a b.mp4")


@pytest.mark.slow
def test_song_corrections_last_and_can_be_forgotten(studio: Studio, tmp_path: Path) -> None:
    path = tmp_path / "song.wav"
    footage.click_song(path, 100, 12)
    first = song(studio, SongRequest(path), SILENT)
    assert first["tempo"] == pytest.approx(100, rel=0.01)
    assert all(row["end"] > row["start"] for row in first["sections"])
    doubled = song(studio, SongRequest(path, double=True), SILENT)
    assert doubled["tempo"] == pytest.approx(200, rel=0.01) and doubled["beat_source"] == "user"
    assert song(studio, SongRequest(path), SILENT)["tempo"] == pytest.approx(200, rel=0.01)
    (tmp_path / "beats.txt").write_text("# mine\n0.5\n1.5 1\n2.5\n", encoding="utf-8")
    assert song(studio, SongRequest(path, forget=True, beats=tmp_path / "beats.txt"), SILENT)["beats"] == [0.5, 1.5, 2.5]
    assert song(studio, SongRequest(path, forget=True), SILENT)["beats"] == first["beats"]
    with pytest.raises(BadOption):
        song(studio, SongRequest(path, half=True, double=True), SILENT)
    for body in ("1.0\n0.5\n", "one\n", ""):
        (tmp_path / "beats.txt").write_text(body, encoding="utf-8")
        with pytest.raises(InputError) as caught:
            song(studio, SongRequest(path, beats=tmp_path / "beats.txt"), SILENT)
        assert caught.value.code == "beats_unreadable"


@pytest.mark.slow
def test_analyze_reports_every_file_and_keeps_what_it_measured(studio: Studio, tmp_path: Path) -> None:
    clips = footage.shoot(tmp_path / "clips", 2)
    (clips / "zz copy.mp4").write_bytes((clips / "front_cam_001.mp4").read_bytes())
    (clips / "broken.mp4").write_text("no")
    result: dict[str, Any] = analyze(studio, AnalyzeRequest((clips,), plot=tmp_path / "sheets"), SILENT)
    rows = {Path(row["path"]).name: row for row in result["clips"]}
    assert set(rows) == {"front_cam_001.mp4", "front_cam_002.mp4", "zz copy.mp4", "broken.mp4"}
    assert rows["front_cam_001.mp4"]["usable"] and rows["front_cam_001.mp4"]["shots"][0]["start_frame"] == 0
    assert not rows["zz copy.mp4"]["usable"] and "front_cam_001" in rows["zz copy.mp4"]["why"]
    assert rows["broken.mp4"]["error"]["code"].startswith("media_")
    assert result["measured"] == 2 and len(result["plots"]) == 2
    assert all(Path(path).read_bytes()[:4] == b"\x89PNG" for path in result["plots"])
    assert analyze(studio, AnalyzeRequest((clips,)), SILENT)["measured"] == 0
    kept = cache(studio, CacheRequest("info"), SILENT)
    assert kept["kinds"]["clip"]["entries"] == 2 and kept["files"] >= 2
    assert cache(studio, CacheRequest("clear"), SILENT)["entries"] == kept["entries"]
    assert cache(studio, CacheRequest("info"), SILENT)["entries"] == 0
    assert analyze(studio, AnalyzeRequest((clips,)), SILENT)["measured"] == 2
    with pytest.raises(CutprintError):
        cache(studio, CacheRequest("burn"), SILENT)


@pytest.mark.parametrize(("set_by_user", "expected"), [(None, "1"), ("3", "3")])
def test_workers_share_the_cores(set_by_user: str | None, expected: str, studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each has one thread for matrices: as many again in each would only be in each other's way."""
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    if set_by_user:
        monkeypatch.setenv("OPENBLAS_NUM_THREADS", set_by_user)
    assert run_all(studio, os.getenv, ["OPENBLAS_NUM_THREADS"], "Asking", SILENT) == [expected]
