"""What is kept, within its limit, and forgetting it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.errors import BadOption
from engine.store.filecache import clear_files, sizes_of, trim_files
from engine.studio import proxies
from engine.studio.requests import CacheRequest

if TYPE_CHECKING:
    from engine.progress import Progress
    from engine.studio.context import Studio

__all__ = ["cache", "segments_of", "trim"]

SEGMENTS_SHARE, PROXIES_SHARE = 0.5, 0.25
"""Of the limit, at most, for rendered segments and for preview copies (chosen); measurements have what is left."""


def segments_of(studio: Studio) -> Path:
    """Where rendered segments are kept."""
    return studio.workspace / "cache" / "segments"


def trim(studio: Studio) -> None:
    """Brings all caches together under the limit; in each the longest unused goes first."""
    limit = studio.settings.cache_limit_gb * 1e9
    segments, previews = segments_of(studio), proxies.folder_of(studio)
    trim_files(segments, limit * SEGMENTS_SHARE)
    trim_files(previews, min(limit * PROXIES_SHARE, studio.settings.proxy_limit_gb * 1e9))
    studio.cache.trim(int(limit - sum(sizes_of(segments)) - sum(sizes_of(previews))))


def cache(studio: Studio, request: CacheRequest, progress: Progress) -> dict[str, Any]:
    """Handler of `cache`: what is kept (before clearing, when that is asked)."""
    if request.action not in ("info", "clear"):
        raise BadOption("bad_action", f"The cache cannot {request.action!r}.", "Use info or clear.")
    segments, previews = segments_of(studio), proxies.folder_of(studio)
    sizes, preview_sizes = sizes_of(segments), sizes_of(previews)
    clearing = request.action == "clear"
    info = studio.cache.clear() if clearing else studio.cache.info()
    if clearing:
        for folder in (segments, previews):
            clear_files(folder)
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
