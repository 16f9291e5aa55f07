"""How long work tells where it is and learns that it should stop.

Long functions take `progress` last. They call `stage` once per phase and `advance` often; `advance` and `check` raise
`Cancelled` when the caller wants them to stop. `SILENT` does nothing and is the default everywhere.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from engine.errors import Cancelled

__all__ = ["SILENT", "CallbackProgress", "Progress", "Silent"]


class Progress(Protocol):
    """What long work needs from its caller. All three may raise `Cancelled`."""

    def stage(self, name: str, total: float = 0.0) -> None:
        """A new phase begins: `name` in plain words, `total` in any unit (0: unknown)."""

    def advance(self, amount: float = 1.0) -> None:
        """`amount` more of the stage's total is done."""

    def check(self) -> None:
        """Raise `Cancelled` if the caller wants the work to stop."""


class Silent:
    """Reports nothing, never cancels."""

    def stage(self, name: str, total: float = 0.0) -> None:
        pass

    def advance(self, amount: float = 1.0) -> None:
        pass

    def check(self) -> None:
        pass


SILENT = Silent()


class CallbackProgress:
    """Reports `(stage, fraction)` to a function; stops when `cancelled()` says so.

    `fraction` is 0 to 1 within the stage, or None while its total is unknown.
    """

    def __init__(
        self,
        report: Callable[[str, float | None], None],
        cancelled: Callable[[], bool] = lambda: False,
    ) -> None:
        self._report = report
        self._cancelled = cancelled
        self._name = ""
        self._total = 0.0
        self._done = 0.0

    def stage(self, name: str, total: float = 0.0) -> None:
        self._name, self._total, self._done = name, total, 0.0
        self.check()
        self._report(name, self._fraction())

    def advance(self, amount: float = 1.0) -> None:
        self._done += amount
        self.check()
        self._report(self._name, self._fraction())

    def check(self) -> None:
        if self._cancelled():
            raise Cancelled()

    def _fraction(self) -> float | None:
        return min(1.0, self._done / self._total) if self._total > 0 else None
