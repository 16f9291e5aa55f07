"""What a worker process does with one clip. It loads this module and no other of the room: each of them has to start."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.analysis.clip import AnalysisOptions, analyse_clip
from engine.media.decode import still
from engine.model import documents
from engine.model.media import Media
from engine.progress import CallbackProgress

__all__ = ["STILL_PX", "measure", "stills"]

STILL_PX = 320
"""Long side of the pictures that recognisers are shown: CLIP's usual models take 224 px of them."""


def measure(job: tuple[Media, AnalysisOptions, Path | None], tell: Callable[[float], None] = lambda _fraction: None) -> bytes:
    """One clip in a worker process; packed, because that is what the cache keeps."""
    media, options, proxy = job
    total = max(1, media.video.duration_frames if media.video else 1)

    def advanced(_name: str, fraction: float | None) -> None:
        tell(fraction or 0.0)

    progress = CallbackProgress(advanced)
    progress.stage("", total)
    return documents.pack(analyse_clip(media, options, progress, proxy))


def stills(job: tuple[Media, Sequence[int]]) -> list[NDArray[np.uint8]]:
    """These frames of a clip: RGB, upright. Raises `MediaError` where one cannot be decoded."""
    media, frames = job
    return [still(media, frame, STILL_PX) for frame in frames]
