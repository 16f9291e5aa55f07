"""Trends as a picture: kept clips and would-post by week, and minutes per edit, each beside its goal."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

from engine.telemetry.calibration import Calibration
from engine.telemetry.flags import GOALS
from engine.telemetry.metrics import Aggregate, SessionMetrics

__all__ = ["plot_report"]


def plot_report(sessions: Sequence[SessionMetrics], total: Aggregate, sure: Calibration) -> bytes:
    """A PNG of 1400 x 900 pixels."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(14, 9), dpi=100, layout="constrained")
    places = figure.subplot_mosaic([["weeks", "weeks", "sure"], ["minutes", "minutes", "sure"]])
    _weeks(places["weeks"], total)
    _minutes(places["minutes"], sessions)
    _reliability(places["sure"], sure)
    figure.suptitle(f"{total.total_sessions} edits, {total.total_videos_exported} exported")
    bag = io.BytesIO()
    figure.savefig(bag, format="png", metadata={"Software": None})
    return bag.getvalue()


def _target(figure: str) -> float:
    return next(goal.targets[0] for goal in GOALS if goal.figure == figure)


def _weeks(axes: Any, total: Aggregate) -> None:
    names = [str(row["week"]) for row in total.weeks]
    for key, label, figure in (
        ("kept_percentage", "clips kept", "avg_clips_kept_percentage"),
        ("would_post_percentage", "would post unchanged", "would_post_unchanged_rate"),
    ):
        points = [(place, row[key]) for place, row in enumerate(total.weeks) if row[key] is not None]
        drawn = axes.plot([x for x, _ in points], [y for _, y in points], marker="o", label=label)
        axes.axhline(_target(figure), color=drawn[0].get_color(), linestyle=":", linewidth=1)
    axes.set_xticks(range(len(names)), names, rotation=30 if len(names) > 8 else 0)
    axes.set_ylim(0, 105)
    axes.set_ylabel("% by week (dotted: goal)")
    axes.legend(loc="lower right")


def _reliability(axes: Any, sure: Calibration) -> None:
    """Share kept over confidence: on the diagonal it means what it says. Points as large as their bins are full."""
    known = [one for one in sure.bins if one.clips]
    axes.plot([0, 100], [0, 100], color="gray", linestyle=":", linewidth=1)
    xs, ys = [100 * (one.mean_confidence or 0) for one in known], [100 * (one.kept_share or 0) for one in known]
    axes.scatter(xs, ys, s=[20 + 400 * one.clips / max(1, sure.clips) for one in known], zorder=3)
    for x, y, one in zip(xs, ys, known):
        axes.annotate(f"{one.clips}", (x, y), textcoords="offset points", xytext=(9, -4), fontsize=8)
    axes.set(xlim=(0, 105), ylim=(0, 105), xlabel="confidence, %", ylabel="clips kept, %", aspect="equal")
    axes.set_title("Confidence (not known yet)" if not known else f"Confidence: off by {100 * (sure.error or 0):.0f} points", fontsize=11)


def _minutes(axes: Any, sessions: Sequence[SessionMetrics]) -> None:
    places = range(len(sessions))
    made = [one.ai_generation_time_seconds / 60 for one in sessions]
    edited = [(one.user_editing_time_seconds or 0.0) / 60 for one in sessions]
    axes.bar(places, made, label="made by the engine")
    axes.bar(places, edited, bottom=made, label="edited by hand (where known)")
    axes.set_xlabel("edits, oldest first")
    axes.set_ylabel("minutes")
    axes.legend(loc="upper right")
