"""Whose style is an edit in? `python tests/benchmarks/bench_style_attribution.py [EDITS [SEED]]`.

Eight simulated creators (tests/creators.py, one of each family). Each is learned from ten of his projects; ten edits of new footage and new
songs are made in each style by `make_edit`; the pooled edits are compared with ten further finals of every creator, which nothing was
learned from. Distance: over the dimensions of style, how far the means lie apart in standard deviations between creators, summed. Printed:
whose finals each creator's edits are nearest to, with the margin, and the same for edits in the neutral style as a check. Style fidelity
beside it: 1 where the edits are as near to his finals as one half of those is to the other, 0 as far as the neutral style's own edits.
"""

from __future__ import annotations

import dataclasses
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests"))

import creators as sim  # noqa: E402
import factories  # noqa: E402
import numpy as np  # noqa: E402

from engine.edit.footage import ClipInput  # noqa: E402
from engine.edit.make import make_edit  # noqa: E402
from engine.edit.taste import Taste  # noqa: E402
from engine.model.analysis import Curve, SectionSpan, SongAnalysis  # noqa: E402
from engine.model.style import QualityThresholds  # noqa: E402
from engine.model.works import BeatGrid, FinishedWork  # noqa: E402
from engine.style.dimensions import DIMENSIONS, measured  # noqa: E402
from engine.style.examples import from_timeline  # noqa: E402
from engine.style.fidelity import DISTANCES, fidelity, floors, look_of  # noqa: E402
from engine.style.fidelity import distances as far  # noqa: E402
from engine.style.prior import neutral_profile  # noqa: E402
from engine.style.profile import build_profile  # noqa: E402
from engine.style.taste import learned_taste  # noqa: E402
from engine.style.training import train  # noqa: E402

LEARNED, CLIPS, SECONDS = 10, 50, 24.0
GATES = QualityThresholds(0.0, 1.0, 0.0, 1.0)
"""None: simulated figures are no measurements of pictures."""


def footage(shoot: sim.Shoot) -> list[ClipInput]:
    """The shoot as clip analysis would hand it on."""
    rows = []
    for number, facts in enumerate(shoot.seen, 1):
        media = factories.media(number, stream=factories.video(duration_frames=180))
        kinds = {
            kind: {name: facts[f"{kind}_{name}"] for name in names}
            for kind, names in (("shot_type", sim.SIZES), ("angle", sim.ANGLES), ("motion", sim.MOTIONS))
        }
        plain = {name: facts[name] for name in ("visual_quality", "blur", "motion_intensity", "color_variance", "exposure", "clipped")}
        basis = factories.clip_analysis(media, seed=number, **kinds, **plain, shake_per_height=0.001)
        motion = np.clip(facts["motion_intensity"] + 0.05 * np.random.default_rng(number).standard_normal(180), 0, 1)
        rows.append(ClipInput(media, dataclasses.replace(basis, curves={**basis.curves, "motion": Curve(motion)})))
    return rows


def heard(grid: BeatGrid) -> SongAnalysis:
    times, strengths = np.array(grid.times_s), np.array(grid.strengths)
    at = np.arange(0, times[-1], 0.1)
    energy = np.interp(at, times, grid.energies)
    starts = [*times[strengths >= 0.8].tolist(), float(times[-1])]
    sections = tuple(SectionSpan(a, b, "build", float(energy[int(a * 10)])) for a, b in zip(starts, starts[1:]))
    return factories.song_analysis(
        bpm=grid.bpm,
        duration_s=float(times[-1]),
        beats=tuple(times.tolist()),
        downbeats=tuple(times[strengths >= 0.5].tolist()),
        accents=tuple(strengths.tolist()),
        sections=sections,
        drops=tuple(times[strengths >= 1.0].tolist()),
        phrase_starts=tuple(times[::16].tolist()),
        energy=tuple(energy.tolist()),
    )


def edited(taste: Taste, seed: int) -> FinishedWork:
    """One edit of new footage over a new song."""
    random = np.random.default_rng([seed, 77])
    clips, grid = footage(sim.shoot(random, CLIPS)), sim.song(random, SECONDS + 4)
    brief = factories.brief(duration_frames=round(SECONDS * 30))
    made = make_edit(brief, clips, factories.song_media(), heard(grid), taste, (), project_id=f"e{seed}", created_at=factories.NOW)
    return from_timeline(made, {one.media.media_id: one.analysis for one in clips})


def means(works: Sequence[FinishedWork]) -> dict[str, float]:
    rows = [measured(work) for work in works]
    found = {name: [row[name] for row in rows if name in row] for name in DIMENSIONS}
    return {name: float(np.mean(values)) for name, values in found.items() if values}


def distances(edits: Sequence[FinishedWork], finals: Mapping[str, dict[str, float]]) -> dict[str, float]:
    """Creator -> summed z between his finals and these edits."""
    own = means(edits)
    total = dict.fromkeys(finals, 0.0)
    for name in own:
        values = {one: row[name] for one, row in finals.items() if name in row}
        spread = float(np.std(list(values.values()))) if len(values) == len(finals) else 0.0
        for one, value in values.items() if spread > 1e-6 else ():
            total[one] += abs(value - own[name]) / spread
    return total


def faithful(edits: Sequence[FinishedWork], neutral: Sequence[FinishedWork], finals: Sequence[FinishedWork]) -> dict[str, float]:
    """Share of the way from the neutral style to the creator himself, per distance; where those two differ at all."""
    own, floor = look_of(finals), floors(finals)
    away, others = far(look_of(edits), own), far(look_of(neutral), own)
    shares = {name: fidelity(away[name], floor[name], others[name]) for name in DISTANCES if name in away and name in floor}
    return {name: share for name, share in shares.items() if share is not None}


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 300
    started = time.process_time()
    people = [sim.creator(seed, family) for family in sim.FAMILIES]
    left = {one.name: [sim.session(one, 5000 + k)[0] for k in range(LEARNED)] for one in people}
    finals = {name: means(works) for name, works in left.items()}
    shares: dict[str, list[float]] = {name: [] for name in DISTANCES}
    world = sim.population()
    right = 0
    neutral = [edited(learned_taste(dataclasses.replace(neutral_profile(), quality_thresholds=GATES)), 90_000 + k) for k in range(count)]
    for one in people:
        works = [sim.session(one, k)[0] for k in range(LEARNED)]
        profile = dataclasses.replace(build_profile(one.name, works, ""), quality_thresholds=GATES)
        taste = learned_taste(profile, train(one.name, works, people=world))
        edits = [edited(taste, 80_000 + k) for k in range(count)]
        found = distances(edits, finals)
        own = faithful(edits, neutral, left[one.name])
        for name, share in own.items():
            shares[name].append(share)
        ordered = sorted(found, key=lambda name: found[name])
        right += ordered[0] == one.name
        rank = ordered.index(one.name) + 1
        other = next(name for name in ordered if name != one.name)
        without = distances(neutral, finals)[one.name]
        print(
            f"{one.name:8} nearest {ordered[0]:8} own rank {rank}, {found[one.name]:.1f} against {found[other]:.1f}; "
            f"neutral {without:.1f}; "
            f"fidelity {', '.join(f'{name} {share:.2f}' for name, share in own.items())}",
            flush=True,
        )
    print("fidelity: " + ", ".join(f"{name} {np.mean(values):.2f} (n {len(values)})" for name, values in shares.items() if values))
    print(f"{right} of {len(people)} nearest to their own creator; {count} edits each; {time.process_time() - started:.0f} s CPU")


if __name__ == "__main__":
    main()
