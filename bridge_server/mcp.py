"""`mcp`: the table of use cases for assistants, over standard input and output (Model Context Protocol, extra `[mcp]`).

Each use case is a tool with its own schema; those that change no document are marked as read-only. Paths obey the same rules as
over HTTP: only below folders that the user opened.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from bridge_server.guard import PathRules
from bridge_server.schemas import paths_of, request_from_json, request_schema
from engine import __version__
from engine.errors import BadOption, CutprintError, MissingToolError
from engine.progress import SILENT
from engine.studio.catalog import USE_CASES, UseCase

if TYPE_CHECKING:
    from bridge_server.door_requests import McpRequest
    from engine.progress import Progress
    from engine.studio.context import Studio

__all__ = ["answer", "mcp", "tools"]

INSTRUCTIONS = "Edits clips to a song in a creator's style. The person opens folders first: cutprint folders add DIR."


def tools() -> list[dict[str, Any]]:
    """Every tool as `tools/list` has it."""
    return [
        {
            "name": case.name.replace(".", "_"),
            "title": case.summary.rstrip("."),
            "description": f"{case.summary} {(case.request.__doc__ or '').strip()}",
            "inputSchema": request_schema(case.request),
            "annotations": {"readOnlyHint": case.read_only, "destructiveHint": False, "openWorldHint": False},
        }
        for case in _offered().values()
    ]


def _offered() -> dict[str, UseCase]:
    return {name.replace(".", "_"): case for name, case in USE_CASES.items() if not case.local}


def mcp(studio: Studio, request: McpRequest, progress: Progress) -> dict[str, Any]:
    """Handler of `mcp`: answers until the client closes standard input. Raises `MissingToolError` without the extra."""
    try:
        import anyio
        from mcp.server.lowlevel import Server
        from mcp.server.stdio import stdio_server
        from mcp.types import CallToolResult, ListToolsResult, TextContent, Tool
    except ImportError as cause:
        message = "Talking to assistants needs the package mcp."
        raise MissingToolError("mcp_missing", message, 'pip install "cutprint[mcp]"') from cause
    answered = 0

    async def list_tools(_context: Any, _params: Any) -> Any:
        return ListToolsResult(tools=[Tool.model_validate(one) for one in tools()])

    async def call_tool(_context: Any, params: Any) -> Any:
        nonlocal answered
        answered += 1
        said, wrong = await anyio.to_thread.run_sync(answer, studio, params.name, params.arguments or {})
        text = TextContent(type="text", text=json.dumps(said, ensure_ascii=False))
        return CallToolResult(content=[text], structured_content=said, is_error=wrong)

    async def run() -> None:
        server: Any = Server("cutprint", version=__version__, instructions=INSTRUCTIONS, on_list_tools=list_tools, on_call_tool=call_tool)
        async with stdio_server() as (incoming, outgoing):
            await server.run(incoming, outgoing, server.create_initialization_options())

    anyio.run(run)
    return {"answered": answered}


def answer(studio: Studio, name: str, arguments: dict[str, Any]) -> tuple[dict[str, Any], bool]:
    """What a tool says, as JSON, and whether that is an error."""
    try:
        case = _offered().get(name)
        if case is None:
            raise BadOption("bad_request", f"There is no tool {name!r}.", "tools/list has them.")
        wish = request_from_json(case, arguments)
        rules = PathRules(lambda: [*studio.store.folders.roots(), studio.store.uploads.folder])
        for field, path in paths_of(wish):
            rules.check(field, path)
        return _plain(case.load()(studio, wish, SILENT)), False
    except CutprintError as error:
        return _plain(error.as_json()), True


def _plain(value: dict[str, Any]) -> dict[str, Any]:
    plain: dict[str, Any] = json.loads(json.dumps(value, default=str))
    return plain
