"""Heavy work on a Dask cluster of the user's (`CUTPRINT_EXECUTOR=dask://host:port`, extra `[dask]`) in place of processes of this machine.

Its workers need Cutprint and the media at the same paths (shared storage). What dies there is told as a local worker's death is.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future
from typing import Any

from engine.errors import MissingToolError

__all__ = ["cluster"]

CONNECT_S = 10
"""How long a scheduler may take to answer (chosen: it is in the same building)."""

EXTRA = 'Install the extra on every machine: pip install "cutprint[dask]".'


def cluster(address: str) -> Executor:
    """An executor over the scheduler at `dask://host:port`. Raises `MissingToolError` where it or the extra is missing."""
    try:
        import distributed
    except ImportError as cause:
        raise MissingToolError("dask_missing", "Work on a cluster needs the package distributed.", EXTRA) from cause
    try:
        connect: Any = distributed.Client
        client = connect(address.replace("dask://", "tcp://", 1), timeout=CONNECT_S, set_as_default=False)
    except (OSError, ValueError) as cause:
        message = f"No Dask scheduler answers at {address} ({type(cause).__name__})."
        hint = "Start it with `dask scheduler`, or unset CUTPRINT_EXECUTOR to work on this machine."
        raise MissingToolError("cluster_unreachable", message, hint) from cause
    return _Cluster(client)


class _Cluster(Executor):
    """Dask's own executor, whose broken workers look like those of a process pool."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._inner: Executor = client.get_executor(pure=False, retries=0)

    def submit(self, function: Callable[..., Any], /, *arguments: Any, **named: Any) -> Future[Any]:
        outer: Future[Any] = Future()
        outer.set_running_or_notify_cancel()
        inner = self._inner.submit(function, *arguments, **named)
        inner.add_done_callback(lambda done: _pass_on(done, outer))
        return outer

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        with contextlib.suppress(Exception):  # a scheduler that is gone has nothing left to stop
            self._inner.shutdown(wait=wait)
        with contextlib.suppress(Exception):
            self._client.close()


def _pass_on(done: Future[Any], outer: Future[Any]) -> None:
    from distributed.scheduler import KilledWorker

    try:
        outer.set_result(done.result())
    except (KilledWorker, CancelledError, OSError) as cause:
        broken = BrokenExecutor(f"a worker of the cluster was lost: {cause}")
        broken.__cause__ = cause
        outer.set_exception(broken)
    except BaseException as cause:
        outer.set_exception(cause)
