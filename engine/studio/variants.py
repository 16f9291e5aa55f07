"""Other edits of the same wish: legal like the first, and told apart from it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from engine.edit.scoring import Leaning
from engine.errors import BadOption, FootageError
from engine.model.timeline import Timeline
from engine.store.projects import ProjectFolder
from engine.studio import exporting, rendering
from engine.studio.resuming import is_of_this_job, tagged

if TYPE_CHECKING:
    from engine.progress import Progress
    from engine.studio.context import Studio

__all__ = ["MOST_VARIANTS", "check_variants", "cut_of", "differing", "further", "repeats", "write_variants"]

MOST_VARIANTS = 8
REPEAT_WORTHS = (0.15, 0.35, 0.8)
"""What using a clip again costs a variant a beat, tried in turn until it differs."""


def check_variants(count: int) -> None:
    """Raises `BadOption` for a number that makes no sense."""
    if not 1 <= count <= MOST_VARIANTS:
        raise BadOption("bad_variants", f"{count} variants cannot be made.", f"Use 1 to {MOST_VARIANTS}.")


def further(first: Timeline, count: int, make: Callable[[Leaning], Timeline]) -> list[Timeline]:
    """Up to `count` edits with the first, each unlike all before it; fewer where the footage has no more."""
    made = [first]
    while len(made) < count:
        other = _unlike(made, make)
        if other is None:
            break
        made.append(other)
    return made


def _unlike(made: Sequence[Timeline], make: Callable[[Leaning], Timeline]) -> Timeline | None:
    seen = {cut_of(one) for one in made}
    for worth in REPEAT_WORTHS:
        try:
            other = make(repeats(made, worth))
        except FootageError:
            continue
        if cut_of(other) not in seen:
            return other
    return None


def repeats(made: Sequence[Timeline], worth: float) -> Leaning:
    """What makes a variant look elsewhere: each clip costs what it was used before."""
    counts: dict[str, float] = {}
    for timeline in made:
        for clip in timeline.clips:
            counts[clip.media_id] = counts.get(clip.media_id, 0.0) + worth
    return Leaning(repeats=counts)


def cut_of(timeline: Timeline) -> tuple[tuple[object, ...], ...]:
    """What makes two edits the same to the eye."""
    return tuple((clip.media_id, clip.timeline_start_frame, clip.source_start_frame) for clip in timeline.clips)


def differing(rows: Sequence[Timeline]) -> list[dict[str, Any]]:
    """In what each variant differs from the first, in figures and words."""
    first = rows[0]
    used = {clip.media_id for clip in first.clips}
    found = []
    for one in rows:
        new = sorted({clip.file for clip in one.clips if clip.media_id not in used})
        mean = float(one.duration_s) / len(one.clips)
        same = len(set(cut_of(one)) & set(cut_of(first)))
        said = [f"{len(one.clips)} shots of {mean:.2f} s", f"opens with {one.clips[0].file}"]
        if one is not first:
            said.append(f"{len(new)} clips the first does not use, {same} of {len(one.clips)} placements as there")
        words = "; ".join(said)
        found.append({"revision": one.revision, "shots": len(one.clips), "new_clips": new, "same_placements": same, "words": words})
    return found


def write_variants(studio: Studio, folder: ProjectFolder, rows: Sequence[Timeline], progress: Progress) -> list[dict[str, Any]]:
    """Writes all but the first into folders of their own, as edits that can be changed like any other."""
    said = differing(rows)
    for number, timeline in enumerate(rows[1:], 2):
        home = ProjectFolder(folder.folder / f"variant-{number}")
        with home.locked():
            before = home.current()
            said[number - 1]["folder"] = str(home.folder)
            if is_of_this_job(studio, before):
                continue
            one = timeline.replace(
                project_id=before.project_id if before else studio.new_id(),
                revision=before.revision + 1 if before else 1,
                parent=before.revision if before else None,
                extra={**timeline.extra, "name": f"{timeline.extra.get('name', 'edit')} {number}"},
            )
            exports, _, _ = exporting.all_formats(studio, one)
            exports["storyboard.png"] = rendering.storyboard_png(studio, one, progress)
            home.commit(tagged(studio, one), exports)
    return said
