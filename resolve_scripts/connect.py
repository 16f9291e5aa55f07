"""Stays in Resolve after Connect and does what the page asks: the same verbs, without the menu. Ends with Resolve, Stop, or the next Connect.

Commands are the bridge's: typed, claimed once, worthless after two minutes. Nothing is written while nothing is asked.
"""

import contextlib
import json
import os
import time
import uuid

from bridge_client import Cancelled, Failure

WAIT_S = 20
SESSION = "connected.json"
LOST = 3
"""Times that the bridge may not answer before the agent goes."""


class Agent:
    """One connection. `alive` : asked before each turn."""

    def __init__(self, verbs, alive=lambda: True, wait_s=WAIT_S):
        self.verbs, self.alive, self.wait_s = verbs, alive, wait_s
        self.session = uuid.uuid4().hex[:12]
        self.parent = os.getppid() if hasattr(os, "getppid") else None
        self.path = os.path.join(verbs.settings["folder"], SESSION)

    def run(self):
        """Until it is over; returns how many commands were done."""
        self._take_over()
        done = lost = 0
        while self._is_mine() and self._resolve_lives() and self.alive():
            try:
                path = "/v1/outbox?agent=resolve&by=%s&wait=%d" % (self.session, self.wait_s)
                command = self.verbs.bridge.ask("GET", path, timeout=self.wait_s + 20)["command"]
                lost = 0
            except Failure:
                lost += 1
                if lost >= LOST:
                    break
                time.sleep(1)
                continue
            if command is not None:
                self._do(command)
                done += 1
        return done

    def _take_over(self):
        with open(self.path, "w", encoding="utf-8") as file:
            json.dump({"session": self.session}, file)

    def _is_mine(self):
        """Whether no later Connect took over, and nobody said stop."""
        try:
            with open(self.path, encoding="utf-8") as file:
                return json.load(file).get("session") == self.session
        except (OSError, ValueError, AttributeError):
            return False

    def _resolve_lives(self):
        if self.parent is not None and os.getppid() != self.parent:
            return False
        try:
            return bool(self.verbs.host.ask("hello")["product"])
        except Failure:
            return False

    def _do(self, command):
        """One command, acknowledged: at once where it takes long, else with what came of it."""
        kind, payload = command["kind"], command["payload"]
        long = {"cut": self.verbs.cut, "send": self.verbs.send, "regenerate": lambda: self.verbs.redo(payload["instruction"])}
        short = {
            "ping": lambda: self.verbs.host.ask("hello"),
            "snapshot": lambda: self.verbs.host.ask("snapshot", uid=payload.get("uid")),
            "open_timeline": lambda: self.verbs.host.ask("show", uid=payload["uid"]),
            "build_timeline": lambda: self._built(payload["timeline"]),
            "lock": self.verbs.lock,
            "unlock": lambda: self.verbs.lock(False),
        }
        if kind in long:
            self._say(command, "done", {"started": True})
            self._shown(long[kind])
        elif kind in short:
            try:
                self._say(command, "done", short[kind]() or {})
            except KeyError as missing:
                self._say(command, "failed", {"cause": "The command lacks %s." % missing, "fix": "Send it."})
            except Failure as failure:
                self._say(command, "failed", {"cause": failure.cause, "fix": failure.fix})
        else:
            self._say(command, "failed", {"cause": "Resolve's agent does not do %s." % kind, "fix": "Use the menu."})

    def _built(self, folder):
        """An edit that was made elsewhere, on a timeline."""
        plan = self.verbs.bridge.call("resolve.plan", {"timeline": folder})
        report = self.verbs._placing(plan).fresh(plan["name"])
        self.verbs._bind(report, plan, plan["folder"])
        self.verbs._note(plan["folder"], report)
        return {"timeline": report.name, "placed": report.placed, "wanted": report.wanted, "lines": report.tell()}

    def _shown(self, verb):
        """A verb with its page; how it ended stands there."""
        try:
            verb()
        except Cancelled:
            self.verbs.bridge.finish("cancelled", "Stopped; nothing in Resolve was changed.")
        except Failure as failure:
            self.verbs.bridge.finish("failed", failure.cause, (), failure.fix)

    def _say(self, command, status, result):
        with contextlib.suppress(Failure):  # too late, or said already
            self.verbs.bridge.ask("POST", "/v1/outbox/" + command["id"], {"by": self.session, "status": status, "result": result})


def disconnect(folder):
    """Lets the connected agent go at its next turn."""
    try:
        os.remove(os.path.join(folder, SESSION))
    except OSError:
        return False
    return True
