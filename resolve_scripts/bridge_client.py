"""Talks to the Cutprint bridge on this machine: finds it, starts it where none runs, calls it, follows jobs, asks the person.

Standard library only, Python 3.8 grammar: this runs in the editing program's own Python.
"""

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
import webbrowser

CONFIG = "cutprint.json"
"""Beside these scripts, written by `cutprint install resolve`: the workspace, and the command that starts the bridge."""
START_S = 40.0
"""How long a bridge may take to start (a slow disk with a virus scanner)."""
ANSWER_S = 20.0
"""How long an answer may take; long work answers at once with a job."""
POLL_S = 0.4
PATIENCE_S = 900.0
"""How long a question stays open."""


class Failure(Exception):
    """What went wrong and what to do about it: one cause, one fix."""

    def __init__(self, cause, fix, code="failed"):
        super().__init__(cause)
        self.cause, self.fix, self.code = cause, fix, code


class Cancelled(Exception):
    """The person said stop."""


def load_config(folder=None):
    """What the installer wrote. Raises `Failure`."""
    path = os.path.join(folder or os.path.dirname(os.path.abspath(__file__)), CONFIG)
    try:
        with open(path, encoding="utf-8") as file:
            return json.load(file)
    except (OSError, ValueError):
        raise Failure("Cutprint's settings for Resolve are missing (%s)." % path, "Run `cutprint install resolve` again.") from None


class Bridge:
    """One workspace's bridge."""

    def __init__(self, workspace, command=None, show=webbrowser.open, patience_s=PATIENCE_S):
        self.workspace, self.command, self.show, self.patience_s = workspace, command, show, patience_s
        self.said = None
        self.activity = {}

    # -- finding it

    def connect(self):
        """Finds the bridge, starts it if need be. Raises `Failure`."""
        self.said = self._running()
        if self.said is None and self.command:
            self._start()
        if self.said is None:
            raise Failure("Cutprint's bridge does not run.", "Run `cutprint serve`, then click again.", "no_bridge")
        return self.said["url"]

    def _running(self):
        try:
            with open(os.path.join(self.workspace, "bridge.json"), encoding="utf-8") as file:
                said = json.load(file)
            if not said.get("port"):
                return None
            with _open(said["url"] + "/healthz", timeout=3) as answer:
                return said if json.load(answer).get("program") == "cutprint" else None
        except (OSError, ValueError, KeyError, AttributeError):
            return None

    def _start(self):
        """Starts a bridge that stays. Resolve's own Python variables would mislead it."""
        clean = {key: value for key, value in os.environ.items() if key not in ("PYTHONHOME", "PYTHONPATH", "PYTHON3HOME")}
        command = list(self.command) + ["serve", "--quiet", "--workspace", self.workspace]
        flags = {"creationflags": 0x00000208} if os.name == "nt" else {"start_new_session": True}  # new group, detached
        try:
            quiet = subprocess.DEVNULL
            subprocess.Popen(command, stdin=quiet, stdout=quiet, stderr=quiet, env=clean, **flags)
        except OSError:
            raise Failure("Cutprint is not where it was installed.", "Run `cutprint install resolve` again.", "moved") from None
        until = time.monotonic() + START_S
        while self.said is None and time.monotonic() < until:
            time.sleep(0.3)
            self.said = self._running()

    # -- calls

    def ask(self, method, path, body=None, timeout=ANSWER_S):
        """One call; the JSON answer. Raises `Failure` with the bridge's own cause and fix."""
        data = None if body is None else json.dumps(body).encode("utf-8")
        headers = {"Authorization": "Bearer " + self.said["token"], "Content-Type": "application/json", "Cutprint-Door": "nle"}
        request = urllib.request.Request(self.said["url"] + path, data, headers, method=method)
        try:
            with _open(request, timeout=timeout) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise _refusal(error) from None
        except (OSError, ValueError):
            raise Failure("Cutprint's bridge stopped answering.", "Run `cutprint serve`, then click again.", "no_bridge") from None

    def call(self, use_case, body, stage=None):
        """A use case; long ones are followed to their end, with progress, and cancelled when the person says so."""
        answer = self.ask("POST", "/v1/call/" + use_case, body)
        if set(answer) != {"job"}:
            return answer
        job = answer["job"]
        while job["status"] in ("queued", "running"):
            try:
                self.tell(stage or job["stage"] or "Waiting for its turn", job["fraction"], job["stage"])
            except Cancelled:
                self.ask("DELETE", "/v1/jobs/" + job["id"])
                raise
            time.sleep(POLL_S)
            job = self.ask("GET", "/v1/jobs/" + job["id"])["job"]
        if job["status"] == "cancelled":
            raise Cancelled()
        if job["status"] != "done":
            error = job["error"] or {}
            raise Failure(error.get("message", "It failed."), error.get("hint", "`cutprint doctor` may say why."), error.get("code", ""))
        return job["result"]

    def open_folders(self, folders):
        """Lets the bridge use the media that the person selected."""
        for folder in sorted(set(folders)):
            self.ask("POST", "/v1/folders", {"path": folder})

    # -- the person: one page in the browser shows what goes on, asks, and cancels

    def begin(self, verb, title):
        """Opens the page for one verb."""
        self.activity = {"id": uuid.uuid4().hex[:12], "verb": verb, "title": title}
        self._post("working", message=title)

    def tell(self, message, fraction=None, detail=""):
        """Progress. Raises `Cancelled` where the person said stop."""
        _say(message if fraction is None else "%s %d %%" % (message, 100 * fraction))
        if self._post("working", message=message, fraction=fraction, lines=[detail] if detail and detail != message else [])["cancel"]:
            raise Cancelled()

    def question(self, message, fields, lines=(), button="Start", skip=None):
        """Shows fields (name, label, kind, value, choices) and waits; the answers by name, None where it was skipped.

        Raises `Cancelled`, and `Failure` where nobody answers.
        """
        self._post("asking", message=message, fields=list(fields), lines=list(lines), button=button, skip=skip or "")
        self.open_page()
        until = time.monotonic() + self.patience_s
        while time.monotonic() < until:
            answer = self.ask("GET", "/v1/agents/resolve/activity")
            if answer["id"] != self.activity["id"] or answer["cancel"]:
                raise Cancelled()
            if answer["answer"] is not None:
                return None if answer["answer"].get("skipped") else answer["answer"]
            time.sleep(POLL_S)
        raise Failure("Nobody answered on Cutprint's page, so nothing was started.", "Click the menu entry again and press %s." % button)

    def finish(self, state, message, lines=(), fix=""):
        """The end, as it is: done, failed or cancelled."""
        for line in [message] + list(lines) + ([fix] if fix else []):
            _say(line)
        self._post(state, message=message, lines=list(lines), fix=fix)

    def open_page(self):
        """Shows the page in the browser, signed in. Without a browser the Console has the same words."""
        try:
            url = self.ask("POST", "/v1/links", {})["url"]
            self.show(url + "&to=resolve")
        except (Failure, OSError, webbrowser.Error):
            _say("Open Cutprint's page yourself: cutprint open")

    def _post(self, state, **words):
        return self.ask("POST", "/v1/agents/resolve/activity", dict(self.activity, state=state, **words))


def _open(request, timeout):
    """Never through a proxy: the bridge is on this machine."""
    return urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=timeout)


def _refusal(error):
    try:
        said = json.loads(error.read().decode("utf-8"))["error"]
        return Failure(said["message"], said["hint"] or "`cutprint doctor` may say why.", said["code"])
    except (ValueError, KeyError, OSError):
        return Failure("Cutprint's bridge answered %d." % error.code, "Update Cutprint and run `cutprint install resolve` again.")


def _say(line):
    """To the host's Console; a host without one must not stop anything."""
    try:
        sys.stdout.write("Cutprint: %s\n" % line)
        sys.stdout.flush()
    except (OSError, ValueError, UnicodeError, AttributeError):
        pass
