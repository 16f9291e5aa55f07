"""What a frame of the edit's shape shows of a clip's subjects: the best still window of each stretch, less what its border cuts."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from engine.edit.footage import ClipInput
from engine.edit.reframe import FACE_CONFIDENCE, frame_shares
from engine.model.analysis import Box, ClipAnalysis

__all__ = ["Sight"]

Array = NDArray[np.float64]

STEP_S = 0.2
"""Windows are judged this often: movers are found about four times a second."""
PERSON_SURE = 0.6
"""From this confidence on a subject is a face or a body, which are looked for once a second and so speak for half of one on either side."""
LOOKED_S, MOVED_S = 0.5, 0.25
"""How far a person and anything else speak for the pictures around theirs."""
STEPS_PER_WINDOW = 4
"""Windows overlap by all but a quarter of their width."""
CUT_COST = 0.5
"""What a subject half outside the frame takes off, as a share of seeing it whole (chosen: rather nobody than half of somebody)."""


class Sight:
    """How much is to be seen in a window of the edit's shape. shape : width and height of the edit; None: the whole picture is shown."""

    def __init__(self, clip: ClipInput, shape: tuple[int, int] | None) -> None:
        video = clip.media.video
        assert video is not None
        self._step = max(1, round(STEP_S * video.rate.fps))
        shares = frame_shares(video.display_width, video.display_height, *shape) if shape else (1.0, 1.0)
        axis = 0 if shares[0] <= shares[1] else 1
        shown = _shown(clip.analysis, axis, shares[axis], self._step, video.duration_frames, video.rate.fps)
        self._sums = np.concatenate([np.zeros((1, shown.shape[1])), np.cumsum(shown, axis=0)])

    def best(self, starts: NDArray[np.int64], length: int) -> Array:
        """(starts,) -0.5 to 1 for ranges of `length` source frames, in the best window: 1 a face throughout, 0 nothing to see."""
        last = len(self._sums) - 1
        first = np.minimum(starts // self._step, last - 1)
        end = np.clip(-(-(starts + length) // self._step), first + 1, last)
        means = (self._sums[end] - self._sums[first]) / (end - first)[:, None]
        return np.asarray(means.max(axis=1))


def _shown(analysis: ClipAnalysis, axis: int, share: float, step: int, frames: int, fps: float) -> Array:
    """(steps, windows) worth of each window at each step."""
    count = 1 if share > 0.999 else 1 + math.ceil((1.0 - share) / share * STEPS_PER_WINDOW)
    starts = np.linspace(0.0, 1.0 - share, count)
    steps = max(1, -(-frames // step))
    seen, cut, spoken = np.zeros((steps, count)), np.zeros((steps, count)), np.zeros(steps, bool)
    rest = []
    for frame, box, sure in _everything(analysis):
        inside = _inside(box, axis, share, starts)
        worth, half = sure / FACE_CONFIDENCE * inside, sure / FACE_CONFIDENCE * 4 * inside * (1 - inside)
        reach = (LOOKED_S if sure >= PERSON_SURE else MOVED_S) * fps
        low, high = max(0, round((frame - reach) / step)), min(steps, max(1, round((frame + reach) / step)))
        seen[low:high] = np.maximum(seen[low:high], np.minimum(worth, 1.0))
        cut[low:high] = np.maximum(cut[low:high], np.minimum(half, 1.0))
        spoken[low:high] = True
        rest.append((frame / step, worth))
    for at in np.flatnonzero(~spoken):
        nearest = min(rest, key=lambda row: abs(row[0] - at - 0.5), default=None)
        if nearest is not None and abs(nearest[0] - at - 0.5) * step <= LOOKED_S * fps:
            seen[at] = np.minimum(nearest[1], 1.0)
    return seen - CUT_COST * cut


def _everything(analysis: ClipAnalysis) -> list[tuple[int, Box, float]]:
    """(frame, box, confidence) of the subject of each looked-at frame, and of all other faces there."""
    faces = [(face.frame, face.box, FACE_CONFIDENCE) for face in analysis.faces]
    return [*((one.frame, one.box, one.confidence) for one in analysis.subjects if one.confidence < FACE_CONFIDENCE), *faces]


def _inside(box: Box, axis: int, share: float, starts: Array) -> Array:
    """(windows,) how much of a box lies in each window, as a share of the box, or of the window where the box is larger."""
    low, size = (box.x, box.width) if axis == 0 else (box.y, box.height)
    overlap = np.minimum(low + size, starts + share) - np.maximum(low, starts)
    return np.clip(overlap / max(1e-6, min(size, share)), 0.0, 1.0)
