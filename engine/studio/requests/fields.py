"""How fields of requests are declared."""

from __future__ import annotations

from dataclasses import MISSING, field
from typing import Any

__all__ = ["said"]


def said(description: str, default: Any = MISSING, **metadata: Any) -> Any:
    """A dataclass field with its meaning (one sentence) and the metadata that doors read (see the package's docstring)."""
    return field(default=default, metadata={"help": description, **metadata})
