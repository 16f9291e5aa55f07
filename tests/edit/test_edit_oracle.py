"""The optimiser against CP-SAT's proven optimum on small jobs with every term, and the laws of optima."""

from __future__ import annotations

from dataclasses import replace

import factories
import numpy as np
import pytest
import test_edit_laws as laws
from hypothesis import given, settings
from hypothesis import strategies as st
from instances import Recipe, instance, random_edits
from oracle import exact, reduced

from engine.edit.arrange import certified, solve
from engine.edit.problem import IMPOSSIBLE, Problem, breaches, worth_of
from engine.errors import FootageError
from engine.model.analysis import ClipGroup

SMALL = Recipe(clips=9, points=10, pair_terms=True, duplicates=0.2, short=0.3, deleted=0.1, locked=1, streak=1)


def recipes() -> st.SearchStrategy[Recipe]:
    return st.builds(
        Recipe,
        clips=st.integers(4, 9),
        points=st.integers(6, 10),
        pair_terms=st.booleans(),
        duplicates=st.sampled_from((0.0, 0.3)),
        deleted=st.sampled_from((0.0, 0.2)),
        locked=st.integers(0, 2),
        streak=st.integers(1, 2),
    )


@settings(max_examples=12)
@given(recipe=recipes(), seed=st.integers(0, 10_000))
def test_the_optimum_lies_between_what_is_found_and_its_bound(recipe: Recipe, seed: int) -> None:
    problem = instance(seed, recipe)
    proof, found = exact(problem), solve(problem)
    if proof is None:
        assert found is None
        return
    assert proof.proven and not breaches(problem, proof.segments)
    assert worth_of(problem, proof.segments) == pytest.approx(proof.value, abs=1e-4)
    assert found is not None, "scarce as it is, there is an edit"
    assert not breaches(problem, found.segments)
    assert found.value == pytest.approx(worth_of(problem, found.segments), abs=1e-6)
    assert found.value <= proof.value + 1e-4 <= found.bound + 2e-4


def test_small_jobs_are_solved_to_within_a_percent() -> None:
    gaps = []
    for seed in range(6):
        problem = instance(seed, SMALL)
        proof, found = exact(problem), solve(problem)
        if proof is None or found is None:
            assert proof is None and found is None
            continue
        chance = float(np.mean([worth_of(problem, one) for one in random_edits(problem, 20, np.random.default_rng(2))]))
        gaps.append((proof.value - found.value) / max(proof.value - chance, 1e-6))
    assert len(gaps) >= 4 and np.mean(gaps) <= 0.002 and max(gaps) <= 0.01


@settings(max_examples=10)
@given(seed=st.integers(0, 10_000), law=st.sampled_from(("streak", "twins", "deleted")))
def test_removing_a_constraint_lowers_no_optimum(seed: int, law: str) -> None:
    """Nor what is found by more than its certified gap."""
    problem = instance(seed, replace(SMALL, locked=0, deleted=0.0, clips=8, points=9))
    strict = problem
    if law == "deleted":
        values = problem.values.copy()
        values[:, seed % problem.clips] = IMPOSSIBLE
        strict = replace(problem, values=values)
    freed: Problem = {
        "streak": replace(problem, longest_streak=0),
        "twins": replace(problem, resources=None),
        "deleted": problem,
    }[law]
    before, after = exact(strict), exact(freed)
    if before is None:
        return
    assert after is not None and after.value >= before.value - 1e-4
    ours, ours_freed = solve(strict), solve(freed)
    assert ours is not None and ours_freed is not None
    assert ours_freed.value >= ours.value - (ours_freed.bound - ours_freed.value) - 1e-6


def test_a_reduced_job_has_the_optimum_of_the_whole() -> None:
    """The proof at full size leaves out only what its bound excludes: on small jobs both oracles agree."""
    for seed in (3, 4, 5):
        problem = instance(seed, replace(SMALL, pair_terms=False, clips=10, points=13, streak=2))
        pair, proof = certified(problem), exact(problem)
        if pair is None:
            assert proof is None
            continue
        again = reduced(problem, *pair)
        assert proof is not None and again.proven and again.value == pytest.approx(proof.value, abs=1e-4)


@settings(max_examples=12)
@given(
    count=st.integers(1, 6),
    seconds=st.floats(3.0, 12.0),
    length=st.integers(90, 420),
    twins=st.booleans(),
)
def test_scarce_footage_shows_no_moment_twice_and_fills_every_frame(count: int, seconds: float, length: int, twins: bool) -> None:
    clips = laws.shoot(count, seconds)
    groups = (
        [ClipGroup("near_duplicate", tuple(one.media.media_id for one in clips[:2]), clips[0].media.media_id)]
        if twins and count > 1
        else []
    )
    try:
        made = laws.edit(clips, factories.brief(duration_frames=length), groups=groups)
    except FootageError as error:
        assert error.code == "footage_too_short" and 0 <= error.details["fillable_s"] < length / 30
        return
    assert sum(one.duration_frames for one in made.clips) == length
    spans = sorted((one.media_id, one.source_start_frame, one.source_start_frame + one.duration_frames) for one in made.clips)
    assert all(a[0] != b[0] or a[2] <= b[1] for a, b in zip(spans, spans[1:]))
    if len({one.media_id for one in made.clips}) < len(made.clips):
        assert any("takes appear more than once" in row and " at 0:" in row for row in made.ai_reasoning.relaxed)
    if twins and count > 1:
        assert clips[1].media.media_id not in {one.media_id for one in made.clips}
