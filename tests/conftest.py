"""Fixtures and rules that every test shares.

A test whose tool or media is absent skips with a clear word; with CI=true that is a failure, so that nothing passes by not running.
"""

from __future__ import annotations

import logging
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

sys.path.insert(0, str(Path(__file__).parent))

from absence import absent

settings.register_profile("steady", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("steady")


@pytest.fixture(autouse=True)
def _needs_tool(request: pytest.FixtureRequest) -> None:
    for marker in request.node.iter_markers("needs_tool"):
        if shutil.which(marker.args[0]) is None:
            absent(f"the program {marker.args[0]}")


@pytest.fixture(scope="session")
def real_media() -> Path:
    """Folder of real footage, songs and speech; not part of the project."""
    named = os.environ.get("CUTPRINT_TEST_MEDIA")
    path = Path(named) if named else Path(__file__).parents[2] / "shared" / "media"
    if not (path / "MANIFEST.tsv").is_file():
        absent(f"the folder of real media ({path})")
    return path


@pytest.fixture(scope="session")
def shared_folder(real_media: Path) -> Path:
    """Folder beside the checkout with DTDs and sample files of editing programs."""
    return real_media.parent


@pytest.fixture(autouse=True)
def workspace(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace of its own for every test: nothing touches the user's."""
    path = tmp_path_factory.mktemp("workspace")
    monkeypatch.setenv("CUTPRINT_WORKSPACE", str(path))
    monkeypatch.delenv("CUTPRINT_FFMPEG", raising=False)
    return path


@pytest.fixture(autouse=True)
def _no_errors_logged(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """A test that logs an ERROR fails: something went wrong that nobody looked at."""
    yield
    bad = [record.getMessage() for phase in ("setup", "call") for record in caplog.get_records(phase) if record.levelno >= logging.ERROR]
    if bad:
        pytest.fail(f"logged as errors: {bad}")
