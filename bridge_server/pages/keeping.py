"""Pages about what is kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from bridge_server.pages.layout import Result, size

__all__ = ["PAGES"]


def backup_page(result: Result) -> str:
    rows = sum(result["rows"].values())
    return f"{result['file']}: {rows} rows and {len(result['files'])} files, {size(result['size_bytes'])}."


def restore_page(result: Result) -> str:
    lines = [f"{sum(result['rows'].values())} rows and {len(result['files'])} files from {result['file']} (Cutprint {result['made_by']})."]
    return "\n".join([*lines, *([f"The damaged database lies in {result['set_aside']}."] if result["set_aside"] else [])])


def folders_page(result: Result) -> str:
    lines = ["Programs may use files below:", *(f"  {path}" for path in result["open"])]
    return "\n".join([*lines, "Watched:", *(f"  {path}" for path in result["watched"])])


PAGES: Mapping[str, Callable[[Result], str]] = MappingProxyType(
    {
        "backup": backup_page,
        "restore": restore_page,
        "folders.list": folders_page,
        "folders.add": folders_page,
        "folders.remove": folders_page,
    }
)
