"""Shot type and angle with probabilities, from faces, bodies, names and composition; where nothing is known, that is the answer."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from engine.model.analysis import Box, ClipAnalysis, Face
from engine.model.names import ANGLES, SHOT_TYPES, UNKNOWN

__all__ = ["Framing", "Labels", "apply_labels", "camera_evidence", "framing", "name_evidence", "with_names"]

CLOSE_UP_FACE = 0.28
"""Face height as a share of the picture's at which a shot is as much close-up as medium: a head and shoulders frame (a cascade's
face box is about two thirds of a head)."""
WIDE_FACE = 0.075
"""... and at which it is as much medium as wide: a standing person fills the frame when the face is about an eleventh of it."""
SOFTNESS = 4.0
"""Steepness of the soft thresholds in log size (chosen: 80 % sure at 1.4 times the threshold)."""
FACE_SURE = 0.9
"""Belief that a steady face find gives to the shot type (false finds on the raw set: under one in forty frames)."""
BODY_SURE = 0.6
"""... and a standing body where no face is seen (chosen: it tells the size, a turned face would tell more)."""
NAME_SURE = 0.8
"""Belief that a file or folder name gives: people who name a camera mean it, but move it too."""

ZOOM_EVIDENCE = "camera zoom"

DRONES = re.compile(r"\bfc\d{3,4}\b|\b(mavic|phantom|inspire|matrice|autel|skydio|anafi)\b")
DRONE_SURE = 0.5
"""Belief that a drone looks down: it may as well look ahead."""

ANGLE_WORDS = MappingProxyType(
    {
        "front": ("front", "frontal", "facing"),
        "side": ("side", "profile", "left", "right"),
        "overhead": ("overhead", "top", "topdown", "above", "flatlay", "birdseye", "drone"),
        "other": ("back", "behind", "rear", "low"),
    }
)
SHOT_WORDS = MappingProxyType(
    {
        "close_up": ("close", "closeup", "cu", "ecu", "detail", "macro", "tight"),
        "medium": ("medium", "mid", "ms", "half"),
        "wide": ("wide", "full", "ws", "ls", "establishing", "fullbody"),
        "zoom": ("zoom",),
    }
)
"""Words in file and folder names -> what they say."""


@dataclass(frozen=True)
class Framing:
    """Probabilities over `names.SHOT_TYPES` and `names.ANGLES`, and what each rests on."""

    shot_type: Mapping[str, float]
    angle: Mapping[str, float]
    evidence: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Labels:
    """A person's corrections of one clip; None leaves what was measured."""

    angle: str | None = None
    shot_type: str | None = None
    usable: bool | None = None
    look: str | None = None


def framing(
    faces: Sequence[Face],
    looks: int,
    bodies: Sequence[Box],
    zoom: Mapping[str, float],
    path: str,
    subject_share: float | None,
    camera: str | None = None,
) -> Framing:
    """Shot type and angle of a clip.

    faces : finds in `looks` looked-at frames. bodies : standing people. zoom : probabilities of zoom_in and zoom_out.
    path : whose folder and file names may say something; camera : what the file calls its camera, which may, too.
    subject_share : height of the moving subject, None where there is none.
    """
    shot, shot_evidence = _shot_type(faces, looks, bodies, subject_share)
    angle, angle_evidence = _angle(faces, looks)
    shot, angle = _named(shot, angle, path, camera, shot_evidence, angle_evidence)
    zooming = zoom.get("zoom_in", 0.0) + zoom.get("zoom_out", 0.0)
    if zooming > 0.5:
        shot = _mixed(shot, {"zoom": 1.0}, zooming)
        shot_evidence.append(ZOOM_EVIDENCE)
    evidence = _evidence(shot_evidence, angle_evidence)
    return Framing(_complete(shot, SHOT_TYPES), _complete(angle, ANGLES), evidence)


def with_names(analysis: ClipAnalysis, path: str, camera: str | None) -> ClipAnalysis:
    """What was measured with what the file's names say beside it. Measurements are kept by content; names change without it.

    path, camera : as in `framing`.
    """
    shot_said, angle_said = ([row for row in analysis.evidence.get(name, ()) if row != "nothing"] for name in ("shot_type", "angle"))
    zooming = analysis.motion.get("zoom_in", 0.0) + analysis.motion.get("zoom_out", 0.0) if ZOOM_EVIDENCE in shot_said else 0.0
    if zooming > 0.999:
        return analysis
    shot = {name: max(0.0, value - zooming * (name == "zoom")) / (1 - zooming) for name, value in analysis.shot_type.items()}
    shot, angle = _named(shot, dict(analysis.angle), path, camera, shot_said, angle_said)
    if zooming:
        shot = _mixed(shot, {"zoom": 1.0}, zooming)
    if _evidence(shot_said, angle_said) == dict(analysis.evidence):
        return analysis
    evidence = {**analysis.evidence, **_evidence(shot_said, angle_said)}
    return replace(analysis, shot_type=_complete(shot, SHOT_TYPES), angle=_complete(angle, ANGLES), evidence=evidence)


Chances = dict[str, float]


def _named(
    shot: Chances, angle: Chances, path: str, camera: str | None, shot_evidence: list[str], angle_evidence: list[str]
) -> tuple[Chances, Chances]:
    """Shot type and angle with what names say, which is noted in the evidence."""
    named = name_evidence(path)
    if named.get("shot_type"):
        shot = _mixed(shot, {named["shot_type"]: 1.0}, NAME_SURE * (1 - _known(shot) * 0.5))
        shot_evidence.append("file name")
    if named.get("angle"):
        angle = _mixed(angle, {named["angle"]: 1.0}, NAME_SURE * (1 - _known(angle) * 0.5))
        angle_evidence.append("file name")
    elif camera is not None and (said := camera_evidence(camera)) is not None:
        angle = _mixed(angle, {said[0]: 1.0}, said[1] * (1 - _known(angle) * 0.5))
        angle_evidence.append("camera metadata")
    return shot, angle


def _evidence(shot: Sequence[str], angle: Sequence[str]) -> dict[str, tuple[str, ...]]:
    return {"shot_type": tuple(shot) or ("nothing",), "angle": tuple(angle) or ("nothing",)}


def _shot_type(faces: Sequence[Face], looks: int, bodies: Sequence[Box], subject_share: float | None) -> tuple[dict[str, float], list[str]]:
    if faces and looks:
        seen = len({face.frame for face in faces}) / looks
        belief = FACE_SURE * min(1.0, 0.4 + seen)
        heights = sorted(face.box.height for face in faces)
        return _mixed({}, _by_size(heights[len(heights) // 2]), belief), ["face size"]
    if bodies:
        heights = sorted(box.height for box in bodies)
        # A HOG window holds a whole standing person with a margin, whose head is about an eighth of it.
        return _mixed({}, _by_size(heights[len(heights) // 2] / 10), BODY_SURE), ["body size"]
    if subject_share is not None:
        guess = {"close_up": 0.5, "medium": 0.4, "wide": 0.1} if subject_share > 0.6 else {"medium": 0.5, "wide": 0.5}
        return _mixed({}, guess, 0.3), ["size of what moves"]
    return {}, []


def _by_size(face_height: float) -> dict[str, float]:
    close = _logistic(face_height / CLOSE_UP_FACE)
    wide = _logistic(WIDE_FACE / max(face_height, 1e-6))
    return {"close_up": close, "wide": wide, "medium": max(0.0, 1.0 - close - wide)}


def _logistic(ratio: float) -> float:
    return float(1.0 / (1.0 + max(ratio, 1e-9) ** -SOFTNESS))


def _angle(faces: Sequence[Face], looks: int) -> tuple[dict[str, float], list[str]]:
    if not faces or not looks:
        return {}, []
    frontal = sum(face.confidence for face in faces if face.pose == "frontal")
    profile = sum(face.confidence for face in faces if face.pose == "profile")
    belief = 0.8 * min(1.0, 0.4 + len({face.frame for face in faces}) / looks)
    total = frontal + profile
    return _mixed({}, {"front": frontal / total, "side": profile / total}, belief), ["face pose"]


def name_evidence(path: str) -> dict[str, str]:
    """What the file's name, and its folder's, say: {"angle": ..., "shot_type": ...}; the file's own name wins."""
    found: dict[str, str] = {}
    parts = path.replace("\\", "/").split("/")[-2:]
    for part in reversed(parts):
        words = [word for word in re.split(r"[^a-z]+", part.casefold()) if word]
        for attribute, table in (("angle", ANGLE_WORDS), ("shot_type", SHOT_WORDS)):
            hits = [name for name, known in table.items() if any(word in known for word in words)]
            if len(hits) == 1:  # two that disagree say nothing
                found.setdefault(attribute, hits[0])
    return found


def camera_evidence(camera: str) -> tuple[str, float] | None:
    """(angle, belief) from what a file calls its camera: the name a person gave it (`Side cam`), or a drone's model."""
    words = [word for word in re.split(r"[^a-z]+", camera.casefold()) if word]
    hits = [name for name, known in ANGLE_WORDS.items() if any(word in known for word in words)]
    if len(hits) == 1:
        return hits[0], NAME_SURE
    return ("overhead", DRONE_SURE) if DRONES.search(camera.casefold()) else None


def _mixed(base: Mapping[str, float], other: Mapping[str, float], belief: float) -> dict[str, float]:
    keep = dict(base) if base else {UNKNOWN: 1.0}
    names = {*keep, *other}
    total = sum(other.values()) or 1.0
    return {name: keep.get(name, 0.0) * (1 - belief) + other.get(name, 0.0) / total * belief for name in names}


def _known(probabilities: Mapping[str, float]) -> float:
    return 1.0 - probabilities.get(UNKNOWN, 0.0) if probabilities else 0.0


def _complete(probabilities: Mapping[str, float], names: Sequence[str]) -> dict[str, float]:
    known = probabilities or {UNKNOWN: 1.0}
    return {name: round(float(known.get(name, 0.0)), 6) for name in names}


def apply_labels(analysis: ClipAnalysis, labels: Labels) -> ClipAnalysis:
    """What a person says in place of what was measured."""
    changes: dict[str, object] = {}
    evidence = dict(analysis.evidence)
    for attribute, value, names in (("angle", labels.angle, ANGLES), ("shot_type", labels.shot_type, SHOT_TYPES)):
        if value is not None:
            changes[attribute] = {name: float(name == value) for name in names}
            evidence[attribute] = ("your label",)
    changes |= {"said_usable": labels.usable, "said_look": labels.look}
    return replace(analysis, **changes, evidence=evidence)  # type: ignore[arg-type]
