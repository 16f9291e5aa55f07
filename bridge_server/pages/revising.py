"""Pages about revisions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from bridge_server.pages.layout import Result, clock, table

__all__ = ["PAGES"]


def revise_page(result: Result) -> str:
    """Which section, what moved and by how much."""
    start, end = result["section"]
    lines = [f"Revision {result['revision']} from {result['from_revision']}: {clock(start)} to {clock(end)}, whole clips."]
    lines += [f"  {row['figure']}: {row['before']:.2f} -> {row['after']:.2f}" for row in result["effects"]]
    lines += [f"Relaxed: {line}" for line in result["relaxed"]]
    if len(result["variants"]) > 1 or result["missing_variants"]:
        lines += [f"  r{row['revision']}: {row['words']}" for row in result["variants"]]
    if result["missing_variants"]:
        lines.append(f"No further variant that differs was found ({result['missing_variants']} missing).")
    return "\n".join([*lines, *_tail(result)])


def change_page(result: Result) -> str:
    """What was done."""
    lines = [f"Revision {result['revision']} from {result['from_revision']}."]
    for row in result["done"]:
        rest = {name: value for name, value in row.items() if name not in ("action", "clip_id") and value not in (None, "")}
        details = ", ".join(f"{name} {value}" for name, value in rest.items())
        lines.append(f"  {row['action'].replace('_', ' ')}: {row['clip_id']}{f' ({details})' if details else ''}")
    return "\n".join([*lines, *_tail(result)])


def step_page(result: Result) -> str:
    """Where undo and redo went."""
    return "\n".join([f"Revision {result['revision']} is the edit again (it was {result['from_revision']}).", *_tail(result)])


def _what(rows: Sequence[str]) -> str:
    """What was done; of what was done to more than three clips, how many they were."""
    of: dict[str, list[str]] = {}
    for row in rows:
        of.setdefault(row.split(" ")[0], []).append(row)
    return "; ".join(one for name, same in of.items() for one in (same if len(same) < 4 else [f"{name} ({len(same)} clips)"]))


def history_page(result: Result) -> str:
    """A line per revision."""
    rows = [
        [
            f"{'*' if row['head'] else ' '} {row['revision']}",
            "" if row["parent"] is None else str(row["parent"]),
            row["at"],
            str(row["shots"]),
            str(row["locked"]),
            _what(row["what"]),
        ]
        for row in result["revisions"]
    ]
    return table(rows, ["revision", "from", "when", "shots", "locked", "what"])


def _tail(result: Result) -> list[str]:
    locked = f", {len(result['locked'])} locked" if result["locked"] else ""
    return [f"{result['shots']} shots in {result['duration_s']:.2f} s{locked}.", f"  {result['timeline']}"]


PAGES: Mapping[str, Callable[[Result], str]] = MappingProxyType(
    {"revise": revise_page, "change": change_page, "undo": step_page, "redo": step_page, "history": history_page}
)
