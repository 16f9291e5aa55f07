"""The kinds of documents, one row each, and how they are encoded, decoded, upgraded and validated."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from engine.errors import DocumentError
from engine.model import events
from engine.model.analysis import ClipAnalysis, SongAnalysis
from engine.model.cutlist import CutList
from engine.model.documents.codec import from_plain, to_plain
from engine.model.media import Media
from engine.model.style import Brief, StyleProfile
from engine.model.timeline import Timeline

__all__ = ["KINDS", "UPGRADES", "Kind", "decode", "encode", "schema", "schema_path", "validate"]


@dataclass(frozen=True)
class Kind:
    """One kind of document: its name in `schema`, its version, and the type it holds."""

    name: str
    version: str
    type: type


_ROWS = (
    Kind("timeline", "1.0", Timeline),
    Kind("style_profile", "1.0", StyleProfile),
    Kind("clip_analysis", "1.0", ClipAnalysis),
    Kind("song_analysis", "1.0", SongAnalysis),
    Kind("cut_list", "1.0", CutList),
    Kind("brief", "1.0", Brief),
    Kind("media", "1.0", Media),
    *(Kind(f"event_{name}", "1.0", kind) for name, kind in events.EVENTS.items()),
)
KINDS = MappingProxyType({row.name: row for row in _ROWS})
_BY_TYPE = {row.type: row for row in _ROWS}

UPGRADES: dict[tuple[str, str], tuple[str, Callable[[dict[str, Any]], dict[str, Any]]]] = {}
"""(kind, version) -> (next version, what to change): documents of older versions walk along this table."""

PREFIX = "cutprint/"


def encode(value: Any) -> dict[str, Any]:
    """The JSON object of a Timeline, profile, analysis, cut list, brief, media or event. Numbers in it are finite."""
    kind = _BY_TYPE[type(value)]
    context = {"rate": value.rate} if isinstance(value, Timeline) else {}
    return {"schema": PREFIX + kind.name, "version": kind.version, **to_plain(value, context)}


def decode(document: Any) -> Any:
    """The value in a JSON object made by `encode`, by this or an older version of Cutprint.

    Raises `DocumentError`: `document_unknown` for other JSON, `document_newer` for a newer major version, `document_invalid`
    for a broken one, `broken_timeline` where a timeline's laws do not hold.
    """
    kind, document = _upgraded(document)
    if kind.name == "timeline":
        _check_seconds(document)
    body = {name: item for name, item in document.items() if name not in ("schema", "version")}
    return from_plain(kind.type, body, kind.name)


def _upgraded(document: Any) -> tuple[Kind, dict[str, Any]]:
    name = str(document.get("schema", "")) if isinstance(document, dict) else ""
    kind = KINDS.get(name[len(PREFIX) :]) if name.startswith(PREFIX) else None
    if kind is None:
        hint = "Give a document that Cutprint wrote, such as timeline.json."
        raise DocumentError("document_unknown", "This JSON is no document of Cutprint.", hint)
    version = str(document.get("version", ""))
    while (kind.name, version) in UPGRADES:
        version, change = UPGRADES[kind.name, version]
        document = {**change(document), "version": version}
    major, _, minor = version.partition(".")
    if not (major.isdecimal() and minor.isdecimal()):
        raise DocumentError("document_invalid", f"{version!r} is no document version.", "Restore it from a copy.")
    if int(major) > int(kind.version.partition(".")[0]):
        raise DocumentError("document_newer", f"This {kind.name} was written by a newer Cutprint ({version}).", "Update Cutprint.")
    return kind, document


def _check_seconds(document: dict[str, Any]) -> None:
    """Frames are the truth; seconds that tell another story mean that somebody edited only half of the document."""
    from engine.model.time import FrameRate

    rate = FrameRate.parse(str(document.get("rate", "30")))
    for clip in document.get("clips") or ():
        for seconds, frames in (("timeline_start", "timeline_start_frame"), ("duration", "duration_frames")):
            told, true = clip.get(seconds), clip.get(frames)
            if isinstance(told, (int, float)) and isinstance(true, int) and abs(told * rate.fps - true) > 0.5:
                message = f"Clip {clip.get('id')} says {seconds} {told} s but {frames} {true}."
                raise DocumentError("document_invalid", message, f"Correct {frames}: frames decide.", clip=clip.get("id"))


def schema_path(name: str) -> Path:
    """Where the shipped schema of a kind lies."""
    return Path(__file__).parent.parent / "schemas" / f"{name}.schema.json"


@functools.lru_cache(maxsize=64)
def schema(name: str) -> dict[str, Any]:
    """The shipped JSON Schema of a kind."""
    loaded: dict[str, Any] = json.loads(schema_path(name).read_text(encoding="utf-8"))
    return loaded


def validate(document: Any) -> None:
    """Raises `DocumentError` naming the place where a document breaks its schema."""
    import jsonschema

    kind, document = _upgraded(document)
    checker = jsonschema.Draft202012Validator(schema(kind.name))
    error = jsonschema.exceptions.best_match(checker.iter_errors(document))
    if error is not None:
        place = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in error.absolute_path)
        raise DocumentError("document_invalid", f"{kind.name}{place}: {error.message[:300]}", "Restore it from a copy.", path=place)


