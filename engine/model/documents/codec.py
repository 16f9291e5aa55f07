"""Frozen dataclasses <-> plain JSON values, driven by their type hints and one table of shapes.

A shape says where the JSON form differs from the dataclass: other names, fields derived for readers (ignored on the way
back), and the field that takes in what is unknown.
"""

from __future__ import annotations

import base64
import dataclasses
import functools
import math
import re
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Literal, Union

import numpy as np
from numpy.typing import NDArray

from engine.errors import CutprintError, DocumentError
from engine.model.analysis import Curve, Prints
from engine.model.time import FrameRate, FrameSpan

__all__ = ["NUMBER", "Derived", "Measured", "Shape", "check_derived", "from_plain", "in_order", "origin_of", "shape_of", "to_plain"]

NUMBER = {"type": "number"}


@dataclass(frozen=True)
class Derived:
    """A field for readers that the value itself does not store: how to get it, and its schema.

    tolerance : how far the document may be off (half a frame for seconds) before it contradicts itself.
    """

    value: Callable[[Any, Mapping[str, Any]], Any]
    schema: Mapping[str, Any]
    tolerance: Callable[[Any, Mapping[str, Any]], Fraction] | None = None


class Measured:
    """Stands for `float` in the hints of types whose figures may be unmeasured: NaN in memory, null in JSON."""


@dataclass(frozen=True)
class Shape:
    """rename : dataclass field -> JSON name. derived : JSON name -> Derived. rest : field for unknown keys, written inline.

    enums : field -> its closed vocabulary (of the keys where the field is a mapping). unmeasured : its floats may be NaN.
    first : JSON names in the order a reader wants them; the others follow. details : names that `rest` often holds, with their schemas.
    """

    rename: Mapping[str, str] = field(default_factory=dict)
    derived: Mapping[str, Derived] = field(default_factory=dict)
    rest: str | None = None
    enums: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    unmeasured: bool = False
    first: tuple[str, ...] = ()
    details: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


PLAIN = Shape()


def shape_of(kind: type) -> Shape:
    """The shape of a dataclass; by default its fields as they are."""
    from engine.model.documents.shapes import SHAPES

    return SHAPES.get(kind, PLAIN)


@functools.lru_cache(maxsize=256)
def hints(kind: type) -> dict[str, Any]:
    """Resolved type hints of a dataclass, `Measured` for floats that may be NaN."""
    found = typing.get_type_hints(kind)
    return {name: Measured if hint is float else hint for name, hint in found.items()} if shape_of(kind).unmeasured else found


def to_plain(value: Any, context: Mapping[str, Any]) -> Any:
    """The JSON value of a model value. `context` is handed to derived fields (the timeline's rate, say).

    Raises `ValueError` for a number that is not finite where one must be (a bug of whoever made the value).
    """
    if value is None or isinstance(value, (bool, int, str)):
        return value
    for kinds, written in _OUT:
        if isinstance(value, kinds):
            return written(value, context)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _object(value, context)
    raise TypeError(f"{type(value).__name__} has no JSON form")


def _finite(number: float) -> float:
    if not math.isfinite(number):
        raise ValueError(f"{number} has no JSON form")
    return number


def _object(value: Any, context: Mapping[str, Any]) -> dict[str, Any]:
    shape = shape_of(type(value))
    plain = {}
    for one in dataclasses.fields(value):
        if one.name != shape.rest:
            plain[shape.rename.get(one.name, one.name)] = _field(value, one.name, context)
    for name, derived in shape.derived.items():
        plain[name] = to_plain(derived.value(value, context), context)
    if shape.rest:
        for name, item in getattr(value, shape.rest).items():
            plain.setdefault(name, to_plain(item, context))
    return in_order(plain, shape)


def in_order(fields: dict[str, Any], shape: Shape) -> dict[str, Any]:
    """The same fields, those first that a reader looks for."""
    return {**{name: fields[name] for name in shape.first}, **fields}


def _field(value: Any, name: str, context: Mapping[str, Any]) -> Any:
    item = getattr(value, name)
    if _hint_of(value, name) is Measured and not math.isfinite(item):
        return None
    try:
        return to_plain(item, context)
    except ValueError as cause:
        raise ValueError(f"{type(value).__name__}.{name}: {cause}") from cause


def _hint_of(value: Any, name: str) -> Any:
    kind: type = type(value)
    return hints(kind)[name]


def check_derived(value: Any, plain: Any, context: Mapping[str, Any], where: str) -> None:
    """Raises `DocumentError` where a derived field says something else than the fields it is derived from.

    Those decide, so a document in which they differ was changed by halves.
    """
    if isinstance(value, tuple):
        for index, (item, part) in enumerate(zip(value, plain)):
            check_derived(item, part, context, f"{where}[{index}]")
    if not dataclasses.is_dataclass(value) or isinstance(value, (FrameRate, FrameSpan, Curve, Prints)):
        return
    shape = shape_of(type(value))
    for name, derived in shape.derived.items():
        if name in plain and not _agrees(derived, value, plain[name], context):
            true = to_plain(derived.value(value, context), context)
            hint = "Change the frame fields and lock_metadata, the others follow from them, or restore the document from a copy."
            raise DocumentError("document_invalid", f"{where}.{name} is {plain[name]!r:.60}, but should be {true!r:.60}.", hint, path=where)
    for one in dataclasses.fields(value):
        written = shape.rename.get(one.name, one.name)
        if one.name != shape.rest and written in plain:
            check_derived(getattr(value, one.name), plain[written], context, f"{where}.{written}")


def _agrees(derived: Derived, value: Any, told: Any, context: Mapping[str, Any]) -> bool:
    true = derived.value(value, context)
    if derived.tolerance is None:
        return bool(told == to_plain(true, context))
    if isinstance(told, bool) or not isinstance(told, (int, float)):
        return False
    return bool(abs(told - true) <= float(derived.tolerance(value, context)) * (1 + 1e-9))


def _curve_out(curve: Curve) -> dict[str, Any]:
    # str of a float32 is the shortest text that reads back as the same float32: exact, and half as long as its float64.
    values = [float(str(item)) if math.isfinite(item) else None for item in curve.values]
    return {"step_frames": curve.step_frames, "values": values}


def _prints_out(prints: Prints) -> dict[str, Any]:
    _, rows, columns = prints.values.shape
    pictures = [base64.b64encode(one.tobytes()).decode() for one in prints.values]
    return {"step_frames": prints.step_frames, "rows": rows, "columns": columns, "values": pictures}


def origin_of(kind: Any) -> Any:
    """`typing.get_origin`, seen through named aliases (numpy's NDArray is one from 2.5 on)."""
    origin = typing.get_origin(kind)
    value = getattr(origin, "__value__", None)
    return origin if value is None else typing.get_origin(value)


def _hashes_out(hashes: NDArray[Any]) -> list[str]:
    if hashes.dtype != np.uint64:
        raise TypeError(f"an array of {hashes.dtype} has no JSON form")
    return [f"{int(item):016x}" for item in hashes]


_OUT: tuple[tuple[Any, Callable[[Any, Mapping[str, Any]], Any]], ...] = (
    (np.generic, lambda number, context: to_plain(number.item(), context)),
    (float, lambda number, _: _finite(number)),
    (FrameRate, lambda rate, _: rate.to_json()),
    (Fraction, lambda number, _: f"{number.numerator}/{number.denominator}"),
    (FrameSpan, lambda span, _: [span.start, span.end]),
    (Curve, lambda curve, _: _curve_out(curve)),
    (Prints, lambda prints, _: _prints_out(prints)),
    (np.ndarray, lambda hashes, _: _hashes_out(hashes)),
    (Mapping, lambda table, context: {str(name): to_plain(item, context) for name, item in table.items()}),
    ((tuple, list), lambda items, context: [to_plain(item, context) for item in items]),
)
"""How a value is written, first match first."""


def from_plain(kind: Any, plain: Any, where: str = "document") -> Any:
    """The value of type `kind` in a JSON value. Raises `DocumentError` that names the place."""
    try:
        return _value(kind, plain, where)
    except DocumentError:
        raise
    except (CutprintError, TypeError, ValueError, KeyError, AttributeError, ArithmeticError) as cause:
        raise _wrong(where, str(cause)) from cause


def _wrong(where: str, why: str) -> DocumentError:
    return DocumentError("document_invalid", f"{where} is not valid: {why}.", "Restore the document from a copy.", path=where)


def _value(kind: Any, plain: Any, where: str) -> Any:
    reader = _READERS.get(origin_of(kind) or kind)
    if reader is not None:
        return reader(kind, plain, where)
    if dataclasses.is_dataclass(kind):
        return _dataclass(typing.cast(type, kind), plain, where)
    return _scalar(kind, plain, where)


def _mapping(kind: Any, plain: Any, where: str) -> dict[str, Any]:
    _expect(isinstance(plain, dict), where, "an object is expected")
    inner = typing.get_args(kind)[1]
    return {str(name): _value(inner, item, f"{where}.{name}") for name, item in plain.items()}


def _expect(holds: bool, where: str, why: str) -> None:
    if not holds:
        raise _wrong(where, why)


def _optional(kind: Any, plain: Any, where: str) -> Any:
    if plain is None:
        return None
    inner = next(one for one in typing.get_args(kind) if one is not type(None))
    return _value(inner, plain, where)


def _words(allowed: tuple[str, ...] | None, plain: Any, where: str) -> None:
    for word in (plain if isinstance(plain, dict) else [plain]) if allowed and plain is not None else ():
        _one_of(allowed or (), word, where)


def _one_of(allowed: tuple[Any, ...], plain: Any, where: str) -> Any:
    _expect(plain in allowed, where, f"{plain!r} is none of {', '.join(map(str, allowed))}")
    return plain


def _tuple(kind: Any, plain: Any, where: str) -> tuple[Any, ...]:
    inner = typing.get_args(kind)
    _expect(isinstance(plain, list), where, "a list is expected")
    if len(inner) == 2 and inner[1] is Ellipsis:
        return tuple(_value(inner[0], item, f"{where}[{index}]") for index, item in enumerate(plain))
    _expect(len(plain) == len(inner), where, f"{len(inner)} items are expected")
    return tuple(_value(one, item, f"{where}[{index}]") for index, (one, item) in enumerate(zip(inner, plain)))


def _scalar(kind: Any, plain: Any, where: str) -> Any:
    if kind is float and isinstance(plain, (int, float)) and not isinstance(plain, bool):
        return _finite(float(plain))
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
            _words(shape.enums.get(name), values[name], f"{where}.{written}")
    missing = [one.name for one in dataclasses.fields(kind) if one.name not in values and _required(one)]
    _expect(not missing, where, f"{', '.join(names[name] for name in missing)} is missing")
    if shape.rest:
        known = {*(written for name, written in names.items() if name != shape.rest), *shape.derived}
        values[shape.rest] = {name: item for name, item in plain.items() if name not in known}
    return kind(**values)


def _required(one: dataclasses.Field[Any]) -> bool:
    return one.default is dataclasses.MISSING and one.default_factory is dataclasses.MISSING


def _curve_in(kind: Any, plain: Any, where: str) -> Curve:
    _expect(isinstance(plain, dict) and {"step_frames", "values"} <= plain.keys(), where, "a curve is expected")
    values = [math.nan if item is None else _scalar(float, item, where) for item in _list(plain["values"], where)]
    with np.errstate(over="raise"):
        return Curve(np.array(values, np.float64).astype(np.float32), _scalar(int, plain["step_frames"], where))


def _prints_in(kind: Any, plain: Any, where: str) -> Prints:
    _expect(isinstance(plain, dict) and {"step_frames", "rows", "columns", "values"} <= plain.keys(), where, "prints are expected")
    rows, columns = (_scalar(int, plain[name], where) for name in ("rows", "columns"))
    pictures = [base64.b64decode(_scalar(str, item, where), validate=True) for item in _list(plain["values"], where)]
    _expect(0 <= rows <= MOST_CELLS and 0 <= columns <= MOST_CELLS, where, "prints are small pictures")
    _expect(all(len(one) == rows * columns for one in pictures), where, "a print has another size than the rest")
    values = np.frombuffer(b"".join(pictures), np.uint8).reshape(len(pictures), rows, columns)
    return Prints(values, _scalar(int, plain["step_frames"], where))


def _list(plain: Any, where: str) -> list[Any]:
    _expect(isinstance(plain, list), where, "a list is expected")
    return typing.cast(list[Any], plain)


def _span_in(kind: Any, plain: Any, where: str) -> FrameSpan:
    start, end = (_scalar(int, item, where) for item in _list(plain, where))
    return FrameSpan(start, end)


MOST_CELLS = 4096
"""Cells along a side of a print beyond which it is none."""
QUOTIENT = re.compile(r"(-?[0-9]{1,40})/([0-9]{1,40})")


def _quotient_in(kind: Any, plain: Any, where: str) -> Fraction:
    """Exact, and only as we write it: `Fraction` itself would spend hours on "1e999999999"."""
    found = QUOTIENT.fullmatch(plain) if isinstance(plain, str) else None
    _expect(found is not None and int(found[2]) != 0, where, 'a quotient such as "30000/1001" is expected')
    assert found is not None
    return Fraction(int(found[1]), int(found[2]))


def _rate_in(kind: Any, plain: Any, where: str) -> FrameRate:
    """As written, not snapped to a standard rate: the document's frames count at exactly this one."""
    exact = _quotient_in(kind, plain, where)
    return FrameRate(exact.numerator, exact.denominator)


def _hashes_in(kind: Any, plain: Any, where: str) -> NDArray[np.uint64]:
    items = _list(plain, where)
    _expect(all(isinstance(item, str) and re.fullmatch("[0-9a-f]{16}", item) for item in items), where, "hex words are expected")
    return np.array([int(item, 16) for item in items], np.uint64)


def _measured_in(kind: Any, plain: Any, where: str) -> float:
    return math.nan if plain is None else float(_scalar(float, plain, where))


_READERS: dict[Any, Callable[[Any, Any, str], Any]] = {
    Any: lambda _, plain, __: plain,
    Union: _optional,
    types.UnionType: _optional,
    Literal: lambda kind, plain, where: _one_of(typing.get_args(kind), plain, where),
    tuple: _tuple,
    Mapping: _mapping,
    FrameRate: _rate_in,
    Fraction: _quotient_in,
    FrameSpan: _span_in,
    Curve: _curve_in,
    Prints: _prints_in,
    Measured: _measured_in,
    np.ndarray: _hashes_in,
}
"""How a value is read, by its type or the type's origin; dataclasses and plain scalars beside."""
