"""JSON Schemas (2020-12) made from the types; the files in `engine/model/schemas` are what ships.

`python -m engine.model.documents.schemas` writes them anew; a test fails when they are stale.
"""

from __future__ import annotations

import dataclasses
import inspect
import types
import typing
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any, Literal, Union

import numpy as np

from engine.model.analysis import Curve, Prints
from engine.model.documents.codec import Measured, hints, in_order, origin_of, shape_of
from engine.model.documents.meanings import meanings_of
from engine.model.time import FrameRate, FrameSpan

__all__ = ["schema_of"]

RATIONAL = {"type": "string", "pattern": r"^-?\d+/\d+$"}
_SPECIAL: dict[Any, dict[str, Any]] = {
    FrameRate: RATIONAL,
    Fraction: RATIONAL,
    FrameSpan: {"type": "array", "items": {"type": "integer"}, "minItems": 2, "maxItems": 2},
    Measured: {"type": ["number", "null"]},
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    float: {"type": "number"},
    str: {"type": "string"},
    Any: {},
}


def schema_of(name: str, version: str, kind: type) -> dict[str, Any]:
    """The schema of a document kind, its parts under `$defs`."""
    parts: dict[str, Any] = {}
    body = _object(kind, parts)
    properties = {"schema": {"const": f"cutprint/{name}"}, "version": {"type": "string", "pattern": r"^\d+\.\d+$"}}
    body["properties"] = {**properties, **body["properties"]}
    body["required"] = ["schema", "version", *body["required"]]
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": f"cutprint/{name} {version}"}
    return {**head, **body, "$defs": dict(sorted(parts.items()))}


def _object(kind: type, parts: dict[str, Any]) -> dict[str, Any]:
    shape, meanings = shape_of(kind), meanings_of(kind)
    properties: dict[str, Any] = {}
    required = []
    for one in dataclasses.fields(kind):
        if one.name == shape.rest:
            continue
        name = shape.rename.get(one.name, one.name)
        properties[name] = _with_enum(_schema(hints(kind)[one.name], parts), shape.enums.get(one.name))
        required.append(name)
    for name, derived in shape.derived.items():
        properties[name] = dict(derived.schema)
        required.append(name)
    properties |= {name: dict(known) for name, known in shape.details.items()}
    properties = {name: _explained(one, meanings.get(name, {})) for name, one in in_order(properties, shape).items()}
    description = inspect.cleandoc(kind.__doc__ or "")
    return {"type": "object", "description": description, "properties": properties, "required": required}


def _explained(schema: dict[str, Any], meaning: Mapping[str, Any]) -> dict[str, Any]:
    """The schema with its meaning; limits go to the numbers inside a list or an object."""
    words = {name: meaning[name] for name in ("description", "unit") if name in meaning}
    limits = {name: meaning[name] for name in ("minimum", "maximum", "exclusiveMinimum") if name in meaning}
    if isinstance(schema.get("additionalProperties"), dict) and limits:
        schema = {**schema, "additionalProperties": {**schema["additionalProperties"], **limits}}
    elif "prefixItems" in schema and limits:
        schema = {**schema, "prefixItems": [{**one, **limits} for one in schema["prefixItems"]]}
    elif "items" in schema and limits:
        schema = {**schema, "items": {**schema["items"], **limits}}
    else:
        schema = {**schema, **limits}
    return {**words, **schema}


def _with_enum(schema: dict[str, Any], allowed: tuple[str, ...] | None) -> dict[str, Any]:
    if not allowed:
        return schema
    if schema.get("type") == "object":
        return {**schema, "propertyNames": {"enum": list(allowed)}}
    nullable = "anyOf" in schema or schema.get("type") == ["string", "null"]
    return {"enum": [*allowed, *([None] if nullable else [])]}


def _schema(kind: Any, parts: dict[str, Any]) -> dict[str, Any]:
    special = _SPECIAL.get(kind)
    if special is not None:
        return dict(special)
    by_origin = _BY_ORIGIN.get(origin_of(kind))
    if by_origin is not None:
        return by_origin(typing.get_args(kind), parts)
    if kind is Curve:
        parts["Curve"] = _curve()
    if kind is Prints:
        parts["Prints"] = _prints()
    if kind.__name__ not in parts:
        parts[kind.__name__] = {}  # holds the place while its own fields are looked at
        parts[kind.__name__] = _object(kind, parts)
    return {"$ref": f"#/$defs/{kind.__name__}"}


def _optional(inner: tuple[Any, ...], parts: dict[str, Any]) -> dict[str, Any]:
    kind = next(one for one in inner if one is not type(None))
    return {"anyOf": [_schema(kind, parts), {"type": "null"}]}


def _curve() -> dict[str, Any]:
    values = {"type": "array", "items": {"type": ["number", "null"]}}
    meanings = meanings_of(Curve)
    return {
        "type": "object",
        "description": "One measured quantity over a clip.",
        "properties": {
            "step_frames": _explained({"type": "integer"}, meanings["step_frames"]),
            "values": _explained(values, meanings["values"]),
        },
        "required": ["step_frames", "values"],
    }


def _prints() -> dict[str, Any]:
    numbers: dict[str, dict[str, Any]] = {name: {"type": "integer", "minimum": 0} for name in ("step_frames", "rows", "columns")}
    values: dict[str, Any] = {"type": "array", "items": {"type": "string", "contentEncoding": "base64"}}
    meanings = meanings_of(Prints)
    return {
        "type": "object",
        "description": "A clip's frames as tiny pictures.",
        "properties": {name: _explained(plain, meanings[name]) for name, plain in {**numbers, "values": values}.items()},
        "required": ["step_frames", "rows", "columns", "values"],
    }


def _array(inner: tuple[Any, ...], parts: dict[str, Any]) -> dict[str, Any]:
    if len(inner) == 2 and inner[1] is Ellipsis:
        return {"type": "array", "items": _schema(inner[0], parts)}
    items = [_schema(one, parts) for one in inner]
    return {"type": "array", "prefixItems": items, "minItems": len(items), "maxItems": len(items)}


_BY_ORIGIN: dict[Any, Callable[[tuple[Any, ...], dict[str, Any]], dict[str, Any]]] = {
    Union: _optional,
    types.UnionType: _optional,
    Literal: lambda inner, _: {"enum": list(inner)},
    tuple: _array,
    np.ndarray: lambda _, __: {"type": "array", "items": {"type": "string", "pattern": "^[0-9a-f]{16}$"}},
    Mapping: lambda inner, parts: {"type": "object", "additionalProperties": _schema(inner[1], parts)},
}


def main() -> None:
    """Writes every schema file."""
    from engine.model.documents.kinds import KINDS, schema_path
    from engine.model.documents.text import dumps

    for kind in KINDS.values():
        schema_path(kind.name).write_text(dumps(schema_of(kind.name, kind.version, kind.type)), encoding="utf-8")


if __name__ == "__main__":
    main()
