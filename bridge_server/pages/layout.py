"""What pages are laid out with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["Result", "clock", "size", "table"]

Result = Mapping[str, Any]
"""What a handler returns."""


def clock(seconds: float) -> str:
    """Minutes and seconds: 1:05.50."""
    return f"{int(seconds // 60)}:{seconds % 60:05.2f}"


def size(number: float) -> str:
    """Bytes as MB or GB."""
    return f"{number / 1e6:.1f} MB" if number < 1e9 else f"{number / 1e9:.2f} GB"


def table(rows: list[list[str]], head: list[str]) -> str:
    """Rows under a head, in columns as wide as they need to be."""
    widths = [max(len(row[column]) for row in [head, *rows]) for column in range(len(head))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in [head, *rows]]
    return "\n".join(lines)
