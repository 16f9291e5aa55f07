"""Quick looks at a cut: small copies joined or cropped, or the rhythm alone."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.errors import BadOption
from engine.media.probe import probe
from engine.model.media import Media
from engine.model.timeline import Timeline
from engine.render.film import Film
from engine.render.preview import PREVIEWS
from engine.render.preview import preview as make_preview
from engine.render.rhythm import write_rhythm
from engine.store.projects import refuse_overwrite, remember_output
from engine.studio import proxies
from engine.studio.requests import RenderRequest

if TYPE_CHECKING:
    from engine.progress import Progress
    from engine.studio.context import Studio

__all__ = ["preview"]


def preview(
    studio: Studio, request: RenderRequest, film: Film, timeline: Timeline | None, paths: Mapping[str, str], progress: Progress
) -> dict[str, Any]:
    """What `render --preview` answers."""
    if request.preview not in PREVIEWS:
        raise BadOption("bad_preview", f"There is no preview {request.preview!r}.", f"Use one of {', '.join(PREVIEWS)}.")
    home = request.output.absolute().parent
    refuse_overwrite(request.output, home)
    if request.preview == "rhythm":
        made = _rhythm(request, timeline, paths, progress)
    else:
        clips = _at_hand([one for shot in film.shots for one in shot.all_media], paths)
        copies = proxies.ensure(studio, clips, progress)
        sounds = {key: path for key, path in paths.items() if Path(path).is_file()}
        heard = dataclasses.replace(film, sounds=tuple(one for one in film.sounds if one.media.media_id in sounds))
        cache = studio.workspace / "cache" / "segments"
        report = make_preview(heard, request.output, kind=request.preview, proxies=copies, sounds=sounds, cache=cache, progress=progress)
        made = {**dataclasses.asdict(report), "warnings": list(report.warnings)}
    remember_output(request.output, home)
    return {**made, "videos": [], "cover": None, "preview": made}


def _at_hand(clips: list[Media], paths: Mapping[str, str]) -> list[Media]:
    """Each clip once, where it is now: a copy that is missing can be made from it. One that is offline may still have its copy."""
    rows = {one.media_id: one for one in clips}
    return [dataclasses.replace(one, path=paths.get(key, one.path)) for key, one in rows.items()]


def _rhythm(request: RenderRequest, timeline: Timeline | None, paths: Mapping[str, str], progress: Progress) -> dict[str, Any]:
    if timeline is None:
        hint = "Give the edit's folder, or use --preview crop."
        raise BadOption("bad_preview", "The rhythm is known of Cutprint's own edits only.", hint)
    began = time.monotonic()
    progress.stage("Making a rhythm preview")
    mode = request.audio or timeline.audio
    song = Path(paths[timeline.song.media_id]) if timeline.song and timeline.song.media_id in paths and mode != "none" else None
    write_rhythm(timeline, song, request.output)
    made = probe(request.output)
    return {
        "path": str(request.output),
        "kind": "rhythm",
        "frames": timeline.duration_frames,
        "rate": timeline.rate.to_json(),
        "size_bytes": made.size_bytes,
        "seconds_taken": round(time.monotonic() - began, 2),
        "song_start_s": timeline.song.source_start_s if timeline.song else None,
        "warnings": [] if song else ["Without the song: beeps at the cuts alone."],
    }
