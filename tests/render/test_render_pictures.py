"""What the pictures look like: transitions, shapes, colours, moving crops, slow motion."""

from __future__ import annotations

import dataclasses
import struct
from pathlib import Path

import footage
import numpy as np
import pytest
from films import check, rendered, shown, timeline_of
from numpy.typing import NDArray

from engine.errors import BadOption, InputError
from engine.media import ffmpeg
from engine.media.decode import FrameReader
from engine.media.encode import write_video
from engine.media.probe import probe
from engine.media.proxy import write_proxy
from engine.model.media import Media
from engine.model.time import FrameRate
from engine.model.timeline import CropKey, Timeline, Track, Transition
from engine.render.cover import choose_frame
from engine.render.film import film_of
from engine.render.preview import preview

RATE = FrameRate(30)


def flat(path: Path, colour: tuple[int, int, int], frames: int = 60, size: tuple[int, int] = (180, 320), *words: str) -> Media:
    """A clip of one colour."""
    picture = np.full((size[1], size[0], 3), colour, np.uint8)
    write_video(path, (picture for _ in range(frames)), RATE, size, arguments=words)
    return probe(path)


def pictures(path: Path) -> list[NDArray[np.uint8]]:
    return [frame.picture for frame in FrameReader(probe(path), max_side_px=320, pixel="rgb")]


def with_transition(timeline: Timeline, kind: str, frames: int) -> Timeline:
    a, b = timeline.clips[:2]
    return dataclasses.replace(timeline, transitions=(Transition(a.id, b.id, kind, duration_frames=frames),))


def test_a_dissolve_mixes_the_right_frames_in_the_right_shares(tmp_path: Path) -> None:
    """Both sides run on while they are mixed: each frame is the mean of two known pictures, out of the clips' handles."""
    shades = {}
    media = []
    for source, base in ((1, 40), (2, 100)):
        shades[source] = [base + 2 * k for k in range(60)]
        path = tmp_path / f"{source}.mp4"
        write_video(path, (np.full((320, 180, 3), shade, np.uint8) for shade in shades[source]), RATE, (180, 320), arguments=("-crf", "1"))
        media.append(probe(path))
    timeline = with_transition(timeline_of(media, RATE, [20, 20], [10, 20]), "quick_dissolve", 8)
    path, report = rendered(timeline, tmp_path, quality="maximum")
    seen = [picture.mean() for picture in pictures(path)]
    assert (len(seen), report.segments_rendered, report.warnings) == (40, 3, ())
    for k, value in enumerate(seen):
        first, second = shades[1][min(59, 10 + k)], shades[2][max(0, 20 + k - 20)]
        share = min(1.0, max(0.0, (k - 15) / 9))
        assert value == pytest.approx((1 - share) * first + share * second, abs=2.5), f"frame {k}"


def test_frames_around_transitions_are_the_ones_without_them(tmp_path: Path) -> None:
    media = [probe(footage.coded_video(tmp_path / f"{k}.mp4", k, 70, rate)) for k, rate in ((1, "25"), (2, "30000/1001"), (3, "60"))]
    timeline = timeline_of(media, RATE, [20, 24, 20], [20, 15, 30])
    ids = [clip.id for clip in timeline.clips]
    joints = (Transition(ids[0], ids[1], "whip_pan", duration_frames=6), Transition(ids[1], ids[2], "dip_to_black", duration_frames=8))
    plain, _ = rendered(timeline, tmp_path)
    wanted = shown(plain)
    path, report = rendered(dataclasses.replace(timeline, transitions=joints), tmp_path)
    made = pictures(path)
    assert probe(path).video == dataclasses.replace(probe(plain).video, duration_frames=64)  # type: ignore[type-var]
    clear = [k for k in range(64) if not (17 <= k < 23 or 40 <= k < 48)]
    assert [footage.read_code(made[k]) for k in clear] == [wanted[k] for k in clear]
    assert report.warnings == ()
    dark = [made[k].mean() for k in range(40, 48)]
    assert dark[4] < 20 and dark[0] > 60 and dark[7] > 40, "black where the second shot begins"


def test_a_whip_pan_sweeps_from_one_picture_to_the_other(tmp_path: Path) -> None:
    media = [flat(tmp_path / "red.mp4", (200, 30, 30)), flat(tmp_path / "blue.mp4", (30, 30, 200))]
    timeline = with_transition(timeline_of(media, RATE, [20, 20], [20, 20]), "whip_pan", 8)
    made = pictures(rendered(timeline, tmp_path)[0])
    blue = [picture[..., 2].mean() / (picture[..., 0].mean() + picture[..., 2].mean()) for picture in made]
    sweep = blue[16:24]
    assert all(a < b for a, b in zip(sweep, sweep[1:])) and blue[15] < 0.2 and blue[24] > 0.8
    middle = made[20].astype(int)
    edge = middle[:, :, 2].mean(axis=0)
    ramp = ((edge > 60) & (edge < 170)).sum()
    assert ramp > 10, "the edge between the pictures is smeared by the swing"
    assert edge[-1] > edge[0], "the second picture comes from the right"


@pytest.mark.parametrize("preset", ["master", "master-dnxhr"])
def test_masters_keep_their_colours_where_the_frame_moves(tmp_path: Path, preset: str) -> None:
    """Cropped at odd places, subsampled ten-bit colour would be read between two values: garbage, and DNxHR that no decoder takes."""
    sand, sea = (190, 140, 100), (60, 120, 150)
    media = [flat(tmp_path / "sand.mp4", sand, 40, (640, 320)), flat(tmp_path / "sea.mp4", sea, 40, (640, 320))]
    timeline = with_transition(timeline_of(media, RATE, [12, 12], [8, 8], width=256, height=320), "whip_pan", 6)
    moving = (CropKey(0, 0.1, 0.0, 0.4, 1.0), CropKey(12, 0.133, 0.0, 0.4, 1.0))
    timeline = dataclasses.replace(timeline, clips=tuple(dataclasses.replace(clip, crop=moving) for clip in timeline.clips))
    made = pictures(rendered(timeline, tmp_path, preset=preset)[0])
    assert len(made) == 24
    for k, picture in enumerate(made):
        if not 9 <= k < 15:
            assert np.abs(picture.astype(int) - (sand if k < 12 else sea)).max() <= 4, f"frame {k}"
        else:
            low, high = np.minimum(sand, sea) - 4, np.maximum(sand, sea) + 4
            assert (picture >= low).all() and (picture <= high).all(), f"frame {k} mixes the two"


def test_a_cover_shows_a_face_that_stays(tmp_path: Path) -> None:
    """Frames 40 to 70 hold a bright square as the finder's face; a sharper one that is there for three frames is its mistake."""
    noise = np.random.default_rng(1).integers(0, 255, (60, 60, 3), np.uint8)
    frames = [np.full((320, 180, 3), 90, np.uint8) for _ in range(120)]
    for k in range(40, 70):
        frames[k][100:160, 60:120] = 90 + noise // 4
    for k in range(14, 17):
        frames[k][200:260, 60:120] = noise
    write_video(tmp_path / "film.mp4", iter(frames), RATE, (180, 320), arguments=("-crf", "8"))

    def faces(picture: NDArray[np.uint8]) -> list[tuple[float, float, float, float]]:
        rows = {100: picture[100:160, 60:120], 200: picture[200:260, 60:120]}
        return [(60 / 180, top / 320, 60 / 180, 60 / 320) for top, part in rows.items() if part.std() > 8]

    media = probe(tmp_path / "film.mp4")
    frame, face = choose_frame(media, faces)
    assert face and 46 <= frame <= 64
    assert choose_frame(media, lambda picture: [])[1] is False


def test_transitions_without_picture_for_them_are_shortened_and_say_so(tmp_path: Path) -> None:
    media = [probe(footage.coded_video(tmp_path / f"{k}.mp4", k, 40)) for k in (1, 2)]
    timeline = with_transition(timeline_of(media, RATE, [20, 20], [17, 2]), "quick_dissolve", 12)
    path, report = rendered(timeline, tmp_path)
    assert "5 frames instead of 12" in report.warnings[0], "3 frames behind the first shot, 2 before the second"
    assert len(pictures(path)) == 40
    tight = with_transition(timeline_of(media, RATE, [20, 20], [20, 0]), "quick_dissolve", 12)
    path, report = rendered(tight, tmp_path)
    assert "hard cut" in report.warnings[0]
    check(tight, path, (1, 2))


def test_slow_motion_shows_each_frame_as_long_as_it_should(tmp_path: Path) -> None:
    from fractions import Fraction

    media = probe(footage.coded_video(tmp_path / "fast.mp4", 3, 120, "120"))
    timeline = timeline_of([media], FrameRate(24), [10], [12])
    for speed in (Fraction(1, 5), Fraction(2, 5), Fraction(2)):
        slow = dataclasses.replace(timeline, clips=(dataclasses.replace(timeline.clips[0], speed=speed),))
        seen = shown(rendered(slow, tmp_path)[0])
        times = [(Fraction(12, 120) + Fraction(k, 24) * speed + Fraction(1, 1000) * speed) * 120 for k in range(10)]
        assert seen == [(3, int(time)) for time in times], speed


def test_disabled_clips_are_black_and_overlays_are_on_top(tmp_path: Path) -> None:
    red, blue = flat(tmp_path / "r.mp4", (200, 30, 30)), flat(tmp_path / "b.mp4", (30, 30, 200))
    timeline = timeline_of([red, blue], RATE, [10, 10], [0, 0])
    off = dataclasses.replace(timeline.clips[0], enabled=False)
    over = dataclasses.replace(timeline.clips[1], id="over", timeline_start_frame=4, duration_frames=3)
    made = dataclasses.replace(timeline, clips=(off, timeline.clips[1]), tracks=(Track("overlay", "above", (over,)),))
    path, report = rendered(made, tmp_path)
    assert ["dark" if one.mean() < 10 else "blue" for one in pictures(path)] == ["dark"] * 4 + ["blue"] * 3 + ["dark"] * 3 + ["blue"] * 10
    assert "disabled" in report.warnings[0]


def test_a_crop_moves_smoothly_and_zooms(tmp_path: Path) -> None:
    """A white bar stands still in the source while the frame passes over it; then the frame closes in on it."""
    picture = np.full((180, 640, 3), 40, np.uint8)
    picture[:, 312:328] = 235
    write_video(tmp_path / "wide.mp4", (picture for _ in range(60)), RATE, (640, 180), arguments=("-crf", "4"))
    media = probe(tmp_path / "wide.mp4")
    share = 180 * 180 / 320 / 640
    timeline = timeline_of([media], RATE, [31], [0])
    moving = (CropKey(0, 0.5 - share, 0, share, 1), CropKey(30, 0.5, 0, share, 1))
    clip = dataclasses.replace(timeline.clips[0], crop=moving)
    made = pictures(rendered(dataclasses.replace(timeline, clips=(clip,)), tmp_path)[0])
    centres = []
    for frame in made[3:28]:
        row = np.maximum(frame.mean(axis=(0, 2)) - 60, 0)
        centres.append(float((row * np.arange(len(row))).sum() / row.sum()))
    steps = -np.diff(centres)
    assert steps.mean() == pytest.approx(180 / 30, rel=0.03)
    assert np.abs(steps - steps.mean()).max() < 1.2, "no jerks: it moves in the film's own pixels"
    closer = (CropKey(0, 0.5 - share / 2, 0, share, 1), CropKey(30, 0.5 - share / 4, 0.25, share / 2, 0.5))
    zoomed = dataclasses.replace(timeline.clips[0], crop=closer)
    made = pictures(rendered(dataclasses.replace(timeline, clips=(zoomed,)), tmp_path)[0])
    widths = [int((frame.mean(axis=(0, 2)) > 137).sum()) for frame in made]
    assert widths[-1] == pytest.approx(2 * widths[0], abs=3) and all(b >= a - 1 for a, b in zip(widths, widths[1:]))


def test_whole_pictures_over_blur_or_a_colour(tmp_path: Path) -> None:
    wide = flat(tmp_path / "wide.mp4", (180, 120, 60), 30, (320, 180))
    timeline = timeline_of([wide], RATE, [5], [0])
    top, middle = {}, {}
    for fit, colour in (("crop", "black"), ("blur", "black"), ("plain", "#204080")):
        picture = pictures(rendered(timeline, tmp_path, fit=fit, background=colour)[0])[2]
        top[fit], middle[fit] = picture[20, 90].astype(int), picture[160, 90].astype(int)
    for fit in top:
        assert np.abs(middle[fit] - (180, 120, 60)).max() <= 4, fit
    assert np.abs(top["crop"] - (180, 120, 60)).max() <= 4
    assert np.abs(top["plain"] - (0x20, 0x40, 0x80)).max() <= 4
    assert np.abs(top["blur"] - np.array((108, 72, 36))).max() <= 9, "its own colours, darker"
    for wrong in ({"fit": "stretch"}, {"fit": "plain", "background": "reddish"}):
        with pytest.raises(BadOption):
            rendered(timeline, tmp_path, **wrong)


def test_luts_colour_every_clip(tmp_path: Path) -> None:
    media = flat(tmp_path / "a.mp4", (200, 80, 40), 10)
    timeline = timeline_of([media], RATE, [5], [0])
    corners = [(r, g, b) for b in (0, 1) for g in (0, 1) for r in (0, 1)]
    same, swapped = tmp_path / "same 'x'.cube", tmp_path / "swap.cube"
    same.write_text("LUT_3D_SIZE 2\n" + "".join(f"{r} {g} {b}\n" for r, g, b in corners))
    swapped.write_text("# red and blue change places\nLUT_3D_SIZE 2\n" + "".join(f"{b} {g} {r}\n" for r, g, b in corners))
    assert np.abs(pictures(rendered(timeline, tmp_path, lut=same)[0])[1][99, 99].astype(int) - (200, 80, 40)).max() <= 4
    assert np.abs(pictures(rendered(timeline, tmp_path, lut=swapped)[0])[1][99, 99].astype(int) - (40, 80, 200)).max() <= 4
    swapped.write_text("LUT_3D_SIZE 3\n0 0 0\n")
    with pytest.raises(InputError) as broken:
        rendered(timeline, tmp_path, lut=swapped)
    assert broken.value.code == "lut_unreadable"


@pytest.mark.parametrize(("words", "what"), [(("-pix_fmt", "yuvj420p", "-color_range", "pc"), "full range"), ((), "BT.601")])
def test_colours_stay_what_they_are(tmp_path: Path, words: tuple[str, ...], what: str) -> None:
    path = tmp_path / "a.mp4"
    picture = np.zeros((180, 320, 3), np.uint8)
    picture[:, :160], picture[:, 160:] = (220, 60, 40), (30, 160, 200)
    if what == "BT.601":
        words = (
            "-vf",
            "scale=out_color_matrix=bt601",
            "-colorspace",
            "smpte170m",
            "-color_primaries",
            "smpte170m",
            "-color_trc",
            "smpte170m",
        )
    else:
        words = ("-vf", "scale=out_color_matrix=bt709:out_range=pc", *words)
    write_video(path, (picture for _ in range(5)), RATE, (320, 180), arguments=words)
    timeline = timeline_of([probe(path)], RATE, [4], [0])
    made, _ = rendered(timeline, tmp_path)
    shown_picture = pictures(made)[1]
    assert np.abs(shown_picture[160, 45].astype(int) - (220, 60, 40)).max() <= 6, what
    assert np.abs(shown_picture[160, 135].astype(int) - (30, 160, 200)).max() <= 6, what
    video = probe(made).video
    assert video is not None and dataclasses.astuple(video.colour)[:4] == ("bt709", "bt709", "bt709", "tv")


@pytest.mark.parametrize("transfer", ["arib-std-b67", "smpte2084"])
def test_hdr_becomes_sdr_with_white_where_it_belongs(tmp_path: Path, transfer: str) -> None:
    """Grays of a 10-bit file: black, a third of white, reference white (203 nits), highlight (1000 nits); BT.2408's code values."""
    codes = {"arib-std-b67": (0.0, 0.44, 0.75, 1.0), "smpte2084": (0.0, 0.46, 0.58, 0.75)}[transfer]
    levels = [round(64 + 876 * code) for code in codes]
    luma = np.repeat(np.array(levels, "<u2"), 80)[None, :].repeat(180, axis=0)
    frame = luma.tobytes() + np.full(160 * 90 * 2, 512, "<u2").tobytes()
    raw, path = tmp_path / "raw.yuv", tmp_path / "hdr.mp4"
    raw.write_bytes(frame * 5)
    tags = ["-color_primaries", "bt2020", "-color_trc", transfer, "-colorspace", "bt2020nc", "-color_range", "tv"]
    ffmpeg.run(
        ["-f", "rawvideo", "-pix_fmt", "yuv420p10le", "-s", "320x180", "-r", "30", "-i", str(raw), "-c:v", "libx264", *tags, str(path)]
    )
    media = probe(path)
    assert media.video is not None and media.video.colour.is_hdr
    timeline = dataclasses.replace(timeline_of([media], RATE, [4], [0]), width=320, height=180)
    made, report = rendered(timeline, tmp_path)
    gray = pictures(made)[1].astype(int)
    black, mid, white, bright = (gray[90, x].mean() for x in (40, 120, 200, 280))
    assert report.warnings == () and np.ptp(gray[90, 120]) <= 4, "gray stays gray"
    assert black <= 4 and 90 < mid < 170 and 190 <= white <= 235 and white + 12 < bright <= 255
    video = probe(made).video
    assert video is not None and video.pixel_format == "yuv420p" and video.colour.transfer == "bt709"


def test_pixels_that_are_not_square_become_square(tmp_path: Path) -> None:
    """Anamorphic footage: stored half as wide as it is shown."""
    pictures_ = (footage.coded_picture(6, k, 640, 180)[:, ::2] for k in range(20))
    path = tmp_path / "narrow.mp4"
    write_video(path, pictures_, RATE, (320, 180), arguments=("-aspect", "32:9"))
    media = probe(path)
    assert media.video is not None and (media.video.stored_width, media.video.display_width) == (320, 640)
    made, _ = rendered(timeline_of([media], RATE, [12], [4]), tmp_path)
    assert shown(made) == [(6, 4 + k) for k in range(12)]
    video = probe(made).video
    assert video is not None and video.sample_aspect == 1


@pytest.mark.parametrize("kind", ["png", "prores", "vp9"])
def test_what_is_transparent_shows_what_lies_under_it(tmp_path: Path, kind: str) -> None:
    """A sign over a cut: opaque above, clear in the middle, half clear below; the numbers under it stay the right ones."""
    from PIL import Image

    sign = np.zeros((320, 180, 4), np.uint8)
    sign[:40] = (200, 40, 40, 255)
    sign[280:] = (40, 200, 40, 128)
    path = tmp_path / "sign.png"
    Image.fromarray(sign, "RGBA").save(path)
    words = {"prores": ("mov", "prores_ks", "yuva444p10le"), "vp9": ("webm", "libvpx-vp9", "yuva420p")}.get(kind)
    if words:
        path = tmp_path / f"sign.{words[0]}"
        scale = "scale=out_color_matrix=bt709:out_range=tv,setparams=colorspace=bt709"
        loop = ["-loop", "1", "-framerate", "30", "-i", str(tmp_path / "sign.png"), "-frames:v", "60", "-vf", scale]
        ffmpeg.run([*loop, "-c:v", words[1], "-pix_fmt", words[2], str(path)])
    media = probe(path)
    assert media.video is not None and media.video.has_alpha
    base = [probe(footage.coded_video(tmp_path / f"{k}.mp4", k, 60)) for k in (1, 2)]
    timeline = timeline_of([*base, media], RATE, [15, 15, 5], [3, 20, 0 if kind == "png" else 20])
    over = dataclasses.replace(timeline.clips[2], id="above", timeline_start_frame=8, duration_frames=14)
    track = Track("overlay", "above", (over,))
    made = dataclasses.replace(timeline, clips=timeline.clips[:2], tracks=(track,), duration_frames=30)
    if kind == "png":
        copies = {}
        for one in base:
            copies[one.media_id] = tmp_path / f"copy-{one.name}"
            write_proxy(one, copies[one.media_id])
        told = preview(film_of(made, "none"), tmp_path / "p.mp4", kind="crop", proxies=copies, sounds={}, cache=tmp_path / "cache")
        assert told.frames == 30 and any("transparent" in line for line in told.warnings)
    path, report = rendered(made, tmp_path)
    seen = pictures(path)
    assert [footage.read_code(picture) for picture in seen] == [(1, 3 + k) for k in range(15)] + [(2, 20 + k) for k in range(15)]
    assert report.segments_rendered == 4
    for k, picture in enumerate(seen):
        plain = 90 + 8 * (1 if k < 15 else 2)
        covered = 8 <= k < 22
        above, below = picture[15, 90].astype(int), picture[305, 90].astype(int)
        assert np.abs(above - ((200, 40, 40) if covered else (plain,) * 3)).max() <= 8, f"frame {k}"
        mixed = (np.array((40, 200, 40)) + plain) / 2 if covered else (plain,) * 3
        assert np.abs(below - mixed).max() <= 8, f"frame {k}"


def test_mirrored_sources_are_shown_as_players_do(tmp_path: Path) -> None:
    for name, matrix in {"flipped": (-1, 0, 0, 1), "turned and flipped": (0, 1, 1, 0)}.items():
        lying = name.startswith("turned")
        size = (320, 180) if lying else (180, 320)
        upright = footage.coded_picture(5, 9, 180, 320)
        stored = upright.transpose(1, 0, 2) if lying else upright[:, ::-1]
        path = tmp_path / f"{name}.mp4"
        write_video(path, (np.ascontiguousarray(stored) for _ in range(5)), RATE, size)
        body = bytearray(path.read_bytes())
        at = body.index(b"tkhd") + 4 + (40 if body[body.index(b"tkhd") + 4] == 0 else 52)
        a, b, c, d = (value << 16 for value in matrix)
        struct.pack_into(">9i", body, at, a, b, 0, c, d, 0, 0, 0, 1 << 30)
        path.write_bytes(body)
        timeline = timeline_of([probe(path)], RATE, [3], [0])
        made, _ = rendered(timeline, tmp_path)
        assert shown(made) == [(5, 9)] * 3, name
        video = probe(made).video
        assert video is not None and (video.rotation, video.mirrored) == (0, False)
