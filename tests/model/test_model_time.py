"""Laws of exact time at every rate that cameras and editors use."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import BadOption
from engine.model.time import STANDARD_RATES, FrameRate, FrameSpan, audio_samples, round_half_up

NAMED = ("23.976", "24", "25", "29.97", "30", "50", "59.94", "60")
RATES = [FrameRate.parse(name) for name in NAMED]
DROP_RATES = [FrameRate(30_000, 1001), FrameRate(60_000, 1001)]

rates = st.sampled_from(RATES)
frame_counts = st.integers(0, 10**7)


@given(rates, frame_counts)
def test_frames_undo_seconds(rate: FrameRate, count: int) -> None:
    assert rate.frames(rate.seconds(count)) == count
    assert rate.frame_at(rate.seconds(count)) == count


@given(rates, frame_counts)
def test_float_seconds_find_the_frame_too(rate: FrameRate, count: int) -> None:
    """JSON carries floats: their error is far below half a frame."""
    assert rate.frames(float(rate.seconds(count))) == count


@given(rates, st.fractions(0, 10**5), st.fractions(0, 10**5))
def test_time_never_runs_backwards(rate: FrameRate, one: Fraction, other: Fraction) -> None:
    early, late = sorted((one, other))
    assert rate.frames(early) <= rate.frames(late)
    assert rate.frame_at(early) <= rate.frame_at(late)


@given(rates, st.fractions(0, 10**5))
def test_the_nearest_boundary_is_at_most_half_a_frame_away(rate: FrameRate, moment: Fraction) -> None:
    assert abs(rate.seconds(rate.frames(moment)) - moment) <= rate.frame_duration / 2
    assert rate.seconds(rate.frame_at(moment)) <= moment < rate.seconds(rate.frame_at(moment) + 1)


@given(rates, frame_counts, frame_counts)
def test_sound_of_two_parts_is_the_sound_of_the_whole_within_a_sample(rate: FrameRate, one: int, other: int) -> None:
    apart = audio_samples(one, rate) + audio_samples(other, rate)
    assert abs(apart - audio_samples(one + other, rate)) <= 1


def test_sound_has_the_contracts_length() -> None:
    assert audio_samples(30, FrameRate(30_000, 1001)) == 48_048
    assert audio_samples(1, FrameRate(30_000, 1001)) == 1602  # 1601.6
    assert audio_samples(25, FrameRate(25), 44_100) == 44_100


@pytest.mark.parametrize(("value", "nearest"), [(0.5, 1), (-0.5, 0), (1.5, 2), (2.5, 3), (Fraction(-3, 2), -1), (2.4, 2)])
def test_halves_go_up(value: float, nearest: int) -> None:
    assert round_half_up(value) == nearest


# --- timecode --------------------------------------------------------------------------------------------------------


@given(rates, st.integers(0, 86_400 * 24 - 1))
def test_labels_name_one_frame_each(rate: FrameRate, frame: int) -> None:
    assert rate.frames_of_timecode(rate.timecode(frame)) == frame


@given(st.sampled_from(DROP_RATES), st.integers(0, 2_589_407))
def test_drop_frame_labels_name_one_frame_each(rate: FrameRate, frame: int) -> None:
    label = rate.timecode(frame, drop_frame=True)
    assert rate.frames_of_timecode(label) == frame


@pytest.mark.parametrize("rate", DROP_RATES)
def test_drop_frame_labels_follow_each_other_without_the_dropped_ones(rate: FrameRate) -> None:
    labels = [rate.timecode(frame, drop_frame=True) for frame in range(rate.timebase * 60 * 21)]
    assert labels == sorted(labels)
    assert len(set(labels)) == len(labels)
    first = {label[:5] + label[8:] for label in labels if label[6:8] == "00"}
    assert "00:01;00" not in first and "00:01;01" not in first
    assert {"00:00;00", "00:10;00", "00:20;00"} <= first


@pytest.mark.parametrize(
    ("rate", "frame", "label"),
    [
        ("29.97", 0, "00:00:00;00"),
        ("29.97", 1799, "00:00:59;29"),
        ("29.97", 1800, "00:01:00;02"),
        ("29.97", 17_981, "00:09:59;29"),
        ("29.97", 17_982, "00:10:00;00"),
        ("29.97", 107_892, "01:00:00;00"),
        ("29.97", 2_589_408, "00:00:00;00"),
        ("59.94", 3600, "00:01:00;04"),
        ("59.94", 215_784, "01:00:00;00"),
    ],
)
def test_known_drop_frame_labels(rate: str, frame: int, label: str) -> None:
    assert FrameRate.parse(rate).timecode(frame, drop_frame=True) == label


@pytest.mark.parametrize("rate", RATES, ids=NAMED)
def test_non_drop_labels_wrap_after_24_hours(rate: FrameRate) -> None:
    day = rate.timebase * 86_400
    assert rate.timecode(day) == "00:00:00:00"
    assert rate.timecode(day - 1) == f"23:59:59:{rate.timebase - 1:02d}"
    assert rate.timecode(-1) == rate.timecode(day - 1)


@pytest.mark.parametrize("rate", ["24", "25", "30", "23.976", "50"])
def test_other_rates_have_no_drop_frame(rate: str) -> None:
    with pytest.raises(BadOption, match="no drop-frame"):
        FrameRate.parse(rate).timecode(0, drop_frame=True)


@pytest.mark.parametrize("label", ["", "1:2:3", "00:00:00", "00:61:00:00", "00:00:60:00", "00:00:00:30", "00:01:00;00", "a0:00:00:00"])
def test_labels_of_no_frame_are_refused(label: str) -> None:
    with pytest.raises(BadOption) as caught:
        FrameRate.parse("29.97").frames_of_timecode(label)
    assert caught.value.code == "bad_timecode"


# --- rates -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "numerator", "denominator"),
    [
        ("29.97", 30_000, 1001),
        (29.97, 30_000, 1001),
        ("30000/1001", 30_000, 1001),
        ("23.976", 24_000, 1001),
        (23.976024627685547, 24_000, 1001),
        ("23.98", 24_000, 1001),
        (59.94, 60_000, 1001),
        (" 25 ", 25, 1),
        (30, 30, 1),
        ("60/2", 30, 1),
        (Fraction(25, 2), 25, 2),
        ("12.5", 25, 2),
        (15, 15, 1),
    ],
)
def test_rates_as_people_and_files_write_them(written: object, numerator: int, denominator: int) -> None:
    assert FrameRate.parse(written) == FrameRate(numerator, denominator)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "rubbish",
    ["", "x", "30/0", "-25", "0", 0, "nan", "inf", float("nan"), float("inf"), "0.5", 1001, "1e999999999", "1" * 5000, "30 000", None],
)
def test_rubbish_is_no_rate(rubbish: object) -> None:
    with pytest.raises(BadOption) as caught:
        FrameRate.parse(rubbish)  # type: ignore[arg-type]
    assert caught.value.code == "bad_rate"


@pytest.mark.parametrize("rate", STANDARD_RATES, ids=str)
def test_a_rate_reads_back_from_each_of_its_own_forms(rate: FrameRate) -> None:
    assert FrameRate.parse(rate.to_json()) == FrameRate.parse(str(rate)) == FrameRate.parse(rate.fps) == rate


def test_rates_are_ordered_by_speed() -> None:
    assert max(RATES) == FrameRate(60)
    assert [str(rate) for rate in sorted(RATES)] == list(NAMED)
    assert max(FrameRate(60), FrameRate(24_000, 1001)) == FrameRate(60)


# --- spans -----------------------------------------------------------------------------------------------------------

spans = st.builds(lambda start, length: FrameSpan(start, start + length), st.integers(-50, 50), st.integers(0, 30))


def _frames(span: FrameSpan) -> set[int]:
    return set(range(span.start, span.end))


@given(spans, spans)
def test_spans_are_sets_of_frames(one: FrameSpan, other: FrameSpan) -> None:
    common = _frames(one) & _frames(other)
    assert one.overlaps(other) == other.overlaps(one) == bool(common)
    both = one.intersection(other)
    assert (_frames(both) if both else set()) == common
    assert one.duration == len(_frames(one))
    if other.duration:
        assert one.contains(other) == (_frames(other) <= _frames(one))


@given(spans, st.integers(-99, 99))
def test_spans_hold_their_frames_wherever_they_are_shifted(span: FrameSpan, by: int) -> None:
    assert _frames(span.shifted(by)) == {frame + by for frame in _frames(span)}
    assert span.holds(by) == (by in _frames(span))


def test_a_span_cannot_end_before_it_starts() -> None:
    with pytest.raises(BadOption, match="cannot end"):
        FrameSpan(3, 2)
