"""Clips that belong together, and what their sound tells."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import factories
import numpy as np

from engine.analysis import sound
from engine.analysis.cameras import overlap_by_sound
from engine.analysis.groups import group_clips
from engine.media.decode import audio
from engine.model.analysis import ClipAnalysis, Curve
from engine.model.media import Media
from engine.model.time import FrameRate


def heard(number: int, claps: np.ndarray, start: int, count: int, noise: float) -> ClipAnalysis:
    """A clip that heard claps (one value per frame in each band) from frame `start` on, through a noisy microphone."""
    chance = np.random.default_rng(number)
    curves = {}
    for band, name in enumerate(("sound_low", "sound_mid", "sound_high")):
        values = claps[band, start : start + count] + chance.normal(0, noise, count)
        curves[name] = Curve(np.clip(values, 0, 1).astype(np.float32))
    base = factories.clip_analysis(factories.media(number), seed=number)
    palette = ((10 * number, 255 - 20 * number, 128, 1.0),)
    return dataclasses.replace(base, curves={**base.curves, **curves}, duration_frames=count, palette=palette)


def test_cameras_of_one_moment_are_recognised_by_what_they_heard() -> None:
    chance = np.random.default_rng(3)
    claps = (chance.random((3, 600)) > 0.93) * chance.uniform(0.4, 1.0, (3, 600))
    other = (chance.random((3, 600)) > 0.93) * chance.uniform(0.4, 1.0, (3, 600))
    a, b, c = heard(1, claps, 0, 300, 0.1), heard(2, claps, 90, 300, 0.1), heard(3, other, 0, 300, 0.1)
    found = overlap_by_sound(a, b)
    assert found is not None and abs(found[0] - 3.0) < 0.05, "b begins three seconds later"
    assert overlap_by_sound(a, c) is None and overlap_by_sound(b, c) is None
    groups = [group for group in group_clips({one.media_id: one for one in (a, b, c)}) if group.kind == "moment"]
    assert [set(group.members) for group in groups] == [{a.media_id, b.media_id}] and groups[0].confidence > 0.5


def test_cameras_of_one_moment_are_recognised_by_their_clocks() -> None:
    media = [
        factories.media(k, created=f"2025-01-14T09:00:{second:02d}Z", camera=name)
        for k, (second, name) in enumerate(((0, "Phone"), (2, "Camera"), (2, "Phone"), (40, "Camera")))
    ]
    facts = {one.media_id: factories.clip_analysis(one, seed=k) for k, one in enumerate(media)}
    groups = [group for group in group_clips(facts, {one.media_id: one for one in media}) if group.kind == "moment"]
    assert any({media[0].media_id, media[1].media_id} <= set(group.members) for group in groups)
    assert all(media[3].media_id not in group.members for group in groups)


def test_cameras_of_one_moment_are_recognised_by_locked_timecodes() -> None:
    def take(number: int, folder: str, start_s: float, **fields: object) -> Media:
        stream = factories.video(has_timecode=True, start_frame=round(start_s * 30))
        return factories.media(number, stream=stream, path=f"/shoot/{folder}/{number}.mp4", camera=None, created=None, **fields)

    media = [take(1, "a", 36_000), take(2, "b", 36_004), take(3, "b", 36_100), take(4, "c", 0), take(5, "d", 0)]
    facts = {one.media_id: factories.clip_analysis(one, seed=k) for k, one in enumerate(media)}
    groups = [group for group in group_clips(facts, {one.media_id: one for one in media}) if group.kind == "moment"]
    assert [group.members for group in groups] == [(media[0].media_id, media[1].media_id)]
    assert groups[0].confidence > 0.8


def test_a_copy_at_another_rate_is_the_same_clip_to_its_end() -> None:
    """Two minutes at 30 and at 24 frames per second: sampled by counted frames the copies would drift apart by five seconds."""
    chance = np.random.default_rng(8)
    bits, amounts = chance.integers(0, 2**63, 600, np.uint64), chance.random(600)
    facts = {}
    for name, fps in (("whole", 30), ("converted", 24)):
        at = np.minimum((np.arange(120 * fps) / fps / 0.2 + 0.5).astype(int), 599)
        base = factories.clip_analysis(factories.media(fps), seed=1)
        facts[name] = dataclasses.replace(
            base, media_id=name, rate=FrameRate(fps), duration_frames=len(at), signatures=bits[at], signature_step_frames=1,
            curves={**base.curves, "motion": Curve(amounts[at].astype(np.float32))},
        )  # fmt: skip
    assert [group.members for group in group_clips(facts) if group.kind == "near_duplicate"] == [("converted", "whole")]


def test_what_clip_sees_parts_looks_and_finds_cropped_copies() -> None:
    chance = np.random.default_rng(5)
    base = chance.normal(0, 1, 32)
    grey = ((120, 120, 120, 1.0),)
    facts, vectors = {}, {}
    for k in range(6):
        facts[f"m{k}"] = dataclasses.replace(factories.clip_analysis(factories.media(k), seed=k), media_id=f"m{k}", palette=grey)
        own = base + 2 * (chance.normal(0, 1, 32) if k != 1 else np.zeros(32))
        vectors[f"m{k}"] = own
    vectors["m1"] = vectors["m0"] + 0.02 * chance.normal(0, 1, 32)
    facts["m1"] = dataclasses.replace(facts["m1"], curves=facts["m0"].curves)
    unit = {one: np.asarray(vector / np.linalg.norm(vector), np.float32) for one, vector in vectors.items()}
    plain, seen = group_clips(facts), group_clips(facts, {}, unit)
    assert [len(group.members) for group in plain if group.kind == "look"] == [6], "by colour alone all are one"
    looks = [group.members for group in seen if group.kind == "look"]
    assert ("m0", "m1") in looks and all(len(members) < 4 for members in looks)
    assert ("m0", "m1") in [group.members for group in seen if group.kind == "near_duplicate"]


def test_looks_go_by_colour_and_by_what_a_person_calls_them() -> None:
    red, blue = ((200, 30, 30, 0.6), (30, 30, 30, 0.4)), ((20, 40, 220, 0.6), (230, 230, 230, 0.4))
    facts = {}
    for k, palette in enumerate((red, red, blue, blue, blue)):
        one = factories.clip_analysis(factories.media(k), seed=k, palette=palette)
        facts[one.media_id] = dataclasses.replace(one, said_look="pool" if k == 4 else None)
    looks = {frozenset(int(one[1:], 16) for one in group.members): group for group in group_clips(facts) if group.kind == "look"}
    assert set(looks) == {frozenset({0, 1}), frozenset({2, 3}), frozenset({4})}
    assert looks[frozenset({4})].confidence == 1.0 and looks[frozenset({0, 1})].confidence > 0.9


def test_loudness_is_that_of_the_standard() -> None:
    """ITU-R BS.1770-4: a sine of 997 Hz at full scale in one channel has -3.01 LKFS."""
    at = np.arange(16_000 * 3) / 16_000
    tone = np.sin(2 * np.pi * 997 * at).astype(np.float32)
    assert abs(sound.loudness_of(tone, 16_000) + 3.01) < 0.1  # type: ignore[operator]
    assert abs(sound.loudness_of(tone * 0.1, 16_000) + 23.01) < 0.1  # type: ignore[operator]
    assert sound.loudness_of(tone * 0, 16_000) is None
    both = np.stack([tone, tone])
    assert abs(sound.loudness_of(both, 16_000)) < 0.1, "powers of channels add up"  # type: ignore[arg-type]


def test_speech_is_told_from_music_and_noise(real_media: Path) -> None:
    chance = np.random.default_rng(1)
    names = ("speech/librispeech_3436-172162-0000.ogg", "speech/ami_dev00.wav", "songs/cluecards_lobby.mp3")
    first, second, music = (sound.speech_of(audio(real_media / name, sound.RATE_HZ, end_s=20)) for name in names)
    assert first > 0.8 and second > 0.8 and music < 0.5
    assert sound.speech_of(chance.normal(0, 0.1, 160_000).astype(np.float32)) < 0.5


def test_the_best_of_a_group_is_one_that_a_shot_can_be_made_of() -> None:
    base = factories.clip_analysis(factories.media(1), seed=1)
    snippet = dataclasses.replace(base, media_id=factories.media(2).media_id, duration_frames=3, visual_quality=1.0)
    barred = dataclasses.replace(base, media_id=factories.media(3).media_id, visual_quality=0.99, said_usable=False)
    usual = dataclasses.replace(base, visual_quality=0.5)
    looks = [one for one in group_clips({one.media_id: one for one in (snippet, barred, usual)}) if one.kind == "look"]
    assert [one.best for one in looks] == [usual.media_id] and len(looks[0].members) == 3


def test_the_best_of_copies_is_the_whole_recording() -> None:
    """A cut and small copy shows the steadier part, a copy that lost its end as much again: neither has what the whole has not."""
    large, small = factories.video(stored_width=1920, stored_height=1080), factories.video(stored_width=960, stored_height=540)
    files = [
        factories.media(1, stream=large),
        *(factories.media(number, stream=small) for number in (2, 3)),
        factories.media(4, stream=large),
    ]
    base = factories.clip_analysis(files[0], seed=1)
    whole, cut, lower, damaged = (dataclasses.replace(base, media_id=one.media_id) for one in files)
    half = base.duration_frames // 2
    table = {
        whole.media_id: dataclasses.replace(whole, visual_quality=0.91),
        cut.media_id: dataclasses.replace(cut, visual_quality=0.95, duration_frames=half),
        lower.media_id: dataclasses.replace(lower, visual_quality=0.92),
        damaged.media_id: dataclasses.replace(damaged, visual_quality=0.92, duration_frames=half),
    }
    found = [one for one in group_clips(table, {one.media_id: one for one in files}) if one.kind == "near_duplicate"]
    assert [one.best for one in found] == [whole.media_id] and len(found[0].members) == 4
    table[whole.media_id] = dataclasses.replace(whole, visual_quality=0.6)
    found = [one for one in group_clips(table, {one.media_id: one for one in files}) if one.kind == "near_duplicate"]
    assert [one.best for one in found] != [whole.media_id], "one that came out clearly worse is not the one to use"
