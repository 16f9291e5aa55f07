"""A person at the desk: Resolve, our scripts in it, and a browser in which they answer."""

from __future__ import annotations

import http.client
import json
import shutil
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from fakes.resolve import Resolve

sys.path.insert(0, str(Path(__file__).parents[2] / "resolve_scripts"))

from finishing import Report
from placing import Placing
from verbs import Verbs

from engine.store.projects import load_timeline
from engine.studio.resolve_plans import plan_of


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
        self.resolve.pool.add(shoot / "song.wav", fps=fps, frames=360, kind="Audio")


def placed(desk: Desk, of: Path | dict[str, Any], **changes: Any) -> Report:
    """An edit (a folder with its file for import, or a plan) on a new timeline."""
    folder = {} if isinstance(of, dict) else {"import_file": str(of / "timeline.resolve.otio")}
    plan = of if isinstance(of, dict) else json.loads(json.dumps(plan_of(load_timeline(of)[0])))
    return Placing(desk.host, {**plan, **folder, **changes}, lambda *_: None, {}, "Lime").fresh("Reel")


def tied(desk: Desk, folder: Path) -> Path:
    """The edit on a timeline that belongs to a copy of its folder, as `cut` leaves it."""
    own = Path(desk.bridge.workspace) / "resolve" / f"own {len(list((Path(desk.bridge.workspace) / 'resolve').glob('own *')))}"
    shutil.copytree(folder, own)
    verbs = desk.verbs
    verbs._begin("test", "Test")
    plan = desk.bridge.call("resolve.plan", {"timeline": str(own)})
    report = verbs._placing(plan).fresh(own.name)
    verbs._bind(report, plan, str(own))
    return own
