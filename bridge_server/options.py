"""Request dataclasses -> click options and arguments, and back: one declaration, many readers."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Union

import click

__all__ = ["build_request", "parameters", "unwrapped"]


def parameters(request: type) -> list[click.Parameter]:
    """click's parameters for a request, in the order of its fields."""
    hints = typing.get_type_hints(request)
    return [_parameter(one, hints[one.name]) for one in dataclasses.fields(request)]


def _parameter(one: dataclasses.Field[Any], hint: Any) -> click.Parameter:
    inner, many = unwrapped(hint)
    kind = _click_type(inner, one.metadata.get("choices"))
    required = one.default is dataclasses.MISSING
    if one.metadata.get("argument"):
        name = one.name.upper()
        return click.Argument([one.name], type=kind, nargs=-1 if many else 1, required=required, metavar=f"{name}..." if many else name)
    flags = [f"--{one.metadata.get('flag', one.name.replace('_', '-'))}", one.name]
    if "short" in one.metadata:
        flags.insert(0, f"-{one.metadata['short']}")
    if inner is bool:
        return click.Option(flags, is_flag=True, default=False, help=one.metadata["help"])
    if required:  # a default of None would count as one, and nothing would be asked for
        return click.Option(flags, type=kind, required=True, multiple=many, help=one.metadata["help"])
    shown = one.default not in (None, ())
    return click.Option(flags, type=kind, default=one.default, multiple=many, show_default=shown, help=one.metadata["help"])


def unwrapped(hint: Any) -> tuple[Any, bool]:
    """The plain type inside Optional[...] or tuple[..., ...], and whether there may be several."""
    origin = typing.get_origin(hint)
    if origin in (Union, types.UnionType):
        return unwrapped(next(one for one in typing.get_args(hint) if one is not type(None)))
    if origin is tuple:
        return typing.get_args(hint)[0], True
    return hint, False


def _click_type(inner: Any, choices: Any) -> click.ParamType[Any]:
    if choices:
        return click.Choice(list(choices))
    table: Mapping[Any, Callable[[], click.ParamType[Any]]] = {
        Path: lambda: click.Path(path_type=Path),
        int: lambda: click.INT,
        float: lambda: click.FLOAT,
        str: lambda: click.STRING,
        bool: lambda: click.BOOL,
    }
    return table[inner]()


def build_request(request: type, values: Mapping[str, Any]) -> Any:
    """The request from click's values; fields that were not given keep their defaults."""
    given = {}
    for one in dataclasses.fields(request):
        value = values.get(one.name)
        if value is not None:
            given[one.name] = tuple(value) if isinstance(value, (list, tuple)) else value
    return request(**given)
