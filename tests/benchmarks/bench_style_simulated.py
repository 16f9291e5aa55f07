"""Learning on simulated creators with hidden taste: `python tests/benchmarks/bench_style_simulated.py [CREATORS_PER_FAMILY [FIRST_SEED]]`.

Eight families (tests/creators.py), finals by simulated annealing, noisy attributes. Per creator: what each source teaches about the choice
of clips, on probe projects that nothing was learned from (AUC of used against unused clips, precision at k), beside the population, the
plain XGBClassifier, and the oracle that knows the latent utility. 95 % intervals are bootstrapped over creators. Then pace: nats per beat.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests"))

import creators as sim  # noqa: E402

from engine.style.evaluation import interval, precision_at_k  # noqa: E402
from engine.style.models import pace  # noqa: E402
from engine.style.models.baseline import PlainSelector  # noqa: E402
from engine.style.models.linear import auc, log_loss, sigmoid  # noqa: E402
from engine.style.models.selection import COLUMNS, fit_selection, project_of, scores_of  # noqa: E402
from engine.style.models.trees import Trees  # noqa: E402
from engine.style.training import archive_of, projects_of  # noqa: E402

VIDEOS, PROJECTS, PROBES = 30, 10, 6
PUBLIC_SEED = 1
"""Seeds from here on are for work; grade with others."""


def judged(one: sim.Creator, people: object) -> dict[str, tuple[float, float]]:
    """Method -> (AUC, precision at k), means over the probe projects."""
    chance = np.random.default_rng(sim.hash_of(one.name))
    clients = chance.random(PROJECTS) < 0.4
    works = [sim.session(one, k, age=(k + 1) / PROJECTS, client=bool(clients[k]))[0] for k in range(PROJECTS)]
    videos = [sim.as_video(sim.session(one, 100 + k)[0]) for k in range(VIDEOS)]
    probes = [sim.session(one, 1000 + k) for k in range(PROBES)]
    sources = {"30 videos": (0, True), **{f"{n} projects": (n, False) for n in (1, 3, 10)}, "30 videos + 3 projects": (3, True)}
    scorers = {"population": lambda project, _: scores_of(people.weights, project)}  # type: ignore[attr-defined]
    for name, (n, archive) in sources.items():
        fit = fit_selection(projects_of(works[-n:] if n else []), people, archive_of(videos) if archive else None)  # type: ignore[arg-type]
        trees = Trees(fit.trees, len(COLUMNS)) if fit.trees else None
        scorers[name] = lambda project, _, fit=fit, trees=trees: scores_of(fit.weights, project, trees)
    for n in (3, 10):
        plain = PlainSelector(projects_of(works[-n:]))
        scorers[f"plain XGBClassifier, {n} projects"] = lambda project, _, plain=plain: plain.chances(project)
    scorers["oracle of what is seen"] = lambda _, shoot: sim.foreseen(one, shoot)
    scorers["oracle of the latent taste"] = lambda _, shoot: sim.liked(one, shoot)
    found = {}
    for name, scorer in scorers.items():
        rows = []
        for work, shoot in probes:
            project = project_of(work)
            assert project is not None
            scores = scorer(project, shoot)
            rows.append((auc(scores, project.used.astype(float)), precision_at_k(scores, project.used)))
        found[name] = tuple(np.mean(rows, axis=0))
    return found  # type: ignore[return-value]


def pace_of(one: sim.Creator) -> tuple[float, float]:
    """Nats per beat on unseen works: learned from 10 videos, and the population's."""
    works = [sim.session(one, 100 + k)[0] for k in range(10)]
    probes = pace.hazard_rows([sim.session(one, 1000 + k)[0] for k in range(PROBES)])
    fit = pace.fit_pace(works)
    margin = probes.x @ fit.weights + (Trees(fit.trees, len(fit.weights)).residual(probes.x) if fit.trees else 0.0)
    return log_loss(sigmoid(margin), probes.y), log_loss(sigmoid(probes.x @ pace.prior_weights()), probes.y)


def main() -> None:
    each = int(sys.argv[1]) if len(sys.argv) > 1 else 2
    first = int(sys.argv[2]) if len(sys.argv) > 2 else PUBLIC_SEED
    started = time.process_time()
    people = sim.population()
    everyone = [sim.creator(first + k, family) for family in sim.FAMILIES for k in range(each)]
    rows = {one.name: judged(one, people) for one in everyone}
    methods = list(next(iter(rows.values())))
    print(f"{len(everyone)} creators, {PROBES} probe projects each; population of 30 other creators x 3 sessions")
    print(f"{'':32} AUC    95 %              against population      precision at k")
    for name in methods:
        values = [rows[one][name][0] for one in rows]
        gains = [rows[one][name][0] - rows[one]["population"][0] for one in rows]
        low, high = interval(values)
        glow, ghigh = interval(gains)
        print(
            f"{name:32} {np.mean(values):.3f}  {low:.3f} to {high:.3f}    {np.mean(gains):+.3f} ({glow:+.3f} to {ghigh:+.3f})"
            f"   {np.mean([rows[one][name][1] for one in rows]):.3f}"
        )
    shown = ("population", "30 videos", "3 projects", "10 projects", "oracle of what is seen")
    for family in sim.FAMILIES:
        means = [np.mean([rows[one][name][0] for one in rows if one.startswith(family)]) for name in shown]
        print(f"{family}: " + ", ".join(f"{name} {mean:.3f}" for name, mean in zip(shown, means)))
    timed = [pace_of(one) for one in everyone]
    gains = [before - after for after, before in timed]
    after, before = (np.mean(values) for values in zip(*timed))
    print(f"pace from 10 videos: {after:.3f} nats a beat, population {before:.3f}, gain {np.mean(gains):.3f} {interval(gains)}")
    print(f"{time.process_time() - started:.0f} s CPU")


if __name__ == "__main__":
    main()
