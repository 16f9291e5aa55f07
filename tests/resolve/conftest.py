"""Resolve's menu against the fake Resolve and a real bridge with real small media; a person who answers at the page."""

from __future__ import annotations

import http.client
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import footage
import pytest
from fakes.resolve import Resolve, fake_resolve

sys.path.insert(0, str(Path(__file__).parents[2] / "resolve_scripts"))

import bridge_client
from resolve_host import ResolveHost, Watch
from verbs import Verbs

from bridge_server.bootstrap import open_studio
from bridge_server.serving import Bridge


@pytest.fixture(scope="session")
def shoot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten clips of two seconds at 30 frames, one of them at 25, and a song."""
    folder = tmp_path_factory.mktemp("Shoot with spaces")
    footage.shoot(folder, clips=10, seconds=2.0)
    footage.click_song(folder / "song.wav", bpm=120, seconds=20)
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


@dataclass
class Person:
    """Opens the page that the script shows, in a browser of their own, and answers what is asked."""

    answers: list[Any] = field(default_factory=list)
    seen: list[dict[str, Any]] = field(default_factory=list)

    def __call__(self, link: str) -> None:
        parts = urlsplit(link)
        first, _, headers = self._ask(parts.netloc, "GET", f"{parts.path}?{parts.query}", {})
        assert first == 303 and headers["Location"] == "/resolve", (first, headers)
        session = {"Cookie": headers["Set-Cookie"].partition(";")[0]}
        state = json.loads(self._ask(parts.netloc, "GET", "/v1/agents/resolve/activity", session)[1])
        self.seen.append(state["activity"])
        if state["state"] != "asking" or not self.answers:
            return
        answer = self.answers.pop(0)
        if answer is None:
            return
        body = {"id": state["id"], **({"cancel": True} if answer == "stop" else {"answer": answer})}
        status, text, _ = self._ask(parts.netloc, "POST", "/v1/agents/resolve/answer", session, body)
        assert status == 200, text

    def _ask(self, host: str, method: str, path: str, headers: dict[str, str], body: Any = None) -> tuple[int, bytes, dict[str, str]]:
        connection = http.client.HTTPConnection(host, timeout=20)
        try:
            sent = {**headers, **({"Content-Type": "application/json"} if body is not None else {})}
            connection.request(method, path, json.dumps(body).encode() if body is not None else None, sent)
            answer = connection.getresponse()
            return answer.status, answer.read(), dict(answer.getheaders())
        finally:
            connection.close()


@dataclass
class Desk:
    """Resolve, the scripts in it, and the person."""

    resolve: Resolve
    host: Any
    bridge: Any
    person: Person

    @property
    def project(self) -> Any:
        return self.resolve.project

    @property
    def timeline(self) -> Any:
        return self.project.current

    @property
    def verbs(self) -> Verbs:
        return Verbs(self.host, self.bridge)

    def clips(self, track: int = 1) -> list[Any]:
        return [one for one in self.timeline.tracks["video"][track - 1].items if one.media is not None]

    def fill(self, shoot: Path, fps: str = "30") -> None:
        """The shoot in the open bin."""
        for path in sorted(shoot.glob("*.mp4")):
            self.resolve.pool.add(path, fps=fps, frames=60, kind="Video")
        self.resolve.pool.add(shoot / "song.wav", fps=fps, frames=600, kind="Audio")


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
