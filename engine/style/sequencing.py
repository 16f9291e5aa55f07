"""What follows what: transitions of angles, sizes and camera motion, repeats, returns and streaks."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from engine.model.names import MOTIONS, UNKNOWN
from engine.model.style import Figures, SequencingPatterns, StyleProfile
from engine.model.works import FinishedWork
from engine.style.book import SIZES, VIEWS, Book, priors_of
from engine.style.shrinkage import Estimate, best_strength, quantile_error, quantiles, share_towards, shares_towards, source_of

__all__ = ["sequencing"]

ENOUGH_STREAKS = 10
"""Streaks of one angle from which the longest usual one is the creator's own (chosen)."""


def sequencing(works: Sequence[FinishedWork], base: StyleProfile, book: Book) -> SequencingPatterns:
    """Shares of what follows what, each shrunk towards those of `base` and written into the book with its count and error."""
    prior = base.sequencing_patterns
    place = "sequencing_patterns"
    angles = _matrix(works, "angle", VIEWS, prior.angle_transitions, book, f"{place}.angle_transitions")
    sizes = _matrix(works, "shot_type", SIZES, prior.shot_type_transitions, book, f"{place}.shot_type_transitions")
    motions = _matrix(works, "motion", MOTIONS, prior.motion_transitions, book, f"{place}.motion_transitions")
    same, pairs = _repeats(works, "angle")
    return SequencingPatterns(
        angle_transitions=angles,
        same_angle_repeat_rate=book.keep(f"{place}.same_angle_repeat_rate", share_towards(same, pairs, prior.same_angle_repeat_rate)),
        max_same_angle_streak=_streak(works, prior.max_same_angle_streak, book),
        shot_type_transitions=sizes,
        motion_transitions=motions,
        angle_return_rate=book.keep(f"{place}.angle_return_rate", _returns(works, "angle", prior.angle_return_rate)),
        shot_type_return_rate=book.keep(f"{place}.shot_type_return_rate", _returns(works, "shot_type", prior.shot_type_return_rate)),
    )


def _pairs(works: Sequence[FinishedWork], kind: str) -> Iterator[tuple[Mapping[str, float], Mapping[str, float]]]:
    for work in works:
        rows = [getattr(shot, kind) for shot in work.shots]
        yield from zip(rows, rows[1:])


def _matrix(
    works: Sequence[FinishedWork], kind: str, names: Sequence[str], prior: Mapping[str, float], book: Book, place: str
) -> dict[str, float]:
    """Expected transition counts over what each shot may be, each row shrunk towards the population's."""
    rows: dict[str, dict[str, float]] = {a: dict.fromkeys(names, 0.0) for a in names}
    for before, after in _pairs(works, kind):
        for a in names:
            for b in names:
                rows[a][b] += before.get(a, 0.0) * after.get(b, 0.0)
    priors = {a: priors_of({b: prior.get(f"{a}_to_{b}", 1.0 / len(names)) for b in names}, names) for a in names}
    strength = best_strength(list(rows.values()), list(priors.values()))
    estimates = {f"{a}_to_{b}": one for a in names for b, one in shares_towards(rows[a], priors[a], strength).items()}
    shares = book.keep_all(place, estimates)
    total = round(math.fsum(math.fsum(row.values()) for row in rows.values()))
    # A row counts as often as it is seen.
    own = math.fsum(n * n / (n + strength) for row in rows.values() if (n := math.fsum(row.values())) > 0)
    book.figures[place] = replace(book.figures[place], n=total, source=source_of(own / total if total else 0.0))
    return shares


def _repeats(works: Sequence[FinishedWork], kind: str) -> tuple[float, float]:
    same = both = 0.0
    for a, b in _pairs(works, kind):
        both += (1 - a.get(UNKNOWN, 0.0)) * (1 - b.get(UNKNOWN, 0.0)) if a and b else 0.0
        same += math.fsum(a[name] * b.get(name, 0.0) for name in a if name != UNKNOWN)
    return same, both


def _returns(works: Sequence[FinishedWork], kind: str, prior: float) -> Estimate:
    """Share of A-B-x in which x is A again, B being something else."""
    back = away = 0.0
    for work in works:
        rows: list[Mapping[str, float]] = [getattr(shot, kind) for shot in work.shots]
        for a, b, c in zip(rows, rows[1:], rows[2:]):
            for name, chance in a.items():
                if name == UNKNOWN:
                    continue
                left = chance * math.fsum(value for other, value in b.items() if other not in (name, UNKNOWN))
                away += left * (1 - c.get(UNKNOWN, 0.0))
                back += left * c.get(name, 0.0)
    return share_towards(back, away, prior)


def _streak(works: Sequence[FinishedWork], prior: int, book: Book) -> int:
    """The streak of one angle that 19 of 20 streaks do not pass; the population's below `ENOUGH_STREAKS`."""
    streaks: list[int] = []
    for work in works:
        before = ""
        for shot in work.shots:
            angle = max(shot.angle, key=lambda name: shot.angle[name]) if shot.angle else UNKNOWN
            if angle == before and angle != UNKNOWN:
                streaks[-1] += 1
            elif angle != UNKNOWN:
                streaks.append(1)
            before = angle
    enough = len(streaks) >= ENOUGH_STREAKS
    error = quantile_error(streaks, 0.95) if enough else None
    book.figures["sequencing_patterns.max_same_angle_streak"] = Figures(len(streaks), error, "creator" if enough else "prior", float(prior))
    return max(1, round(quantiles(streaks, [0.95])[0])) if enough else prior
