"""What people say about their clips, which overrides what was measured: by option, by `cutprint label`, by cutprint.toml in the folder.

Labels belong to the user, so they live in the workspace and not in the cache; they go by content, so a moved or renamed clip keeps its own.
"""

from __future__ import annotations

import dataclasses
import fnmatch
import functools
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.analysis.framing import Labels
from engine.errors import BadOption, CutprintError, InputError
from engine.model.media import Media
from engine.model.names import ANGLES, SHOT_TYPES, UNKNOWN
from engine.store.projects import atomic_write
from engine.studio.requests import LabelRequest
from engine.studio.shoot_settings import FOLDER_FILE, read_table

if TYPE_CHECKING:
    from engine.progress import Progress
    from engine.studio.context import Studio

__all__ = ["angle_rules", "label", "labels_of", "unmet"]

Rules = Sequence[tuple[str, Labels]]
"""Patterns of file names (as a shell has them; with a slash, of the folder's, too) and what they mean; of two that match the later wins."""


def angle_rules(texts: Iterable[str]) -> Rules:
    """`side_cam_*=side` -> rules. Raises `BadOption` (`bad_label`)."""
    rules = []
    for text in texts:
        pattern, mark, angle = text.rpartition("=")
        if not mark or not pattern:
            raise BadOption("bad_label", f"--angle {text!r} names no clips.", "Write it like --angle 'side_cam_*=side'.")
        rules.append((pattern, _checked({"angle": angle}, "--angle")))
    return tuple(rules)


def labels_of(studio: Studio, media: Media, path: Path, rules: Rules = ()) -> Labels:
    """What people say about a clip: options first, then `cutprint label`, then cutprint.toml of its folder."""
    found = _matching(_folder_rules(path.parent), path)
    found = _over(found, Labels(**_kept(studio, media)))
    return _over(found, _matching(rules, path))


def unmet(rules: Rules, paths: Sequence[Path]) -> tuple[str, ...]:
    """A remark for each rule that is about none of the clips: most likely its pattern is mistyped."""
    return tuple(f"--angle {pattern!r} matches no clip." for pattern, _ in rules if not any(_is_meant(pattern, path) for path in paths))


def label(studio: Studio, request: LabelRequest, progress: Progress) -> dict[str, Any]:
    """Handler of `label`: remembers labels by content, once for all edits; without any it shows what is known.

    Raises `MediaError` where not one of the clips can be read.
    """
    from engine.studio.footage import find_clips, probe_cached

    asked = _asked(request)
    paths = find_clips(request.clips)
    rows = []
    probed = probe_cached(studio, paths, progress)
    broken = [one for one in probed if isinstance(one, CutprintError)]
    if len(broken) == len(probed):
        raise broken[0]
    for path, media in zip(paths, probed):
        if isinstance(media, CutprintError):
            rows.append({"path": str(path), "labels": {}, "problem": media.message})
            continue
        kept = {} if request.forget else _kept(studio, media)
        if asked or request.forget:
            kept = {**kept, **asked}
            _keep(studio, media, kept)
        rows.append({"path": str(path), "labels": kept, "problem": ""})
    return {"clips": rows}


def _asked(request: LabelRequest) -> dict[str, Any]:
    usable = {"yes": True, "no": False, None: None}[request.usable]
    given = {"angle": request.angle, "shot_type": request.shot_type, "usable": usable, "look": request.look}
    return {name: value for name, value in given.items() if value is not None}


def _path(studio: Studio, media: Media) -> Path:
    return studio.workspace / "labels" / f"{media.media_id}.json"


def _kept(studio: Studio, media: Media) -> dict[str, Any]:
    try:
        kept = json.loads(_path(studio, media).read_text(encoding="utf-8"))
        return dataclasses.asdict(_checked(kept, "the labels")) if isinstance(kept, dict) else {}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as cause:
        hint = "Run `cutprint label CLIP --forget` to drop them."
        raise InputError("labels_unreadable", f"The labels of {media.name} cannot be read.", hint) from cause


def _keep(studio: Studio, media: Media, labels: Mapping[str, Any]) -> None:
    body = {name: value for name, value in labels.items() if value is not None}
    atomic_write(_path(studio, media), json.dumps(body, ensure_ascii=False).encode())


@functools.lru_cache(maxsize=64)
def _read_rules(path: Path, _stamp: int) -> Rules:
    try:
        table = read_table(path).get("labels", {})
    except (OSError, ValueError) as cause:
        raise InputError("labels_unreadable", f"{path} cannot be read: {cause}.", "Correct that line.", path=str(path)) from cause
    if not isinstance(table, dict) or not all(isinstance(one, dict) for one in table.values()):
        hint = 'Write lines like "side_cam_*" = { angle = "side" } under [labels].'
        raise InputError("labels_unreadable", f"The labels in {path} are no table.", hint, path=str(path))
    return tuple((pattern, _checked(row, str(path))) for pattern, row in table.items())


def _folder_rules(folder: Path) -> Rules:
    path = folder / FOLDER_FILE
    try:
        return _read_rules(path, path.stat().st_mtime_ns)
    except FileNotFoundError:
        return ()


def _checked(row: Mapping[str, Any], where: str) -> Labels:
    names = {one.name for one in dataclasses.fields(Labels)}
    for name, value in row.items():
        allowed: Sequence[Any] = {"angle": ANGLES, "shot_type": SHOT_TYPES, "usable": (True, False)}.get(name, (value,))
        kind = bool if name == "usable" else str  # 1 would pass for true, and a look by a number for a name
        if name not in names or (value is not None and (value not in allowed or value == UNKNOWN or not isinstance(value, kind))):
            words = "a text" if name == "look" else ", ".join(str(one).lower() for one in allowed if one != UNKNOWN)
            hint = f"Use one of {words}." if name in names else f"Labels are {', '.join(sorted(names))}."
            raise BadOption("bad_label", f"{where} says {name} = {value!r}, which means nothing.", hint)
    return Labels(**row)


def _matching(rules: Rules, path: Path) -> Labels:
    found = Labels()
    for pattern, labels in rules:
        if _is_meant(pattern, path):
            found = _over(found, labels)
    return found


def _is_meant(pattern: str, path: Path) -> bool:
    """Whether a clip's name, with or without suffix, is like the pattern; of one with a slash, the end of its path."""
    like = pattern.casefold().replace("\\", "/")
    if "/" in like:
        return fnmatch.fnmatchcase(path.as_posix().casefold(), like if like.startswith("/") else f"*/{like}")
    return any(fnmatch.fnmatchcase(name.casefold(), like) for name in (path.name, path.stem))


def _over(below: Labels, above: Labels) -> Labels:
    said = {name: value for name, value in dataclasses.asdict(above).items() if value is not None}
    return dataclasses.replace(below, **said)
