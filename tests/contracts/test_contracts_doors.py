"""What users rely on: the table of use cases, the shape of errors, and documents that say what the program does."""

from __future__ import annotations

import ast
import dataclasses
import json
import pickle
import re
from pathlib import Path
from typing import get_type_hints

import click
import pytest

from bridge_server import reference
from bridge_server.cli import cli
from bridge_server.doors import DOORS
from bridge_server.options import build_request, parameters
from bridge_server.pages import PAGES
from engine import errors
from engine.model.documents import reference as documents_reference
from engine.studio import catalog

USE_CASES = {**catalog.USE_CASES, **DOORS}
"""Every command: the studio's use cases, and those of the doors themselves."""

ROOT = Path(__file__).parents[2]
FIXED_COMMANDS = {"demo", "analyze", "song", "edit", "show", "export", "render", "doctor", "cache"}
EXIT_CODES = {"UsageError": 2, "InputError": 3, "MissingToolError": 4, "RefusedError": 5, "Cancelled": 130}


def kinds() -> list[type[errors.CutprintError]]:
    return [one for one in vars(errors).values() if isinstance(one, type) and issubclass(one, errors.CutprintError)]


def raised_codes() -> set[str]:
    """Codes that stand as the first argument of an error anywhere in the source."""
    names = {kind.__name__ for kind in kinds()}
    found = {"usage", "cancelled", "bad_preset", "bad_quality"}  # made by click, by default, and from a table
    for folder in ("engine", "otio_adapters", "bridge_server"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                called = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names
                if called and node.args and isinstance(node.args[0], ast.Constant):  # type: ignore[attr-defined]
                    found.add(str(node.args[0].value))  # type: ignore[attr-defined]
    return found


def commands() -> dict[str, click.Command]:
    """Every command by its use case's name; a group's verbs as `group.verb`."""
    found: dict[str, click.Command] = {}
    for name, command in cli.commands.items():
        if isinstance(command, click.Group):
            found |= {f"{name}.{verb}": one for verb, one in command.commands.items()}
        else:
            found[name] = command
    return found


def test_commands_are_the_table() -> None:
    assert not set(DOORS) & set(catalog.USE_CASES)
    assert set(USE_CASES) >= FIXED_COMMANDS
    assert set(commands()) == set(USE_CASES) == set(PAGES)


@pytest.mark.parametrize("name", sorted(USE_CASES))
def test_each_use_case_is_whole(name: str) -> None:
    case = USE_CASES[name]
    assert callable(case.load())
    assert case.summary.endswith(".") and case.request.__doc__
    assert dataclasses.is_dataclass(case.request)
    for one in dataclasses.fields(case.request):
        assert one.metadata["help"].endswith("."), one.name
    options = {parameter.name for parameter in parameters(case.request)}
    assert options == set(get_type_hints(case.request))
    defaults = {one.name: one.default for one in dataclasses.fields(case.request) if one.default is not dataclasses.MISSING}
    needed = {one.name: ("x",) if "tuple" in str(one.type) else "x" for one in dataclasses.fields(case.request) if one.name not in defaults}
    assert build_request(case.request, {**defaults, **needed}) == case.request(**needed)


def test_options_are_spelt_alike_everywhere() -> None:
    for command in commands().values():
        for parameter in command.params:
            if isinstance(parameter, click.Option):
                assert parameter.help and all(flag == flag.lower() and "_" not in flag for flag in parameter.opts)


@pytest.mark.parametrize("kind", kinds(), ids=lambda kind: kind.__name__)
def test_errors_have_one_shape_and_cross_processes(kind: type[errors.CutprintError]) -> None:
    error = kind("some_code", "It is broken.", "Mend it.", path="x", limit=3)
    back = pickle.loads(pickle.dumps(error))
    assert type(back) is kind
    assert json.loads(json.dumps(back.as_json())) == {
        "error": {"code": "some_code", "message": "It is broken.", "hint": "Mend it.", "details": {"path": "x", "limit": 3}}
    }
    expected = next((code for name, code in EXIT_CODES.items() if issubclass(kind, getattr(errors, name))), 70)
    assert kind.exit_code == expected


def test_every_error_is_documented_and_no_other() -> None:
    page = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")
    rows = [line for line in page.splitlines() if line.startswith("| `")]
    documented = {code for row in rows for code in re.findall(r"`(\w+)`", row.split("|")[1])}
    assert documented == raised_codes()


def test_pages_made_from_the_program_are_fresh() -> None:
    assert (ROOT / "docs" / "commands.md").read_text(encoding="utf-8") == reference.reference()
    assert (ROOT / "docs" / "documents.md").read_text(encoding="utf-8") == documents_reference.reference()


def test_links_and_named_pages_exist() -> None:
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]
    assert len(pages) > 5
    for page in pages:
        for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text(encoding="utf-8")):
            assert "://" in target or (page.parent / target).exists(), f"{page.name} links to {target}"
    for path in (ROOT / "engine").rglob("*.py"):
        for target in re.findall(r"docs/\w+\.md", path.read_text(encoding="utf-8")):
            assert (ROOT / target).exists(), f"{path} names {target}"


def test_commands_in_the_readme_are_understood() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    lines = [line.split("#")[0].strip() for line in text.splitlines() if line.startswith("cutprint ")]
    assert len(lines) > 5
    for line in lines:
        name, *words = re.findall(r'"[^"]*"|\S+', line)[1:]
        if isinstance(cli.commands[name], click.Group):
            name = f"{name}.{words.pop(0)}"
        command = commands()[name]
        command.make_context(name, [word.strip('"') for word in words])
