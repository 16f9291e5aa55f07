"""A sheet per clip: pictures over its curves and over what an edit would take, for an editor to check by eye."""

from __future__ import annotations

import textwrap
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from engine.media.decode import still
from engine.model.analysis import ClipAnalysis
from engine.model.media import Media

__all__ = ["plot_clip"]

THUMBNAILS = 8
LINES = (("quality", "#238b45"), ("sharpness", "#2171b5"), ("motion", "#d94801"), ("exposure", "#6a51a3"), ("shake", "#cb181d"))
SUBJECT_COLOUR, MOMENT_COLOUR = "#ffd92f", "#fdae6b"
NEAR_S = 1.0
"""How far from a picture a subject may have been seen to be drawn in it."""
REMARK_CHARS = 170


def plot_clip(media: Media, analysis: ClipAnalysis, path: Path, moments: Sequence[tuple[int, int]] = (), verdict: str = "") -> None:
    """Draws the clip's sheet to a PNG file at `path`.

    moments : ranges of frames that an edit would take first, shortest first. verdict : why the clip is not used, or its warnings.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(14, 6), dpi=100, layout="constrained")
    tall = media.video is not None and media.video.display_height > media.video.display_width
    grid = figure.add_gridspec(3, THUMBNAILS, height_ratios=(1.2 if tall else 0.55, 1.3, 0.12 + 0.1 * len(moments)))
    for number in range(THUMBNAILS):
        _draw_picture(figure.add_subplot(grid[0, number]), media, analysis, round((number + 0.5) * analysis.duration_frames / THUMBNAILS))
    curves = figure.add_subplot(grid[1, :])
    _draw_curves(curves, analysis)
    _draw_moments(figure.add_subplot(grid[2, :], sharex=curves), analysis, moments)
    figure.suptitle(_title(media, analysis), fontsize=11)
    if verdict:
        curves.set_title("\n".join(textwrap.wrap(verdict, REMARK_CHARS)[:2]), fontsize=9, color="#99000d", loc="left")
    part = path.with_name(f".{path.stem}.part.png")
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing", UserWarning)  # a name in a script that the font lacks: boxes stand for it
        figure.savefig(part, format="png")
    part.replace(path)


def _draw_picture(axes: Any, media: Media, analysis: ClipAnalysis, frame: int) -> None:
    """A frame with its time, and a box around what is surest to be its subject."""
    from matplotlib.patches import Rectangle

    frame = min(frame, analysis.duration_frames - 1)
    picture = still(media, frame, 320)
    height, width = picture.shape[:2]
    axes.imshow(picture)
    around = [one for one in analysis.subjects if abs(one.frame - frame) <= NEAR_S * analysis.rate.fps]
    near = min(around, key=lambda one: (-one.confidence, abs(one.frame - frame)), default=None)
    if near is not None:
        x, y, wide, high = near.box.x * width, near.box.y * height, near.box.width * width, near.box.height * height
        axes.add_patch(Rectangle((x, y), wide, high, fill=False, ec=SUBJECT_COLOUR, lw=1.5))
    axes.set_axis_off()
    axes.set_title(f"{frame / analysis.rate.fps:.1f} s", fontsize=8, pad=2)


def _draw_curves(axes: Any, analysis: ClipAnalysis) -> None:
    for name, colour in LINES:
        curve = analysis.curves.get(name)
        if curve is not None and len(curve.values):
            at = np.arange(len(curve.values)) * curve.step_frames / analysis.rate.fps
            axes.plot(at, curve.values, color=colour, lw=1.4, label=name)
    for shot in analysis.shots[1:]:
        axes.axvline(
            shot.start_frame / analysis.rate.fps, color="#222222", ls="--", lw=1, label="cut" if shot is analysis.shots[1] else None
        )
    axes.set(ylim=(-0.02, 1.04), xlim=(0, max(0.1, analysis.duration_frames / analysis.rate.fps)))
    axes.grid(axis="y", color="#dddddd", lw=0.6)
    axes.tick_params(labelbottom=False)
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), fontsize=9, frameon=False)


def _draw_moments(axes: Any, analysis: ClipAnalysis, moments: Sequence[tuple[int, int]]) -> None:
    """A lane for each length of shot: where an edit would take it from."""
    for lane, (start, end) in enumerate(moments):
        low, high = (frame / analysis.rate.fps for frame in (start, end))
        axes.barh(lane, high - low, left=low, height=0.8, color=MOMENT_COLOUR)
    lengths = [f"best {(end - start) / analysis.rate.fps:.1f} s" for start, end in moments]
    axes.set(yticks=range(len(moments)), yticklabels=lengths, ylim=(len(moments) - 0.4, -0.6), xlabel="seconds")
    axes.tick_params(axis="y", length=0, labelsize=8)


def _title(media: Media, analysis: ClipAnalysis) -> str:
    said = (
        (analysis.shot_type, analysis.likely_shot_type),
        (analysis.angle, analysis.likely_angle),
        (analysis.motion, analysis.likely_motion),
    )
    names = ("shot size", "angle", "camera")
    sure = [
        f"{name} {likely.replace('_', ' ')}" + (f" ({chances[likely]:.0%})" if likely != "unknown" else "")
        for name, (chances, likely) in zip(names, said)
    ]
    return f"{media.name}: quality {analysis.visual_quality:.2f}; {', '.join(sure)}"
