"""How pictures become a stream: x264, hardware encoders where they work, and the codecs of masters. One table, and one trial."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import ffmpeg

from engine.errors import BadOption, MediaError
from engine.media import ffmpeg as tool
from engine.model.time import FrameRate
from engine.render.presets import Preset, Quality

__all__ = ["ENCODERS", "Encoding", "choose", "encoder_options", "timescale"]

TRIAL_FRAMES = 8
"""How many frames a trial encodes (chosen: more than any encoder holds back before its first packet at these settings)."""
TYPICAL_SHARE = 0.66
"""What encoders without a constant quality aim at, as a share of the ceiling (YouTube's 8 of our 12 Mb/s)."""


@dataclass(frozen=True)
class Encoding:
    """encoder : a key of `ENCODERS`. pixels : ffmpeg's pixel format. ceiling_kbps : 0 for none."""

    encoder: str
    pixels: str
    ceiling_kbps: int
    quality: Quality


def _x264(one: Encoding) -> dict[str, object]:
    return {"c:v": "libx264", "preset": one.quality.x264_preset, "crf": one.quality.crf, "threads": 1}


def _nvenc(one: Encoding) -> dict[str, object]:
    # forced-idr: key frames that decoders may start at, which a join needs
    return {"c:v": "h264_nvenc", "preset": "p5", "rc": "vbr", "cq": one.quality.crf, "b:v": 0, "forced-idr": 1, "bf": 2}


def _qsv(one: Encoding) -> dict[str, object]:
    return {"c:v": "h264_qsv", "global_quality": one.quality.crf, "idr_interval": 0, "bf": 2}


def _videotoolbox(one: Encoding) -> dict[str, object]:
    return {"c:v": "h264_videotoolbox", "b:v": f"{round(one.ceiling_kbps * TYPICAL_SHARE)}k", "profile:v": "high", "bf": 0}


def _amf(one: Encoding) -> dict[str, object]:
    return {"c:v": "h264_amf", "rc": "vbr_peak", "b:v": f"{round(one.ceiling_kbps * TYPICAL_SHARE)}k", "quality": "quality", "bf": 0}


def _prores(one: Encoding) -> dict[str, object]:
    return {"c:v": "prores_ks", "profile:v": 3, "vendor": "apl0", "threads": 1}


def _dnxhr(one: Encoding) -> dict[str, object]:
    return {"c:v": "dnxhd", "profile:v": "dnxhr_hqx", "threads": 1}


ENCODERS: Mapping[str, Callable[[Encoding], dict[str, object]]] = MappingProxyType(
    {
        "x264": _x264,
        "nvenc": _nvenc,
        "qsv": _qsv,
        "videotoolbox": _videotoolbox,
        "amf": _amf,
        "prores": _prores,
        "dnxhr": _dnxhr,
    }
)
HARDWARE = ("videotoolbox", "nvenc", "qsv", "amf")
CHOICES = ("x264", "hardware", *HARDWARE)
"""What a person may ask for; `hardware` is the first of them that works."""
MASTER_PIXELS = "yuv422p10le"


def choose(asked: str, preset: Preset, quality: Quality, rate: FrameRate, size: tuple[int, int]) -> tuple[Encoding, str | None]:
    """The encoding to use, and a word where it is not the one asked for. Raises `BadOption`."""
    if asked not in CHOICES:
        raise BadOption("bad_encoder", f"There is no encoder {asked!r}.", f"Use one of {', '.join(CHOICES)}.")
    if preset.codec != "h264":
        return Encoding(preset.codec, MASTER_PIXELS, 0, quality), None
    ceiling = round(preset.ceiling_kbps(rate.fraction) * quality.rate_factor)
    plain = Encoding("x264", "yuv420p", ceiling, quality)
    if asked == "x264":
        return plain, None
    for name in HARDWARE if asked == "hardware" else (asked,):
        one = Encoding(name, "yuv420p", ceiling, quality)
        if works(one, rate, size):
            return one, None
    what = "No hardware encoder works" if asked == "hardware" else f"{asked} does not work"
    return plain, f"{what} on this machine: x264 is used."


def works(one: Encoding, rate: FrameRate, size: tuple[int, int]) -> bool:
    """Whether the encoder takes a few frames of that size on this machine, tried once."""
    return _tried(tool.find_ffmpeg().path, one, rate, size)


@functools.lru_cache(maxsize=32)
def _tried(_path: str, one: Encoding, rate: FrameRate, size: tuple[int, int]) -> bool:
    if not tool.has_encoder(str(ENCODERS[one.encoder](one)["c:v"])):
        return False
    source = ffmpeg.input(f"color=c=gray:s={size[0]}x{size[1]}:r={rate.to_json()}", f="lavfi").video.filter("format", one.pixels)
    try:
        tool.run(ffmpeg.output(source, "-", f="null", **encoder_options(one, rate, TRIAL_FRAMES)).get_args())
    except MediaError:
        return False
    return True


def encoder_options(one: Encoding, rate: FrameRate, frames: int) -> dict[str, object]:
    """Output options: equal parameters for every piece and closed groups of pictures, which a join without encoding needs."""
    common: dict[str, object] = {
        "frames:v": frames,
        "filter_complex_threads": 1,
        "colorspace": "bt709",
        "color_primaries": "bt709",
        "color_trc": "bt709",
        "color_range": "tv",
        "video_track_timescale": timescale(rate),
        "map_metadata": -1,
    }
    chosen = ENCODERS[one.encoder](one)
    if one.encoder in ("prores", "dnxhr"):
        return {**common, **chosen}
    limits = {"maxrate": f"{one.ceiling_kbps}k", "bufsize": f"{2 * one.ceiling_kbps}k"}
    return {**common, **chosen, **limits, "g": 2 * rate.timebase, "flags": "+cgop"}


def timescale(rate: FrameRate) -> int:
    """Ticks a second of MP4 tracks: every frame on a whole tick, and fine enough that players do not guess (at least 10000)."""
    return rate.numerator * -(-10_000 // rate.numerator)
