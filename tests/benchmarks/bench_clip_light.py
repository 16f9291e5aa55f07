"""Motion and sharpness against full resolution, and blur between sizes.

`python tests/benchmarks/bench_clip_light.py [--pairs 4] [--seconds 4]`. Of the first seconds of every raw clip some pairs of neighbouring
frames (`--seconds 9999 --pairs 20`: of whole clips). Motion: mean length of Farneback's flow at full size, against the curve `flow`, which
is made to tell it, and the curve `motion` (turned back into heights per second), which is to be the same at every size, as that flow is
not. Sharpness: log variance of the Laplacian over the whole full-size luma plane, against the curve `detail`. Blur: `blur_effect` of a
picture at 640 px and of its copies at 480 and 320 px.
"""

from __future__ import annotations

import argparse
import math
import os
import tempfile
from pathlib import Path

import numpy as np

MEDIA = Path(os.environ.get("CUTPRINT_TEST_MEDIA") or Path(__file__).parents[3] / "shared" / "media")


def chosen(count: int, pairs: int, fps: float) -> list[int]:
    """First frames of pairs, evenly over a clip, whose second is one at which sharpness and flow are measured, not between two."""
    from engine.analysis.clip import SHARPNESS_PER_S
    from engine.analysis.look import FLOW_EVERY_S

    sharp = max(1, round(fps / SHARPNESS_PER_S))
    step = sharp * max(1, math.ceil(FLOW_EVERY_S * fps / sharp - 1e-3))
    looks = np.arange(sharp, count, step)
    return sorted({int(looks[int(len(looks) * (k + 0.5) / pairs)]) - 1 for k in range(pairs)}) if count >= 4 else []


def beginning(path: Path, folder: Path, seconds: float) -> Path:
    """The first seconds of a clip, without encoding it again."""
    from engine.media import ffmpeg

    short = folder / path.name
    ffmpeg.run(["-i", f"file:{path}", "-t", str(seconds), "-map", "0:v:0", "-c", "copy", f"file:{short}"])
    return short


def looked_at(path: Path, pairs: int):  # type: ignore[no-untyped-def]
    """(ours, Farneback's) motion in heights per second, (ours, full) sharpness, Farneback's at 320 px, our flow; some luma at 640 px."""
    import cv2

    from engine.analysis.clip import AnalysisOptions, analyse_clip
    from engine.analysis.motion import INTENSITY_SCALE
    from engine.media.decode import FrameReader
    from engine.media.probe import probe

    media = probe(path)
    video = media.video
    if video is None or video.variable_rate:
        return None
    at = chosen(video.duration_frames, pairs, video.rate.fps)
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
        sharp = float(cv2.Laplacian(planes[first + 1], cv2.CV_64F).var())
        flow_curve = float(facts.curves["flow"].values[first + 1])
        detail = float(facts.curves["detail"].values[first + 1])
        rows.append((ours, reference, detail, np.log1p(sharp), small_flow(planes, first, video), flow_curve))
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
                ours, reference, detail, full, _, seen = found[0].mean(axis=0)
                motion = f"motion {ours:.3f}, flow {seen:.3f} / {reference:.3f} heights/s"
                print(f"{path.name:45} {motion}, sharpness {detail:.2f} / {full:.2f}", flush=True)
    means, every = np.array([table.mean(axis=0) for table in tables]), np.concatenate(tables)
    pairs = (
        ("flow against full-size Farneback", 5, 1),
        ("motion against full-size Farneback", 0, 1),
        ("motion against Farneback at 320 px", 0, 4),
        ("Farneback at 320 px against full-size", 4, 1),
        ("sharpness against the full luma plane", 2, 3),
    )
    for name, a, b in pairs:
        apart, over = (np.corrcoef(rows[:, a], rows[:, b])[0, 1] for rows in (every, means))
        print(f"{name:38} r {over:.3f} over {len(means)} clip means, {apart:.3f} over {len(every)} moments")
    for side, gaps in blur_between_sizes(pictures).items():
        print(f"blur at {side} px less that at 640 px: mean {gaps.mean():+.3f}, 90 % within {np.percentile(np.abs(gaps), 90):.3f}")


if __name__ == "__main__":
    main()
