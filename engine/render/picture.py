"""From a shot to pictures of the film's size, rate and colour, as a graph of ffmpeg-python. Pure.

Files arrive upright: ffmpeg turns and flips them by their display matrix. Then: fields to frames, onto the film's grid, crop, scale and
colour in one step, LUT. The seek recipe and its traps are in docs/rendering.md.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import ffmpeg

from engine.media.decode import seeks_safely
from engine.model.media import Media, VideoStream
from engine.model.time import FrameRate
from engine.model.timeline import CropKey
from engine.render.film import Shot
from engine.render.lut import Lut
from engine.render.pieces import Piece

__all__ = ["FITS", "Look", "PathOf", "matrix_of", "picture_of", "seconds"]

PathOf = Callable[[Media], str]

OVERLAY_FORMATS = {"yuv420p": "yuv420", "yuv422p10le": "yuv422p10"}
ALPHA_PIXELS = {"yuv420p": "yuva420p", "yuv422p10le": "yuva422p10le"}
"""The film's pixel formats as the `overlay` filter calls them, and with transparency."""
FULL_CHROMA = {"yuv422p10le": "yuv444p10le", "yuva422p10le": "yuva444p10le"}
"""What frames are cropped in at odd places: the `crop` filter splits two-byte values of subsampled chroma there (ffmpeg 5 to 9)."""
ALPHA_DECODERS = {"vp8": "libvpx", "vp9": "libvpx-vp9"}
"""Decoders that see transparency where ffmpeg's own do not."""
UNDER = 500
"""Inputs of what lies under a transparent picture are numbered from here on."""
FITS = ("crop", "blur", "plain")

SAMPLE_LATE_S = Fraction(1, 1000)
"""Output frame k shows what is on screen a millisecond after its time, so that equal times are no tie."""
SAME_SHAPE = 0.01
"""Shapes that differ by less than this share are the same: nobody sees it, and bars a pixel wide look like a mistake (chosen)."""
PRE_ROLL_FRAMES = 1
"""How many source frames before the one on screen a seek aims at: past any rounding of time stamps, and little to decode."""
HDR_WHITE_NITS = 203
"""Where HDR's reference white lies (ITU-R BT.2408); it becomes about 85 % of SDR's."""
HDR_PEAK = 1000 / HDR_WHITE_NITS
"""How far over white highlights are kept apart (ITU-R BT.2408: consumer HDR is graded for 1000 nits)."""
WHIP_STEPS = 16
"""Positions of the camera that one frame of a whip pan is the mean of: a shutter open for the whole frame. A power of two."""
BACKDROP_SHRINK = 8
"""The blurred background is made at an eighth of the size: the blur costs nothing and no grid shows."""


@dataclass(frozen=True)
class Look:
    """What all pieces of a film have in common as pictures.

    pixels : ffmpeg's pixel format. fit : crop, blur (behind the whole picture, itself blurred) or plain (a colour, `#rrggbb`).
    can_tonemap, can_convert : what this ffmpeg has filters for.
    """

    width: int
    height: int
    rate: FrameRate
    pixels: str = "yuv420p"
    fit: str = "crop"
    background: str = "#000000"
    lut: Lut | None = None
    can_tonemap: bool = True


def seconds(value: Fraction) -> str:
    """Seconds with six digits and no exponent."""
    return f"{float(value):.6f}"


def picture_of(piece: Piece, look: Look, path_of: PathOf, first: int = 0) -> Any:
    """The piece's pictures: at least `piece.frames` of them, on the film's grid from 0 on.

    first : number of its first input. Inputs are numbered, because ffmpeg-python takes equal ones for one.
    """
    shown = [_shown(shot, look, path_of, number) for number, shot in enumerate(piece.shots, first)]
    if piece.kind == "shot":
        return shown[0]
    made = _JOINTS[piece.kind](shown, piece, look)
    return _tagged(made, look)


def _shown(shot: Shot, look: Look, path_of: PathOf, number: int) -> Any:
    if shot.media is None or shot.media.video is None:
        return _tagged(_plain("#000000", look, number), look)
    video = shot.media.video
    if video.has_alpha:
        return _tagged(_overlaid(shot, shot.media, video, look, path_of, number), look)
    return _tagged(_source(shot, shot.media, video, look, path_of, number), look)


def _source(shot: Shot, media: Media, video: VideoStream, look: Look, path_of: PathOf, number: int) -> Any:
    stream = _opened(shot, media, video, look, path_of, number)
    return _framed(_timed(stream, shot, media, look), shot, video, look, number)


def _overlaid(shot: Shot, media: Media, video: VideoStream, look: Look, path_of: PathOf, number: int) -> Any:
    """A transparent picture over what lies under it, black where that is nothing."""
    below = _shown(shot.under or Shot("black", shot.frames), look, path_of, number + UNDER)
    clear = replace(look, pixels=ALPHA_PIXELS[look.pixels], fit="crop")
    above = _source(shot, media, video, clear, path_of, number).filter("setsar", 1)
    return ffmpeg.overlay(below, above, format=OVERLAY_FORMATS[look.pixels], shortest=0)


def _opened(shot: Shot, media: Media, video: VideoStream, look: Look, path_of: PathOf, number: int) -> Any:
    """The file, opened near the wanted frame."""
    options: dict[str, object] = {"threads": 1, "thread_queue_size": 8 + number}
    seek = _seek_s(shot, media, video)
    if video.has_alpha and video.codec in ALPHA_DECODERS:
        options["c:v"] = ALPHA_DECODERS[video.codec]
    if media.kind == "image":
        options |= {"loop": 1, "framerate": look.rate.to_json()}
    elif seek > 0:
        options |= {"noaccurate_seek": None, "ss": seconds(seek)}
    stream = ffmpeg.input(f"file:{path_of(media)}", **options)["V"]  # V: no cover pictures
    return stream.filter("bwdif", mode="send_frame") if video.interlaced else stream


def _offset_s(video: VideoStream) -> Fraction:
    return Fraction(video.stream_offset_s).limit_denominator(1_000_000)


def _pre_s(shot: Shot, media: Media, video: VideoStream) -> Fraction:
    """How far before the first wanted moment the seek aims. It ends at a key frame there or earlier, and nothing is dropped from there on
    (`noaccurate_seek`): the frame on screen at that moment is decoded however long ago it began."""
    if not seeks_safely(media):
        return shot.source_start_s
    # On a frame of the source: containers that count in whole frames would round any other moment.
    first = max(0, int(shot.source_start_s * video.rate.fraction) - PRE_ROLL_FRAMES)
    return shot.source_start_s - video.rate.seconds(first)


def _seek_s(shot: Shot, media: Media, video: VideoStream) -> Fraction:
    if not seeks_safely(media):
        return Fraction(0)
    return shot.source_start_s - _pre_s(shot, media, video) + _offset_s(video)


def _timed(stream: Any, shot: Shot, media: Media, look: Look) -> Any:
    """Source frames onto the film's grid."""
    video = media.video
    assert video is not None
    late = _pre_s(shot, media, video) + SAMPLE_LATE_S
    if not seeks_safely(media):
        late += _offset_s(video)
    if media.kind == "image":
        late = Fraction(0)
    speed = "" if shot.speed == 1 else f"/({shot.speed.numerator}/{shot.speed.denominator})"
    # Containers that count in whole frames (Ogg, MXF, AVI) would round the millisecond away.
    stream = stream.filter("settb", "AVTB").filter("setpts", f"(PTS-{seconds(late)}/TB){speed}")
    stream = stream.filter("fps", fps=look.rate.to_json(), start_time=0, round="up")
    # The last frame of a variable rate stays on screen as long as it is asked for; a missing end of any other is an error.
    stop = -1 if video.variable_rate or media.kind == "image" else 1 + -(-look.rate.fraction // (video.rate.fraction * shot.speed))
    return stream.filter("tpad", stop_mode="clone", stop=int(stop))


def _framed(stream: Any, shot: Shot, video: VideoStream, look: Look, number: int) -> Any:
    """Crop, scale, colour: sources of any shape to the film's."""
    if look.fit != "crop" and not _same_shape(video.display_width / video.display_height, look):
        return _fitted(stream, video, look, number)
    keys = _shaped(shot.crop, video, look)
    size = look.width, look.height
    if len({(key.width, key.height) for key in keys}) > 1:
        return _coloured(_zoomed(stream, keys), size, video, look)
    first = keys[0]
    if len({(key.x, key.y) for key in keys}) > 1:
        whole = round(look.width / first.width), round(look.height / first.height)
        x, y = _path([(key.frame, key.x) for key in keys], "n"), _path([(key.frame, key.y) for key in keys], "n")
        # Scaled first, so that the frame moves in pixels of the film and not of the source.
        ready = replace(look, pixels=FULL_CHROMA.get(look.pixels, look.pixels))
        return _coloured(stream, whole, video, ready).filter("crop", *size, f"iw*({x})", f"ih*({y})", exact=1)
    if first.width > 1 - 1e-6 and first.height > 1 - 1e-6:
        return _coloured(stream, size, video, look)
    words = (f"iw*{first.width:.6f}", f"ih*{first.height:.6f}", f"iw*{first.x:.6f}", f"ih*{first.y:.6f}")
    return _coloured(stream.filter("crop", *words, exact=0), size, video, look)


def _same_shape(aspect: float, look: Look) -> bool:
    return abs(aspect * look.height / look.width - 1) < SAME_SHAPE


def _shaped(keys: tuple[CropKey, ...], video: VideoStream, look: Look) -> tuple[CropKey, ...]:
    """Crop keys of exactly the film's shape: given ones where they fit it, else the largest crop around their centre."""
    source = video.display_width / video.display_height
    target = look.width / look.height
    shaped = []
    for key in keys or (CropKey(0, 0.0, 0.0, 1.0, 1.0),):
        if _same_shape(key.width * source / key.height, look):
            shaped.append(key)
            continue
        width, height = min(1.0, target / source), min(1.0, source / target)
        x = min(max(key.x + key.width / 2 - width / 2, 0.0), 1.0 - width)
        y = min(max(key.y + key.height / 2 - height / 2, 0.0), 1.0 - height)
        shaped.append(CropKey(key.frame, x, y, width, height))
    return tuple(shaped)


def _zoomed(stream: Any, keys: Sequence[CropKey]) -> Any:
    """A crop whose size changes, in parts of a pixel: the `crop` filter fixes its size with the first frame."""

    def path(value: Callable[[CropKey], float]) -> str:
        return _path([(key.frame, value(key)) for key in keys], "on")

    left, right = path(lambda key: key.x), path(lambda key: key.x + key.width)
    top, bottom = path(lambda key: key.y), path(lambda key: key.y + key.height)
    corners = {"x0": left, "x2": left, "x1": right, "x3": right, "y0": top, "y1": top, "y2": bottom, "y3": bottom}
    words = {name: f"{'W' if name[0] == 'x' else 'H'}*({value})" for name, value in corners.items()}
    return stream.filter("perspective", **words, interpolation="cubic", eval="frame")


def _path(points: Sequence[tuple[int, float]], frame: str) -> str:
    """Straight lines between points (frame, value) as an expression of ffmpeg's variable `frame`; outside of them it stands still."""
    words = f"{points[-1][1]:.6f}"
    for (a, low), (b, high) in reversed(list(zip(points, points[1:]))):
        line = f"{low:.6f}+({high - low:.6f})*({frame}-({a}))/{max(1, b - a)}"
        words = f"if(lt({frame},{b}),{line},{words})"
    return f"if(lt({frame},{points[0][0]}),{points[0][1]:.6f},{words})" if len(points) > 1 else words


def _fitted(stream: Any, video: VideoStream, look: Look, number: int) -> Any:
    """The whole picture, as large as fits, over a background."""
    aspect = video.display_width / video.display_height
    wide, high = min(look.width, look.height * aspect), min(look.height, look.width / aspect)
    stream = _coloured(stream, (_even(wide), _even(high)), video, look)
    if look.fit == "plain":
        behind = _plain(look.background, look, 50 + number)
    else:
        split = stream.split()
        stream, behind = split[0], _blurred(split[1], look)
    kind = OVERLAY_FORMATS[look.pixels]
    return ffmpeg.overlay(behind, stream.filter("setsar", 1), x="(W-w)/2", y="(H-h)/2", format=kind, shortest=1)


def _even(length: float) -> int:
    return max(2, 2 * round(length / 2))


def _blurred(stream: Any, look: Look) -> Any:
    """The picture's middle, filling the frame, out of focus and darker."""
    shape = f"min(iw,ih*{look.width}/{look.height})", f"min(ih,iw*{look.height}/{look.width})"
    small = _even(look.width / BACKDROP_SHRINK), _even(look.height / BACKDROP_SHRINK)
    stream = stream.filter("crop", *shape).filter("scale", *small, flags="area").filter("gblur", sigma=small[0] / 20)
    chroma = "(val-(minval+maxval)/2)*0.6+(minval+maxval)/2"
    dark = stream.filter("lutyuv", y="(val-minval)*0.6+minval", u=chroma, v=chroma)
    return dark.filter("scale", look.width, look.height, flags="bicubic").filter("setsar", 1)


def _plain(colour: str, look: Look, number: int) -> Any:
    """A plain colour without end. Made as RGB and converted by our own words, or its shade would depend on ffmpeg's version."""
    source = f"color=c=0x{colour.lstrip('#')}:s={look.width}x{look.height}:r={look.rate.to_json()}"
    stream = ffmpeg.input(source, f="lavfi", thread_queue_size=8 + number).video.filter("format", "gbrp")
    return stream.filter("scale", out_color_matrix="bt709", out_range="tv").filter("format", look.pixels)


MATRICES = {"bt709": "bt709", "smpte170m": "bt601", "bt470bg": "bt601", "bt2020nc": "bt2020"}
"""ffmpeg's name of a tag -> swscale's name of the matrix."""


def matrix_of(video: VideoStream) -> str:
    """swscale's name of the file's colour matrix; where the file does not say, what players take: BT.709 from 720 lines on, else BT.601."""
    return MATRICES.get(video.colour.matrix) or ("bt709" if min(video.stored_width, video.stored_height) >= 720 else "bt601")


def _coloured(stream: Any, size: tuple[int, int], video: VideoStream, look: Look) -> Any:
    """Scaled, and BT.709 from whatever it was, in one step."""
    full = {"in_range": "pc"} if video.colour.range in ("pc", "jpeg") else {}
    if video.colour.is_hdr and look.can_tonemap:
        return _graded(_tonemapped(stream, size, video), look, "bt709")
    words = {"flags": "lanczos", "in_color_matrix": matrix_of(video), **full}
    if look.lut is None:
        return stream.filter("scale", *size, **words, out_color_matrix="bt709", out_range="tv").filter("format", look.pixels)
    return _graded(stream.filter("scale", *size, **words), look, None)


def _tonemapped(stream: Any, size: tuple[int, int], video: VideoStream) -> Any:
    """HDR to linear light, to BT.709's colours, highlights rolled off. Shades up to 30 % of white stay as they are (mobius)."""
    colour = video.colour
    source = {"min": "bt2020nc" if colour.matrix == "unknown" else colour.matrix, "tin": colour.transfer}
    source |= {"pin": "bt2020" if colour.primaries == "unknown" else colour.primaries, "rin": "pc" if colour.range == "pc" else "tv"}
    same = {"in_color_matrix": "bt2020", "out_color_matrix": "bt2020"}
    stream = stream.filter("scale", *size, flags="lanczos", **same).filter("format", "yuv420p10le")
    stream = stream.filter("zscale", **source, t="linear", npl=HDR_WHITE_NITS).filter("format", "gbrpf32le").filter("zscale", p="bt709")
    stream = stream.filter("tonemap", tonemap="mobius", desat=0, peak=round(HDR_PEAK, 3))
    return stream.filter("zscale", t="bt709", m="bt709", r="tv").filter("format", "yuv444p10le")


def _graded(stream: Any, look: Look, matrix: str | None) -> Any:
    """The LUT, on RGB, and to the film's pixels. matrix : of the incoming picture, None where the scaler in front decides."""
    if look.lut is None:
        return stream.filter("scale", in_color_matrix=matrix, out_color_matrix="bt709", out_range="tv").filter("format", look.pixels)
    if matrix:
        stream = stream.filter("scale", in_color_matrix=matrix)
    stream = stream.filter("format", "gbrap" if look.pixels in ALPHA_PIXELS.values() else "gbrp")
    interpolation = {"interp": "tetrahedral"} if look.lut.filter == "lut3d" else {}
    stream = stream.filter(look.lut.filter, file=look.lut.path, **interpolation)
    return stream.filter("scale", out_color_matrix="bt709", out_range="tv").filter("format", look.pixels)


def _tagged(stream: Any, look: Look) -> Any:
    """Square pixels, and what they mean written on every frame."""
    tags = {"range": "tv", "color_primaries": "bt709", "color_trc": "bt709", "colorspace": "bt709"}
    return stream.filter("setsar", 1).filter("format", look.pixels).filter("setparams", **tags)


def _dissolved(shown: Sequence[Any], piece: Piece, look: Look) -> Any:
    """Frame k of n is (k + 1) / (n + 1) the second shot: no frame of the joint is one of them alone."""
    # xfade begins with the first shot alone; that frame is a copy put in front and taken off again.
    early = [stream.filter("tpad", start=1, start_mode="clone") for stream in shown]
    length = seconds((piece.frames + 1) * look.rate.frame_duration)
    faded = ffmpeg.filter(early, "xfade", transition="fade", duration=length, offset=0)
    return faded.filter("trim", start_frame=1).filter("setpts", "PTS-STARTPTS")


def _whipped(shown: Sequence[Any], piece: Piece, look: Look) -> Any:
    """The two pictures side by side, and a camera that swings from one to the other with its shutter open."""
    last = piece.frames * WHIP_STEPS - 1
    share = f"st(0,min(1,n/{last}))*0+ld(0)*ld(0)*(3-2*ld(0))"  # gently off, gently to rest
    stream = ffmpeg.filter(shown, "hstack", inputs=2)
    if look.pixels in FULL_CHROMA:
        stream = stream.filter("format", FULL_CHROMA[look.pixels])
    rate = look.rate.fraction * WHIP_STEPS
    stream = stream.filter("fps", fps=f"{rate.numerator}/{rate.denominator}")
    stream = stream.filter("crop", look.width, look.height, f"{look.width}*({share})", 0, exact=1)
    for _ in range(WHIP_STEPS.bit_length() - 1):  # means of means of two
        stream = stream.filter("tblend", all_mode="average").filter("framestep", 2)
    return stream.filter("setpts", f"N/({look.rate.to_json()})/TB")


def _dipped(shown: Sequence[Any], piece: Piece, look: Look) -> Any:
    """Down to black and up again: the first frame behind the cut is black."""
    lengths = [shot.frames for shot in piece.shots]
    ends = [stream.filter("trim", end_frame=count) for stream, count in zip(shown, lengths)]
    down = ends[0].filter("fade", t="out", s=0, n=lengths[0])
    up = ends[1].filter("fade", t="in", s=0, n=lengths[1])
    return ffmpeg.concat(down, up, v=1, a=0)


_JOINTS: dict[str, Callable[[Sequence[Any], Piece, Look], Any]] = {
    "quick_dissolve": _dissolved,
    "whip_pan": _whipped,
    "dip_to_black": _dipped,
}
