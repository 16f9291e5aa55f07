"""Pages around editing programs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from bridge_server.pages.layout import Result, clock, size, table

__all__ = ["PAGES"]


def readback_page(result: Result) -> str:
    """Offline files first, then what was done, clip by clip; what was kept is only counted."""
    lines = [f"Offline: {row['name']} ({row['why']})" for row in result["offline"]]
    counts = ", ".join(f"{count} {kind.replace('_', ' ')}" for kind, count in result["counts"].items())
    lines.append(f"Compared with revision {result['base_revision']}: {counts}.")
    rows = [
        [
            row["id"] or "new",
            row["file"] if not row["now"] else f"{row['file']} -> {row['now']}",
            "" if row["time_s"] is None else clock(row["time_s"]),
            ", ".join(kind.replace("_", " ") for kind in row["kinds"]),
            _amounts(row),
        ]
        for row in result["clips"]
        if row["kinds"] != ["kept"]
    ]
    if rows:
        lines += [table(rows, ["clip", "file", "time", "what", ""]), ""]
    lines += [f"Not known: {name}" for name in result["unmatched"]]
    lines += [f"Note: {line}" for line in result["notes"]]
    lines += [f"Not read: {line}" for line in result["not_read"]]
    lines.append(f"Written as revision {result['revision']}." if result["written"] else "Nothing was written.")
    return "\n".join(lines)


def _amounts(row: Result) -> str:
    parts = [f"{row[name]:+d} {words}" for name, words in _AMOUNTS if row[name]]
    if "moved" in row["kinds"]:
        parts.append(f"place {row['from_position'] + 1} -> {row['to_position'] + 1}")
    if "locked" in row["kinds"]:
        parts.append(f"by its {' and '.join(row['lock_marks'])}")
    if "unlocked" in row["kinds"]:
        parts.append(f"its {' and '.join(row['lock_gone'])} is gone")
    return ", ".join(parts)


_AMOUNTS = (("head_frames", "frames off its head"), ("tail_frames", "off its tail"), ("slip_frames", "source frames"))


def relink_page(result: Result) -> str:
    lines = [f"Offline: {row['name']} (was {row['path']})" for row in result["offline"]]
    lines += [f"Found: {row['name']} at {row['now']}" for row in result["relinked"]]
    lines.append(f"{result['online']} files were where they belong, {len(result['relinked'])} found, {len(result['offline'])} not.")
    return "\n".join(lines)


def collect_page(result: Result) -> str:
    lines = [f"{result['files']} files ({size(result['bytes'])}) and {len(result['timelines'])} timelines in {result['folder']}."]
    lines += [f"{result['constant_rate']} of them are constant-rate copies."] if result["constant_rate"] else []
    return "\n".join([*lines, *result["import"]])


def unmark_page(result: Result) -> str:
    return f"{result['file']}: {result['removed']} markers of ours are gone, everything else is as it was."


def resolve_settings_page(result: Result) -> str:
    rows = [[colour, wish.replace("_", " ")] for colour, wish in result["wishes"].items()]
    lines = [table(rows, ["clip colour", "wish"])] if rows else ["Clip colours mean nothing."]
    lines.append(f"In and out marks: {'only what lies between them is used' if result['marks'] == 'range' else 'mean nothing'}.")
    lines.append(f"{result['lock_colour']} locks a clip. Edits go to {result['folder']}.")
    return "\n".join(lines)


def resolve_plan_page(result: Result) -> str:
    rows = [[row["id"], row["file"], str(row["record"]), str(row["frames"]), f"{row['start']}-{row['end']}"] for row in result["clips"]]
    lines = [table(rows, ["clip", "file", "at", "frames", "source"])]
    lines += [f"By import, for its {why}." for why in result["import_for"]] + [f"Not carried: {line}" for line in result["lost"]]
    return "\n".join(lines)


def resolve_placed_page(result: Result) -> str:
    return "Noted." if result["whole"] else "Noted: not all clips are where they should be."


PAGES: Mapping[str, Callable[[Result], str]] = MappingProxyType(
    {
        "readback": readback_page,
        "relink": relink_page,
        "collect": collect_page,
        "unmark": unmark_page,
        "resolve.settings": resolve_settings_page,
        "resolve.plan": resolve_plan_page,
        "resolve.placed": resolve_placed_page,
    }
)
