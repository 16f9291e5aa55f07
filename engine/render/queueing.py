"""Which segment is next: the dearest first, never more at once than memory holds, and large ones beside small ones where there are any."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from engine.render.graph import SegmentPlan

__all__ = ["Pending", "memory_bytes"]

WORKER_BYTES = 320_000_000
"""What a worker may hold as long as there is other work (chosen: 4K beside HD, and two workers with the program stay under 700 MB)."""
MEMORY_SHARE = 0.5
"""How much of the machine's memory all workers together may fill (chosen: an editor's other programs run beside)."""
UNKNOWN_MEMORY_BYTES = 8_000_000_000
"""Taken where the system does not say how much there is."""
WAIT_S = 0.2
"""How often somebody who waits for room looks whether the whole was cancelled."""
CGROUP_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


class Pending:
    """Segments that several workers share. plans : dearest first."""

    def __init__(self, plans: Sequence[SegmentPlan], workers: int, memory: int | None = None) -> None:
        self._plans = list(plans)
        self._most = round(MEMORY_SHARE * (memory_bytes() if memory is None else memory))
        self._preferred = min(self._most, WORKER_BYTES * max(1, workers))
        self._used = 0
        self._changed = threading.Condition()

    @contextlib.contextmanager
    def next(self, check: Callable[[], None]) -> Iterator[SegmentPlan]:
        """The next segment for this worker, once there is room for it; its room is free again afterwards. check : may raise to stop."""
        with self._changed:
            while (plan := self._fitting()) is None:
                self._changed.wait(WAIT_S)
                check()
            self._plans.remove(plan)
            self._used += plan.memory_bytes
        try:
            yield plan
        finally:
            with self._changed:
                self._used -= plan.memory_bytes
                self._changed.notify_all()

    def _fitting(self) -> SegmentPlan | None:
        for limit in (self._preferred, self._most):
            for plan in self._plans:
                if self._used == 0 or self._used + plan.memory_bytes <= limit:
                    return plan
        return None


def memory_bytes() -> int:
    """How much memory this process may use at most: the machine's, or its container's."""
    found = [_machine_bytes()]
    for place in CGROUP_LIMITS:
        with contextlib.suppress(OSError, ValueError):
            found.append(int(Path(place).read_text()))
    return min(found)


def _machine_bytes() -> int:
    if os.name == "nt":
        return _windows_bytes()
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (OSError, ValueError):
        return UNKNOWN_MEMORY_BYTES


def _windows_bytes() -> int:
    import ctypes

    kilobytes = ctypes.c_ulonglong(0)
    known = ctypes.windll.kernel32.GetPhysicallyInstalledSystemMemory(ctypes.byref(kilobytes))  # type: ignore[attr-defined,unused-ignore]
    return kilobytes.value * 1024 if known else UNKNOWN_MEMORY_BYTES
