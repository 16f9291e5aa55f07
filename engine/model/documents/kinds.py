"""The kinds of documents, one row each, and how they are encoded, decoded, upgraded and validated."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from engine.errors import DocumentError
from engine.model import events
from engine.model.analysis import ClipAnalysis, SongAnalysis
from engine.model.cutlist import CutList
from engine.model.documents.codec import check_derived, from_plain, to_plain
from engine.model.media import Media
from engine.model.style import Brief, StyleModels, StyleProfile
from engine.model.timeline import Timeline
from engine.model.works import FinishedWork

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
    Kind("style_models", "1.0", StyleModels),
    Kind("finished_work", "1.0", FinishedWork),
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
    return {"schema": PREFIX + kind.name, "version": kind.version, **to_plain(value, _context(value))}


def _context(value: Any) -> dict[str, Any]:
    return {"rate": value.rate} if isinstance(value, Timeline) else {}


def decode(document: Any) -> Any:
    """The value in a JSON object made by `encode`, by this or an older version of Cutprint.

    Raises `DocumentError`: `document_unknown` for other JSON, `document_newer` for a newer major version, `document_invalid`
    for a broken one, `broken_timeline` where a timeline's laws do not hold.
    """
    kind, document = _upgraded(document)
    body = {name: item for name, item in document.items() if name not in ("schema", "version")}
    value = from_plain(kind.type, body, kind.name)
    check_derived(value, body, _context(value), kind.name)
    return value


def _upgraded(document: Any) -> tuple[Kind, dict[str, Any]]:
    name = str(document.get("schema", "")) if isinstance(document, dict) else ""
    kind = KINDS.get(name[len(PREFIX) :]) if name.startswith(PREFIX) else None
    if kind is None:
        hint = "Give a document that Cutprint wrote, such as timeline.json."
        raise DocumentError("document_unknown", "This JSON is no document of Cutprint.", hint)
    version = str(document.get("version", ""))
    while (kind.name, version) in UPGRADES:
        document, version = _upgrade(kind, version, document)
    _check_version(kind, version)
    return kind, document


def _upgrade(kind: Kind, version: str, document: dict[str, Any]) -> tuple[dict[str, Any], str]:
    newer, change = UPGRADES[kind.name, version]
    try:
        return {**change(document), "version": newer}, newer
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as cause:
        message = f"This {kind.name} of version {version} is not whole: {cause}."
        raise DocumentError("document_invalid", message, "Restore it from a copy.") from cause


def _check_version(kind: Kind, version: str) -> None:
    if not re.fullmatch(r"[0-9]{1,6}\.[0-9]{1,6}", version):
        raise DocumentError("document_invalid", f"{version[:40]!r} is no document version.", "Restore it from a copy.")
    theirs, ours = int(version.partition(".")[0]), int(kind.version.partition(".")[0])
    if theirs > ours:
        raise DocumentError("document_newer", f"This {kind.name} was written by a newer Cutprint ({version}).", "Update Cutprint.")
    if theirs < ours:
        raise DocumentError("document_older", f"This {kind.name} is too old to be read ({version}).", "Make it again.")


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
