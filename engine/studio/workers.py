"""Many independent pieces of work through the Executor, with progress, cancel, and one bad piece never stopping the rest.

Functions handed in must be importable by name (worker processes start by `spawn` everywhere) and take one picklable item.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from typing import TYPE_CHECKING, Any, TypeVar

from engine.errors import CutprintError, InputError

if TYPE_CHECKING:
    from engine.progress import Progress
    from engine.studio.context import Studio

__all__ = ["run_all"]

POLL_S = 0.2
"""How often a waiting parent looks whether it should stop (chosen: feels immediate, costs nothing)."""

Item = TypeVar("Item")


def run_all(
    studio: Studio,
    function: Callable[[Item], Any],
    items: Sequence[Item],
    stage: str,
    progress: Progress,
    weights: Sequence[float] | None = None,
) -> list[Any]:
    """`[function(item) for item in items]` in worker processes; a `CutprintError` takes the place of its result.

    weights : share of the work each item is, for progress; equal by default. Heaviest items start first.
    A worker that dies takes nobody with it: its item is tried once more alone, then reported as `worker_died`.
    Raises `Cancelled` (or whatever `progress` raises) after the workers have stopped.
    """
    weights = list(weights) if weights else [1.0] * len(items)
    results: list[Any] = [None] * len(items)
    progress.stage(stage, sum(weights))
    order = sorted(range(len(items)), key=lambda index: -weights[index])
    lost = _run(studio, function, items, order, results, weights, progress, studio.settings.worker_count)
    for index in lost:
        if _run(studio, function, items, [index], results, weights, progress, 1):
            results[index] = InputError("worker_died", "The process working on it was stopped by the system.", "Free some memory.")
    return results


def _run(
    studio: Studio,
    function: Callable[[Item], Any],
    items: Sequence[Item],
    order: Sequence[int],
    results: list[Any],
    weights: Sequence[float],
    progress: Progress,
    workers: int,
) -> list[int]:
    if not order:
        return []
    executor = studio.make_executor(min(workers, len(order)))
    try:
        pending = {executor.submit(_guarded, function, items[index]): index for index in order}
        lost = _collect(pending, results, weights, progress)
    except BaseException:
        _stop(executor)
        raise
    executor.shutdown(wait=True)
    return lost


def _collect(pending: dict[Future[Any], int], results: list[Any], weights: Sequence[float], progress: Progress) -> list[int]:
    lost = []
    while pending:
        done, _ = wait(pending, timeout=POLL_S, return_when=FIRST_COMPLETED)
        progress.check()
        for future in done:
            index = pending.pop(future)
            try:
                results[index] = future.result()
            except BrokenExecutor:
                lost.append(index)
                continue
            progress.advance(weights[index])
    return sorted(lost)


def _guarded(function: Callable[[Item], Any], item: Item) -> Any:
    try:
        return function(item)
    except CutprintError as error:
        return error


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
