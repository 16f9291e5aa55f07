"""Where DaVinci Resolve and Premiere keep their things on each system, what of ours lies there, and doctor's lines about it.

A `Machine` is a system with a home folder: this one, or one that a test made up.
"""

from __future__ import annotations

import json
import os
import plistlib
import re
import shutil
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from engine.studio.context import Studio

__all__ = ["LIBRARY", "MENU", "NLE_CHECKS", "SIGNED", "Machine", "our_files", "this_machine"]

SIGNED = "Written by Cutprint."
"""First words of every file that we put into somebody else's folders."""
MENU = "Cutprint"
CATEGORY = "Utility"
"""Entries here are listed on every page; others only on theirs."""
CATEGORIES = ("Utility", "Edit", "Color", "Comp", "Tool", "Deliver")
LIBRARY = "resolve-scripts"
"""In the workspace: what the menu entries run."""
FREE_WITHOUT_PYTHON = (21, 1)
"""From this version on the free edition lists no Python scripts (Blackmagic's notes on 21.1)."""
OLD_WITH_NEW_PYTHON = (21, 0)
"""Up to this version Resolve for Windows has been seen to crash with Python 3.13 and later."""
VENDOR = ("Blackmagic Design", "DaVinci Resolve")

Row = dict[str, str]


@dataclass(frozen=True)
class Machine:
    """system : sys.platform. root : what stands for `/` (and for `C:/` on Windows). pythons : versions in the registry (Windows)."""

    system: str
    home: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    root: Path = Path("/")
    pythons: tuple[tuple[int, int], ...] = ()

    def _roaming(self) -> Path:
        return Path(self.environment.get("APPDATA") or self.home / "AppData" / "Roaming")

    @property
    def scripts(self) -> Path:
        """The per-user folder of scripts; it may not exist yet."""
        if self.system == "darwin":
            return self.home.joinpath("Library", "Application Support", *VENDOR, "Fusion", "Scripts")
        if self.system == "win32":
            return self._roaming().joinpath(*VENDOR, "Support", "Fusion", "Scripts")
        data = Path(self.environment.get("XDG_DATA_HOME") or self.home / ".local" / "share")
        return data / "DaVinciResolve" / "Fusion" / "Scripts"

    @property
    def fusion(self) -> Path:
        """Fusion's per-user folder: scripts, profiles with their preferences."""
        return self.scripts.parent

    @property
    def menu(self) -> Path:
        return self.scripts / CATEGORY / MENU

    def all_scripts(self) -> list[Path]:
        """Every folder in which copies of ours may lie: per user, for all users, of the App Store's builds, and of a page of the manual."""
        found = [self.scripts, self._shared()]
        if self.system == "darwin":
            found += [box.joinpath("Data", "Library", "Application Support", "Fusion", "Scripts") for box in self.containers()]
            found += [box.joinpath("Data", "Library", "Application Support", *VENDOR, "Fusion", "Scripts") for box in self.containers()]
        if self.system == "win32":
            found.append(self._roaming().joinpath("Roaming", *VENDOR, "Support", "Fusion", "Scripts"))  # as the README has it, wrongly
        if self.system.startswith("linux"):
            found.append(self.home / ".local" / "share" / "DaVinciResolve" / "Fusion" / "Scripts")
        return list(dict.fromkeys(found))

    def _shared(self) -> Path:
        if self.system == "darwin":
            return self.root.joinpath("Library", "Application Support", *VENDOR, "Fusion", "Scripts")
        if self.system == "win32":
            return Path(self.environment.get("PROGRAMDATA") or self.root / "ProgramData").joinpath(*VENDOR, "Fusion", "Scripts")
        return self.root / "opt" / "resolve" / "Fusion" / "Scripts"

    def containers(self) -> list[Path]:
        """Sandboxes of App Store builds."""
        return sorted((self.home / "Library" / "Containers").glob("com.blackmagic-design.DaVinciResolve*"))

    def programs(self) -> list[Path]:
        """Where Resolve itself is."""
        places = {
            "darwin": (
                "Applications/DaVinci Resolve/DaVinci Resolve.app",
                "Applications/DaVinci Resolve.app",
                "Applications/DaVinci Resolve Studio.app",
            ),
            "win32": ("Program Files/Blackmagic Design/DaVinci Resolve/Resolve.exe",),
        }.get(self.system, ("opt/resolve/bin/resolve",))
        return [self.root / place for place in places if (self.root / place).exists()]

    def preferences(self) -> Path:
        if self.system == "darwin":
            return self.home.joinpath("Library", "Preferences", *VENDOR)
        if self.system == "win32":
            return self._roaming().joinpath(*VENDOR, "Preferences")
        return self.home / ".local" / "share" / "DaVinciResolve" / "configs"

    def premieres(self) -> list[str]:
        """Names of the installed versions of Premiere Pro, newest last."""
        folder = self.root / ("Applications" if self.system == "darwin" else "Program Files/Adobe")
        return sorted(path.name for path in folder.glob("Adobe Premiere Pro*")) if self.system in ("darwin", "win32") else []


def this_machine() -> Machine:
    root = Path(os.environ.get("SYSTEMDRIVE", "C:") + "/") if sys.platform == "win32" else Path("/")
    return Machine(sys.platform, Path.home(), os.environ, root, _registered())


def _registered() -> tuple[tuple[int, int], ...]:
    """Python versions that Windows knows of; Resolve takes the highest."""
    if sys.platform != "win32":
        return ()
    import winreg  # pragma: no cover

    found = []  # pragma: no cover
    for hive in (winreg.HKEY_CURRENT_USER, winreg.HKEY_LOCAL_MACHINE):  # pragma: no cover
        try:
            with winreg.OpenKey(hive, r"Software\Python\PythonCore") as key:
                names = [winreg.EnumKey(key, index) for index in range(winreg.QueryInfoKey(key)[0])]
        except OSError:
            continue
        found += [(int(one[1]), int(one[2])) for one in (re.match(r"(\d+)\.(\d+)", name) for name in names) if one]
    return tuple(sorted(set(found)))  # pragma: no cover


def our_files(folder: Path) -> Iterator[Path]:
    """Files of ours below a folder of scripts, by what they begin with."""
    for category in CATEGORIES:
        home = folder / category / MENU
        for path in sorted(home.rglob("*")) if home.is_dir() else []:
            if path.is_file() and path.suffix in (".py", ".lua") and is_ours(path):
                yield path


def is_ours(path: Path) -> bool:
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            return SIGNED in file.read(200)
    except OSError:
        return False


def _row(name: str, status: str, found: str, fix: str = "") -> Row:
    return {"name": name, "status": status, "found": found, "fix": fix}


def resolve_line(studio: Studio, machine: Machine | None = None) -> Row:
    """Which Resolve there is, and whether it can run our menu."""
    machine = machine or this_machine()
    programs, seen = machine.programs(), _seen(studio)
    if not programs and not seen and not machine.preferences().is_dir():
        return _row("DaVinci Resolve", "ok", "not found here")
    version = _version(machine, programs, seen)
    edition = str(seen.get("product") or "")
    number = ".".join(map(str, version)) or "of unknown version"
    found = f"{edition} {number}" if edition else f"{number} (whether free or Studio shows once Connect was clicked)"
    if any((program / "Contents" / "_MASReceipt").exists() for program in programs) or (machine.containers() and not programs):
        fix = "Install Resolve from Blackmagic's website: builds from the App Store cannot be scripted."
        return _row("DaVinci Resolve", "problem", f"{found}, from the App Store", fix)
    if seen and not edition.endswith("Studio") and version[:2] >= FREE_WITHOUT_PYTHON:
        fix = "Use Workspace > Scripts > Cutprint > Free 21.1 and later."
        return _row("DaVinci Resolve", "warning", f"{found} lists no Python scripts", fix)
    if version and version[:2] < (18, 5):
        return _row("DaVinci Resolve", "warning", f"{found} is too old for the menu", "Update to 18.5 or later, or import timeline.xml.")
    return _row("DaVinci Resolve", "ok", found)


def _seen(studio: Studio) -> dict[str, Any]:
    """What Resolve said of itself when a menu entry was last clicked."""
    folder = Path(studio.settings.resolve_folder) if studio.settings.resolve_folder else studio.workspace / "resolve"
    try:
        found = json.loads((folder / "last-used.json").read_text(encoding="utf-8"))["hello"]
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    return found if isinstance(found, dict) else {}


def _version(machine: Machine, programs: list[Path], seen: Mapping[str, Any]) -> tuple[int, ...]:
    for program in programs:
        try:
            with (program / "Contents" / "Info.plist").open("rb") as file:
                return _numbers(str(plistlib.load(file).get("CFBundleShortVersionString", "")))
        except (OSError, ValueError, plistlib.InvalidFileException):
            continue
    try:
        return _numbers((machine.preferences() / ".version").read_text(encoding="utf-8", errors="replace"))
    except OSError:
        return tuple(one for one in seen.get("version", ()) if isinstance(one, int))


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(one) for one in re.findall(r"\d+", text)[:3])


def menu_line(studio: Studio, machine: Machine | None = None) -> Row:
    """Whether our menu is there, once, and what it runs is the same version as this."""
    machine = machine or this_machine()
    mine = [path for path in our_files(machine.scripts) if machine.menu in path.parents]
    stale = [path for folder in machine.all_scripts() for path in our_files(folder) if machine.menu not in path.parents]
    if not mine and not stale:
        there = machine.programs() or machine.preferences().is_dir()
        fix = "cutprint install resolve" if there else ""
        return _row("menu in Resolve", "warning" if there else "ok", "not installed", fix)
    if stale:
        where = ", ".join(sorted({str(path.parent) for path in stale}))
        return _row("menu in Resolve", "warning", f"old copies in {where}", "cutprint install resolve (as administrator where it says so).")
    if not _fresh(studio):
        return _row("menu in Resolve", "problem", f"of another version, in {machine.menu}", "cutprint install resolve")
    return _row("menu in Resolve", "ok", f"{len(mine)} entries in {machine.menu}")


def _fresh(studio: Studio) -> bool:
    from engine import __version__

    try:
        config = json.loads((studio.workspace / LIBRARY / "cutprint.json").read_text(encoding="utf-8"))
        command = config["command"]
        return bool(config["version"] == __version__ and Path(command[0]).exists())
    except (OSError, ValueError, KeyError, TypeError, IndexError):
        return False


def python_line(studio: Studio, machine: Machine | None = None) -> Row:
    """Whether Resolve will find a Python: where it finds none, its menu leaves our entries out without a word."""
    machine = machine or this_machine()
    if not (machine.programs() or machine.preferences().is_dir()):
        return _row("Python for Resolve", "ok", "not needed")
    seen = _seen(studio)
    version = _version(machine, machine.programs(), seen)
    if version[:2] >= (21, 1) and str(seen.get("product", "Studio")).endswith("Studio"):
        return _row("Python for Resolve", "ok", "Resolve brings its own")
    if machine.system == "win32":
        return _windows_python(machine, version)
    if machine.system == "darwin":
        home = machine.environment.get("PYTHON3HOME")
        good = bool(home and Path(home).is_dir()) or (machine.root / "usr/local/bin/python3").exists()
        fix = "Install Python from its website; for one from elsewhere: launchctl setenv PYTHON3HOME <its folder>, restart Resolve."
        return _row("Python for Resolve", "ok", "found") if good else _row("Python for Resolve", "problem", "Resolve finds none", fix)
    path = machine.environment.get("PATH", os.defpath)
    found = shutil.which("python3", path=path)
    return (
        _row("Python for Resolve", "ok", str(found)) if found else _row("Python for Resolve", "problem", "no python3", "Install python3.")
    )


def _windows_python(machine: Machine, version: tuple[int, ...]) -> Row:
    if not machine.pythons:
        return _row(
            "Python for Resolve",
            "problem",
            "none is registered",
            "Install Python 3.10 to 3.12 from its website, for you alone or all users.",
        )
    newest = max(machine.pythons)
    if newest >= (3, 13) and version[:2] <= OLD_WITH_NEW_PYTHON:
        found = f"Resolve takes {newest[0]}.{newest[1]}, with which it has crashed"
        return _row("Python for Resolve", "warning", found, "Set FUSION_PYTHON3_HOME to the folder of a Python 3.10 to 3.12.")
    return _row("Python for Resolve", "ok", f"{newest[0]}.{newest[1]}")


def scripting_line(studio: Studio, machine: Machine | None = None) -> Row:
    """External scripting: only what reaches Resolve from outside needs it; the menu does not."""
    machine = machine or this_machine()
    try:
        text = (machine.preferences() / "config.dat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return _row("external scripting", "ok", "unknown; the menu does not need it")
    mode = re.search(r"System\.Scripting\.Mode\s*=\s*(\d)", text)
    words = {"0": "off; the menu does not need it", "1": "local", "2": "open to the network"}.get(mode[1] if mode else "", "unknown")
    if words.startswith("open"):
        fix = "Set Preferences > System > General > External scripting using to Local: others in the network can drive your Resolve."
        return _row("external scripting", "warning", words, fix)
    return _row("external scripting", "ok", words)


def premiere_line(studio: Studio, machine: Machine | None = None) -> Row:
    machine = machine or this_machine()
    names = machine.premieres()
    return _row("Premiere Pro", "ok", names[-1].removeprefix("Adobe ") if names else "not found here")


NLE_CHECKS = {
    "DaVinci Resolve": resolve_line,
    "menu in Resolve": menu_line,
    "Python for Resolve": python_line,
    "external scripting": scripting_line,
    "Premiere Pro": premiere_line,
}
