"""Examples -> a StyleProfile: every figure shrunk towards the population, with its count and uncertainty."""

from __future__ import annotations

import math
import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from engine.model.names import UNKNOWN
from engine.model.style import (
    EnergyMatching,
    EnergyRule,
    Figures,
    LearnedModel,
    MomentPreferences,
    PacingPatterns,
    QualityThresholds,
    ShotPatterns,
    Sliders,
    StyleProfile,
    TransitionPreferences,
    Work,
)
from engine.model.works import FinishedShot, FinishedWork
from engine.style.book import SIZES, Book, priors_of
from engine.style.dimensions import BAR_STRENGTH, ON_BEAT_S, cuts_of, ranges_of
from engine.style.figure_names import called
from engine.style.prior import neutral_profile
from engine.style.sequencing import sequencing
from engine.style.shrinkage import (
    Estimate,
    figure,
    mean_towards,
    quantile_error,
    quantiles,
    share_towards,
    shares_towards,
    source_of,
)

__all__ = ["ENOUGH_WORKS", "FREQUENCIES", "build_profile", "still_from_prior"]

ENOUGH_WORKS = 10
"""Works from which a creator can be told from others (docs/style.md: one video of 25 shots cannot be attributed)."""
FREQUENCIES = {"every_half_beat": 0.5, "every_beat": 1.0, "every_2_beats": 2.0, "every_4_beats": 4.0, "every_8_beats": 8.0}
DURATION_BINS = (0.5, 1, 2, 3, 4, 6, 8, 12, 16)
"""Lengths in beats that are told apart."""
MOST_OFFSET_FRAMES = 8
"""Offsets beyond this many frames at 30 fps belong to no beat's cut."""
LOUD, QUIET = 0.65, 0.4
"""Energy above and below which the rules for loud and quiet music hold (as in editing)."""
ENERGY_SHOTS_K, OFFSET_K, MOMENT_K, QUALITY_K = 12.0, 10.0, 10.0, 60.0
"""Shots whose weight the prior has for figures that count shots (chosen: an edit or half an edit each; quality gates are cautious)."""
BETWEEN_WORKS = 0.37
"""Standard deviation of the log of a pace or a length between works of one creator (published short-form tables: half of a log between all
works, two to three parts in four of its square within creators)."""
FRAME_ERROR = 1 / math.sqrt(12)
"""Standard deviation, in frames, of what lies anywhere within one."""
MOTION_BETWEEN_WORKS = 0.08
"""The same of motion intensity (chosen, as in `dimensions`)."""
MOSTLY_PRIOR = ("prior", "mostly_prior")


def build_profile(
    creator_id: str,
    works: Sequence[FinishedWork],
    updated_at: str,
    prior: StyleProfile | None = None,
    *,
    learned: LearnedModel | None = None,
    sliders: Sliders = Sliders(),
) -> StyleProfile:
    """The fingerprint of the works that are not left out, shrunk towards `prior` (the neutral one by default)."""
    base = prior or neutral_profile()
    kept = [work for work in works if not work.left_out]
    book = Book()
    profile = replace(
        base,
        creator_id=creator_id,
        trained_on_videos=len(kept),
        last_updated=updated_at,
        shot_patterns=_shots(kept, base, book),
        sequencing_patterns=sequencing(kept, base, book),
        pacing_patterns=_pacing(kept, base, book),
        energy_matching=_energy(kept, base, book),
        transition_preferences=_transitions(kept, base, book),
        quality_thresholds=_quality(kept, base, book),
        moment_preferences=_moments(kept, base, book),
        learned_model=learned,
        figures=book.figures,
        ranges=ranges_of(kept),
        sliders=sliders,
        works=tuple(Work(work.name, work.media_id, len(work.shots), work.kind, work.left_out) for work in works),
    )
    return replace(profile, notes=_notes(profile, kept))


def _notes(profile: StyleProfile, kept: Sequence[FinishedWork]) -> tuple[str, ...]:
    notes = []
    if len(kept) < ENOUGH_WORKS:
        rest = still_from_prior(profile)
        said = f": {'; '.join(map(called, rest))}" if rest else ""
        notes.append(f"Learned from {len(kept)} of {ENOUGH_WORKS} works; still mostly from the population{said}.")
    if not any(work.raw for work in kept):
        notes.append("Which clips are chosen was learned from finished videos alone, which say little: `learn --raw` teaches it.")
    if not any(work.grid for work in kept):
        notes.append("No beats were found under these works: how cuts lie to the beat comes from the population.")
    return tuple(notes)


def still_from_prior(profile: StyleProfile) -> list[str]:
    """Figures whose larger part still comes from the population, as their field names."""
    return [name for name, one in profile.figures.items() if name.count(".") == 1 and one.source in MOSTLY_PRIOR]


def _lengths(works: Sequence[FinishedWork]) -> list[float]:
    return [shot.duration_s for work in works for shot in work.shots if shot.duration_s > 0]


def _shots(works: Sequence[FinishedWork], base: StyleProfile, book: Book) -> ShotPatterns:
    prior = base.shot_patterns
    means = [statistics.fmean(_lengths([work])) for work in works if _lengths([work])]
    mean = mean_towards(means, prior.avg_shot_length, typical=BETWEEN_WORKS * prior.avg_shot_length)
    spreads = [statistics.stdev(_lengths([work])) for work in works if len(_lengths([work])) > 2]
    shares = (0.1, 0.25, 0.5, 0.75, 0.9)
    own = quantiles(_lengths(works), shares) if works else list(prior.shot_length_distribution)
    # Quantiles of logs are averaged: the barycentre of two distributions in the distance that judges them later.
    mixed = [math.exp(mean.weight * math.log(a) + (1 - mean.weight) * math.log(b)) for a, b in zip(own, prior.shot_length_distribution)]
    p10, p25, p50, p75, p90 = (round(value, 4) for value in mixed)
    n = sum(len(work.shots) for work in works)
    place = "shot_patterns.shot_length_distribution"
    book.figures[place] = replace(figure(mean), n=n, std_error=None, prior=None)
    for name, share, value, before in zip(("p10", "p25", "p50", "p75", "p90"), shares, mixed, prior.shot_length_distribution):
        logs = [math.log(quantiles(_lengths([work]), [share])[0]) for work in works if _lengths([work])]
        error = mean_towards(logs, math.log(before), typical=BETWEEN_WORKS).std_error
        book.figures[f"{place}.{name}"] = figure(Estimate(value, n, mean.weight, None if error is None else error * value, before))
    types = shares_towards(_counts(works, "shot_type"), priors_of(prior.shot_types, SIZES))
    return ShotPatterns(
        avg_shot_length=book.keep("shot_patterns.avg_shot_length", mean),
        shot_length_std=book.keep("shot_patterns.shot_length_std", mean_towards(spreads, prior.shot_length_std)),
        shot_length_distribution=(p10, p25, p50, p75, p90),
        shot_types=book.keep_all("shot_patterns.shot_types", types),
    )


def _counts(works: Sequence[FinishedWork], kind: str) -> dict[str, float]:
    counts: dict[str, float] = {}
    for work in works:
        for shot in work.shots:
            for name, chance in getattr(shot, kind).items():
                if name != UNKNOWN:
                    counts[name] = counts.get(name, 0.0) + chance
    return counts


def _pacing(works: Sequence[FinishedWork], base: StyleProfile, book: Book) -> PacingPatterns:
    prior = base.pacing_patterns
    place = "pacing_patterns"
    timed = [work for work in works if work.grid is not None]
    rates = [len(work.shots) / max(1e-6, math.fsum(shot.beats or 0.0 for shot in work.shots)) for work in timed]
    # Rates are averaged as logs: twice as quick and half as quick are equally far away.
    logs = mean_towards([math.log(max(rate, 1e-3)) for rate in rates], math.log(prior.cuts_per_beat), typical=BETWEEN_WORKS)
    rate = replace(logs, value=math.exp(logs.value), prior=prior.cuts_per_beat, std_error=_scaled(logs))
    cuts = [shot for work in timed for shot in cuts_of(work)]
    near = share_towards(sum(abs(shot.offset_s or 0.0) <= ON_BEAT_S for shot in cuts), len(cuts), prior.on_beat_rate)
    on_beat = [shot for shot in cuts if abs(shot.offset_s or 0.0) <= 2 * ON_BEAT_S]
    bars = share_towards(sum((shot.strength or 0.0) >= BAR_STRENGTH for shot in on_beat), len(on_beat), prior.bar_cut_rate)
    return PacingPatterns(
        cuts_per_beat=book.keep(f"{place}.cuts_per_beat", rate),
        beat_skip_rate=book.keep(f"{place}.beat_skip_rate", _skipped(timed, prior.beat_skip_rate)),
        hold_duration_close_up=book.keep(f"{place}.hold_duration_close_up", _hold(works, "close_up", prior.hold_duration_close_up)),
        hold_duration_medium=book.keep(f"{place}.hold_duration_medium", _hold(works, "medium", prior.hold_duration_medium)),
        hold_duration_wide=book.keep(f"{place}.hold_duration_wide", _hold(works, "wide", prior.hold_duration_wide)),
        beat_offset_frames=_offsets(on_beat, prior.beat_offset_frames, book),
        duration_beats=_in_beats(timed, prior.duration_beats, book),
        on_beat_rate=book.keep(f"{place}.on_beat_rate", near),
        bar_cut_rate=book.keep(f"{place}.bar_cut_rate", bars),
    )


def _scaled(logs: Estimate) -> float | None:
    return None if logs.std_error is None else logs.std_error * math.exp(logs.value)


def _skipped(works: Sequence[FinishedWork], prior: float) -> Estimate:
    beats = sum(sum(0 <= time < work.duration_s for time in work.grid.times_s) for work in works if work.grid)
    hit = sum(len({round(shot.start_s, 2) for shot in cuts_of(work) if abs(shot.offset_s or 0.0) <= ON_BEAT_S}) for work in works)
    return share_towards(max(0, beats - hit), beats, prior, k=40.0)


def _hold(works: Sequence[FinishedWork], size: str, prior: float) -> Estimate:
    """Mean hold of one shot size in seconds, on a log scale, weighted by how sure the size is."""
    rows = [(shot.shot_type.get(size, 0.0), math.log(shot.duration_s)) for work in works for shot in work.shots if shot.duration_s > 0]
    n = math.fsum(weight for weight, _ in rows)
    if n < 1:
        return Estimate(prior, round(n), 0.0, None, prior)
    weight = n / (n + ENERGY_SHOTS_K)
    mean = math.fsum(w * value for w, value in rows) / n
    spread = math.sqrt(math.fsum(w * (value - mean) ** 2 for w, value in rows) / n)
    value = math.exp(weight * mean + (1 - weight) * math.log(prior))
    error = math.hypot(spread / math.sqrt(n), BETWEEN_WORKS / math.sqrt(_seen(works, size)))  # shots of one work are alike
    return Estimate(value, round(n), weight, value * weight * error, prior)


def _seen(works: Sequence[FinishedWork], size: str) -> int:
    """Works that show the size at all."""
    return max(1, sum(any(shot.shot_type.get(size, 0.0) >= 0.5 for shot in work.shots) for work in works))


def _offsets(cuts: Sequence[FinishedShot], prior: Mapping[str, float], book: Book) -> dict[str, float]:
    """The histogram of offsets in frames at 30 fps, shrunk towards a narrow one around the prior's."""
    names = [str(frame) for frame in range(-MOST_OFFSET_FRAMES, MOST_OFFSET_FRAMES + 1)]
    counts = Counter(str(round((shot.offset_s or 0.0) * 30)) for shot in cuts)
    spread = {name: math.fsum(share * 0.5 ** abs(int(name) - float(at)) for at, share in prior.items()) for name in names}
    estimates = shares_towards({name: float(counts[name]) for name in names}, priors_of(spread, names), OFFSET_K)
    frames = [(shot.offset_s or 0.0) * 30 for shot in cuts]
    error = estimates["0"].weight * math.hypot(statistics.stdev(frames), FRAME_ERROR) / math.sqrt(len(frames)) if len(frames) > 1 else None
    book.figures["pacing_patterns.beat_offset_frames"] = Figures(len(cuts), error, figure(estimates["0"]).source)
    return {name: round(one.value, 6) for name, one in estimates.items()}


def _in_beats(works: Sequence[FinishedWork], prior: Mapping[str, float], book: Book) -> dict[str, float]:
    names = [f"{value:g}" for value in DURATION_BINS]
    counts: Counter[str] = Counter()
    for work in works:
        for shot in work.shots:
            if shot.beats and shot.beats > 0:
                counts[f"{min(DURATION_BINS, key=lambda one: abs(math.log(one / max(0.1, shot.beats or 0.1)))):g}"] += 1
    estimates = shares_towards({name: float(counts[name]) for name in names}, priors_of(prior, names))
    return book.keep_all("pacing_patterns.duration_beats", estimates)


def _energy(works: Sequence[FinishedWork], base: StyleProfile, book: Book) -> EnergyMatching:
    prior = base.energy_matching
    shots = [shot for work in works for shot in work.shots if shot.energy is not None and shot.beats]
    loud = [shot for shot in shots if (shot.energy or 0.0) > LOUD]
    quiet = [shot for shot in shots if (shot.energy or 0.0) < QUIET]
    book.figures["energy_matching"] = Figures(len(loud) + len(quiet), None, source_of(_energy_weight(min(len(loud), len(quiet)))))
    timed = max(1, sum(any(shot.energy is not None for shot in work.shots) for work in works))
    return EnergyMatching(
        _rule(loud, prior.high_energy_sections, "energy_matching.high_energy_sections", book, timed),
        _rule(quiet, prior.low_energy_sections, "energy_matching.low_energy_sections", book, timed),
    )


def _energy_weight(n: int) -> float:
    return n / (n + ENERGY_SHOTS_K)


def _rule(shots: Sequence[FinishedShot], prior: EnergyRule, place: str, book: Book, works: int) -> EnergyRule:
    """One rule; the error of `cut_frequency` is in octaves, that of `preferred_shot_type` of its share. works : with beats."""
    n = len(shots)
    weight = n / (n + ENERGY_SHOTS_K)
    before = math.log2(FREQUENCIES.get(prior.cut_frequency, 2.0))
    logs = [math.log2(max(0.25, shot.beats or 1.0)) for shot in shots]
    octave = weight * (statistics.fmean(logs) if logs else before) + (1 - weight) * before
    frequency = min(FREQUENCIES, key=lambda name: abs(math.log2(FREQUENCIES[name]) - octave))
    motions = [shot.features["motion_intensity"] for shot in shots if "motion_intensity" in shot.features]
    moved = mean_towards(motions, prior.motion_preference, ENERGY_SHOTS_K)
    if moved.std_error is not None:  # shots of one work are alike
        moved = replace(moved, std_error=math.hypot(moved.std_error, moved.weight * MOTION_BETWEEN_WORKS / math.sqrt(works)))
    motion = book.keep(f"{place}.motion_preference", moved)
    between = BETWEEN_WORKS / math.log(2) / math.sqrt(works)  # shots of one work are alike
    spread = weight * math.hypot(statistics.stdev(logs) / math.sqrt(n), between) if n > 1 else None
    book.figures[f"{place}.cut_frequency"] = Figures(n, spread, source_of(weight))
    counts = {name: math.fsum(shot.shot_type.get(name, 0.0) for shot in shots) for name in SIZES}
    known = math.fsum(counts.values())
    weighed = {**counts, prior.preferred_shot_type: counts.get(prior.preferred_shot_type, 0.0) + ENERGY_SHOTS_K / len(SIZES)}
    preferred = max(weighed, key=lambda name: weighed[name])
    share = share_towards(counts.get(preferred, 0.0), known, 1 / len(SIZES), ENERGY_SHOTS_K / len(SIZES))
    error = share.std_error if known > 0 else None
    book.figures[f"{place}.preferred_shot_type"] = Figures(round(known), error, source_of(share.weight if known > 0 else 0.0))
    return EnergyRule(preferred, frequency, min(1.0, max(0.0, motion)))


def _transitions(works: Sequence[FinishedWork], base: StyleProfile, book: Book) -> TransitionPreferences:
    names = ("hard_cut", "quick_dissolve", "whip_pan", "dip_to_black", "flash")
    counts = Counter(shot.begins_with for work in works for shot in work.shots if shot.begins_with != "start")
    prior = priors_of({name: getattr(base.transition_preferences, name) for name in names}, names)
    shares = book.keep_all("transition_preferences", shares_towards({name: float(counts[name]) for name in names}, prior))
    total = math.fsum(shares.values())
    return TransitionPreferences(**{name: share / total for name, share in shares.items()})


def _quality(works: Sequence[FinishedWork], base: StyleProfile, book: Book) -> QualityThresholds:
    """What the creator puts up with: the worst twentieth of the raw clips he used, approached slowly."""
    prior = base.quality_thresholds
    used = [clip.features for work in works for clip in work.raw if clip.used]
    n = len(used)
    weight = n / (n + QUALITY_K) if n >= ENOUGH_WORKS else 0.0
    book.figures["quality_thresholds"] = Figures(n, None, source_of(weight))

    def towards(field: str, name: str, share: float) -> float:
        before: float = getattr(prior, field)
        values = [row[name] for row in used if name in row]
        own = quantiles(values, [share])[0] if values else before
        found = round(min(1.0, max(0.0, weight * own + (1 - weight) * before)), 4)
        error = quantile_error(values, share) if weight else None
        book.figures[f"quality_thresholds.{field}"] = figure(
            Estimate(found, len(values), weight if values else 0.0, None if error is None else weight * error, before)
        )
        return found

    return QualityThresholds(
        min(prior.min_visual_quality, towards("min_visual_quality", "visual_quality", 0.05)),
        max(prior.max_motion_blur, towards("max_motion_blur", "blur", 0.95)),
        min(prior.min_exposure, towards("min_exposure", "lit", 0.02)),
        max(prior.max_exposure, towards("max_exposure", "exposure", 0.98)),
    )


def _moments(works: Sequence[FinishedWork], base: StyleProfile, book: Book) -> MomentPreferences:
    """Where in its take the used part lies, and whether it is the lively part and the one with a face."""
    prior = base.moment_preferences
    names = [str(number) for number in range(10)]
    places: Counter[str] = Counter()
    livelier: list[float] = []
    faces: list[float] = []
    for work in works:
        clips = {clip.media_id: clip for clip in work.raw}
        for shot in work.shots:
            clip = clips.get(shot.used.media_id) if shot.used else None
            if clip is None or shot.used is None or clip.duration_s <= 0:
                continue
            middle = (shot.used.start_s + shot.used.end_s) / 2 / clip.duration_s
            places[str(min(9, max(0, int(middle * 10))))] += 1
            livelier += [float(shot.features["motion_intensity"] > clip.features["motion_intensity"])] if _both(shot, clip.features) else []
            faces += [float(shot.features.get("face", 0.0) > 0)] if clip.features.get("face", 0.0) > 0 else []
    before = dict(zip(names, prior.position))
    shares = shares_towards({name: float(places[name]) for name in names}, priors_of(before, names), MOMENT_K)
    book.figures["moment_preferences.position"] = Figures(sum(places.values()), None, figure(shares["0"]).source)
    peak = share_towards(math.fsum(livelier), len(livelier), prior.motion_peak)
    face = share_towards(math.fsum(faces), len(faces), prior.face)
    total = math.fsum(one.value for one in shares.values())
    return MomentPreferences(
        tuple(one.value / total for one in shares.values()),
        book.keep("moment_preferences.motion_peak", peak),
        book.keep("moment_preferences.face", face),
    )


def _both(shot: FinishedShot, features: Mapping[str, float]) -> bool:
    return "motion_intensity" in shot.features and "motion_intensity" in features
