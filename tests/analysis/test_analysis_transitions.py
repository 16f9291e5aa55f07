"""Whip pans are told from cuts by the edges that motion blur takes, other joins are left as they are."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import factories
import numpy as np
import pytest
from reels import Cut, Join, write_joined

from engine.analysis.clip import AnalysisOptions, analyse_clip
from engine.analysis.transitions import kinds_of_cuts
from engine.media.probe import probe
from engine.model.analysis import Curve, Shot


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
    assert kinds_of_cuts(analysis) == ("start", kind, "flash")
    assert kinds_of_cuts(dataclasses.replace(analysis, curves={})) == ("start", "cut", "flash")


def test_a_reel_of_every_kind(real_media: Path, tmp_path: Path) -> None:
    names = ("intel_asl_book.mkv", "mdn_bug_closeup.mp4", "mediapipe_hand_reach.mp4", "intel_asl_walk.mkv", "simpl_gbike_ride.webm")
    cuts = [Cut(probe(real_media / "raw" / name), 5, 34) for name in names]
    joins = [Join("cut"), Join("whip_pan", 5, (0.3, 0.0)), Join("dissolve", 5), Join("flash", 3)]
    middles = write_joined(tmp_path / "reel.mp4", cuts, joins, size=(180, 320))
    analysis = analyse_clip(probe(tmp_path / "reel.mp4"), AnalysisOptions(faces=False))
    assert kinds_of_cuts(analysis) == ("start", "cut", "whip_pan", "dissolve", "flash")
    assert [shot.start_frame for shot in analysis.shots[1:]] == pytest.approx(middles, abs=5)
