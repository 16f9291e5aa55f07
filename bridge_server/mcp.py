"""`mcp`: the table of use cases for assistants, over standard input and output (Model Context Protocol, extra `[mcp]`).

Each use case is a tool with its own schema; those that change no document are marked as read-only. Paths obey the same rules as
over HTTP: only below folders that the user opened. Long work is a job like behind HTTP: told with progress while the assistant waits,
and after a while by its id, for assistants that do not wait for minutes.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from bridge_server.guard import PathRules
from bridge_server.jobs import JobRunner
from bridge_server.schemas import paths_of, request_from_json, request_schema
from bridge_server.serving import running_bridge
from engine import __version__
from engine.errors import BadOption, CutprintError, MissingToolError
from engine.progress import SILENT
from engine.store.jobs import Job
from engine.studio.catalog import USE_CASES, UseCase

if TYPE_CHECKING:
    from bridge_server.door_requests import McpRequest
    from engine.progress import Progress
    from engine.studio.context import Studio

__all__ = ["Desk", "mcp", "tools"]

INSTRUCTIONS = (
    "Edits clips to a song in a creator's style. The person opens folders first: cutprint folders add DIR. "
    "Long work answers with a job when it is not done within a minute: ask `job` again until its status is done."
)

WAIT_S = 45.0
"""How long a call of long work is held before its job is told instead (chosen: assistants give a tool about a minute)."""

LOOK_EVERY_S = 0.5
"""How often a running job's progress is looked up."""
Said = dict[str, Any]

_ID: Said = {
    "type": "object",
    "properties": {"id": {"type": "string", "minLength": 1, "maxLength": 64, "description": "The job's id."}},
    "required": ["id"],
    "additionalProperties": False,
}
_JOB_TOOLS: tuple[Said, ...] = (
    {
        "name": "job",
        "title": "Wait for a job",
        "description": f"How far a job is; waits up to {WAIT_S:g} s for its end. Its result is in it once it is done.",
        "inputSchema": _ID,
        "annotations": {"readOnlyHint": True, "destructiveHint": False, "openWorldHint": False},
    },
    {
        "name": "cancel_job",
        "title": "Stop a job",
        "description": "Stops a job; nothing half-written stays.",
        "inputSchema": _ID,
        "annotations": {"readOnlyHint": False, "destructiveHint": False, "openWorldHint": False},
    },
)


def tools() -> list[Said]:
    """Every tool as `tools/list` has it."""
    cases = [
        {
            "name": name,
            "title": case.summary.rstrip("."),
            "description": f"{case.summary} {(case.request.__doc__ or '').strip()}{' Runs as a job.' if case.long else ''}",
            "inputSchema": request_schema(case.request),
            "annotations": {"readOnlyHint": case.read_only, "destructiveHint": False, "openWorldHint": False},
        }
        for name, case in _offered().items()
    ]
    return [*cases, *_JOB_TOOLS]


def _offered() -> dict[str, UseCase]:
    return {name.replace(".", "_"): case for name, case in USE_CASES.items() if not case.local}


class Desk:
    """One assistant's calls. Its jobs are run by the bridge where one runs, else from here."""

    def __init__(self, studio: Studio) -> None:
        self.studio = studio.through("mcp")
        self._runner: JobRunner | None = None
        self.answered = 0

    def begin(self, name: str, arguments: Said) -> Said | Job:
        """What a tool says at once, or the job that does it. Raises `CutprintError`."""
        self.answered += 1
        if name in ("job", "cancel_job"):
            return self._job(name, arguments)
        case = _offered().get(name)
        if case is None:
            raise BadOption("bad_request", f"There is no tool {name!r}.", "tools/list has them.")
        wish = request_from_json(case, arguments)
        rules = PathRules(lambda: [*self.studio.store.folders.roots(), self.studio.store.uploads.folder])
        for field, path in paths_of(wish):
            rules.check(field, path)
        if not case.long:
            return case.load()(self.studio, wish, SILENT)
        job = self.studio.store.jobs.submit(case.name, arguments, door="mcp")
        self._see_to()
        return job

    def _job(self, name: str, arguments: Said) -> Said | Job:
        job_id = arguments.get("id")
        if not isinstance(job_id, str):
            raise BadOption("bad_request", "id: a job's id is needed.", "The answer of a long call has it.")
        jobs = self.studio.store.jobs
        if name == "cancel_job":
            return told(jobs.ask_cancel(job_id))
        job = jobs.get(job_id)
        if not job.is_finished:
            self._see_to()
        return job

    def _see_to(self) -> None:
        """Somebody runs the jobs: the bridge, or from now on this process."""
        if self._runner is None and running_bridge(self.studio.workspace) is None:
            self._runner = JobRunner(self.studio.store, self.studio.settings)
            self._runner.start()
        if self._runner is not None:
            self._runner.wake()

    def look(self, job: Job) -> Job:
        return self.studio.store.jobs.get(job.job_id)

    def cancel(self, job: Job) -> None:
        self.studio.store.jobs.ask_cancel(job.job_id)

    def close(self) -> None:
        """Jobs in the middle wait for whoever comes next."""
        if self._runner is not None:
            self._runner.stop()


def told(job: Job) -> Said:
    """A job as a tool tells it: its result where it is done, an error where it failed, else how far it is."""
    if job.status == "done":
        return {**dict(job.result or {}), "job": {"id": job.job_id, "status": job.status}}
    if job.is_finished:
        return {"error": dict(job.error or {}), "job": {"id": job.job_id, "status": job.status}}
    row = {"id": job.job_id, "status": job.status, "stage": job.stage, "fraction": job.fraction, "remaining_s": job.remaining_s}
    return {"job": row, "hint": "It goes on. Ask the tool `job` with this id."}


async def answer(desk: Desk, name: str, arguments: Said, report: Any, wait_s: float = WAIT_S) -> tuple[Said, bool]:
    """What a tool says, as JSON, and whether that is an error. `await report(changes, words)` tells progress."""
    import anyio

    try:
        said = await anyio.to_thread.run_sync(desk.begin, name, arguments)
        if isinstance(said, Job):
            said = told(await _ended(desk, said, report, wait_s))
        return _plain(said), "error" in said
    except CutprintError as error:
        return _plain(error.as_json()), True


async def _ended(desk: Desk, job: Job, report: Any, wait_s: float) -> Job:
    """The job at its end, or as it is after `wait_s`. An assistant that calls off its question stops the job."""
    import anyio

    until, seen = anyio.current_time() + wait_s, -1
    try:
        while not job.is_finished and anyio.current_time() < until:
            if job.changes != seen:
                seen = job.changes
                share = "" if job.fraction is None else f" {job.fraction:.0%}"
                await report(job.changes, f"{job.stage}{share}")
            await anyio.sleep(LOOK_EVERY_S)
            job = await anyio.to_thread.run_sync(desk.look, job)
    except anyio.get_cancelled_exc_class():
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(desk.cancel, job)
        raise
    return job


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
    desk = Desk(studio)

    async def list_tools(_context: Any, _params: Any) -> Any:
        return ListToolsResult(tools=[Tool.model_validate(one) for one in tools()])

    async def call_tool(context: Any, params: Any) -> Any:
        async def report(changes: int, words: str) -> None:
            await context.session.report_progress(float(changes), message=words)

        said, wrong = await answer(desk, params.name, params.arguments or {}, report)
        text = TextContent(type="text", text=json.dumps(said, ensure_ascii=False))
        return CallToolResult(content=[text], structured_content=said, is_error=wrong)

    async def run() -> None:
        server: Any = Server("cutprint", version=__version__, instructions=INSTRUCTIONS, on_list_tools=list_tools, on_call_tool=call_tool)
        async with stdio_server() as (incoming, outgoing):
            await server.run(incoming, outgoing, server.create_initialization_options())

    try:
        anyio.run(run)
    finally:
        desk.close()
    return {"answered": desk.answered}


def _plain(value: Said) -> Said:
    plain: Said = json.loads(json.dumps(value, default=str))
    return plain
