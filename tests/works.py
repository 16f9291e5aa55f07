"""Finished works of an invented creator with known habits, for tests: `works.work(seed, beats=2, front=.8, raw=40)`."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from engine.edit.taste import CLIP_FEATURES
from engine.model.works import BeatGrid, FinishedShot, FinishedWork, RawClip, RawUse
from engine.style.examples import placed

TEMPO_BPM = 120.0


def grid(seconds: float, seed: int = 0) -> BeatGrid:
    """A song of bars of four that gets louder and quieter."""
    times = [0.5 * k for k in range(int(seconds * 2) + 1)]
    energies = [0.5 + 0.35 * np.sin(0.3 * time + seed) for time in times]
    strengths = [0.5 if k % 4 == 0 else 0.2 for k in range(len(times))]
    return BeatGrid(TEMPO_BPM, 0.9, tuple(times), tuple(strengths), tuple(round(float(one), 4) for one in energies))


def work(
    seed: int,
    *,
    seconds: float = 24.0,
    beats: float = 2.0,
    offset_s: float = 0.0,
    front: float = 0.5,
    raw: int = 0,
    likes: Mapping[str, float] | None = None,
) -> FinishedWork:
    """A work cut about every `beats` beats; with `raw` clips on the table, chosen by `likes` (weights of standard scores) and noise."""
    random = np.random.default_rng(seed)
    song = grid(seconds, seed)
    starts, at = [], 0.0
    while at < seconds - 0.6:
        starts.append(at)
        at += 0.5 * max(1, round(beats * float(random.choice([0.75, 1, 1, 1, 1, 1.25]))))
    clips = _table(random, raw, len(starts), likes or {}) if raw else ()
    used = [clip for clip in clips if clip.used]
    shots = []
    for number, start in enumerate(starts):
        end = starts[number + 1] if number + 1 < len(starts) else seconds
        moved = start + (offset_s if number else 0.0)
        closing = end + (offset_s if number + 1 < len(starts) else 0.0)
        angle = {"front": 0.9, "side": 0.1} if random.random() < front else {"front": 0.1, "side": 0.9}
        size = {"close_up": 0.8, "wide": 0.2} if number % 2 else {"close_up": 0.2, "medium": 0.2, "wide": 0.6}
        clip = used[number % len(used)] if used else None
        facts = dict(clip.features) if clip else {"motion_intensity": float(random.random()), "visual_quality": 0.8}
        use = RawUse(clip.media_id, 2.0, 2.0 + closing - moved) if clip else None
        begins = "hard_cut" if number else "start"
        shots.append(FinishedShot(moved, closing - moved, begins, size, angle, {"static": 1.0}, facts, used=use))
    signature = tuple(f"{int(random.integers(0, 2**63)):016x}" for _ in range(int(seconds * 2)))
    return FinishedWork(
        f"work{seed}.mp4",
        f"{seed:032x}",
        "project" if raw else "video",
        seconds,
        1080,
        1920,
        30.0,
        placed(shots, song),
        song,
        clips,
        signature,
        learned_at=f"2026-01-01T00:{seed % 60:02d}:00Z",
    )


def _table(random: np.random.Generator, count: int, wanted: int, likes: Mapping[str, float]) -> tuple[RawClip, ...]:
    names = [name for name in CLIP_FEATURES if name not in ("position", "clip_length_s")]
    values = random.random((count, len(names)))
    z = (values - 0.5) / 0.29
    worth = sum((weight * z[:, names.index(name)] for name, weight in likes.items()), np.zeros(count)) + random.gumbel(size=count)
    chosen = set(np.argsort(-worth)[: min(wanted, count - 1)].tolist())
    rows = []
    for k in range(count):
        facts = {name: round(float(value), 5) for name, value in zip(names, values[k])}
        facts["lit"] = facts["exposure"]
        rows.append(RawClip(f"raw{k:03d}", f"raw{k:03d}.mp4", 8.0, facts, k in chosen))
    return tuple(rows)
