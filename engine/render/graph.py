"""Timeline to ffmpeg arguments. Pure: everything here is a value to print and compare.

One encode per placement, joined without encoding again: as cheap as one big graph, bounded in memory, and cacheable. The seek recipe and
its traps are in docs/rendering.md.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import ffmpeg

from engine.model.media import Media, VideoStream
from engine.model.time import AUDIO_RATE_HZ, FrameRate, audio_samples, round_half_up
from engine.model.timeline import CropKey, Placement, SongUse, Timeline
from engine.render.presets import Preset, Quality

__all__ = ["Look", "SegmentPlan", "audio_arguments", "concat_list", "mux_arguments", "plan_segments"]

UNSAFE_SEEK = ("mpegts", "mpeg")
"""Containers in which an input seek may land behind the wanted frame: decoded from their start."""
SAMPLE_LATE_S = Fraction(1, 1000)
"""Output frame k shows what is on screen a millisecond after its time, so that equal times are no tie."""
SEGMENT_VERSION = "1"
"""Part of every cached segment's name: raise when the same arguments should give other pictures."""


@dataclass(frozen=True)
class Look:
    """What every segment has in common: size, rate, encoder, and whether this ffmpeg can tone-map."""

    width: int
    height: int
    rate: FrameRate
    preset: Preset | None
    quality: Quality
    can_tonemap: bool = True


@dataclass(frozen=True)
class SegmentPlan:
    """One placement's encode. `arguments` lack the output file, which comes last; `key` names its content."""

    clip_id: str
    frames: int
    arguments: tuple[str, ...]
    key: str
    suffix: str


def plan_segments(timeline: Timeline, paths: Mapping[str, str], look: Look) -> tuple[SegmentPlan, ...]:
    """A plan per placement. paths : media id -> file."""
    return tuple(_segment(timeline, clip, timeline.media_of(clip), paths[clip.media_id], look) for clip in timeline.clips)


def _segment(timeline: Timeline, clip: Placement, media: Media, path: str, look: Look) -> SegmentPlan:
    video = media.video
    assert video is not None
    source = clip.source_start_s
    unsafe = media.container in UNSAFE_SEEK
    pre = source if unsafe else min(source, Fraction(5, 2) * video.rate.frame_duration + Fraction(1, 5))
    offset = Fraction(video.stream_offset_s).limit_denominator(1_000_000)
    seek = Fraction(0) if unsafe else source - pre + offset
    late = pre + SAMPLE_LATE_S + (offset if unsafe else 0)
    options: dict[str, object] = {"threads": 1}
    if seek > 0:
        options["ss"] = _number(seek)
    if media.kind == "image":
        options = {"loop": 1, "framerate": look.rate.to_json()}
    stream = ffmpeg.input(f"file:{path}", **options).video
    stream = _timed(stream, clip, video, look, late)
    stream = _framed(stream, clip, video, look)
    arguments = ffmpeg.output(stream, "OUT", **_encoder(look, clip.duration_frames)).get_args()[:-1]
    suffix = ".mov" if look.preset and look.preset.codec == "prores" else ".mp4"
    words = [SEGMENT_VERSION, clip.media_id, *(word for word in arguments if path not in word)]
    return SegmentPlan(
        clip.id, clip.duration_frames, tuple(arguments), hashlib.blake2b("\0".join(words).encode(), digest_size=16).hexdigest(), suffix
    )


def _timed(stream: Any, clip: Placement, video: VideoStream, look: Look, late: Fraction) -> Any:
    """Source frames onto the timeline's grid."""
    if video.interlaced:
        stream = stream.filter("bwdif", mode="send_frame")
    speed = "" if clip.speed == 1 else f"/({clip.speed.numerator}/{clip.speed.denominator})"
    stream = stream.filter("setpts", f"(PTS-{_number(late)}/TB){speed}")
    stream = stream.filter("fps", fps=look.rate.to_json(), start_time=0, round="up")
    # The last frame of a variable rate stays on screen as long as it is asked for.
    return stream.filter("tpad", stop_mode="clone", stop_duration=2)


def _framed(stream: Any, clip: Placement, video: VideoStream, look: Look) -> Any:
    """Crop, scale, colour: sources of any shape to the edit's."""
    if video.colour.is_hdr and look.can_tonemap:
        stream = stream.filter("zscale", t="linear", npl=100).filter("format", "gbrpf32le").filter("zscale", p="bt709")
        stream = (
            stream.filter("tonemap", tonemap="hable", desat=0).filter("zscale", t="bt709", m="bt709", r="tv").filter("format", "yuv420p")
        )
    keys = _shaped(clip.crop, video, look)
    stream = stream.filter("crop", *_crop_words(keys, look.rate), exact=0)
    matrix = video.colour.matrix if video.colour.matrix in ("bt709", "smpte170m", "bt470bg", "bt2020nc") else None
    matrix = matrix or ("bt709" if video.stored_height >= 720 else "smpte170m")
    if video.colour.is_hdr and look.can_tonemap:
        matrix = "bt709"
    known = {"bt709": "bt709", "smpte170m": "bt601", "bt470bg": "bt601", "bt2020nc": "bt2020"}[matrix]
    stream = stream.filter(
        "scale", look.width, look.height, flags="lanczos", in_color_matrix=known, out_color_matrix="bt709", out_range="tv"
    )
    pixels = "yuv422p10le" if look.preset and look.preset.codec == "prores" else "yuv420p"
    return stream.filter("setsar", 1).filter("format", pixels)


def _shaped(keys: tuple[CropKey, ...], video: VideoStream, look: Look) -> tuple[CropKey, ...]:
    """Crop keys of exactly the output's shape: given ones where they fit it, else a cover crop around their centre."""
    source = video.display_width / video.display_height
    target = look.width / look.height
    shaped = []
    for key in keys or (CropKey(0, 0.0, 0.0, 1.0, 1.0),):
        if abs(key.width * source / key.height / target - 1) < 0.01:
            shaped.append(key)
            continue
        width, height = min(1.0, target / source), min(1.0, source / target)
        x = min(max(key.x + key.width / 2 - width / 2, 0.0), 1.0 - width)
        y = min(max(key.y + key.height / 2 - height / 2, 0.0), 1.0 - height)
        shaped.append(CropKey(key.frame, x, y, width, height))
    return tuple(shaped)


def _crop_words(keys: tuple[CropKey, ...], rate: FrameRate) -> tuple[str, str, str, str]:
    """Width and height are those of the first key; the place moves from key to key in straight lines."""
    first = keys[0]
    return (
        f"iw*{first.width:.6f}",
        f"ih*{first.height:.6f}",
        f"iw*({_path([(key.frame, key.x) for key in keys])})",
        f"ih*({_path([(key.frame, key.y) for key in keys])})",
    )


def _path(points: list[tuple[int, float]]) -> str:
    """A piecewise linear expression of ffmpeg's frame number `n`."""
    words = f"{points[-1][1]:.6f}"
    for (a, low), (b, high) in reversed(list(zip(points, points[1:]))):
        line = f"{low:.6f}+({high - low:.6f})*(n-{a})/{max(1, b - a)}"
        words = f"if(lt(n,{b}),{line},{words})"
    return words


def _encoder(look: Look, frames: int) -> dict[str, object]:
    """Equal parameters for every segment, closed groups of pictures: what a join without encoding needs."""
    common: dict[str, object] = {
        "frames:v": frames,
        "filter_complex_threads": 1,
        "colorspace": "bt709",
        "color_primaries": "bt709",
        "color_trc": "bt709",
        "color_range": "tv",
        "video_track_timescale": timescale(look.rate),
        "map_metadata": -1,
    }
    if look.preset and look.preset.codec == "prores":
        return {**common, "c:v": "prores_ks", "profile:v": 3, "vendor": "apl0", "threads": 1}
    ceiling = round((look.preset.max_kbps if look.preset else 12_000) * look.quality.rate_factor)
    return {
        **common,
        "c:v": "libx264",
        "preset": look.quality.x264_preset,
        "crf": look.quality.crf,
        "maxrate": f"{ceiling}k",
        "bufsize": f"{2 * ceiling}k",
        "g": 2 * look.rate.timebase,
        "flags": "+cgop",
        "threads": 1,
    }


def timescale(rate: FrameRate) -> int:
    """Ticks a second of MP4 tracks: every frame on a whole tick, and fine enough that players do not guess (at least 10000)."""
    return rate.numerator * -(-10_000 // rate.numerator)


def concat_list(files: list[str], plans: tuple[SegmentPlan, ...], rate: FrameRate) -> str:
    """The concat demuxer's list. Exact durations, because containers round theirs to milliseconds and joins would drift."""
    lines = ["ffconcat version 1.0"]
    for file, plan in zip(files, plans):
        quoted = file.replace("'", "'\\''")
        lines += [f"file 'file:{quoted}'", f"duration {float(rate.seconds(plan.frames)):.6f}"]
    return "\n".join(lines) + "\n"


def mux_arguments(list_file: str, audio_file: str | None, look: Look, output: str) -> list[str]:
    """Joins segments and sound by copying."""
    sound = ["-i", f"file:{audio_file}", "-map", "0:v:0", "-map", "1:a:0"] if audio_file else ["-map", "0:v:0"]
    return [
        *("-f", "concat", "-safe", "0", "-i", f"file:{list_file}"),
        *sound,
        *("-c", "copy", "-map_metadata", "-1", "-video_track_timescale", str(timescale(look.rate)), "-movflags", "+faststart"),
        f"file:{output}",
    ]


def audio_arguments(timeline: Timeline, mode: str, paths: Mapping[str, str], quality: Quality, output: str) -> list[str] | None:
    """One pass for the whole sound, cut to the sample; None where there is to be none."""
    samples = audio_samples(timeline.duration_frames, timeline.rate)
    streams = []
    if mode in ("song", "both") and timeline.song is not None:
        streams.append(_song(timeline.song, paths[timeline.song.media_id], samples))
    if mode in ("source", "both"):
        streams.append(_sources(timeline, paths, 1.0 if mode == "source" else 0.4))
    if not streams:
        return None
    stream = streams[0] if len(streams) == 1 else ffmpeg.filter(streams, "amix", inputs=2, duration="first", normalize=0)
    # Both kinds of sound end on the sample of the last frame: silence fills up, the cut takes off.
    stream = stream.filter("apad", whole_len=samples).filter("atrim", end_sample=samples)
    encoded = {"c:a": "aac", "b:a": f"{quality.audio_kbps}k", "ar": AUDIO_RATE_HZ, "ac": 2, "map_metadata": -1}
    arguments: list[str] = ffmpeg.output(stream, f"file:{output}", **encoded).get_args()
    return arguments


def _own_input(name: str, number: int, **options: object) -> Any:
    """An input's sound as a node of its own: ffmpeg-python takes equal ones (two equal silences, a song's repeats) for one."""
    return ffmpeg.input(name, thread_queue_size=8 + number, **options).audio


def _stereo(stream: Any) -> Any:
    return stream.filter("aresample", AUDIO_RATE_HZ).filter("aformat", sample_fmts="fltp", channel_layouts="stereo")


JOIN_FADE_SAMPLES = 96
"""2 ms, at AUDIO_RATE_HZ: too short to be heard as a fade, long enough that a join does not click."""


def _song(song: SongUse, path: str, samples: int) -> Any:
    pieces = []
    for number, (begin, end, second) in enumerate(song.pieces(samples / AUDIO_RATE_HZ)):
        start, first, last = (round_half_up(Fraction(time) * AUDIO_RATE_HZ) for time in (second, begin, end))
        piece = _stereo(_own_input(f"file:{path}", number))
        piece = piece.filter("atrim", start_sample=start, end_sample=start + last - first).filter("asetpts", "PTS-STARTPTS")
        pieces.append(_without_clicks(piece, last - first, opens=number > 0, closes=end < samples / AUDIO_RATE_HZ))
    stream = pieces[0] if len(pieces) == 1 else ffmpeg.concat(*pieces, v=0, a=1)
    if song.fade_in_s > 0:
        stream = stream.filter("afade", t="in", st=0, d=_number(Fraction(song.fade_in_s)))
    if song.fade_out_s > 0:
        begin = samples - round_half_up(Fraction(song.fade_out_s) * AUDIO_RATE_HZ)
        stream = stream.filter("afade", t="out", ss=max(0, begin), ns=samples - max(0, begin))
    return stream


def _without_clicks(piece: Any, samples: int, *, opens: bool, closes: bool) -> Any:
    """Fades of a few samples where a piece of song meets another."""
    fade = min(JOIN_FADE_SAMPLES, samples // 4)
    if opens and fade:
        piece = piece.filter("afade", t="in", ss=0, ns=fade)
    return piece.filter("afade", t="out", ss=samples - fade, ns=fade) if closes and fade else piece


def _sources(timeline: Timeline, paths: Mapping[str, str], gain: float) -> Any:
    """The clips' own sound, each as long as its picture to the sample, with micro-fades so that joins do not click."""
    pieces = []
    for number, clip in enumerate(timeline.clips):
        begin = audio_samples(clip.span.start, timeline.rate)
        count = audio_samples(clip.span.end, timeline.rate) - begin
        if timeline.media_of(clip).audio is None or clip.speed != 1:
            silence = f"anullsrc=r={AUDIO_RATE_HZ}:cl=stereo"
            stream = _own_input(silence, number, f="lavfi", t=_number(Fraction(count, AUDIO_RATE_HZ)))
            stream = stream.filter("aformat", sample_fmts="fltp", channel_layouts="stereo")
        else:
            stream = _stereo(_own_input(f"file:{paths[clip.media_id]}", number))
            start = round_half_up(clip.source_start_s * AUDIO_RATE_HZ)
            stream = stream.filter("atrim", start_sample=start, end_sample=start + count).filter("asetpts", "PTS-STARTPTS")
            fade = min(240, count // 4)  # 5 ms
            stream = stream.filter("apad", whole_len=count).filter("afade", t="in", ss=0, ns=fade)
            stream = stream.filter("afade", t="out", ss=count - fade, ns=fade)
        pieces.append(stream.filter("atrim", end_sample=count))
    stream = pieces[0] if len(pieces) == 1 else ffmpeg.concat(*pieces, v=0, a=1)
    return stream.filter("volume", gain)


def _number(value: Fraction) -> str:
    """Seconds with six digits and no exponent."""
    return f"{float(value):.6f}"
