"""Where a menu entry begins and how it ends: done, one cause and one fix, or stopped. Never silent."""

import html
import os
import sys
import traceback
import webbrowser

from bridge_client import Bridge, Cancelled, Failure, load_config
from probe import probe
from resolve_calls import CALL_S, Watch, find_resolve
from resolve_host import ResolveHost
from verbs import Verbs

ENTRIES = (
    ("0 Connect", "connect", (True,)),
    ("1 Cut from selection", "cut", ()),
    ("2 Send my changes", "send", ()),
    ("3 Lock selected", "lock", (True,)),
    ("4 Unlock selected", "lock", (False,)),
    ("5 Redo section - tighter", "redo", ("tighter",)),
    ("6 Redo section - more energy", "redo", ("more energy",)),
    ("7 Redo section - slower", "redo", ("slower",)),
    ("8 Learn from this timeline", "learn", ()),
    ("9 Rate this edit", "rate", ()),
    ("Stop", "stop", ()),
)
"""Menu entry, verb, what it is told."""


def run(verb, arguments=(), resolve=None, folder=None, bridge=None, on_hang=None, limit_s=CALL_S, host=None):
    """One click, from beginning to end. Returns 0 where it did what it says, else 1; raises nothing."""
    try:
        if bridge is None:
            config = load_config(folder)
            bridge = Bridge(config["workspace"], config["command"])
        if host is not None:
            done(verb, arguments, host, bridge)
            return 0
        watch = Watch(on_hang or (lambda name: _hung(bridge, name)), limit_s)
        try:
            done(verb, arguments, ResolveHost(find_resolve(resolve), watch), bridge)
        finally:
            watch.close()
        return 0
    except Cancelled:
        _end(bridge, "cancelled", "Stopped; nothing in Resolve was changed.", "")
    except Failure as failure:
        _end(bridge, "failed", failure.cause, failure.fix)
    except Exception:
        told = _kept(bridge, traceback.format_exc())
        _end(bridge, "failed", "Something went wrong inside Cutprint's script.", "Please report it with %s." % told)
    return 1


def done(verb, arguments, host, bridge):
    """The verb on any host."""
    if verb == "probe":
        return probe(host, bridge)
    return getattr(Verbs(host, bridge), verb)(*arguments)


def _hung(bridge, name):
    """Resolve does not answer: say so and go; this process is ours alone."""
    _end(
        bridge,
        "failed",
        "Resolve does not answer (%s)." % name,
        "Close open windows in Resolve, save, restart it if need be, and click again.",
    )
    os._exit(3)


def _end(bridge, state, message, fix):
    """On the bridge's page; where there is no bridge, on a page of its own."""
    try:
        if bridge is not None and bridge.said is not None and bridge.activity:
            bridge.finish(state, message, (), fix)
            if state == "failed":
                bridge.open_page()
            return
    except (Failure, Cancelled):
        pass
    sys.stdout.write("Cutprint: %s %s\n" % (message, fix))
    _page(bridge, message, fix)


def _page(bridge, message, fix):
    folder = bridge.workspace if bridge is not None else os.path.expanduser("~")
    path = os.path.join(folder, "cutprint-message.html")
    words = "<!doctype html><meta charset='utf-8'><title>Cutprint</title><h1>Cutprint</h1><p>%s</p><p><b>%s</b></p>"
    try:
        os.makedirs(folder, exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(words % (html.escape(message), html.escape(fix)))
        (bridge.show if bridge is not None else webbrowser.open)("file://" + path.replace("\\", "/"))
    except (OSError, webbrowser.Error):
        pass


def _kept(bridge, text):
    """Where the traceback lies."""
    folder = os.path.join(bridge.workspace if bridge is not None else os.path.expanduser("~"), "logs")
    path = os.path.join(folder, "resolve-script.log")
    try:
        os.makedirs(folder, exist_ok=True)
        with open(path, "a", encoding="utf-8") as file:
            file.write(text + "\n")
    except OSError:
        return "the Console's text"
    return path
