"""Pages of the survey and the report."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from bridge_server.pages.layout import Result, table

__all__ = ["PAGES"]

UNKNOWN = "not known"


def _number(value: Any, unit: str = "", digits: int = 1) -> str:
    if value is None:
        return UNKNOWN
    text = f"{value:.{digits}f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
    return f"{text} {unit}".strip()


def rate_page(result: Result) -> str:
    status = result["final_status"]
    lines = [
        f"Satisfaction {_number(status['user_satisfaction'])} of 5, would post unchanged: {_yes(status['would_post_unchanged'])}.",
        f"Changed by hand: {_number(status['manual_edit_percentage'], '%')}; time saved: {_minutes(status['time_saved'])}.",
    ]
    if result["asks_usual_minutes"]:
        lines.append("How long does such an edit take you without Cutprint? Say it once: cutprint rate TIMELINE --usual-minutes 45")
    return "\n".join(lines)


def _yes(value: bool | None) -> str:
    return UNKNOWN if value is None else "yes" if value else "no"


def _minutes(seconds: float | None) -> str:
    return UNKNOWN if seconds is None else f"{seconds / 60:.0f} min"


def report_page(result: Result) -> str:
    total = result["aggregate"]
    seen = sum(one["looked_at"] for one in result["sessions"])
    lines = [
        f"{_edits(total['total_sessions'])}, {total['total_videos_exported']} exported; of {seen} it is known what became of them.",
        "",
    ]
    rows = [[goal["what"], _number(goal["value"], goal["unit"]), _target(goal), _verdict(goal), _of(goal)] for goal in result["goals"]]
    lines += [table(rows, ["figure", "value", "goal", "", "known of"]), ""]
    lines += [
        f"An edit on average: {_number(total['avg_clips_generated'])} clips; deleted {_number(total['avg_clips_deleted'])}, moved "
        f"{_number(total['avg_clips_reordered'])}, trimmed {_number(total['avg_clips_trimmed'])}, added "
        f"{_number(total['avg_clips_added_manually'])}, locked {_number(total['avg_clips_locked_by_user'])}; "
        f"edited for {_number(total['avg_editing_minutes'], 'min')}.",
        f"Week over week: {_number(total['week_over_week_quality_improvement'], 'points of clips kept')}; "
        f"trend {_number(total['clips_kept_percentage_trend'], 'points a week')}.",
        f"Confidence in kept clips {_number(total['avg_ai_confidence_kept'], digits=2)}, in deleted ones "
        f"{_number(total['avg_ai_confidence_deleted'], digits=2)}.",
    ]
    lines += _calibration(result["calibration"])
    if total["delete_reasons"]:
        lines.append("Deleted because: " + ", ".join(f"{reason} {count}" for reason, count in total["delete_reasons"].items()))
    lines += _flags(result["red_flags"])
    return "\n".join([*lines, *([f"Drawn: {result['plot']}"] if result["plot"] else [])])


def _edits(count: int) -> str:
    return "1 edit" if count == 1 else f"{count} edits"


def _target(goal: Result) -> str:
    sign = "at least" if goal["at_least"] else "under"
    return f"{sign} {' / '.join(f'{one:g}' for one in goal['targets'])} {goal['unit']}".rstrip()


def _verdict(goal: Result) -> str:
    return "" if goal["met"] is None else "met" if goal["met"] else f"next: {goal['next_target']:g}"


def _of(goal: Result) -> str:
    return "" if goal["sessions"] is None else _edits(goal["sessions"])


def _calibration(sure: Result) -> list[str]:
    """How often clips were kept beside how sure the engine was of them."""
    if not sure["clips"]:
        return []
    rows = [
        [f"{row['low']:.1f} to {row['high']:.1f}", str(row["clips"]), f"{row['mean_confidence']:.2f}", f"{100 * row['kept_share']:.0f} %"]
        for row in sure["bins"]
        if row["clips"]
    ]
    said = f"Confidence is off by {100 * sure['error']:.0f} points on average ({sure['clips']} clips of {_edits(sure['sessions'])})."
    return ["", table(rows, ["confidence", "clips", "mean", "kept"]), said]


def _flags(flags: list[Result]) -> list[str]:
    found: dict[str, list[Result]] = {}
    for flag in flags:
        found.setdefault(flag["type"], []).append(flag)
    lines = []
    for rows in found.values():
        lines += ["", f"{rows[0]['severity'].upper()}: {rows[0]['message']} ({_edits(len(rows))})", f"  {rows[0]['todo']}"]
    return lines


def export_page(result: Result) -> str:
    said = [f"{name} takes {minutes:g} min for an edit by hand." for name, minutes in result["usual_minutes"].items()]
    return "\n".join([f"{result['file']}: {result['events']} events.", *(["Said by creators:"] if said else []), *said])


def erase_page(result: Result) -> str:
    said = result["usual_minutes_of"]
    return f"{result['erased']} events deleted." + (f" Usual minutes of {', '.join(said)} forgotten." if said else "")


def review_page(result: Result) -> str:
    return f"Noted for {result['timeline']}."


PAGES: Mapping[str, Callable[[Result], str]] = MappingProxyType(
    {
        "rate": rate_page,
        "report": report_page,
        "telemetry.export": export_page,
        "telemetry.erase": erase_page,
        "telemetry.review": review_page,
    }
)
