"""Valid model values for tests: plain builders (one call, sensible defaults, any field overridden) and hypothesis strategies.

factories.timeline(4, rate="30000/1001")            a lawful edit over a song, everything filled in
factories.clip_analysis(seed=3)                     curves that look like a measured clip
@given(factories.timelines())                       any lawful edit
"""

from __future__ import annotations

import dataclasses
import itertools
import math
from fractions import Fraction
from typing import Any

import numpy as np
from hypothesis import strategies as st

from engine.model import names
from engine.model.analysis import (
    Box,
    ClipAnalysis,
    Curve,
    Face,
    SectionSpan,
    Shot,
    SongAnalysis,
    Subject,
    TempoAlternative,
)
from engine.model.cutlist import CutEvent, CutList, CutMarker, CutTrack, CutTransition, MediaLink
from engine.model.media import AudioStream, Colour, Media, VideoStream
from engine.model.style import (
    Brief,
    ClipWish,
    EnergyMatching,
    EnergyRule,
    Figures,
    LearnedModel,
    MomentPreferences,
    PacingPatterns,
    QualityThresholds,
    SequencingPatterns,
    ShotPatterns,
    StyleProfile,
    TransitionPreferences,
    Work,
)
from engine.model.time import STANDARD_RATES, FrameRate, FrameSpan
from engine.model.timeline import (
    ClipFacts,
    CropKey,
    Decision,
    DeletedClip,
    FinalStatus,
    HistoryEntry,
    Lock,
    Marker,
    Outcome,
    Placement,
    Reasoning,
    RunnerUp,
    SongUse,
    StyleMatch,
    Timeline,
    Track,
    Transition,
    UserEdit,
)

NOW = "2025-01-15T10:23:45Z"
RATE = FrameRate(30)


def rate_of(given: FrameRate | str | float) -> FrameRate:
    """A rate from what a test finds handy to write."""
    return FrameRate.parse(given)


# --- media -----------------------------------------------------------------------------------------------------------


def video(**fields: Any) -> VideoStream:
    """A phone's upright picture: stored 1920x1080, turned by 90 degrees, ten seconds at 30 fps."""
    basis = {"codec": "h264", "rate": RATE, "duration_frames": 300, "stored_width": 1920, "stored_height": 1080, "rotation": 90}
    basis.update(pixel_format="yuv420p", colour=Colour("bt709", "bt709", "bt709", "tv"))
    return VideoStream(**{**basis, **fields})


def sound(**fields: Any) -> AudioStream:
    return AudioStream(**{"codec": "aac", "sample_rate_hz": 48_000, "channels": 2, "duration_s": 10.0, **fields})


def media(number: int = 1, *, stream: VideoStream | None = None, **fields: Any) -> Media:
    """A video file with sound; `number` makes its id and name."""
    picture = stream or video()
    basis: dict[str, Any] = {
        "media_id": f"m{number:015x}",
        "path": f"/shoot/front_cam_{number:03d}.mp4",
        "kind": "video",
        "duration_s": float(picture.rate.seconds(picture.duration_frames)),
        "size_bytes": 12_345_678,
        "container": "mov,mp4,m4a,3gp,3g2,mj2",
        "video": picture,
        "audio": sound(duration_s=float(picture.rate.seconds(picture.duration_frames))),
        "created": "2025-01-14T09:00:00Z",
        "camera": "Phone 12",
    }
    return Media(**{**basis, **fields})


def song_media(**fields: Any) -> Media:
    """A sound file of three minutes."""
    basis: dict[str, Any] = {"kind": "audio", "duration_s": 180.0, "video": None, "audio": sound(duration_s=180.0)}
    return media(0xFFFF, **{**basis, "path": "/songs/song.mp3", "container": "mp3", **fields})


# --- analyses --------------------------------------------------------------------------------------------------------


def clip_analysis(of: Media | None = None, *, seed: int = 0, **fields: Any) -> ClipAnalysis:
    """Facts of a good clip with lively curves; `seed` varies them."""
    of = of or media()
    assert of.video is not None
    count = of.video.duration_frames
    curves = _curves(count, seed)
    basis: dict[str, Any] = {
        "media_id": of.media_id,
        "analyser_version": "test-1",
        "options": "default",
        "rate": of.video.rate,
        "duration_frames": count,
        "shots": (Shot(0, count),),
        "shot_type": {"close_up": 0.6, "medium": 0.25, "wide": 0.1, "zoom": 0.05},
        "angle": {"front": 0.7, "side": 0.2, "overhead": 0.05, "other": 0.05},
        "motion": {"static": 0.1, "slow_pan": 0.5, "fast_pan": 0.1, "handheld": 0.2, "zoom_in": 0.05, "zoom_out": 0.05},
        "motion_intensity": curves["motion"].mean(),
        "visual_quality": 0.88,
        "quality_parts": {"sharpness": 0.9, "light": 0.95, "steadiness": 0.85},
        "blur": 0.1,
        "exposure": 0.45,
        "shake_per_height": 0.001,
        "color_variance": 0.4,
        "palette": ((200, 30, 40, 0.5), (20, 20, 25, 0.3)),
        "camera": {"pan": 0.05, "tilt": 0.0, "zoom": 0.01, "roll": 0.1},
        "faces": (Face(0, Box(0.4, 0.2, 0.2, 0.15)),),
        "subjects": (Subject(0, Box(0.3, 0.1, 0.4, 0.8), 0.9),),
        "loudness_lufs": -23.5,
        "speech": 0.1,
        "curves": curves,
        "signatures": np.random.default_rng(seed).integers(0, 1 << 63, count, dtype=np.uint64),
        "evidence": {"shot_type": ("face size",), "angle": ("face pose",)},
        "missing": ("clip model: not installed",),
    }
    return ClipAnalysis(**{**basis, **fields})


def _curves(count: int, seed: int) -> dict[str, Curve]:
    """Slow waves with a little noise, each within 0 to 1, as measured curves look."""
    chance = np.random.default_rng(seed)
    curves = {}
    for name, level in (("motion", 0.4), ("sharpness", 0.8), ("exposure", 0.5), ("shake", 0.1), ("quality", 0.85)):
        wave = np.sin(np.arange(count) / 20 + chance.uniform(0, 6)) * 0.1 + chance.normal(0, 0.01, count)
        curves[name] = Curve(np.clip(level + wave, 0, 1).astype(np.float32))
    return curves


def song_analysis(*, bpm: float = 120.0, duration_s: float = 60.0, **fields: Any) -> SongAnalysis:
    """A steady song: beats from half a second on, four to the bar, a quiet beginning and a drop in the middle."""
    period = 60.0 / bpm
    beats = tuple(0.5 + period * k for k in range(max(0, int((duration_s - 0.5) / period))))
    middle = duration_s / 2
    basis: dict[str, Any] = {
        "media_id": song_media().media_id,
        "analyser_version": "test-1",
        "options": "default",
        "duration_s": duration_s,
        "tempo_bpm": bpm,
        "tempo_alternatives": (TempoAlternative(bpm / 2, 0.2), TempoAlternative(bpm * 2, 0.1)),
        "confidence": 0.95,
        "beats": beats,
        "downbeats": beats[::4],
        "accents": tuple(1.0 if k % 4 == 0 else 0.5 for k in range(len(beats))),
        "beats_per_bar": 4,
        "beat_source": "tracked",
        "sections": (SectionSpan(0.0, middle, "build", 0.4), SectionSpan(middle, duration_s, "drop", 0.9)),
        "drops": (middle,),
        "phrase_starts": beats[::16],
        "energy": tuple(0.4 if k / 10 < middle else 0.9 for k in range(int(duration_s * 10))),
        "energy_rate_hz": 10.0,
        "loudness_lufs": -9.0,
    }
    return SongAnalysis(**{**basis, **fields})


# --- style -----------------------------------------------------------------------------------------------------------


def profile(creator_id: str | None = "mira", **fields: Any) -> StyleProfile:
    """The guide's example fingerprint."""
    basis: dict[str, Any] = {
        "creator_id": creator_id,
        "trained_on_videos": 23,
        "last_updated": NOW,
        "shot_patterns": ShotPatterns(1.8, 0.6, (0.5, 1.2, 1.8, 2.3, 3.1), {"close_up": 0.44, "medium": 0.30, "wide": 0.18, "zoom": 0.08}),
        "sequencing_patterns": SequencingPatterns({"front_to_side": 0.35, "side_to_front": 0.30}, 0.12, 2),
        "pacing_patterns": PacingPatterns(1.2, 0.18, 2.1, 1.6, 1.4, {"-1": 0.2, "0": 0.8}, {"2": 0.6, "4": 0.4}),
        "energy_matching": EnergyMatching(EnergyRule("close_up", "every_beat", 0.7), EnergyRule("wide", "every_2_beats", 0.3)),
        "transition_preferences": TransitionPreferences(0.82, 0.13, 0.05),
        "quality_thresholds": QualityThresholds(),
        "learned_model": LearnedModel("xgboost", "models/mira_v1.json", {"shot_type": 0.28, "beat_proximity": 0.18}),
        "moment_preferences": MomentPreferences(),
        "figures": {"pacing_patterns.cuts_per_beat": Figures(400, 0.02, "blend", 0.5)},
        "works": (Work("summer.mp4", "w1", 18),),
    }
    return StyleProfile(**{**basis, **fields})


def brief(**fields: Any) -> Brief:
    """Thirty seconds upright."""
    return Brief(**{"rate": RATE, "width": 1080, "height": 1920, "duration_frames": 900, **fields})


# --- timelines -------------------------------------------------------------------------------------------------------


def placement(number: int = 1, start: int = 0, duration: int = 30, *, of: Media | None = None, **fields: Any) -> Placement:
    """Clip `number` on frames [start, start + duration), from the first frame of `of`."""
    of = of or media(number)
    assert of.video is not None
    basis: dict[str, Any] = {
        "id": f"clip_{number}",
        "media_id": of.media_id,
        "file": of.name,
        "timeline_start_frame": start,
        "duration_frames": duration,
        "source_start_frame": 0,
        "source_rate": of.video.rate,
        "facts": FACTS,
        "decision": Decision(0.8, {"quality": 0.5, "energy": 0.3}, (RunnerUp("m9", 12, 0.7, "less sharp"),)),
        "crop": (CropKey(0, 0.0, 0.1, 1.0, 0.5),),
        "edit_history": (HistoryEntry("ai_generated", NOW, 1),),
    }
    return Placement(**{**basis, **fields})


FACTS = ClipFacts("close_up", "front", "slow_pan", 0.7, 0.92, 0.6, 0.1, 0.5, 0.92, "High energy section, beat drop at 0.5 s.", ("face",))
LOCK = Lock("user", "2025-01-15T10:26:00Z", "user_reordered", "User explicitly moved to position 2")


def song_use(duration_s: float = 4.0, **fields: Any) -> SongUse:
    """The first seconds of the song, a beat every half second of the edit."""
    beats = tuple(0.5 * k for k in range(int(duration_s * 2) + 1))
    basis: dict[str, Any] = {
        "media_id": song_media().media_id,
        "file": "song.mp3",
        "bpm": 120.0,
        "duration_s": 180.0,
        "source_start_s": 12.5,
        "source_duration_s": duration_s,
        "fade_in_s": 0.0,
        "fade_out_s": 0.5,
        "beats": beats,
        "downbeats": beats[::4],
        "sections": (SectionSpan(0.0, duration_s, "drop", 0.9),),
        "energy_curve": tuple(0.5 for _ in range(int(duration_s * 10))),
        "energy_rate_hz": 10.0,
        "confidence": 0.95,
        "beat_source": "tracked",
        "drops": (0.5,),
    }
    return SongUse(**{**basis, **fields})


def timeline(count: int = 4, /, *, rate: FrameRate | str | float = RATE, beats_per_clip: int = 2, **fields: Any) -> Timeline:
    """A lawful edit of `count` clips of a second each (at 120 bpm), every part of the document filled in.

    Clip 2 is locked. The source media run at 30 fps whatever `rate` is.
    """
    at = rate_of(rate)
    bounds = [at.frames(Fraction(beats_per_clip * k, 2)) for k in range(count + 1)]
    files = [media(k + 1) for k in range(count)]
    placed = [placement(k + 1, bounds[k], bounds[k + 1] - bounds[k], of=files[k]) for k in range(count)]
    if count > 1:
        placed[1] = dataclasses.replace(placed[1], lock=LOCK)
    basis: dict[str, Any] = {
        "project_id": "project_1",
        "created_at": NOW,
        "rate": at,
        "width": 1080,
        "height": 1920,
        "duration_frames": bounds[-1],
        "clips": tuple(placed),
        "media": (*files, song_media()),
        "song": song_use(beats_per_clip * count / 2),
        "creator_id": "mira",
        "transitions": tuple(
            Transition(a.id, b.id, "hard_cut", True, beats_per_clip * (k + 1)) for k, (a, b) in enumerate(itertools.pairwise(placed))
        ),
        "markers": (Marker(0, "section", "drop"), Marker(bounds[1], "reason", "clip_2", "why")),
        **_remarks(files),
    }
    return Timeline(**{**basis, **fields})


def _remarks(files: list[Media]) -> dict[str, Any]:
    used = tuple(Outcome(one.media_id, one.name, "used", "in the cut", (f"clip_{k + 1}",)) for k, one in enumerate(files))
    rejected = Outcome("m77", "shaky.mp4", "rejected", "too shaky", (), "visual_quality", 0.41, 0.7)
    return {
        "outcomes": (*used, rejected),
        "deleted_clips": (DeletedClip("clip_77", "m77", "2025-01-15T10:25:30Z", 0.78, "too_shaky", facts=FACTS),),
        "user_edits": (
            UserEdit("2025-01-15T10:25:12Z", "clip_deleted", "clip_77", {"reason_selected": "too_shaky"}),
            UserEdit("2025-01-15T10:26:03Z", "clip_reordered", "clip_2", {"from_position": 4, "to_position": 2}),
            UserEdit("2025-01-15T10:27:30Z", "regenerate_requested", None, {"section_start": 8.0, "instruction": "make_tighter"}),
        ),
        "ai_reasoning": Reasoning("high_energy", 0.87, "Prioritised close-ups.", (StyleMatch("cuts_per_beat", 0.5, 0.4, 0.6, True),)),
        "final_status": FinalStatus(True, "2025-01-15T10:30:00Z", 4, False, 23.0, 45.0, 420.0, 1380.0),
        "brief": {"duration_frames": 900},
        "profile": {"creator_id": "mira", "trained_on_videos": 23},
    }


def cut_list(**fields: Any) -> CutList:
    """Two cuts and a dissolve as an NLE would send them back."""
    link = MediaLink("a.mp4", "file:///shoot/a%20b.mp4", Fraction(3600), Fraction(10), RATE)
    marker = CutMarker(Fraction(1, 3), "Look", "nice", "red")
    first = CutEvent("a", FrameSpan(0, 30), link, Fraction(3601), Fraction(3602), markers=(marker,), notes=("n",), label="Violet")
    second = CutEvent("b", FrameSpan(30, 75), MediaLink("b.mov"), Fraction(0), Fraction(3, 2), Fraction(1, 2), enabled=False)
    track = CutTrack("video", "V1", (first, second), (CutTransition(30, 6, 6),))
    basis: dict[str, Any] = {"name": "Cut 2", "rate": FrameRate(30_000, 1001), "tracks": (track,), "start_frame": 107_892}
    return CutList(**{**basis, "drop_frame": True, "markers": (marker,), "dropped": ("a title",), **fields})


# --- strategies ------------------------------------------------------------------------------------------------------

texts = st.text(st.characters(exclude_categories=("Cs",)), max_size=20)
"""Any script, emoji and control characters; lone surrogates are tried where file names matter."""
shares = st.floats(0, 1)
seconds = st.floats(0, 1e5)
ids = st.text("abcdef0123456789_", min_size=1, max_size=16)
_json = st.recursive(st.none() | st.booleans() | st.integers() | texts, st.lists, max_leaves=4)
extras = st.dictionaries(texts.map(lambda name: f"x_{name}"), _json, max_size=2)


def rates() -> st.SearchStrategy[FrameRate]:
    """Standard rates, and odd ones that must survive exactly."""
    odd = st.builds(FrameRate, st.integers(1000, 300_000), st.integers(100, 1001))
    return st.sampled_from(STANDARD_RATES) | odd.filter(lambda rate: 1 <= rate.fraction <= 300)


def _probabilities(words: tuple[str, ...]) -> st.SearchStrategy[dict[str, float]]:
    def normalised(weights: list[int]) -> dict[str, float]:
        return {word: weight / sum(weights) for word, weight in zip(words, weights)}

    return st.lists(st.integers(1, 100), min_size=len(words), max_size=len(words)).map(normalised)


def _facts() -> st.SearchStrategy[ClipFacts]:
    kinds = [st.sampled_from(one) for one in (names.SHOT_TYPES, names.ANGLES, names.MOTIONS)]
    return st.builds(ClipFacts, *kinds, *([shares] * 6), texts, st.lists(texts, max_size=2).map(tuple))


def _locks() -> st.SearchStrategy[Lock | None]:
    return st.none() | st.builds(Lock, st.just("user"), st.just(NOW), st.sampled_from(names.LOCK_REASONS), texts)


@st.composite
def medias(draw: st.DrawFn, number: int | None = None) -> Media:
    """Video files of any rate, size, rotation and name."""
    stream = video(
        rate=draw(rates()),
        duration_frames=draw(st.integers(2, 5000)),
        rotation=draw(st.sampled_from((0, 90, 180, 270))),
        sample_aspect=draw(st.sampled_from((Fraction(1), Fraction(4, 3), Fraction(64, 45)))),
        variable_rate=draw(st.booleans()),
        start_frame=draw(st.integers(0, 10**6)),
    )
    path = "/shoot/" + draw(st.text(min_size=1, max_size=12))  # any text: file names may even hold stray bytes
    return media(draw(st.integers(1, 999)) if number is None else number, stream=stream, path=path)


@st.composite
def placements(
    draw: st.DrawFn, of: Media | None = None, rate: FrameRate = RATE, start: int = 0, number: int = 1, *, is_plain: bool = False
) -> Placement:
    """A clip whose shown frames all exist in `of`, at any speed from a quarter to four times; a plain one runs in real time."""
    of = of or draw(medias(number))
    assert of.video is not None
    first = draw(st.integers(0, of.video.duration_frames - 1))
    speeds = (Fraction(1),) if is_plain else (Fraction(1), Fraction(1, 2), Fraction(1, 4), Fraction(4), Fraction(999, 1000))
    speed = draw(st.sampled_from(speeds))
    left = of.video.rate.seconds(of.video.duration_frames - first)
    longest = max(1, math.ceil(left / speed * rate.fraction))
    return placement(
        number,
        start,
        draw(st.integers(1, min(longest, 300))),
        of=of,
        source_start_frame=first,
        speed=speed,
        enabled=draw(st.booleans()),
        lock=draw(_locks()),
        facts=draw(_facts()),
        extra=draw(extras),
    )


@st.composite
def timelines(draw: st.DrawFn, max_clips: int = 5, *, is_plain: bool = False) -> Timeline:
    """Any lawful edit: odd rates, speeds, locks, names in any script, with or without a song. Plain: real time, hard cuts."""
    rate = draw(rates())
    files = [draw(medias(k + 1)) for k in range(draw(st.integers(1, max_clips)))]
    placed: list[Placement] = []
    for number, of in enumerate(files, 1):
        start = placed[-1].span.end if placed else 0
        placed.append(draw(placements(of, rate, start, number, is_plain=is_plain)))
    kinds = st.just("hard_cut") if is_plain else st.sampled_from(names.TRANSITIONS)
    joins = tuple(Transition(a.id, b.id, draw(kinds), False, None, draw(st.integers(0, 6))) for a, b in itertools.pairwise(placed))
    duration = placed[-1].span.end
    extra_track = Track("overlay", draw(texts), (dataclasses.replace(placed[0], id="over_1", timeline_start_frame=0),))
    return timeline(
        1,
        rate=rate,
        duration_frames=duration,
        clips=tuple(placed),
        media=(*files, song_media()),
        song=draw(st.none() | song_uses(float(rate.seconds(duration)))),
        transitions=joins,
        tracks=draw(st.sampled_from(((), (extra_track,)))),
        creator_id=draw(st.none() | texts),
        outcomes=(),
        extra=draw(extras),
        user_edits=tuple(draw(st.lists(_user_edits(), max_size=2))),
    )


def _user_edits() -> st.SearchStrategy[UserEdit]:
    return st.builds(UserEdit, st.just(NOW), st.sampled_from(names.USER_ACTIONS), st.none() | ids, extras)


def song_uses(duration_s: float) -> st.SearchStrategy[SongUse]:
    def used(start: float, fade: float, more: dict[str, Any]) -> SongUse:
        return song_use(duration_s, source_start_s=start, fade_out_s=fade, extra=more)

    return st.builds(used, seconds, shares, extras)


@st.composite
def clip_analyses(draw: st.DrawFn) -> ClipAnalysis:
    """Any clip's facts; curves hold any float32 and unmeasured samples."""
    of = draw(medias())
    assert of.video is not None
    floats = st.floats(width=32, allow_infinity=False)
    curve = st.builds(lambda values, step: Curve(np.array(values, np.float32), step), st.lists(floats, max_size=30), st.integers(1, 30))
    return clip_analysis(
        of,
        seed=draw(st.integers(0, 99)),
        shots=(Shot(0, of.video.duration_frames, draw(st.sampled_from(("start", "cut", "dissolve", "flash")))),),
        shot_type=draw(_probabilities(names.SHOT_TYPES)),
        angle=draw(_probabilities(names.ANGLES)),
        motion=draw(_probabilities(names.MOTIONS)),
        visual_quality=draw(shares),
        curves=draw(st.dictionaries(ids, curve, max_size=4)),
        signatures=np.array(draw(st.lists(st.integers(0, 2**64 - 1), max_size=20)), np.uint64),
        loudness_lufs=draw(st.none() | st.floats(-70, 0)),
        warnings=tuple(draw(st.lists(texts, max_size=2))),
    )


@st.composite
def song_analyses(draw: st.DrawFn) -> SongAnalysis:
    """Steady songs of any tempo and length, some of them without beats."""
    song = song_analysis(bpm=draw(st.floats(40, 240)), duration_s=draw(st.floats(1, 400)), notes=tuple(draw(st.lists(texts, max_size=2))))
    if draw(st.booleans()):
        return song
    return dataclasses.replace(song, confidence=0.0, beat_source="even", loudness_lufs=None, drops=())


@st.composite
def profiles(draw: st.DrawFn) -> StyleProfile:
    """Any creator's fingerprint, or the prior (`creator_id` None)."""
    lengths = sorted(draw(st.lists(st.floats(0.1, 20), min_size=5, max_size=5)))
    low, p25, middle, p75, high = lengths
    return profile(
        draw(st.none() | texts),
        trained_on_videos=draw(st.integers(0, 100)),
        shot_patterns=ShotPatterns(middle, draw(seconds), (low, p25, middle, p75, high), draw(_probabilities(names.SHOT_TYPES))),
        learned_model=draw(st.none() | st.just(LearnedModel("xgboost", "models/m.ubj", {"shot_type": 1.0}))),
        figures={"shot_patterns.avg_shot_length": Figures(draw(st.integers(0, 999)), draw(st.none() | shares))},
        extra=draw(extras),
    )


def briefs() -> st.SearchStrategy[Brief]:
    """Any wish."""
    wish = st.builds(ClipWish, ids, st.none() | st.builds(lambda a, b: FrameSpan(a, a + b), st.integers(0, 999), st.integers(1, 99)))
    fields = {
        "rate": rates(),
        "duration_frames": st.integers(1, 10**6),
        "seed": st.integers(0, 2**32),
        "audio": st.sampled_from(names.AUDIO_MODES),
        "must_use": st.lists(wish, max_size=2).map(tuple),
        "first": st.none() | wish,
    }
    return st.fixed_dictionaries(fields).map(lambda drawn: brief(**drawn))
