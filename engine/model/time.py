"""Exact time: integer frames at an exact rational rate.

This is the only place that turns seconds into frames or back. Seconds are `Fraction` where exactness matters and float only
at the edges (JSON, screen). Rounding is half up, so that no platform's banker's rounding moves a cut.
"""

from __future__ import annotations

import functools
import math
import re
from dataclasses import dataclass
from fractions import Fraction

from engine.errors import BadOption

__all__ = ["AUDIO_RATE_HZ", "STANDARD_RATES", "FrameRate", "FrameSpan", "audio_samples", "round_half_up"]

AUDIO_RATE_HZ = 48_000

Seconds = Fraction | float | int


def round_half_up(value: Fraction | float) -> int:
    """Nearest integer, halves upwards (`-0.5` becomes 0). Floats are taken at their exact value."""
    return math.floor(Fraction(value) + Fraction(1, 2))


@functools.total_ordering
@dataclass(frozen=True)
class FrameRate:
    """Frames per second as an exact quotient in lowest terms, for example 30000/1001."""

    numerator: int
    denominator: int = 1

    def __post_init__(self) -> None:
        if self.numerator <= 0 or self.denominator <= 0:
            raise BadOption("bad_rate", f"A frame rate must be positive, not {self.numerator}/{self.denominator}.")
        divisor = math.gcd(self.numerator, self.denominator)
        object.__setattr__(self, "numerator", self.numerator // divisor)
        object.__setattr__(self, "denominator", self.denominator // divisor)

    def __lt__(self, other: FrameRate) -> bool:
        # By speed: comparing the fields in turn would put 60/1 before 24000/1001.
        return self.fraction < other.fraction

    @classmethod
    def parse(cls, value: str | int | float | Fraction | FrameRate) -> FrameRate:
        """A rate from what people and files write: 30, 29.97, "23.976", "30000/1001", 23.976024627685547.

        Values within 0.02 % of a standard rate become that rate, others the nearest quotient with a denominator up to 1001.
        Raises `BadOption` for anything that is not a rate between 1 and 1000.
        """
        if isinstance(value, FrameRate):
            return value
        exact = _quotient(value)
        if not 1 <= exact <= 1000:
            raise BadOption("bad_rate", f"{value} is not a usable frame rate.", "Give one such as 25, 29.97 or 30000/1001.")
        for standard in STANDARD_RATES:
            if abs(exact / standard.fraction - 1) < Fraction(2, 10_000):
                return standard
        snapped = exact.limit_denominator(1001)
        return cls(snapped.numerator, snapped.denominator)

    @property
    def fraction(self) -> Fraction:
        """Frames per second, exact."""
        return Fraction(self.numerator, self.denominator)

    @property
    def fps(self) -> float:
        """Frames per second as a float, for libraries that insist."""
        return self.numerator / self.denominator

    @property
    def frame_duration(self) -> Fraction:
        """Seconds per frame, exact."""
        return Fraction(self.denominator, self.numerator)

    @property
    def timebase(self) -> int:
        """Whole frames per timecode second: 30 for 29.97."""
        return round_half_up(self.fraction)

    @property
    def is_ntsc(self) -> bool:
        """True for the 1000/1001 family."""
        return self.denominator == 1001

    def frames(self, seconds: Seconds) -> int:
        """The frame boundary nearest to `seconds` (half up)."""
        return round_half_up(Fraction(seconds) * self.fraction)

    def frame_at(self, seconds: Seconds) -> int:
        """The frame on screen at `seconds`: the last one that has begun."""
        return math.floor(Fraction(seconds) * self.fraction)

    def seconds(self, frames: int) -> Fraction:
        """When frame boundary `frames` lies, in exact seconds."""
        return frames * self.frame_duration

    def to_json(self) -> str:
        """`"30000/1001"`; whole rates as `"30/1"`."""
        return f"{self.numerator}/{self.denominator}"

    def __str__(self) -> str:
        return str(self.numerator) if self.denominator == 1 else f"{self.fps:.3f}".rstrip("0")

    def timecode(self, frame: int, drop_frame: bool = False) -> str:
        """SMPTE label of a frame count, `HH:MM:SS:FF` (`;` before FF for drop frame), wrapped at 24 hours.

        Drop frame (SMPTE ST 12-1) exists at 29.97 and 59.94 only: 2 (4) labels are left out at each minute
        that is not a multiple of ten.
        """
        base = self.timebase
        if drop_frame:
            frame = _drop_label_number(frame, base, self._dropped_per_minute())
        frame %= base * 86_400
        seconds, rest = divmod(frame, base)
        mark = ";" if drop_frame else ":"
        return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}{mark}{rest:02d}"

    def frames_of_timecode(self, label: str) -> int:
        """The frame count of an SMPTE label; `;` or `.` before the frames means drop frame.

        Raises `BadOption` where the label is malformed, or names a frame that does not exist.
        """
        found = re.fullmatch(r"(\d{1,2}):(\d{2}):(\d{2})([:;.,])(\d{2,3})", label.strip())
        if not found:
            raise BadOption("bad_timecode", f"{label!r} is not a timecode.", "Write HH:MM:SS:FF.")
        hours, minutes, seconds, rest = (int(found[k]) for k in (1, 2, 3, 5))
        base = self.timebase
        if minutes > 59 or seconds > 59 or rest >= base:
            raise BadOption("bad_timecode", f"{label!r} names a frame that does not exist at {self}.")
        number = ((hours * 60 + minutes) * 60 + seconds) * base + rest
        if found[4] == ":":
            return number
        dropped = self._dropped_per_minute()
        if seconds == 0 and rest < dropped and minutes % 10:
            raise BadOption("bad_timecode", f"{label!r} names a dropped frame.")
        total_minutes = hours * 60 + minutes
        return number - dropped * (total_minutes - total_minutes // 10)

    def _dropped_per_minute(self) -> int:
        if not self.is_ntsc or self.timebase % 30:
            raise BadOption("bad_timecode", f"There is no drop-frame timecode at {self}.")
        return self.timebase // 15


def _quotient(value: str | int | float | Fraction) -> Fraction:
    try:
        if isinstance(value, str):
            top, _, bottom = value.strip().partition("/")
            return Fraction(_plain_number(top)) / Fraction(_plain_number(bottom or "1"))
        return Fraction(value)
    except (ValueError, ZeroDivisionError, OverflowError, TypeError) as cause:
        raise BadOption("bad_rate", f"{value!r} is not a frame rate.", "Give one such as 25, 29.97 or 30000/1001.") from cause


def _plain_number(digits: str) -> str:
    """Digits and a point. `Fraction` would also take exponents, and spend hours on 1e999999999."""
    if not re.fullmatch(r"[0-9]{1,20}(\.[0-9]{0,30})?", digits.strip()):
        raise ValueError(f"{digits!r} is not a number")
    return digits


def _drop_label_number(frame: int, base: int, dropped: int) -> int:
    per_minute = base * 60 - dropped
    per_ten = per_minute * 10 + dropped
    frame %= per_ten * 144
    tens, rest = divmod(frame, per_ten)
    skipped = dropped * 9 * tens
    if rest >= dropped:
        skipped += dropped * ((rest - dropped) // per_minute)
    return frame + skipped


STANDARD_RATES: tuple[FrameRate, ...] = (
    FrameRate(24_000, 1001),
    FrameRate(24),
    FrameRate(25),
    FrameRate(30_000, 1001),
    FrameRate(30),
    FrameRate(48_000, 1001),
    FrameRate(48),
    FrameRate(50),
    FrameRate(60_000, 1001),
    FrameRate(60),
    FrameRate(100),
    FrameRate(120_000, 1001),
    FrameRate(120),
    FrameRate(240_000, 1001),
    FrameRate(240),
)
"""Rates that cameras and NLEs use; `FrameRate.parse` snaps to them."""


@dataclass(frozen=True, order=True)
class FrameSpan:
    """Frames `start` up to, not including, `end` (half-open), at a rate the owner knows."""

    start: int
    end: int

    def __post_init__(self) -> None:
        if self.end < self.start:
            raise BadOption("bad_span", f"A span cannot end ({self.end}) before it starts ({self.start}).")

    @property
    def duration(self) -> int:
        """Frames in the span."""
        return self.end - self.start

    def contains(self, other: FrameSpan) -> bool:
        return self.start <= other.start and other.end <= self.end

    def holds(self, frame: int) -> bool:
        return self.start <= frame < self.end

    def overlaps(self, other: FrameSpan) -> bool:
        """True when they share at least one frame; touching is not overlapping."""
        return max(self.start, other.start) < min(self.end, other.end)

    def intersection(self, other: FrameSpan) -> FrameSpan | None:
        start, end = max(self.start, other.start), min(self.end, other.end)
        return FrameSpan(start, end) if start < end else None

    def shifted(self, frames: int) -> FrameSpan:
        return FrameSpan(self.start + frames, self.end + frames)


def audio_samples(frames: int, rate: FrameRate, sample_rate_hz: int = AUDIO_RATE_HZ) -> int:
    """Samples of sound that belong to `frames` of picture, to the nearest sample (half up)."""
    return round_half_up(rate.seconds(frames) * sample_rate_hz)
