"""What CLIP sees in clips, where a model is set (`clip_model`): shot type and angle by description, and one vector per clip.

Vectors are kept in the cache by content and model, so that clips can be compared and searched without looking again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from engine.analysis.finished import ShotLook
from engine.errors import CutprintError, MissingToolError
from engine.media.decode import still
from engine.model import documents
from engine.model.analysis import ClipAnalysis, Shot
from engine.model.media import Media
from engine.model.names import UNKNOWN
from engine.perception.open_clip import ClipChoice, OpenClip, zero_shot
from engine.store.cache import CacheKey

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
    found = {}
    progress.stage("Looking with CLIP", len(media))
    for one in media:
        key = CacheKey(one.media_id, "seen", SEEN_VERSION, embedder.choice.key)
        body = studio.cache.get(key)
        seen = _unpacked(body) if body else _looked(embedder, one)
        if seen is not None:
            found[one.media_id] = seen
            if not body:
                studio.cache.put(key, documents.dumps({"vector": seen.vector.tolist(), "chances": seen.chances}).encode())
        progress.advance()
    return found


def _looked(embedder: OpenClip, media: Media) -> Seen | None:
    assert media.video is not None
    frames = [round(media.video.duration_frames * (k + 0.5) / STILLS) for k in range(STILLS)]
    try:
        pictures = [still(media, frame, 320) for frame in dict.fromkeys(frames)]
        vector = embedder.pictures(pictures).mean(axis=0)
        return Seen(vector / max(1e-9, float(np.linalg.norm(vector))), zero_shot(embedder, pictures))
    except MissingToolError:
        raise
    except CutprintError:
        return None  # a picture that cannot be decoded: the analysis says so


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
    progress.stage("Looking at shots with CLIP", len(shots))
    rows = []
    for look, shot in zip(looks, shots):
        try:
            chances = zero_shot(embedder, [still(media, (shot.start_frame + shot.end_frame) // 2, 320)])
        except MissingToolError:
            raise
        except CutprintError:
            chances = {}
        size, angle = _mixed(look.shot_type, chances.get("shot_type", {})), _mixed(look.angle, chances.get("angle", {}))
        rows.append(replace(look, shot_type=size, angle=angle))
        progress.advance()
    return tuple(rows)
