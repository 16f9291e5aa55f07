"""The main job on real footage and a real song, at 30 and 29.97, upright and wide."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.media.decode import FrameReader
from engine.media.probe import probe
from engine.model import documents
from engine.model.time import FrameRate
from engine.model.timeline import Timeline

SONG = "cluecards_game-60s.mp3"
CASES = {"9:16": ("30", (1080, 1920)), "16:9": ("29.97", (1920, 1080))}
WINDOW = 6
"""Frames on either side of a cut among which it has to be the largest change."""


def cutprint(*arguments: object, workspace: Path) -> dict[str, Any]:
    command = [sys.executable, "-m", "bridge_server", *map(str, arguments), "--json"]
    environment = {**os.environ, "CUTPRINT_WORKSPACE": str(workspace)}
    result = subprocess.run(command, capture_output=True, text=True, timeout=900, env=environment, check=False)
    assert result.returncode == 0, result.stderr
    return dict(json.loads(result.stdout))


@pytest.fixture(scope="module")
def edits(real_media: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, dict[str, Any]]]:
    """One edit per case, in one workspace: the clips are measured once."""
    folder = tmp_path_factory.mktemp("real")
    found = {}
    for aspect, (fps, _) in CASES.items():
        out = folder / aspect.replace(":", "x")
        song = real_media / "songs" / SONG
        words = ["edit", real_media / "raw", "--song", song, "--duration", 30, "--aspect", aspect, "--fps", fps, "--render", "-o", out]
        found[aspect] = (out, cutprint(*words, workspace=folder / "workspace"))
    return found


def timeline_of(folder: Path) -> Timeline:
    document = documents.loads((folder / "timeline.json").read_text(encoding="utf-8"))
    documents.validate(document)
    timeline = documents.decode(document)
    assert isinstance(timeline, Timeline)
    return timeline


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("aspect", CASES)
def test_real_edit_is_exact(edits: dict[str, tuple[Path, dict[str, Any]]], aspect: str) -> None:
    out, said = edits[aspect]
    fps, size = CASES[aspect]
    timeline = timeline_of(out)
    rate = FrameRate.parse(fps)
    assert (timeline.rate, timeline.duration_frames) == (rate, rate.frames(30)) == (rate, said["frames"])
    video = probe(out / "edit.mp4").video
    assert video is not None
    assert (video.rate, video.duration_frames, video.variable_rate) == (rate, timeline.duration_frames, False)
    assert (video.display_width, video.display_height) == size
    assert len({clip.media_id for clip in timeline.clips}) == len(timeline.clips)
    assert timeline.song is not None and timeline.song.confidence > 0
    beats = {rate.frames(beat) for beat in timeline.song.beats}
    assert len(timeline.cut_frames) >= 10 and set(timeline.cut_frames) <= beats
    assert {outcome.file for outcome in timeline.outcomes} >= {timeline.media_of(clip).name for clip in timeline.clips}
    assert len(timeline.outcomes) == said["clips"]["found"]


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("aspect", CASES)
def test_cuts_are_in_the_picture_where_the_timeline_says(edits: dict[str, tuple[Path, dict[str, Any]]], aspect: str) -> None:
    out, _ = edits[aspect]
    timeline = timeline_of(out)
    frames = [frame.picture.astype(np.int16) for frame in FrameReader(probe(out / "edit.mp4"), max_side_px=160, pixel="rgb")]
    assert len(frames) == timeline.duration_frames
    changes = np.array([0.0, *(np.abs(b - a).mean() for a, b in zip(frames, frames[1:]))])
    for cut in timeline.cut_frames:
        first = max(0, cut - WINDOW)
        assert abs(first + int(changes[first : cut + WINDOW + 1].argmax()) - cut) <= 1


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_second_edit_read_no_pixels_of_the_clips(edits: dict[str, tuple[Path, dict[str, Any]]]) -> None:
    first, second = (said for _, said in edits.values())
    assert first["clips"]["measured"] >= 40
    assert second["clips"]["measured"] == 0
