"""Small copies of clips for preview: where they lie, how much room they may take, and making those that are not there.

The analysis pass writes them on the way (`engine.media.proxy`); they are a cache, by content, and the longest unused go first.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from engine.media.proxy import PROXY_VERSION, write_proxy
from engine.model.media import Media
from engine.store.filecache import trim_files
from engine.studio.workers import run_all

if TYPE_CHECKING:
    from engine.progress import Progress
    from engine.studio.context import Studio

__all__ = ["ensure", "folder_of", "kept", "path_of", "trim"]


def folder_of(studio: Studio) -> Path:
    return studio.workspace / "cache" / "proxies"


def path_of(studio: Studio, media_id: str) -> Path:
    """Where a clip's proxy lies or would lie."""
    return folder_of(studio) / f"{media_id}-{PROXY_VERSION}.mp4"


def kept(studio: Studio, media_id: str) -> Path | None:
    """A clip's proxy, marked as used now; None where there is none (`ensure` makes it)."""
    path = path_of(studio, media_id)
    try:
        os.utime(path)
    except OSError:
        if not path.is_file():  # a read-only workspace still has its proxies
            return None
    return path


def ensure(studio: Studio, media: Sequence[Media], progress: Progress) -> dict[str, Path]:
    """Proxies of these clips by media id, made where they are missing; a clip that cannot be read has none."""
    found = {one.media_id: path for one in media if (path := kept(studio, one.media_id)) is not None}
    missing = [one for one in media if one.media_id not in found and one.video is not None]
    if missing:
        jobs = [(one, path_of(studio, one.media_id)) for one in missing]
        weights = [max(1.0, one.duration_s) for one in missing]
        made = run_all(studio, _make, jobs, "Making previews", progress, weights, tells=True)
        found.update({one.media_id: path for one, path in zip(missing, made) if isinstance(path, Path)})
        trim(studio)
    return found


def _make(job: tuple[Media, Path], tell: Callable[[float], None]) -> Path | None:
    media, path = job
    return path if write_proxy(media, path, tell) else None


def trim(studio: Studio) -> int:
    """Removes the longest unused until the limit is kept; returns how many went."""
    return trim_files(folder_of(studio), studio.settings.proxy_limit_gb * 1e9)
