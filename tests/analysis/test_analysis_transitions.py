"""Whip pans are told from cuts by the edges that motion blur takes, other joins are left as they are."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import factories
import numpy as np
import pytest
from reels import Cut, Join, write_joined

from engine.analysis.clip import AnalysisOptions, analyse_clip
from engine.analysis.transitions import joined
from engine.media.probe import probe
from engine.model.analysis import ClipAnalysis, Curve, Shot


def kinds(analysis: ClipAnalysis) -> tuple[str, ...]:
    return tuple(shot.begins_with for shot in joined(analysis))


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [(-0.4, -0.3, "whip_pan"), (0.4, 0.3, "whip_pan"), (-0.4, 0.4, "cut"), (-0.5, 0.0, "cut"), (-0.1, -0.1, "cut")],
)
def test_both_sides_must_lose_the_same_edges(before: float, after: float, kind: str) -> None:
    balance = np.full(300, 0.1)
    balance[96:100] += before
    balance[100:104] += after
    analysis = factories.clip_analysis(shots=(Shot(0, 100), Shot(100, 200, "cut"), Shot(200, 300, "flash")))
    analysis = dataclasses.replace(analysis, curves={"edge_balance": Curve(balance)})
    assert kinds(analysis) == ("start", kind, "flash")
    assert kinds(dataclasses.replace(analysis, curves={})) == ("start", "cut", "flash")


@pytest.mark.parametrize("found", [(193,), (207,), (193, 207), (200,)])
def test_either_end_of_the_blur_may_pass_for_the_cut(found: tuple[int, ...]) -> None:
    """The cut is put at the heart, where the picture jumps most; what lies between both ends is no shot."""
    balance, change = np.full(400, 0.1), np.full(400, 0.01)
    balance[193:207] -= 0.5
    change[193:207] = 0.1
    change[[193, 200, 207]] = 0.2
    starts = (0, *found, 400)
    shots = tuple(Shot(a, b, "cut" if a else "start") for a, b in zip(starts, starts[1:]))
    analysis = dataclasses.replace(factories.clip_analysis(shots=shots), curves={"edge_balance": Curve(balance), "change": Curve(change)})
    assert joined(analysis) == (Shot(0, 200), Shot(200, 400, "whip_pan"))


def test_a_cut_beside_a_fast_shot_stays_a_cut() -> None:
    """Without blur along one way on both sides, and without haste between the boundary and the blur, nothing is a whip pan."""
    balance, change = np.full(400, 0.1), np.full(400, 0.1)
    shots = (Shot(0, 200), Shot(200, 400, "cut"))
    fast = dataclasses.replace(factories.clip_analysis(shots=shots), curves={"edge_balance": Curve(balance), "change": Curve(change)})
    assert joined(fast) == shots
    change[202:] = 0.01
    balance[203:209] -= 0.5
    at_rest = dataclasses.replace(fast, curves={"edge_balance": Curve(balance), "change": Curve(change)})
    assert joined(at_rest) == shots


def test_a_reel_of_every_kind(real_media: Path, tmp_path: Path) -> None:
    names = ("intel_asl_book.mkv", "mdn_bug_closeup.mp4", "mediapipe_hand_reach.mp4", "intel_asl_walk.mkv", "simpl_gbike_ride.webm")
    cuts = [Cut(probe(real_media / "raw" / name), 5, 34) for name in names]
    joins = [Join("cut"), Join("whip_pan", 5, (0.3, 0.0)), Join("dissolve", 5), Join("flash", 3)]
    middles = write_joined(tmp_path / "reel.mp4", cuts, joins, size=(180, 320))
    analysis = analyse_clip(probe(tmp_path / "reel.mp4"), AnalysisOptions(faces=False))
    assert kinds(analysis) == ("start", "cut", "whip_pan", "dissolve", "flash")
    assert [shot.start_frame for shot in joined(analysis)[1:]] == pytest.approx(middles, abs=3)
