"""DOORS: commands that start, find and set up the doors themselves. They belong to no use case of the studio."""

from __future__ import annotations

from types import MappingProxyType

from bridge_server import door_requests
from engine.studio.catalog import UseCase

__all__ = ["DOORS"]

_ROWS = (
    UseCase("serve", door_requests.ServeRequest, "bridge_server.serving:serve", "Run the bridge.", local=True),
    UseCase("open", door_requests.OpenRequest, "bridge_server.serving:open_panel", "Open the panel in the browser.", local=True),
    UseCase("watch", door_requests.WatchRequest, "bridge_server.watch:watch", "Turn dropped folders into edits.", local=True),
    UseCase("mcp", door_requests.McpRequest, "bridge_server.mcp:mcp", "Answer an assistant.", local=True),
    UseCase("install", door_requests.InstallRequest, "bridge_server.installing:install", "Put a part in place.", local=True),
    UseCase("uninstall", door_requests.UninstallRequest, "bridge_server.installing:uninstall", "Take a part away.", local=True),
)

DOORS = MappingProxyType({row.name: row for row in _ROWS})
"""Command -> its row."""
