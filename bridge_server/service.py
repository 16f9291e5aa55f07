"""`install service`: the bridge starts when the user signs in, by what each system has for that; no administrator is needed.

Linux: a systemd user unit. macOS: a launchd agent. Windows: a script in the Startup folder.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from engine.errors import CutprintError, RefusedError
from engine.store.projects import atomic_write

if TYPE_CHECKING:
    from bridge_server.door_requests import InstallRequest, UninstallRequest
    from engine.progress import Progress
    from engine.studio.context import Studio

__all__ = ["Service", "install", "service_for", "uninstall"]

SIGNED = "Written by Cutprint."
NAME = "cutprint-bridge"
LABEL = "org.cutprint.bridge"


@dataclass(frozen=True)
class Service:
    """One file and the commands that make the system notice it, and forget it."""

    path: Path
    text: str
    begin: tuple[tuple[str, ...], ...]
    end: tuple[tuple[str, ...], ...]


def service_for(system: str, home: Path, environment: Mapping[str, str], workspace: Path, program: str) -> Service:
    """What starts `program -m bridge_server serve` at sign-in. system : sys.platform."""
    command = [program, "-m", "bridge_server", "serve", "--quiet", "--workspace", str(workspace)]
    if system == "darwin":
        return _launchd(home, command)
    if system == "win32":
        return _startup(home, environment, command)
    return _systemd(home, environment, command)


def _systemd(home: Path, environment: Mapping[str, str], command: Sequence[str]) -> Service:
    folder = Path(environment.get("XDG_CONFIG_HOME") or home / ".config") / "systemd" / "user"
    words = " ".join(_systemd_quoted(word) for word in command)
    text = f"""# {SIGNED}
[Unit]
Description=Cutprint bridge

[Service]
ExecStart={words}
Restart=on-failure
RestartSec=5

[Install]
WantedBy=default.target
"""
    control = ("systemctl", "--user")
    begin = ((*control, "daemon-reload"), (*control, "enable", "--now", f"{NAME}.service"))
    return Service(folder / f"{NAME}.service", text, begin, ((*control, "disable", "--now", f"{NAME}.service"),))


def _systemd_quoted(word: str) -> str:
    """systemd.service(5), "Quoting" and specifiers: percent and dollar signs are doubled."""
    plain = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{plain}"'


def _launchd(home: Path, command: Sequence[str]) -> Service:
    words = "".join(f"    <string>{escape(word)}</string>\n" for word in command)
    text = f"""<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<!-- {SIGNED} -->
<plist version="1.0">
<dict>
  <key>Label</key>
  <string>{LABEL}</string>
  <key>ProgramArguments</key>
  <array>
{words}  </array>
  <key>RunAtLoad</key>
  <true/>
  <key>KeepAlive</key>
  <dict><key>SuccessfulExit</key><false/></dict>
</dict>
</plist>
"""
    path = home / "Library" / "LaunchAgents" / f"{LABEL}.plist"
    return Service(path, text, (("launchctl", "load", "-w", str(path)),), (("launchctl", "unload", "-w", str(path)),))


def _startup(home: Path, environment: Mapping[str, str], command: Sequence[str]) -> Service:
    roaming = Path(environment.get("APPDATA") or home / "AppData" / "Roaming")
    folder = roaming / "Microsoft" / "Windows" / "Start Menu" / "Programs" / "Startup"
    words = " ".join('""' + word + '""' for word in command)  # quotes are doubled inside a VBScript string
    text = f'\' {SIGNED}\r\nCreateObject("WScript.Shell").Run "{words}", 0, False\r\n'
    path = folder / f"{NAME}.vbs"
    return Service(path, text, (("wscript", str(path)),), ())


def install(studio: Studio, request: InstallRequest, progress: Progress) -> dict[str, Any]:
    """Handler of `install`: the file that was written, and what the system said to it."""
    service = _mine(studio)
    if request.show:
        return {"part": request.part, "file": str(service.path), "text": service.text, "notes": []}
    _refuse_foreign(service)
    atomic_write(service.path, service.text.encode())
    return {"part": request.part, "file": str(service.path), "text": None, "notes": _told(service.begin)}


def uninstall(studio: Studio, request: UninstallRequest, progress: Progress) -> dict[str, Any]:
    """Handler of `uninstall`."""
    service = _mine(studio)
    if not service.path.exists():
        return {"part": request.part, "file": str(service.path), "removed": False, "notes": []}
    _refuse_foreign(service)
    notes = _told(service.end)
    service.path.unlink()
    return {"part": request.part, "file": str(service.path), "removed": True, "notes": notes}


def _mine(studio: Studio) -> Service:
    return service_for(sys.platform, Path.home(), os.environ, studio.workspace.absolute(), sys.executable)


def _refuse_foreign(service: Service) -> None:
    if service.path.exists() and SIGNED not in service.path.read_text(encoding="utf-8", errors="replace"):
        raise RefusedError("output_not_ours", f"{service.path} was not written by Cutprint.", "Move it away first.")


def _told(commands: Sequence[Sequence[str]]) -> list[str]:
    """Runs the system's own commands; what they say against it comes back as notes."""
    notes = []
    for command in commands:
        try:
            if shutil.which(command[0]) is None:
                notes.append(f"{command[0]} is not here; it takes effect at the next sign-in.")
                continue
            done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
            if done.returncode:
                notes.append(f"{' '.join(command)}: {(done.stderr or done.stdout).strip()[:300]}")
        except (OSError, subprocess.SubprocessError, CutprintError) as cause:
            notes.append(f"{' '.join(command)}: {cause}")
    return notes
