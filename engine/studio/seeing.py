"""What CLIP sees in clips, where a model is set (`clip_model`): shot type and angle by description, and one vector per clip.

Vectors are kept in the cache by content and model, so that clips can be compared and searched without looking again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from engine.analysis.finished import ShotLook
from engine.errors import CutprintError, MissingToolError
from engine.model import documents
from engine.model.analysis import ClipAnalysis, Shot
from engine.model.media import Media
from engine.model.names import UNKNOWN
from engine.perception.contracts import Picture
from engine.perception.open_clip import BATCH, ClipChoice, OpenClip, zero_shot
from engine.store.cache import CacheKey
from engine.studio.measuring import stills
from engine.studio.workers import run_all

if TYPE_CHECKING:
    from engine.progress import Progress
    from engine.studio.context import Studio

__all__ = ["Seen", "check_searchable", "found_by_text", "ranked", "seen_in", "shots_seen", "with_seen"]

SEEN_VERSION = "1"
STILLS = 4
"""Pictures of each clip, evenly over it."""
BELIEF = 0.7
"""How far what CLIP says replaces what is not known, and half as far what other evidence says (tuned CLIP models are right in about
81 % of sizes and 88 % of angles; out of the box somewhat less)."""


@dataclass(frozen=True, eq=False)
class Seen:
    """vector : unit, float32 (dimensions,). chances : attribute -> value -> probability."""

    vector: NDArray[np.float32]
    chances: Mapping[str, Mapping[str, float]]


def seen_in(studio: Studio, media: Sequence[Media], progress: Progress) -> dict[str, Seen]:
    """Media id -> what CLIP sees; empty where no model is set. Raises `MissingToolError` where the model cannot be loaded."""
    if not studio.settings.clip_model:
        return {}
    embedder = OpenClip(ClipChoice.parse(studio.settings.clip_model))
    keys = {one.media_id: CacheKey(one.media_id, "seen", SEEN_VERSION, embedder.choice.key) for one in media}
    found = {name: _unpacked(body) for name, key in keys.items() if (body := studio.cache.get(key))}
    missing = [one for one in media if one.media_id not in found]

    def note(index: int, vectors: NDArray[np.float32]) -> None:
        mean = vectors.mean(axis=0)
        seen = Seen(mean / max(1e-9, float(np.linalg.norm(mean))), zero_shot(embedder, vectors))
        name = missing[index].media_id
        studio.cache.put(keys[name], documents.dumps({"vector": seen.vector.tolist(), "chances": seen.chances}).encode())
        found[name] = seen

    _look(studio, embedder, [(one, _evenly(one)) for one in missing], "Looking with CLIP", progress, note)
    return found


def _evenly(media: Media) -> tuple[int, ...]:
    assert media.video is not None
    return tuple(dict.fromkeys(int(media.video.duration_frames * (k + 0.5) / STILLS) for k in range(STILLS)))


def _look(
    studio: Studio,
    embedder: OpenClip,
    jobs: Sequence[tuple[Media, tuple[int, ...]]],
    stage: str,
    progress: Progress,
    note: Callable[[int, NDArray[np.float32]], None],
) -> None:
    """Workers decode the stills, and this process shows them to the model a batch at a time; `note` gets each job's vectors.

    What cannot be decoded is left out: the analysis says so. Raises `MissingToolError` where the model cannot be loaded.
    """
    if not jobs:
        return
    embedder.load()
    waiting: list[tuple[int, Sequence[Picture]]] = []

    def show() -> None:
        vectors = embedder.pictures([picture for _, pictures in waiting for picture in pictures])
        ends = np.cumsum([len(pictures) for _, pictures in waiting])
        for (index, _), own in zip(waiting, np.split(vectors, ends[:-1])):
            note(index, own)
        waiting.clear()

    def keep(index: int, pictures: Sequence[Picture] | CutprintError) -> None:
        if not isinstance(pictures, CutprintError):
            waiting.append((index, pictures))
            if sum(len(ones) for _, ones in waiting) >= BATCH:
                show()

    run_all(studio, stills, jobs, stage, progress, keep=keep)
    if waiting:
        show()


def _unpacked(body: bytes) -> Seen:
    row = documents.loads(body.decode())
    return Seen(np.array(row["vector"], np.float32), row["chances"])


def with_seen(analysis: ClipAnalysis, seen: Seen | None) -> ClipAnalysis:
    """The analysis with what CLIP says mixed in, and said in its evidence."""
    if seen is None:
        return analysis
    kinds = {"shot_type": analysis.shot_type, "angle": analysis.angle}
    mixed = {name: _mixed(before, seen.chances.get(name, {})) for name, before in kinds.items()}
    evidence = {**analysis.evidence, **{name: (*_rests(analysis, name), "CLIP") for name in mixed}}
    missing = tuple(one for one in analysis.missing if "CLIP" not in one)
    return replace(analysis, shot_type=mixed["shot_type"], angle=mixed["angle"], evidence=evidence, missing=missing)


def _rests(analysis: ClipAnalysis, name: str) -> tuple[str, ...]:
    return tuple(one for one in analysis.evidence.get(name, ()) if one != "nothing")


def _mixed(before: Mapping[str, float], chances: Mapping[str, float]) -> dict[str, float]:
    """A person's label (all of it on one value) stays; what is unknown is taken over; known evidence is weighed against it."""
    if not chances or max((value for name, value in before.items() if name != UNKNOWN), default=0.0) >= 1.0:
        return dict(before)
    unknown = before.get(UNKNOWN, 0.0)
    belief = BELIEF * (unknown + 0.5 * (1 - unknown))
    mixed = {name: value * (1 - belief) + belief * chances.get(name, 0.0) for name, value in before.items()}
    return {name: round(value, 6) for name, value in mixed.items()}


def check_searchable(studio: Studio) -> None:
    """Raises `MissingToolError` where no model is set that could compare pictures with words."""
    if not studio.settings.clip_model:
        hint = 'Install it: pip install "cutprint[clip]", and set clip_model, to ViT-B-32 for example.'
        raise MissingToolError("clip_not_set", "Searching clips by words needs a CLIP model, and none is set.", hint)


def found_by_text(studio: Studio, vectors: Mapping[str, NDArray[np.float32]], text: str) -> list[tuple[str, float]]:
    """(media id, cosine) of clips, those that show what the text says first. vectors : of `seen_in`, by media id."""
    return ranked(vectors, OpenClip(ClipChoice.parse(studio.settings.clip_model)).texts([text])[0])


def ranked(vectors: Mapping[str, NDArray[np.float32]], wanted: NDArray[np.float32]) -> list[tuple[str, float]]:
    """(name, cosine), nearest first. All of unit length."""
    rows = [(one, round(float(vector @ wanted), 4)) for one, vector in vectors.items()]
    return sorted(rows, key=lambda row: (-row[1], row[0]))


def shots_seen(studio: Studio, media: Media, looks: Sequence[ShotLook], shots: Sequence[Shot], progress: Progress) -> tuple[ShotLook, ...]:
    """Looks at a finished video's shots with what CLIP says of the middle of each mixed in; as they were where no model is set."""
    if not studio.settings.clip_model:
        return tuple(looks)
    embedder = OpenClip(ClipChoice.parse(studio.settings.clip_model))
    chances: dict[int, Mapping[str, Mapping[str, float]]] = {}

    def note(index: int, vectors: NDArray[np.float32]) -> None:
        chances[index] = zero_shot(embedder, vectors)

    jobs = [(media, ((shot.start_frame + shot.end_frame) // 2,)) for shot in shots]
    _look(studio, embedder, jobs, "Looking at shots with CLIP", progress, note)
    return tuple(_told(look, chances.get(index, {})) for index, look in enumerate(looks))


def _told(look: ShotLook, chances: Mapping[str, Mapping[str, float]]) -> ShotLook:
    size, angle = (_mixed(before, chances.get(name, {})) for name, before in (("shot_type", look.shot_type), ("angle", look.angle)))
    return replace(look, shot_type=size, angle=angle)
