"""Pages about creators' styles."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from shlex import quote
from types import MappingProxyType

from bridge_server.pages.layout import Result, size, table

__all__ = ["PAGES"]


def learn_page(result: Result) -> str:
    """What was learned from what, what does not fit, and what is not known yet."""
    rows = []
    for row in result["learned"]:
        beats = f"{row['bpm']:.0f} bpm" if row["bpm"] else "no beat"
        found = f"{row['found_in_raw']} of {row['shots']}" if row["found_in_raw"] is not None else ""
        remark = " ".join(row["notes"] + ([f"The same work as {row['counted_as']}: counted once."] if row["counted_as"] else []))
        rows.append([row["name"], row["kind"], str(row["shots"]), beats, found, remark])
    lines = [table(rows, ["work", "kind", "shots", "beat", "found in raw", "remark"]), ""] if rows else []
    lines += [f"Could not be used: {_about(row['name'], row['message'])}" for row in result["problems"]]
    lines += [f"Does not fit: {row['name']}: {'; '.join(row['reasons'])}" for row in result["misfits"]]
    if result["misfits"] and not result["left_out"]:
        lines.append("  `--leave-out-misfits` keeps them out of the style; `cutprint style remove` unlearns them.")
    if result["left_out"]:
        lines.append(f"Left out: {', '.join(result['left_out'])}.")
    lines += [f"{result['creator']}: {_works(result['works'])}, {result['projects']} of them with raw clips.", *result["notes"]]
    return "\n".join([*lines, f"`cutprint style show {quote(result['creator'])}` shows the style."])


def _about(name: str, message: str) -> str:
    return message if name in message else f"{name}: {message}"


def _works(count: int) -> str:
    return "1 work" if count == 1 else f"{count} works"


def show_page(result: Result) -> str:
    profile = result["profile"]
    who = result["creator"] or "The neutral style"
    lines = [f"{who}, learned from {_works(profile['trained_on_videos'])}." if result["creator"] else "The neutral style.", ""]
    lines += [f"  {line}" for line in result["said"]]
    if result["recipe"]:
        recipe = result["recipe"]
        lines.append(f"  Mixed: {recipe['share']:.0%} {recipe['theirs']} in {recipe['mine']} ({', '.join(recipe['blocks'])}).")
    moved = {name: value for name, value in profile["sliders"].items() if value}
    if moved:
        lines.append("  Sliders: " + ", ".join(f"{name} {value:+.2f}" for name, value in moved.items()) + ".")
    if result["differences"]:
        lines += ["", "Farthest from others:"]
        columns = ("value", "population")
        rows = [
            [row["called"], *(f"{row[name]:.3f}" for name in columns), f"{row['errors_apart']:+.1f}"] for row in result["differences"][:8]
        ]
        lines.append(table(rows, ["figure", "here", "others", "standard errors apart"]))
    if result["works"]:
        lines += ["", "Works:"]
        lines += [f"  {row['name']} ({row['kind']}, {row['shots']} shots){_aside(row)}" for row in result["works"]]
    lines += ["", *profile["notes"], *result["files"].values()]
    return "\n".join(lines).rstrip()


def _aside(row: Result) -> str:
    said = ["left out"] if row["left_out"] else []
    return f": {'; '.join(said + row['misfit'])}" if said or row["misfit"] else ""


def list_page(result: Result) -> str:
    if not result["creators"]:
        return "No style is known yet. `cutprint learn --creator NAME VIDEOS...` teaches one."
    rows = [
        [row["creator"], str(row["works"]), str(row["projects"]), row["updated"][:10], "blend" if row["blend"] else ""]
        for row in result["creators"]
    ]
    return table(rows, ["creator", "works", "with raw clips", "updated", ""])


def blend_page(result: Result) -> str:
    blocks = ", ".join(result["blocks"])
    head = f"{result['creator']}: {1 - result['share']:.0%} {result['mine']}, {result['share']:.0%} {result['theirs']} in {blocks}."
    return "\n".join([head, *(f"  {line}" for line in result["said"])])


def set_page(result: Result) -> str:
    return f"{result['creator']}: " + ", ".join(f"{name} {value:+.2f}" for name, value in result["sliders"].items()) + "."


def remove_page(result: Result) -> str:
    if result["forgotten"]:
        return f"{result['creator']} is forgotten."
    return f"{result['creator']}: unlearned {', '.join(result['removed'])}; {_works(result['left'])} left."


def export_page(result: Result) -> str:
    return f"{result['file']}: {result['creator']} with {_works(result['works'])}, {size(result['size_bytes'])}."


def import_page(result: Result) -> str:
    works = _works(result["works"]) if result["works"] else "without its works"
    return f"{result['creator']} is here now ({works}). `cutprint style show {quote(result['creator'])}` shows it."


def evaluate_page(result: Result) -> str:
    rows = [[row["measure"], row["method"], f"{row['value']:.3f}", _interval(row), str(row["n"])] for row in result["rows"]]
    lines = [f"{result['creator']}, judged on works left out of learning ({_works(result['works'])}):", ""]
    lines += [table(rows, ["figure", "method", "value", "95 % interval", "n"])] if rows else []
    return "\n".join([*lines, *result["notes"]])


def _interval(row: Result) -> str:
    return "" if row["low"] is None else f"{row['low']:.3f} to {row['high']:.3f}"


PAGES: Mapping[str, Callable[[Result], str]] = MappingProxyType(
    {
        "learn": learn_page,
        "style.show": show_page,
        "style.list": list_page,
        "style.blend": blend_page,
        "style.set": set_page,
        "style.remove": remove_page,
        "style.export": export_page,
        "style.import": import_page,
        "style.evaluate": evaluate_page,
    }
)
