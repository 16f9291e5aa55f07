"""Whether confidence means what it says: of the clips that the engine was 80 % sure of, people should keep eight in ten.

Reliability diagram and expected calibration error: Guo et al., "On Calibration of Modern Neural Networks", 2017. Brier score: Brier, 1950.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable
from dataclasses import dataclass

from engine.model.events import RegenerateRequested
from engine.telemetry.metrics import Changes
from engine.telemetry.sessions import Session, effective

__all__ = ["BINS", "Bin", "Calibration", "calibration", "judged_clips"]

BINS = 10
"""Of equal width, as in Guo et al."""


@dataclass(frozen=True)
class Bin:
    """Clips whose confidence lies in [low, high) (the last bin holds 1 too). mean_confidence and kept_share are None for no clips."""

    low: float
    high: float
    clips: int
    mean_confidence: float | None
    kept_share: float | None


@dataclass(frozen=True)
class Calibration:
    """error : mean distance between confidence and share kept, weighted by clips. brier : mean squared error of each confidence.

    baseline_brier : of saying the mean share for every clip; a confidence that tells clips apart lies below it.
    """

    clips: int
    sessions: int
    error: float | None
    brier: float | None
    baseline_brier: float | None
    bins: tuple[Bin, ...]


def judged_clips(session: Session, raw: bool = False) -> list[tuple[float, bool]]:
    """Confidence in each clip of the edit that a session began with, and whether it was kept (neither deleted, disabled nor replaced).

    raw : confidence as reckoned, before it was set right by what people kept (in edits of before that was done it is the same).

    None of a session that nobody looked at, or in which a section was made again: the events do not say which clips that took away.
    """
    events = effective(session.events)
    start = session.start
    sures = start.raw_confidences if raw and start.raw_confidences else start.confidences
    known = len(start.clip_ids) == len(sures) > 0
    if not session.looked_at or not known or any(isinstance(one, RegenerateRequested) for one in events):
        return []
    removed = Changes.of(events).removed
    return [(sure, clip not in removed) for clip, sure in zip(start.clip_ids, sures)]


def calibration(sessions: Iterable[Session]) -> Calibration:
    """Over all clips of which it is known what became of them."""
    per_session = [rows for rows in map(judged_clips, sessions) if rows]
    rows = [row for one in per_session for row in one]
    bins = tuple(_bin(number, rows) for number in range(BINS))
    if not rows:
        return Calibration(0, 0, None, None, None, bins)
    error = sum(one.clips * abs((one.mean_confidence or 0.0) - (one.kept_share or 0.0)) for one in bins) / len(rows)
    share = statistics.fmean(kept for _, kept in rows)
    brier = statistics.fmean((sure - kept) ** 2 for sure, kept in rows)
    return Calibration(len(rows), len(per_session), error, brier, share * (1 - share), bins)


def _bin(number: int, rows: list[tuple[float, bool]]) -> Bin:
    mine = [(sure, kept) for sure, kept in rows if min(BINS - 1, int(max(0.0, sure) * BINS)) == number]
    low, high = number / BINS, (number + 1) / BINS
    if not mine:
        return Bin(low, high, 0, None, None)
    return Bin(low, high, len(mine), statistics.fmean(sure for sure, _ in mine), statistics.fmean(kept for _, kept in mine))
