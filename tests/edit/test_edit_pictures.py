"""What is to be seen counts: subjects in the edit's frame, sets shown again, neighbours that look alike, the person a crop follows."""

from __future__ import annotations

import dataclasses

import factories
import numpy as np
import pytest
import test_edit_laws as laws

from engine.edit.footage import ClipInput
from engine.edit.grid import DOWNBEAT, cut_grid
from engine.edit.likeness import likeness
from engine.edit.moments import MomentTable
from engine.edit.reframe import crop_for
from engine.edit.sight import Sight
from engine.model.analysis import Box, ClipGroup, Curve, Face, Prints, Subject
from engine.model.style import MomentPreferences
from engine.model.time import FrameRate, FrameSpan
from engine.model.timeline import Timeline

RATE = FrameRate(30)
TALL = (1080, 1920)


def seen_clip(subjects: tuple[Subject, ...] = (), faces: tuple[Face, ...] = (), number: int = 1) -> ClipInput:
    """Ten even seconds of a wide picture in which only these are to be seen."""
    media = factories.media(number, stream=factories.video(duration_frames=300, rotation=0))
    flat = {name: Curve(np.full(300, value, np.float32)) for name, value in (("quality", 0.9), ("motion", 0.2), ("shake", 0.0))}
    return ClipInput(media, factories.clip_analysis(media, subjects=subjects, faces=faces, curves=flat))


def at(second: int, x: float, confidence: float = 0.45) -> Subject:
    return Subject(30 * second, Box(x, 0.3, 0.2, 0.5), confidence)


def test_a_moment_lies_where_something_is_to_be_seen() -> None:
    clip = seen_clip(tuple(at(second, 0.6) for second in range(6, 9)))
    moment = MomentTable(clip, RATE, MomentPreferences(), shape=TALL).best(60)
    assert moment is not None and moment.start_frame >= 30 * 5.3 and moment.start_frame + 60 <= 30 * 8.7


def test_what_the_frame_would_cut_through_is_worth_less_than_what_it_holds() -> None:
    """Until the fifth second two people stand too far apart for a tall frame and one walks through its border; then one stands alone."""
    crossing = [Face(30 * second, Box(0.30 + 0.02 * k, 0.3, 0.16, 0.2)) for second in range(5) for k in (0, 4, 8, 12)]
    alone = [Face(30 * second, Box(0.45, 0.3, 0.1, 0.2)) for second in range(5, 10)]
    sight = Sight(seen_clip(faces=(*crossing, *alone)), TALL)
    crowd, one = (float(sight.best(np.array([start]), 90)[0]) for start in (0, 180))
    assert one == pytest.approx(1.0) and crowd < one - 0.2
    assert float(Sight(seen_clip(), TALL).best(np.array([0]), 90)[0]) == 0.0
    wide = Sight(seen_clip(faces=(*crossing, *alone)), None)
    assert float(wide.best(np.array([0]), 90)[0]) == pytest.approx(1.0), "the whole picture cuts nobody"


def test_the_crop_follows_who_is_there_throughout_and_not_who_passes_by() -> None:
    stays = [Face(30 * second, Box(0.2, 0.35, 0.1, 0.2)) for second in range(10)]
    passes = [Face(30 * second, Box(0.8, 0.2, 0.15, 0.4)) for second in (1, 6)]
    clip = seen_clip(faces=tuple(sorted([*stays, *passes], key=lambda face: face.frame)))
    keys = crop_for(clip.media, clip.analysis, FrameSpan(60, 150), *TALL, RATE, 90)
    assert all(key.x <= 0.2 and key.x + key.width >= 0.3 for key in keys)


def groups_of(clips: list[ClipInput]) -> tuple[ClipGroup, ...]:
    """Every other clip is a take of one set."""
    ids = tuple(one.media.media_id for one in clips[::2])
    return (ClipGroup("take", ids, ids[0]),)


def share_of_set(timeline: Timeline, groups: tuple[ClipGroup, ...]) -> float:
    return float(np.mean([one.media_id in groups[0].members for one in timeline.clips]))


def test_a_set_shown_again_costs_and_most_where_nobody_is_in_it() -> None:
    def shoot(**fields: object) -> list[ClipInput]:
        return [laws.clip(number, **fields) for number in range(1, 41)]

    brief = factories.brief(duration_frames=300)
    clips = shoot()
    groups = groups_of(clips)
    plain = laws.edit(clips, dataclasses.replace(brief, without=("novelty", "same_take")), groups=groups)
    fresh = laws.edit(clips, brief, groups=groups)
    empty = laws.edit(shoot(faces=(), bodies=()), brief, groups=groups)
    assert share_of_set(fresh, groups) < share_of_set(plain, groups)
    assert sum(one.media_id in groups[0].members for one in empty.clips) <= 1
    costs = [one.decision.parts.get("novelty", 0.0) for one in fresh.clips if one.decision and one.media_id in groups[0].members]
    assert len(costs) < 2 or all(cost < 0 for cost in costs), "each of them is one too many"
    assert all("novelty" not in one.decision.parts for one in empty.clips if one.decision), "the first of a set pays nothing"


def test_a_shoot_in_one_place_is_cut_as_quickly_as_any_other() -> None:
    clips = [laws.clip(number, palette=((90, 90, 90, 1.0),)) for number in range(1, 31)]
    ids = tuple(one.media.media_id for one in clips)
    brief = factories.brief(duration_frames=300)
    apart, together = (laws.edit(clips, brief, groups=groups) for groups in ((), (ClipGroup("take", ids, ids[0]),)))
    assert len(apart.clips) == len(together.clips) > 5
    assert [one.media_id for one in apart.clips] == [one.media_id for one in together.clips]


def test_likeness_tells_the_same_picture_from_the_same_colours() -> None:
    chance = np.random.default_rng(3)
    layouts = [chance.integers(0, 255, (18, 32)).astype(np.uint8) for _ in range(3)]
    palettes = [((200, 30, 40, 1.0),), ((20, 30, 200, 1.0),)]

    def facts(number: int, layout: int, palette: int) -> object:
        prints = Prints(np.stack([layouts[layout]] * 3))
        return factories.clip_analysis(factories.media(number), prints=prints, palette=palettes[palette])

    alike = likeness([facts(1, 0, 0), facts(2, 0, 0), facts(3, 1, 0), facts(4, 2, 1)])  # type: ignore[list-item]
    assert alike[0, 1] == pytest.approx(1.0) and alike[0, 1] > alike[0, 2] + 0.2 > alike[0, 3] + 0.2
    assert np.allclose(alike, alike.T) and alike.min() >= 0.0 and alike.max() <= 1.0 + 1e-9


def test_quick_music_is_cut_on_the_beats_that_are_felt() -> None:
    song = factories.song_analysis(bpm=176, duration_s=60)
    timeline = laws.edit(laws.shoot(30), factories.brief(duration_frames=450), song)
    assert timeline.song is not None
    bars = [timeline.rate.frames(beat) for beat in timeline.song.downbeats]
    felt = {timeline.rate.frames(beat) for beat in timeline.song.beats[::2]}
    assert bars[0] in felt and len(timeline.cut_frames) > 5
    assert set(timeline.cut_frames) <= felt, "never on the odd beats, where nothing forces it"
    slow = laws.edit(laws.shoot(30), factories.brief(duration_frames=450), factories.song_analysis(bpm=100, duration_s=60))
    assert slow.song is not None and set(slow.cut_frames) - {slow.rate.frames(beat) for beat in slow.song.beats[::2]}


@pytest.mark.parametrize(("size", "weak"), [(3, 2), (4, 2), (6, 3)])
def test_bars_of_any_size_have_their_felt_beats(size: int, weak: int) -> None:
    beats = tuple(0.333 * k for k in range(48))
    use = factories.song_use(16.0, bpm=180.0, beats=beats, downbeats=beats[::size], sections=(), drops=())
    points = cut_grid(use, RATE, RATE.frames(15.5)).points[4:-1]
    bar = points[[point.beat % size == 0 for point in points if point.beat is not None].index(True) :][:size]
    assert bar[0].strength >= DOWNBEAT and sum(point.strength < 0.1 for point in bar) == weak
