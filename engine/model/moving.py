"""Values that change over time, as keyframes give them. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from fractions import Fraction

__all__ = ["Moving", "together"]


class Moving:
    """Some numbers over time: straight between the keys, still before the first and after the last. rows : time in seconds -> numbers."""

    def __init__(self, rows: Mapping[Fraction, tuple[float, ...]]) -> None:
        self.times = sorted(rows)
        self._values = [rows[at] for at in self.times]

    @property
    def values(self) -> list[tuple[float, ...]]:
        """The numbers at each key."""
        return self._values

    def at(self, time: Fraction) -> tuple[float, ...]:
        """The numbers at a time."""
        k = bisect_right(self.times, time)
        if k in (0, len(self.times)):
            return self._values[min(k, len(self.times) - 1)]
        share = float((time - self.times[k - 1]) / (self.times[k] - self.times[k - 1]))
        return tuple(a + (b - a) * share for a, b in zip(self._values[k - 1], self._values[k]))


def together(parts: Iterable[Moving]) -> dict[Fraction, tuple[float, ...]]:
    """The numbers of all parts side by side, at every time at which one of them has a key."""
    rows = list(parts)
    times = sorted({time for one in rows for time in one.times})
    return {time: tuple(number for one in rows for number in one.at(time)) for time in times}
