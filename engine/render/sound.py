"""The film's sound in one pass, exact to the sample, as a graph of ffmpeg-python; and what brings it to a platform's loudness. Pure.

One AAC stream for the whole: AAC pieces cannot be joined by copying (docs/rendering.md).
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import ffmpeg

from engine.model.media import Media
from engine.model.time import AUDIO_RATE_HZ, round_half_up
from engine.render.film import Film, Sound
from engine.render.graph import digest
from engine.render.picture import PathOf, seconds
from engine.render.presets import Preset, Quality

__all__ = [
    "Level",
    "Loudness",
    "QuickSound",
    "SoundPlan",
    "encode_arguments",
    "first_level",
    "loudness_of",
    "measure_arguments",
    "next_level",
    "plan_sound",
    "quick_sound",
]

SOUND_VERSION = "3"
"""Part of every cached sound's name."""
SEEKABLE = ("mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm")
"""Containers (ffmpeg's names) in which a seek is exact for sound; others are decoded from their start."""
PRE_ROLL_S = Fraction(1)
"""How much sound is decoded before the wanted one after a seek: codecs need a few frames to settle (chosen: plenty)."""
PEAK_DBTP = -1.0
"""The highest true peak (EBU R128): players and encoders of platforms clip above it."""
LIMIT_MOST_DB = 9.0
"""How far over that peak a sound may be driven into the limiter (chosen: drum hits are shaved, a voice is still a voice)."""
LIMIT_RATE_HZ = 192_000
"""The limiter looks at four values for each sample, so that it sees the peaks between them (ITU-R BS.1770, annex 2)."""
LIMIT_ATTACK_MS, LIMIT_RELEASE_MS = 5, 80
"""How far the limiter looks ahead, and how fast it lets go (chosen: no click, and no pumping with the beat)."""
NEAR_LU = 0.2
"""A loudness this near its target is there (EBU R128 allows 0.5)."""
PEAK_MARGIN_DB = 0.1
"""How much deeper than needed the ceiling is lowered when an encoder has overshot it."""
SILENT_LUFS = -70.0
"""EBU R128's absolute gate: what is softer than this has no loudness."""
SILENT_DBTP = -120.0
"""The true peak of silence: 20 bits below full scale."""
DUCK: Mapping[str, object] = {"threshold": 0.03, "ratio": 4, "attack": 20, "release": 400, "knee": 4}
"""How a song makes room for the clips' own sound: from speech level (-30 dBFS) on, within 20 ms, back within 0.4 s (chosen)."""


@dataclass(frozen=True)
class SoundPlan:
    """mix : arguments that lack what comes out of it. key : names the finished sound. target_lufs : None leaves it as it is."""

    mix: tuple[str, ...]
    key: str
    suffix: str
    target_lufs: float | None


@dataclass(frozen=True)
class QuickSound:
    """A preview's sound, encoded with the picture and as loud as it is. stream : ffmpeg-python's. key : names the finished sound."""

    stream: Any
    options: Mapping[str, object]
    key: str


@dataclass(frozen=True)
class Loudness:
    """integrated_lufs : EBU R128, gated. true_peak_dbtp : highest value between the samples, too."""

    integrated_lufs: float
    true_peak_dbtp: float


def plan_sound(film: Film, paths: Mapping[str, str], preset: Preset, quality: Quality, target_lufs: float | None) -> SoundPlan | None:
    """The sound to make; None where there is to be none. Masters get 24-bit PCM, others AAC."""
    if not film.sounds:
        return None
    mix = _mix_arguments(film, lambda media: paths[media.media_id])
    names = _mix_arguments(film, lambda media: media.media_id)
    encoding = encode_arguments("IN", "OUT", preset, quality, Level())
    suffix = ".m4a" if preset.codec == "h264" else ".wav"
    return SoundPlan(mix, digest([SOUND_VERSION, str(target_lufs), *names, *encoding]), suffix, target_lufs)


def quick_sound(film: Film, paths: Mapping[str, str], preset: Preset, quality: Quality) -> QuickSound | None:
    """The same for previews; None where there is to be none."""
    if not film.sounds:
        return None
    options = _encoding(preset, quality)
    names = ffmpeg.output(_mixed(film, lambda media: media.media_id), "OUT", **options).get_args()
    return QuickSound(_mixed(film, lambda media: paths[media.media_id]), options, digest([SOUND_VERSION, "quick", *names]))


def _mix_arguments(film: Film, path_of: PathOf) -> tuple[str, ...]:
    """Mixed to a float WAV, whose name comes last; loudness is printed on the way."""
    stream = _mixed(film, path_of)
    stream = stream.filter("ebur128", metadata=1, peak="true").filter("ametadata", mode="print", file="-")
    made = ffmpeg.output(stream, "OUT", **{"c:a": "pcm_f32le", "ar": AUDIO_RATE_HZ, "ac": 2, "map_metadata": -1, "f": "wav"})
    return tuple(made.get_args()[:-1])


def _mixed(film: Film, path_of: PathOf) -> Any:
    songs = _together([one for one in film.sounds if one.role == "song"], film.samples, path_of, 0)
    sources = _together([one for one in film.sounds if one.role != "song"], film.samples, path_of, 1000)
    if sources is None:
        return songs
    if songs is None:
        return sources.filter("volume", film.source_gain) if film.source_gain != 1 else sources
    if film.ducking:
        split = sources.asplit()
        songs, sources = ffmpeg.filter([songs, split[0]], "sidechaincompress", **DUCK), split[1]
    mixed = ffmpeg.filter([songs, sources.filter("volume", film.source_gain)], "amix", inputs=2, duration="first", normalize=0)
    return mixed.filter("atrim", end_sample=film.samples)


def _together(sounds: Sequence[Sound], samples: int, path_of: PathOf, first: int) -> Any | None:
    """Sounds as one stream of exactly `samples`; None for none. Those that overlap lie in lanes of their own."""
    lanes: list[list[Sound]] = []
    for sound in sorted((part for one in sounds for part in _inside(one, samples)), key=lambda one: one.start):
        lane = next((lane for lane in lanes if lane[-1].start + lane[-1].samples <= sound.start), None)
        if lane is None:
            lanes.append([sound])
        else:
            lane.append(sound)
    streams = []
    for lane in lanes:
        streams.append(_lane(lane, samples, path_of, first))
        first += len(lane)
    if len(streams) < 2:
        return streams[0] if streams else None
    return ffmpeg.filter(streams, "amix", inputs=len(streams), duration="first", normalize=0).filter("atrim", end_sample=samples)


def _inside(sound: Sound, samples: int) -> list[Sound]:
    """The part of a sound that lies in the film."""
    late = max(0, -sound.start)
    count = min(sound.start + sound.samples, samples) - max(0, sound.start)
    if count <= 0:
        return []
    start = sound.source_start_s + Fraction(late, AUDIO_RATE_HZ)
    return [replace(sound, start=max(0, sound.start), samples=count, source_start_s=start)]


def _lane(lane: Sequence[Sound], samples: int, path_of: PathOf, first: int) -> Any:
    pieces = []
    position = 0
    for number, sound in enumerate(lane, first):
        piece = _faded(_counted(sound, path_of, number) if sound.counted else _timed(sound, path_of, number), sound)
        gap = sound.start - position
        pieces.append(piece.filter("adelay", f"{gap}S", all=1) if gap else piece)
        position = sound.start + sound.samples
    stream = pieces[0] if len(pieces) == 1 else ffmpeg.concat(*pieces, v=0, a=1)
    return stream.filter("apad", whole_len=samples).filter("atrim", end_sample=samples)


def _counted(sound: Sound, path_of: PathOf, number: int) -> Any:
    """A song from its sample on, counted from the first one decoded, as its analysis counts."""
    start = round_half_up(sound.source_start_s * AUDIO_RATE_HZ)
    stream = _on_both_sides(_opened(sound.media, path_of, number).filter("aresample", AUDIO_RATE_HZ), sound.media)
    stream = stream.filter("atrim", start_sample=start, end_sample=start + sound.samples)
    return stream.filter("asetpts", "PTS-STARTPTS")


def _timed(sound: Sound, path_of: PathOf, number: int) -> Any:
    """A clip's own sound from the moment of a picture on: by time stamps, so that it keeps its place where it begins late or has gaps."""
    video = sound.media.video
    offset = Fraction(video.stream_offset_s).limit_denominator(1_000_000) if video else Fraction(0)
    wanted = sound.source_start_s + offset
    pre = min(wanted, PRE_ROLL_S) if sound.media.container in SEEKABLE else wanted
    options = {"ss": seconds(wanted - pre)} if wanted > pre else {}
    stream = _opened(sound.media, path_of, number, **options)
    stream = stream.filter("aresample", **{"out_sample_rate": AUDIO_RATE_HZ, "async": 1, "first_pts": 0})
    stream = _on_both_sides(stream, sound.media)
    start = round_half_up(pre * AUDIO_RATE_HZ)
    return stream.filter("atrim", start_sample=start, end_sample=start + sound.samples).filter("asetpts", "PTS-STARTPTS")


def _opened(media: Media, path_of: PathOf, number: int, **options: object) -> Any:
    """An input of its own: ffmpeg-python takes equal ones (a song's repeats) for one."""
    return ffmpeg.input(f"file:{path_of(media)}", thread_queue_size=8 + number, **options).audio


def _on_both_sides(stream: Any, media: Media) -> Any:
    """Two channels. One channel goes to both as loud as it is, as players do: the library's mix takes 3 dB off it."""
    stream = stream.filter("aformat", sample_fmts="fltp", channel_layouts="stereo")
    is_single = media.audio is not None and media.audio.channels == 1
    return stream.filter("volume", f"{math.sqrt(2):.8f}", precision="float") if is_single else stream


def _faded(stream: Any, sound: Sound) -> Any:
    stream = stream.filter("apad", whole_len=sound.samples).filter("atrim", end_sample=sound.samples)
    fade_in, fade_out = min(sound.fade_in, sound.samples), min(sound.fade_out, sound.samples)
    if fade_in > 0:
        stream = stream.filter("afade", t="in", ss=0, ns=fade_in)
    if fade_out > 0:
        stream = stream.filter("afade", t="out", ss=sound.samples - fade_out, ns=fade_out)
    return stream


@dataclass(frozen=True)
class Level:
    """How a mix is brought to its loudness: louder by gain_db, then held under a true peak; None does not limit."""

    gain_db: float = 0.0
    ceiling_dbtp: float | None = None


def encode_arguments(mixed: str, output: str, preset: Preset, quality: Quality, level: Level) -> tuple[str, ...]:
    """From the mixed WAV to the sound that goes into the film."""
    stream = ffmpeg.input(f"file:{mixed}").audio
    if level.gain_db:
        stream = stream.filter("volume", f"{level.gain_db:.2f}dB")
    if level.ceiling_dbtp is not None:
        stream = _limited(stream, level.ceiling_dbtp)
    return tuple(ffmpeg.output(stream, f"file:{output}", **_encoding(preset, quality)).get_args())


def _encoding(preset: Preset, quality: Quality) -> dict[str, object]:
    common: dict[str, object] = {"ar": AUDIO_RATE_HZ, "ac": 2, "map_metadata": -1}
    if preset.codec != "h264":
        return {"c:a": "pcm_s24le", **common}
    rate = f"{min(quality.audio_kbps, preset.max_audio_kbps)}k"
    # The edit list ends on the sample in this scale; the default of a millisecond would cut it.
    return {"c:a": "aac", "b:a": rate, "aac_coder": quality.aac_coder, "movie_timescale": AUDIO_RATE_HZ, **common}


def _limited(stream: Any, ceiling_dbtp: float) -> Any:
    """No true peak over the ceiling, every sample at its place: the limiter's look-ahead would move all of them."""
    late = LIMIT_RATE_HZ * LIMIT_ATTACK_MS // 1000
    words = {"limit": f"{10 ** (ceiling_dbtp / 20):.6f}", "attack": LIMIT_ATTACK_MS, "release": LIMIT_RELEASE_MS, "level": 0}
    stream = stream.filter("aresample", LIMIT_RATE_HZ).filter("apad", pad_len=late).filter("alimiter", **words)
    return stream.filter("atrim", start_sample=late).filter("asetpts", "PTS-STARTPTS").filter("aresample", AUDIO_RATE_HZ)


def measure_arguments(made: str) -> tuple[str, ...]:
    """Prints the loudness of a finished sound as it will be heard."""
    stream = ffmpeg.input(f"file:{made}").audio.filter("ebur128", metadata=1, peak="true").filter("ametadata", mode="print", file="-")
    return tuple(ffmpeg.output(stream, os.devnull, f="null").get_args())


def loudness_of(printed: str) -> Loudness:
    """What `ebur128` printed last; silence where it printed nothing."""
    found = {}
    for line in printed.splitlines():
        name, _, value = line.partition("=")
        if name.startswith("lavfi.r128."):
            found[name[11:]] = float(value)
    peaks = [value for name, value in found.items() if name.startswith("true_peaks_ch")]
    peak = max(peaks, default=0.0)
    return Loudness(round(found.get("I", SILENT_LUFS), 2), round(max(SILENT_DBTP, 20 * math.log10(peak)) if peak > 0 else SILENT_DBTP, 2))


def first_level(mix: Loudness, target_lufs: float | None) -> Level:
    """What should bring a mix to its target: a gain, and a limiter where its peaks would pass the ceiling."""
    if target_lufs is None or mix.integrated_lufs <= SILENT_LUFS:
        return Level()
    gain = _allowed(target_lufs - mix.integrated_lufs, mix)
    return Level(gain, PEAK_DBTP if mix.true_peak_dbtp + gain > PEAK_DBTP else None)


def next_level(level: Level, mix: Loudness, made: Loudness, target_lufs: float) -> Level:
    """A better one, from what came out with `level`; the same one where nothing is to be gained.

    Limiters take loudness with the peaks, and AAC gives back peaks that it was not given.
    """
    over = made.true_peak_dbtp - PEAK_DBTP
    ceiling = level.ceiling_dbtp
    if over > 0:
        ceiling = (PEAK_DBTP if ceiling is None else ceiling) - over - PEAK_MARGIN_DB
    gain, short = level.gain_db, target_lufs - made.integrated_lufs
    if abs(short) > NEAR_LU:
        gain = _allowed(gain + short, mix)
    if ceiling is None and mix.true_peak_dbtp + gain > PEAK_DBTP:
        ceiling = PEAK_DBTP
    return Level(gain, ceiling)


def _allowed(gain: float, mix: Loudness) -> float:
    return round(min(gain, PEAK_DBTP + LIMIT_MOST_DB - mix.true_peak_dbtp), 2)
