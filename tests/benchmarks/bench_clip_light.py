"""Motion and sharpness against full resolution, and blur between sizes.

`python tests/benchmarks/bench_clip_light.py [--pairs 4] [--seconds 4]`. Of the first seconds of every raw clip some pairs of neighbouring
frames. Motion: mean length of Farneback's flow at full size, against the curve `motion` (turned back into heights per second). Sharpness:
log variance of the Laplacian over the whole full-size luma plane, against the curve `detail`. Blur: `blur_effect` of a picture at 640 px
and of its copies at 480 and 320 px.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path

import numpy as np

MEDIA = Path(os.environ.get("CUTPRINT_TEST_MEDIA") or Path(__file__).parents[3] / "shared" / "media")


def chosen(count: int, pairs: int) -> list[int]:
    """First frames of pairs, evenly over a clip."""
    return sorted({min(count - 2, int(count * (k + 0.5) / pairs)) for k in range(pairs)}) if count >= 4 else []


def beginning(path: Path, folder: Path, seconds: float) -> Path:
    """The first seconds of a clip, without encoding it again."""
    from engine.media import ffmpeg

    short = folder / path.name
    ffmpeg.run(["-i", f"file:{path}", "-t", str(seconds), "-map", "0:v:0", "-c", "copy", f"file:{short}"])
    return short


def looked_at(path: Path, pairs: int):  # type: ignore[no-untyped-def]
    """(ours, Farneback's) motion in heights per second, (ours, full) sharpness, Farneback's at 320 px; some luma pictures at 640 px."""
    import cv2

    from engine.analysis.clip import AnalysisOptions, analyse_clip
    from engine.analysis.motion import INTENSITY_SCALE
    from engine.media.decode import FrameReader
    from engine.media.probe import probe

    media = probe(path)
    video = media.video
    if video is None or video.variable_rate:
        return None
    at = chosen(video.duration_frames, pairs)
    if not at:
        return None
    facts = analyse_clip(media, AnalysisOptions(faces=False))
    wanted = {frame for first in at for frame in (first, first + 1)}
    planes, small = {}, []
    for frame in FrameReader(media, full_luma_every=1, max_side_px=640):
        if frame.index in wanted and frame.luma is not None:
            planes[frame.index] = np.array(frame.luma)
            small.append(frame.picture)
    rows = []
    for first in at:
        if first not in planes or first + 1 not in planes:
            continue
        flow = cv2.calcOpticalFlowFarneback(planes[first], planes[first + 1], None, 0.5, 3, 15, 3, 5, 1.2, 0)
        reference = float(np.linalg.norm(flow, axis=2).mean()) / video.display_height * video.rate.fps
        ours = -INTENSITY_SCALE * np.log1p(-float(facts.curves["motion"].values[first + 1]))
        sharp = float(cv2.Laplacian(planes[first], cv2.CV_64F).var())
        rows.append((ours, reference, float(facts.curves["detail"].values[first]), np.log1p(sharp), small_flow(planes, first, video)))
    return np.array(rows), small[::2]


def small_flow(planes: dict[int, np.ndarray], first: int, video) -> float:  # type: ignore[no-untyped-def]
    """Farneback's motion at 320 px: what the reference itself says of a smaller picture."""
    import cv2

    factor = 320 / max(planes[first].shape)
    small = [cv2.resize(planes[at], None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA) for at in (first, first + 1)]
    flow = cv2.calcOpticalFlowFarneback(*small, None, 0.5, 3, 15, 3, 5, 1.2, 0)
    return float(np.linalg.norm(flow, axis=2).mean()) / small[0].shape[0] * video.rate.fps


def blur_between_sizes(pictures: list[np.ndarray]) -> dict[int, np.ndarray]:
    import cv2

    from engine.analysis.quality import blur_effect

    gaps = {}
    for side in (480, 320):
        scaled = [
            cv2.resize(one, None, fx=side / max(one.shape), fy=side / max(one.shape), interpolation=cv2.INTER_AREA) for one in pictures
        ]
        gaps[side] = np.array([blur_effect(a) - blur_effect(b) for a, b in zip(scaled, pictures)])
    return gaps


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--pairs", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=4.0)
    asked = parser.parse_args()
    if not (MEDIA / "raw").is_dir():
        print(f"skipped: {MEDIA / 'raw'} is absent")
        return
    tables, pictures = [], []
    with tempfile.TemporaryDirectory() as folder:
        for path in sorted((MEDIA / "raw").iterdir()):
            found = looked_at(beginning(path, Path(folder), asked.seconds), asked.pairs)
            if found is not None and len(found[0]):
                tables.append(found[0])
                pictures += [one for one in found[1] if max(one.shape) == 640][:2]
                ours, reference, detail, full = found[0].mean(axis=0)[:4]
                print(f"{path.name:45} motion {ours:.3f} / {reference:.3f} heights/s, sharpness {detail:.2f} / {full:.2f}", flush=True)
    means, every = np.array([table.mean(axis=0) for table in tables]), np.concatenate(tables)
    for name, a, b in (("motion", 0, 1), ("Farneback at 320 px", 4, 1), ("sharpness", 2, 3)):
        apart, over = (np.corrcoef(rows[:, a], rows[:, b])[0, 1] for rows in (every, means))
        print(f"{name:20} against full resolution: r {over:.3f} over {len(means)} clip means, {apart:.3f} over {len(every)} moments")
    for side, gaps in blur_between_sizes(pictures).items():
        print(f"blur at {side} px less that at 640 px: mean {gaps.mean():+.3f}, 90 % within {np.percentile(np.abs(gaps), 90):.3f}")


if __name__ == "__main__":
    main()
