"""When a film's frames are shown, from its packets alone, and what that says of its rate and length."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from engine.errors import BadOption, MediaError
from engine.model.time import STANDARD_RATES, FrameRate, round_half_up

__all__ = ["SELF_DESCRIBING", "Packets", "frame_count", "joined_fields", "packets_of", "rate_of", "without_ragged_end"]

SELF_DESCRIBING = ("mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm")
"""Formats whose index names codecs, sizes and rates."""
MOST_REORDERED = 16
"""Frames that H.264 and HEVC may store out of their order."""
VARIABLE_TOLERANCE = Fraction(1, 4)
"""Frames further than this share of a frame from an even grid make the rate variable (chosen: containers that round to
milliseconds stay under .07 at 60 fps, dropped frames are off by 1)."""
STANDARD_PULL = Fraction(2, 100)
"""A variable rate within 2 % of a standard one is called by it (phones drift by under 1 %)."""


@dataclass(frozen=True)
class Packets:
    """Presentation times of the shown frames in stream ticks, ascending, and the last one's length (0: unknown).

    hidden : frames that the file holds and an edit list leaves out.
    """

    times: tuple[int, ...]
    last_length: int
    hidden: int = 0


def packets_of(container: Any, stream: Any, path: Path) -> tuple[Packets, Any]:
    """The times of all packets, and the first frame, decoded on the way: opening the file again would cost more than all else here."""
    import av

    whole = container.format.name in SELF_DESCRIBING  # elsewhere a packet may hold half a frame
    stream.thread_type = "NONE"  # threads would decode a dozen frames ahead for nothing
    times, lengths, frame, hidden = [], {}, None, 0
    try:
        for packet in container.demux(stream):
            if packet.pts is not None and packet.size and not packet.is_discard:
                times.append(packet.pts)
                lengths[packet.pts] = packet.duration or 0
            hidden += packet.is_discard
            if frame is None:
                frame = _decoded(packet) or (_at_once(packet, stream) if whole else None)
    except av.FFmpegError:
        pass  # a corrupt tail: what was read counts, and the caller compares it with the header's claim
    if frame is None:
        hint = "Copy it from the camera again, or convert it."
        raise MediaError("media_no_frames", f"{path.name} holds no picture that can be decoded.", hint, path=str(path))
    times.sort()
    return Packets(tuple(times), lengths[times[-1]] if times else 0, hidden), frame


def _decoded(packet: Any) -> Any | None:
    import av

    try:
        return next(iter(packet.decode()), None)
    except av.FFmpegError:
        return None  # a damaged packet; the next may do


def _at_once(packet: Any, stream: Any) -> Any | None:
    """The key frame in a packet without waiting for those that may be shown before it: each of them costs a decoding."""
    if not packet.is_keyframe or not packet.size or packet.is_discard:  # before an edit list begins: what follows needs it
        return None
    frame = _decoded_rest(stream)
    stream.codec_context.flush_buffers()
    return frame


def _decoded_rest(stream: Any) -> Any | None:
    import av

    try:
        return next(iter(stream.codec_context.decode(None)), None)
    except av.FFmpegError:
        return None


def without_ragged_end(packets: Packets) -> Packets:
    """Without what lies behind the first gap among the last frames: of frames stored out of order, a cut file lacks some in between."""
    times = packets.times
    if len(times) < 4:
        return packets
    step = statistics.median_low([b - a for a, b in zip(times, times[1:]) if b > a] or [1])
    first = max(1, len(times) - MOST_REORDERED)
    gap = next((at for at in range(first, len(times)) if times[at] - times[at - 1] > 1.5 * step), len(times))
    return Packets(times[:gap], packets.last_length)


def joined_fields(packets: Packets, rate: Fraction, tick: Fraction) -> Packets:
    """One time per frame where every field comes in a packet of its own (AVCHD): packets twice as dense as the rate."""
    times = packets.times
    if len(times) < 4 or not rate:
        return packets
    step = statistics.median_low([b - a for a, b in zip(times, times[1:]) if b > a]) * tick
    if abs(2 * step * rate - 1) > Fraction(1, 20):
        return packets
    return Packets(times[::2], 2 * packets.last_length)


def rate_of(packets: Packets, stream: Any, tick: Fraction) -> tuple[FrameRate, bool]:
    times = packets.times
    if len(times) < 2:
        named = stream.guessed_rate or stream.average_rate
        return (_parsed(Fraction(named)) if named else FrameRate(30)) or FrameRate(30), False
    mean = Fraction(len(times) - 1) / ((times[-1] - times[0]) * tick)
    typical = 1 / (statistics.median_low([b - a for a, b in zip(times, times[1:]) if b > a]) * tick)
    for candidate in _candidates(stream, mean, typical, tick, times):
        if _is_even(times, tick, candidate):
            return candidate, False
    nearest = min(STANDARD_RATES, key=lambda rate: abs(rate.fraction / typical - 1))
    if abs(nearest.fraction / mean - 1) <= STANDARD_PULL:
        return nearest, True
    return _parsed(mean) or FrameRate(30), True


def _candidates(stream: Any, mean: Fraction, typical: Fraction, tick: Fraction, times: tuple[int, ...]) -> list[FrameRate]:
    named = [Fraction(rate) for rate in (stream.guessed_rate, stream.average_rate, stream.base_rate) if rate]
    blur = 2 * tick / ((times[-1] - times[0]) * tick)  # a container's rounding moves the mean this much
    standard = [rate for rate in STANDARD_RATES if abs(rate.fraction / mean - 1) <= max(blur, Fraction(1, 5000))]
    exact = [_parsed(rate) for rate in [*named, mean] if abs(rate / mean - 1) <= max(blur, Fraction(1, 1000))]
    found = [*standard, *(rate for rate in exact if rate is not None)]
    # A short clip's mean blurs neighbours such as 29.97 and 30: what the file says comes first, then what is nearer. A writer that has
    # divided frames by milliseconds says 21800/727: no camera runs at that, so standard rates come before it.
    said = {_parsed(rate) for rate in named[:2]}
    return sorted(found, key=lambda rate: (rate not in STANDARD_RATES, rate not in said, abs(rate.fraction / mean - 1)))


def _parsed(rate: Fraction) -> FrameRate | None:
    try:
        return FrameRate.parse(rate)
    except BadOption:
        return None


def _is_even(times: tuple[int, ...], tick: Fraction, rate: FrameRate) -> bool:
    step = rate.frame_duration / tick
    slack = max(VARIABLE_TOLERANCE * step, Fraction(3, 2))
    first, length, per = times[0], step.numerator, step.denominator  # whole numbers: fractions are slow
    reach = int(slack * per)
    return all(abs((time - first) * per - length * index) <= reach for index, time in enumerate(times))


def frame_count(packets: Packets, rate: FrameRate, tick: Fraction) -> int:
    if len(packets.times) < 2:
        return 1
    last = packets.last_length or round_half_up(rate.frame_duration / tick)
    shown = max(round_half_up((packets.times[-1] - packets.times[0]) * tick * rate.fraction) + 1, 1)
    by_time = round_half_up((packets.times[-1] - packets.times[0] + last) * tick * rate.fraction)
    # The last packet's length is often wrong in files cut by software; one frame more than is shown is the most it may add.
    return min(max(by_time, 1), shown) if by_time < shown else shown
