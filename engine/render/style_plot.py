"""A style as a picture: lengths, offsets to the beat, what follows what, transitions, and how it compares with others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from engine.model.style import StyleProfile

__all__ = ["plot_style"]

INK, ACCENT, PALE = "#22303c", "#d1495b", "#9fb3c8"


def plot_style(profile: StyleProfile, others: StyleProfile, lengths_s: Sequence[float], path: Path) -> None:
    """Writes a PNG. others : the population, drawn pale. lengths_s : lengths of all shots; none draws the profile's quantiles."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 8), layout="constrained", facecolor="white")
    axes = figure.subplots(2, 3)
    _lengths(axes[0][0], profile, others, lengths_s)
    _offsets(axes[0][1], profile)
    _bars(axes[0][2], "Length in beats", profile.pacing_patterns.duration_beats, others.pacing_patterns.duration_beats)
    _matrix(axes[1][0], "Shot size to next", profile.sequencing_patterns.shot_type_transitions)
    _matrix(axes[1][1], "Angle to next", profile.sequencing_patterns.angle_transitions)
    kinds, usual = profile.transition_preferences.__dict__, others.transition_preferences.__dict__
    _bars(axes[1][2], "Transitions", kinds, usual)
    works = f"{profile.trained_on_videos} work{'' if profile.trained_on_videos == 1 else 's'}" if profile.creator_id else "no creator"
    figure.suptitle(f"{profile.creator_id or 'Neutral style'} ({works}); pale: others", color=INK, fontsize=14)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=100, format="png")


def _lengths(axis: Any, profile: StyleProfile, others: StyleProfile, lengths_s: Sequence[float]) -> None:
    edges = [0.125 * 2 ** (k / 2) for k in range(15)]
    if lengths_s:
        axis.hist(lengths_s, bins=edges, color=INK, density=False)
    axis.set_xscale("log", base=2)
    for values, colour in ((profile.shot_patterns.shot_length_distribution, ACCENT), (others.shot_patterns.shot_length_distribution, PALE)):
        for share, value in zip((0.6, 0.8, 1.0, 0.8, 0.6), values):
            axis.axvline(value, color=colour, alpha=share, linewidth=2)
    axis.set_xticks([0.25, 0.5, 1, 2, 4, 8], labels=["¼", "½", "1", "2", "4", "8"])
    axis.set_title("Shot lengths in seconds (lines: p10 to p90)", color=INK, fontsize=10)


def _offsets(axis: Any, profile: StyleProfile) -> None:
    rows = sorted((int(float(at)), share) for at, share in profile.pacing_patterns.beat_offset_frames.items())
    axis.bar([at for at, _ in rows], [share for _, share in rows], color=[ACCENT if at == 0 else INK for at, _ in rows])
    axis.set_xticks(range(-8, 9, 2))
    axis.set_title("Cuts to their beat, frames at 30 fps (left: early)", color=INK, fontsize=10)


def _bars(axis: Any, title: str, own: Mapping[str, float], usual: Mapping[str, float]) -> None:
    names = list(own)
    places = range(len(names))
    axis.bar([place - 0.2 for place in places], [own[name] for name in names], 0.4, color=INK)
    axis.bar([place + 0.2 for place in places], [usual.get(name, 0.0) for name in names], 0.4, color=PALE)
    axis.set_xticks(list(places), labels=[name.replace("_", "\n") for name in names], fontsize=8)
    axis.set_title(title, color=INK, fontsize=10)


def _matrix(axis: Any, title: str, table: Mapping[str, float]) -> None:
    names = list(dict.fromkeys(key.partition("_to_")[0] for key in table))
    values = [[table.get(f"{a}_to_{b}", 0.0) for b in names] for a in names]
    axis.imshow(values, cmap="Blues", vmin=0, vmax=1)
    for row, line in enumerate(values):
        for column, value in enumerate(line):
            axis.text(column, row, f"{value:.0%}", ha="center", va="center", fontsize=9, color="white" if value > 0.6 else INK)
    labels = [name.replace("_", " ") for name in names]
    axis.set_xticks(range(len(names)), labels=labels, fontsize=8)
    axis.set_yticks(range(len(names)), labels=labels, fontsize=8)
    axis.set_xlabel("next shot", fontsize=8, color=INK)
    axis.set_ylabel("this shot", fontsize=8, color=INK)
    axis.set_title(title, color=INK, fontsize=10)
