"""Clips on disk -> probed Media -> ClipAnalysis, each from the cache where it is known, one bad file never stopping the rest."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from engine.analysis.clip import ANALYSER_VERSION, AnalysisOptions
from engine.analysis.framing import apply_labels, with_names
from engine.analysis.groups import group_clips
from engine.errors import CutprintError, FootageError, MediaError
from engine.media import tone
from engine.media.probe import RAW_SUFFIXES, check_there, probe
from engine.model import documents
from engine.model.analysis import ClipAnalysis, ClipGroup
from engine.model.media import Media
from engine.model.timeline import Timeline
from engine.store.cache import CacheKey, is_cache
from engine.store.projects import ProjectFolder
from engine.studio import proxies
from engine.studio.labels import Rules, labels_of, unmet
from engine.studio.measuring import measure
from engine.studio.seeing import seen_in, with_seen
from engine.studio.workers import run_all

if TYPE_CHECKING:
    from engine.progress import Progress
    from engine.studio.context import Studio

__all__ = [
    "Clip",
    "Footage",
    "Problem",
    "find_clips",
    "full_path",
    "gather",
    "known_analysis",
    "lut_of",
    "measured_parts",
    "nothing_readable",
    "options_of",
    "probe_cached",
    "unmeasured",
]

VIDEO_SUFFIXES = frozenset(
    [
        ".mp4",
        ".mov",
        ".m4v",
        ".mkv",
        ".webm",
        ".avi",
        ".mts",
        ".m2ts",
        ".ts",
        ".mxf",
        ".3gp",
        ".3g2",
        ".wmv",
        ".flv",
        ".mpg",
        ".mpeg",
        ".ogv",
        ".vob",
        ".dv",
        ".m2t",
        ".m2v",
        ".mod",
        ".tod",
        ".asf",
        ".f4v",
        ".insv",
        *RAW_SUFFIXES,
    ]
)
"""What is taken from a folder; a file that is named itself is tried whatever its suffix. Raw footage is taken so that it is named."""

Part = tuple[float, float, float, float]

PROBE_VERSION = "8"
"""Raise when `engine.media.probe` measures something else, so that remembered files are probed again."""


@dataclass(frozen=True)
class Clip:
    """One usable input: where it is, what it is, what was measured."""

    path: Path
    media: Media
    analysis: ClipAnalysis


@dataclass(frozen=True)
class Problem:
    """One input that cannot be used, and why."""

    path: Path
    error: CutprintError
    media: Media | None = None

    @property
    def file(self) -> str:
        """The file's name as text, whatever bytes it is made of."""
        return self.path.name.encode("utf-8", "replace").decode()


@dataclass(frozen=True)
class Footage:
    """Everything found. `copies`: (path, path it equals byte for byte). `measured`: how many were not in the cache.

    vectors : media id -> what CLIP sees in it; empty where no model is set. notes : what a person should know of his options.
    """

    clips: tuple[Clip, ...]
    problems: tuple[Problem, ...]
    copies: tuple[tuple[Path, Path], ...]
    measured: int
    vectors: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def found(self) -> int:
        return len(self.clips) + len(self.problems) + len(self.copies)


def find_clips(given: Sequence[Path], exclude: Path | None = None) -> list[Path]:
    """Video files among `given` files and folders, in natural order (clip2 before clip10), each once.

    Hidden files, everything below `exclude` (the output folder), caches (of a workspace among the clips, say) and what earlier edits
    wrote are left out.
    Raises `MediaError` for a path that does not exist, `FootageError` where nothing is found.
    """
    found: dict[Path, None] = {}
    for path in given:
        check_there(path)
        for one in _below(path, exclude) if path.is_dir() else [path]:
            found.setdefault(full_path(one))
    if not found:
        places = ", ".join(str(path) for path in given)
        raise FootageError("no_clips", f"No video files in {places}.", "Give video files, or a folder that holds some.")
    return list(found)


def nothing_readable(footage: Footage) -> FootageError:
    """What to raise where not one of the files is a clip."""
    shown = "; ".join(f"{problem.file}: {problem.error.message}" for problem in footage.problems[:3])
    what = "The file cannot" if footage.found == 1 else f"None of the {footage.found} files can"
    rows = [{"file": problem.file, "code": problem.error.code, "message": problem.error.message} for problem in footage.problems]
    return FootageError("no_usable_clips", f"{what} be used. {shown}", "Give the folder with the camera's own files.", problems=rows)


def full_path(path: Path) -> Path:
    """Absolute and without `..`, links kept: a link keeps its name, and a mapped drive its letter."""
    return Path(os.path.abspath(path))  # noqa: PTH100 - Path has nothing that does this


def _below(folder: Path, exclude: Path | None) -> Iterable[Path]:
    barred = full_path(exclude) if exclude else None
    try:
        entries = sorted(folder.iterdir(), key=lambda entry: _natural(entry.name))
    except OSError as cause:
        raise MediaError("folder_unreadable", f"{folder} cannot be read: {cause.strerror}.", "Check its permissions.") from cause
    ours = ProjectFolder(folder).written()
    for entry in entries:
        if entry.name.startswith(".") or entry.name in ours or full_path(entry) == barred:
            continue
        if entry.is_dir():
            if not entry.is_symlink() and not is_cache(entry):  # links to folders can run in circles
                yield from _below(entry, exclude)
        elif entry.suffix.lower() in VIDEO_SUFFIXES:
            yield entry


def _natural(name: str) -> list[tuple[int, int, str]]:
    parts = re.split(r"(\d+)", name.casefold())
    return [(0, int(part), "") if part.isdecimal() and part.isascii() else (1, 0, part) for part in parts]


def probe_cached(studio: Studio, paths: Sequence[Path], progress: Progress) -> list[Media | CutprintError]:
    """What each file is, in the order of `paths`; an error takes the place of a file that cannot be used."""
    known = [_remembered(studio, path) for path in paths]
    missing = [path for path, media in zip(paths, known) if media is None]
    fresh = iter(run_all(studio, probe, missing, "Looking at files", progress)) if missing else iter(())
    results: list[Media | CutprintError] = []
    for path, media in zip(paths, known):
        result = media if media is not None else next(fresh)
        if media is None and isinstance(result, Media):
            studio.cache.remember_file(path, PROBE_VERSION, documents.dumps(documents.encode(result)))
        results.append(result)
    return results


def _remembered(studio: Studio, path: Path) -> Media | None:
    try:
        body = studio.cache.file(path, PROBE_VERSION)
        media = documents.decode(documents.loads(body)) if body else None
    except (OSError, UnicodeEncodeError, CutprintError):  # names that are no text: `probe` says so
        return None
    return media if isinstance(media, Media) else None


def options_of(lut: Path | None, draft: bool = False) -> AnalysisOptions:
    """How clips are measured. Raises `InputError` (`lut_unreadable`) for a LUT that is none, before anything is measured."""
    if lut is not None:
        tone.lut_table(lut)
    return AnalysisOptions(draft=draft, lut=str(full_path(lut)) if lut else None)


def lut_of(timeline: Timeline) -> Path | None:
    """The LUT through which an edit's clips were judged, and are shown."""
    said = timeline.extra.get("lut")
    return Path(str(said)) if said else None


def gather(
    studio: Studio,
    given: Sequence[Path],
    options: AnalysisOptions,
    exclude: Path | None,
    progress: Progress,
    rules: Rules = (),
    *,
    previews: bool = True,
) -> Footage:
    """Finds, probes and measures clips; what people say about them (`rules` from options first) overrides what was measured.

    previews : a small copy of each is made on the way, for the panel.
    """
    paths = find_clips(given, exclude)
    media, problems, copies = _sorted_out(paths, probe_cached(studio, paths, progress))
    analyses, measured = _analysed(studio, list(media.values()), options, progress, previews)
    clips = []
    for path, one in media.items():
        result = analyses[one.media_id]
        if isinstance(result, ClipAnalysis):
            clips.append(Clip(path, one, apply_labels(result, labels_of(studio, one, path, rules))))
        else:
            problems.append(Problem(path, result, one))
    seen = seen_in(studio, [clip.media for clip in clips], progress)
    clips = [replace(clip, analysis=with_seen(clip.analysis, seen.get(clip.media.media_id))) for clip in clips]
    vectors = {one: found.vector for one, found in seen.items()}
    return Footage(tuple(clips), tuple(problems), tuple(copies), measured, vectors, unmet(rules, paths))


def grouped(footage: Footage) -> tuple[ClipGroup, ...]:
    """Which clips belong together, by all that is known of them."""
    analyses = {clip.media.media_id: clip.analysis for clip in footage.clips}
    vectors = {one: vector for one, vector in footage.vectors.items() if one in analyses}
    return group_clips(analyses, {clip.media.media_id: clip.media for clip in footage.clips}, vectors)


def measured_parts(studio: Studio, clips: Sequence[Clip], parts: Mapping[str, Part], progress: Progress) -> list[Clip]:
    """The same clips; those with a part of the picture named (by media id) measured anew in that part alone."""
    found: dict[str, ClipAnalysis] = {}
    for part in dict.fromkeys(parts.values()):
        media = [clip.media for clip in clips if parts.get(clip.media.media_id) == part]
        results, _ = _analysed(studio, media, AnalysisOptions(part=part), progress)
        found |= {one: result for one, result in results.items() if isinstance(result, ClipAnalysis)}
    return [replace(clip, analysis=found.get(clip.media.media_id, clip.analysis)) for clip in clips]


def unmeasured(studio: Studio, given: Sequence[Path], options: AnalysisOptions, exclude: Path | None, progress: Progress) -> float:
    """What is still to be measured, in seconds of 1080p30."""
    paths = find_clips(given, exclude)
    media, _, _ = _sorted_out(paths, probe_cached(studio, paths, progress))
    return sum(_weight(one) for one in media.values() if studio.cache.get(_key(one, options)) is None)


def _sorted_out(
    paths: Sequence[Path], probed: Sequence[Media | CutprintError]
) -> tuple[dict[Path, Media], list[Problem], list[tuple[Path, Path]]]:
    media: dict[Path, Media] = {}
    first: dict[str, Path] = {}
    problems: list[Problem] = []
    copies: list[tuple[Path, Path]] = []
    for path, result in zip(paths, probed):
        if isinstance(result, CutprintError):
            problems.append(Problem(path, result))
        elif result.kind != "video":
            what = "a still picture" if result.kind == "image" else "sound only"
            error = MediaError("media_no_video", f"{path.name} is {what}.", "Only moving pictures are cut.", path=str(path))
            problems.append(Problem(path, error, result))
        elif result.media_id in first:
            copies.append((path, first[result.media_id]))
        else:
            first[result.media_id] = path
            media[path] = result
    return media, problems, copies


def _analysed(
    studio: Studio, media: Sequence[Media], options: AnalysisOptions, progress: Progress, previews: bool = True
) -> tuple[dict[str, ClipAnalysis | CutprintError], int]:
    results: dict[str, ClipAnalysis | CutprintError] = {}
    missing = []
    for one in media:
        kept = studio.cache.get(_key(one, options))
        try:
            analysis = documents.unpack(kept) if kept else None
        except CutprintError:
            analysis = None  # written by a broken run: measure again
        if isinstance(analysis, ClipAnalysis):
            results[one.media_id] = analysis
        else:
            missing.append(one)
    _measure_all(studio, missing, options, progress, results, previews)
    for one in media:
        result = results[one.media_id]
        if isinstance(result, ClipAnalysis):
            results[one.media_id] = with_names(result, one.path, one.camera)
    return results, len(missing)


def known_analysis(studio: Studio, media: Media, lut: Path | None = None) -> ClipAnalysis | None:
    """What was measured in a clip earlier; None where it has not been, or not in full. lut : through which it was judged, if any."""
    options = AnalysisOptions(lut=str(lut) if lut and lut.is_file() else None)
    kept = studio.cache.get(_key(media, options))
    try:
        analysis = documents.unpack(kept) if kept else None
    except CutprintError:
        return None
    return with_names(analysis, media.path, media.camera) if isinstance(analysis, ClipAnalysis) else None


def _measure_all(
    studio: Studio,
    missing: Sequence[Media],
    options: AnalysisOptions,
    progress: Progress,
    results: dict[str, ClipAnalysis | CutprintError],
    previews: bool,
) -> None:
    """Each clip is kept as soon as it is done: a job that is stopped goes on from there. previews : small copies are made on the way."""
    if not missing:
        return

    def keep(index: int, body: Any) -> None:
        one = missing[index]
        if isinstance(body, bytes):
            proxies.place(studio, one.media_id, folder)
            studio.cache.put(_key(one, options), body)
            results[one.media_id] = documents.unpack(body)
        else:
            results[one.media_id] = body

    stage = "First look at clips" if options.draft else "Measuring clips"
    bare = not previews or options.draft or options.lut is not None or options.part is not None  # a proxy is the clip as it was shot
    with contextlib.nullcontext() if bare else proxies.unfinished(studio) as folder:
        jobs = [(one, options, folder / proxies.path_of(studio, one.media_id).name if folder else None) for one in missing]
        run_all(studio, measure, jobs, stage, progress, [_weight(one) for one in missing], keep, tells=True)
    if not options.draft:
        proxies.trim(studio)


def _weight(media: Media) -> float:
    """What decoding a clip costs, about: pixels shown, in seconds of 1080p30."""
    video = media.video
    if video is None:
        return 1.0
    pixels = video.stored_width * video.stored_height * video.duration_frames
    return max(0.2, pixels / (1920 * 1080 * 30))


def _key(media: Media, options: AnalysisOptions) -> CacheKey:
    return CacheKey(media.media_id, "clip", ANALYSER_VERSION, options.key())
