"""Which places of a shot are worth another look."""

from __future__ import annotations

from engine.analysis.fitting import Window
from engine.analysis.placing import Placed
from engine.style.matching import hopeful


def at(alike: float) -> Placed:
    return Placed(1.0, 1.0, alike, 0.5, Window(0.3, 0.0, 0.3, 1.0))


def test_places_nearly_as_alike_as_the_best_are_hopeful() -> None:
    assert hopeful({"mine": [at(0.95), at(0.7)], "rival": [at(0.93)], "other": [at(0.6)]}) == {"mine": [at(0.95)], "rival": [at(0.93)]}


def test_where_nothing_is_alike_nothing_is_hopeful() -> None:
    assert hopeful({"mine": [at(0.3)], "rival": [at(0.29)]}) == {}
    assert hopeful({}) == {}
