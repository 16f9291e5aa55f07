"""`install resolve|premiere`, `uninstall` and doctor's lines, in a made-up home on each system."""

from __future__ import annotations

import ast
import json
import plistlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bridge_server.bootstrap import open_studio
from bridge_server.installing import install_premiere, uninstall_premiere
from bridge_server.resolve_install import install_resolve, uninstall_resolve
from engine.errors import RefusedError
from engine.studio import checks_resolve as checks
from engine.studio.checks_resolve import Machine
from engine.studio.context import Studio

SYSTEMS = ("darwin", "win32", "linux")


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    with open_studio({"workspace": tmp_path / "wörk space"}) as one:
        yield one


def machine(system: str, tmp_path: Path, **more: object) -> Machine:
    home = tmp_path / "disk" / "home" / "Zoë O'Neil"
    home.mkdir(parents=True)
    environment = {"APPDATA": str(home / "AppData" / "Roaming"), "PROGRAMDATA": str(tmp_path / "disk" / "ProgramData")}
    return Machine(system, home, environment if system == "win32" else {}, tmp_path / "disk", **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("system", "place"),
    [
        ("darwin", "Library/Application Support/Blackmagic Design/DaVinci Resolve/Fusion/Scripts/Utility/Cutprint"),
        ("win32", "AppData/Roaming/Blackmagic Design/DaVinci Resolve/Support/Fusion/Scripts/Utility/Cutprint"),
        ("linux", ".local/share/DaVinciResolve/Fusion/Scripts/Utility/Cutprint"),
    ],
)
def test_the_menu_goes_where_that_system_looks(system: str, place: str, studio: Studio, tmp_path: Path) -> None:
    here = machine(system, tmp_path)
    done = install_resolve(studio, False, here)
    assert here.menu == here.home / place and done["file"] == str(here.menu)
    names = {path.relative_to(here.menu).as_posix() for path in here.menu.rglob("*") if path.is_file()}
    assert {"0 Connect.py", "1 Cut from selection.py", "2 Send my changes.py", "Are entries missing.lua"} <= names
    assert {"5 Redo section - tighter.py", "6 Redo section - more energy.py", "7 Redo section - slower.py"} <= names
    assert "Free 21.1 and later/1 Cut from selection.lua" in names and not any("menu.py" in name for name in names)
    for path in here.menu.rglob("*.py"):
        ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 8))
    for path in here.menu.rglob("*.lua"):
        path.read_bytes().decode("ascii")
    config = json.loads((studio.workspace / "resolve-scripts" / "cutprint.json").read_text(encoding="utf-8"))
    assert config["workspace"] == str(studio.workspace) and config["command"][0] == sys.executable
    assert checks.menu_line(studio, here)["status"] == "ok"
    assert uninstall_resolve(studio, here)["removed"] and not here.menu.exists()
    assert not (studio.workspace / "resolve-scripts").exists() and not uninstall_resolve(studio, here)["removed"]


def test_an_entry_runs_what_was_installed_and_says_when_that_is_gone(studio: Studio, tmp_path: Path) -> None:
    import subprocess

    here = machine("linux", tmp_path)
    install_resolve(studio, False, here)
    entry = here.menu / "0 Connect.py"
    config = studio.workspace / "resolve-scripts" / "cutprint.json"
    told = json.loads(config.read_text(encoding="utf-8"))
    config.write_text(json.dumps({**told, "command": None}), encoding="utf-8")
    environment = {"PATH": "/nothing", "BROWSER": "true", "HOME": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"}
    run = [
        sys.executable,
        "-S",
        "-E",
        "-c",
        "import sys, webbrowser; webbrowser.open = lambda *_: True; exec(open(sys.argv[1]).read(), {'resolve': object()})",
    ]
    said = subprocess.run([*run, str(entry)], capture_output=True, text=True, env=environment, timeout=60, check=True)
    assert "bridge does not run" in said.stdout and "cutprint serve" in said.stdout and not said.stderr
    uninstalled = entry.read_text(encoding="utf-8")
    uninstall_resolve(studio, here)
    lone = tmp_path / "lone.py"
    lone.write_text(uninstalled, encoding="utf-8")
    said = subprocess.run([*run, str(lone)], capture_output=True, text=True, env=environment, timeout=60, check=True)
    assert "cutprint install resolve" in said.stdout and not said.stderr


@pytest.mark.parametrize("system", SYSTEMS)
def test_stale_copies_go_and_strangers_stay(system: str, studio: Studio, tmp_path: Path) -> None:
    here = machine(system, tmp_path)
    if system == "darwin":
        (here.home / "Library/Containers/com.blackmagic-design.DaVinciResolveLite/Data").mkdir(parents=True)
    stale = [folder / category / "Cutprint" / "old.py" for folder in here.all_scripts() for category in ("Edit", "Utility")]
    for path in stale:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("# Written by Cutprint.\n", encoding="utf-8")
    theirs = here.scripts / "Utility" / "Cutprint" / "mine.py"
    theirs.write_text("print('mine')\n", encoding="utf-8")
    assert checks.menu_line(studio, here)["status"] == "warning"
    earlier = studio.workspace / "resolve-scripts" / "of_an_earlier_version.py"
    earlier.parent.mkdir(parents=True)
    earlier.touch()
    notes = install_resolve(studio, False, here)["notes"]
    assert not earlier.exists()
    assert not any(path.exists() for path in stale) and theirs.exists()
    assert sum("old copy" in note for note in notes) == len(stale)
    (here.menu / "0 Connect.py").write_text("print('not yours')\n", encoding="utf-8")
    with pytest.raises(RefusedError):
        install_resolve(studio, False, here)
    uninstall_resolve(studio, here)
    assert theirs.exists() and (here.menu / "0 Connect.py").exists()


def test_doctor_tells_version_edition_and_the_app_store(studio: Studio, tmp_path: Path) -> None:
    here = machine("darwin", tmp_path)
    assert checks.resolve_line(studio, here)["found"] == "not found here"
    app = tmp_path / "disk" / "Applications" / "DaVinci Resolve" / "DaVinci Resolve.app" / "Contents"
    app.mkdir(parents=True)
    (app / "Info.plist").write_bytes(plistlib.dumps({"CFBundleShortVersionString": "20.3.2"}))
    assert "20.3.2" in checks.resolve_line(studio, here)["found"]
    (app / "_MASReceipt").mkdir()
    row = checks.resolve_line(studio, here)
    assert row["status"] == "problem" and "App Store" in row["found"] and row["fix"]
    (app / "_MASReceipt").rmdir()
    (app / "Info.plist").write_bytes(plistlib.dumps({"CFBundleShortVersionString": "21.1.1"}))
    (studio.workspace / "resolve").mkdir(parents=True)
    seen = {"hello": {"product": "DaVinci Resolve", "version": [21, 1, 1]}}
    (studio.workspace / "resolve" / "last-used.json").write_text(json.dumps(seen), encoding="utf-8")
    row = checks.resolve_line(studio, here)
    assert row["status"] == "warning" and "Free 21.1" in row["fix"]
    (app / "Info.plist").write_bytes(plistlib.dumps({"CFBundleShortVersionString": "17.4"}))
    assert "too old" in checks.resolve_line(studio, here)["found"]


def test_doctor_knows_how_each_system_finds_python(studio: Studio, tmp_path: Path) -> None:
    mac = machine("darwin", tmp_path)
    mac.preferences().mkdir(parents=True)
    assert checks.python_line(studio, mac)["status"] == "problem"
    (tmp_path / "disk/usr/local/bin").mkdir(parents=True)
    (tmp_path / "disk/usr/local/bin/python3").touch()
    assert checks.python_line(studio, mac)["status"] == "ok"
    for pythons, version, status in (((), "20.3.0", "problem"), (((3, 12), (3, 14)), "20.3.0", "warning"), (((3, 12),), "20.3.0", "ok")):
        windows = Machine("win32", mac.home, {"APPDATA": str(tmp_path / "roaming")}, tmp_path / "disk", pythons)
        windows.preferences().mkdir(parents=True, exist_ok=True)
        (windows.preferences() / ".version").write_text(version, encoding="utf-8")
        row = checks.python_line(studio, windows)
        assert row["status"] == status and bool(row["fix"]) == (status != "ok")
    linux = Machine("linux", mac.home, {"PATH": str(tmp_path / "empty")}, tmp_path / "disk")
    linux.preferences().mkdir(parents=True)
    assert checks.python_line(studio, linux)["status"] == "problem"
    (linux.preferences() / "config.dat").write_text("Site.Count = 1\nSystem.Scripting.Mode = 2\n", encoding="utf-8")
    assert checks.scripting_line(studio, linux)["status"] == "warning"
    (linux.preferences() / "config.dat").write_text("System.Scripting.Mode = 1\n", encoding="utf-8")
    assert checks.scripting_line(studio, linux)["found"] == "local"


def test_a_menu_of_another_version_is_told(studio: Studio, tmp_path: Path) -> None:
    here = machine("linux", tmp_path)
    here.preferences().mkdir(parents=True)
    assert checks.menu_line(studio, here)["fix"] == "cutprint install resolve"
    install_resolve(studio, False, here)
    config = studio.workspace / "resolve-scripts" / "cutprint.json"
    config.write_text(config.read_text(encoding="utf-8").replace('"version": "', '"version": "0.0.'), encoding="utf-8")
    assert checks.menu_line(studio, here)["status"] == "problem"


def test_premiere_gets_a_watched_folder_with_the_way_back(studio: Studio, tmp_path: Path) -> None:
    here = machine("darwin", tmp_path)
    (tmp_path / "disk" / "Applications" / "Adobe Premiere Pro 2026").mkdir(parents=True)
    done = install_premiere(studio, False, here)
    folder = here.home / "Documents" / "Cutprint"
    assert (folder / "returns").is_dir() and folder.resolve() in studio.store.folders.watched()
    assert "Premiere Pro 2026" in done["notes"][0] and checks.premiere_line(studio, here)["found"] == "Premiere Pro 2026"
    assert uninstall_premiere(studio, here)["removed"] and folder.is_dir() and not studio.store.folders.watched()
