"""Media that moved, found again by content (`relink`), and edits that travel with their media (`collect`)."""

from __future__ import annotations

import dataclasses
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.errors import CutprintError, MediaError, OutputError, RefusedError
from engine.media.fingerprint import fingerprint
from engine.model.media import Media
from engine.model.timeline import Timeline
from engine.progress import SILENT
from engine.store.projects import HEAD, ProjectFolder, check_writable, disk_error, load_timeline
from engine.studio import exporting
from engine.studio.conforming import conformed, constant_rate_copy, runs_unevenly
from engine.studio.footage import full_path
from engine.studio.requests import CollectRequest, RelinkRequest
from engine.studio.resolving import files_by_name, same_name
from engine.studio.revisions import committed, head_of, next_revision

if TYPE_CHECKING:
    from engine.progress import Progress
    from engine.studio.context import Studio

__all__ = ["collect", "relink"]

MEDIA_FOLDER = "media"


def relink(studio: Studio, request: RelinkRequest, progress: Progress) -> dict[str, Any]:
    """Handler of `relink`: new places of media whose file is gone, found under any name; the next revision names them."""
    timeline, path = load_timeline(request.timeline)
    if not request.media.is_dir():
        raise MediaError(
            "media_missing", f"{request.media} is no folder.", "Give the folder that holds the clips.", path=str(request.media)
        )
    lost = [row for row in timeline.media if not _is_there(row)]
    found = _by_content(lost, [request.media], progress)
    still = [row for row in lost if row.media_id not in found]
    changed = timeline
    if found:
        with head_of(studio, path) as (folder, head):
            number = next_revision(folder, head)
            changed = _with_places(head, found).replace(revision=number, parent=head.revision)
            committed(studio, folder, changed, progress, leave_foreign=True)
    return {
        "timeline": str(path),
        "revision": changed.revision,
        "offline": [{"name": row.name, "path": row.path} for row in still],
        "relinked": [{"name": row.name, "was": row.path, "now": found[row.media_id]} for row in lost if row.media_id in found],
        "online": len(timeline.media) - len(lost),
    }


def _is_there(row: Media) -> bool:
    path = Path(row.path)
    try:
        return path.is_file() and path.stat().st_size == row.size_bytes
    except (OSError, ValueError):
        return False


def _by_content(rows: Sequence[Media], folders: Sequence[Path], progress: Progress) -> dict[str, str]:
    """media id -> a file with that content below `folders`: only files of the same size are read, the same name first."""
    wanted = {row.media_id: row for row in rows}
    sizes: dict[int, list[Media]] = {}
    for row in rows:
        sizes.setdefault(row.size_bytes, []).append(row)
    candidates = [path for paths in files_by_name(folders).values() for path in paths if _size(path) in sizes]
    candidates.sort(key=lambda path: not any(same_name(path.name, row.name) for row in sizes[_size(path)]))
    progress.stage("Comparing files", len(candidates))
    found: dict[str, str] = {}
    for path in candidates:
        progress.advance()
        if all(row.media_id in found for row in sizes[_size(path)]):
            continue
        try:
            identity = fingerprint(path)
        except CutprintError:
            continue
        if identity in wanted:
            found.setdefault(identity, str(path))
    return found


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return -1


def _with_places(timeline: Timeline, places: Mapping[str, str]) -> Timeline:
    media = tuple(dataclasses.replace(row, path=places.get(row.media_id, row.path)) for row in timeline.media)
    names = {row.media_id: row.name for row in media}
    clips = tuple(dataclasses.replace(clip, file=names[clip.media_id]) for clip in timeline.clips)
    song = dataclasses.replace(timeline.song, file=names[timeline.song.media_id]) if timeline.song else None
    return timeline.replace(media=media, clips=clips, song=song)


def collect(studio: Studio, request: CollectRequest, progress: Progress) -> dict[str, Any]:
    """Handler of `collect`: used media, song and timelines in a folder of their own, with paths that work there."""
    timeline, path = load_timeline(request.timeline)
    output = full_path(request.output)
    if output == full_path(path.parent):
        raise OutputError("output_is_project", f"{output} is the edit's own folder.", "Choose another folder with -o.", path=str(output))
    rows = _used(timeline)
    places = {row.media_id: row.path for row in rows if _is_there(row)}
    missing = [row for row in rows if row.media_id not in places]
    folders = [path.parent, *([request.media] if request.media else [])]
    places.update(_by_content(missing, folders, progress) if missing else {})
    offline = [row for row in rows if row.media_id not in places]
    if offline:
        names = ", ".join(row.name for row in offline[:5])
        hint = "Say where they are with --media, or run `cutprint relink` first."
        raise MediaError("media_offline", f"{len(offline)} files cannot be found: {names}.", hint, files=[row.path for row in offline])
    folder = ProjectFolder(output)
    with folder.locked():
        uneven = [row for row in rows if request.constant_rate and runs_unevenly(row)]
        even = [row for row in rows if row not in uneven]
        targets = _targets(even, output / MEDIA_FOLDER)
        size = _copied(even, places, targets, progress)
        copies = _evened(uneven, places, output / MEDIA_FOLDER, progress)
        kept = timeline.replace(media=tuple(row for row in timeline.media if row.media_id in targets or row.media_id in copies))
        moved = conformed(_with_places(kept, {one: str(target) for one, target in targets.items()}), copies)
        exports, hints, _ = exporting.all_formats(studio, moved)
        folder.commit(moved, exports)
    size += sum(copy.size_bytes for copy in copies.values())
    found = {"folder": str(output), "files": len(targets) + len(copies), "bytes": size, "constant_rate": len(copies)}
    return {**found, "timelines": sorted([HEAD, *exports]), "import": hints}


def _evened(rows: Sequence[Media], places: Mapping[str, str], folder: Path, progress: Progress) -> dict[str, Media]:
    """Media id -> its constant-rate copy."""
    if rows:
        check_writable(folder)
        progress.stage("Making constant-rate copies", len(rows))
    copies = {}
    for number, row in enumerate(rows, 1):
        home = folder / f"{number:03d}" if any(other.name == row.name for other in rows[: number - 1]) else folder
        home.mkdir(parents=True, exist_ok=True)
        copies[row.media_id] = constant_rate_copy(row, Path(places[row.media_id]), home, SILENT)
        progress.advance()
    return copies


def _used(timeline: Timeline) -> list[Media]:
    ids = {clip.media_id for clip in (*timeline.clips, *(clip for track in timeline.tracks for clip in track.clips))}
    ids |= {timeline.song.media_id} if timeline.song else set()
    return [row for row in timeline.media if row.media_id in ids]


def _targets(rows: Sequence[Media], folder: Path) -> dict[str, Path]:
    """A name of its own for each file, also on disks that do not tell case."""
    taken: set[str] = set()
    targets = {}
    for row in rows:
        stem, suffix = os.path.splitext(row.name)  # noqa: PTH122 - names may come from another system
        name, number = row.name, 2
        while name.casefold() in taken:
            name, number = f"{stem} ({number}){suffix}", number + 1
        taken.add(name.casefold())
        targets[row.media_id] = folder / name
    return targets


def _copied(rows: Sequence[Media], places: Mapping[str, str], targets: Mapping[str, Path], progress: Progress) -> int:
    """Copies what is not there yet, each file whole or not at all; returns the bytes of all of them."""
    progress.stage("Copying media", sum(row.size_bytes for row in rows))
    for row in rows:
        target = targets[row.media_id]
        check_writable(target.parent)
        if not (target.is_file() and target.stat().st_size == row.size_bytes and fingerprint(target) == row.media_id):
            if target.exists():
                message = f"{target} is another file than the edit's."
                raise RefusedError("output_not_ours", message, "Choose an empty folder with -o.", path=str(target))
            _copy(Path(places[row.media_id]), target)
        progress.advance(row.size_bytes)
    return sum(row.size_bytes for row in rows)


def _copy(source: Path, target: Path) -> None:
    part = target.with_name(f".{target.name[:80]}.part")
    try:
        shutil.copyfile(source, part)
        shutil.copystat(source, part)
        part.replace(target)
    except OSError as cause:
        part.unlink(missing_ok=True)
        raise disk_error(target, cause) from cause
