"""Makes the powers in `engine.analysis.flow`: `python -m engine.analysis.training.flow MEDIA`.

MEDIA/finished holds films with lists of their cuts (`NAME.cuts.tsv`: frame, time, type, note). Of each shot some pairs of neighbouring
frames are taken, away from cuts and dissolves, at their own size and at smaller ones, because flow at full size depends on it. Farneback's
flow of each cell is what is to be met. Poisson regression, so that sums over the picture come out right; each shot weighs the same, fast
ones less.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.analysis.flow import cell_logs, enlarged, grid_of, texture_shares
from engine.media.probe import probe
from engine.media.scan import Scan

PAIRS_A_SHOT, LEAST_SHOT_FRAMES, BESIDE_FRAMES = 8, 14, 2
SIZES, LEAST_HEIGHT_PX = (1.0, 0.7, 0.5), 330
FLOOR_PX = 0.02
"""Flow under which shots weigh no more for being slower: noise of the coding."""
RIDGE = 1e-4


@dataclass(frozen=True)
class Rows:
    """Cells of one pair: (n, 4) logs of texture, slope, change and size; (n,) flow in pixels of the working picture."""

    shot: str
    logs: NDArray[np.float64]
    flow_px: NDArray[np.float64]


def changes(path: Path) -> list[tuple[int, int]]:
    """First and last frames of cuts and of dissolves."""
    found = []
    for line in path.read_text(encoding="utf-8").splitlines():
        cells = line.split("\t")
        if cells[0].isdigit():
            until = re.search(r"until frame (\d+)", line)
            found.append((int(cells[0]) - BESIDE_FRAMES, (int(until[1]) if until else int(cells[0])) + BESIDE_FRAMES))
    return sorted(found)


def pairs(marks: list[tuple[int, int]], frames: int) -> Iterator[tuple[int, int]]:
    """(shot, first frame of a pair), evenly over each shot."""
    for number, (start, end) in enumerate(zip([0, *(last for _, last in marks)], [*(first for first, _ in marks), frames])):
        if end - start >= LEAST_SHOT_FRAMES:
            yield from ((number, start + int((end - start - 1) * (k + 0.5) / PAIRS_A_SHOT)) for k in range(PAIRS_A_SHOT))


def rows_of(path: Path) -> Iterator[Rows]:
    media = probe(path)
    assert media.video is not None
    wanted = {first: shot for shot, first in pairs(changes(path.with_suffix(".cuts.tsv")), media.video.duration_frames)}
    before = None
    for frame in Scan(media, full_luma_every=1):
        if before is not None and before.full is not None and before.index in wanted:
            for size in SIZES if before.full.shape[0] >= LEAST_HEIGHT_PX else SIZES[:1]:
                yield _rows(f"{path.name} {wanted[before.index]}", before, frame, size)
        before = frame


def _rows(shot: str, before: Any, after: Any, size: float) -> Rows:
    import cv2

    full = [cv2.resize(one.full, None, fx=size, fy=size, interpolation=cv2.INTER_AREA) for one in (before, after)]
    flow: Any = cv2.calcOpticalFlowFarneback
    lengths = np.linalg.norm(flow(full[0], full[1], None, 0.5, 3, 15, 3, 5, 1.2, 0), axis=2)
    rows, columns = grid_of(after.luma)
    cells = cv2.resize(lengths, (columns, rows), interpolation=cv2.INTER_AREA) * after.luma.shape[0] / full[0].shape[0]
    texture = texture_shares(np.asarray(full[1], np.uint8), rows, columns)
    logs = cell_logs(before.luma, after.luma, texture, enlarged(np.asarray(full[1]), after.luma))
    return Rows(shot, logs.reshape(-1, 4), np.asarray(cells, np.float64).ravel())


def weights(every: list[Rows]) -> NDArray[np.float64]:
    """(n,) each shot as much as another, by the root of its flow less."""
    shots: dict[str, list[Rows]] = {}
    for rows in every:
        shots.setdefault(rows.shot, []).append(rows)
    of_shot = {
        shot: 1 / sum(len(one.flow_px) for one in rows) / np.sqrt(np.mean([one.flow_px.mean() for one in rows]) + FLOOR_PX)
        for shot, rows in shots.items()
    }
    return np.concatenate([np.full(len(rows.flow_px), of_shot[rows.shot]) for rows in every])


def fitted(logs: NDArray[np.float64], flow_px: NDArray[np.float64], weight: NDArray[np.float64]) -> NDArray[np.float64]:
    """Powers and level of a Poisson regression with log link, by Newton's method."""
    table, weight = np.c_[logs, np.ones(len(logs))], weight / weight.sum()
    numbers = np.linalg.lstsq(table, np.log(flow_px + FLOOR_PX), rcond=None)[0]
    for _ in range(50):
        expected = np.exp(np.clip(table @ numbers, -20, 20))
        slope = table.T @ (weight * (flow_px - expected)) - RIDGE * numbers
        step = np.linalg.solve((table * (weight * expected)[:, None]).T @ table + RIDGE * np.eye(len(numbers)), slope)
        numbers = numbers + step
        if np.abs(step).max() < 1e-6:
            break
    return np.asarray(numbers)


def main(media: Path) -> None:
    every = [rows for path in sorted((media / "finished").iterdir()) if path.suffix != ".tsv" for rows in rows_of(path)]
    logs, flow_px = np.concatenate([one.logs for one in every]), np.concatenate([one.flow_px for one in every])
    *powers, level = fitted(logs, flow_px, weights(every))
    print(f"{len(every)} pairs of {len({one.shot for one in every})} shots")
    print(f"POWERS, LOG_PX = np.array([{', '.join(f'{one:.3f}' for one in powers)}]), {level:.3f}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
