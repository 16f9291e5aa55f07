"""Pages about footage."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from bridge_server.pages.layout import Result

__all__ = ["PAGES"]


def label_page(result: Result) -> str:
    lines = []
    for clip in result["clips"]:
        said = ", ".join(f"{name} {_word(value)}" for name, value in clip["labels"].items() if value is not None)
        lines.append(f"{Path(clip['path']).name}: {clip['problem'] or said or 'no labels'}")
    return "\n".join(lines)


def _word(value: object) -> str:
    return {True: "yes", False: "no"}.get(value, str(value)) if isinstance(value, bool) else str(value)


PAGES: Mapping[str, Callable[[Result], str]] = MappingProxyType({"label": label_page})
