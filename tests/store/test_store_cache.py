"""The analysis cache: what it keeps, what it forgets, and how it survives damage and company."""

from __future__ import annotations

import multiprocessing
import os
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.errors import OutputError
from engine.store.cache import AnalysisCache, CacheKey

KEY = CacheKey("0123", "clip", "1", "a=1")


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[AnalysisCache]:
    one = AnalysisCache(tmp_path / "cache")
    yield one
    one.close()


def test_keeps_by_content_version_and_options(cache: AnalysisCache) -> None:
    assert cache.get(KEY) is None
    cache.put(KEY, b"one")
    cache.put(CacheKey("0123", "clip", "2", "a=1"), b"two")
    cache.put(CacheKey("0123", "clip", "1", "a=2"), b"three")
    assert cache.get(KEY) == b"one"
    cache.put(KEY, b"again")
    assert cache.get(KEY) == b"again"
    assert cache.get(CacheKey("0123", "clip", "1", "a=3")) is None
    cache.close()
    assert cache.get(KEY) == b"again", "a closed cache opens again when asked"


def test_a_file_is_known_until_it_changes(cache: AnalysisCache, tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(b"abc")
    cache.remember_file(path, "1", "{}")
    assert cache.file(path, "1") == "{}"
    assert cache.file(path, "2") is None
    os.utime(path, ns=(1, 1))
    assert cache.file(path, "1") is None
    cache.remember_file(path, "1", "{}")
    path.write_bytes(b"abcd")
    os.utime(path, ns=(1, 1))
    assert cache.file(path, "1") is None


def test_info_and_clear(cache: AnalysisCache) -> None:
    cache.put(KEY, b"12345")
    cache.put(CacheKey("0123", "song", "1"), b"123")
    info = cache.info()
    assert (info.entries, info.size_bytes) == (2, 8)
    assert info.by_analyser == {"clip": (1, 5), "song": (1, 3)}
    assert cache.clear().entries == 2
    assert cache.info().entries == 0


def test_the_longest_unused_go_first(tmp_path: Path) -> None:
    cache = AnalysisCache(tmp_path, limit_bytes=250)
    keys = [CacheKey(str(number), "clip", "1") for number in range(4)]
    for key in keys:
        cache.put(key, bytes(100))
    assert cache.get(keys[0]) is not None, "using an entry keeps it"
    assert cache.trim() == 2
    assert [cache.get(key) is not None for key in keys] == [True, False, False, True]
    assert cache.trim() == 0
    cache.close()


def test_a_damaged_cache_is_set_aside(cache: AnalysisCache) -> None:
    cache.path.parent.mkdir(parents=True)
    cache.path.write_bytes(b"this is no database at all" * 100)
    cache.put(KEY, b"x")
    assert cache.get(KEY) == b"x"
    assert list(cache.path.parent.glob("cache.damaged-*.db"))


def test_a_place_that_cannot_hold_it_is_an_error_with_a_hint(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError) as caught:
        AnalysisCache(tmp_path / "file").put(KEY, b"x")
    assert caught.value.code == "cache_unwritable" and "--workspace" in caught.value.hint


def test_threads_share_it(cache: AnalysisCache) -> None:
    def write(start: int) -> None:
        for number in range(start, start + 25):
            cache.put(CacheKey(str(number), "clip", "1"), b"x")

    threads = [threading.Thread(target=write, args=(start,)) for start in (0, 25, 50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert cache.info().entries == 75


def _write_many(folder: str, start: int) -> None:
    cache = AnalysisCache(Path(folder))
    for number in range(start, start + 40):
        cache.put(CacheKey(str(number), "clip", "1"), b"x")
    cache.close()


def test_processes_share_it(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    children = [context.Process(target=_write_many, args=(str(tmp_path), start)) for start in (0, 40)]
    for child in children:
        child.start()
    for child in children:
        child.join(60)
    assert [child.exitcode for child in children] == [0, 0]
    cache = AnalysisCache(tmp_path)
    assert cache.info().entries == 80
    cache.close()


def test_made_while_another_process_makes_it(tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / "cache.db", isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    other.execute("CREATE TABLE other (x)")
    threading.Timer(0.4, lambda: other.execute("COMMIT")).start()
    cache = AnalysisCache(tmp_path)
    cache.put(CacheKey("1", "clip", "1"), b"x")
    assert cache.get(CacheKey("1", "clip", "1")) == b"x"
    cache.close()
    other.close()


def test_the_file_gives_room_back(tmp_path: Path) -> None:
    cache = AnalysisCache(tmp_path)
    for number in range(60):
        cache.put(CacheKey(f"m{number}", "clip", "1"), os.urandom(100_000))
    cache.close()
    before = cache.path.stat().st_size
    assert before > 6_000_000 and cache.trim(1_000_000) == 50
    cache.close()
    assert cache.path.stat().st_size < before / 4
