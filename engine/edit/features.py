"""Facts of clips, moments and the music as named columns, for whoever judges them (`engine.edit.taste`)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from engine.edit.taste import CLIP_FEATURES, KINDS, Table
from engine.model.analysis import ClipAnalysis
from engine.model.time import FrameSpan

__all__ = ["clip_table"]

FACE_REACH_S = 0.5
"""Faces are looked for once a second: one seen within half of that counts for the moment."""


def clip_table(analyses: Sequence[ClipAnalysis], spans: Sequence[FrameSpan | None] | None = None) -> Table:
    """CLIP_FEATURES of clips, or of the given ranges of them (source frames): float64 (clips, features)."""
    ranges = spans if spans is not None else [None] * len(analyses)
    rows = [_row(one, span) for one, span in zip(analyses, ranges)]
    return Table(CLIP_FEATURES, np.array(rows, np.float64).reshape(len(rows), len(CLIP_FEATURES)))


def _row(clip: ClipAnalysis, span: FrameSpan | None) -> list[float]:
    whole = FrameSpan(0, max(1, clip.duration_frames))
    part = span or whole
    facts = {
        "visual_quality": _mean(clip, "quality", part, clip.visual_quality),
        "sharpness": _mean(clip, "sharpness", part, float("nan")),
        "exposure": _mean(clip, "exposure", part, clip.exposure),
        "blur": clip.blur,
        "shake_per_height": clip.shake_per_height,
        "motion_intensity": _mean(clip, "motion", part, clip.motion_intensity),
        "motion_early": _early(clip, part),
        "color_variance": clip.color_variance,
        "clipped": clip.clipped,
        "flicker": clip.flicker,
        "subject": max((one.confidence for one in clip.subjects), default=0.0),
        "speech": float("nan") if clip.speech is None else clip.speech,
        "clip_length_s": clip.duration_frames / clip.rate.fps,
        "position": (part.start + part.end) / 2 / whole.end,
        **{f"camera_{name}": abs(clip.camera.get(name, float("nan"))) for name in ("pan", "tilt", "zoom")},
        **_faces(clip, part),
        **_colours(clip.palette),
        **_kinds(clip),
    }
    return [facts[name] for name in CLIP_FEATURES]


def _mean(clip: ClipAnalysis, name: str, span: FrameSpan, otherwise: float) -> float:
    value = clip.curves[name].mean(span) if name in clip.curves else float("nan")
    return value if np.isfinite(value) else otherwise


def _early(clip: ClipAnalysis, span: FrameSpan) -> float:
    third = FrameSpan(span.start, span.start + max(1, span.duration // 3))
    return _mean(clip, "motion", third, float("nan")) - _mean(clip, "motion", span, float("nan"))


def _faces(clip: ClipAnalysis, span: FrameSpan) -> dict[str, float]:
    reach = round(FACE_REACH_S * clip.rate.fps)
    heights = [face.box.height for face in clip.faces if span.start - reach <= face.frame < span.end + reach]
    return {"face": float(bool(heights)), "face_height": max(heights, default=0.0)}


def _colours(palette: Sequence[tuple[int, int, int, float]]) -> dict[str, float]:
    if not palette:
        return {"saturation": float("nan"), "warmth": float("nan")}
    colours: NDArray[np.float64] = np.array([row[:3] for row in palette]) / 255.0
    shares = np.array([row[3] for row in palette])
    shares = shares / max(shares.sum(), 1e-9)
    spread = colours.max(axis=1) - colours.min(axis=1)
    return {"saturation": float(spread @ shares), "warmth": float((colours[:, 0] - colours[:, 2]) @ shares)}


def _kinds(clip: ClipAnalysis) -> dict[str, float]:
    chances = {"shot_type": clip.shot_type, "angle": clip.angle, "motion": clip.motion}
    return {f"{kind}_{name}": float(chances[kind].get(name, 0.0)) for kind, names in KINDS.items() for name in names}
