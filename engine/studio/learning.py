"""Learning a creator: works come in, are told apart, and everything known of him is made anew from all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from engine.errors import BadOption, FootageError
from engine.model.names import UNKNOWN
from engine.model.style import StyleModels, StyleProfile
from engine.model.works import FinishedWork
from engine.store.profiles import ProfileStore
from engine.studio import caching
from engine.studio.footage import Problem
from engine.studio.requests import LearnRequest
from engine.studio.works import WITHOUT_BEATS, table_of, timeline_works, video_works
from engine.style.examples import placed
from engine.style.fitting import cut_alike, is_same_work, with_misfits
from engine.style.profile import ENOUGH_WORKS, build_profile, still_from_prior
from engine.style.training import learned_model, train

if TYPE_CHECKING:
    from engine.progress import Progress
    from engine.studio.context import Studio

__all__ = ["learn", "merged", "relearn"]


KNOWN = 0.5
"""A shot's size or angle is known where it is likelier known than not (probability)."""


def learn(studio: Studio, request: LearnRequest, progress: Progress) -> dict[str, Any]:
    """Handler of `learn`: what was learned, what does not fit, what could not be read, and what is still the population's."""
    if not request.videos and not request.timeline:
        raise BadOption("nothing_to_learn", "Nothing was given to learn from.", "Give finished videos, or --timeline FILE.")
    store = studio.store.profiles
    with store.locked(request.creator):
        name = store.begin(request.creator, studio.now())
        known = store.has(name)
        if known and store.recipe(name) is not None:
            raise BadOption("is_a_blend", f"{name} is a blend, not a creator.", "Learn under another name.")
        before = store.works(name) if known else []
        fresh, problems, unused = _fresh(studio, request, progress)
        if not fresh and not before:
            raise _nothing(problems)
        works, again = merged(before, fresh)
        works = _judged(works, request.leave_out_misfits)
        profile, models = relearn(studio, store, name, works, progress)
    caching.trim(studio)
    result = _result(profile, models, works, fresh, again, problems)
    return {**result, "notes": [*result["notes"], *_without_clip(studio, fresh)], "unused_raw": unused}


def _without_clip(studio: Studio, fresh: Sequence[FinishedWork]) -> list[str]:
    """What sizes and angles of the new works' shots rest on where no CLIP model is set."""
    shots = [shot for work in fresh for shot in work.shots]
    if studio.settings.clip_model or not shots:
        return []
    sizes = sum(shot.shot_type.get(UNKNOWN, 1.0) < KNOWN for shot in shots)
    angles = sum(shot.angle.get(UNKNOWN, 1.0) < KNOWN for shot in shots)
    told = f"faces, figures and names tell the size of {sizes} and the angle of {angles} of {len(shots)} shots"
    return [f"No CLIP model is set (clip_model): {told}."]


def _fresh(studio: Studio, request: LearnRequest, progress: Progress) -> tuple[list[FinishedWork], list[Problem], int]:
    table, problems = table_of(studio, request.raw, progress)
    works: list[FinishedWork] = []
    found = list(problems)
    if request.videos:
        videos, broken = video_works(studio, request.videos, request.song, table, progress)
        works, found = works + videos, found + broken
    if request.timeline:
        folders = [one for one in (request.media, request.raw) if one is not None]
        timelines, broken = timeline_works(studio, request.timeline, folders, table, progress)
        works, found = works + timelines, found + broken
    used = {clip.media_id for work in works for clip in work.raw if clip.used}
    return works, found, len(set(table.clips) - used)


def _nothing(problems: Sequence[Problem]) -> FootageError:
    shown = " ".join(problem.error.message for problem in problems[:3])
    more = f" And {len(problems) - 3} more." if len(problems) > 3 else ""
    hints = {problem.error.hint for problem in problems}
    hint = hints.pop() if len(hints) == 1 else ""
    return FootageError(
        "nothing_learned", f"There was nothing to learn from. {shown}{more}", hint or "Give finished works as they were exported."
    )


def merged(before: Sequence[FinishedWork], fresh: Sequence[FinishedWork]) -> tuple[list[FinishedWork], dict[str, str]]:
    """All works, each once; and the new ones that were there already -> the name they had.

    Of two encodings of one work the one that says more stays: with raw clips before without, with beats before silent, else the newer.
    Where only the other one has beats, they are taken over.
    """
    works = list(before)
    again: dict[str, str] = {}
    for work in fresh:
        twin = next((one for one in works if is_same_work(one, work)), None)
        if twin is None:
            works.append(work)
            continue
        again[work.name] = twin.name
        kept, other = (work, twin) if _says(work) >= _says(twin) else (twin, work)
        works[works.index(twin)] = replace(_with_beats(kept, other), left_out=twin.left_out)
    return works, again


def _with_beats(work: FinishedWork, other: FinishedWork) -> FinishedWork:
    """The work over the other's beats, where it has none and both run alike in time."""
    if work.grid is not None or other.grid is None or not cut_alike(work, other):
        return work
    notes = tuple(note for note in work.notes if note not in WITHOUT_BEATS)
    return replace(work, grid=other.grid, shots=placed(work.shots, other.grid), notes=(*notes, f"Beats of {other.name}."))


def _says(work: FinishedWork) -> tuple[bool, bool]:
    return bool(work.raw), work.grid is not None


def _judged(works: Sequence[FinishedWork], leave_out: bool) -> list[FinishedWork]:
    judged = with_misfits(works)
    if not leave_out:
        return judged
    marked = [replace(work, left_out=work.left_out or bool(work.misfit)) for work in judged]
    return marked if not all(work.left_out for work in marked) else judged


def relearn(
    studio: Studio, store: ProfileStore, name: str, works: Sequence[FinishedWork], progress: Progress
) -> tuple[StyleProfile, StyleModels]:
    """Profile and models from all works, saved. A person's sliders and an imported base stay."""
    progress.stage("Learning the style")
    sliders = store.load(name).sliders if store.has(name) else None
    base = store.base(name)
    number = max(store.versions(name), default=0) + 1
    models = train(name, works, number)
    learned = learned_model(models, f"models/{number}.json")
    profile = build_profile(name, works, studio.now(), base, learned=learned)
    if sliders is not None:
        profile = replace(profile, sliders=sliders)
    store.save(profile, models, works)
    return profile, models


def _result(
    profile: StyleProfile,
    models: StyleModels,
    works: Sequence[FinishedWork],
    fresh: Sequence[FinishedWork],
    again: dict[str, str],
    problems: Sequence[Problem],
) -> dict[str, Any]:
    rows = []
    for work in fresh:
        shown = next((one for one in works if is_same_work(one, work)), work)
        rows.append(
            {
                "name": work.name,
                "kind": work.kind,
                "shots": len(work.shots),
                "bpm": work.grid.bpm if work.grid else None,
                "found_in_raw": sum(shot.used is not None for shot in work.shots) if work.raw else None,
                "counted_as": again.get(work.name),
                "misfit": list(shown.misfit),
                "left_out": shown.left_out,
                "notes": list(work.notes),
            }
        )
    return {
        "creator": profile.creator_id,
        "works": len([work for work in works if not work.left_out]),
        "left_out": [work.name for work in works if work.left_out],
        "misfits": [{"name": work.name, "reasons": list(work.misfit)} for work in works if work.misfit],
        "learned": rows,
        "problems": [{"name": one.file, **one.error.as_json()["error"]} for one in problems],
        "still_from_population": still_from_prior(profile) if profile.trained_on_videos < ENOUGH_WORKS else [],
        "enough": profile.trained_on_videos >= ENOUGH_WORKS,
        "notes": [*profile.notes, *models.notes],
        "projects": models.projects,
        "model_version": models.number,
    }
