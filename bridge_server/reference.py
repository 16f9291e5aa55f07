"""docs/commands.md made from the table of use cases: `python -m bridge_server.reference > docs/commands.md`."""

from __future__ import annotations

import dataclasses
import sys
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bridge_server.cli import COMMON
from bridge_server.doors import DOORS
from engine.studio.catalog import USE_CASES, UseCase

__all__ = ["reference"]

INTRODUCTION = """# Commands

This page is made from the program: `python -m bridge_server.reference > docs/commands.md`.

Every command prints a page for people, or with `--json` exactly one JSON document, on standard output; progress and messages go to standard
error. Outputs appear whole or not at all. The first Ctrl-C stops where it is safe and leaves nothing half-written.

| exit code | meaning |
|---|---|
| 0 | done |
| 2 | wrong usage |
| 3 | an input cannot be used |
| 4 | a needed tool is missing |
| 5 | refused; nothing was changed |
| 70 | a bug: its id is on the screen, the traceback in the log |
| 130 | stopped |

[errors.md](errors.md) lists every error with what to do about it.
"""


def reference() -> str:
    """The whole page."""
    lines = [INTRODUCTION, "## For every command\n", "| option | meaning |", "|---|---|"]
    lines += [f"| {', '.join(f'`{flag}`' for flag in one.opts)} | {one.help} |" for one in COMMON]
    for case in (*USE_CASES.values(), *DOORS.values()):
        lines += ["", *_command(case)]
    return "\n".join(lines) + "\n"


def _command(case: UseCase) -> Iterator[str]:
    fields = dataclasses.fields(case.request)
    words = [_positional(one) for one in fields if one.metadata.get("argument")]
    needed = [f"{_flags(one)[-1]} {one.name.upper()}" for one in fields if one.default is dataclasses.MISSING and not _is_argument(one)]
    name = case.name.replace(".", " ")
    yield f"## {name}\n"
    yield f"{case.request.__doc__}\n"
    yield f"`{' '.join(['cutprint', name, *words, *needed])}`"
    if not fields:
        return
    yield "\n| option | meaning | default |\n|---|---|---|"
    hints = typing.get_type_hints(case.request)
    for one in fields:
        name = f"`{_positional(one)}`" if _is_argument(one) else ", ".join(f"`{flag}`" for flag in _flags(one))
        choices = one.metadata.get("choices")
        said = one.metadata["help"] + (f" One of {', '.join(f'`{choice}`' for choice in choices)}." if choices else "")
        yield f"| {name} | {said} | {_default(one, hints[one.name])} |"


def _is_argument(one: dataclasses.Field[Any]) -> bool:
    return bool(one.metadata.get("argument"))


def _positional(one: dataclasses.Field[Any]) -> str:
    many = str(one.type).startswith("tuple")
    return f"{one.name.upper()}..." if many else one.name.upper()


def _flags(one: dataclasses.Field[Any]) -> list[str]:
    short = [f"-{one.metadata['short']}"] if "short" in one.metadata else []
    return [*short, f"--{one.metadata.get('flag', one.name.replace('_', '-'))}"]


def _default(one: dataclasses.Field[Any], hint: Any) -> str:
    if one.default is dataclasses.MISSING:
        return "required"
    if hint is bool or one.default in (None, ()):
        return ""
    shown = one.default.as_posix() if isinstance(one.default, Path) else f"{one.default:g}" if hint is float else one.default
    return f"`{shown}`"


if __name__ == "__main__":
    sys.stdout.write(reference())
