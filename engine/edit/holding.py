"""How long a style holds a shot: the worth of each hold, the usual one, and up to where a hold still earns."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from engine.edit.grid import Grid
from engine.edit.taste import HOLD_FEATURES, KINDS, TYPICAL_STRENGTH, Table, Taste

__all__ = ["CREDIT_SHARE", "Holding"]

Array = NDArray[np.float64]

CREDIT_SHARE = 0.75
"""A liked clip earns for every beat up to this quantile of the holds that its style has in such music (one standard deviation above the
middle of a normal spread). Beyond it the clip is only held: otherwise one clip that is liked very much outweighs any habit of length."""
MIDDLING_ENERGY = 0.65
"""Between the energies at which the rules for quiet and for loud music hold whole (.4 and .9)."""
BEATS = np.arange(0.5, 24.01, 0.5)
"""Holds among which the usual one is looked for."""


class Holding:
    """A taste's holds on one grid.

    sizes : (parts, 1 + shot sizes) share of each part that is an average shot, then of each size.
    """

    def __init__(self, grid: Grid, taste: Taste, sizes: Array) -> None:
        self._grid = grid
        self._taste = taste
        self._sizes = sizes
        self._known: dict[tuple[int, int, float], Array] = {}

    def prepare(self, slots: Sequence[tuple[int, int]], octaves: Sequence[float]) -> None:
        """Asks the taste about all these stretches at once; `density` asks about others one by one."""
        for shift in sorted(set(octaves)):
            worths = self._densities(self._grid.holds(slots), shift)
            self._known.update({(start, end, shift): worths[row] for row, (start, end) in enumerate(slots)})

    def density(self, start: int, end: int, octaves: float = 0.0) -> Array:
        """(parts,) log density of holding each part over a stretch, as if the style's holds were `octaves` longer."""
        key = (start, end, octaves)
        if key not in self._known:
            self._known[key] = self._densities(self._grid.holds([(start, end)]), octaves)[0]
        return np.asarray(self._sizes @ self._known[key])

    def usual(self, point: int) -> Array:
        """(parts,) beats for which this style holds each part from a cut point on: where its density is highest."""
        return np.asarray(BEATS[int(np.argmax(self._spread[point]))] * self._stretch)

    @cached_property
    def middle(self) -> float:
        """Usual hold of an average shot, in beats, in music of middling energy at this tempo: the same for every part of a song."""
        rows = np.tile(self._grid.holds([(0, 1)]).values[0], (len(BEATS), 1))
        fixed = {"beats": BEATS, "seconds": BEATS * self._grid.beat_frames / self._grid.fps, "energy": MIDDLING_ENERGY, "energy_rise": 0.0}
        for name, value in {**fixed, "position": 0.5, "opening_strength": TYPICAL_STRENGTH, "closing_strength": TYPICAL_STRENGTH}.items():
            rows[:, HOLD_FEATURES.index(name)] = value
        return float(BEATS[int(np.argmax(self._taste.pace.hold(Table(HOLD_FEATURES, rows))))])

    @cached_property
    def octaves(self) -> float:
        """Spread (standard deviation) of an average shot's holds in the same music, in octaves: mean over the grid."""
        shares = self._spread / self._spread.sum(axis=1, keepdims=True)
        logs = np.log2(BEATS)
        return float(np.sqrt(np.maximum(0.0, shares @ logs**2 - (shares @ logs) ** 2)).mean())

    def credit(self, point: int, octaves: float = 0.0) -> Array:
        """(parts,) beats up to which holding each part from a cut point on earns what the part is worth."""
        passed = np.cumsum(self._spread[point])
        return np.asarray(BEATS[int(np.searchsorted(passed, CREDIT_SHARE * passed[-1]))] * self._stretch * 2.0**octaves)

    def _densities(self, table: Table, octaves: float) -> Array:
        """(holds, 1 + sizes): log density of each hold for an average shot and for each size."""
        columns = []
        for size in (None, *KINDS["shot_type"]):
            values = table.values.copy()
            shift = octaves + (self._taste.size_hold.get(size, 0.0) if size else 0.0)
            values[:, [table.names.index("beats"), table.names.index("seconds")]] *= 2.0**-shift
            columns.append(self._taste.pace.hold(Table(table.names, values)))
        return np.stack(columns, axis=1)

    @cached_property
    def _stretch(self) -> Array:
        """(parts,) factor by which each part is held longer than an average shot."""
        octaves = np.array([0.0, *(self._taste.size_hold.get(size, 0.0) for size in KINDS["shot_type"])])
        return np.asarray(2.0 ** (self._sizes @ octaves))

    @cached_property
    def _spread(self) -> Array:
        """(points - 1, BEATS) density of each hold of an average shot that begins there, ending on a cut point of middling strength."""
        last = len(self._grid.points) - 1
        base = self._grid.holds([(start, start + 1) for start in range(last)]).values
        rows = np.repeat(base, len(BEATS), axis=0)
        beats = np.tile(BEATS, last)
        rows[:, HOLD_FEATURES.index("beats")] = beats
        rows[:, HOLD_FEATURES.index("seconds")] = beats * self._grid.beat_frames / self._grid.fps
        rows[:, HOLD_FEATURES.index("closing_strength")] = np.mean([point.strength for point in self._grid.points[1:]])
        return np.exp(self._taste.pace.hold(Table(HOLD_FEATURES, rows))).reshape(last, len(BEATS))
