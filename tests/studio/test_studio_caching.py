"""All caches together keep one limit, the longest unused goes first, and nothing of the user's goes with it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from bridge_server.bootstrap import open_studio
from engine.progress import SILENT
from engine.store.cache import CacheKey
from engine.studio import caching, proxies
from engine.studio.context import Studio
from engine.studio.requests import CacheRequest

SIZE = 10_000


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    with open_studio({"workspace": tmp_path / "ws", "cache_limit_gb": 20 * SIZE / 1e9}) as one:
        yield one


def fill(folder: Path, suffix: str, count: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        path = folder / f"{number:032x}{suffix}"
        path.write_bytes(b"x" * SIZE)
        os.utime(path, (1000 + number, 1000 + number))


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_all_caches_keep_one_limit_and_touch_nobody_elses_files(studio: Studio, tmp_path: Path) -> None:
    segments, previews = caching.segments_of(studio), proxies.folder_of(studio)
    fill(segments, ".mkv", 15)
    fill(previews, "-1.mp4", 9)
    own = tmp_path / "my wedding.mp4"
    own.write_bytes(b"y" * SIZE * 30)
    (segments / f"{99:032x}.mkv").symlink_to(own)
    (segments / "my film.mkv").write_bytes(b"z" * SIZE * 30)
    (previews / "deadbeef notes.mp4").write_bytes(b"z")
    for number in range(12):
        studio.cache.put(CacheKey(f"m{number}", "clip", "1"), b"m" * SIZE)
    caching.trim(studio)
    assert names(segments) == [f"{number:032x}.mkv" for number in (*range(5, 15), 99)] + ["my film.mkv"], "half, the newest"
    assert names(previews) == [f"{number:032x}-1.mp4" for number in range(4, 9)] + ["deadbeef notes.mp4"], "a quarter"
    assert [studio.cache.get(CacheKey(f"m{number}", "clip", "1")) is not None for number in range(12)] == [False] * 7 + [True] * 5
    told = caching.cache(studio, CacheRequest("clear"), SILENT)
    assert (told["segments"]["entries"], told["proxies"]["entries"], told["entries"]) == (10, 5, 5)
    assert names(segments) == [f"{99:032x}.mkv", "my film.mkv"] and names(previews) == ["deadbeef notes.mp4"]
    assert own.stat().st_size == SIZE * 30
