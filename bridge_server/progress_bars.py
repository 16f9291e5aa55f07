"""Progress on standard error: bars with remaining time on a terminal, plain lines elsewhere, nothing with --quiet."""

from __future__ import annotations

import sys
import time
from typing import Any

from engine.errors import Cancelled
from engine.progress import Progress

__all__ = ["Stopper", "progress_for"]

LINE_EVERY_S = 5.0
"""Between plain progress lines (chosen: readable logs)."""


class Stopper:
    """Whether the user has asked to stop (Ctrl-C); set by the door, read by every progress."""

    def __init__(self) -> None:
        self.asked = False

    def check(self) -> None:
        if self.asked:
            raise Cancelled()


def progress_for(quiet: bool, stopper: Stopper) -> Progress:
    """The progress that suits standard error."""
    if quiet:
        return _Quiet(stopper)
    return _Bars(stopper) if sys.stderr.isatty() else _Lines(stopper)


class _Quiet:
    def __init__(self, stopper: Stopper) -> None:
        self._stopper = stopper

    def stage(self, name: str, total: float = 0.0) -> None:
        self._stopper.check()

    def advance(self, amount: float = 1.0) -> None:
        self._stopper.check()

    def check(self) -> None:
        self._stopper.check()

    def note(self, words: str) -> None:
        """A word about something beside the work; any thread may say it."""

    def close(self) -> None:
        pass


class _Lines(_Quiet):
    """`stage` at its start, then share done and time left every few seconds."""

    def __init__(self, stopper: Stopper) -> None:
        super().__init__(stopper)
        self._name, self._total, self._done, self._began, self._said = "", 0.0, 0.0, 0.0, 0.0

    def stage(self, name: str, total: float = 0.0) -> None:
        super().stage(name, total)
        self._name, self._total, self._done = name, total, 0.0
        self._began = self._said = time.monotonic()
        print(f"{name} ...", file=sys.stderr, flush=True)

    def note(self, words: str) -> None:
        print(words, file=sys.stderr, flush=True)

    def advance(self, amount: float = 1.0) -> None:
        super().advance(amount)
        self._done += amount
        now = time.monotonic()
        if self._total > 0 and now - self._said >= LINE_EVERY_S:
            self._said = now
            share = min(1.0, self._done / self._total)
            left = (now - self._began) * (1 - share) / max(share, 1e-9)
            print(f"{self._name}: {share:.0%}, about {left:.0f} s left", file=sys.stderr, flush=True)


class _Bars(_Quiet):
    def __init__(self, stopper: Stopper) -> None:
        super().__init__(stopper)
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (TextColumn("{task.description:28}"), BarColumn(), TextColumn("{task.percentage:>3.0f}%"), TimeRemainingColumn())
        self._rich = Progress(*columns, console=Console(stderr=True), transient=False)
        self._rich.start()
        self._task: Any = None

    def stage(self, name: str, total: float = 0.0) -> None:
        super().stage(name, total)
        self._finish()
        self._task = self._rich.add_task(name, total=total or None)

    def note(self, words: str) -> None:
        self._rich.console.print(words, markup=False, highlight=False)

    def advance(self, amount: float = 1.0) -> None:
        super().advance(amount)
        if self._task is not None:
            self._rich.advance(self._task, amount)

    def _finish(self) -> None:
        if self._task is not None:
            task = self._rich.tasks[-1]
            self._rich.update(self._task, total=task.total or 1, completed=task.total or 1)

    def close(self) -> None:
        self._finish()
        self._rich.stop()
