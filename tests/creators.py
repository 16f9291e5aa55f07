"""Simulated creators with hidden taste, to tell methods of learning apart.

A creator's utility sums over shots what he likes in a clip, how long he holds it in such music, where he cuts, and over neighbours what he
lets follow what. His finals are found by simulated annealing from *latent* attributes; what is learned from sees noisy ones (size right in
81 %, angle in 88 %, camera motion in 62 % of clips, figures with correlation .6 to .9). Eight families:

F1 linear; F2 thresholds and interactions; F3 led by the music; F4 hooks, places and call-backs; F5 own posts and client jobs in one
archive; F6 taste that drifts; F7 inconsistent; F8 lazy: keeps what a machine proposed unless the gain is worth the effort.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from engine.edit.taste import KINDS
from engine.model.works import BeatGrid, FinishedShot, FinishedWork, RawClip, RawUse
from engine.style.examples import placed
from engine.style.models.selection import COLUMNS, OWN, Population, fit_selection, project_of

Array = NDArray[np.float64]

FAMILIES = ("F1", "F2", "F3", "F4", "F5", "F6", "F7", "F8")
SIZES, ANGLES, MOTIONS = KINDS["shot_type"], KINDS["angle"], KINDS["motion"]
NUMBERS = (
    *("visual_quality", "sharpness", "blur", "shake_per_height", "motion_intensity", "motion_early", "color_variance"),
    *("face", "face_height", "saturation", "warmth", "clipped", "exposure"),
)
RELATED = (("sharpness", "visual_quality", 0.6), ("blur", "sharpness", -0.6), ("shake_per_height", "visual_quality", -0.4))
RIGHT = {"shot_type": 0.81, "angle": 0.88, "motion": 0.62}
CLIPS, SECONDS = 80, 30.0
PROPOSALS = 1500


@dataclass(frozen=True, eq=False)
class Shoot:
    """Raw clips: latent standard scores (clips, NUMBERS), classes, places; what is seen of them, and what an observer who knew how
    reliable each attribute is would expect of the latent ones (`phi`'s columns)."""

    z: Array
    size: NDArray[np.int64]
    angle: NDArray[np.int64]
    motion: NDArray[np.int64]
    place: NDArray[np.int64]
    expected: Array
    seen: tuple[dict[str, float], ...]

    @property
    def phi(self) -> Array:
        return np.column_stack([self.z, np.eye(len(SIZES))[self.size] - 0.25, np.eye(len(ANGLES))[self.angle] - 0.25])


def shoot(random: np.random.Generator, clips: int = CLIPS) -> Shoot:
    z = random.standard_normal((clips, len(NUMBERS))) + 0.6 * random.standard_normal(len(NUMBERS))
    for name, other, share in (
        ("sharpness", "visual_quality", 0.6),
        ("blur", "sharpness", -0.6),
        ("shake_per_height", "visual_quality", -0.4),
    ):
        a, b = NUMBERS.index(name), NUMBERS.index(other)
        z[:, a] = share * z[:, b] + (1 - share**2) ** 0.5 * z[:, a]
    copies = random.choice(clips, clips // 8, replace=False)  # second takes of other clips
    z[copies] = z[random.choice(clips, len(copies))] + 0.15 * random.standard_normal((len(copies), len(NUMBERS)))
    size = random.choice(len(SIZES), clips, p=random.dirichlet([4, 5, 5, 1]))
    angle = random.choice(len(ANGLES), clips, p=random.dirichlet([6, 4, 1, 2]))
    motion = random.choice(len(MOTIONS), clips, p=random.dirichlet([4, 3, 2, 4, 1, 1]))
    place = random.integers(0, 6, clips)
    trust = random.uniform(0.6, 0.9, len(NUMBERS))
    noisy = trust * z + np.sqrt(1 - trust**2) * random.standard_normal(z.shape)
    rows, expected = [], []
    for k in range(clips):
        guesses = []
        facts = {name: round(float(np.clip(0.5 + 0.15 * value, 0, 1)), 5) for name, value in zip(NUMBERS, noisy[k])}
        for kind, names, true in (("shot_type", SIZES, size[k]), ("angle", ANGLES, angle[k]), ("motion", MOTIONS, motion[k])):
            told = int(true) if random.random() < RIGHT[kind] else int(random.integers(len(names)))
            right = RIGHT[kind] + (1 - RIGHT[kind]) / len(names)
            guesses.append([right - 0.25 if number == told else (1 - right) / (len(names) - 1) - 0.25 for number in range(len(names))])
            rest = 0.25 / (len(names) - 1)
            facts |= {f"{kind}_{name}": 0.75 if number == told else rest for number, name in enumerate(names)}
        rows.append(facts)
        expected.append([*(trust * noisy[k]), *guesses[0], *guesses[1]])
    return Shoot(z, size, angle, motion, place, np.array(expected), tuple(rows))


def song(random: np.random.Generator, seconds: float = SECONDS) -> BeatGrid:
    """Bars of four with sections of other loudness and one drop."""
    bpm = float(np.clip(random.normal(120, 18), 80, 160))
    period = 60 / bpm
    times = [k * period for k in range(int(seconds / period) + 1)]
    section = max(8, int(random.choice([8, 16])))
    levels = random.uniform(0.15, 0.95, len(times) // section + 1)
    drop = section * int(random.integers(1, max(2, len(levels))))
    strengths = [1.0 if k == drop else 0.8 if k % section == 0 else 0.5 if k % 4 == 0 else 0.2 for k in range(len(times))]
    energies = [float(np.clip(levels[k // section] + random.normal(0, 0.04), 0, 1)) for k in range(len(times))]
    return BeatGrid(bpm, 0.9, tuple(round(one, 5) for one in times), tuple(strengths), tuple(round(one, 4) for one in energies))


def _population_weights() -> Array:
    random = np.random.default_rng(12345)
    weights = 0.35 * random.standard_normal(len(NUMBERS) + len(SIZES) + len(ANGLES))
    for name, value in (("visual_quality", 0.6), ("sharpness", 0.3), ("shake_per_height", -0.4), ("motion_intensity", 0.4), ("face", 0.4)):
        weights[NUMBERS.index(name)] = value
    return weights


W_POP = _population_weights()


@dataclass(frozen=True, eq=False)
class Creator:
    """A hidden taste."""

    name: str
    family: str
    w: Array
    later: Array
    sizes: Array
    angles: Array
    octave: float
    spread: float
    slope: float
    bars: float
    offset_frames: float
    jitter_frames: float
    adherence: float
    with_music: float

    def weights(self, age: float, client: bool) -> Array:
        if self.family == "F6":
            return np.asarray((1 - age) * self.w + age * self.later)
        return self.later if self.family == "F5" and client else self.w


def creator(seed: int, family: str) -> Creator:
    random = np.random.default_rng([seed, FAMILIES.index(family)])
    base = np.full(len(SIZES), 0.7)
    sizes = np.array([random.dirichlet(random.uniform(5, 50) * (base + np.eye(len(SIZES))[k] * 0.2) / 3) for k in range(len(SIZES))])
    angles = np.array([random.dirichlet(random.uniform(5, 50) * (base + np.eye(len(ANGLES))[k] * 0.2) / 3) for k in range(len(ANGLES))])
    return Creator(
        f"{family}-{seed}",
        family,
        0.6 * W_POP + 0.45 * random.standard_normal(len(W_POP)),
        0.6 * W_POP + 0.45 * random.standard_normal(len(W_POP)),
        sizes,
        angles,
        octave=float(random.normal(1.2, 0.55)),
        spread=float(random.uniform(0.35, 0.6)),
        slope=float(random.normal(0.9, 0.5)),
        bars=float(random.normal(1.0, 0.6)),
        offset_frames=float(random.uniform(-2.5, 1.0)),
        jitter_frames=float(random.uniform(0.4, 1.5)),
        adherence=float(random.uniform(0.6, 0.98)),
        with_music=float(random.normal(1.2, 0.4)) if family == "F3" else float(random.normal(0.2, 0.1)),
    )


def liked(one: Creator, clips: Shoot, age: float = 1.0, client: bool = False) -> Array:
    """(clips,) latent worth of each clip anywhere: what an oracle would rank by."""
    worth = clips.phi @ one.weights(age, client)
    if one.family == "F2":
        motion, warmth, colour = (clips.z[:, NUMBERS.index(name)] for name in ("motion_intensity", "warmth", "saturation"))
        worth = worth + 0.9 * ((motion > 0.3) & (warmth > 0)) - 0.5 * np.abs(colour) + 0.8 * (clips.size == 0) * (motion < 0)
    return np.asarray(worth)


def foreseen(one: Creator, clips: Shoot, age: float = 1.0, client: bool = False) -> Array:
    """(clips,) the same as far as the attributes that can be seen tell: nobody who sees only these can do much better."""
    return np.asarray(clips.expected @ one.weights(age, client))


def _segments(one: Creator, grid: BeatGrid, random: np.random.Generator) -> list[tuple[int, int]]:
    """(first beat, beats) of each shot: lengths drawn one after another from what he likes there."""
    rows, at, last = [], 0, len(grid.times_s) - 1
    while at < last:
        lengths = np.arange(1, min(12, last - at) + 1)
        wanted = one.octave - one.slope * (grid.energies[at] - 0.5)
        worth = -0.5 * ((np.log2(lengths) - wanted) / one.spread) ** 2
        worth = worth + one.bars * np.array([grid.strengths[min(last, at + k)] for k in lengths])
        chance = np.exp((worth - worth.max()) / 0.5)
        length = int(random.choice(lengths, p=chance / chance.sum()))
        rows.append((at, length))
        at += length
    return rows


def _chosen(
    one: Creator, clips: Shoot, grid: BeatGrid, slots: list[tuple[int, int]], random: np.random.Generator, age: float, client: bool
) -> list[int]:
    """Which clip stands in each slot: simulated annealing with a limited number of proposals."""
    worth = liked(one, clips, age, client)
    if one.family == "F7":
        worth = worth + 0.8 * random.gumbel(size=len(worth))
    energy = np.array([grid.energies[at] for at, _ in slots]) - 0.5
    unary = worth[None, :] + one.with_music * 2 * energy[:, None] * clips.z[None, :, NUMBERS.index("motion_intensity")]
    if one.family in ("F3", "F4"):
        unary[0] += 1.5 * clips.z[:, NUMBERS.index("face")] if one.family == "F4" else 0.0
    pair = np.log(one.sizes[clips.size][:, clips.size] + 0.02) + np.log(one.angles[clips.angle][:, clips.angle] + 0.02)
    pair = 0.5 * pair - (1.2 if one.family == "F4" else 0.3) * (clips.place[:, None] == clips.place[None, :])
    effort, start = 0.0, worth
    if one.family == "F8":
        effort, start = 0.8, clips.phi @ W_POP
    state = np.argsort(-start - 0.3 * random.gumbel(size=len(worth)))[: len(slots)].tolist()
    unused = [k for k in range(len(worth)) if k not in set(state)]

    def local(k: int, clip: int) -> float:
        value = float(unary[k, clip])
        value += float(pair[state[k - 1], clip]) if k else 0.0
        return value + (float(pair[clip, state[k + 1]]) if k + 1 < len(state) else 0.0)

    for step in range(PROPOSALS):
        heat = 0.6 * (1 - step / PROPOSALS) + 0.02
        k = int(random.integers(len(state)))
        other = int(random.integers(len(unused)))
        gain = local(k, unused[other]) - local(k, state[k]) - effort
        if gain > 0 or (not effort and random.random() < np.exp(gain / heat)):
            state[k], unused[other] = unused[other], state[k]
    return state


def session(
    one: Creator, seed: int, *, age: float = 1.0, client: bool = False, clips: int = CLIPS, seconds: float = SECONDS
) -> tuple[FinishedWork, Shoot]:
    """One project: shoot, song and final cut, as learning sees it; and the latent shoot."""
    random = np.random.default_rng([seed, abs(hash_of(one.name))])
    table, grid = shoot(random, clips), song(random, seconds)
    slots = _segments(one, grid, random)[: clips - 5]
    state = _chosen(one, table, grid, slots, random, age, client)
    times = [grid.times_s[at] for at, _ in slots]
    cuts = [0.0, *(_placed(one, time, random) for time in times[1:]), grid.times_s[slots[-1][0] + slots[-1][1]]]
    shots = []
    for number, clip in enumerate(state):
        start, end = cuts[number], max(cuts[number] + 0.1, cuts[number + 1])
        facts = table.seen[clip]
        kinds = [
            {name: facts[f"{kind}_{name}"] for name in names}
            for kind, names in (("shot_type", SIZES), ("angle", ANGLES), ("motion", MOTIONS))
        ]
        use = RawUse(f"{seed}-{clip:03d}", 1.0, 1.0 + end - start)
        shots.append(FinishedShot(start, end - start, "hard_cut" if number else "start", *kinds, facts, used=use))
    raw = tuple(RawClip(f"{seed}-{k:03d}", f"{k:03d}.mp4", 6.0, table.seen[k], k in set(state)) for k in range(clips))
    name = f"{one.name}-{seed}"
    stamp = f"2026-01-01T00:00:{seed % 60:02d}Z"
    work = FinishedWork(name, name, "project", cuts[-1], 1080, 1920, 30.0, placed(shots, grid), grid, raw, learned_at=stamp)
    return work, table


def hash_of(text: str) -> int:
    """The same in every process."""
    return int.from_bytes(text.encode(), "big") % (2**31)


def _placed(one: Creator, time: float, random: np.random.Generator) -> float:
    if random.random() > one.adherence:
        return float(time + random.uniform(-0.2, 0.2))
    return float(time + random.normal(one.offset_frames, one.jitter_frames) / 30)


def as_video(work: FinishedWork) -> FinishedWork:
    """The same work when only the finished video is known."""
    return replace(work, kind="video", raw=(), shots=tuple(replace(shot, used=None) for shot in work.shots))


def population(creators: int = 30, sessions: int = 3, seed: int = 900) -> Population:
    """What people of this world film and choose: other creators, some sessions each."""
    people = [creator(seed + k, FAMILIES[k % 4]) for k in range(creators)]
    works = [session(one, 10 * seed + k)[0] for one in people for k in range(sessions)]
    rows = np.array([[clip.features.get(name, np.nan) for name in OWN] for work in works for clip in work.raw])
    filled = np.nan_to_num(rows)
    empty = Population(filled.mean(axis=0), np.maximum(filled.std(axis=0), 1e-3), np.zeros(len(COLUMNS)))
    projects = [project for work in works if (project := project_of(work)) is not None]
    return Population(empty.mean, empty.std, fit_selection(projects, empty, precision=3.0, residual=False).weights)
