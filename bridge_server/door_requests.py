"""What the doors' own commands may be asked: they start, find and set up the bridge, and stand in `bridge_server.doors`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from engine.studio.requests.fields import said

__all__ = ["InstallRequest", "McpRequest", "OpenRequest", "ServeRequest", "UninstallRequest", "WatchRequest"]


@dataclass(frozen=True)
class ServeRequest:
    """The bridge: answers programs and the review panel on 127.0.0.1, runs jobs, watches folders. Ctrl-C ends it."""

    port: int | None = said("Port to listen on; default: the setting `port`, or a free one when another program has that.", None)
    host: str | None = said("Another address than 127.0.0.1: others in the network can then reach it (the token is still needed).", None)
    root: tuple[Path, ...] = said("Folder whose files programs may name; remembered.", ())
    open: bool = said("Open the panel in the browser.", False)


@dataclass(frozen=True)
class OpenRequest:
    """The panel in the browser, signed in. Starts the bridge where none runs."""

    print: bool = said("Print the one-time link instead of opening it.", False)


@dataclass(frozen=True)
class WatchRequest:
    """A sub-folder with clips and one song becomes an edit as soon as its files stop growing."""

    folders: tuple[Path, ...] = said("Folders to watch, from now on.", argument=True)
    forget: bool = said("Watch them no longer.", False)
    once: bool = said("Do what there is to do now, then stop.", False)


@dataclass(frozen=True)
class McpRequest:
    """Lets an assistant use Cutprint over standard input and output (Model Context Protocol; extra `[mcp]`)."""


@dataclass(frozen=True)
class InstallRequest:
    """Puts a part of Cutprint in its place: the menu in DaVinci Resolve, the exchange folder for Premiere, the bridge at sign-in."""

    part: str = said("What to install.", argument=True, choices=("resolve", "premiere", "service"))
    show: bool = said("Only show what would be written, and where.", False)


@dataclass(frozen=True)
class UninstallRequest:
    """Takes such a part away again."""

    part: str = said("What to take away.", argument=True, choices=("resolve", "premiere", "service"))
