"""Trends as a picture: kept clips and would-post by week, and minutes per edit, each beside its goal."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

from engine.telemetry.flags import GOALS
from engine.telemetry.metrics import Aggregate, SessionMetrics

__all__ = ["plot_report"]


def plot_report(sessions: Sequence[SessionMetrics], total: Aggregate) -> bytes:
    """A PNG of 1400 x 900 pixels."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(14, 9), dpi=100, layout="constrained")
    upper, lower = figure.subplots(2, 1)
    _weeks(upper, total)
    _minutes(lower, sessions)
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


def _minutes(axes: Any, sessions: Sequence[SessionMetrics]) -> None:
    places = range(len(sessions))
    made = [one.ai_generation_time_seconds / 60 for one in sessions]
    edited = [(one.user_editing_time_seconds or 0.0) / 60 for one in sessions]
    axes.bar(places, made, label="made by the engine")
    axes.bar(places, edited, bottom=made, label="edited by hand (where known)")
    axes.set_xlabel("edits, oldest first")
    axes.set_ylabel("minutes")
    axes.legend(loc="upper right")
