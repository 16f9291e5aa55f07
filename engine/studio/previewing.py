"""What a screen shows of media that are known by content: a still, the shape of the sound, a file that plays everywhere."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.errors import MediaError, NotFoundError
from engine.media.decode import audio, still
from engine.model.media import Media
from engine.render.storyboard import jpeg
from engine.store.cache import CacheKey

if TYPE_CHECKING:
    from engine.studio.context import Studio

__all__ = ["known_media", "playable_file", "thumbnail", "waveform"]

THUMBNAIL_VERSION, WAVEFORM_VERSION = "1", "1"
THUMBNAIL_WIDTHS_PX = (160, 320, 640)
"""Sizes that are made: any other would fill the cache with near-copies."""

WAVEFORM_RATE_HZ = 8000
"""Sample rate the shape is taken from (chosen: a screen shows no more)."""


def known_media(studio: Studio, media_id: str) -> Media:
    """The media of that content, at a place where a file of that size still is. Raises `NotFoundError`."""
    media = studio.store.library.media(media_id)
    if media is None:
        raise NotFoundError("media_unknown", f"No media {media_id[:64]!r} is known.", "Analyze or edit it first.")
    path = Path(media.path)
    if not path.is_file() or path.stat().st_size != media.size_bytes:
        raise NotFoundError("media_moved", f"{media.name} is not where it was.", "Mount the disk, or analyze it where it is now.")
    return media


def thumbnail(studio: Studio, media: Media, time_s: float, width_px: int) -> bytes:
    """A JPEG of what is on screen at a second of the media. Raises `MediaError` where there is no picture."""
    if media.video is None:
        raise MediaError("media_no_video", f"{media.name} has no picture.", "Ask for its waveform.")
    side = next((one for one in THUMBNAIL_WIDTHS_PX if one >= width_px), THUMBNAIL_WIDTHS_PX[-1])
    last = max(0, media.video.duration_frames - 1)
    frame = min(last, max(0, media.video.rate.frames(time_s)))
    key = CacheKey(media.media_id, "thumbnail", THUMBNAIL_VERSION, f"{frame}@{side}")
    kept = studio.cache.get(key)
    if kept is None:
        kept = jpeg(still(media, frame, side))
        studio.cache.put(key, kept)
    return kept


def waveform(studio: Studio, media: Media, points: int) -> dict[str, Any]:
    """`peaks`: the largest magnitude (0 to 1) in each of `points` equal parts. Raises `MediaError` where there is no sound."""
    if media.audio is None:
        raise MediaError("media_no_audio", f"{media.name} has no sound.", "Ask for a thumbnail.")
    key = CacheKey(media.media_id, "waveform", WAVEFORM_VERSION, str(points))
    kept = studio.cache.get(key)
    if kept is None:
        kept = json.dumps(_peaks(media, points)).encode()
        studio.cache.put(key, kept)
    return {"media_id": media.media_id, "duration_s": media.duration_s, "peaks": json.loads(kept)}


def _peaks(media: Media, points: int) -> list[float]:
    samples = np.abs(np.asarray(audio(media.path, WAVEFORM_RATE_HZ), dtype=np.float32)).reshape(-1)
    edges = np.linspace(0, len(samples), points + 1).astype(int)
    found = [float(samples[a:b].max()) if b > a else 0.0 for a, b in zip(edges[:-1], edges[1:])]
    return [round(min(1.0, value), 4) for value in found]


def playable_file(studio: Studio, media: Media) -> Path:
    """The proxy where one was made, else the file itself."""
    return studio.proxy(media.media_id) or Path(media.path)
