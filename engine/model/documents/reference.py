"""docs/documents.md made from the schemas: `python -m engine.model.documents.reference > docs/documents.md`."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from typing import Any

from engine.model.documents.kinds import KINDS, schema

__all__ = ["reference"]

INTRODUCTION = """# Documents

Everything that Cutprint writes and reads as JSON. This page is generated from the JSON Schemas (2020-12) that ship in
`engine/model/schemas`; do not edit it, run `python -m engine.model.documents.reference > docs/documents.md`.

- **Head.** `schema` names the kind (`cutprint/timeline`), `version` the format as `major.minor`. A newer minor version is
  read: fields that this version does not know are kept where a table below says so. A newer major version is refused. Older
  versions are brought up to date while reading. A new word in a closed list needs a new major version.
- **Time.** Frames decide; `rate` is an exact quotient such as `"30000/1001"`. Fields marked as derived repeat them in seconds
  for readers and may be left out. Where one is off by more than half a frame, or says otherwise than what it is derived from,
  the document is refused: somebody changed only half of it.
- **Numbers** are finite. `null` stands for "none", "not answered" or "not measured", as the field says.
- **Text** is UTF-8. Keys are unique, at most 64 levels are nested, at most 256 MB are read.
- In Python: `engine.model.documents` has `encode`, `decode`, `dumps`, `loads`, `schema`, `validate`, and for caches `pack` and
  `unpack`. What cannot be read raises `DocumentError` with the code `document_malformed` (not JSON as above),
  `document_unknown` (other JSON), `document_newer`, `document_older`, `document_invalid` (with the place), `broken_timeline`
  (a law of the timeline) or `blob_damaged`.
"""

KEEPS_UNKNOWN = {
    "cutprint/timeline": "Unknown fields are kept on rewrite.",
    "cutprint/style_profile": "Unknown fields are kept on rewrite.",
    "Placement": "Unknown fields are kept on rewrite.",
    "SongUse": "Unknown fields are kept on rewrite.",
    "HistoryEntry": "Other fields are the details of the action.",
    "UserEdit": "Other fields are the details of the action, under the guide's names (`reason_selected`, `from_position` ...).",
}


def reference() -> str:
    """The whole page."""
    told: set[str] = set()
    lines = [INTRODUCTION]
    plain = [name for name in KINDS if not name.startswith("event_")]
    for name in plain:
        body = schema(name)
        lines += [f"## {name}\n", *_object(f"cutprint/{name}", body)]
        lines += _parts(body, told)
    lines += _events([name for name in KINDS if name.startswith("event_")])
    return "\n".join(lines)


def _parts(body: Mapping[str, Any], told: set[str]) -> Iterator[str]:
    for part, inner in body["$defs"].items():
        if part not in told:
            told.add(part)
            yield f"### {part}\n"
            yield from _object(part, inner)


def _events(names: list[str]) -> Iterator[str]:
    """What all events have once, then what each has beside it."""
    bodies = {name: schema(name) for name in names}
    common = set.intersection(*(set(body["properties"]) for body in bodies.values()))
    first = bodies[names[0]]
    yield "## Events\n"
    yield "What happened to an edit. Kept on this machine. Every event has:\n"
    yield from _table({name: one for name, one in first["properties"].items() if name in common})
    for name, body in bodies.items():
        own = {field: one for field, one in body["properties"].items() if field not in common}
        yield f"### {name}\n"
        yield _prose(body["description"]) + "\n"
        if own:
            yield from _table(own)


def _object(name: str, body: Mapping[str, Any]) -> Iterator[str]:
    yield _prose(body["description"]) + "\n"
    if name in KEEPS_UNKNOWN:
        yield KEEPS_UNKNOWN[name] + "\n"
    yield from _table(body["properties"])


def _prose(docstring: str) -> str:
    """The first paragraph and those that are prose; numpy-style rows stand in the table already."""
    paragraphs = docstring.split("\n\n")
    kept = [part for part in paragraphs if " : " not in part]
    return "\n\n".join(" ".join(part.split()) for part in kept) or " ".join(paragraphs[0].split())


def _table(properties: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    yield "| field | type | range, unit | meaning |"
    yield "|---|---|---|---|"
    for name, one in properties.items():
        meaning = one.get("description", HEAD.get(name, ""))
        yield f"| `{name}` | {_type(one)} | {_range(one)} | {meaning.replace('|', '/')} |"
    yield ""


HEAD = {"schema": "What kind of document this is.", "version": "Version of the format."}


def _range(one: Mapping[str, Any]) -> str:
    inner: Mapping[str, Any] = one
    for deeper in (one.get("additionalProperties"), one.get("items"), *one.get("prefixItems", ())[:1]):
        inner = deeper if isinstance(deeper, dict) and not inner.keys() & {"minimum", "exclusiveMinimum"} else inner
    limits = [
        f"{inner['minimum']} to {inner['maximum']}" if "maximum" in inner else "",
        f"≥ {inner['minimum']}" if "minimum" in inner and "maximum" not in inner else "",
        f"> {inner['exclusiveMinimum']}" if "exclusiveMinimum" in inner else "",
    ]
    return ", ".join([*filter(None, limits), *([one["unit"]] if "unit" in one else [])])


WORDS = {"integer": "integer", "number": "number", "string": "text", "boolean": "true or false", "null": "null", "object": "object"}


def _type(one: Mapping[str, Any]) -> str:
    if "const" in one:
        return f"`{one['const']}`"
    if "enum" in one:
        return "one of " + ", ".join("null" if word is None else f"`{word}`" for word in one["enum"])
    if "$ref" in one:
        part = one["$ref"].rsplit("/", 1)[-1]
        return f"[{part}](#{part.lower()})"
    if "anyOf" in one:
        return " or ".join(_type(choice) for choice in one["anyOf"])
    if isinstance(one.get("type"), list):
        return " or ".join(WORDS[word] for word in one["type"])
    return _container(one)


def _container(one: Mapping[str, Any]) -> str:
    if one.get("type") == "array":
        items = one.get("items")
        return f"list of {_type(items)}" if items else f"list of {len(one['prefixItems'])}: {_type(one['prefixItems'][0])}"
    if isinstance(one.get("additionalProperties"), dict) and one["additionalProperties"]:
        keys = one.get("propertyNames", {}).get("enum")
        return f"object: {' or '.join(f'`{key}`' for key in keys) if keys else 'name'} → {_type(one['additionalProperties'])}"
    return WORDS.get(one.get("type", ""), "any JSON")


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    sys.stdout.write(reference())
