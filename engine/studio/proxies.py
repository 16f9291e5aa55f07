"""Small copies of clips for preview: where they lie, how much room they may take, and making those that are not there.

The analysis pass writes them on the way (`engine.media.proxy`); they are a cache, by content, and the longest unused go first.
"""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.media.proxy import PROXY_VERSION, write_proxy
from engine.model.media import Media
from engine.store.filecache import trim_files
from engine.studio.workers import run_all

if TYPE_CHECKING:
    from engine.progress import Progress
    from engine.studio.context import Studio

__all__ = ["ensure", "folder_of", "kept", "path_of", "place", "trim", "unfinished"]

UNFINISHED = ".unfinished-"
FORGOTTEN_S = 86400.0
"""An unfinished run that has begun no file for so long is over: its process was killed (a day; no single clip takes that long)."""

_LOG = logging.getLogger(__name__)


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


@contextlib.contextmanager
def unfinished(studio: Studio) -> Iterator[Path | None]:
    """A folder for workers to write copies in, named as by `path_of`, that goes with all a stop leaves there; None if there can be none."""
    try:
        folder_of(studio).mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=UNFINISHED, dir=folder_of(studio)))
    except OSError as cause:
        _LOG.warning("No proxies in %s: %s", folder_of(studio), cause)
        yield None
        return
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def place(studio: Studio, media_id: str, folder: Path | None) -> None:
    """Puts a clip's copy that a worker has finished in `folder` where it is kept; nothing where there is none."""
    path = path_of(studio, media_id)
    if folder is not None:
        try:
            os.replace(folder / path.name, path)
        except FileNotFoundError:
            pass  # the worker has said why
        except OSError as cause:
            _LOG.warning("No proxy at %s: %s", path, cause)


def ensure(studio: Studio, media: Sequence[Media], progress: Progress) -> dict[str, Path]:
    """Proxies of these clips by media id, made where they are missing; a clip that cannot be read has none."""
    found = {one.media_id: path for one in media if (path := kept(studio, one.media_id)) is not None}
    missing = [one for one in media if one.media_id not in found and one.video is not None]
    if missing:
        _make_all(studio, missing, progress)
        found.update({one.media_id: path for one in missing if (path := kept(studio, one.media_id)) is not None})
        trim(studio)
    return found


def _make_all(studio: Studio, missing: Sequence[Media], progress: Progress) -> None:
    weights = [max(1.0, one.duration_s) for one in missing]
    with unfinished(studio) as folder:
        if folder is None:
            return
        jobs = [(one, folder / path_of(studio, one.media_id).name) for one in missing]

        def keep(index: int, _result: Any) -> None:
            place(studio, missing[index].media_id, folder)

        run_all(studio, _make, jobs, "Making previews", progress, weights, keep, tells=True)


def _make(job: tuple[Media, Path], tell: Callable[[float], None]) -> None:
    media, path = job
    write_proxy(media, path, tell)


def trim(studio: Studio) -> int:
    """Removes the longest unused until the limit is kept, and what killed runs have left; returns how many copies went."""
    for folder in folder_of(studio).glob(f"{UNFINISHED}*"):
        with contextlib.suppress(OSError):
            if time.time() - folder.stat().st_mtime > FORGOTTEN_S:
                shutil.rmtree(folder, ignore_errors=True)
    return trim_files(folder_of(studio), studio.settings.proxy_limit_gb * 1e9)
