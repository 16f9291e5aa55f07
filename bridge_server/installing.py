"""`install` and `uninstall`: one part each, to the module that knows where it goes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bridge_server import service
from bridge_server.resolve_install import install_resolve, uninstall_resolve
from engine.studio.checks_resolve import Machine, this_machine

if TYPE_CHECKING:
    from bridge_server.door_requests import InstallRequest, UninstallRequest
    from engine.progress import Progress
    from engine.studio.context import Studio

__all__ = ["install", "uninstall"]

EXCHANGE = "Cutprint"


def install(studio: Studio, request: InstallRequest, progress: Progress) -> dict[str, Any]:
    """Handler of `install`."""
    if request.part == "resolve":
        return install_resolve(studio, request.show)
    if request.part == "premiere":
        return install_premiere(studio, request.show)
    return service.install(studio, request, progress)


def uninstall(studio: Studio, request: UninstallRequest, progress: Progress) -> dict[str, Any]:
    """Handler of `uninstall`."""
    if request.part == "resolve":
        return uninstall_resolve(studio)
    if request.part == "premiere":
        return uninstall_premiere(studio)
    return service.uninstall(studio, request, progress)


def install_premiere(studio: Studio, show: bool, machine: Machine | None = None) -> dict[str, Any]:
    """A watched folder for the way to Premiere and back: shoots go in, timelines come out, what Premiere exports into `returns` is read."""
    machine = machine or this_machine()
    folder = machine.home / "Documents" / EXCHANGE
    steps = [
        f"1. Put a folder with clips and one song into {folder}: the edit appears in its folder `cutprint`.",
        "2. In Premiere: File > Import, choose that timeline.xml.",
        f"3. When you have changed it: File > Export > Final Cut Pro XML, into {folder / 'returns'}: Cutprint reads it back by itself.",
        "A folder is watched while the bridge runs: `cutprint serve`, or `cutprint install service`.",
    ]
    if show:
        return {"part": "premiere", "file": str(folder), "text": "\n".join(steps), "notes": []}
    (folder / "returns").mkdir(parents=True, exist_ok=True)
    studio.store.folders.watch(folder.resolve(), studio.now())
    found = machine.premieres()
    return {"part": "premiere", "file": str(folder), "text": None, "notes": [*(f"Found {name}." for name in found[-1:]), *steps]}


def uninstall_premiere(studio: Studio, machine: Machine | None = None) -> dict[str, Any]:
    """The folder is watched no longer; what lies in it stays."""
    machine = machine or this_machine()
    folder = machine.home / "Documents" / EXCHANGE
    had = studio.store.folders.unwatch(folder.resolve())
    return {
        "part": "premiere",
        "file": str(folder),
        "removed": had,
        "notes": [f"{folder} is watched no longer; what lies in it is yours."] if had else [],
    }
