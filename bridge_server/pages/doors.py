"""Pages of the doors' own commands."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from bridge_server.pages.layout import Result

__all__ = ["PAGES"]


def serve_page(result: Result) -> str:
    return f"The bridge at {result['url']} ran for {result['ran_s']:.0f} s."


def open_page(result: Result) -> str:
    return f"{'Started' if result['started'] else 'Found'} the bridge: {result['url']}"


def watch_page(result: Result) -> str:
    lines = [f"Watched by {result['by']}:" if result["by"] else "Watched from now on:"]
    lines += [f"  {path}" for path in result["watched"]] or ["  nothing"]
    return "\n".join([*lines, *(f"{row['status']}: {row['path']}" for row in result["handled"])])


def mcp_page(result: Result) -> str:
    return ""  # standard output belongs to the protocol


def install_page(result: Result) -> str:
    if result["text"] is not None:
        return f"{result['file']}:\n\n{result['text']}"
    return "\n".join([f"Installed {result['file']}.", *result["notes"]])


def uninstall_page(result: Result) -> str:
    return "\n".join([f"{'Removed' if result['removed'] else 'There was no'} {result['file']}.", *result["notes"]])


PAGES: Mapping[str, Callable[[Result], str]] = MappingProxyType(
    {
        "serve": serve_page,
        "open": open_page,
        "watch": watch_page,
        "mcp": mcp_page,
        "install": install_page,
        "uninstall": uninstall_page,
    }
)
