"""The command line, generated from the table of use cases.

Results go to standard output (a page for people, or exactly one JSON document with --json); everything else goes to standard error.
"""

from __future__ import annotations

import json
import logging
import signal
import sys
import traceback
import uuid
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unicodedata import category

import click

from bridge_server.doors import DOORS
from bridge_server.options import build_request, parameters
from engine import __version__
from engine.errors import Cancelled, CutprintError
from engine.studio.catalog import GROUPS, USE_CASES, UseCase

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bridge_server.progress_bars import Stopper

__all__ = ["main"]

BUG_EXIT = 70
LAST_LINES = 8
"""Of a failed program, on the screen (all that were kept are in the log and in --json)."""

COMMON = (
    click.Option(["--json", "as_json"], is_flag=True, help="Print exactly one JSON document."),
    click.Option(["--quiet", "-q"], is_flag=True, help="No progress and no remarks."),
    click.Option(["--verbose", "-v"], is_flag=True, help="Show the log on standard error."),
    click.Option(["--workspace"], type=click.Path(path_type=Path), help="Folder for caches, profiles and logs."),
    click.Option(["--config"], type=click.Path(path_type=Path), help="Settings file (TOML)."),
)
COMMON_NAMES = frozenset(name for option in COMMON for name in option.opts)


def _command(case: UseCase) -> click.Command:
    def run(**values: Any) -> None:
        common = {name: values.pop(name) for name in ("as_json", "quiet", "verbose", "workspace", "config")}
        raise SystemExit(_run(case, values, **common))

    help_text = f"{case.request.__doc__}\n\n{case.summary}"
    name = case.name.rpartition(".")[2]
    return click.Command(name, params=[*parameters(case.request), *COMMON], callback=run, help=help_text, short_help=case.summary)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="cutprint")
def cli() -> None:
    """Beat-synced vertical edits from raw clips and a song, in a creator's own style."""


def _home(case: UseCase) -> click.Group:
    """Where a case's command belongs: `style.show` is `cutprint style show`."""
    group, _, _name = case.name.rpartition(".")
    if not group:
        return cli
    if group not in cli.commands:
        cli.add_command(click.Group(group, help=GROUPS[group], short_help=GROUPS[group]))
    found = cli.commands[group]
    assert isinstance(found, click.Group)
    return found


for _case in (*USE_CASES.values(), *DOORS.values()):
    _home(_case).add_command(_command(_case))


def main() -> None:
    """The `cutprint` command."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # names in any script must print on any console
            stream.reconfigure(errors="backslashreplace")
    asked_json = "--json" in sys.argv[1:]
    try:
        cli(standalone_mode=False)
    except click.exceptions.Exit as done:
        raise SystemExit(done.exit_code) from None
    except click.ClickException as error:
        raise SystemExit(_wrong_usage(error, asked_json)) from None
    except click.Abort:
        raise SystemExit(Cancelled.exit_code) from None


def _wrong_usage(error: click.ClickException, asked_json: bool) -> int:
    hint = ""
    context = getattr(error, "ctx", None)
    if context is not None:
        hint = f"`{context.command_path} --help` shows how."
        if isinstance(error, click.NoSuchOption) and isinstance(context.command, click.Group) and error.option_name in COMMON_NAMES:
            hint = f"Write {error.option_name} after the command's name, such as `cutprint analyze {error.option_name} ...`."
    if asked_json:
        body = {"code": "usage", "message": error.format_message(), "hint": hint, "details": {}}
        print(json.dumps({"error": body}, ensure_ascii=False, indent=2))
    print(f"Error: {error.format_message()}\n{hint}".rstrip(), file=sys.stderr)
    return 2


def _run(
    case: UseCase, values: dict[str, Any], as_json: bool, quiet: bool, verbose: bool, workspace: Path | None, config: Path | None
) -> int:
    """Runs one use case; returns the exit code. The one place where the command line catches errors."""
    from bridge_server.progress_bars import Stopper

    stopper = Stopper()
    try:
        with _interruptible(stopper):
            result = _called(case, values, quiet, verbose, workspace, config, stopper)
    except CutprintError as error:
        return _failed(error, as_json)
    except KeyboardInterrupt:
        return _failed(Cancelled(), as_json)
    except BrokenPipeError:
        return 0
    except Exception:
        return _bug(as_json)
    _print(case, result, as_json, quiet)
    return 4 if case.name == "doctor" and result["status"] == "problem" else 0


def _called(
    case: UseCase, values: dict[str, Any], quiet: bool, verbose: bool, workspace: Path | None, config: Path | None, stopper: Stopper
) -> dict[str, Any]:
    from bridge_server.bootstrap import open_studio
    from bridge_server.progress_bars import progress_for

    with open_studio({"workspace": workspace}, config) as studio:
        if verbose:
            logging.getLogger().addHandler(logging.StreamHandler(sys.stderr))
        progress = progress_for(quiet, stopper)
        try:
            return case.load()(studio, build_request(case.request, values), progress)
        finally:
            getattr(progress, "close", lambda: None)()


@contextmanager
def _interruptible(stopper: Stopper) -> Iterator[None]:
    """The first Ctrl-C asks the work to stop where it is safe; the second does not ask."""

    def stop(_number: int, _frame: Any) -> None:
        if stopper.asked:
            raise KeyboardInterrupt
        stopper.asked = True

    before = {}
    for number in (signal.SIGINT, signal.SIGTERM):
        before[number] = signal.signal(number, stop)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _failed(error: CutprintError, as_json: bool) -> int:
    logging.getLogger(__name__).info("%s: %s %s", error.code, error.message, dict(error.details))
    if as_json:
        print(json.dumps(error.as_json(), ensure_ascii=False, indent=2, default=str))
    print(visible(f"Error: {error.message}" + (f"\n{error.hint}" if error.hint else "")), file=sys.stderr)
    if "command" in error.details:  # a failed ffmpeg: what it said last, and how to repeat it
        print("\n".join([*error.details.get("stderr", [])[-LAST_LINES:], "To repeat it:", str(error.details["command"])]), file=sys.stderr)
    return error.exit_code


def visible(text: str) -> str:
    """Text for a terminal: names and notes in other people's files may hold control letters, which would move the cursor or hide words."""
    hidden = ("Cc", "Cf", "Cs", "Zl", "Zp")
    return "".join("\N{REPLACEMENT CHARACTER}" if category(one) in hidden and one not in "\n\t\u200c\u200d" else one for one in text)


def _bug(as_json: bool) -> int:
    number = uuid.uuid4().hex[:8]
    logging.getLogger(__name__).critical("bug %s\n%s", number, traceback.format_exc())
    message = f"Something went wrong inside Cutprint (id {number})."
    hint = "The log in the workspace's logs folder tells what; please report it with that id."
    if as_json:
        print(json.dumps({"error": {"code": "bug", "message": message, "hint": hint, "details": {"id": number}}}, indent=2))
    print(f"Error: {message}\n{hint}", file=sys.stderr)
    return BUG_EXIT


def _print(case: UseCase, result: dict[str, Any], as_json: bool, quiet: bool) -> None:
    if as_json:
        print(json.dumps(result, ensure_ascii=False, indent=2, allow_nan=False))
        return
    if not quiet:
        from bridge_server.pages import PAGES

        print(visible(PAGES[case.name](result)))


if __name__ == "__main__":
    main()
