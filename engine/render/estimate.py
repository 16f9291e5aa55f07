"""How large a render will be and how long it will take, said before it starts. The time is corrected by what earlier renders took here."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.model.time import FrameRate
from engine.render.encoders import Encoding
from engine.render.graph import SegmentPlan

__all__ = ["Estimate", "estimate", "learn_speed", "work_s"]

DECODE_S_PER_MEGAPIXEL = 0.0056
"""Core seconds: mean of 1080p30 H.264 and 2160p60 HEVC on the reference machine (docs/rendering.md, `make bench`)."""
ENCODE_S_PER_MEGAPIXEL = {"draft": 0.012, "high": 0.020, "maximum": 0.051}
"""The same for x264, by quality."""
MASTER_S_PER_MEGAPIXEL = 0.025
HARDWARE_S_PER_MEGAPIXEL = 0.002
BITS_PER_PIXEL = {"draft": 0.03, "high": 0.075, "maximum": 0.12}
"""What x264 needs for mixed footage, by quality (docs/rendering.md)."""
MASTER_BITS_PER_PIXEL = 3.5
"""ProRes 422 HQ: 220 Mb/s at 1080p30 (Apple's white paper); DNxHR HQX is as large."""
START_S = 0.1
"""To start ffmpeg and look at what it made."""
LEAST_WORK_S = 2.0
"""Renders quicker than this say nothing about a machine's speed."""
SPEED_FILE = "speed.json"


@dataclass(frozen=True)
class Estimate:
    """size_bytes : likely, and at most (the ceiling kept to the full). seconds : wall time."""

    size_bytes: int
    most_bytes: int
    seconds: float


def estimate(
    plans: Sequence[SegmentPlan], sizes: Sequence[int | None], pixels: int, rate: FrameRate, encoding: Encoding, workers: int, cache: Path
) -> Estimate:
    """sizes : bytes of each plan's segment where it is finished, else None. pixels : of a frame of the film."""
    open_plans = [plan for plan, size in zip(plans, sizes) if size is None]
    finished = sum(size for size in sizes if size is not None)
    frames = sum(plan.frames for plan in open_plans)
    duration_s = float(rate.seconds(frames))
    likely = frames * pixels * _bits(encoding) / 8
    most = encoding.ceiling_kbps * 125 * duration_s if encoding.ceiling_kbps else likely
    work = work_s(open_plans, pixels, encoding) * _speed(cache) / max(1, min(workers, len(open_plans)))
    sound_s = 0.05 * float(rate.seconds(sum(plan.frames for plan in plans)))
    return Estimate(finished + round(min(likely, most)), finished + round(most), round(work + sound_s, 1))


def _bits(encoding: Encoding) -> float:
    return BITS_PER_PIXEL[encoding.quality.name] if encoding.ceiling_kbps else MASTER_BITS_PER_PIXEL


def work_s(plans: Sequence[SegmentPlan], pixels: int, encoding: Encoding) -> float:
    """Core seconds on the reference machine."""
    per = {"x264": ENCODE_S_PER_MEGAPIXEL[encoding.quality.name], "prores": MASTER_S_PER_MEGAPIXEL, "dnxhr": MASTER_S_PER_MEGAPIXEL}
    encode = per.get(encoding.encoder, HARDWARE_S_PER_MEGAPIXEL) * pixels / 1e6
    return sum(START_S + plan.frames * (encode + DECODE_S_PER_MEGAPIXEL * plan.pixels_decoded / 1e6) for plan in plans)


def _speed(cache: Path) -> float:
    try:
        factor = float(json.loads((cache / SPEED_FILE).read_text(encoding="utf-8"))["slower_than_reference"])
    except (OSError, ValueError, KeyError, TypeError):
        return 1.0
    return min(100.0, max(0.01, factor))


def learn_speed(cache: Path, work: float, taken_s: float, workers: int) -> None:
    """Remembers how this machine compares with the reference, half of it the latest render."""
    if work < LEAST_WORK_S or taken_s <= 0:
        return
    factor = (taken_s * max(1, workers) / work + _speed(cache)) / 2
    part = cache / f".{SPEED_FILE}.part"
    try:
        part.write_text(json.dumps({"slower_than_reference": round(factor, 3)}), encoding="utf-8")
        part.replace(cache / SPEED_FILE)
    except OSError:
        return  # an estimate less good, and nothing else
