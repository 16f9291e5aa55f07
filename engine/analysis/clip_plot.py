"""A sheet per clip: thumbnails over its curves, for an editor to check by eye."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from engine.media.decode import still
from engine.model.analysis import ClipAnalysis
from engine.model.media import Media

__all__ = ["plot_clip"]

THUMBNAILS = 8
LINES = (("quality", "#238b45"), ("sharpness", "#2171b5"), ("motion", "#d94801"), ("exposure", "#6a51a3"), ("shake", "#cb181d"))


def plot_clip(media: Media, analysis: ClipAnalysis, path: Path, moments: Sequence[tuple[int, int]] = ()) -> None:
    """Draws the clip's sheet to a PNG file at `path`. moments : ranges of frames that an edit would take, drawn as bars."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(14, 6), dpi=100, layout="constrained")
    grid = figure.add_gridspec(2, THUMBNAILS, height_ratios=(1, 1.3))
    for number in range(THUMBNAILS):
        frame = round((number + 0.5) * analysis.duration_frames / THUMBNAILS)
        axes = figure.add_subplot(grid[0, number])
        axes.imshow(still(media, min(frame, analysis.duration_frames - 1), 240))
        axes.set_axis_off()
    axes = figure.add_subplot(grid[1, :])
    for name, colour in LINES:
        curve = analysis.curves.get(name)
        if curve is not None and len(curve.values):
            at = np.arange(len(curve.values)) * curve.step_frames / analysis.rate.fps
            axes.plot(at, curve.values, color=colour, lw=1.4, label=name)
    for shot in analysis.shots[1:]:
        axes.axvline(shot.start_frame / analysis.rate.fps, color="#222222", ls="--", lw=1)
    for number, (start, end) in enumerate(moments):
        low, high = (frame / analysis.rate.fps for frame in (start, end))
        axes.axvspan(low, high, ymax=0.04 + 0.03 * (len(moments) - number), color="#fdae6b", alpha=0.6, lw=0, zorder=0)
        axes.annotate(f"{high - low:.1f} s", (low, 0.01 + 0.03 * (len(moments) - number)), fontsize=7)
    axes.set(ylim=(0, 1.02), xlim=(0, max(0.1, analysis.duration_frames / analysis.rate.fps)), xlabel="seconds")
    axes.legend(loc="upper right", ncols=5, fontsize=8)
    axes.set_title(_title(media, analysis), fontsize=10)
    part = path.with_name(f".{path.stem}.part.png")
    figure.savefig(part, format="png")
    part.replace(path)


def _title(media: Media, analysis: ClipAnalysis) -> str:
    shot, angle, motion = analysis.likely_shot_type, analysis.likely_angle, analysis.likely_motion
    sure = f"{shot} {analysis.shot_type[shot]:.2f}, {angle} {analysis.angle[angle]:.2f}, {motion} {analysis.motion[motion]:.2f}"
    return f"{media.name}: quality {analysis.visual_quality:.2f}; {sure}"
