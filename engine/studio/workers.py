"""Many independent pieces of work through the Executor, with progress, cancel, and one bad piece never stopping the rest.

Functions handed in must be importable by name (worker processes start by `spawn` everywhere) and take one picklable item.
"""

from __future__ import annotations

import contextlib
import os
import struct
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from engine.errors import CutprintError, InputError

if TYPE_CHECKING:
    from engine.progress import Progress
    from engine.studio.context import Studio

__all__ = ["Teller", "run_all", "share_cores"]

POLL_S = 0.2
"""How often a waiting parent looks whether it should stop (chosen: feels immediate, costs nothing)."""

Item = TypeVar("Item")


def share_cores() -> None:
    """Called in a worker before it loads numpy: there are as many workers as cores, so the threads of numpy's OpenBLAS, as many again in
    each, would only wait for work, and they wait by counting. What the user has set stays."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def run_all(
    studio: Studio,
    function: Callable[..., Any],
    items: Sequence[Item],
    stage: str,
    progress: Progress,
    weights: Sequence[float] | None = None,
    keep: Callable[[int, Any], None] = lambda _index, _result: None,
    tells: bool = False,
) -> list[Any]:
    """`[function(item) for item in items]` in worker processes; a `CutprintError` takes the place of its result.

    weights : share of the work each item is, for progress; equal by default. Heaviest items start first.
    keep : called here with the index and result of each item as soon as it is done, so that a stop loses only what is unfinished.
    tells : calls `function(item, tell)`; `tell(fraction)` says how far the item is (0 to 1), often and cheaply.
    A worker that dies takes nobody with it: its item is tried once more alone, then reported as `worker_died`.
    Raises `Cancelled` (or whatever `progress` raises) after the workers have stopped.
    """
    weights = list(weights) if weights else [1.0] * len(items)
    progress.stage(stage, sum(weights))
    with tempfile.TemporaryDirectory(prefix="cutprint-") as folder:
        board = Path(folder) / "progress"
        board.write_bytes(bytes(8 * len(items)))
        work = _Work(studio, function, items, weights, progress, keep, board if tells else None)
        order = sorted(range(len(items)), key=lambda index: -weights[index])
        lost = work.run(order, studio.settings.worker_count)
        for index in lost:
            if work.run([index], 1):
                hint = "Free some memory."
                work.take(index, InputError("worker_died", "The process working on it was stopped by the system.", hint))
    return work.results


class _Work:
    """Some items on their way through worker processes."""

    def __init__(
        self,
        studio: Studio,
        function: Callable[..., Any],
        items: Sequence[Any],
        weights: Sequence[float],
        progress: Progress,
        keep: Callable[[int, Any], None],
        board: Path | None,
    ) -> None:
        self.results: list[Any] = [None] * len(items)
        self._studio, self._function, self._items, self._weights = studio, function, items, weights
        self._progress, self._keep, self._board = progress, keep, board
        self._told = [0.0] * len(items)

    def run(self, order: Sequence[int], workers: int) -> list[int]:
        """Does these items; returns those whose worker died."""
        if not order:
            return []
        executor = self._studio.make_executor(min(workers, len(order)))
        try:
            pending = {executor.submit(_guarded, self._function, self._items[one], self._board, one): one for one in order}
            lost = self._collect(pending)
        except BaseException:
            _stop(executor)
            raise
        executor.shutdown(wait=True)
        return lost

    def take(self, index: int, result: Any) -> None:
        self._hold(index, result)
        self._advance(index, 1.0)

    def _collect(self, pending: dict[Future[Any], int]) -> list[int]:
        lost = []
        while pending:
            done, _ = wait(pending, timeout=POLL_S, return_when=FIRST_COMPLETED)
            finished = []
            for future in done:
                index = pending.pop(future)
                try:
                    self._hold(index, future.result())
                except BrokenExecutor:
                    lost.append(index)
                else:
                    finished.append(index)
            self._progress.check()  # a stop comes after all that is done was kept
            self._read_board()
            for index in finished:
                self._advance(index, 1.0)
        return sorted(lost)

    def _hold(self, index: int, result: Any) -> None:
        self.results[index] = result
        self._keep(index, result)

    def _read_board(self) -> None:
        """What the workers have told since; nothing where they cannot write to this machine's disk."""
        if self._board is not None:
            body = self._board.read_bytes()
            for index, (fraction,) in enumerate(struct.iter_unpack("<d", body[: 8 * len(self._items)])):
                self._advance(index, min(fraction, 0.999))

    def _advance(self, index: int, fraction: float) -> None:
        if fraction > self._told[index]:
            self._progress.advance((fraction - self._told[index]) * self._weights[index])
            self._told[index] = fraction


def _guarded(function: Callable[..., Any], item: Any, board: Path | None, index: int) -> Any:
    try:
        return function(item) if board is None else function(item, Teller(board, index))
    except CutprintError as error:
        return error


class Teller:
    """How a worker says how far its item is: eight bytes of a file that the parent looks at."""

    def __init__(self, board: Path, index: int) -> None:
        self._board, self._at = board, 8 * index

    def __call__(self, fraction: float) -> None:
        with contextlib.suppress(OSError), self._board.open("r+b") as file:
            file.seek(self._at)
            file.write(struct.pack("<d", fraction))


def _stop(executor: Executor) -> None:
    """Ends an executor now, workers in the middle of something included."""
    # Read before shutdown, which forgets them; absent on executors that are no process pools.
    processes = list((getattr(executor, "_processes", None) or {}).values())
    executor.shutdown(wait=False, cancel_futures=True)
    for process in processes:
        with contextlib.suppress(Exception):
            process.terminate()
    for process in processes:
        with contextlib.suppress(Exception):
            process.join(timeout=5)
