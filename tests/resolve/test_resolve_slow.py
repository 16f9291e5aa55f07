"""A Resolve that takes its time: progress goes on, Stop is heard, nothing freezes, and each failure says one cause and one fix."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import menu
import pytest
from bridge_client import Cancelled, Failure
from desk import Desk, placed, tied
from placing import Placing

from bridge_server.serving import Bridge
from engine.store.projects import load_timeline
from engine.studio.resolve_plans import plan_of


class Onlooker:
    """Somebody who looks at the page all the time, in a thread of their own, as the browser does."""

    def __init__(self, desk: Desk) -> None:
        self.desk, self.seen, self.late_s = desk, [], 0.0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> Onlooker:
        self.desk.bridge.connect()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join(10)

    def _look(self) -> None:
        while not self._over.wait(0.02):
            begun = time.monotonic()
            activity = self.desk.bridge.ask("GET", "/v1/agents/resolve/activity").get("activity") or {}
            self.late_s = max(self.late_s, time.monotonic() - begun)
            row = (activity.get("message"), activity.get("fraction"))
            self.seen += [row] if row not in self.seen[-1:] else []


def test_progress_goes_on_while_every_call_takes_its_time(desk: Callable[..., Desk], shoot: Path, edited: Path) -> None:
    here = desk("studio-20.3")
    here.fill(shoot)
    here.resolve.world.slow_s = 0.002
    here.resolve.world.latency_s = {"AppendToTimeline": 0.4, "GetItemListInTrack": 0.02}
    here.bridge.connect()
    here.bridge.begin("cut", "Cut from selection")
    plan = plan_of(load_timeline(edited)[0])
    with Onlooker(here) as page:
        report = Placing(here.host, plan, here.bridge.tell, {}, "Lime").fresh("Slow")
    assert report.whole
    told = [message for message, _ in page.seen]
    assert told.index("Placing clips") < told.index("Framing and marking")
    shares = [share for _, share in page.seen if share is not None]
    assert shares == sorted(shares) and page.late_s < 5  # the page never waits for Resolve


def test_stop_is_heard_in_the_midst_of_slow_calls(desk: Callable[..., Desk], shoot: Path, edited: Path) -> None:
    """Between two calls, whatever they take; what was begun is taken away again."""
    here = desk("studio-20.3")
    here.fill(shoot)
    here.bridge.connect()
    here.bridge.begin("cut", "Cut from selection")
    identity = here.bridge.activity["id"]
    calls: list[str] = []

    def on_call(name: str) -> None:
        calls.append(name)
        if name == "MediaPool.AppendToTimeline" and calls.count(name) == 1:
            here.bridge.ask("POST", "/v1/agents/resolve/answer", {"id": identity, "cancel": True})

    here.resolve.world.latency_s = {"AppendToTimeline": 0.2}
    here.resolve.world.on_call = on_call
    with pytest.raises(Cancelled):
        Placing(here.host, plan_of(load_timeline(edited)[0]), here.bridge.tell, {}, "Lime").fresh("Stopped")
    assert calls.count("MediaPool.AppendToTimeline") == 1 and here.project.timelines == []


def test_a_slow_call_is_no_hang_and_a_hang_is_told(desk: Callable[..., Desk], shoot: Path) -> None:
    here = desk("studio-20.3", answers=("stop",))
    here.fill(shoot)
    here.resolve.world.latency_s = {"GetSelectedClips": 0.3}
    hung: list[str] = []
    menu.run("cut", resolve=here.resolve, bridge=here.bridge, on_hang=hung.append, limit_s=3)
    assert hung == []
    here.resolve.world.hangs = {"GetCurrentPage"}

    def on_hang(name: str) -> None:
        menu._end(here.bridge, "failed", f"Resolve does not answer ({name}).", "Close open windows in Resolve and click again.")
        here.resolve.world.release.set()

    here.person.answers.clear()
    assert menu.run("cut", resolve=here.resolve, bridge=here.bridge, on_hang=on_hang, limit_s=2) == 1
    said = next(one for one in here.person.seen if one["state"] == "failed")
    assert "does not answer" in said["message"] and said["fix"].endswith(".")


@pytest.mark.parametrize("call", ["AppendToTimeline", "GetItemListInTrack", "SetProperty"])
def test_a_window_that_opens_in_the_midst_leaves_no_half_timeline_unsaid(
    call: str, desk: Callable[..., Desk], shoot: Path, edited: Path
) -> None:
    """From the first such call on all changes are swallowed: what is not there is said, or it failed with a cause and a fix."""
    here = desk("studio-21.1")
    here.fill(shoot)

    def on_call(name: str) -> None:
        if name.endswith(call):
            here.resolve.world.modal = True

    here.resolve.world.on_call = on_call
    try:
        report = placed(here, edited)
    except Failure as failure:
        assert failure.cause.endswith(".") and failure.fix.endswith(".")
    else:
        assert report.lost or report.wrong
        assert report.whole == (report.placed == report.wanted and not report.wrong)


def test_resolve_that_goes_away_is_told(desk: Callable[..., Desk], shoot: Path, edited: Path) -> None:
    here = desk("studio-20.3")
    here.fill(shoot)
    tied(here, edited)

    def on_call(name: str) -> None:
        here.resolve.world.dead = here.resolve.world.dead or name == "Timeline.GetTrackCount"

    here.resolve.world.on_call = on_call
    assert menu.run("send", resolve=here.resolve, bridge=here.bridge) == 1
    said = here.person.seen[-1]
    assert said["state"] == "failed" and said["message"] and said["fix"].endswith("."), said
    assert "inside Cutprint's script" not in said["message"], said


def test_stopping_the_questions_takes_nothing_back(desk: Callable[..., Desk], served: Bridge, shoot: Path, edited: Path) -> None:
    here = desk("studio-20.3", answers=("stop",))
    here.fill(shoot)
    folder = tied(here, edited)
    here.clips()[0].left += 3
    assert menu.run("send", resolve=here.resolve, bridge=here.bridge) == 0
    state: dict[str, Any] = here.bridge.ask("GET", "/v1/agents/resolve/activity")
    assert state["state"] == "done" and "Cutprint has your changes." in state["activity"]["message"]
    after = load_timeline(folder)[0]
    assert after.clips[0].lock is not None and after.final_status.user_satisfaction is None
