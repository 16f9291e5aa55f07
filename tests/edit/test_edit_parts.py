"""The parts of the edit engine by themselves: the optimiser against brute force, moments, grid, gates, song window, crops."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Sequence

import factories
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from engine.edit import arrange
from engine.edit.crop_path import MOST_ACCELERATION, MOST_SPEED, SAFE_AREAS
from engine.edit.footage import ClipInput
from engine.edit.grid import cut_grid
from engine.edit.moments import MomentTable
from engine.edit.reframe import cover_crop, crop_for
from engine.edit.song_window import choose_song_window, song_use
from engine.edit.taste import target_beats
from engine.errors import Cancelled, SongError
from engine.model.analysis import Box, Curve, Face, Shot, Subject
from engine.model.style import MomentPreferences
from engine.model.time import FrameRate, FrameSpan
from engine.model.timeline import CropKey
from engine.progress import CallbackProgress
from engine.style.prior import neutral_profile

RATE = FrameRate(30)


# --- the optimiser ----------------------------------------------------------------------------------------------------


def slots_of(points: int, widest: int) -> tuple[tuple[int, int], ...]:
    return tuple((a, b) for a in range(points - 1) for b in range(a + 1, min(points, a + widest + 1)))


@st.composite
def problems(draw: st.DrawFn) -> arrange.Problem:
    points, clips = draw(st.integers(2, 5)), draw(st.integers(1, 5))
    slots = slots_of(points, 3)
    numbers = st.floats(-2, 2, width=32)
    values = np.array(draw(arrays(np.float64, (len(slots), clips), elements=numbers)))
    impossible = draw(arrays(np.bool_, (len(slots), clips)))
    values[impossible & (values < 0)] = arrange.IMPOSSIBLE
    return arrange.Problem(points, slots, values, draw(arrays(np.float64, (clips, clips), elements=numbers)))


def brute_force(problem: arrange.Problem) -> float | None:
    """The optimum by trying every path and every choice of different clips."""
    index = {slot: k for k, slot in enumerate(problem.slots)}
    best: float | None = None
    inner = range(1, problem.points - 1)
    for count in range(problem.points - 1):
        for cuts in itertools.combinations(inner, count):
            path = [0, *cuts, problem.points - 1]
            rows = [index.get((a, b)) for a, b in zip(path, path[1:])]
            if None in rows:
                continue
            for clips in itertools.permutations(range(problem.clips), len(rows)):
                values = [problem.values[row, one] for row, one in zip(rows, clips)]
                if min(values) <= arrange.IMPOSSIBLE / 2:
                    continue
                total = sum(values) + sum(problem.pairs[a, b] for a, b in zip(clips, clips[1:]))
                best = total if best is None or total > best else best
    return best


def worth(problem: arrange.Problem, segments: tuple[arrange.Segment, ...]) -> float:
    index = {slot: k for k, slot in enumerate(problem.slots)}
    clips = [one.clip for one in segments]
    values = sum(problem.values[index[one.start, one.end], one.clip] for one in segments)
    return float(values + sum(problem.pairs[a, b] for a, b in zip(clips, clips[1:])))


@settings(max_examples=150)
@given(problem=problems())
def test_the_optimiser_finds_the_optimum_of_small_problems(problem: arrange.Problem) -> None:
    best, found = brute_force(problem), arrange.solve(problem)
    if best is None:
        assert found is None
        return
    assert found is not None
    assert [found.segments[0].start, found.segments[-1].end] == [0, problem.points - 1]
    assert all(a.end == b.start for a, b in zip(found.segments, found.segments[1:]))
    assert len({one.clip for one in found.segments}) == len(found.segments)
    assert found.value == pytest.approx(worth(problem, found.segments), abs=1e-6)
    assert found.value == pytest.approx(best, abs=1e-6), "the beam is wide enough for every problem of this size"
    assert found.bound >= best - 1e-6


def test_the_optimiser_on_a_larger_problem_stays_near_its_bound() -> None:
    chance = np.random.default_rng(3)
    slots = slots_of(40, 6)
    problem = arrange.Problem(40, slots, chance.normal(0.5, 0.5, (len(slots), 45)), chance.normal(0, 0.3, (45, 45)))
    found = arrange.solve(problem)
    assert found is not None
    assert len({one.clip for one in found.segments}) == len(found.segments)
    assert found.value <= found.bound and found.bound - found.value < 0.05 * found.bound
    assert found.value == pytest.approx(worth(problem, found.segments), abs=1e-6)


def test_rivals_are_other_clips_that_fit() -> None:
    chance = np.random.default_rng(1)
    slots = slots_of(6, 3)
    problem = arrange.Problem(6, slots, chance.normal(0, 1, (len(slots), 7)), np.zeros((7, 7)))
    found = arrange.solve(problem)
    assert found is not None
    for segment, rivals in zip(found.segments, found.rivals):
        assert all(rival.clip != segment.clip for rival in rivals)
        used = {one.clip for one in found.segments}
        for rows in ([one for one in rivals if one.clip not in used], [one for one in rivals if one.clip in used]):
            assert [one.loss for one in rows] == sorted(one.loss for one in rows)


def test_the_optimiser_stops_when_told_to() -> None:
    slots = slots_of(30, 6)
    problem = arrange.Problem(30, slots, np.ones((len(slots), 30)), np.zeros((30, 30)))
    with pytest.raises(Cancelled):
        arrange.solve(problem, CallbackProgress(lambda *_: None, lambda: True))


# --- moments ----------------------------------------------------------------------------------------------------------


def table(quality: np.ndarray, motion: np.ndarray | None = None, shots: tuple[Shot, ...] = (), faces: tuple[Face, ...] = ()) -> MomentTable:
    count = len(quality)
    media = factories.media(1, stream=factories.video(duration_frames=count))
    still = np.full(count, 0.3) if motion is None else motion
    curves = {"quality": Curve(quality.astype(np.float32)), "motion": Curve(still.astype(np.float32))}
    analysis = factories.clip_analysis(media, curves=curves, shots=shots or (Shot(0, count),), faces=faces)
    return MomentTable(ClipInput(media, analysis), RATE, MomentPreferences())


def test_the_sharp_part_is_found() -> None:
    quality = np.full(300, 0.5)
    quality[140:200] = 0.95
    moment = table(quality).best(45)
    assert moment is not None and 140 <= moment.start_frame <= 155
    assert moment.quality == pytest.approx(0.95, abs=0.01)


def test_no_moment_crosses_a_cut() -> None:
    quality = np.full(300, 0.5)
    quality[80:120] = 1.0
    both = table(quality, shots=(Shot(0, 100), Shot(100, 300)))
    for length in (20, 60, 100):
        moment = both.best(length)
        assert moment is not None
        assert moment.start_frame >= 100 or moment.start_frame + length <= 100
    assert both.best(250) is None


def test_a_face_draws_the_moment() -> None:
    moment = table(np.full(300, 0.8), faces=(Face(250, Box(0.4, 0.2, 0.2, 0.2)),)).best(30)
    assert moment is not None and moment.has_face and 200 <= moment.start_frame <= 275


def test_the_whole_clip_can_be_used() -> None:
    whole = table(np.full(60, 0.8))
    moment = whole.best(60)
    assert moment is not None and moment.start_frame == 0
    assert whole.best(61) is None


def test_other_rates_need_other_numbers_of_frames() -> None:
    media = factories.media(1, stream=factories.video(rate=FrameRate(60), duration_frames=240))
    one = MomentTable(ClipInput(media, factories.clip_analysis(media)), RATE, MomentPreferences())
    assert one.needed(30) == 60
    assert one.best(120) is not None and one.best(121) is None


# --- grid and window --------------------------------------------------------------------------------------------------


@given(rate=factories.rates(), seconds=st.floats(2, 30))
def test_every_cut_point_is_a_beat_and_far_enough_from_the_ends(rate: FrameRate, seconds: float) -> None:
    use = factories.song_use(32.0)
    frames = rate.frames(seconds)
    grid = cut_grid(use, rate, frames)
    assert (grid.points[0].frame, grid.points[-1].frame) == (0, frames)
    assert all(a.frame < b.frame for a, b in zip(grid.points, grid.points[1:]))
    for point in grid.points[1:-1]:
        assert point.beat is not None and rate.frames(use.beats[point.beat]) == point.frame
        assert grid.least <= point.frame <= frames - grid.least


def test_phrases_and_accents_ask_for_cuts_without_passing_what_stands_above_them() -> None:
    use = factories.song_use(32.0)
    accents = tuple(k % 7 / 6 for k in range(len(use.beats)))
    use = dataclasses.replace(use, accents=accents, phrase_starts=use.downbeats[1::4], drops=use.downbeats[6:7])
    points = [point for point in cut_grid(use, RATE, RATE.frames(32.0)).points[1:-1] if point.beat is not None]

    def strengths(times: Sequence[float], without: Sequence[float]) -> list[tuple[float, float]]:
        """(accent, strength) of the points at `times` but for those at `without`."""
        on = [point for point in points if use.beats[point.beat] in times and use.beats[point.beat] not in without]
        return sorted((accents[point.beat], point.strength) for point in on)

    starts = [section.start_s for section in use.sections]
    above = [*use.drops, *starts]
    phrases, bars = strengths(use.phrase_starts, above), strengths(use.downbeats, [*above, *use.phrase_starts])
    beats = strengths(use.beats, [*above, *use.downbeats])
    assert phrases and len(bars) > 5 and len(beats) > 20
    for kind in (phrases, bars, beats):
        assert all(a[1] < b[1] for a, b in zip(kind, kind[1:]) if a[0] < b[0]), "the harder hit, the stronger"
    assert max(beats)[1] < min(one for _, one in bars) and max(one for _, one in bars) < min(one for _, one in phrases) < 0.8


def test_loud_music_asks_for_shorter_shots() -> None:
    profile = neutral_profile()
    assert target_beats(profile, 0.95, 120) < target_beats(profile, 0.6, 120) < target_beats(profile, 0.2, 120)
    assert target_beats(profile, 0.6, 70) < target_beats(profile, 0.6, 120) < target_beats(profile, 0.6, 170)


def test_the_window_puts_the_drop_into_the_edit() -> None:
    song = factories.song_analysis(duration_s=120)  # the drop is at 60 s
    window = choose_song_window(song, factories.brief())
    assert 0.15 * 30 <= 60 - window.start_s <= 0.6 * 30
    assert any("drop" in reason for reason in window.reasons)
    assert any(abs(window.start_s - beat) < 1e-6 for beat in song.beats)


def test_no_window_opens_on_a_silence() -> None:
    energy = tuple(0.02 if k < 25 else 0.8 for k in range(600))
    song = factories.song_analysis(duration_s=60, energy=energy, drops=(), sections=())
    assert choose_song_window(song, factories.brief()).start_s >= 1.5
    whole = factories.song_analysis(duration_s=30.1, energy=energy[:301], drops=(), sections=())
    assert choose_song_window(whole, factories.brief()).start_s < 0.6, "where nothing else fits it has to"


def test_asked_for_starts_and_loops() -> None:
    song = factories.song_analysis(duration_s=20)
    assert choose_song_window(song, factories.brief(duration_frames=300, song_start_s=3.25)).start_s == 3.25
    for start in (-1.0, 20.0, 50.0):
        with pytest.raises(SongError) as caught:
            choose_song_window(song, factories.brief(duration_frames=300, song_start_s=start))
        assert caught.value.code == "song_start_outside"
    brief = factories.brief(duration_frames=1500, song_loop=True)
    window = choose_song_window(song, brief)
    assert window.joins and window.start_s in song.downbeats
    use = song_use(factories.song_media(), song, window, brief)
    gaps = np.diff(use.beats)
    assert gaps == pytest.approx(0.5, abs=1e-3), "the pulse goes on across the joins"
    assert use.beats[-1] < 50


def test_two_stretches_of_a_song_meet_at_phrases_where_that_is_allowed() -> None:
    phrases = (*map(float, range(0, 41, 8)), *map(float, range(44, 180, 8)))
    song = factories.song_analysis(duration_s=180, phrase_starts=phrases, drops=(124.0,))
    plain = choose_song_window(song, factories.brief(duration_frames=600))
    assert not plain.joins
    brief = factories.brief(duration_frames=600, song_join=True)
    window = choose_song_window(song, brief)
    assert len(window.joins) == 1 and window.start_s in phrases
    enter = window.goes_on[0]
    assert min(abs(enter - time) for time in phrases) <= 0.011 and enter > window.start_s + window.joins[0]
    end = enter + 20.0 - window.joins[0]
    assert any(-1e-3 <= end - time <= 2.5 for time in phrases), "a phrase ends under the fade"
    assert any("bar line" in reason for reason in window.reasons)
    use = song_use(factories.song_media(), song, window, brief)
    assert np.diff(use.beats) == pytest.approx(0.5, abs=1e-3), "the pulse goes on across the join"
    assert use.loop_to_s == window.goes_on and len(use.accents) == len(use.beats) and use.phrase_starts
    assert use.pieces(20.0)[-1] == pytest.approx((window.joins[0], 20.0, enter))
    begun = choose_song_window(song, factories.brief(duration_frames=600, song_join=True, song_start_s=16.0))
    assert begun.start_s == 16.0


def test_the_fade_runs_over_what_follows_the_last_phrase() -> None:
    song = factories.song_analysis(duration_s=60, phrase_starts=tuple(float(time) for time in range(0, 60, 8)), drops=())
    window = choose_song_window(song, factories.brief(duration_frames=510, song_start_s=0.0))  # 17 s: a second after a phrase
    assert window.fade_out_s == pytest.approx(1.0) and any("phrase's end" in reason for reason in window.reasons)


def test_song_use_is_in_edit_time() -> None:
    song = factories.song_analysis(duration_s=60)
    brief = factories.brief(duration_frames=300, song_start_s=10.25)
    use = song_use(factories.song_media(), song, choose_song_window(song, brief), brief)
    assert use.beats[0] == pytest.approx(0.25) and use.source_start_s == 10.25
    assert set(use.downbeats) <= set(use.beats)
    assert use.sections[0].start_s == 0 and use.sections[-1].end_s == pytest.approx(10.0)
    assert len(use.energy_curve) == pytest.approx(10 * use.energy_rate_hz, abs=1)


# --- crops and words --------------------------------------------------------------------------------------------------


@given(
    width=st.integers(100, 4000),
    height=st.integers(100, 4000),
    target=st.sampled_from([(1080, 1920), (1920, 1080), (1080, 1080)]),
    centre=st.tuples(st.floats(0, 1), st.floats(0, 1)),
)
def test_cover_crops_fill_the_frame_and_stay_inside(width: int, height: int, target: tuple[int, int], centre: tuple[float, float]) -> None:
    key = cover_crop(width, height, *target, centre)
    assert key.x >= 0 and key.y >= 0 and key.x + key.width <= 1 + 1e-5 and key.y + key.height <= 1 + 1e-5
    assert key.width * width / (key.height * height) == pytest.approx(target[0] / target[1], rel=1e-3)
    assert max(key.width, key.height) == pytest.approx(1.0)


def crop_over(*subjects: Subject) -> tuple[float, float]:
    media = factories.media(1, stream=factories.video(rotation=0))
    key = crop_for(media, factories.clip_analysis(media, subjects=subjects, faces=()), FrameSpan(0, 60), 1080, 1920)[0]
    return key.x, key.x + key.width


def test_crops_lie_over_one_subject_and_not_between_two() -> None:
    left, right = Subject(0, Box(0.05, 0.2, 0.15, 0.7), 0.6), Subject(10, Box(0.75, 0.2, 0.15, 0.7), 0.6)
    start, end = crop_over(left, right)
    assert (start <= 0.05 and end >= 0.2) or (start <= 0.75 and end >= 0.9)
    assert crop_over() == crop_over(Subject(0, Box(0.0, 0.0, 0.1, 0.1), 0.2)) == pytest.approx((0.342, 0.658), abs=0.001)
    assert crop_over(Subject(5000, Box(0.0, 0.0, 0.1, 0.5), 0.9)) == crop_over(), "what is elsewhere in the clip does not count"


def test_of_what_is_taller_than_the_frame_the_head_is_kept() -> None:
    media = factories.media(1, stream=factories.video(rotation=90))
    body = Subject(0, Box(0.3, 0.1, 0.4, 0.8), 0.6)
    key = crop_for(media, factories.clip_analysis(media, subjects=(body,), faces=()), FrameSpan(0, 60), 1920, 1080)[0]
    assert key.y <= 0.1 < key.y + key.height / 2


def test_heads_keep_clear_of_all_four_margins() -> None:
    beside = walking([0.06] * 5, y=0.1)[0]
    assert beside.x == 0.0, "at the very edge there is nothing to be had"
    start, end = (0.40, 0.48)
    left = walking([start] * 5, y=0.1)[0]
    area = max(SAFE_AREAS.values(), key=lambda one: one.left)
    assert left.x + left.width * area.left <= start and left.x + left.width >= end
    tall = factories.media(1, stream=factories.video(rotation=90, stored_width=2400, stored_height=1080))
    face = Face(0, Box(0.4, 0.05, 0.2, 0.09))
    facts = factories.clip_analysis(tall, subjects=(Subject(0, face.box, 0.9),), faces=(face,))
    high = crop_for(tall, facts, FrameSpan(0, 60), 1080, 1350, FrameRate(30), 60)[0]
    assert high.y == 0.0, "a head near the top edge keeps all the room there is above it"


def walking(places: list[float], y: float = 0.2) -> list[CropKey]:
    """Crop keys of four seconds in which a face is seen at these places, one a second."""
    media = factories.media(1, stream=factories.video(rotation=0))
    faces = tuple(Face(30 * k, Box(x, y, 0.08, 0.16)) for k, x in enumerate(places))
    subjects = tuple(Subject(face.frame, face.box, 0.9) for face in faces)
    facts = factories.clip_analysis(media, subjects=subjects, faces=faces)
    return list(crop_for(media, facts, FrameSpan(0, 120), 1080, 1920, FrameRate(30), 120))


def test_a_crop_stands_still_where_it_can_and_else_follows_the_head_calmly() -> None:
    assert len(walking([0.5, 0.52, 0.49, 0.51, 0.5])) == 1, "a head that sways needs no moving frame"
    keys = walking([0.1, 0.25, 0.4, 0.55, 0.7])
    assert len(keys) > 5
    for key in keys:
        head = 0.1 + 0.15 * key.frame / 30
        assert key.x <= head + 0.01 and key.x + key.width >= head + 0.07, "the head stays in the frame"
    speeds = [(b.x - a.x) * 30 / (b.frame - a.frame) for a, b in zip(keys, keys[1:])]
    assert max(map(abs, speeds)) <= MOST_SPEED + 1e-6
    assert max(abs(b - a) for a, b in zip(speeds, speeds[1:-1])) * 5 <= MOST_ACCELERATION + 1e-6


def test_heads_keep_clear_of_the_column_of_buttons() -> None:
    clear, beside = walking([0.9] * 5, y=0.1)[0], walking([0.62, 0.62, 0.62, 0.62, 0.62], y=0.6)[0]
    assert clear.x + clear.width == pytest.approx(1.0)
    column = max(area.right for area in SAFE_AREAS.values())
    assert beside.x + beside.width * (1 - column) >= 0.62 + 0.08


def test_a_crop_does_not_go_over_to_somebody_else_who_is_seen_longer() -> None:
    """Two people too far apart for one frame; the larger one's face is lost early on, the other's never."""
    media = factories.media(1, stream=factories.video(rotation=0))
    stays = [Face(8 * k, Box(0.14, 0.4, 0.09, 0.16), "frontal", 1.0) for k in range(16)]
    turns_away = [Face(8 * k, Box(0.42, 0.4, 0.1, 0.18), "frontal", 1.0) for k in range(5)]
    facts = factories.clip_analysis(media, faces=(*stays, *turns_away))
    keys = crop_for(media, facts, FrameSpan(0, 120), 1080, 1920, FrameRate(30), 120)
    assert all(key.x <= 0.14 and key.x + key.width >= 0.23 for key in keys)
