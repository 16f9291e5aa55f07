"""What is kept, and forgetting it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.errors import BadOption
from engine.studio import proxies
from engine.studio.requests import CacheRequest

if TYPE_CHECKING:
    from engine.progress import Progress
    from engine.studio.context import Studio

__all__ = ["cache"]


def cache(studio: Studio, request: CacheRequest, progress: Progress) -> dict[str, Any]:
    """Handler of `cache`: what is kept (before clearing, when that is asked)."""
    if request.action not in ("info", "clear"):
        raise BadOption("bad_action", f"The cache cannot {request.action!r}.", "Use info or clear.")
    segments, previews = studio.workspace / "cache" / "segments", proxies.folder_of(studio)
    sizes, preview_sizes = _sizes(segments), _sizes(previews)
    clearing = request.action == "clear"
    info = studio.cache.clear() if clearing else studio.cache.info()
    if clearing:
        for folder in (segments, previews):
            shutil.rmtree(folder, ignore_errors=True)
    return {
        "action": request.action,
        "path": info.path,
        "entries": info.entries,
        "size_bytes": info.size_bytes,
        "files": info.files,
        "kinds": {name: {"entries": count, "size_bytes": size} for name, (count, size) in info.by_analyser.items()},
        "segments": {"entries": len(sizes), "size_bytes": sum(sizes)},
        "proxies": {"entries": len(preview_sizes), "size_bytes": sum(preview_sizes)},
        "limit_gb": studio.settings.cache_limit_gb,
    }


def _sizes(folder: Path) -> list[int]:
    return [file.stat().st_size for file in folder.glob("*") if file.is_file()] if folder.is_dir() else []
