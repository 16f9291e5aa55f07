"""What is learned from works: shrunk, honest about what it rests on, and only as strong as the evidence."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
import works as made
from factories import clip_analysis, song_analysis, song_use

from engine.edit.grid import cut_grid
from engine.edit.taste import CLIP_FEATURES, CONTEXT_FEATURES, HOLD_FEATURES, Table
from engine.errors import BadOption, DocumentError
from engine.model import documents
from engine.model.analysis import ClipAnalysis, Prints, SectionSpan
from engine.model.style import EnergyRule, Sliders
from engine.model.time import FrameRate
from engine.model.works import FinishedShot, FinishedWork, RawUse
from engine.style.dimensions import match, measured, ranges_of, score
from engine.style.evaluation import calibration_error, evaluate, ndcg_at_k
from engine.style.examples import beat_grid, sampled_signature, without_cards
from engine.style.fidelity import DISTANCES, distances, fidelity, floors, look_of, look_of_profile
from engine.style.figure_names import called
from engine.style.fitting import is_same_work, with_misfits
from engine.style.models.linear import auc
from engine.style.models.selection import COLUMNS, fit_selection, scores_of
from engine.style.models.trees import Trees, checked, fit_residual
from engine.style.prior import neutral_profile
from engine.style.profile import build_profile, still_from_prior
from engine.style.taste import learned_taste
from engine.style.training import learned_model, population, projects_of, train
from engine.style.transfer import blend_models, blend_profiles, steered
from engine.style.words import differences, said


def test_works_and_models_go_round_as_documents() -> None:
    work = made.work(3, raw=20)
    for value in (work, train("mira", [work, made.work(4)])):
        document = documents.encode(value)
        documents.validate(document)
        assert documents.decode(documents.loads(documents.dumps(document))) == value


def test_a_profile_says_what_the_works_say() -> None:
    works = [made.work(seed, beats=2, offset_s=-1 / 30, front=0.9) for seed in range(30)]
    profile = build_profile("mira", works, "2026-01-01T00:00:00Z")
    documents.validate(documents.encode(profile))
    assert profile.pacing_patterns.cuts_per_beat == pytest.approx(0.5, rel=0.05)
    assert max(profile.pacing_patterns.beat_offset_frames, key=lambda at: profile.pacing_patterns.beat_offset_frames[at]) == "-1"
    assert max(profile.pacing_patterns.duration_beats.items(), key=lambda row: row[1])[0] == "2"
    assert profile.shot_patterns.shot_length_distribution[2] == pytest.approx(1.0, rel=0.15), "two beats at 120 a minute"
    assert profile.sequencing_patterns.angle_transitions["side_to_front"] > 0.6
    assert any("1 frame before the beat" in line for line in said(profile))
    assert profile.trained_on_videos == 30 and len(profile.works) == 30
    assert not any("of 10 works" in note for note in profile.notes)


def test_figures_move_from_the_population_to_the_creator() -> None:
    prior = neutral_profile().pacing_patterns.cuts_per_beat
    works = [made.work(seed, beats=1) for seed in range(12)]
    rates = [build_profile("a", works[:n], "").pacing_patterns.cuts_per_beat for n in (1, 3, 12)]
    assert prior < rates[0] < rates[1] < rates[2] < 1.0
    one = build_profile("a", works[:1], "")
    sources = [build_profile("a", works[:n], "").figures["pacing_patterns.cuts_per_beat"].source for n in (0, 1, 3, 12)]
    assert sources == ["prior", "mostly_prior", "blend", "creator"]
    assert {"pacing_patterns.cuts_per_beat", "shot_patterns.avg_shot_length"} <= set(still_from_prior(one)), "one work says little"
    assert "moment_preferences.position" in still_from_prior(one)
    assert any("1 of 10 works" in note for note in one.notes)
    errors = [build_profile("a", works[:n], "").figures["sequencing_patterns.same_angle_repeat_rate"].std_error for n in (1, 12)]
    assert errors[0] > errors[1] > 0  # type: ignore[operator]


def test_every_field_says_how_well_it_is_known() -> None:
    """Each field that the guide names, down to the rules for loud and quiet music, has a count and an uncertainty."""
    profile = build_profile("a", [made.work(seed, raw=20) for seed in range(12)], "")
    blocks = ("shot_patterns", "sequencing_patterns", "pacing_patterns", "energy_matching", "transition_preferences", "quality_thresholds")
    fields = [f"{block}.{name}" for block in blocks for name in vars(getattr(profile, block))]
    fields += [f"energy_matching.{level}_energy_sections.{name}" for level in ("high", "low") for name in vars(neutral_rule())]
    for name in fields:
        rows = [one for key, one in profile.figures.items() if key == name or key.startswith(f"{name}.")]
        assert rows and max(one.n for one in rows) > 0, name
        assert any(one.std_error is not None and one.std_error > 0 for one in rows), name


def neutral_rule() -> EnergyRule:
    return neutral_profile().energy_matching.high_energy_sections


def test_nobody_is_sure_of_one_work() -> None:
    """A work that happens to be average, or whose cuts all lie on the beat, leaves doubt all the same."""
    prior = neutral_profile().pacing_patterns
    work = made.work(1, beats=round(1 / prior.cuts_per_beat), offset_s=0.0)
    for count in (1, 4):
        figures = build_profile("a", [work] * count, "").figures
        rate, share = figures["pacing_patterns.cuts_per_beat"], figures["pacing_patterns.on_beat_rate"]
        assert rate.std_error is not None and rate.std_error > 0.05 * prior.cuts_per_beat
        assert share.std_error is not None and share.std_error > 0.005


def test_ranges_hold_what_can_be() -> None:
    quick = [made.work(seed, beats=1) for seed in range(2)]
    span = ranges_of(quick)["shot_length_s"]
    assert 0 < span.low < span.median < span.high
    assert span.high / span.median == pytest.approx(span.median / span.low, rel=0.1), "twice and half are equally far"
    frantic = made.work(50, beats=1)
    shots = tuple(dataclasses.replace(shot, duration_s=shot.duration_s / 8) for shot in frantic.shots)
    rows = {row.dimension: row for row in match(build_profile("a", quick, ""), dataclasses.replace(frantic, shots=shots))}
    assert not rows["shot_length_s"].inside, "cutting eight times as often is as wrong as cutting less"
    for name in ("on_beat", "close_ups", "same_angle", "soft_transitions"):
        assert 0 <= rows[name].low <= rows[name].high <= 1, name


def test_a_choice_is_said_in_an_editors_words() -> None:
    works = [made.work(seed, raw=60, likes={"warmth": -3.0, "motion_intensity": 2.0}) for seed in range(6)]
    models = train("a", works)
    line = said(build_profile("a", works, "", learned=learned_model(models, "models/1.json")), models)[-1]
    liked, _, shunned = line.partition("; avoids")
    assert "6 projects with raw clips" in line and "lively clips" in liked and "warm colours" in shunned
    assert "_" not in line and " x " not in line


def test_figures_have_names_that_an_editor_knows() -> None:
    profile = build_profile("a", [made.work(seed, beats=1, raw=20) for seed in range(12)], "")
    names = {name: called(name) for name in profile.figures}
    assert not [words for words in names.values() if "_" in words or "." in words.replace("0.5", "")]
    parts = {name for name in names if name.count(".") > 1}
    assert len({names[name] for name in parts}) == len(parts), "no two of a table are called the same"
    assert called("sequencing_patterns.shot_type_transitions.wide_to_close_up") == "sizes: close-up after wide"
    assert called("pacing_patterns.duration_beats.1") == "shots lasting 1 beat"
    assert called("shot_patterns.shot_length_distribution.p90") == "shot length, 90th percentile, s"
    rows = {name: value for name, value, _, _ in differences(profile)}
    assert rows["pacing_patterns.duration_beats.0.5"] == profile.pacing_patterns.duration_beats["0.5"], "a key with a point in it"


def test_a_lit_face_before_black_does_not_let_dark_clips_in() -> None:
    """Light is judged by what is not black: so is what a creator puts up with."""
    works = [made.work(seed, raw=30) for seed in range(10)]
    before = neutral_profile().quality_thresholds.min_exposure

    def seen(**facts: float) -> float:
        rows = [dataclasses.replace(w, raw=tuple(dataclasses.replace(c, features={**c.features, **facts}) for c in w.raw)) for w in works]
        return build_profile("a", rows, "").quality_thresholds.min_exposure

    assert seen(exposure=0.05, lit=0.5) == before
    assert seen(exposure=0.05, lit=0.08) < before, "he does use dark clips"


def test_shares_stay_shares() -> None:
    profile = build_profile("a", [made.work(seed) for seed in range(3)], "")
    for table in (profile.sequencing_patterns.angle_transitions, profile.sequencing_patterns.shot_type_transitions):
        for start in {name.partition("_to_")[0] for name in table}:
            assert sum(value for name, value in table.items() if name.startswith(f"{start}_to_")) == pytest.approx(1, abs=1e-4)
    for shares in (profile.shot_patterns.shot_types, profile.pacing_patterns.duration_beats, profile.pacing_patterns.beat_offset_frames):
        assert sum(shares.values()) == pytest.approx(1, abs=1e-4)
    assert sum(profile.transition_preferences.__dict__.values()) == pytest.approx(1)


def test_a_work_without_beats_or_knowledge_teaches_what_it_can() -> None:
    mute = dataclasses.replace(made.work(1, beats=1), grid=None)
    blank = [dataclasses.replace(shot, beats=None, offset_s=None, energy=None, shot_type={}, angle={}, motion={}) for shot in mute.shots]
    profile = build_profile("a", [dataclasses.replace(mute, shots=tuple(blank))], "")
    assert profile.pacing_patterns.cuts_per_beat == pytest.approx(neutral_profile().pacing_patterns.cuts_per_beat)
    assert profile.shot_patterns.avg_shot_length < neutral_profile().shot_patterns.avg_shot_length
    assert any("No beats" in note for note in profile.notes)


def test_music_asks_of_works_what_it_asks_of_edits() -> None:
    """Beats of a learned video are as strong as the same beats under an edit: phrases above bars, hard-hit beats above soft ones."""
    song = song_analysis(drops=(), sections=(SectionSpan(0.0, 60.0, "verse", 0.5),))
    grid = beat_grid(song, 0.0, 60.0)
    assert grid is not None
    phrase, bar, hard, soft = (grid.strengths[k] for k in (16, 4, 5, 6))
    assert phrase > bar > hard >= soft
    louder = beat_grid(dataclasses.replace(song, accents=tuple(float(k % 4 == 1) for k in range(len(song.beats)))), 0.0, 60.0)
    assert louder is not None and louder.strengths[5] > louder.strengths[6]
    names = {"beats": song.beats, "downbeats": song.downbeats, "accents": song.accents, "phrase_starts": song.phrase_starts}
    use = song_use(60.0, drops=(), sections=song.sections, **names)
    points = {point.beat: point.strength for point in cut_grid(use, FrameRate(30), 1800).points if point.beat is not None}
    assert all(points[k] == pytest.approx(grid.strengths[k], abs=1e-3) for k in range(2, 100))


def test_selection_is_learned_from_what_was_left_out() -> None:
    works = [made.work(seed, raw=60, likes={"motion_intensity": 2.0, "warmth": -1.5}) for seed in range(9)]
    projects = projects_of(works)
    fit = fit_selection(projects[:6], population())
    learned = np.mean([auc(scores_of(fit.weights, one), one.used.astype(float)) for one in projects[6:]])
    before = np.mean([auc(scores_of(population().weights, one), one.used.astype(float)) for one in projects[6:]])
    assert learned > before + 0.1 and learned > 0.8
    assert fit.weights[COLUMNS.index("warmth")] < 0 < fit.weights[COLUMNS.index("motion_intensity")]


def test_near_duplicates_of_a_used_clip_are_no_negatives() -> None:
    work = made.work(1, raw=20)
    used = next(clip for clip in work.raw if clip.used)
    twin = dataclasses.replace(used, media_id="twin", used=False, group=1)
    rows = [dataclasses.replace(clip, group=1) if clip is used else clip for clip in work.raw]
    alone = projects_of([dataclasses.replace(work, raw=tuple(rows))])
    with_twin = projects_of([dataclasses.replace(work, raw=(*rows, twin))])
    a, b = (fit_selection(projects, population()).weights for projects in (alone, with_twin))
    assert np.abs(a - b).max() < 0.15, "only the standard scores of the shoot move"


def test_pace_is_a_hazard_that_scoring_can_ask() -> None:
    quick = train("a", [made.work(seed, beats=1) for seed in range(8)])
    slow = train("b", [made.work(seed, beats=4) for seed in range(8)])
    holds = Table(HOLD_FEATURES, np.array([[beats, beats / 2, 0.5, 0, 0.2, 0.3, 0.5, 120.0] for beats in (1, 2, 4, 8)]))
    profile = build_profile("a", [made.work(1)], "")
    for models, best in ((quick, 0), (slow, 2)):
        log_density = learned_taste(profile, models).pace.hold(holds)
        assert int(log_density.argmax()) == best and log_density.max() <= 0.5
    tighter = dataclasses.replace(profile, sliders=Sliders(pace=1.0))
    gain = learned_taste(tighter, slow).pace.hold(holds) - learned_taste(profile, slow).pace.hold(holds)
    assert gain[0] > gain[3]


def test_a_taste_answers_in_the_shapes_that_scoring_wants() -> None:
    works = [made.work(seed, raw=30) for seed in range(4)]
    models = train("a", works)
    taste = learned_taste(build_profile("a", works, "", learned=learned_model(models, "models/1.json")), models)
    clips = Table(CLIP_FEATURES, np.random.default_rng(0).random((5, len(CLIP_FEATURES))))
    contexts = Table(CONTEXT_FEATURES, np.random.default_rng(1).random((3, len(CONTEXT_FEATURES))))
    assert taste.selector.scores(clips, contexts).shape == (3, 5)
    assert (taste.selector.spreads(clips, contexts) > 0).all()
    for part in taste.order.log_odds(clips).values():
        assert part.shape == (5, 5) and np.isfinite(part).all()
    unknown = Table(CLIP_FEATURES, np.full((2, len(CLIP_FEATURES)), np.nan))
    assert np.isfinite(taste.selector.scores(unknown, contexts)).all()


def test_the_residual_is_only_opened_when_it_is_what_it_says() -> None:
    random = np.random.default_rng(0)
    x = random.random((200, 4))
    document = fit_residual(x, (x[:, 0] > 0.5).astype(float), np.zeros(200), np.ones(200))
    trees = Trees(document, 4)
    assert trees.residual(np.array([[0.9, 0, 0, 0], [0.1, 0, 0, 0]])) @ [1, -1] > 0.5
    assert sum(trees.importance(["a", "b", "c", "d"]).values()) == pytest.approx(1)

    def broken(change: object) -> dict[str, object]:
        copy = documents.loads(documents.dumps(document))
        change(copy["learner"]["gradient_booster"]["model"]["trees"][0], copy)  # type: ignore[operator]
        return dict(copy)

    attacks = {
        "an index beyond the features": lambda tree, _: tree["split_indices"].__setitem__(0, 99),
        "a child beyond the nodes": lambda tree, _: tree["left_children"].__setitem__(0, 10**6),
        "a circle": lambda tree, _: tree["right_children"].__setitem__(0, 0),
        "arrays of different lengths": lambda tree, _: tree["base_weights"].pop(),
        "a number that is none": lambda tree, _: tree["split_conditions"].__setitem__(0, "nan"),
        "another number of features": lambda _, copy: copy["learner"]["learner_model_param"].__setitem__("num_feature", "400"),
        "no forest at all": lambda _, copy: copy["learner"]["gradient_booster"].__setitem__("name", "dart"),
        "a tree counted wrongly": lambda tree, _: tree["tree_param"].__setitem__("num_nodes", "9999"),
    }
    for name, change in attacks.items():
        with pytest.raises(DocumentError) as caught:
            checked(broken(change), 4)
        assert caught.value.code == "model_unsafe", name
    with pytest.raises(DocumentError):
        checked({"learner": []}, 4)


def test_blends_lie_between_and_keep_what_they_are_told_to() -> None:
    quick = build_profile("a", [made.work(seed, beats=1, front=0.9) for seed in range(12)], "")
    slow = build_profile("b", [made.work(seed, beats=4, front=0.1) for seed in range(12)], "")
    mixed = blend_profiles(quick, slow, 0.3, ("pace",), "c")
    assert slow.pacing_patterns.cuts_per_beat < mixed.pacing_patterns.cuts_per_beat < quick.pacing_patterns.cuts_per_beat
    expected = math.exp(0.7 * math.log(quick.pacing_patterns.cuts_per_beat) + 0.3 * math.log(slow.pacing_patterns.cuts_per_beat))
    assert mixed.pacing_patterns.cuts_per_beat == pytest.approx(expected, rel=1e-4)
    assert mixed.sequencing_patterns == quick.sequencing_patterns and mixed.creator_id == "c"
    assert blend_profiles(quick, slow, 0.0).pacing_patterns == quick.pacing_patterns
    sources = {name: one.source for name, one in mixed.figures.items()}
    assert sources["pacing_patterns.cuts_per_beat"] == "blend"
    assert sources["moment_preferences.motion_peak"] == "prior", "what neither has shown is the population's"
    assert blend_profiles(quick, slow, 1.0, ("transitions",)).sequencing_patterns == slow.sequencing_patterns
    documents.validate(documents.encode(mixed))
    for bad in (lambda: blend_profiles(quick, slow, 1.5), lambda: blend_profiles(quick, slow, 0.5, ("colour",)), lambda: Sliders(pace=2)):
        with pytest.raises(BadOption):
            bad()
    a, b = train("a", [made.work(seed, beats=1) for seed in range(5)]), train("b", [made.work(seed, beats=4) for seed in range(5)])
    half = blend_models(a, b, 0.5, ("pace",))
    assert half.selection == a.selection
    assert half.pace.weights == pytest.approx([(x + y) / 2 for x, y in zip(a.pace.weights, b.pace.weights)], abs=1e-5)


def test_sliders_at_rest_change_nothing() -> None:
    profile = build_profile("a", [made.work(1)], "")
    assert steered(profile) is profile
    moved = steered(dataclasses.replace(profile, sliders=Sliders(pace=1, energy=1, beat=1, transitions=1)))
    assert moved.pacing_patterns.cuts_per_beat == pytest.approx(2 * profile.pacing_patterns.cuts_per_beat)
    assert moved.transition_preferences.quick_dissolve > profile.transition_preferences.quick_dissolve
    assert sum(moved.transition_preferences.__dict__.values()) == pytest.approx(1)
    assert sum(moved.pacing_patterns.beat_offset_frames.values()) == pytest.approx(1, abs=1e-4)


def test_ranges_tell_styles_apart_and_hold_their_own() -> None:
    ranges = build_profile("a", [made.work(seed, beats=2) for seed in range(12)], "")
    own, other = made.work(77, beats=2), made.work(78, beats=8)
    assert set(measured(own)) >= {"shot_length_s", "cuts_per_beat", "on_beat", "beat_offset_frames"}
    mine, theirs = score(match(ranges, own)), score(match(ranges, other))
    assert mine is not None and theirs is not None and mine > theirs + 0.1 and mine > 0.85
    assert score(match(neutral_profile(), own)) is None
    narrow, wide = (ranges_of([made.work(seed, beats=2) for seed in range(n)])["cuts_per_beat"] for n in (20, 1))
    assert wide.high - wide.low > narrow.high - narrow.low


def test_the_same_work_counts_once_and_strangers_are_named() -> None:
    work = made.work(1)
    noisy = [f"{int(one, 16) ^ 0b101:016x}" for one in work.signature]
    again = dataclasses.replace(work, media_id="other", signature=tuple(noisy[1:]))
    assert is_same_work(work, again)
    assert not is_same_work(work, made.work(2))
    timeline = dataclasses.replace(work, media_id="t", kind="timeline", signature=())
    assert is_same_work(work, timeline), "cut at the same times"
    works = [made.work(seed, beats=2) for seed in range(8)]
    wide = dataclasses.replace(made.work(20, beats=2), width=1920, height=1080)
    slow = made.work(21, beats=14, offset_s=0.2, front=0.0)
    judged = with_misfits([*works, wide, slow])
    assert not any(work.misfit for work in judged[:8])
    assert any("aspect" in reason for reason in judged[8].misfit)
    assert any("other style" in reason for reason in judged[9].misfit)


def test_an_encoding_at_another_rate_is_the_same_work() -> None:
    """Hashes are taken at equal times: 25 frames a second drift by a sample in five where they are counted off in frames."""
    random = np.random.default_rng(3)
    moments = random.integers(0, 2**63, 40, np.uint64)
    signatures = []
    for rate in (24, 25, 30, 60, FrameRate.parse("29.97").fps):
        facts = clip_analysis()
        seen = moments[np.minimum(39, (np.arange(int(20 * rate)) / rate / 0.5 + 0.5).astype(int))]
        signatures.append(
            sampled_signature(dataclasses.replace(facts, rate=FrameRate.parse(f"{rate:g}"), signatures=seen, signature_step_frames=1))
        )
    for other in signatures[1:]:
        assert abs(len(other) - len(signatures[0])) <= 1 and other[:38] == signatures[0][:38]


def test_a_card_stands_still_and_filmed_plain_pictures_do_not() -> None:
    def film(flicker: int) -> tuple[FinishedWork, ClipAnalysis]:
        values = np.full((180, 18, 32), 90, np.uint8)
        values[10:50] += np.linspace(0, flicker, 40).astype(np.uint8)[:, None, None]
        facts = clip_analysis(prints=Prints(values, 1), signatures=np.arange(180, dtype=np.uint64), signature_step_frames=1)
        facts = dataclasses.replace(facts, rate=FrameRate(30))
        shots = [FinishedShot(0, 2, "start", features={"motion_intensity": 0.0, "face": 0.0})]
        shots += [FinishedShot(2 + k, 1, features={"motion_intensity": 0.3}) for k in range(4)]
        return FinishedWork("w", "w", "video", 6, 9, 16, 30, tuple(shots), signature=sampled_signature(facts)), facts

    work, facts = film(2)
    left = without_cards(work, facts)
    assert len(left.shots) == 4 and left.shots[0].begins_with == "start" and "intro card of 2.0 s" in left.notes[0]
    assert left.signature == work.signature[4:], "the film without its card is the same work"
    assert without_cards(*film(20)) == film(20)[0], "a picture that grows lighter was filmed"
    found = dataclasses.replace(work, shots=(dataclasses.replace(work.shots[0], used=RawUse("raw", 0, 2)), *work.shots[1:]))
    assert without_cards(found, facts) == found, "what was found in a raw clip is no card"


def test_what_is_measured_of_a_choice() -> None:
    used = np.array([True, True, False, False])
    assert ndcg_at_k(np.array([4.0, 3.0, 2.0, 1.0]), used) == pytest.approx(1)
    first_only = 1 / (1 + 1 / math.log2(3))
    assert ndcg_at_k(np.array([4.0, 1.0, 3.0, 2.0]), used) == pytest.approx(first_only)
    assert calibration_error(used.astype(float), used) == 0 and calibration_error(1 - used.astype(float), used) == 1


def test_distances_of_style_go_both_ways_and_know_their_floor() -> None:
    works = [made.work(seed, beats=2, offset_s=-1 / 30, front=0.8) for seed in range(12)]
    floor = floors(works)
    assert set(floor) == set(DISTANCES) and floors(works[:3]) == {}
    own = look_of(works[:6])
    again = distances(look_of(works[6:]), own)
    for quicker, slower in ((made.work(50, beats=1, offset_s=-1 / 30, front=0.8), made.work(51, beats=4, offset_s=-1 / 30, front=0.8)),):
        for other in (quicker, slower):
            assert distances(look_of([other]), own)["duration"] > 2 * max(again["duration"], floor["duration"]), "either way is as far"
    late = [made.work(60 + seed, beats=2, offset_s=3 / 30, front=0.8) for seed in range(6)]
    assert distances(look_of(late), own)["offset"] == pytest.approx(4.0, abs=0.3), "frames from one before to three after"
    side = [made.work(70 + seed, beats=2, offset_s=-1 / 30, front=0.1) for seed in range(6)]
    assert distances(look_of(side), own)["order"] > again["order"]
    people = distances(look_of_profile(neutral_profile()), own)
    assert fidelity(again["duration"], floor["duration"], people["duration"]) == pytest.approx(1, abs=0.1)
    assert fidelity(people["duration"], floor["duration"], people["duration"]) == 0 and fidelity(1.0, 0.2, 0.2) is None


def test_older_projects_count_less() -> None:
    projects = projects_of([made.work(seed, raw=20) for seed in range(21)])
    weights = [one.weight for one in projects]
    assert weights[-1] == 1 and weights[0] == pytest.approx(0.5) and weights == sorted(weights)
    before = [made.work(seed, raw=60, likes={"warmth": 2.0}) for seed in range(30)]
    since = [made.work(50 + seed, raw=60, likes={"warmth": -2.0}) for seed in range(30)]
    warmth = fit_selection(projects_of([*before, *since]), population(), residual=False).weights[COLUMNS.index("warmth")]
    assert warmth < -0.05, "as many of each, but what is newer counts more"


def test_an_evaluation_says_what_beats_what() -> None:
    works = [made.work(seed, raw=40, likes={"motion_intensity": 2.0}) for seed in range(6)]
    rows = {(row["measure"], row["method"]): row for row in evaluate(works)["rows"]}
    for measure in ("selection AUC", "selection precision at k", "selection NDCG at k"):
        assert rows[measure, "learned"]["value"] > rows[measure, "visual quality alone"]["value"]
        assert (measure, "plain XGBClassifier") in rows
    for name in DISTANCES:
        assert rows[f"distance in {name}", "a left-out work"]["value"] >= 0 and (f"distance in {name}", "the average style") in rows
    assert 0.5 < rows["style match score", "a left-out work"]["value"] <= 1
    for row in rows.values():
        assert row["n"] >= 3 and row["low"] <= row["value"] <= row["high"]
    assert {method for measure, method in rows if measure == "next shot_type in bits"} >= {"learned (shrunk)", "population", "uniform"}
