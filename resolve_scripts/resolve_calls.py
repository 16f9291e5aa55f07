"""Reaching Resolve, and calls to it that never raise and never hang."""

import os
import sys
import threading
import time

from bridge_client import Failure

CALL_S = 90.0
"""After this long a call counts as hung (the longest honest one is an import of hundreds of clips)."""
MODAL = Failure(
    "A window is open in Resolve (or its Project Manager), so nothing can be changed.",
    "Close the window, open the project on the Edit page, and click again.",
    "modal",
)


class Watch:
    """One thread that notices a call which does not come back. `on_hang(name)` ends this process, which is ours alone."""

    def __init__(self, on_hang, limit_s=CALL_S):
        self.on_hang, self.limit_s = on_hang, limit_s
        self._began, self._name, self._stop = None, "", threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.daemon = True
        self._thread.start()

    def call(self, name, function, *arguments):
        self._name, self._began = name, time.monotonic()
        try:
            return function(*arguments)
        finally:
            self._began = None

    def close(self):
        self._stop.set()

    def _run(self):
        while not self._stop.wait(min(0.5, self.limit_s / 4)):
            began = self._began
            if began is not None and time.monotonic() - began > self.limit_s:
                self._began = None
                self.on_hang(self._name)


def find_resolve(given=None):
    """The `resolve` object, however this Python was started. Raises `Failure`."""
    if given is not None:
        return given
    main = sys.modules.get("__main__")
    for name, get in (("resolve", lambda one: one), ("app", lambda one: one.GetResolve()), ("bmd", lambda one: one.scriptapp("Resolve"))):
        here = getattr(main, name, None)
        if here is not None:
            found = get(here)
            if found is not None:
                return found
    found = _external()
    if found is None:
        cause = "Resolve cannot be reached from outside."
        raise Failure(cause, "Start Resolve Studio and set Preferences > System > General > External scripting using: Local.", "no_resolve")
    return found


def _external():
    base = {
        "darwin": "/Library/Application Support/Blackmagic Design/DaVinci Resolve/Developer/Scripting",
        "win32": os.path.join(
            os.environ.get("PROGRAMDATA", ""), "Blackmagic Design", "DaVinci Resolve", "Support", "Developer", "Scripting"
        ),
    }.get(sys.platform, "/opt/resolve/Developer/Scripting")
    sys.path.append(os.path.join(os.environ.get("RESOLVE_SCRIPT_API", base), "Modules"))
    try:
        import DaVinciResolveScript

        return DaVinciResolveScript.scriptapp("Resolve")
    except (ImportError, AttributeError, OSError):
        return None


class Calls:
    """Resolve's objects through a wall: what is missing or fails is None."""

    def __init__(self, resolve, watch):
        self.resolve, self.watch = resolve, watch

    def has(self, thing, name):
        return thing is not None and callable(getattr(thing, name, None))

    def call(self, thing, name, *arguments):
        method = getattr(thing, name, None) if thing is not None else None
        return self.watch.call(name, method, *arguments) if callable(method) else None

    def project(self):
        project = self.call(self.call(self.resolve, "GetProjectManager"), "GetCurrentProject")
        if project is None:
            raise Failure("No project is open in Resolve.", "Open a project, then click again.", "no_project")
        return project

    def ready(self):
        """Raises where a modal window would swallow every change."""
        if self.call(self.resolve, "GetCurrentPage") is None:
            raise MODAL
        return self.project()

    def timelines(self):
        project = self.project()
        count = self.call(project, "GetTimelineCount") or 0
        return [one for one in (self.call(project, "GetTimelineByIndex", k + 1) for k in range(count)) if one is not None]

    def timeline(self, uid=None):
        if uid is None:
            found = self.call(self.project(), "GetCurrentTimeline")
        else:
            found = next((one for one in self.timelines() if self.call(one, "GetUniqueId") == uid), None)
        if found is None:
            raise Failure("No timeline is open.", "Open the timeline that is meant, then click again.", "no_timeline")
        return found
