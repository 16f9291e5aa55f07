"""Entry point of OpenTimelineIO's plugins: which adapters of ours its own tools find."""

from __future__ import annotations

from pathlib import Path
from typing import Any

__all__ = ["plugin_manifest"]


def plugin_manifest() -> Any:
    """An `opentimelineio.plugins.manifest.Manifest`, of plugin_manifest.json beside this file."""
    from opentimelineio.plugins.manifest import manifest_from_file

    return manifest_from_file(str(Path(__file__).with_name("plugin_manifest.json")))
