"""The same menu where Resolve has no Python (Free 21.1 and later): a Lua agent in Resolve, this process outside, letters between them.

To the agent: `request.lua` in the mailbox, whole or not at all, in plain ASCII. From it: values in Fusion's preferences, which it saves.
`python letters.py FOLDER WISH` runs one click; the bridge starts it when it sees a wish.
"""

import base64
import contextlib
import glob
import json
import os
import re
import sys
import time
import uuid

import menu
from bridge_client import Bridge, Cancelled, Failure, load_config

ANSWER_S = 60.0
"""How long the agent may take for one operation: an import of hundreds of clips."""
LOOK_S = 0.05
FRESH_S = 120.0
"""Age from which a wish is no longer what the person wants."""
BEAT_S = 60.0
"""The agent hears something at least so often, so that it knows that somebody is there."""
VALUE = r'\b%s\s*=\s*"([^"]*)"'


class Preferences:
    """Fusion's preferences as the agent saves them: the newest file of any profile."""

    def __init__(self, profiles):
        self.profiles = profiles

    def newest(self):
        """(time of change, path), (0, None) where there is none."""
        found = [(_changed(path), path) for path in glob.glob(os.path.join(glob.escape(self.profiles), "*", "Fusion.prefs"))]
        return max(found) if found else (0, None)

    def text(self):
        path = self.newest()[1]
        if path is None:
            return ""
        try:
            with open(path, encoding="utf-8", errors="replace") as file:
                return file.read()
        except OSError:
            return ""

    def value(self, name):
        found = re.search(VALUE % name, self.text())
        return found.group(1) if found else ""


class MailboxHost:
    """The operations of resolve_host.py, by letter."""

    def __init__(self, mailbox, profiles, answer_s=ANSWER_S):
        self.mailbox, self.preferences, self.answer_s = mailbox, Preferences(profiles), answer_s

    def ask(self, operation, **payload):
        identity = uuid.uuid4().hex[:12]
        request = {"id": identity, "at": int(time.time()), "op": operation, "payload": payload}
        self._put("return " + lua(request) + "\n")
        until = time.monotonic() + self.answer_s
        while time.monotonic() < until:
            answer = self._answer(identity)
            if answer is not None:
                return _result(answer)
            time.sleep(LOOK_S)
        cause = "Resolve does not answer (%s)." % operation
        raise Failure(cause, "Close open windows in Resolve and click the menu entry again.", "no_answer")

    def _put(self, text):
        path = os.path.join(self.mailbox, "request.lua")
        part = "%s.part" % path
        with open(part, "w", encoding="ascii") as file:
            file.write(text)
        os.replace(part, path)

    def _answer(self, identity):
        text = self.preferences.text()
        found = re.search(VALUE % "MailResponse", text)
        if not found or found.group(1).rpartition(":")[0] != identity:
            return None
        parts = [re.search(VALUE % ("MailPart%d" % (k + 1)), text) for k in range(int(found.group(1).rpartition(":")[2]))]
        if not all(parts):
            return None  # half saved
        try:
            return json.loads(base64.b64decode("".join(part.group(1) for part in parts)).decode("utf-8", "replace"))
        except ValueError:
            return None

    def close(self):
        """Lets the agent go, and leaves no letter behind."""
        with contextlib.suppress(Failure):
            self.answer_s = min(3.0, self.answer_s)
            self.ask("end")
        with contextlib.suppress(OSError):
            os.remove(os.path.join(self.mailbox, "request.lua"))


def _result(answer):
    error = answer.get("error")
    if error:
        raise Failure(error.get("cause", "The agent failed."), error.get("fix", "Click again."), error.get("code", "agent"))
    return answer["result"]


def _changed(path):
    try:
        return os.stat(path).st_mtime_ns
    except OSError:
        return 0


def lua(value):
    """A plain value as a Lua expression in ASCII."""
    if value is None:
        return "nil"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, str):
        safe = (chr(one) if 32 <= one < 127 and one not in (34, 92) else "\\%03d" % one for one in value.encode("utf-8"))
        return '"' + "".join(safe) + '"'
    if isinstance(value, dict):
        return "{" + ",".join("[%s]=%s" % (lua(key), lua(one)) for key, one in value.items() if one is not None) + "}"
    return "{" + ",".join(lua(one) for one in value) + "}"


def open_wish(profiles, now=None):
    """(session, verb, what it is told) that the agent waits for; None where there is none or it is old."""
    session, _, rest = Preferences(profiles).value("MailWish").partition(":")
    at, _, wish = rest.partition(":")
    if not session or not at.isdigit() or abs((time.time() if now is None else now) - int(at)) > FRESH_S:
        return None
    return session, wish


def run(wish, config, bridge=None, answer_s=ANSWER_S):
    """One click in the Lua menu, from beginning to end. Returns 0 or 1, as `menu.run`."""
    verb, _, told = wish.partition(":")
    bridge = bridge or Bridge(config["workspace"], config["command"])
    if verb == "canary":
        return _canary(bridge, told)
    arguments = {"": (), "true": (True,), "false": (False,)}.get(told, (told,))
    if (verb, tuple(arguments)) not in [(entry[1], tuple(entry[2])) for entry in menu.ENTRIES]:
        return 1
    host = MailboxHost(config["mailbox"], config["profiles"], answer_s)
    _keep_awake(bridge, host)
    try:
        return menu.run(verb, arguments, bridge=bridge, host=host)
    finally:
        host.close()


def _keep_awake(bridge, host):
    """Long work happens in the bridge; the agent hears now and then that it goes on."""
    tell, beat = bridge.tell, [time.monotonic()]

    def telling(*words):
        if time.monotonic() - beat[0] > BEAT_S:
            beat[0] = time.monotonic()
            host.ask("still")
        tell(*words)

    bridge.tell = telling


def _canary(bridge, told):
    """Why entries are missing, as far as the agent can tell."""
    boxed, _, rest = told.partition(":")
    product, _, version = rest.partition(":")
    try:
        bridge.connect()
        bridge.begin("canary", "Are entries missing?")
        if boxed == "sandbox":
            lines = ["%s %s runs Lua in a sandbox: Python menus are for Studio only from 21.1 on." % (product, version)]
            bridge.finish("done", "Use the entries under Free 21.1 and later: they do the same.", lines)
        else:
            bridge.finish(
                "done",
                "Lua works. If the Python entries are missing, Resolve found no Python.",
                [],
                "Run `cutprint doctor`: it says which Python Resolve needs.",
            )
        bridge.open_page()
    except (Failure, Cancelled):
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(run(sys.argv[1], load_config()))
