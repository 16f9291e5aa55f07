"""Facts of clips against films whose truth is known: camera moves, cuts, focus, light, colour, likeness."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import factories
import footage
import numpy as np
import pytest
from numpy.typing import NDArray

from engine.analysis import colour, framing, quality, shots
from engine.analysis.clip import AnalysisOptions, analyse_clip
from engine.analysis.groups import group_clips
from engine.analysis.saliency import salient_box
from engine.edit.footage import ClipInput, Verdict, judge
from engine.errors import Cancelled
from engine.media.encode import write_video
from engine.media.probe import probe
from engine.model import documents
from engine.model.analysis import Box, ClipAnalysis, Face
from engine.model.style import QualityThresholds
from engine.model.time import FrameRate
from engine.progress import CallbackProgress

Picture = NDArray[np.uint8]
View = Callable[[float], tuple[float, float, float]]


def scene(seed: int, width: int = 960, height: int = 540) -> Picture:
    """A place full of things: overlapping boxes of every size and colour."""
    chance = np.random.default_rng(seed)
    picture = np.full((height, width, 3), chance.integers(90, 160, 3), np.uint8)
    for _ in range(160):
        w, h = (int(value) for value in chance.integers(8, 90, 2))
        x, y = int(chance.integers(0, width - w)), int(chance.integers(0, height - h))
        picture[y : y + h, x : x + w] = chance.integers(30, 225, 3)
    return picture


def filmed(path: Path, view: View, seconds: float = 2.0, seed: int = 1, **options: object) -> ClipAnalysis:
    """A camera over a scene. view : seconds -> (x, y, width) of what it sees, in pixels of the scene."""
    import cv2

    place = cv2.GaussianBlur(scene(seed), (0, 0), 0.8)

    def pictures() -> list[Picture]:
        made = []
        for k in range(round(seconds * 30)):
            x, y, width = view(k / 30)
            matrix = np.float32([[320 / width, 0, -x * 320 / width], [0, 320 / width, -y * 320 / width]])
            made.append(np.asarray(cv2.warpAffine(place, matrix, (320, 180), flags=cv2.INTER_LINEAR), np.uint8))
        return made

    write_video(path, pictures(), FrameRate(30), (320, 180))
    return analyse_clip(probe(path), AnalysisOptions(**options))  # type: ignore[arg-type]


def still(_time: float) -> tuple[float, float, float]:
    return 300.0, 150.0, 320.0


# --- camera -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("view", "kind"),
    [
        (still, "static"),
        (lambda t: (200 + 60 * t, 150, 320), "slow_pan"),
        (lambda t: (20 + 260 * t, 150, 320), "fast_pan"),
        (lambda t: (300 + 40 * t, 150 + 22 * t, 320 - 80 * t), "zoom_in"),
        (lambda t: (330 - 60 * t, 190 - 34 * t, 200 + 120 * t), "zoom_out"),
        (lambda t: (300 + 3 * np.sin(31 * t) + 2 * np.sin(47 * t), 150 + 3 * np.cos(37 * t), 320), "handheld"),
    ],
    ids=["static", "slow_pan", "fast_pan", "zoom_in", "zoom_out", "handheld"],
)
def test_camera_moves_are_told_apart(tmp_path: Path, view: View, kind: str) -> None:
    facts = filmed(tmp_path / "a.mp4", view)
    assert facts.likely_motion == kind, facts.motion
    assert sum(facts.motion.values()) == pytest.approx(1)


def test_pan_tilt_and_zoom_have_sign_and_amount(tmp_path: Path) -> None:
    pan = filmed(tmp_path / "a.mp4", lambda t: (200 + 96 * t, 150, 320)).camera["pan"]
    back = filmed(tmp_path / "b.mp4", lambda t: (500 - 96 * t, 150, 320)).camera["pan"]
    assert pan == pytest.approx(0.3, rel=0.15) and back == pytest.approx(-0.3, rel=0.15), "shares of the width per second"
    tilt = filmed(tmp_path / "c.mp4", lambda t: (300, 100 + 54 * t, 320)).camera["tilt"]
    assert tilt == pytest.approx(0.3, rel=0.15)
    zoom = filmed(tmp_path / "d.mp4", lambda t: (300 + 16 * t, 150 + 9 * t, 320 * 0.9**t)).camera["zoom"]
    assert zoom == pytest.approx(1 / 0.9 - 1, rel=0.3)


def test_shake_grows_with_the_trembling(tmp_path: Path) -> None:
    def tremble(amount: float) -> View:
        return lambda t: (300 + amount * np.sin(41 * t), 150 + amount * np.cos(35 * t), 320)

    shakes = [filmed(tmp_path / f"{k}.mp4", tremble(k)).shake_per_height for k in (0, 2, 6)]
    assert shakes[0] < 0.0008 < shakes[1] < shakes[2]


def test_things_that_move_are_not_the_camera(tmp_path: Path) -> None:
    place = scene(4, 320, 180)

    def pictures() -> list[Picture]:
        made = []
        for k in range(60):
            picture = place.copy()
            x = 20 + 4 * k
            picture[60:130, x : x + 40] = (230, 60, 50)
            made.append(picture)
        return made

    write_video(tmp_path / "a.mp4", pictures(), FrameRate(30), (320, 180))
    facts = analyse_clip(probe(tmp_path / "a.mp4"))
    assert facts.likely_motion == "static"
    assert facts.motion_intensity > 0.05
    movers = [one for one in facts.subjects if one.confidence > 0.4]
    assert len(movers) >= 3
    for one in movers:
        x = (20 + 4 * one.frame + 20) / 320
        assert abs(one.box.centre[0] - x) < 0.1 and 0.3 < one.box.centre[1] < 0.75


# --- cuts -------------------------------------------------------------------------------------------------------------


def test_cuts_inside_a_clip_are_found_at_their_frame(tmp_path: Path) -> None:
    lengths, pictures = [17, 8, 31, 12], []
    for number, length in enumerate(lengths):
        place = scene(20 + number, 420, 180)
        pictures += [place[:, k : k + 320] for k in range(length)]
    write_video(tmp_path / "a.mp4", pictures, FrameRate(30), (320, 180))
    found = analyse_clip(probe(tmp_path / "a.mp4")).shots
    assert [shot.start_frame for shot in found] == [0, 17, 25, 56]
    assert found[-1].end_frame == 68


@pytest.mark.parametrize(("pace", "white"), [(24, 1), (0, 2), (3, 2), (1, 4)])
def test_flashes_and_fast_motion_are_no_cuts(tmp_path: Path, pace: int, white: int) -> None:
    place = scene(30, 1900, 180)
    pictures = [place[:, pace * k : pace * k + 320] for k in range(60)]
    pictures[40 : 40 + white] = [np.full((180, 320, 3), 250, np.uint8)] * white
    write_video(tmp_path / "a.mp4", pictures, FrameRate(30), (320, 180))
    assert len(analyse_clip(probe(tmp_path / "a.mp4")).shots) == 1


def test_a_cut_under_a_flash_stays_one(tmp_path: Path) -> None:
    one, other = scene(31, 700, 180), scene(32, 700, 180)
    pictures = [(one if k < 41 else other)[:, 3 * k : 3 * k + 320] for k in range(70)]
    pictures[40:42] = [np.full((180, 320, 3), 250, np.uint8)] * 2
    write_video(tmp_path / "a.mp4", pictures, FrameRate(30), (320, 180))
    found = analyse_clip(probe(tmp_path / "a.mp4")).shots
    assert len(found) == 2 and abs(found[1].start_frame - 41) <= 1 and found[1].begins_with == "flash"


@pytest.mark.slow
@pytest.mark.parametrize("name", ["big_buck_bunny_opening.webm", "big_buck_bunny_waking_hls360.ts"])
def test_hard_cuts_of_finished_films_are_found_and_none_is_invented(real_media: Path, name: str) -> None:
    """Hard cuts only: a slow tilt of one film is taken for a dissolve (docs/clip_analysis.md)."""
    path = real_media / "finished" / name
    table = path.with_name(f"{path.stem}.cuts.tsv").read_text(encoding="utf-8")
    rows = [line.split("\t") for line in table.splitlines() if line and line[0].isdigit()]
    hard = [int(row[0]) for row in rows if row[2] == "hard"]
    soft = [(int(row[0]), int(row[3].split("frame ")[1].split()[0])) for row in rows if row[2] != "hard"]
    allowed = [*((one, one) for one in hard), *soft]
    facts = analyse_clip(probe(path), AnalysisOptions(faces=False))
    found = [shot.start_frame for shot in facts.shots[1:] if shot.begins_with == "cut"]
    assert len(hard) >= 3
    assert all(any(abs(cut - one) <= 1 for one in found) for cut in hard)
    assert all(any(low - 1 <= cut <= high + 1 for low, high in allowed) for cut in found)


# --- light, focus, colour ---------------------------------------------------------------------------------------------


def test_blur_grows_and_quality_falls_with_defocus(tmp_path: Path) -> None:
    import cv2

    place = scene(2, 640, 360)
    facts = []
    for sigma in (0, 2, 5):
        picture = np.asarray(cv2.GaussianBlur(place, (0, 0), sigma), np.uint8) if sigma else place
        write_video(tmp_path / f"{sigma}.mp4", [picture] * 12, FrameRate(30), (640, 360))
        facts.append(analyse_clip(probe(tmp_path / f"{sigma}.mp4")))
    blurs = [one.blur for one in facts]
    assert blurs[0] < 0.1
    assert 0.3 < blurs[1] < blurs[2]
    assert facts[0].visual_quality > 0.8 > facts[1].visual_quality > facts[2].visual_quality


def test_a_sharp_subject_before_a_soft_background_is_sharp() -> None:
    import cv2

    soft = cv2.GaussianBlur(scene(3, 640, 360), (0, 0), 8)
    sharp = soft.copy()
    sharp[90:270, 220:420] = scene(5, 640, 360)[90:270, 220:420]
    effects = [
        quality.blur_share(quality.blur_effect(np.asarray(cv2.cvtColor(one, cv2.COLOR_RGB2GRAY), np.uint8))) for one in (soft, sharp)
    ]
    assert effects[0] > 0.6 and effects[1] < 0.3


@pytest.mark.parametrize(("level", "low", "high"), [(8, 0.0, 0.1), (128, 0.45, 0.55), (245, 0.9, 1.0)])
def test_exposure_is_mean_luma(tmp_path: Path, level: int, low: float, high: float) -> None:
    write_video(tmp_path / "a.mp4", [np.full((180, 320, 3), level, np.uint8)] * 6, FrameRate(30), (320, 180))
    assert low <= analyse_clip(probe(tmp_path / "a.mp4")).exposure <= high


def test_a_face_in_good_light_before_black_is_no_dark_clip(tmp_path: Path) -> None:
    def judged(width: int, height: int, light: float) -> tuple[ClipAnalysis, Verdict]:
        picture = np.zeros((180, 320, 3), np.uint8)
        picture[40 : 40 + height, 100 : 100 + width] = scene(3)[:height, :width] * light
        write_video(tmp_path / "a.mp4", [picture] * 20, FrameRate(30), (320, 180))
        media = probe(tmp_path / "a.mp4")
        facts = analyse_clip(media)
        return facts, judge(ClipInput(media, facts), QualityThresholds())

    facts, verdict = judged(100, 120, 1.0)
    assert verdict.usable and facts.exposure < 0.2 and facts.lit is not None and 0.4 < facts.lit < 0.6
    assert judged(100, 120, 0.35)[1].reason == "too dark"
    assert judged(40, 40, 1.0)[1].reason in ("black", "too dark")  # lamps in the night


def test_exposure_score_and_flicker() -> None:
    assert quality.exposure_score(0.5) == 1 and quality.exposure_score(0.05) < 0.3 and quality.exposure_score(0.99) < 0.1
    steady = np.linspace(0.4, 0.6, 60).astype(np.float32)
    assert quality.flicker_of(steady) == 0
    assert quality.flicker_of(steady + 0.03 * (-1) ** np.arange(60).astype(np.float32)) > 0.5


def test_colour_variance_and_palette() -> None:
    gray = np.full((90, 160, 3), 120, np.uint8)
    assert colour.colour_variance(gray) < 0.02
    assert colour.colour_variance(scene(1, 160, 90)) > 0.3
    halves = gray.copy()
    halves[:, :40] = (220, 20, 30)
    table = colour.palette([halves])
    assert table[0][3] == pytest.approx(0.75, abs=0.05) and np.allclose(table[0][:3], 120, atol=6)
    assert any(np.allclose(row[:3], (220, 20, 30), atol=8) for row in table)
    assert colour.palette([]) == ()


# --- framing ----------------------------------------------------------------------------------------------------------


def face(height: float, pose: str = "frontal", frame: int = 0) -> Face:
    return Face(frame, Box(0.4, 0.2, height * 0.5, height), pose, 0.9)  # type: ignore[arg-type]


@pytest.mark.parametrize(("height", "kind"), [(0.45, "close_up"), (0.15, "medium"), (0.04, "wide")])
def test_shot_type_follows_the_size_of_the_face(height: float, kind: str) -> None:
    found = framing.framing([face(height, frame=k) for k in range(4)], 4, [], {}, "clip.mp4", None)
    assert max(found.shot_type, key=lambda name: found.shot_type[name]) == kind
    assert found.evidence["shot_type"] == ("face size",)
    for table in (found.shot_type, found.angle):
        assert sum(table.values()) == pytest.approx(1, abs=1e-4)


def test_angle_follows_the_pose_and_names_help() -> None:
    assert framing.framing([face(0.2, "profile")], 1, [], {}, "x.mp4", None).angle["side"] > 0.5
    assert framing.framing([face(0.2)], 1, [], {}, "x.mp4", None).angle["front"] > 0.5
    named = framing.framing([], 0, [], {}, "/shoot/overhead_cam_003.mp4", None)
    assert named.angle["overhead"] > 0.5 and named.evidence["angle"] == ("file name",)
    assert framing.name_evidence(r"D:\Side camera\wide 4.mov") == {"angle": "side", "shot_type": "wide"}
    assert framing.name_evidence("/a/front_or_side.mp4") == {}, "two that disagree say nothing"


def test_what_a_file_calls_its_camera_says_something_of_the_angle() -> None:
    assert framing.camera_evidence("Sony ILCE-7M3 Side cam") == ("side", framing.NAME_SURE)
    assert framing.camera_evidence("DJI FC3582") == ("overhead", framing.DRONE_SURE)
    assert framing.camera_evidence("Apple iPhone 15") is None
    found = framing.framing([], 4, [], {}, "/a/C0001.MP4", None, "Canon EOS R5 top")
    assert max(found.angle, key=lambda name: found.angle[name]) == "overhead" and found.evidence["angle"] == ("camera metadata",)
    named = framing.framing([], 4, [], {}, "/a/front_1.mp4", None, "Canon EOS R5 top")
    assert named.evidence["angle"] == ("file name",), "what stands in the file's name is nearer"


@pytest.mark.parametrize("zoom", [{}, {"zoom_in": 0.7}])
def test_names_said_later_weigh_as_much_as_at_once(zoom: dict[str, float]) -> None:
    faces = [face(0.12, frame=k) for k in range(3)]
    for path, camera in (("/a/side wide.mp4", None), ("/a/C1.mp4", "DJI FC3582"), ("/a/C1.mp4", None)):
        at_once = framing.framing(faces, 4, [], zoom, path, None, camera)
        bare = framing.framing(faces, 4, [], zoom, "", None)
        facts = factories.clip_analysis(
            factories.media(1), shot_type=bare.shot_type, angle=bare.angle, evidence=bare.evidence, motion=zoom or {"static": 1.0}
        )
        later = framing.with_names(facts, path, camera)
        assert later.angle == pytest.approx(at_once.angle, abs=1e-5) and later.shot_type == pytest.approx(at_once.shot_type, abs=1e-5)
        assert set(later.evidence["angle"]) == set(at_once.evidence["angle"])


def test_where_nothing_is_known_that_is_the_answer(tmp_path: Path) -> None:
    found = framing.framing([], 5, [], {}, "DSC0012.mp4", None)
    assert found.shot_type["unknown"] == found.angle["unknown"] == 1
    assert found.evidence == {"shot_type": ("nothing",), "angle": ("nothing",)}
    facts = filmed(tmp_path / "clip.mp4", still)
    assert facts.likely_angle == "unknown" and any("CLIP" in one for one in facts.missing)


def test_labels_take_the_place_of_what_was_measured() -> None:
    labelled = framing.apply_labels(factories.clip_analysis(), framing.Labels(angle="side", shot_type="wide"))
    assert (labelled.likely_angle, labelled.likely_shot_type) == ("side", "wide")
    assert labelled.evidence["angle"] == ("your label",)


def test_what_stands_out_is_found() -> None:
    picture = np.full((180, 320), 128, np.uint8)
    assert salient_box(picture) is None
    picture[60:130, 210:260] = scene(2)[100:170, 100:150, 1]
    found = salient_box(picture)
    assert found is not None
    x, y = found[0].centre
    assert 0.6 < x < 0.85 and 0.3 < y < 0.75


def test_real_faces_are_found_and_none_is_invented(real_media: Path) -> None:
    people = analyse_clip(probe(real_media / "raw" / "intel_asl_help.mkv"))
    assert len({one.frame for one in people.faces}) >= 1
    assert people.likely_shot_type == "medium" and people.likely_angle == "front"
    sea = analyse_clip(probe(real_media / "raw" / "mex_sea_540p.mp4"))
    assert not sea.faces


# --- the whole --------------------------------------------------------------------------------------------------------


def test_curves_have_a_value_per_frame_and_facts_are_finite(tmp_path: Path) -> None:
    facts = filmed(tmp_path / "a.mp4", lambda t: (200 + 60 * t, 150, 320), seconds=1.0)
    assert facts.duration_frames == 30
    for name in ("motion", "sharpness", "blur", "exposure", "shake", "quality"):
        curve = facts.curves[name]
        assert len(curve.values) * curve.step_frames == 30, name
        assert np.isfinite(curve.values).all() and curve.values.min() >= 0 and curve.values.max() <= 1
    assert len(facts.signatures) == 30
    documents.validate(documents.encode(facts))
    assert documents.unpack(documents.pack(facts)) == facts


def test_the_same_file_gives_the_same_facts(tmp_path: Path) -> None:
    first = filmed(tmp_path / "a.mp4", lambda t: (200 + 60 * t, 150, 320), seconds=0.7)
    assert analyse_clip(probe(tmp_path / "a.mp4")) == first


@pytest.mark.parametrize("frames", [1, 2, 3])
def test_very_short_clips(tmp_path: Path, frames: int) -> None:
    write_video(tmp_path / "a.mp4", [scene(1, 320, 180)] * frames, FrameRate(25), (320, 180))
    facts = analyse_clip(probe(tmp_path / "a.mp4"))
    assert facts.duration_frames == frames and len(facts.shots) == 1
    documents.validate(documents.encode(facts))


def test_variable_rates_keep_their_time(tmp_path: Path) -> None:
    media = probe(footage.variable_rate_video(tmp_path / "v.mp4", frames=60))
    facts = analyse_clip(media)
    assert media.video is not None
    assert facts.duration_frames == media.video.duration_frames == len(facts.curves["motion"].values)


def test_key_frames_only_is_a_rough_look_that_says_so(tmp_path: Path) -> None:
    media = probe(footage.lively_video(tmp_path / "a.mp4", 1, 2.0))
    quick, full = analyse_clip(media, AnalysisOptions(draft=True)), analyse_clip(media)
    assert any("key frames" in one for one in quick.missing) and not any("key frames" in one for one in full.missing)
    assert quick.exposure == pytest.approx(full.exposure, abs=0.03)
    assert quick.blur == pytest.approx(full.blur, abs=0.1)
    assert quick.options != full.options, "the cache must not take one for the other"


def test_work_stops_when_told_to(tmp_path: Path) -> None:
    media = probe(footage.lively_video(tmp_path / "a.mp4", 1, 1.0))
    with pytest.raises(Cancelled):
        analyse_clip(media, progress=CallbackProgress(lambda *_: None, lambda: True))


def test_dissolves_are_found_and_titles_over_a_picture_are_none(tmp_path: Path) -> None:
    a, b = scene(40, 420, 180), scene(41, 420, 180)
    pictures = [a[:, k // 4 : k // 4 + 320] for k in range(40)] + [b[:, k // 4 : k // 4 + 320] for k in range(40)]
    for k in range(14):
        share = (k + 1) / 15
        pictures[33 + k] = (a[:, 8:328] * (1 - share) + b[:, k // 4 : k // 4 + 320] * share).astype(np.uint8)
    for k in range(60, 80):
        pictures[k] = pictures[k].copy()
        pictures[k][70:100, 100:220] = pictures[k][70:100, 100:220] * (1 - min(1, (k - 59) / 10)) + 250 * min(1, (k - 59) / 10)
    write_video(tmp_path / "a.mp4", pictures, FrameRate(30), (320, 180))
    found = analyse_clip(probe(tmp_path / "a.mp4")).shots
    assert [shot.begins_with for shot in found] == ["start", "dissolve"]
    assert 33 <= found[1].start_frame <= 47


def test_cut_finding_is_a_function_of_what_was_seen() -> None:
    chance = np.random.default_rng(1)
    first, second = chance.random((2, 576)).astype(np.float32)
    prints = np.stack([first] * 20 + [second] * 20) + chance.normal(0, 0.005, (40, 576)).astype(np.float32)
    histograms = np.zeros((40, 80), np.float32)
    histograms[:20, 0] = histograms[20:, 5] = 1
    seen = shots.Seen(np.arange(40), prints, histograms, np.full(40, 0.5, np.float32))
    assert [shot.start_frame for shot in shots.find_shots(seen, 40)] == [0, 20]
    short = shots.Seen(seen.frames[:1], prints[:1], histograms[:1], seen.exposures[:1])
    assert shots.find_shots(short, 40)[0].end_frame == 40
    assert shots.histogram_distance(histograms[0], histograms[30]) == 1


# --- groups -----------------------------------------------------------------------------------------------------------


def test_copies_in_other_sizes_are_near_duplicates_and_others_are_not(tmp_path: Path) -> None:
    from engine.media import ffmpeg

    def wander(seed: int) -> View:
        chance = np.random.default_rng(seed)
        pace, sway = chance.uniform(20, 60), chance.uniform(20, 60)
        return lambda t: (250 + pace * t + sway * np.sin(2 * t + seed), 150 + sway * np.cos(3 * t), 320)

    facts = {}
    for seed in range(4):
        one = filmed(tmp_path / f"{seed}.mp4", wander(seed), seed=seed + 40, seconds=3)
        facts[one.media_id] = one
    first = next(iter(facts))
    small = tmp_path / "small.mp4"
    ffmpeg.run(["-i", f"file:{tmp_path / '0.mp4'}", "-vf", "scale=240:136", "-crf", "30", "-ss", "0.4", f"file:{small}"])
    copy = analyse_clip(probe(small))
    facts[copy.media_id] = copy
    groups = [group for group in group_clips(facts) if group.kind == "near_duplicate"]
    assert [set(group.members) for group in groups] == [{first, copy.media_id}]
    assert groups[0].best == first, "the copy lacks its beginning"


def test_grouping_does_not_depend_on_order() -> None:
    base = factories.clip_analysis(factories.media(1), seed=1)
    table = {f"m{k}": dataclasses.replace(base, media_id=f"m{k}", visual_quality=0.5 + k / 10) for k in range(3)}
    backwards = dict(reversed(table.items()))
    assert group_clips(table) == group_clips(backwards)
    assert group_clips(table)[0].best == "m2"
