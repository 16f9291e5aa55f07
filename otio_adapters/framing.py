"""How a shot lies in the frame: scale, middle and turn of the picture, as Premiere counts them; and over what fits, as others do. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from engine.model.media import Media, VideoStream
from engine.model.timeline import CropKey
from otio_adapters.layout import Shot

__all__ = ["Framing", "cover", "fit_scale", "framing", "framings"]


@dataclass(frozen=True)
class Framing:
    """From `frame` of the shot on: scale in per cent of stored pixels; the picture's middle away from the frame's, in shares of the frame's
    width and height; rotation in degrees clockwise."""

    frame: int
    scale: float
    x: float
    y: float
    rotation: int


def framings(shot: Shot, width: int, height: int) -> tuple[Framing, ...]:
    """The framing of a shot in a frame of width x height, a row per key of its crop; what has no crop fills the frame from its middle."""
    video = shot.media.video
    if video is None:
        return (Framing(0, 100.0, 0.0, 0.0, 0),)
    keys = shot.crop or (cover(video, width, height),)
    rows = [framing(key, shot.media, width, height) for key in _inside(keys, shot.duration)]
    still = len({(one.scale, one.x, one.y) for one in rows}) == 1
    return tuple(rows[:1] if still else rows)


def _inside(keys: Sequence[CropKey], duration: int) -> Iterator[CropKey]:
    """The keys within a shot; one that lies beyond its end is met as far along as the last frame is."""
    for key, following in zip(keys, [*keys[1:], None]):
        if key.frame >= duration:
            return
        yield key
        if following is not None and following.frame >= duration and key.frame < duration - 1:
            share = (duration - 1 - key.frame) / (following.frame - key.frame)
            names = ("x", "y", "width", "height")
            yield CropKey(duration - 1, *(getattr(key, one) + (getattr(following, one) - getattr(key, one)) * share for one in names))


def fit_scale(video: VideoStream, width: int, height: int) -> float:
    """Scale in per cent at which the whole picture just fits: what Final Cut Pro and Resolve count zoom from."""
    return 100 * min(width / video.display_width, height / video.display_height)


def cover(video: VideoStream, width: int, height: int) -> CropKey:
    """The largest part in the middle of the displayed picture that has the frame's shape."""
    share = (width / height) / (video.display_width / video.display_height)
    w, h = (share, 1.0) if share < 1 else (1.0, 1 / share)
    return CropKey(0, (1 - w) / 2, (1 - h) / 2, w, h)


def framing(key: CropKey, media: Media, width: int, height: int) -> Framing:
    """What shows crop `key` of the media in a frame of width x height.

    Premiere maps stored pixels 1:1 and ignores rotation flags, so the turn is carried too.
    """
    video = media.video
    assert video is not None
    scale = width / (video.display_width * key.width)
    x = (0.5 - key.x - key.width / 2) * video.display_width * scale / width
    y = (0.5 - key.y - key.height / 2) * video.display_height * scale / height
    return Framing(key.frame, round(scale * 100, 4), round(x, 6), round(y, 6), video.rotation)
