"""The watcher: looks at watched folders, hands what has settled to the jobs, and tells how it ended.

Events of the file system only say when to look; what is there is found out by looking, which also happens regularly, because network
shares send no events. Everything that was handled has a mark in the database with the signature it had, so a restart repeats
nothing, and the same job is found again by its idempotency key when the bridge dies between the two.
"""

from __future__ import annotations

import dataclasses
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bridge_server.watching.endings import conclude
from bridge_server.watching.problems import clear_problem, problem_path, write_problem
from bridge_server.watching.returned import Returns
from bridge_server.watching.shoot import OUTPUT, RETURNS, Shoot, edit_body, job_key, look, settings_of
from engine.errors import BadOption, CutprintError, DocumentError
from engine.store.folders import Mark
from engine.store.projects import HEAD, load_timeline
from engine.studio.shoot_settings import FOLDER_FILE

if TYPE_CHECKING:
    from bridge_server.jobs import JobRunner
from engine.studio.context import Studio

__all__ = ["Watcher"]

SETTLED_S = 8.0
"""How long nothing may change before a shoot counts as complete (chosen: copying from a card pauses for a second or two between files)."""

LOOK_EVERY_S = 5.0
"""Between two looks without events (chosen: a person who drops a folder waits for seconds, not minutes)."""

BUSY_SHARE = 0.05
"""Share of its time that looking may take: on a slow share it looks less often."""

SONGLESS_S = 60.0
"""How long a shoot may be without a song before that is said."""

AGAIN_S = 60.0
"""Pause before a job that found its folder busy is asked for again."""

_LOG = logging.getLogger(__name__)


@dataclass
class _Waiting:
    """A shoot that is being looked at: its state when last seen, and since when it stands still."""

    state: tuple[Any, ...] = ()
    since_s: float = 0.0
    not_before_s: float = 0.0


@dataclass
class Watcher:
    """Watches every folder in the store from `start` to `stop`. `say` : where a person reads what happens."""

    studio: Studio
    runner: JobRunner
    settled_s: float = SETTLED_S
    clock: Callable[[], float] = time.monotonic
    say: Callable[[str], None] = _LOG.info
    _waiting: dict[Path, _Waiting] = field(default_factory=dict)
    _stopping: threading.Event = field(default_factory=threading.Event)
    _look: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self._returns = Returns(self.studio, self.runner, self.settled_s, self.clock, self._tell)
        self._thread = threading.Thread(target=self._run, name="watcher", daemon=True)
        self._events: Any = None

    def _tell(self, words: str) -> None:
        self.say(words)  # whoever it is by then

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._look.set()
        if self._thread.ident is not None:
            self._thread.join(10)
        if self._events is not None:
            self._events.close()

    def _run(self) -> None:
        from bridge_server.watching.listening import Events

        self._events = Events(self._look.set)
        while not self._stopping.is_set():
            began = time.monotonic()
            self.tick()
            spent = time.monotonic() - began
            pause = min(1.0, self.settled_s / 4) if self.busy else LOOK_EVERY_S
            self._look.wait(max(pause, spent / BUSY_SHARE))
            self._stopping.wait(0.2)  # events come in swarms
            self._look.clear()

    @property
    def busy(self) -> bool:
        """Whether something has not settled or not ended yet."""
        return bool(self._waiting) or self._returns.busy or any(one.status == "working" for one in self._marks())

    def _marks(self) -> list[Mark]:
        try:
            return self.studio.store.folders.marks()
        except CutprintError:
            return []

    def tick(self) -> None:
        """One look at everything."""
        try:
            folders = self.studio.store.folders.watched()
        except CutprintError as error:
            _LOG.warning("watched folders cannot be looked up: %s", error.message)
            return
        if self._events is not None:
            self._events.follow(folders)
        for folder in folders:
            for shoot in _shoots(folder):
                self._guarded(self._consider, shoot)
            self._guarded(self._returns.consider, folder)

    def _guarded(self, work: Callable[[Path], None], path: Path) -> None:
        """One folder that goes wrong never keeps the others from being looked at."""
        try:
            work(path)
        except CutprintError as error:
            _LOG.warning("%s: %s", path, error.message)
        except OSError as cause:
            _LOG.info("%s cannot be looked at now: %s", path, cause)
        except Exception:
            _LOG.exception("looking at %s", path)

    def _consider(self, folder: Path) -> None:
        mark = self.studio.store.folders.marked(folder)
        if mark is not None and mark.status == "working":
            self._follow(folder, mark)
            return
        shoot = look(folder)
        mark = mark or self._moved(shoot)
        if not shoot.clips or (mark is not None and mark.signature == shoot.signature and not _asked_again(folder, mark)):
            self._waiting.pop(folder, None)
            if mark is None and not shoot.clips:
                clear_problem(folder)
            return
        waiting = self._waiting.setdefault(folder, _Waiting())
        now = self.clock()
        if shoot.state != waiting.state:
            if not waiting.state:
                self.say(f"{folder.name}: {len(shoot.clips)} clips so far, waiting until no file grows")
            waiting.state, waiting.since_s = shoot.state, now
        still_s = now - waiting.since_s
        if shoot.on_the_way or still_s < self.settled_s or now < waiting.not_before_s or not _readable(shoot):
            return
        if not shoot.songs:
            self._songless(folder, still_s)
            return
        self._begin(shoot, mark)

    def _moved(self, shoot: Shoot) -> Mark | None:
        """The mark of a shoot whose folder was renamed: same contents, and nothing left where it was."""
        if not shoot.clips:
            return None
        marks = (one for one in self.studio.store.folders.marks() if one.signature == shoot.signature and one.status != "working")
        found = next((one for one in marks if not Path(one.path).exists()), None)
        if found is None:
            return None
        here = dataclasses.replace(found, path=str(shoot.folder))
        self.studio.store.folders.mark(here)
        return here

    def _songless(self, folder: Path, still_s: float) -> None:
        if still_s >= min(SONGLESS_S, self.settled_s * 8):
            write_problem(folder, "There is no song yet.", "Drop one song into the folder: the edit begins by itself.")

    def _begin(self, shoot: Shoot, before: Mark | None) -> None:
        from bridge_server.schemas import request_from_json
        from engine.studio.catalog import USE_CASES

        folder = shoot.folder
        try:
            body = edit_body(shoot, settings_of(shoot), _output(folder))
            request_from_json(USE_CASES["edit"], body)
        except BadOption as error:
            at = folder if error.code == "shoot_song" else folder / FOLDER_FILE
            written = write_problem(at, error.message, error.hint if error.code != "bad_request" else "")
            self._mark(shoot, "problem", None, {"problem": str(at) if written else None})
            return
        clear_problem(folder)
        clear_problem(folder / FOLDER_FILE)
        tries = 1 + (int(before.details.get("tries", 0)) if before is not None and before.signature == shoot.signature else 0)
        key = job_key("watch", shoot.signature, tries, folder)
        job = self.studio.store.jobs.submit("edit", body, door="watch", key=key)
        self._mark(shoot, "working", job.job_id, {"tries": tries, "output": body["output"]})
        self.runner.wake()
        self.say(f"{folder.name}: editing {len(shoot.clips)} clips to {Path(body['song']).name}")

    def _mark(self, shoot: Shoot, status: str, job_id: str | None, details: dict[str, Any]) -> None:
        self._waiting.pop(shoot.folder, None)
        self.studio.store.folders.mark(Mark(str(shoot.folder), shoot.signature, status, self.studio.now(), job_id, details))

    def _follow(self, folder: Path, mark: Mark) -> None:
        """Looks whether the job of a shoot has ended, and tells how."""
        job = self.studio.store.jobs.get(mark.job_id or "")
        if not job.is_finished:
            return
        later = job.error is not None and job.error.get("code") in ("output_busy", "database_busy")
        if later:
            self._waiting[folder] = _Waiting(not_before_s=self.clock() + AGAIN_S)
        ending = conclude(self.studio, folder, mark, job, later)
        self.studio.store.folders.mark(ending.mark)
        self.say(f"{folder.name}: {ending.words}")


def _shoots(folder: Path) -> list[Path]:
    """Sub-folders that may be shoots."""
    try:
        found = [one for one in folder.iterdir() if one.is_dir() and not one.name.startswith(".") and one.name != RETURNS]
    except OSError:
        return []
    return sorted(one for one in found if one.name != OUTPUT)


def _asked_again(folder: Path, mark: Mark) -> bool:
    """Whether the person took the problem file away: a wish to have it tried once more."""
    told = mark.details.get("problem")
    return mark.status == "again" or (mark.status == "problem" and bool(told) and not problem_path(Path(str(told))).exists())


def _readable(shoot: Shoot) -> bool:
    """Whether every file can be opened: on Windows a copying program keeps its file to itself."""
    try:
        for one in (*shoot.clips, *shoot.songs):
            with one.path.open("rb"):
                pass
    except PermissionError as cause:
        return getattr(cause, "winerror", None) not in (32, 33)
    except OSError:
        return False
    return True


def _output(folder: Path) -> Path:
    """Where the edit goes: into `cutprint`, and beside it into `cutprint-2` where a person has changed the edit that is there."""
    for number in range(1, 1000):
        place = folder / (OUTPUT if number == 1 else f"{OUTPUT}-{number}")
        if not (place / HEAD).exists():
            return place
        try:
            timeline = load_timeline(place)[0]
        except DocumentError:
            continue
        if not timeline.user_edits and not any(clip.lock for clip in timeline.clips):
            return place
    return folder / OUTPUT
