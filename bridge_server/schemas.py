"""Request dataclasses as JSON Schema, and JSON bodies as requests: what HTTP, MCP and watched folders hand in."""

from __future__ import annotations

import dataclasses
import functools
import json
import math
import typing
from pathlib import Path
from typing import Any

from bridge_server.options import unwrapped
from engine.errors import BadOption
from engine.studio.catalog import UseCase

__all__ = ["loads", "paths_of", "request_from_json", "request_schema", "shown_value"]

MOST_TEXT = 4096
"""Length of a text field (chosen: the longest path Linux takes)."""

MOST_ITEMS = 2000
MOST_INTEGER = 2**31 - 1

_TYPES: dict[Any, dict[str, Any]] = {
    Path: {"type": "string", "minLength": 1, "maxLength": MOST_TEXT, "pattern": "^[^\\x00]+$"},
    str: {"type": "string", "maxLength": MOST_TEXT, "pattern": "^[^\\x00]*$"},
    int: {"type": "integer", "minimum": -MOST_INTEGER, "maximum": MOST_INTEGER},
    float: {"type": "number", "minimum": -1e9, "maximum": 1e9},
    bool: {"type": "boolean"},
}


@functools.lru_cache(maxsize=256)
def request_schema(request: type) -> dict[str, Any]:
    """JSON Schema (2020-12) of a request's JSON body. Do not change what it returns."""
    hints = typing.get_type_hints(request)
    fields = dataclasses.fields(request)
    needed = [one.name for one in fields if one.default is dataclasses.MISSING]
    schema: dict[str, Any] = {
        "type": "object",
        "title": request.__name__,
        "description": (request.__doc__ or "").strip(),
        "properties": {one.name: _field_schema(one, hints[one.name]) for one in fields},
        "additionalProperties": False,
    }
    return {**schema, "required": needed} if needed else schema


def _field_schema(one: dataclasses.Field[Any], hint: Any) -> dict[str, Any]:
    inner, many = unwrapped(hint)
    schema = dict(_TYPES[inner])
    if one.metadata.get("choices"):
        schema = {"type": schema["type"], "enum": list(one.metadata["choices"])}
    if many:
        least = 1 if one.default is dataclasses.MISSING else 0
        schema = {"type": "array", "items": schema, "minItems": least, "maxItems": MOST_ITEMS}
    if type(None) in typing.get_args(hint):
        schema = {"anyOf": [schema, {"type": "null"}]}
    schema["description"] = one.metadata["help"] + (f" Unit: {one.metadata['unit']}." if "unit" in one.metadata else "")
    if one.default is not dataclasses.MISSING:
        schema["default"] = shown_value(one.default)
    return schema


def shown_value(value: Any) -> Any:
    """A field's value as JSON."""
    if isinstance(value, Path):
        return value.as_posix()
    return [shown_value(one) for one in value] if isinstance(value, tuple) else value


def loads(text: bytes | str) -> Any:
    """JSON with finite numbers only. Raises `BadOption`."""

    def refuse(name: str) -> None:
        raise ValueError(f"{name} is no JSON number")

    def number(digits: str) -> float:
        found = float(digits)
        if not math.isfinite(found):
            raise ValueError(f"{digits} is too large")
        return found

    try:
        return json.loads(text, parse_constant=refuse, parse_float=number)
    except (ValueError, RecursionError) as cause:
        raise BadOption("bad_json", f"The body is not JSON: {str(cause)[:200]}.", "Send one JSON object.") from cause


@functools.lru_cache(maxsize=256)
def _validator(request: type) -> Any:
    from jsonschema import Draft202012Validator

    return Draft202012Validator(request_schema(request))


def request_from_json(case: UseCase, body: Any) -> Any:
    """The request that a JSON object means; fields left out keep their defaults. Raises `BadOption` naming the field."""
    fault = next(iter(sorted(_validator(case.request).iter_errors(body), key=lambda one: list(map(str, one.path)))), None)
    if fault is not None:
        where = ".".join(str(part) for part in fault.path)
        message = f"{where or 'The body'}: {fault.message[:300]}"
        raise BadOption("bad_request", message, f"GET /v1/catalog has the schema of {case.name}.", field=where)
    hints = typing.get_type_hints(case.request)
    return case.request(**{name: _value(hints[name], value) for name, value in body.items()})


def _value(hint: Any, value: Any) -> Any:
    inner, many = unwrapped(hint)
    if value is None:
        return None
    if many:
        return tuple(_value(inner, one) for one in value)
    return inner(value) if inner in (Path, float, int) else value


def paths_of(request: Any) -> list[tuple[str, Path]]:
    """Every path that a request names, with its field."""
    found = []
    for one in dataclasses.fields(request):
        value = getattr(request, one.name)
        found += [(one.name, path) for path in (value if isinstance(value, tuple) else (value,)) if isinstance(path, Path)]
    return found
