"""Resolve's menu against the fake Resolve and a real bridge with real small media; a person who answers at the page."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import footage
import pytest
from fakes.resolve import fake_resolve

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[2] / "resolve_scripts"))

import bridge_client
from desk import Desk, Person
from resolve_calls import Watch
from resolve_host import ResolveHost

from bridge_server.bootstrap import open_studio
from bridge_server.serving import Bridge


@pytest.fixture(scope="session")
def shoot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight clips of two seconds at 30 frames a second, and a song."""
    folder = tmp_path_factory.mktemp("Shoot with spaces")
    footage.shoot(folder, clips=8, seconds=2.0)
    footage.click_song(folder / "song.wav", bpm=120, seconds=12)
    return folder


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bridge]:
    """One bridge for all tests here: clips are measured once."""
    with open_studio({"workspace": tmp_path_factory.mktemp("ws"), "workers": 2}, door="http") as studio:
        one = Bridge(studio)
        one.start()
        one.mailbox.stop()  # tests take the letters themselves
        yield one
        one.stop()


@pytest.fixture(scope="session")
def edited(served: Bridge, shoot: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An edit made without Resolve."""
    from engine.progress import SILENT
    from engine.studio.editing import edit
    from engine.studio.requests import EditRequest

    folder = tmp_path_factory.mktemp("edits") / "Reel"
    edit(served.studio, EditRequest((shoot,), shoot / "song.wav", folder, duration=6, fps="30"), SILENT)
    return folder


@pytest.fixture
def desk(served: Bridge) -> Iterator[Callable[..., Desk]]:
    """A desk for a profile of the fake."""
    watches = []

    def make(profile: str = "studio-20.3", fps: str = "30", answers: tuple[Any, ...] = ()) -> Desk:
        resolve, person = fake_resolve(profile, fps), Person(list(answers))
        watch = Watch(lambda name: resolve.world.release.set(), 20.0)
        watches.append(watch)
        bridge = bridge_client.Bridge(str(served.studio.workspace), None, person, patience_s=3.0)
        return Desk(resolve, ResolveHost(resolve, watch), bridge, person)

    yield make
    for watch in watches:
        watch.close()
