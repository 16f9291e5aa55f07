"""Videos and storyboards of timelines."""

from __future__ import annotations

import dataclasses
import glob
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from engine.edit.reframe import crop_for
from engine.errors import CutprintError, MediaError
from engine.media.decode import still
from engine.media.fingerprint import fingerprint
from engine.model.events import TimelineRendered
from engine.model.media import Media
from engine.model.time import FrameSpan
from engine.model.timeline import Placement, Timeline
from engine.perception.catalog import face_finder
from engine.render.cover import cover_of
from engine.render.cuts import film_of_cuts
from engine.render.film import Film, film_of
from engine.render.presets import preset_named
from engine.render.run import Plan, RenderOptions, RenderReport, listed, render_plan
from engine.render.run import plan as plan_render
from engine.render.run import render as render_film
from engine.render.storyboard import jpeg, picture_from, storyboard
from engine.store.cache import CacheKey
from engine.store.projects import ProjectFolder, atomic_write, load_timeline, refuse_overwrite, remember_output, timeline_path
from engine.studio import caching, render_previews, resolving
from engine.studio.footage import known_analysis, lut_of
from engine.studio.reporting import note_status
from engine.studio.requests import RenderRequest

if TYPE_CHECKING:
    from engine.progress import Progress
    from engine.studio.context import Studio

__all__ = ["media_paths", "reframed", "render", "render_head", "report_json", "storyboard_png"]

THUMBNAIL_PX = 480
THUMBNAIL_VERSION = "1"


def render(studio: Studio, request: RenderRequest, progress: Progress) -> dict[str, Any]:
    """Handler of `render`: one video for each preset, a preview, or an estimate. The first video's fields stand at the top, too."""
    job = _job(studio, request, progress)
    if request.preview:
        return render_previews.preview(studio, request, job.film, job.timeline, job.paths, progress)
    outputs = _outputs(request)
    for output in outputs.values():
        refuse_overwrite(output, job.home)
    plans = {preset: _plan(studio, request, job, preset) for preset in outputs}
    if request.estimate:
        return _answer([_estimate_json(outputs[preset], plan) for preset, plan in plans.items()])
    reports = []
    for preset, plan in plans.items():
        for line in plan.warnings:
            progress.stage(f"Note: {line}")
        size, time_s = plan.estimate.size_bytes / 1e6, plan.estimate.seconds
        progress.stage(f"{preset or 'Video'}: about {size:.0f} MB in {time_s:.0f} s, {len(plan.segments)} segments")
        reports.append(render_plan(plan, outputs[preset], caching.segments_of(studio), studio.settings.worker_count, progress))
        remember_output(outputs[preset], job.home)
    caching.trim(studio)
    if job.timeline is not None:
        studio.record(*(_event(studio, job.timeline, report) for report in reports))
        note_status(studio, job.home)
    cover = _cover(Path(reports[0].path), request.cover, job.home, progress) if request.cover else None
    return _answer([report_json(report) for report in reports], cover)


def _answer(videos: list[dict[str, Any]], cover: dict[str, Any] | None = None) -> dict[str, Any]:
    return {**videos[0], "videos": videos, "cover": cover, "preview": None}


@dataclass(frozen=True)
class _Job:
    """What a request means. timeline : None for lists of other programs. home : the folder that remembers what was written."""

    film: Film
    timeline: Timeline | None
    paths: Mapping[str, str]
    home: Path


def _job(studio: Studio, request: RenderRequest, progress: Progress) -> _Job:
    given = request.timeline
    if timeline_path(given).suffix.lower() == ".json" and (timeline_path(given).exists() or not given.exists()):
        timeline, source = load_timeline(given)
        paths = media_paths(timeline, [source.parent, *([request.media] if request.media else [])])
        return _Job(film_of(timeline, request.audio), timeline, paths, source.parent)
    cuts = resolving.read_cut_list(studio, given)
    folders = [request.media] if request.media else []
    resolved = resolving.resolve(studio, cuts, beside=given.absolute().parent, folders=folders, progress=progress)
    lost = [one for one in resolved.offline if one.why != "no media"]
    if lost:
        names = [f"{one.name} ({one.why})" for one in lost]
        message = f"{len(lost)} media files were not found: {listed(names)}."
        raise MediaError("media_offline", message, "Say where they are with --media FOLDER.", files=names)
    film = film_of_cuts(cuts, resolved.media_of, request.audio)
    return _Job(film, None, {one.media_id: one.path for one in resolved.media.values()}, request.output.absolute().parent)


def _outputs(request: RenderRequest) -> dict[str | None, Path]:
    """Preset -> file: the one that was named, or one for each of several presets."""
    if len(request.preset) < 2:
        return {(request.preset[0] if request.preset else None): request.output}
    output = request.output
    return {name: output.with_name(f"{output.stem}-{name}{preset_named(name).suffix}") for name in request.preset}


def _plan(studio: Studio, request: RenderRequest, job: _Job, preset: str | None) -> Plan:
    options = RenderOptions(
        preset=preset,
        quality=request.quality,
        fit=request.fit,
        background=request.background,
        lut=request.lut or (lut_of(job.timeline) if job.timeline else None),
        encoder=request.encoder,
        loudness=request.loudness,
    )
    film = job.film
    size = preset_named(preset)
    if job.timeline is not None and size.width and size.width * job.timeline.height != size.height * job.timeline.width:
        film = film_of(reframed(studio, job.timeline, size.width, size.height), request.audio)
        if request.fit == "crop":
            film = dataclasses.replace(film, notes=(*film.notes, *_unmeasured(studio, job.timeline)))
    return plan_render(film, paths=job.paths, cache=caching.segments_of(studio), options=options, workers=studio.settings.worker_count)


def reframed(studio: Studio, timeline: Timeline, width: int, height: int) -> Timeline:
    """The timeline for another shape: crops laid anew over each clip's subjects, out of the whole source. Clips that were not measured
    keep the middle of their crop."""
    clips = []
    for clip in timeline.clips:
        media = timeline.media_of(clip)
        analysis = known_analysis(studio, media, lut_of(timeline))
        if analysis is None or media.video is None:
            clips.append(clip)
            continue
        last = clip.source_rate.frame_at(clip.last_shown_s(timeline.rate))
        span = FrameSpan(clip.source_start_frame, max(clip.source_start_frame, last) + 1)
        crop = crop_for(media, analysis, span, width, height, timeline.rate, clip.duration_frames)
        clips.append(dataclasses.replace(clip, crop=crop))
    return timeline.replace(clips=tuple(clips), width=width, height=height)


def _unmeasured(studio: Studio, timeline: Timeline) -> Iterator[str]:
    names = sorted({clip.file for clip in timeline.clips if known_analysis(studio, timeline.media_of(clip)) is None})
    if names:
        words = f"{len(names)} clips are not measured here, so the middle of each is shown: {', '.join(names[:5])}."
        yield f"{words} Run `cutprint analyze` on them to have the frame follow who is in it."


def _event(studio: Studio, timeline: Timeline, report: RenderReport) -> TimelineRendered:
    return TimelineRendered(
        timestamp=studio.now(),
        project_id=timeline.project_id,
        revision=timeline.revision,
        door=studio.door,
        creator_id=timeline.creator_id,
        preset=report.preset or "",
        duration_s=report.duration_s,
    )


def _cover(film: Path, chosen: str, home: Path, progress: Progress) -> dict[str, Any]:
    """Writes the cover beside a finished film."""
    target = film.with_name(f"{film.stem}.cover.jpg")
    refuse_overwrite(target, home)

    def faces(picture: NDArray[np.uint8]) -> list[tuple[float, float, float, float]]:
        found = face_finder().faces(picture)
        return [(one.box.x, one.box.y, one.box.width, one.box.height) for one in found]

    body, time_s, face = cover_of(film, chosen, faces, progress)
    atomic_write(target, body)
    remember_output(target, home)
    return {"path": str(target), "time_s": time_s, "face": face}


def render_head(studio: Studio, folder: ProjectFolder, timeline: Timeline, name: str, progress: Progress) -> RenderReport:
    """Renders a project's head into its folder."""
    paths = media_paths(timeline, [folder.folder])
    cache, workers = caching.segments_of(studio), studio.settings.worker_count
    film, options = film_of(timeline), RenderOptions(lut=lut_of(timeline))
    report = render_film(film, folder.folder / name, paths=paths, cache=cache, options=options, workers=workers, progress=progress)
    caching.trim(studio)
    folder.remember(name)
    return report


def _estimate_json(output: Path, plan: Plan) -> dict[str, Any]:
    return {
        "path": str(output),
        "preset": None if plan.preset.name == "none" else plan.preset.name,
        "frames": plan.film.frames,
        "width": plan.look.width,
        "height": plan.look.height,
        "encoder": plan.encoding.encoder,
        "segments": len(plan.segments),
        "estimated_s": plan.estimate.seconds,
        "estimated_bytes": plan.estimate.size_bytes,
        "at_most_bytes": plan.estimate.most_bytes,
        "song_start_s": plan.film.song_start_s,
        "warnings": list(plan.warnings),
    }


def report_json(report: RenderReport) -> dict[str, Any]:
    """A render's report as JSON."""
    return {**dataclasses.asdict(report), "warnings": list(report.warnings)}


def media_paths(timeline: Timeline, folders: list[Path]) -> dict[str, str]:
    """Where each media file is now: where it was, else in `folders` under its name, else below all but the first of them.

    A file counts only with the content that the timeline knows; media found nowhere are left out.
    """
    found = {}
    for row in timeline.media:
        place = next((one for one in _candidates(row, folders) if _is_same(row, one)), None)
        if place is not None:
            found[row.media_id] = str(place)
    return found


def _candidates(row: Media, folders: list[Path]) -> Iterator[Path]:
    yield Path(row.path)
    yield from (folder / row.name for folder in folders)
    for folder in folders[1:]:
        yield from sorted(folder.rglob(glob.escape(row.name)))


def _is_same(row: Media, path: Path) -> bool:
    try:
        return path.is_file() and path.stat().st_size == row.size_bytes and fingerprint(path) == row.media_id
    except (OSError, CutprintError):
        return False


def storyboard_png(studio: Studio, timeline: Timeline, progress: Progress) -> bytes:
    """The storyboard as PNG bytes; pictures come from the cache where they are known."""
    progress.stage("Drawing the storyboard", len(timeline.clips))

    def frame_of(clip: Placement) -> NDArray[np.uint8]:
        progress.advance()
        return _thumbnail(studio, timeline.media_of(clip), _middle(timeline, clip))

    return storyboard(timeline, frame_of)


def _middle(timeline: Timeline, clip: Placement) -> int:
    """The source frame half-way through what a placement shows."""
    half = timeline.rate.seconds(clip.duration_frames) * clip.speed / 2
    return clip.source_start_frame + clip.source_rate.frame_at(half)


def _thumbnail(studio: Studio, media: Media, frame: int) -> NDArray[np.uint8]:
    key = CacheKey(media.media_id, "still", THUMBNAIL_VERSION, f"{frame}@{THUMBNAIL_PX}")
    kept = studio.cache.get(key)
    if kept is not None:
        return picture_from(kept)
    try:
        picture = still(media, frame, THUMBNAIL_PX)
    except CutprintError:
        return np.full((THUMBNAIL_PX, THUMBNAIL_PX * 9 // 16, 3), 40, np.uint8)  # offline: the sheet shows a blank there
    studio.cache.put(key, jpeg(picture))
    return picture
