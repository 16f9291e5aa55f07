"""The menu's entries, as `resolve_scripts/menu.py` has them: read from there without importing it."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

__all__ = ["ENTRIES"]


def _entries() -> tuple[tuple[str, str, tuple[Any, ...]], ...]:
    text = (Path(__file__).parents[1] / "resolve_scripts" / "menu.py").read_text(encoding="utf-8")
    for node in ast.parse(text).body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "ENTRIES":
            return tuple(ast.literal_eval(node.value))
    return ()


ENTRIES = _entries()
