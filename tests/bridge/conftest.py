"""A bridge on a free port, in this process."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from client import Client

from bridge_server.bootstrap import open_studio
from bridge_server.serving import Bridge


@pytest.fixture
def bridge(tmp_path: Path) -> Iterator[Bridge]:
    """A running bridge with `tmp_path/media` open to callers."""
    (tmp_path / "media").mkdir()
    with open_studio({"workspace": tmp_path / "ws", "workers": 2}, door="http") as studio:
        one = Bridge(studio)
        studio.store.folders.open_root(tmp_path / "media", studio.now())
        one.start()
        yield one
        one.stop()


@pytest.fixture
def media(tmp_path: Path) -> Path:
    return tmp_path / "media"


@pytest.fixture
def client(bridge: Bridge) -> Client:
    """Knows the token."""
    return Client(bridge.port, bridge.said["token"])


@pytest.fixture
def stranger(bridge: Bridge) -> Client:
    """Knows nothing."""
    return Client(bridge.port)
