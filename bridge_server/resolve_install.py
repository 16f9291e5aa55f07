"""`install resolve`: the menu in the user's own folders, what it runs in the workspace, no stale copies elsewhere."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine import __version__
from engine.errors import OutputError, RefusedError
from engine.store.projects import atomic_write
from engine.studio.checks_resolve import LIBRARY, SIGNED, Machine, is_ours, our_files, this_machine

if TYPE_CHECKING:
    from engine.studio.context import Studio

__all__ = ["install_resolve", "menu_files", "uninstall_resolve"]

SOURCES = Path(__file__).parents[1]
"""The checkout, or the folder that the wheel was unpacked into."""
FREE_FOLDER = "Free 21.1 and later"
CANARY = "Are entries missing.lua"


def install_resolve(studio: Studio, show: bool, machine: Machine | None = None) -> dict[str, Any]:
    """Writes library and menu; removes copies of ours in every other place. Raises `OutputError`, `RefusedError`."""
    machine = machine or this_machine()
    library = (studio.workspace / LIBRARY).absolute()
    files = menu_files(library, machine)
    if show:
        text = "\n".join([f"{library}: what the menu runs", *(f"{machine.menu / name}" for name in files)])
        return {"part": "resolve", "file": str(machine.menu), "text": text, "notes": []}
    _write_library(studio, library, machine)
    for name, body in files.items():
        path = machine.menu / name
        if path.exists() and not is_ours(path):
            raise RefusedError("output_not_ours", f"{path} was not written by Cutprint.", "Move it away first.")
        atomic_write(path, body.encode("utf-8"))
    wanted = {machine.menu / name for name in files}
    notes = _removed(path for folder in machine.all_scripts() for path in our_files(folder) if path not in wanted)
    return {"part": "resolve", "file": str(machine.menu), "text": None, "notes": [*notes, *_advice(studio, machine)]}


def _advice(studio: Studio, machine: Machine) -> Iterator[str]:
    from engine.studio.checks_resolve import python_line, resolve_line

    for row in (resolve_line(studio, machine), python_line(studio, machine)):
        if row["fix"]:
            yield f"{row['name']}: {row['found']}. {row['fix']}"
    yield "Restart Resolve, open a project, then Workspace > Scripts > Cutprint > 0 Connect."


def uninstall_resolve(studio: Studio, machine: Machine | None = None) -> dict[str, Any]:
    """Takes menu and library away, wherever copies lie. Edits stay."""
    machine = machine or this_machine()
    found = [path for folder in machine.all_scripts() for path in our_files(folder)]
    notes = [note for note in _removed(found) if "administrator" in note]
    library = studio.workspace / LIBRARY
    had = bool(found) or library.is_dir()
    shutil.rmtree(library, ignore_errors=True)
    return {"part": "resolve", "file": str(machine.menu), "removed": had, "notes": notes}


def _removed(paths: Any) -> list[str]:
    """Deletes files of ours and folders that are empty then; says what it may not delete."""
    notes = []
    for path in list(paths):
        try:
            path.unlink()
            notes.append(f"Removed the old copy {path}.")
            for folder in list(path.parents)[:2]:
                if folder.name in ("Cutprint", FREE_FOLDER) and not any(folder.iterdir()):
                    folder.rmdir()
        except OSError as cause:
            notes.append(f"{path} could not be removed ({cause.strerror}): delete it as administrator.")
    return notes


def _write_library(studio: Studio, library: Path, machine: Machine) -> None:
    scripts = sorted((SOURCES / "resolve_scripts").glob("*.py"))
    agent = SOURCES / "plugin" / "resolve" / "agent.lua"
    if not scripts or not agent.is_file():
        raise OutputError("scripts_missing", "The scripts for Resolve did not come with this installation.", "Reinstall cutprint.")
    for path in scripts:
        atomic_write(library / path.name, path.read_bytes())
    for path in set(library.glob("*.py")) - {library / one.name for one in scripts}:
        path.unlink()  # of an earlier version
    atomic_write(library / "agent.lua", agent.read_bytes())
    command = [sys.executable, "-m", "bridge_server"]
    config = {
        "version": __version__,
        "workspace": str(studio.workspace.absolute()),
        "command": command,
        "mailbox": str(library / "mailbox"),
        "profiles": str(machine.fusion / "Profiles"),
    }
    (library / "mailbox").mkdir(exist_ok=True)
    atomic_write(library / "cutprint.json", json.dumps(config, indent=2).encode())


def menu_files(library: Path, machine: Machine) -> dict[str, str]:
    """Name below the menu's folder -> text of each entry."""
    from bridge_server.resolve_entries import ENTRIES

    files = {}
    for title, verb, arguments in ENTRIES:
        files[f"{title}.py"] = _python_entry(library, title, verb, arguments)
        wish = ":".join([verb, *(str(one).lower() for one in arguments)])
        files[f"{FREE_FOLDER}/{title}.lua"] = _lua_entry(library, title, wish)
    files["Probe this Resolve.py"] = _python_entry(library, "Probe this Resolve", "probe", ())
    files[CANARY] = _lua_entry(library, "Are entries missing", "canary")
    return files


def _python_entry(library: Path, title: str, verb: str, arguments: tuple[Any, ...]) -> str:
    return f"""# {SIGNED} {title}; made by `cutprint install resolve`, which writes it anew.
import sys

LIBRARY = {str(library)!a}
sys.path.insert(0, LIBRARY)
try:
    import menu
except ImportError:
    print("Cutprint: its files are not in " + LIBRARY + " any more. Run: cutprint install resolve")
    import os, tempfile, webbrowser
    page = os.path.join(tempfile.gettempdir(), "cutprint-message.html")
    with open(page, "w") as file:
        file.write("<h1>Cutprint</h1><p>Its files were moved or removed.</p><p><b>Run: cutprint install resolve</b></p>")
    webbrowser.open("file://" + page)
else:
    menu.run({verb!r}, {arguments!r}, globals().get("resolve"), LIBRARY)
"""


def _lua_entry(library: Path, title: str, wish: str) -> str:
    return f"""-- {SIGNED} {title}; made by `cutprint install resolve`, which writes it anew.
CUTPRINT_WISH = {_lua_text(wish)}
CUTPRINT_MAILBOX = {_lua_text(str(library / "mailbox"))}
dofile({_lua_text(str(library / "agent.lua"))})
"""


def _lua_text(text: str) -> str:
    """A Lua string in plain ASCII: other bytes as escapes."""
    return '"' + "".join(chr(one) if 32 <= one < 127 and one not in b'"\\' else f"\\{one:03d}" for one in text.encode("utf-8")) + '"'
