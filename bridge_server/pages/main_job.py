"""Pages of the main job."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from bridge_server.pages.layout import Result, clock, size, table
from engine.studio.naming import distinct_names

__all__ = ["PAGES"]


def edit_page(result: Result) -> str:
    """What was made, from what, what was left out and why, and how to import it."""
    clips, song = result["clips"], result["song"]
    lines = [
        f"{result['duration_s']:.2f} s, {result['shots']} shots at {_rate(result['rate'])} fps, "
        f"{result['size'][0]}x{result['size'][1]} (revision {result['revision']}).",
        f"Profile: {_profile(result['profile'])}.",
        f"Song: {Path(song['file']).name}, {song['bpm']:.1f} beats a minute (confidence {song['confidence']:.2f}); "
        f"{'; '.join(note.rstrip('.') for note in song['notes'])}.",
        f"Clips: {_clips(clips)}.",
    ]
    lines += [f"  {reason}: {', '.join(names)}" for reason, names in clips["reasons"].items()]
    lines += [f"Relaxed: {line}" for line in result["relaxed"]]
    lines += [f"Not available: {line}" for line in result["evidence_missing"]]
    lines += [f"Warning: {line}" for line in result["warnings"]]
    if len(result.get("variants", ())) > 1 or result.get("missing_variants"):
        lines += [f"Variant {number}: {row['words']}" for number, row in enumerate(result["variants"], 1)]
        lines += ["No further variant that differs was found."] if result["missing_variants"] else []
    lines.append("")
    lines += [f"  {path}" for path in result["files"].values()]
    if result["render"]:
        lines.append(f"Rendered {size(result['render']['size_bytes'])} in {result['render']['seconds_taken']:.0f} s.")
    return "\n".join([*lines, "", *result["import"]])


def _rate(text: str) -> str:
    top, _, bottom = text.partition("/")
    return f"{int(top) / int(bottom or 1):.3f}".rstrip("0").rstrip(".")


def _profile(profile: Result) -> str:
    if profile["creator"] is None:
        return "the neutral style (nothing learned from a creator)"
    return f"{profile['creator']}, learned from {profile['videos']} videos"


def _clips(clips: Result) -> str:
    parts = [f"{clips['usable']} of {clips['found']} clips usable", f"{clips['used']} used"]
    for name, words in (("not_chosen", "not chosen"), ("near_duplicates", "near-duplicates or copies"), ("rejected", "rejected")):
        if clips[name]:
            parts.append(f"{clips[name]} {words}")
    return ", ".join(parts)


def demo_page(result: Result) -> str:
    return f"Made a shoot in {result['shoot']} and a song, {result['song_file']}.\n\n{edit_page(result)}"


def analyze_page(result: Result) -> str:
    rows = []
    names = distinct_names([Path(clip["path"]) for clip in result["clips"]])
    for name, clip in zip(names, result["clips"]):
        if "likely" not in clip:
            rows.append([name, "no", "", "", "", "", "", clip["why"]])
            continue
        likely = clip["likely"]
        usable = "yes" if clip["usable"] else "no"
        if clip["usable"] and clip["warnings"]:
            usable = "warning"
        remark = clip["why"] or "; ".join(clip["warnings"])
        rows.append(
            [
                name,
                usable,
                f"{clip['duration_s']:.2f}",
                f"{clip['visual_quality']:.2f}",
                likely["shot_type"],
                likely["angle"],
                likely["motion"],
                remark,
            ]
        )
    lines = [table(rows, ["clip", "usable", "seconds", "quality", "shot", "angle", "camera", "remark"]), ""]
    lines += [f"{group['kind'].replace('_', '-')}: {', '.join(group['files'])} (best: {group['best']})" for group in result["groups"]]
    if result["found"]:
        lines.append("Nearest to the words: " + ", ".join(f"{row['file']} ({row['likeness']:.2f})" for row in result["found"][:5]) + ".")
    usable = sum(clip["usable"] for clip in result["clips"])
    lines.append(f"{usable} of {len(rows)} clips usable, {result['measured']} newly measured.")
    lines += [f"Warning: {line}" for line in result["notes"]]
    return "\n".join([*lines, *result["plots"]])


def song_page(result: Result) -> str:
    others = ", ".join(f"{row['bpm']:.1f} ({row['confidence']:.0%})" for row in result["tempo_alternatives"][:3]) or "none"
    lines = [
        f"{Path(result['file']).name}: {clock(result['duration_s'])}, {result['tempo']:.2f} beats a minute "
        f"(confidence {result['confidence']:.2f}; other readings: {others}).",
        f"{len(result['beats'])} beats, {len(result['downbeats'])} bars of {result['beats_per_bar']}, first beat at "
        f"{result['beats'][0]:.3f} s."
        if result["beats"]
        else "No beats.",
    ]
    lines += [f"  {clock(one['start_s'])} {one['label']} (energy {one['energy']:.2f})" for one in result["sections"]]
    lines += [f"Drop at {clock(time)}." for time in result["drops"]]
    return "\n".join([*lines, *result["notes"], *result["files"].values()])


def show_page(result: Result) -> str:
    rows = [
        [
            str(row["number"]),
            clock(row["time_s"]),
            f"{row['duration_s']:.2f}",
            row["file"],
            clock(row["source_s"]),
            "" if row["beat"] is None else str(row["beat"]),
            "" if row["confidence"] is None else f"{row['confidence']:.2f}",
            ", ".join(word for word, so in (("locked", row["locked"]), ("switched off", not row["enabled"])) if so),
        ]
        for row in result["clips"]
    ]
    lines = [table(rows, ["#", "time", "length", "clip", "from", "beat", "sure", ""]), ""]
    for row in result["clips"]:
        lines.append(textwrap.fill(f"{row['number']}. {row['reason']}", 118, subsequent_indent="   "))
    lines += ["", result["notes"], *_style_lines(result)]
    lines += [f"Relaxed: {line}" for line in result["relaxed"]]
    lines += [f"Not available: {line}" for line in result["evidence_missing"]]
    if "unused" in result:
        lines += ["", "Not used:"]
        lines += [f"  {row['file']}: {row['status'].replace('_', ' ')}, {row['reason']}" for row in result["unused"]]
    return "\n".join(lines)


def _style_lines(result: Result) -> list[str]:
    """How the edit meets its creator's style: the score, and every dimension that lies outside what he does."""
    rows = result["style_match"]
    if result["style_match_score"] is None or not rows:
        return []
    inside = sum(row["inside"] for row in rows)
    lines = [
        f"In {result['creator']}'s style: {result['style_match_score']:.0%}, {inside} of {len(rows)} dimensions inside the usual range."
    ]
    for row in rows:
        if not row["inside"]:
            usual = "" if row["typical"] is None else f" (usually {row['typical']:.2f}, give or take {row['noise']:.2f})"
            lines.append(f"  outside: {row['words']} {row['value']:.2f}, range {row['low']:.2f} to {row['high']:.2f}{usual}")
    return lines


def export_page(result: Result) -> str:
    lines = [f"{result['file']} ({result['format']}, {size(result['bytes'])})"]
    lines += [f"  not carried: {line}" for line in result["dropped"]]
    return "\n".join([*lines, *([result["import"]] if result["import"] else [])])


def doctor_page(result: Result) -> str:
    marks = {"ok": "ok     ", "warning": "warning", "problem": "PROBLEM"}
    lines = [f"cutprint {result['version']}"]
    for row in result["checks"]:
        lines.append(f"{marks[row['status']]}  {row['name']}: {row['found']}" + (f" -> {row['fix']}" if row["fix"] else ""))
    if result["bundle"]:
        lines.append(f"{result['bundle']['file']} for support; it holds {', '.join(result['bundle']['holds'])}.")
    return "\n".join(lines)


def cache_page(result: Result) -> str:
    verb = "Cleared" if result["action"] == "clear" else "Kept in"
    kinds = [f"  {name}: {row['entries']} entries, {size(row['size_bytes'])}" for name, row in result["kinds"].items()]
    total = result["size_bytes"] + result["segments"]["size_bytes"] + result["proxies"]["size_bytes"]
    return "\n".join(
        [
            f"{verb} {result['path']}: {size(total)} of {result['limit_gb']:g} GB.",
            *kinds,
            f"  rendered segments: {result['segments']['entries']} entries, {size(result['segments']['size_bytes'])}",
            f"  preview copies: {result['proxies']['entries']} entries, {size(result['proxies']['size_bytes'])}",
        ]
    )


PAGES: Mapping[str, Callable[[Result], str]] = MappingProxyType(
    {
        "demo": demo_page,
        "analyze": analyze_page,
        "song": song_page,
        "edit": edit_page,
        "show": show_page,
        "export": export_page,
        "doctor": doctor_page,
        "cache": cache_page,
    }
)
