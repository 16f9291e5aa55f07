"""Footage that is not what a camera usually writes: measured as it looks, or refused with the reason."""

from __future__ import annotations

import dataclasses
import io
from pathlib import Path

import footage
import numpy as np
import pytest

from engine.analysis.clip import AnalysisOptions, analyse_clip
from engine.analysis.groups import group_clips
from engine.errors import InputError, MediaError
from engine.media import ffmpeg, tone
from engine.media.decode import still
from engine.media.log_curves import CURVES
from engine.media.probe import probe
from engine.media.scan import Scan
from engine.model.analysis import ClipAnalysis
from engine.model.media import Colour, Media
from engine.model.time import STANDARD_RATES

QUICK = AnalysisOptions(faces=False)
HDR = "-colorspace bt2020nc -color_primaries bt2020 -pix_fmt yuv420p10le -c:v libx264 -preset ultrafast -color_trc"


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return footage.lively_video(tmp_path_factory.mktemp("clip") / "clip.mp4", 3, 1.0)


def made(source: Path, name: str, options: str, before: str = "") -> Path:
    path = source.with_name(name)
    ffmpeg.run([*before.split(), "-i", f"file:{source}", *options.split(), f"file:{path}"])
    return path


def measured(path: Path, options: AnalysisOptions = QUICK) -> tuple[Media, ClipAnalysis]:
    media = probe(path)
    return media, analyse_clip(media, options)


@pytest.mark.parametrize("transfer", ["arib-std-b67", "smpte2084"])
def test_hdr_is_judged_as_it_looks(clip: Path, transfer: str) -> None:
    """White paper is at 58 % of a PQ and at 75 % of an HLG signal, 203 cd/m2 on both screens (ITU-R BT.2408)."""
    media, facts = measured(made(clip, f"{transfer}.mp4", f"{HDR} {transfer}"))
    assert media.video is not None and media.video.colour.is_hdr and media.video.bit_depth == 10
    assert "High dynamic range" in media.warnings[0]
    signal = round({"smpte2084": 0.58, "arib-std-b67": 0.75}[transfer] * 255)
    table = tone.table_for(media.video.colour)
    assert table is not None
    white = tone.applied(np.full((1, 1, 3), signal, np.uint8), table)
    rolled_off = (1 + (203 / 1000) ** 2) / 2
    assert float(white.mean()) == pytest.approx(255 * rolled_off ** (1 / 2.4), abs=8)
    assert 0.2 < facts.exposure < 0.8 and facts.visual_quality > 0.5


def test_log_footage_is_judged_after_its_curve(clip: Path) -> None:
    for name, curve in CURVES.items():
        grey = {"s-log3": 420 / 1023, "v-log": 0.42331, "logc3": 0.39101, "c-log3": 0.34339, "apple-log": 0.48827, "d-log": 0.3988}
        if name in grey:  # where each maker says that a grey card of 18 % lies
            assert float(curve(np.array([grey[name]]))[0]) == pytest.approx(0.18, abs=0.004), name
    beside = clip.with_name(f"{clip.stem}M01.XML")
    beside.write_text('<Item name="CaptureGammaEquation" value="s-log3-cine"/>')
    try:
        media, facts = measured(clip)
    finally:
        beside.unlink()
    plain = analyse_clip(probe(clip), QUICK)
    assert media.video is not None and media.video.colour.log == "s-log3"
    assert "s-log3" in media.warnings[0]
    assert abs(facts.exposure - plain.exposure) > 0.02
    diary = made(clip, "diary.mp4", "-c copy -metadata title=my_v-log -metadata comment=s-log3")
    video = probe(diary).video
    assert video is not None and video.colour.log is None


def test_a_lut_stands_between_the_clip_and_its_judgement(clip: Path) -> None:
    dark = clip.with_name("dark.cube")
    dark.write_text("LUT_3D_SIZE 2\n" + "".join(f"{r / 4} {g / 4} {b / 4}\n" for b in (0, 1) for g in (0, 1) for r in (0, 1)))
    plain, through = analyse_clip(probe(clip), QUICK), analyse_clip(probe(clip), dataclasses.replace(QUICK, lut=str(dark)))
    assert through.exposure == pytest.approx(plain.exposure / 4, abs=0.03)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"no table", "has no line LUT_1D_SIZE or LUT_3D_SIZE"),
        (b"LUT_1D_SIZE 2\n0 0 0\n1 1 \xff\x00\n", "line 3 is no row of numbers"),
        (b"\xef\xbb\xbfLUT_1D_SIZE 2\n0 0 0\n1 1 1\n", "byte order mark"),
    ],
    ids=["text", "bytes", "mark"],
)
def test_a_lut_that_is_none_is_refused_in_words(tmp_path: Path, content: bytes, why: str) -> None:
    (tmp_path / "bad.cube").write_bytes(content)
    with pytest.raises(InputError, match=why):
        tone.lut_table(tmp_path / "bad.cube")


def test_interlaced_odd_small_and_many_tracks(clip: Path) -> None:
    media, facts = measured(made(clip, "woven.mp4", "-vf tinterlace=interleave_top,fieldorder=tff -flags +ildct+ilme -c:v libx264"))
    assert media.video is not None and media.video.interlaced and facts.duration_frames == 15
    media, _ = measured(made(clip, "odd.mp4", "-vf scale=321:181,format=yuv444p -c:v libx264 -preset ultrafast"))
    assert media.video is not None and (media.video.display_width, media.video.display_height) == (321, 181)
    _, facts = measured(made(clip, "tiny.mp4", "-vf scale=16:10 -c:v libx264"))
    assert np.isfinite(facts.visual_quality)
    other = footage.lively_video(clip.with_name("other.mp4"), 9, 1.0, size=(160, 90))
    media, _ = measured(made(clip, "two.mp4", "-map 1:v -map 0:v -c copy", f"-i file:{other}"))
    assert media.video is not None and media.video.display_width == 320  # the first is the default one


def test_what_is_transparent_is_seen_as_it_is_stored(clip: Path) -> None:
    media, facts = measured(made(clip, "keyed.mov", "-vf format=rgba,colorkey=0xdc463c:0.2 -c:v qtrle"))
    assert media.video is not None and media.video.has_alpha
    assert facts.duration_frames == 30 and facts.exposure > 0.1


@pytest.mark.parametrize("fps", [12, 240])
def test_slow_and_quick_cameras(clip: Path, fps: int) -> None:
    media, facts = measured(made(clip, f"at{fps}.mp4", f"-vf fps={fps} -c:v libx264 -preset ultrafast"))
    assert media.video is not None and media.video.rate.fps == fps
    assert facts.duration_frames == fps and len(facts.curves["motion"].values) == fps
    usual = analyse_clip(probe(clip), QUICK)
    assert usual.motion_intensity / 2 < facts.motion_intensity < usual.motion_intensity * 2


def test_edit_lists_hide_frames_and_lose_none(clip: Path) -> None:
    whole = made(clip, "gop.mp4", "-c:v libx264 -preset ultrafast -bf 2 -g 60")
    trimmed = made(whole, "trimmed.mp4", "-c copy", "-ss 0.5")
    media, facts = measured(trimmed)
    assert media.video is not None and media.video.duration_frames == 15 and facts.duration_frames == 15
    assert not any("missing" in one for one in facts.warnings)
    first = next(iter(Scan(media))).luma.astype(float)
    there = [frame.luma.astype(float) for frame in Scan(probe(whole))]
    assert int(np.argmin([np.abs(one - first).mean() for one in there])) == 15


def test_a_cut_file_keeps_its_rate_and_says_what_is_missing(clip: Path) -> None:
    front = made(clip, "front.mp4", "-c:v libx264 -preset veryfast -bf 3 -g 90 -b:v 2M -movflags +faststart")
    body = front.read_bytes()
    short = front.with_name("short.mp4")
    short.write_bytes(body[: len(body) * 6 // 10])
    media, facts = measured(short)
    assert media.video is not None and media.video.rate.fps == 30 and not media.video.variable_rate
    assert 3 <= media.video.duration_frames < 30
    assert "its end is missing" in facts.warnings[0]


def test_turned_and_mirrored_copies_are_the_same_clip(clip: Path) -> None:
    files = {
        "turned": made(clip, "turned.mp4", "-vf transpose=1 -c:v libx264 -preset ultrafast"),
        "mirrored": made(clip, "mirrored.mp4", "-vf hflip -c:v libx264 -preset ultrafast"),
        "over": made(clip, "over.mp4", "-vf hflip,vflip -c:v libx264 -preset ultrafast"),
        "flag": footage.rotated(made(clip, "flag.mp4", "-c copy"), 90),
        "plain": clip,
        "other": footage.lively_video(clip.with_name("another.mp4"), 11, 1.0),
    }
    analyses = {name: measured(path)[1] for name, path in files.items()}
    same = [group for group in group_clips(analyses) if group.kind == "near_duplicate"]
    assert [group.members for group in same] == [("flag", "mirrored", "over", "plain", "turned")]


def test_one_frame_stills_and_moving_pictures_of_the_web(clip: Path) -> None:
    media, facts = measured(made(clip, "one.mp4", "-frames:v 1 -c:v libx264"))
    assert media.kind == "video" and facts.duration_frames == 1
    assert probe(made(clip, "still.png", "-frames:v 1")).kind == "image"
    lone = made(clip, "lone.mp4", "-frames:v 1")
    assert probe(lone).kind == "video"
    phone = lone.with_name("IMG_1.HEIC")  # HEIF is MP4's container under another name
    phone.write_bytes(lone.read_bytes().replace(b"ftypisom", b"ftypheic", 1))
    assert probe(phone).kind == "image"
    assert probe(made(clip, "moves.gif", "-t 0.5")).kind == "video"
    text = clip.with_name("text.mp4")
    text.write_text("no film")
    with pytest.raises(MediaError, match="cannot be read"):
        probe(text)


def test_pictures_that_carry_exif_are_clips_as_others(clip: Path) -> None:
    """Cameras that record Motion JPEG write Exif into each picture; PyAV has no name for that kind of data."""
    from PIL import Image

    tags = Image.Exif()
    tags[0x0110] = "A camera"
    body = io.BytesIO()
    for number in range(6):
        Image.new("RGB", (64, 48), (40 * number, 90, 20)).save(body, "JPEG", exif=tags)
    pictures = clip.with_name("pictures.mjpeg")
    pictures.write_bytes(body.getvalue())
    media, facts = measured(made(pictures, "exif.mov", "-c copy", "-f mjpeg -r 12"))
    assert media.kind == "video" and facts.duration_frames == 6
    assert media.video is not None and (media.video.rotation, media.video.mirrored) == (0, False)


def test_transparency_is_found_however_its_tag_is_written(clip: Path) -> None:
    """ffmpeg writes ALPHA_MODE, others alpha_mode."""
    video = probe(
        made(clip, "seethrough.webm", "-vf format=yuva420p -c:v libvpx -auto-alt-ref 0 -deadline realtime -metadata:s:v ALPHA_MODE=1")
    ).video
    assert video is not None and video.has_alpha


def test_a_rate_that_no_camera_has_is_the_standard_one_nearby(clip: Path) -> None:
    """Writers that divide frames by milliseconds call 29.97 21800/727."""
    video = probe(made(clip, "odd_rate.mkv", "-vf fps=21800/727 -c:v libx264 -preset ultrafast")).video
    assert video is not None and video.rate in STANDARD_RATES and not video.variable_rate
    slow = probe(made(clip, "slow_rate.mkv", "-vf fps=18 -c:v libx264 -preset ultrafast")).video
    assert slow is not None and slow.rate.fps == 18


def test_a_file_in_which_nothing_can_be_sought_is_decoded_from_its_start(clip: Path) -> None:
    body = made(clip, "unsought.mkv", "-c:v libx264 -preset ultrafast -g 300")
    whole = still(probe(body), 20, 160)
    lost = made(body, "lost.mkv", "-c copy -avoid_negative_ts disabled", "-itsoffset -0.5")
    media = probe(lost)
    assert media.video is not None
    assert still(media, media.video.duration_frames - 1, 160).shape == whole.shape


def test_raw_footage_and_what_may_not_be_read_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    raw = tmp_path / "A001.braw"
    raw.write_bytes(bytes(range(256)) * 40)
    with pytest.raises(MediaError, match="raw camera footage") as caught:
        probe(raw)
    assert caught.value.code == "codec_unknown" and "proxies" in caught.value.hint

    def barred(_path: Path, **_options: object) -> object:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "stat", barred)
    with pytest.raises(MediaError, match="may not be read") as caught:
        probe(raw)
    assert caught.value.code == "media_forbidden"


def test_colours_say_nothing_of_a_curve_by_default() -> None:
    assert tone.table_for(Colour()) is None
    assert tone.table_for(Colour(log="unheard-of")) is None
