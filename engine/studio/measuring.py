"""One clip measured in a worker process, which loads this module and no other of the room: each of them has to start."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from engine.analysis.clip import AnalysisOptions, analyse_clip
from engine.model import documents
from engine.model.media import Media
from engine.progress import CallbackProgress

__all__ = ["measure"]


def measure(job: tuple[Media, AnalysisOptions, Path | None], tell: Callable[[float], None] = lambda _fraction: None) -> bytes:
    """One clip in a worker process; packed, because that is what the cache keeps."""
    media, options, proxy = job
    total = max(1, media.video.duration_frames if media.video else 1)

    def advanced(_name: str, fraction: float | None) -> None:
        tell(fraction or 0.0)

    progress = CallbackProgress(advanced)
    progress.stage("", total)
    return documents.pack(analyse_clip(media, options, progress, proxy))
