"""What a file is, found by PyAV alone: its streams, exact rate, length in frames, rotation, start timecode, colour.

Packets are read once without decoding, so that rate and length are what the file holds and not what its header claims; then one
frame is decoded, because display matrices, interlacing and proof of life live there.
"""

from __future__ import annotations

import os
import re
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

from engine.errors import BadOption, MediaError
from engine.media.fingerprint import fingerprint
from engine.media.log_curves import log_curve_of
from engine.media.packet_times import SELF_DESCRIBING, Packets, frame_count, joined_fields, packets_of, rate_of, without_ragged_end
from engine.model.media import AudioStream, Colour, Media, VideoStream
from engine.model.time import FrameRate

__all__ = ["RAW_SUFFIXES", "check_there", "opened", "picture_stream", "probe", "silence_libraries"]

IMAGE_FORMATS = frozenset({"image2", "png_pipe", "jpeg_pipe", "mjpeg_pipe", "webp_pipe", "bmp_pipe", "tiff_pipe", "heif"})
STILL_BRANDS = frozenset({"heic", "heix", "mif1", "avif"})
"""What HEIF's stills call themselves (ISO/IEC 23008-12; AVIF 1.1); their container is MP4's."""
ALPHA_FORMATS = ("yuva", "rgba", "bgra", "argb", "abgr", "gbrap", "ya8", "ya16", "pal8")
"""How the names of pixel formats with transparency begin in ffmpeg."""
INDEXED_BOXES = (b"ftyp", b"wide", b"free", b"skip", b"mdat", b"uuid")
"""Boxes of an MP4 or MOV that stand beside its index."""
DURATION_TAG = re.compile(r"(\d+):(\d\d):(\d\d(?:\.\d+)?)")
RAW_SUFFIXES = frozenset({".braw", ".r3d", ".crm", ".arx", ".nev"})
"""Raw footage of Blackmagic, RED, Canon, ARRI and Nikon, where a clip is a file."""
LEAST_MISSING_S = 0.2
"""Writers round; some count the last frame, some do not."""
CAMERA_NAMES = ("com.apple.proapps.cameraname", "com.apple.proapps.angle", "camera_name", "cameraname", "camera_id", "camera")
"""Tags that hold what people call a camera, in lower case."""


def probe(path: Path) -> Media:
    """What the file at `path` is. Raises `MediaError` with a code that says why it cannot be used."""
    path = Path(path)
    if not _is_text(str(path)):
        hint = "Rename it (and its folders) with letters your system can show."
        raise MediaError("media_bad_name", f"The name of {path.name!a} is no valid text.", hint, path=ascii(str(path)))
    size = check_there(path)
    if path.is_dir():
        raise MediaError("media_is_folder", f"{path} is a folder.", "Give a file.", path=str(path))
    if size == 0:
        raise MediaError("media_empty", f"{path.name} is empty (0 bytes).", "Copy it from the camera again.", path=str(path))
    identity = fingerprint(path)
    with opened(path, quick=True) as container:
        audio = _audio(container)
        picture = picture_stream(container)
        video, warnings, kind = (None, [], "audio") if picture is None else _video(container, picture, path)
        if video is None and audio is None:
            raise MediaError("media_no_streams", f"{path.name} holds neither picture nor sound.", "Give a video.", path=str(path))
        tags = {**_lower(container.metadata), **(_lower(picture.metadata) if picture is not None else {})}
        container_name = container.format.name
    duration = float(video.rate.seconds(video.duration_frames)) if video else (audio.duration_s if audio else 0.0)
    return Media(
        media_id=identity,
        path=str(path.absolute()),
        kind=kind,  # type: ignore[arg-type]
        duration_s=duration,
        size_bytes=size,
        container=container_name,
        video=video,
        audio=audio,
        created=tags.get("com.apple.quicktime.creationdate") or tags.get("creation_time"),
        camera=_camera(tags),
        warnings=tuple(warnings),
    )


def check_there(path: Path) -> int:
    """The size in bytes of what is at `path`. Raises `MediaError` where there is nothing, or nothing that may be looked at."""
    try:
        return path.stat().st_size
    except PermissionError as cause:
        raise MediaError("media_forbidden", f"{path} may not be read.", "Check the permissions of its folder.", path=str(path)) from cause
    except OSError as cause:  # also links in circles and names longer than the system's
        raise MediaError("media_missing", f"{path} does not exist.", "Check the path.", path=str(path)) from cause


def _is_text(name: str) -> bool:
    """False for bytes that are no UTF-8, which Linux allows in names and no document or NLE can carry."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


@contextmanager
def opened(path: Path, quick: bool = False) -> Iterator[Any]:
    """The file as a PyAV container. Foreign errors become `MediaError`.

    quick : of formats that say what they hold, nothing is decoded to find it out, which costs as much as two key frames. In which order
    frames are shown the decoder then has to be told to keep to (`engine.media.scan`), where more than single ones are looked at.
    """
    import av

    silence_libraries()
    try:
        container = _open(f"file:{path}", quick)
        if quick and container.format.name not in SELF_DESCRIBING:
            container.close()
            container = _open(f"file:{path}")
    except (av.FFmpegError, OSError, ValueError) as cause:
        raise _unreadable(path, cause) from cause
    try:
        yield container
    except (av.FFmpegError, OverflowError) as cause:
        raise _unreadable(path, cause) from cause
    finally:
        container.close()


def _open(name: str, quick: bool = False) -> Any:
    """Tags that are no UTF-8 are read with replacements; from PyAV 19 on it does that by itself and takes no word about it."""
    import av

    told: dict[str, Any] = {"metadata_errors": "replace"} if int(av.__version__.partition(".")[0]) < 19 else {}
    return av.open(name, options={"skip_frame": "all"} if quick else {}, **told)


def silence_libraries() -> None:
    """Keeps the codec libraries' own chatter off standard error; what matters becomes a warning of ours."""
    import av.logging

    av.logging.set_level(None)


def _unreadable(path: Path, cause: Exception) -> MediaError:
    if not os.access(path, os.R_OK):
        return MediaError("media_forbidden", f"{path.name} may not be read.", "Check the file's permissions.", path=str(path))
    if _lacks_index(path):
        hint = "Copy it from the camera again; if the recording itself broke off, a repair program may bring it back."
        return MediaError("media_truncated", f"{path.name} is cut off: its index is missing.", hint, path=str(path))
    if path.suffix.lower() in RAW_SUFFIXES:
        hint = "Convert it to ProRes, DNxHR or H.264 in the maker's program, or give the camera's proxies."
        return MediaError(
            "codec_unknown", f"{path.name} is raw camera footage, which only its maker's programs read.", hint, path=str(path)
        )
    hint = "It may be damaged, or no media file at all. Copy it again or leave it out."
    return MediaError("media_unreadable", f"{path.name} cannot be read as media.", hint, path=str(path))


def _lacks_index(path: Path) -> bool:
    """Whether a file is an MP4 or MOV whose boxes (ISO/IEC 14496-12) end before the index (`moov`), which cameras write last."""
    try:
        with path.open("rb") as file:
            kind, place, end = b"", 0, file.seek(0, 2)
            while place < end:
                file.seek(place)
                head = file.read(16).ljust(16, b"\0")
                size, kind = int.from_bytes(head[:4], "big"), head[4:8]
                size = int.from_bytes(head[8:], "big") if size == 1 else size
                if kind not in INDEXED_BOXES or size < 8:
                    break
                place += size
    except OSError:
        return False
    return kind in INDEXED_BOXES


def _lower(metadata: Any) -> dict[str, str]:
    return {str(key).lower(): str(value) for key, value in metadata.items()}


def _camera(tags: dict[str, str]) -> str | None:
    maker = tags.get("com.apple.quicktime.make") or tags.get("make") or tags.get("com.android.manufacturer")
    model = tags.get("com.apple.quicktime.model") or tags.get("model") or tags.get("com.android.model")
    named = next((tags[key] for key in CAMERA_NAMES if tags.get(key)), None)
    return " ".join(part for part in (maker, model, named) if part) or None


def picture_stream(container: Any) -> Any | None:
    """The stream that is the film: no cover picture, the default one first."""
    import av.stream

    covers = av.stream.Disposition.attached_pic | av.stream.Disposition.timed_thumbnails
    real = [stream for stream in container.streams.video if not stream.disposition & covers]
    main = [stream for stream in real if stream.disposition & av.stream.Disposition.default]
    return next(iter(main or real), None)


def _audio(container: Any) -> AudioStream | None:
    for stream in container.streams.audio:
        context = stream.codec_context
        if context is None or not context.sample_rate or not context.channels:
            continue
        known = stream.duration * stream.time_base if stream.duration else Fraction(container.duration or 0, 1_000_000)
        duration = float(known)
        return AudioStream(context.name, context.sample_rate, context.channels, duration)
    return None


def _video(container: Any, stream: Any, path: Path) -> tuple[VideoStream, list[str], str]:
    warnings: list[str] = []
    if stream.codec_context is None:
        raise MediaError("codec_unknown", f"{path.name} has a picture format this build cannot read.", "Convert it.", path=str(path))
    packets, frame = packets_of(container, stream, path)
    tick = Fraction(stream.time_base)
    claimed = stream.frames or 0
    held = len(packets.times) + packets.hidden
    if claimed > held + max(2, claimed // 50):
        warnings.append(f"The file claims {claimed} frames and holds {held}: its end is missing.")
        packets = without_ragged_end(packets)
    elif missing_s := _missing_s(stream, packets, tick):
        warnings.append(f"The last {missing_s:.1f} s that the file claims to hold are not there: its end is missing.")
        packets = without_ragged_end(packets)
    if frame.interlaced_frame:
        packets = joined_fields(packets, Fraction(stream.guessed_rate or 0), tick)
    if len(packets.times) < 2:
        packets = Packets((packets.times or (0,))[:1], packets.last_length)
    rate, variable = rate_of(packets, stream, tick)
    count = frame_count(packets, rate, tick)
    if variable:
        warnings.append(f"Variable frame rate (about {rate}): frames are counted by time.")
    rotation, mirrored = _orientation(frame)
    timecode = _timecode(container, stream)
    start, drop = _start_frame(timecode, rate, warnings)
    context = stream.codec_context
    tags = {**_lower(container.metadata), **_lower(stream.metadata)}
    colour = Colour(*_colour_names(context), log=log_curve_of(tags, path))
    if colour.log is not None:
        warnings.append(f"Log footage ({colour.log}): judged as an ordinary screen shows it; give edit and render --lut for its look.")
    if colour.is_hdr:
        warnings.append("High dynamic range: tone-mapped for analysis and rendering.")
    aspect = Fraction(stream.sample_aspect_ratio or 1) or Fraction(1)
    still = container.format.name in IMAGE_FORMATS or (len(packets.times) <= 1 and _is_for_pictures(container))
    video = VideoStream(
        codec=context.name,
        rate=rate,
        duration_frames=count,
        stored_width=frame.width,
        stored_height=frame.height,
        rotation=rotation,
        mirrored=mirrored,
        sample_aspect=aspect if aspect > 0 else Fraction(1),
        pixel_format=context.pix_fmt or "unknown",
        bit_depth=_bit_depth(frame),
        has_alpha=_lower(stream.metadata).get("alpha_mode") == "1" or (context.pix_fmt or "").startswith(ALPHA_FORMATS),
        interlaced=bool(frame.interlaced_frame),
        variable_rate=variable,
        start_frame=start,
        has_timecode=timecode is not None,
        drop_frame=drop,
        colour=colour,
        stream_offset_s=_offset(container, stream, packets, tick),
    )
    return video, warnings, "image" if still else "video"


def _is_for_pictures(container: Any) -> bool:
    """Whether a file of this kind that holds one frame is a picture, and no clip of one frame."""
    name, brand = container.format.name, _lower(container.metadata).get("major_brand", "").strip()
    return name.endswith("_pipe") or name == "gif" or brand in STILL_BRANDS


def _missing_s(stream: Any, packets: Packets, tick: Fraction) -> float:
    """Seconds by which Matroska's and WebM's writers say that the track is longer than it is; 0 where nothing is said or missing."""
    said = DURATION_TAG.fullmatch(_lower(stream.metadata).get("duration", ""))
    if said is None or not packets.times:
        return 0.0
    hours, minutes, seconds = (float(part) for part in said.groups())
    claimed_s = hours * 3600 + minutes * 60 + seconds
    missing_s = claimed_s - float((packets.times[-1] + packets.last_length) * tick)
    return missing_s if missing_s > max(LEAST_MISSING_S, claimed_s / 50) else 0.0


def _orientation(frame: Any) -> tuple[int, bool]:
    import av.sidedata.sidedata

    try:
        matrix = frame.side_data.get(av.sidedata.sidedata.Type.DISPLAYMATRIX)
    except ValueError:  # a kind of data beside it that PyAV has no name for (Exif, a spatial video's views) bars all of them
        return round(-frame.rotation / 90) * 90 % 360, False
    if matrix is None:
        return 0, False
    a, b, _, c, d, *_ = struct.unpack("=9i", bytes(matrix)[:36])
    mirrored = a * d - b * c < 0
    # A mirrored matrix is a turn of the picture flipped left to right; take the flip out before reading the angle.
    angle = round(_clockwise(-a if mirrored else a, b) / 90) * 90 % 360
    return angle, mirrored


def _clockwise(a: int, b: int) -> float:
    import math

    return math.degrees(math.atan2(b, a))


def _timecode(container: Any, stream: Any) -> str | None:
    places = [stream.metadata, *(other.metadata for other in container.streams if other.type == "data"), container.metadata]
    for metadata in places:
        label = _lower(metadata).get("timecode")
        if label:
            return label
    return None


def _start_frame(label: str | None, rate: FrameRate, warnings: list[str]) -> tuple[int, bool]:
    if label is None:
        return 0, False
    try:
        return rate.frames_of_timecode(label), ";" in label
    except BadOption as cause:
        warnings.append(f"Its start timecode was ignored: {cause.message}")
        return 0, False


def _colour_names(context: Any) -> tuple[str, str, str, str]:

    primaries = {9: "bt2020", 1: "bt709", 5: "bt470bg", 6: "smpte170m", 12: "smpte432"}
    transfers = {16: "smpte2084", 18: "arib-std-b67", 1: "bt709", 6: "smpte170m", 13: "iec61966-2-1", 14: "bt2020-10"}
    matrices = {1: "bt709", 5: "bt470bg", 6: "smpte170m", 9: "bt2020nc", 0: "rgb"}
    names = (primaries, transfers, matrices, {1: "tv", 2: "pc"})
    values = (context.color_primaries, context.color_trc, context.colorspace, context.color_range)
    found = [table.get(int(value), "unknown") for table, value in zip(names, values)]
    return found[0], found[1], found[2], found[3]


def _bit_depth(frame: Any) -> int:
    components = frame.format.components
    return max((component.bits for component in components), default=8)


def _offset(container: Any, stream: Any, packets: Packets, tick: Fraction) -> float:
    if not packets.times or container.start_time is None:
        return 0.0
    return max(0.0, float(packets.times[0] * tick - Fraction(container.start_time, 1_000_000)))
