"""The Lua agent of Resolve Free 21.1 in its sandbox: the same verbs through the mailbox, and a canary that says why Python is missing."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import factories
import letters as mailbox
import pytest
from connect import disconnect
from desk import Desk
from fakes.resolve_lua import LuaResolve
from placing import Placing

from bridge_server.mailbox import Mailbox
from bridge_server.resolve_install import install_resolve
from bridge_server.serving import Bridge
from engine.store.projects import load_timeline
from engine.studio.checks_resolve import Machine
from engine.studio.resolve_plans import plan_of


@pytest.fixture
def menu(served: Bridge, tmp_path: Path) -> Path:
    """The Lua entries as they are installed in a home of their own."""
    machine = Machine("linux", tmp_path / "hömé")
    install_resolve(served.studio, False, machine)
    return machine.menu


@pytest.fixture
def letters(served: Bridge, menu: Path) -> Iterator[dict[str, Any]]:
    config = json.loads((served.studio.workspace / "resolve-scripts" / "cutprint.json").read_text(encoding="utf-8"))
    yield config
    (Path(config["mailbox"]) / "request.lua").unlink(missing_ok=True)


def free(menu: Path, title: str) -> Path:
    return menu / "Free 21.1 and later" / f"{title}.lua"


SEEN: set[str] = set()


def wait_for_wish(config: dict[str, Any]) -> str:
    """The next click: an earlier one still stands in the preferences."""
    until = time.monotonic() + 10
    while time.monotonic() < until:
        found = mailbox.open_wish(config["profiles"])
        if found is not None and found[0] not in SEEN:
            SEEN.add(found[0])
            return str(found[1])
        time.sleep(0.02)
    raise AssertionError("no wish arrived")


def clicked(here: Desk, config: dict[str, Any], entry: Path, lua: LuaResolve) -> int:
    """A click: the agent in Resolve, the process that the bridge starts beside it."""
    thread = lua.start(entry)
    done = mailbox.run(wait_for_wish(config), config, here.bridge, answer_s=20)
    thread.join(10)
    assert not thread.is_alive()
    return done


def test_cut_and_send_from_the_free_edition(desk: Callable[..., Desk], shoot: Path, menu: Path, letters: dict[str, Any]) -> None:
    here = desk("free-21.1", answers=({"duration": 6, "aspect": "9:16", "name": "Frei – Öl"}, {"skipped": True}))
    here.fill(shoot)
    lua = LuaResolve(here.resolve, Path(letters["profiles"]))
    assert clicked(here, letters, free(menu, "1 Cut from selection"), lua) == 0, here.person.seen[-1]
    folder = Path(here.bridge.workspace) / "resolve" / "Reel" / "Frei – Öl"
    document = load_timeline(folder)[0]
    song = document.song
    assert song is not None and here.timeline.tracks["audio"][0].items[0].fades == {
        "FadeIn": round(song.fade_in_s * 30),
        "FadeOut": round(song.fade_out_s * 30),
    }
    items = here.clips()
    assert [(one.start - here.timeline.start, one.end - one.start, one.left) for one in items] == [
        (clip.timeline_start_frame, clip.duration_frames, clip.source_start_frame) for clip in document.clips
    ]
    assert here.timeline.settings["timelineResolutionHeight"] == "1920" and len(here.timeline.tracks["audio"][0].items) == 1
    items[0].left += 4
    items[0].SetClipColor("Lime")
    again = LuaResolve(here.resolve, Path(letters["profiles"]))
    assert clicked(here, letters, free(menu, "2 Send my changes"), again) == 0
    after = load_timeline(folder)[0]
    assert after.clips[0].source_start_frame == document.clips[0].source_start_frame + 4 and after.clips[0].lock is not None


def test_a_section_goes_onto_a_copy_by_letters_too(desk: Callable[..., Desk], menu: Path, letters: dict[str, Any]) -> None:
    here = desk("free-21.1")
    document = factories.timeline(4, rate="30", transitions=(), markers=())
    for row in document.media:
        here.resolve.pool.add(row.path, frames=row.video.duration_frames if row.video else 5400, kind="Video" if row.video else "Audio")
    other = here.resolve.pool.add("/shoot/Übrig.mp4", frames=300)
    thread = LuaResolve(here.resolve, Path(letters["profiles"])).start(free(menu, "0 Connect"))
    wait_for_wish(letters)
    host = mailbox.MailboxHost(letters["mailbox"], letters["profiles"], 20)
    plan = plan_of(document)
    first = Placing(host, plan, lambda *_: None, {}, "Lime").fresh("Brief")
    assert first.whole, first.tell()
    yours = here.timeline
    title = yours.insert_title(yours.start, 30)
    for number, item in enumerate(here.clips()):
        item.grade = f"grade {number}"
    plan["clips"][2].update(id="new", path=other.path, start=7, end=7 + plan["clips"][2]["frames"])
    again = Placing(host, plan, lambda *_: None, {"inclusive": False}, "Lime").renewed(host.ask("snapshot"), "Brief", {})
    host.close()
    thread.join(10)
    assert again.whole and again.way == "copy" and again.name == "Brief v002" and here.timeline is not yours, again.tell()
    assert [one.grade for one in here.clips()] == ["grade 0", "grade 1", "", "grade 3"]
    assert here.clips()[1].colour == "Lime" and here.timeline.tracks["video"][1].items[0].name == title.name
    assert [one.grade for one in yours.tracks["video"][0].items] == [f"grade {number}" for number in range(4)]


def test_a_failure_in_the_agent_says_one_cause_and_one_fix(desk: Callable[..., Desk], menu: Path, letters: dict[str, Any]) -> None:
    here = desk("free-21.1")
    here.resolve.world.modal = True
    lua = LuaResolve(here.resolve, Path(letters["profiles"]))
    assert clicked(here, letters, free(menu, "1 Cut from selection"), lua) == 1
    assert "window is open" in here.person.seen[-1]["message"] and here.person.seen[-1]["fix"]


def test_the_agent_does_only_what_its_table_has(menu: Path, desk: Callable[..., Desk], letters: dict[str, Any]) -> None:
    """Letters are read in an empty environment, once, while fresh; a second click takes over; idle writes nothing."""
    here = desk("free-21.1")
    lua = LuaResolve(here.resolve, Path(letters["profiles"]))
    letter = Path(letters["mailbox"]) / "request.lua"
    ended: list[bool] = []
    thread = lua.start(free(menu, "0 Connect"), lambda: bool(ended))
    wait_for_wish(letters)
    saved = lua.saves
    time.sleep(0.3)
    assert lua.saves == saved
    for text in ('return {id="old", at=1, op="hello"}', "os.exit(1)", "return fusion", "while", 'return {id="x", at="now", op="hello"}'):
        letter.write_text(text, encoding="utf-8")
        time.sleep(0.15)
    assert lua.saves == saved and thread.is_alive()
    host = mailbox.MailboxHost(letters["mailbox"], letters["profiles"], 5)
    with pytest.raises(mailbox.Failure, match="newer than this menu"):
        host.ask("execute", code="os.exit()")
    assert host.ask("hello")["product"] == "DaVinci Resolve"
    lua.preferences["MailSession"] = "another click"
    thread.join(5)
    assert not thread.is_alive()
    host.answer_s = 0.2
    with pytest.raises(mailbox.Failure, match="does not answer"):
        host.ask("hello")


def test_values_cross_both_ways_unchanged(menu: Path, desk: Callable[..., Desk], letters: dict[str, Any]) -> None:
    from lupa import luajit21

    said = {"text": 'Ünï "quoted" \\ ]] \n', "list": [1, 2.5, True], "deep": {"a": {"b": []}}, "none": None}
    table = luajit21.LuaRuntime().eval(mailbox.lua(said))
    assert table["text"] == said["text"].encode().decode() and list(table["list"].values()) == [1, 2.5, True] and table["none"] is None
    here = desk("free-21.1")
    many = [here.resolve.pool.add(f"/media/Clip №{k} «ä».mp4", frames=90) for k in range(300)]
    lua = LuaResolve(here.resolve, Path(letters["profiles"]))
    thread = lua.start(free(menu, "0 Connect"))
    wait_for_wish(letters)
    host = mailbox.MailboxHost(letters["mailbox"], letters["profiles"], 20)
    pool = host.ask("pool")
    assert [one["path"] for one in pool["items"]] == [one.path for one in many] and pool["items"][0]["in"] is None
    direct = here.host.ask("pool")
    assert pool == direct  # the Python host says the very same
    host.close()
    thread.join(5)
    assert not thread.is_alive()


@pytest.mark.parametrize("profile", ["free-21.1", "studio-20.3"])
def test_both_hosts_see_the_same_timeline(
    profile: str, menu: Path, desk: Callable[..., Desk], shoot: Path, letters: dict[str, Any]
) -> None:
    here = desk(profile)
    here.fill(shoot)
    clip = here.resolve.pool.root.clips[0]
    here.resolve.pool.CreateEmptyTimeline("Both")
    here.resolve.pool.AppendToTimeline([{"mediaPoolItem": clip, "startFrame": 3, "endFrame": 33, "mediaType": 1}])
    here.clips()[0].AddMarker(10, "Cyan", "cutprint", "why", 1, '{"id": "clip_1"}')
    here.timeline.insert_title(here.timeline.start, 20)
    here.timeline.SetMarkInOut(3, 9)
    lua = LuaResolve(here.resolve, Path(letters["profiles"]))
    thread = lua.start(free(menu, "0 Connect"))
    wait_for_wish(letters)
    host = mailbox.MailboxHost(letters["mailbox"], letters["profiles"], 20)
    theirs, ours = host.ask("snapshot"), here.host.ask("snapshot")
    assert theirs == ours
    host.close()
    thread.join(5)


def test_the_canary_tells_why_python_entries_are_missing(desk: Callable[..., Desk], menu: Path, letters: dict[str, Any]) -> None:
    here = desk("free-21.1")
    lua = LuaResolve(here.resolve, Path(letters["profiles"]))
    lua.run(menu / "Are entries missing.lua")
    assert lua.printed == []
    assert mailbox.run(wait_for_wish(letters), letters, here.bridge) == 0
    said = here.person.seen[-1]
    assert "Free 21.1 and later" in said["message"] and "Studio only" in said["lines"][0]
    full = LuaResolve(desk("studio-20.3").resolve, Path(letters["profiles"]), sandbox=False)
    full.run(menu / "Are entries missing.lua")
    assert "found no Python" in full.printed[0]
    assert mailbox.run(wait_for_wish(letters), letters, here.bridge) == 0
    assert "cutprint doctor" in here.person.seen[-1]["fix"]


def test_the_bridge_starts_what_was_clicked_once_and_nothing_old(served: Bridge, letters: dict[str, Any], tmp_path: Path) -> None:
    box = Mailbox(served.studio.workspace)
    prefs = Path(letters["profiles"]) / "Default" / "Fusion.prefs"
    prefs.parent.mkdir(parents=True, exist_ok=True)
    marker = tmp_path / "started"
    script = served.studio.workspace / "resolve-scripts" / "letters.py"
    script.write_text(f"import sys\nopen({str(marker)!r}, 'a').write(sys.argv[1] + '\\n')\n", encoding="utf-8")

    def look(text: str, age_s: float) -> None:
        prefs.write_text(f'Global = {{ Cutprint = {{ MailWish = "{text}", }} }}', encoding="utf-8")
        os.utime(prefs, ns=(time.time_ns() + int(age_s * 1e9),) * 2)
        box.look()
        if box._child is not None:
            box._child.wait(20)

    look(f"old:{int(time.time()) - 500}:cut", 1)
    assert not marker.exists()
    look(f"s1:{int(time.time())}:redo:more energy", 2)
    look(f"s1:{int(time.time())}:redo:more energy", 3)
    assert marker.read_text(encoding="utf-8") == "redo:more energy\n"
    assert mailbox.run("format:disk", letters) == 1


def test_a_click_reaches_the_running_bridge(
    desk: Callable[..., Desk], served: Bridge, menu: Path, letters: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The whole way: entry, agent, preferences, bridge, process, letters, and back to the page."""
    monkeypatch.setenv("BROWSER", "true")
    here = desk("free-21.1")
    lua = LuaResolve(here.resolve, Path(letters["profiles"]))
    box = Mailbox(served.studio.workspace)
    thread = lua.start(free(menu, "0 Connect"))
    wait_for_wish(letters)
    box.look()
    here.bridge.connect()
    until, state = time.monotonic() + 30, here.bridge.ask("GET", "/v1/agents/resolve/activity")
    while not (state["connected"] and state["activity"].get("verb") == "connect") and time.monotonic() < until:
        time.sleep(0.1)
        state = here.bridge.ask("GET", "/v1/agents/resolve/activity")
    assert state["state"] == "done" and "DaVinci Resolve 21.1.1" in state["activity"]["lines"][0]
    asked = here.bridge.ask("POST", "/v1/outbox", {"agent": "resolve", "kind": "ping"})["command"]
    while here.bridge.ask("GET", f"/v1/outbox/{asked['id']}")["command"]["status"] in ("waiting", "claimed") and time.monotonic() < until:
        time.sleep(0.1)
    answer = here.bridge.ask("GET", f"/v1/outbox/{asked['id']}")["command"]
    assert answer["status"] == "done" and answer["result"]["host"] == "lua"
    assert disconnect(str(served.studio.workspace / "resolve"))
    here.bridge.ask("POST", "/v1/outbox", {"agent": "resolve", "kind": "ping"})  # wakes it: then it sees that it is over
    thread.join(30)
    assert not thread.is_alive() and box._child is not None and box._child.wait(20) == 0
