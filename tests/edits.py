"""Clips with measured facts, and edits of them: no media, no files."""

from __future__ import annotations

from typing import Any

import factories
import numpy as np

from engine.edit.footage import ClipInput
from engine.edit.make import make_edit
from engine.model.style import Brief
from engine.model.time import FrameRate
from engine.model.timeline import Timeline
from engine.style.prior import neutral_profile

SONG = factories.song_analysis(bpm=120, duration_s=60)


def clip(number: int, seconds: float = 4.0, rate: str = "30", **fields: Any) -> ClipInput:
    """Clip `number`, with a palette of its own so that no two look alike."""
    at = FrameRate.parse(rate)
    media = factories.media(number, stream=factories.video(rate=at, duration_frames=max(1, at.frames(seconds))))
    chance = np.random.default_rng(number)
    palette = tuple((*(int(value) for value in chance.integers(0, 255, 3)), 0.5) for _ in range(2))
    angle = {"front": 0.05, "side": 0.05, "overhead": 0.05, "other": 0.05, "unknown": 0.0}
    angle[("front", "side", "overhead", "other")[number % 4]] = 0.85
    return ClipInput(media, factories.clip_analysis(media, seed=number, **{"palette": palette, "angle": angle, **fields}))


def shoot(count: int, seconds: float = 4.0, rate: str = "30") -> list[ClipInput]:
    return [clip(number, seconds, rate) for number in range(1, count + 1)]


def edit(clips: list[ClipInput], brief: Brief | None = None, song: Any = SONG, **more: Any) -> Timeline:
    wish = brief or factories.brief(duration_frames=450)
    groups = more.pop("groups", ())
    profile = more.pop("profile", neutral_profile())
    return make_edit(wish, clips, factories.song_media(), song, profile, groups, project_id="p", created_at=factories.NOW, **more)
