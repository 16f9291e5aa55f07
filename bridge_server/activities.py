"""What a script inside an editing program is doing right now, for the page that shows it: one at a time, in memory only.

The script reports and asks; the person at the page answers or says stop; the script hears it with its next report.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import Any

from engine.errors import RefusedError

__all__ = ["STATES", "Activities", "Activity"]

STATES = ("idle", "asking", "working", "done", "failed", "cancelled")
SILENT_S = 120.0
"""A script that was busy and says nothing for so long has gone (chosen: longer than any single call inside a program may take)."""


CONNECTED_S = 45.0
"""An agent that waits for commands asks again at least so often (chosen: its wait of 20 s, and a slow machine)."""
MOST_PAST = 100
"""Verbs whose scripts may still be reporting although another was clicked."""


@dataclass
class Activity:
    """One verb. said : what the script reported last. answer : the person's, None until given. cancel : the person said stop."""

    said: dict[str, Any] = field(default_factory=lambda: {"id": "", "state": "idle"})
    answer: dict[str, Any] | None = None
    cancel: bool = False
    heard_at: float = 0.0

    def as_json(self) -> dict[str, Any]:
        return {
            "id": str(self.said["id"]),
            "state": self.said["state"],
            "activity": self.said,
            "answer": self.answer,
            "cancel": self.cancel,
            "silent_s": round(max(0.0, time.monotonic() - self.heard_at), 1) if self.heard_at else None,
            "gone": bool(self.heard_at) and self.said["state"] == "working" and time.monotonic() - self.heard_at > SILENT_S,
        }


class Activities:
    """The latest activity of each agent. Threads may share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[str, Activity] = {}
        self._past: list[str] = []
        self._polled: dict[str, float] = {}

    def report(self, agent: str, said: dict[str, Any]) -> dict[str, Any]:
        """What the script does now; another id is another verb, with nothing asked or answered yet."""
        with self._lock:
            one = self._known.get(agent)
            if said["id"] in self._past:
                return Activity(said, cancel=True, heard_at=time.monotonic()).as_json()  # a later click took its place
            if one is None or one.said.get("id") != said["id"]:
                self._past = [*self._past[-MOST_PAST:], one.said["id"]] if one is not None else []
                one = self._known[agent] = Activity()
            if said["state"] == "asking" and one.said.get("state") != "asking":
                one.answer = None
            one.said, one.heard_at = said, time.monotonic()
            return one.as_json()

    def look(self, agent: str) -> dict[str, Any]:
        with self._lock:
            return {**self._known.get(agent, Activity()).as_json(), "connected": self._is_connected(agent)}

    def polled(self, agent: str) -> None:
        """An agent asked for commands: it is there."""
        with self._lock:
            self._polled[agent] = time.monotonic()

    def _is_connected(self, agent: str) -> bool:
        return time.monotonic() - self._polled.get(agent, -CONNECTED_S) < CONNECTED_S

    def answer(self, agent: str, identity: str, answer: dict[str, Any] | None, cancel: bool) -> dict[str, Any]:
        """The person's word. Raises `RefusedError` where that verb is over."""
        with self._lock:
            one = self._known.get(agent, Activity())
            if one.said.get("id") != identity or one.said["state"] in ("idle", "done", "failed", "cancelled"):
                raise RefusedError("activity_over", "That is over already.", "Click the menu entry in the program again.")
            one.answer = answer if one.said["state"] == "asking" else one.answer
            one.cancel = one.cancel or cancel
            return one.as_json()
