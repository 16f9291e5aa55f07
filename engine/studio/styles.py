"""Styles looked at, mixed, steered, moved and judged; and the one an edit is made in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.edit.taste import Taste
from engine.errors import BadOption, InputError, RefusedError
from engine.learning.confidence import correction_for, suffices
from engine.model import documents
from engine.model.analysis import ClipAnalysis
from engine.model.style import StyleModels, StyleProfile
from engine.model.timeline import Timeline
from engine.model.works import FinishedWork
from engine.store.profiles import Package, ProfileStore, package_bytes, package_of
from engine.store.projects import atomic_write, check_writable
from engine.studio.learning import relearn
from engine.studio.requests import (
    StyleBlendRequest,
    StyleEvaluateRequest,
    StyleExportRequest,
    StyleImportRequest,
    StyleListRequest,
    StyleRemoveRequest,
    StyleSetRequest,
    StyleShowRequest,
)
from engine.style.dimensions import match, score
from engine.style.evaluation import evaluate
from engine.style.examples import from_timeline
from engine.style.figure_names import called
from engine.style.models.pace import PACE_COLUMNS
from engine.style.models.selection import COLUMNS
from engine.style.models.trees import checked
from engine.style.prior import neutral_profile
from engine.style.taste import learned_taste
from engine.style.transfer import DEFAULT_BLOCKS, blend_models, blend_profiles
from engine.style.words import differences, said
from engine.telemetry.calibration import judged_clips
from engine.telemetry.sessions import sessions_of

if TYPE_CHECKING:
    from engine.progress import Progress
    from engine.studio.context import Studio

__all__ = [
    "chosen_style",
    "scored",
    "style_blend",
    "style_evaluate",
    "style_export",
    "style_import",
    "style_list",
    "style_remove",
    "style_set",
    "style_show",
]


def chosen_style(studio: Studio, creator: str | None) -> tuple[StyleProfile, Taste]:
    """The style to edit in: the one named, else the only one there is, else the neutral one. Raises `InputError` for an unknown name."""
    store = studio.store.profiles
    name = creator or _only(store)
    profile = neutral_profile() if name is None else store.load(name)
    taste = learned_taste(profile) if name is None else learned_taste(profile, store.models(name))
    return profile, replace(taste, correction=correction_for(_judged(studio, profile.creator_id)))


def _judged(studio: Studio, creator: str | None) -> list[list[tuple[float, bool]]]:
    """Of each session that somebody looked at: raw confidence in its clips, and whether they were kept. The creator's own where they
    suffice, else everybody's."""
    sessions = sessions_of(studio.store.events.read())
    mine = [rows for one in sessions if one.start.creator_id == creator and (rows := judged_clips(one, raw=True))]
    return mine if suffices(mine) else [rows for one in sessions if (rows := judged_clips(one, raw=True))]


def scored(timeline: Timeline, profile: StyleProfile, analyses: Mapping[str, ClipAnalysis]) -> Timeline:
    """The edit with its `style_match_score` and one line per dimension; unchanged without a creator."""
    if profile.creator_id is None:
        return timeline
    rows = match(profile, from_timeline(timeline, analyses))
    return timeline.replace(ai_reasoning=replace(timeline.ai_reasoning, style_match_score=score(rows), style_match=rows))


def _only(store: ProfileStore) -> str | None:
    names = store.names()
    return names[0] if len(names) == 1 else None


def _named(store: ProfileStore, creator: str | None) -> str:
    name = creator or _only(store)
    if name is None:
        known = ", ".join(store.names())
        hint = f"Say whose style: {known}." if known else "Teach one first: cutprint learn --creator NAME VIDEOS..."
        raise InputError("creator_needed", "No creator was named.", hint)
    return name


def style_show(studio: Studio, request: StyleShowRequest, progress: Progress) -> dict[str, Any]:
    """Handler of `style.show`: the profile as a document, and in words."""
    store = studio.store.profiles
    name = request.creator or _only(store)
    profile = store.load(name) if name else neutral_profile()
    works = store.works(name) if name else []
    files = {}
    if request.plot:
        from engine.render.style_plot import plot_style

        progress.stage("Drawing")
        check_writable(request.plot.parent)
        lengths = [shot.duration_s for work in works if not work.left_out for shot in work.shots]
        plot_style(profile, neutral_profile(), lengths, request.plot)
        files["plot"] = str(request.plot)
    return {
        "creator": profile.creator_id,
        "said": said(profile, store.models(name) if name else None),
        "differences": [
            {"figure": figure, "called": called(figure), "value": value, "population": population, "errors_apart": apart}
            for figure, value, population, apart in differences(profile)[:12]
        ],
        "profile": documents.encode(profile),
        "works": [
            {"name": work.name, "kind": work.kind, "shots": len(work.shots), "left_out": work.left_out, "misfit": list(work.misfit)}
            for work in works
        ],
        "recipe": store.recipe(name) if name else None,
        "files": files,
    }


def style_list(studio: Studio, request: StyleListRequest, progress: Progress) -> dict[str, Any]:
    """Handler of `style.list`."""
    store = studio.store.profiles
    rows = []
    for name in store.names():
        profile = store.load(name)
        learned = profile.learned_model
        rows.append(
            {
                "creator": name,
                "works": profile.trained_on_videos,
                "projects": learned.projects if learned else 0,
                "updated": profile.last_updated,
                "blend": store.recipe(name) is not None,
                "sliders": {key: value for key, value in profile.sliders.__dict__.items() if value},
            }
        )
    return {"creators": rows}


def style_blend(studio: Studio, request: StyleBlendRequest, progress: Progress) -> dict[str, Any]:
    """Handler of `style.blend`."""
    store = studio.store.profiles
    mine, theirs = store.load(request.mine), store.load(request.theirs)
    if store.has(request.name) and store.recipe(request.name) is None:
        hint = "Choose another name with --as."
        raise RefusedError("creator_exists", f"{request.name} is a creator's own style and is not replaced.", hint, creator=request.name)
    blocks = request.block or DEFAULT_BLOCKS
    mixed = replace(blend_profiles(mine, theirs, request.share, blocks, request.name), last_updated=studio.now())
    recipe = {"mine": mine.creator_id, "theirs": theirs.creator_id, "share": request.share, "blocks": list(blocks)}
    with store.locked(request.name):
        models = _blended(store, request, blocks)
        if models is not None and mixed.learned_model is not None:
            number = max(store.versions(request.name), default=0) + 1
            models = replace(models, number=number, creator_id=request.name)
            mixed = replace(mixed, learned_model=replace(mixed.learned_model, model_path=f"models/{number}.json", version=number))
        else:
            models, mixed = None, replace(mixed, learned_model=None)
        store.save(mixed, models, [], recipe=recipe)
    return {"creator": request.name, **recipe, "said": said(mixed, models)}


def _blended(store: ProfileStore, request: StyleBlendRequest, blocks: Sequence[str]) -> StyleModels | None:
    mine, theirs = store.models(request.mine), store.models(request.theirs)
    return blend_models(mine, theirs, request.share, blocks) if mine and theirs else mine


def style_set(studio: Studio, request: StyleSetRequest, progress: Progress) -> dict[str, Any]:
    """Handler of `style.set`: sliders that are not named stay as they are."""
    store = studio.store.profiles
    with store.locked(str(store.load(request.creator).creator_id)):
        profile = store.load(request.creator)
        asked = {name: getattr(request, name) for name in ("pace", "energy", "beat", "transitions")}
        sliders = replace(profile.sliders, **{name: value for name, value in asked.items() if value is not None})
        _rewritten(store, replace(profile, sliders=sliders))
    return {"creator": profile.creator_id, "sliders": dict(sliders.__dict__)}


def _rewritten(store: ProfileStore, profile: StyleProfile) -> None:
    name = str(profile.creator_id)
    store.save(profile, store.models(name), store.works(name))


def style_remove(studio: Studio, request: StyleRemoveRequest, progress: Progress) -> dict[str, Any]:
    """Handler of `style.remove`: the style is made anew from what is left."""
    store = studio.store.profiles
    name = _named(store, request.creator)
    if request.everything:
        store.forget(name)
        return {"creator": name, "removed": [], "left": 0, "forgotten": True}
    if not request.works:
        raise BadOption("nothing_to_remove", "No work was named.", "Name works as `style show` does, or say --everything.")
    store.load(name)
    with store.locked(name):
        works = store.works(name)
        gone = [work for work in works if any(_means(one, work) for one in request.works)]
        unknown = [one for one in request.works if not any(_means(one, work) for work in works)]
        if unknown:
            known = ", ".join(work.name for work in works[:10])
            hint = f"Works: {known}." if known else "It was mixed or imported without works."
            raise InputError("work_unknown", f"{name} was not learned from {', '.join(unknown)}; nothing was unlearned.", hint)
        left = [work for work in works if work not in gone]
        if not left:
            raise RefusedError("last_work", "These are the last works of this creator.", "Say --everything to forget the creator.")
        relearn(studio, store, name, left, progress)
    return {"creator": name, "removed": [work.name for work in gone], "left": len(left), "forgotten": False}


def _means(said: str, work: FinishedWork) -> bool:
    return Path(said).name in (work.name, Path(work.name).stem) or said == work.media_id


def style_export(studio: Studio, request: StyleExportRequest, progress: Progress) -> dict[str, Any]:
    """Handler of `style.export`."""
    store = studio.store.profiles
    profile = store.load(request.creator)
    works = () if request.without_works else tuple(store.works(request.creator))
    if request.without_works:
        profile = replace(profile, works=())
    if request.output.exists() and not _is_package(request.output):
        hint = "Choose another name with -o."
        raise RefusedError("output_not_ours", f"{request.output} is there already and no exported style.", hint, path=str(request.output))
    body = package_bytes(Package(profile, store.models(request.creator), works))
    atomic_write(request.output, body)
    return {"creator": profile.creator_id, "file": str(request.output), "works": len(works), "size_bytes": len(body)}


def _is_package(path: Path) -> bool:
    try:
        package_of(path)
    except (InputError, OSError):
        return False
    return True


def style_import(studio: Studio, request: StyleImportRequest, progress: Progress) -> dict[str, Any]:
    """Handler of `style.import`: nothing in the file is run; what is not as it must be is refused whole."""
    package = package_of(request.file)
    name = request.name or package.profile.creator_id
    if not name:
        raise InputError("creator_needed", "The file names no creator.", "Give the style a name with --as.")
    store = studio.store.profiles
    if store.has(name) and not request.replace:
        raise RefusedError("creator_exists", f"There is a style {name} already.", "Give another name with --as, or say --replace.")
    models = package.models
    if models is not None:
        for trees, columns in ((models.selection_trees, COLUMNS), (models.pace_trees, PACE_COLUMNS)):
            if trees:
                checked(trees, len(columns))
    if store.has(name):
        store.forget(name)
    with store.locked(name):
        learned = package.profile.learned_model
        number = models.number if models else 1
        if learned is not None:
            learned = replace(learned, model_path=f"models/{number}.json", version=number) if models else None
        profile = replace(package.profile, creator_id=name, learned_model=learned)
        models = replace(models, creator_id=name) if models else None
        store.save(profile, models, package.works, base=None if package.works else profile)
    return {"creator": name, "works": len(package.works), "trained_on_videos": profile.trained_on_videos, "models": models is not None}


def style_evaluate(studio: Studio, request: StyleEvaluateRequest, progress: Progress) -> dict[str, Any]:
    """Handler of `style.evaluate`: figures on works that were left out, with intervals and n, beside plain baselines."""
    store = studio.store.profiles
    name = _named(store, request.creator)
    store.load(name)
    return {"creator": name, **evaluate([work for work in store.works(name) if not work.left_out], progress)}
