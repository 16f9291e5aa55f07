"""Frozen dataclasses <-> plain JSON values, driven by their type hints and one table of shapes.

A shape says where the JSON form differs from the dataclass: other names, fields derived for readers (ignored on the way
back), and the field that takes in what is unknown.
"""

from __future__ import annotations

import dataclasses
import functools
import math
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Literal, Union

import numpy as np

from engine.errors import CutprintError, DocumentError
from engine.model.analysis import Curve
from engine.model.time import FrameRate, FrameSpan

__all__ = ["NUMBER", "Derived", "Shape", "from_plain", "shape_of", "to_plain"]

NUMBER = {"type": "number"}


@dataclass(frozen=True)
class Derived:
    """A field for readers that the value itself does not store: how to get it, and its schema."""

    value: Callable[[Any, Mapping[str, Any]], Any]
    schema: Mapping[str, Any]


@dataclass(frozen=True)
class Shape:
    """rename : dataclass field -> JSON name. derived : JSON name -> Derived. rest : field for unknown keys, written inline."""

    rename: Mapping[str, str] = field(default_factory=dict)
    derived: Mapping[str, Derived] = field(default_factory=dict)
    rest: str | None = None
    enums: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


PLAIN = Shape()


def shape_of(kind: type) -> Shape:
    """The shape of a dataclass; by default its fields as they are."""
    from engine.model.documents.shapes import SHAPES

    return SHAPES.get(kind, PLAIN)


@functools.lru_cache(maxsize=256)
def hints(kind: type) -> dict[str, Any]:
    """Resolved type hints of a dataclass."""
    return typing.get_type_hints(kind)


def to_plain(value: Any, context: Mapping[str, Any]) -> Any:
    """The JSON value of a model value. `context` is handed to derived fields (the timeline's rate, say)."""
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    special = _SPECIAL_OUT.get(type(value))
    if special is not None:
        return special(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _object(value, context)
    if isinstance(value, Mapping):
        return {str(name): to_plain(item, context) for name, item in value.items()}
    if isinstance(value, (tuple, list)):
        return [to_plain(item, context) for item in value]
    if isinstance(value, np.ndarray) and value.dtype == np.uint64:
        return [f"{int(item):016x}" for item in value]
    raise TypeError(f"{type(value).__name__} has no JSON form")


def _object(value: Any, context: Mapping[str, Any]) -> dict[str, Any]:
    shape = shape_of(type(value))
    plain = {}
    for one in dataclasses.fields(value):
        if one.name != shape.rest:
            plain[shape.rename.get(one.name, one.name)] = to_plain(getattr(value, one.name), context)
    for name, derived in shape.derived.items():
        plain[name] = to_plain(derived.value(value, context), context)
    if shape.rest:
        for name, item in getattr(value, shape.rest).items():
            plain.setdefault(name, to_plain(item, context))
    return plain


def _curve_out(curve: Curve) -> dict[str, Any]:
    values = [round(float(item), 6) if math.isfinite(item) else None for item in curve.values]
    return {"step_frames": curve.step_frames, "values": values}


_SPECIAL_OUT: dict[type, Callable[[Any], Any]] = {
    FrameRate: lambda rate: rate.to_json(),
    Fraction: lambda number: f"{number.numerator}/{number.denominator}",
    FrameSpan: lambda span: [span.start, span.end],
    Curve: _curve_out,
}


def from_plain(kind: Any, plain: Any, where: str = "document") -> Any:
    """The value of type `kind` in a JSON value. Raises `DocumentError` that names the place."""
    try:
        return _value(kind, plain, where)
    except DocumentError:
        raise
    except (CutprintError, TypeError, ValueError, KeyError, AttributeError, OverflowError, ZeroDivisionError) as cause:
        raise _wrong(where, str(cause)) from cause


def _wrong(where: str, why: str) -> DocumentError:
    return DocumentError("document_invalid", f"{where} is not valid: {why}.", "Restore the document from a copy.", path=where)


def _value(kind: Any, plain: Any, where: str) -> Any:
    origin = typing.get_origin(kind)
    if kind is Any:
        return plain
    if origin in (Union, types.UnionType):
        return _optional(kind, plain, where)
    if origin is Literal:
        return _one_of(typing.get_args(kind), plain, where)
    if origin is tuple:
        return _tuple(typing.get_args(kind), plain, where)
    if origin is not None and issubclass(origin, Mapping):
        _expect(isinstance(plain, dict), where, "an object is expected")
        inner = typing.get_args(kind)[1]
        return {str(name): _value(inner, item, f"{where}.{name}") for name, item in plain.items()}
    if origin is np.ndarray:
        return np.array([int(item, 16) for item in plain], np.uint64)
    special = _SPECIAL_IN.get(kind)
    if special is not None:
        return special(plain)
    if dataclasses.is_dataclass(kind):
        return _dataclass(typing.cast(type, kind), plain, where)
    return _scalar(kind, plain, where)


def _expect(holds: bool, where: str, why: str) -> None:
    if not holds:
        raise _wrong(where, why)


def _optional(kind: Any, plain: Any, where: str) -> Any:
    if plain is None:
        return None
    inner = next(one for one in typing.get_args(kind) if one is not type(None))
    return _value(inner, plain, where)


def _one_of(allowed: tuple[Any, ...], plain: Any, where: str) -> Any:
    _expect(plain in allowed, where, f"{plain!r} is none of {', '.join(map(str, allowed))}")
    return plain


def _tuple(inner: tuple[Any, ...], plain: Any, where: str) -> tuple[Any, ...]:
    _expect(isinstance(plain, list), where, "a list is expected")
    if len(inner) == 2 and inner[1] is Ellipsis:
        return tuple(_value(inner[0], item, f"{where}[{index}]") for index, item in enumerate(plain))
    _expect(len(plain) == len(inner), where, f"{len(inner)} items are expected")
    return tuple(_value(one, item, f"{where}[{index}]") for index, (one, item) in enumerate(zip(inner, plain)))


def _scalar(kind: Any, plain: Any, where: str) -> Any:
    if kind is float and isinstance(plain, (int, float)) and not isinstance(plain, bool):
        return float(plain)
    if kind is float and plain is None:
        return math.nan
    fits = isinstance(plain, kind) and (kind is bool or not isinstance(plain, bool))
    _expect(fits, where, f"{kind.__name__} is expected, not {type(plain).__name__}")
    return plain


def _dataclass(kind: type, plain: Any, where: str) -> Any:
    _expect(isinstance(plain, dict), where, "an object is expected")
    shape = shape_of(kind)
    values = {}
    names = {one.name: shape.rename.get(one.name, one.name) for one in dataclasses.fields(kind)}
    for name, written in names.items():
        if name != shape.rest and written in plain:
            values[name] = _value(hints(kind)[name], plain[written], f"{where}.{written}")
            allowed = shape.enums.get(name)
            if allowed and values[name] is not None:
                _one_of(allowed, values[name], f"{where}.{written}")
    missing = [one.name for one in dataclasses.fields(kind) if one.name not in values and _required(one)]
    _expect(not missing, where, f"{', '.join(names[name] for name in missing)} is missing")
    if shape.rest:
        known = {*names.values(), *shape.derived}
        values[shape.rest] = {name: item for name, item in plain.items() if name not in known}
    return kind(**values)


def _required(one: dataclasses.Field[Any]) -> bool:
    return one.default is dataclasses.MISSING and one.default_factory is dataclasses.MISSING


def _curve_in(plain: Any) -> Curve:
    values = [math.nan if item is None else float(item) for item in plain["values"]]
    return Curve(np.array(values, np.float32), int(plain["step_frames"]))


def _span_in(plain: Any) -> FrameSpan:
    start, end = plain
    return FrameSpan(int(start), int(end))


_SPECIAL_IN: dict[Any, Callable[[Any], Any]] = {
    FrameRate: FrameRate.parse,
    Fraction: Fraction,
    FrameSpan: _span_in,
    Curve: _curve_in,
}
