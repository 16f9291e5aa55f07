"""One job in a process of its own: `python -m bridge_server.job_process`, started by the JobRunner.

The order comes as one JSON line on standard input, a line saying `cancel` may follow, and its end means that the bridge is gone.
What happens goes to standard output, one JSON object a line: progress, and at the end a result, an error or a bug.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import threading
import time
import traceback
import uuid
from pathlib import Path
from typing import IO, Any

from engine.errors import Cancelled, CutprintError
from engine.progress import CallbackProgress

__all__ = ["main"]

REPORT_EVERY_S = 0.2
"""Between two reports of progress (chosen: smooth to the eye, and little work for the database)."""

NO_FILE = Path(os.devnull)
"""In place of a settings file: the order holds every setting already."""

NICENESS = 5
"""Below what answers people, a third of its share where both want the processor (chosen; Windows: below normal)."""

GRACE_S = 10.0
"""How long a job may go on tidying up after its bridge is gone."""


class Line:
    """Writes JSON lines; one writer at a time."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self._lock = threading.Lock()
        self._said = ("", -1.0)

    def say(self, **message: Any) -> None:
        with self._lock:
            print(json.dumps(message, allow_nan=False), file=self._stream, flush=True)

    def progress(self, stage: str, fraction: float | None) -> None:
        name, at = self._said
        now = time.monotonic()
        if stage != name or now - at >= REPORT_EVERY_S:
            self._said = (stage, now)
            self.say(stage=stage, fraction=fraction)


def main() -> None:
    """Runs the job that standard input orders."""
    if hasattr(os, "nice"):
        os.nice(NICENESS)  # workers and encoders inherit it
    line = Line(os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8"))
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what a library prints must not look like a message
    order = json.loads(sys.stdin.readline())
    stop = threading.Event()
    threading.Thread(target=_listen, args=(stop,), daemon=True).start()
    try:
        line.say(result=_run(order, line, stop))
    except CutprintError as error:
        line.say(error=error.as_json()["error"], cancelled=isinstance(error, Cancelled))
    except Exception:
        number = uuid.uuid4().hex[:8]
        logging.getLogger(__name__).critical("bug %s in job %s\n%s", number, order.get("job_id"), traceback.format_exc())
        line.say(bug=number)


def _listen(stop: threading.Event) -> None:
    for text in sys.stdin:
        if text.strip() == "cancel":
            stop.set()
    stop.set()  # the bridge is gone; whoever starts next runs the job again
    time.sleep(GRACE_S)
    os._exit(1)


def _run(order: dict[str, Any], line: Line, stop: threading.Event) -> dict[str, Any]:
    from bridge_server.bootstrap import open_studio
    from bridge_server.schemas import request_from_json
    from engine.studio.catalog import USE_CASES
    from engine.studio.resuming import AlreadyDone

    case = USE_CASES[order["use_case"]]
    with open_studio(order["settings"], NO_FILE, order["door"], order["job_id"]) as studio:
        try:
            return case.load()(studio, request_from_json(case, order["request"]), CallbackProgress(line.progress, stop.is_set))
        except AlreadyDone as done:
            return done.result


if __name__ == "__main__":
    main()
