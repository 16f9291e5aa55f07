"""Videos and storyboards of timelines."""

from __future__ import annotations

import dataclasses
import glob
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import CutprintError
from engine.media.decode import still
from engine.media.fingerprint import fingerprint
from engine.model.media import Media
from engine.model.timeline import Placement, Timeline
from engine.render.run import RenderOptions, RenderReport
from engine.render.run import render as render_timeline
from engine.render.storyboard import jpeg, picture_from, storyboard
from engine.store.cache import CacheKey
from engine.store.projects import ProjectFolder, load_timeline, refuse_overwrite, remember_output
from engine.studio.requests import RenderRequest

if TYPE_CHECKING:
    from engine.progress import Progress
    from engine.studio.context import Studio

__all__ = ["media_paths", "render", "render_head", "report_json", "storyboard_png"]

THUMBNAIL_PX = 480
THUMBNAIL_VERSION = "1"


def render(studio: Studio, request: RenderRequest, progress: Progress) -> dict[str, Any]:
    """Handler of `render`."""
    timeline, source = load_timeline(request.timeline)
    refuse_overwrite(request.output, source.parent)
    options = RenderOptions(request.preset, request.quality, request.audio)
    paths = media_paths(timeline, [source.parent, *([request.media] if request.media else [])])
    report = _render(studio, timeline, request.output, paths, options, progress)
    remember_output(request.output, source.parent)
    return report_json(report)


def render_head(studio: Studio, folder: ProjectFolder, timeline: Timeline, name: str, progress: Progress) -> RenderReport:
    """Renders a project's head into its folder."""
    paths = media_paths(timeline, [folder.folder])
    report = _render(studio, timeline, folder.folder / name, paths, RenderOptions(), progress)
    folder.remember(name)
    return report


def _render(
    studio: Studio, timeline: Timeline, output: Path, paths: Mapping[str, str], options: RenderOptions, progress: Progress
) -> RenderReport:
    cache = studio.workspace / "cache" / "segments"
    workers = studio.settings.worker_count
    report = render_timeline(timeline, output, paths=paths, cache=cache, options=options, workers=workers, progress=progress)
    _trim_segments(cache, int(studio.settings.cache_limit_gb * 1e9 / 2))
    return report


def _trim_segments(cache: Path, limit_bytes: int) -> None:
    """Half of the cache's limit is for finished segments; the longest unused go first."""
    files = sorted(((file.stat().st_mtime, file.stat().st_size, file) for file in cache.glob("*.m*")), reverse=True)
    total = 0
    for _, size, file in files:
        total += size
        if total > limit_bytes:
            file.unlink(missing_ok=True)


def report_json(report: RenderReport) -> dict[str, Any]:
    """A render's report as JSON."""
    return {**dataclasses.asdict(report), "warnings": list(report.warnings)}


def media_paths(timeline: Timeline, folders: list[Path]) -> dict[str, str]:
    """Where each media file is now: where it was, else in `folders` under its name, else below all but the first of them.

    A file counts only with the content that the timeline knows; media found nowhere are left out.
    """
    found = {}
    for row in timeline.media:
        place = next((one for one in _candidates(row, folders) if _is_same(row, one)), None)
        if place is not None:
            found[row.media_id] = str(place)
    return found


def _candidates(row: Media, folders: list[Path]) -> Iterator[Path]:
    yield Path(row.path)
    yield from (folder / row.name for folder in folders)
    for folder in folders[1:]:
        yield from sorted(folder.rglob(glob.escape(row.name)))


def _is_same(row: Media, path: Path) -> bool:
    try:
        return path.is_file() and path.stat().st_size == row.size_bytes and fingerprint(path) == row.media_id
    except (OSError, CutprintError):
        return False


def storyboard_png(studio: Studio, timeline: Timeline, progress: Progress) -> bytes:
    """The storyboard as PNG bytes; pictures come from the cache where they are known."""
    progress.stage("Drawing the storyboard", len(timeline.clips))

    def frame_of(clip: Placement) -> NDArray[np.uint8]:
        progress.advance()
        return _thumbnail(studio, timeline.media_of(clip), _middle(timeline, clip))

    return storyboard(timeline, frame_of)


def _middle(timeline: Timeline, clip: Placement) -> int:
    """The source frame half-way through what a placement shows."""
    half = timeline.rate.seconds(clip.duration_frames) * clip.speed / 2
    return clip.source_start_frame + clip.source_rate.frame_at(half)


def _thumbnail(studio: Studio, media: Media, frame: int) -> NDArray[np.uint8]:
    key = CacheKey(media.media_id, "still", THUMBNAIL_VERSION, f"{frame}@{THUMBNAIL_PX}")
    kept = studio.cache.get(key)
    if kept is not None:
        return picture_from(kept)
    try:
        picture = still(media, frame, THUMBNAIL_PX)
    except CutprintError:
        return np.full((THUMBNAIL_PX, THUMBNAIL_PX * 9 // 16, 3), 40, np.uint8)  # offline: the sheet shows a blank there
    studio.cache.put(key, jpeg(picture))
    return picture
