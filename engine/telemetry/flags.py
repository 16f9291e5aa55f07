"""Red flags with the guide's thresholds, each with what to do about it; and the goals that figures stand beside."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from engine.telemetry.metrics import SessionMetrics

__all__ = ["FLAGS", "GOALS", "Flag", "Goal", "RedFlag", "red_flags", "unmet"]


@dataclass(frozen=True)
class RedFlag:
    """One kind of flag. value : the figure it looks at, None where that is not known. severity : high or medium."""

    type: str
    value: Callable[[SessionMetrics], float | None]
    above: bool
    threshold: float
    severity: str
    message: str
    todo: str


@dataclass(frozen=True)
class Flag:
    """A flag that was raised for a session."""

    session_id: str
    type: str
    severity: str
    value: float
    threshold: float
    message: str
    todo: str


def _share(count: int | None, of: int) -> float | None:
    return None if count is None or of <= 0 else count / of


FLAGS = (
    RedFlag(
        "high_reorder_rate",
        lambda one: _share(one.clips_reordered, one.total_clips_generated),
        True,
        0.30,
        "high",
        "More than 30 % of the clips were moved: the order is not this creator's.",
        "Learn from the timeline as you finished it (`cutprint learn --timeline`), so that the order of shots is learned.",
    ),
    RedFlag(
        "high_delete_rate",
        lambda one: _share(one.clips_deleted, one.total_clips_generated),
        True,
        0.25,
        "high",
        "More than 25 % of the clips were thrown out: the choice of clips is not this creator's.",
        "Give reasons when deleting and look at the commonest in `cutprint report`; `cutprint learn --raw` shows which clips you choose.",
    ),
    RedFlag(
        "excessive_regeneration",
        lambda one: float(one.regenerate_count) if one.looked_at else None,
        True,
        2,
        "medium",
        "Regenerated three times or more: the proposals do not come closer.",
        "Lock what is right before regenerating, or ask for `--variants 3` and keep the best.",
    ),
    RedFlag(
        "long_manual_edit_time",
        lambda one: one.user_editing_time_seconds,
        True,
        600,
        "high",
        "More than 10 minutes of editing by hand: not enough time is saved.",
        "See above which change is the commonest; a style learned from more finished videos helps most.",
    ),
    RedFlag(
        "low_confidence_in_kept_clips",
        lambda one: one.avg_ai_confidence_kept,
        False,
        0.75,
        "medium",
        "Confidence under 75 % in clips that were kept: it is too low for what it delivers.",
        "`cutprint learn --raw` from finished projects calibrates it on what you used and left.",
    ),
)
"""The guide's five ("Red Flag Detection"), with its thresholds."""


def red_flags(session: SessionMetrics) -> list[Flag]:
    """Flags of one session; what is not known raises none."""
    raised = []
    for flag in FLAGS:
        value = flag.value(session)
        if value is not None and (value > flag.threshold if flag.above else value < flag.threshold):
            raised.append(Flag(session.session_id, flag.type, flag.severity, value, flag.threshold, flag.message, flag.todo))
    return raised


@dataclass(frozen=True)
class Goal:
    """A goal of the guide. `at_least` : the figure has to reach `target`; else it has to stay below."""

    figure: str
    what: str
    targets: tuple[float, ...]
    unit: str
    at_least: bool


GOALS = (
    Goal("would_post_unchanged_rate", "would be posted unchanged (goals of weeks 8, 16, 24)", (70, 85, 90), "%", True),
    Goal("avg_time_saved_minutes", "saved per edit", (20,), "min", True),
    Goal("avg_clips_kept_percentage", "of chosen clips kept", (75,), "%", True),
    Goal("avg_manual_edit_percentage", "of clips changed by hand", (15,), "%", False),
    Goal("avg_regenerate_count", "regenerations per video", (2,), "", False),
    Goal("avg_generation_minutes", "to make an edit", (5,), "min", False),
    Goal("onboarding_minutes", "to learn a new creator", (60,), "min", False),
)
"""The guide's "Success Metrics", beside which every figure is shown."""


def unmet(goal: Goal, value: float | None) -> float | None:
    """The first target that a figure misses; None where all are met or the figure is not known."""
    if value is None:
        return None
    return next((one for one in goal.targets if not (value >= one if goal.at_least else value < one)), None)
