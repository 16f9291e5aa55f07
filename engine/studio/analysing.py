"""Facts of clips for people to read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.edit.footage import ClipInput, judge
from engine.edit.moments import MomentTable
from engine.errors import MediaError
from engine.model import documents
from engine.model.analysis import ClipGroup
from engine.store.projects import check_writable
from engine.studio.footage import Clip, Problem, gather, grouped, nothing_readable, options_of
from engine.studio.labels import angle_rules
from engine.studio.naming import distinct_names
from engine.studio.requests import AnalyzeRequest
from engine.studio.seeing import check_searchable, found_by_text
from engine.style.prior import neutral_profile

if TYPE_CHECKING:
    from engine.progress import Progress
    from engine.studio.context import Studio

__all__ = ["analyze"]

MOMENTS_S = (0.5, 1.0, 2.0)
"""Lengths of shots for which a clip's sheet shows what an edit would take."""


def analyze(studio: Studio, request: AnalyzeRequest, progress: Progress) -> dict[str, Any]:
    """Handler of `analyze`: `clips[]` with path, usable, why, warnings and every measured fact (curves included).

    With words to find, the clips that show them come first, and `found[]` says how near each is.
    Raises `FootageError` (`no_usable_clips`) where not one of the files can be read.
    """
    if request.find is not None:
        check_searchable(studio)
    if request.plot:
        check_writable(request.plot)
    footage = gather(studio, request.clips, options_of(request.lut, request.fast), request.plot, progress, angle_rules(request.angle))
    if not footage.clips:
        raise nothing_readable(footage)
    groups = grouped(footage)
    names = dict(zip([clip.media.media_id for clip in footage.clips], distinct_names([clip.path for clip in footage.clips])))
    found = dict(found_by_text(studio, footage.vectors, request.find)) if request.find else {}
    clips = sorted(footage.clips, key=lambda clip: -found.get(clip.media.media_id, 0.0))
    rows = [_row(clip) for clip in clips] + [_problem(problem) for problem in footage.problems]
    for copy, original in footage.copies:
        rows.append(
            {"path": str(copy), "usable": False, "verdict": "unusable", "why": f"a copy of {original.name}", "warnings": [], "shots": []}
        )
    plots, undrawn = _plots(request.plot, footage.clips, progress) if request.plot else ([], [])
    return {
        "clips": rows,
        "groups": [_group(group, names) for group in groups],
        "found": [{"file": names[one], "likeness": likeness} for one, likeness in found.items()],
        "measured": footage.measured,
        "notes": [*footage.notes, *undrawn],
        "plots": plots,
    }


def _group(group: ClipGroup, names: dict[str, str]) -> dict[str, Any]:
    files = [names[one] for one in group.members]
    return {"kind": group.kind, "files": files, "best": names[group.best], "confidence": group.confidence}


def _row(clip: Clip) -> dict[str, Any]:
    verdict = judge(ClipInput(clip.media, clip.analysis), neutral_profile().quality_thresholds)
    facts = documents.encode(clip.analysis)
    for name in ("signatures", "prints"):
        facts.pop(name)
    return {
        "path": str(clip.path),
        "usable": verdict.usable,
        "verdict": ("usable with warnings" if clip.analysis.warnings else "usable") if verdict.usable else "unusable",
        "why": verdict.reason,
        "media": documents.encode(clip.media),
        "duration_s": clip.media.duration_s,
        "likely": {
            "shot_type": clip.analysis.likely_shot_type,
            "angle": clip.analysis.likely_angle,
            "motion": clip.analysis.likely_motion,
        },
        **facts,
    }


def _problem(problem: Problem) -> dict[str, Any]:
    error = problem.error.as_json()["error"]
    path = str(problem.path.parent / problem.file)
    return {"path": path, "usable": False, "verdict": "unusable", "why": problem.error.message, "warnings": [], "shots": [], "error": error}


def _moments(clip: Clip) -> list[tuple[int, int]]:
    """The ranges (first and last but one frame) that an edit would take first, of each of MOMENTS_S, as far as the clip has them."""
    video = clip.media.video
    assert video is not None
    table = MomentTable(ClipInput(clip.media, clip.analysis), video.rate, neutral_profile().moment_preferences)
    lengths = [max(1, video.rate.frames(seconds)) for seconds in MOMENTS_S]
    found = [(table.best(length), length) for length in lengths]
    return [(moment.start_frame, moment.start_frame + length) for moment, length in found if moment is not None]


def _plots(folder: Path, clips: tuple[Clip, ...], progress: Progress) -> tuple[list[str], list[str]]:
    """The files of the sheets, and why the others are not drawn."""
    from engine.analysis.clip_plot import plot_clip

    progress.stage("Drawing sheets", len(clips))
    files, undrawn, taken = [], [], set[str]()
    for clip in clips:
        path = _sheet_name(folder, clip.path.name, taken)
        verdict = judge(ClipInput(clip.media, clip.analysis), neutral_profile().quality_thresholds)
        remarks = ([f"Not used: {verdict.reason}."] if not verdict.usable else []) + list(clip.analysis.warnings)
        try:
            plot_clip(clip.media, clip.analysis, path, _moments(clip), " ".join(remarks))
            files.append(str(path))
        except MediaError as error:  # a file that has gone or broken since it was measured
            undrawn.append(f"No sheet of {clip.path.name}: {error.message}")
        progress.advance()
    return files, undrawn


def _sheet_name(folder: Path, name: str, taken: set[str]) -> Path:
    """Cameras give the same names in many folders: a second clip of a name gets a number."""
    number, free = 1, name
    while free.casefold() in taken:
        number += 1
        free = f"{name} ({number})"
    taken.add(free.casefold())
    return folder / f"{free}.png"
