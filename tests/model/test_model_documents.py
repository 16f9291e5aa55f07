"""Documents: what goes out validates and comes back equal; what is newer is kept or refused; what is broken is named."""

from __future__ import annotations

import copy
import dataclasses
import math
from typing import Any

import factories
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import DocumentError
from engine.model import documents, events
from engine.model.analysis import ClipAnalysis, Curve
from engine.model.documents import kinds
from engine.model.time import FrameRate
from engine.model.timeline import Timeline

laws = settings(max_examples=60)


def _goes_round(value: Any) -> dict[str, Any]:
    document = documents.encode(value)
    text = documents.dumps(document)
    text.encode("utf-8")
    again = documents.decode(documents.loads(text))
    assert again == value and type(again) is type(value)
    assert documents.dumps(documents.encode(again)) == text
    documents.validate(documents.loads(text))
    return document


@laws
@given(factories.timelines())
def test_timelines_go_round(timeline: Timeline) -> None:
    document = _goes_round(timeline)
    for clip, row in zip(timeline.clips, document["clips"], strict=True):
        assert row["duration"] == float(timeline.rate.seconds(clip.duration_frames))
        assert math.isclose(row["source_end"] - row["source_start"], row["duration"] * clip.speed, abs_tol=1e-6)
        assert row["locked"] == (row["lock_metadata"] is not None)


@laws
@given(factories.clip_analyses())
def test_clip_analyses_go_round(analysis: ClipAnalysis) -> None:
    _goes_round(analysis)
    assert documents.unpack(documents.pack(analysis)) == analysis


@laws
@given(st.one_of(factories.song_analyses(), factories.profiles(), factories.briefs(), factories.medias()))
def test_other_documents_go_round(value: object) -> None:
    _goes_round(value)


WHOLE = [
    factories.timeline(4),
    factories.timeline(3, rate="30000/1001"),
    factories.profile(),
    factories.profile(None, learned_model=None),
    factories.clip_analysis(),
    factories.song_analysis(),
    factories.cut_list(),
    factories.brief(),
    factories.media(),
    factories.song_media(),
]


@pytest.mark.parametrize("value", WHOLE, ids=lambda value: type(value).__name__)
def test_whole_documents_go_round(value: object) -> None:
    document = _goes_round(value)
    assert document["version"] == "1.0"
    assert list(document)[:2] == ["schema", "version"]


@pytest.mark.parametrize("name", events.EVENTS)
def test_every_event_goes_round(name: str) -> None:
    document = _goes_round(events.EVENTS[name](factories.NOW, "project_1", 3, "panel", "mira"))
    assert document["schema"] == f"cutprint/event_{name}"


def test_an_event_keeps_its_reason() -> None:
    deleted = events.ClipDeleted(factories.NOW, "p", 1, clip_id="clip_3", media_id="m3", reason_selected="too_shaky", text="Ω")
    assert _goes_round(deleted)["reason_selected"] == "too_shaky"


# --- the guide's words -----------------------------------------------------------------------------------------------


def test_the_timeline_says_what_the_guide_says() -> None:
    document = documents.encode(factories.timeline(4))
    clip = document["clips"][1]
    assert (clip["timeline_start"], clip["duration"], clip["source_start"], clip["source_end"]) == (1.0, 1.0, 0.0, 1.0)
    assert clip["locked"] is True
    assert clip["lock_metadata"]["reason"] == "user_reordered"
    assert document["clips"][0]["locked"] is False and document["clips"][0]["lock_metadata"] is None
    assert clip["edit_history"] == [{"action": "ai_generated", "timestamp": factories.NOW, "version": 1}]
    assert document["user_edits"][0] == {
        "timestamp": "2025-01-15T10:25:12Z",
        "action": "clip_deleted",
        "clip_id": "clip_77",
        "reason_selected": "too_shaky",
    }
    assert document["deleted_clips"][0]["metadata"]["shot_type"] == "close_up"
    assert document["transitions"][0]["beat_index"] == 2
    assert document["rate"] == "30/1"
    assert list(clip)[:8] == ["id", "file", "source_start", "source_end", "timeline_start", "duration", "locked", "lock_metadata"]


def test_media_rows_are_flat_for_readers() -> None:
    row = documents.encode(factories.timeline(1))["media"][0]
    told = {name: row[name] for name in ("rate", "start_frame", "duration_frames", "stored_width", "display_width", "rotation")}
    assert told == {"rate": "30/1", "start_frame": 0, "duration_frames": 300, "stored_width": 1920, "display_width": 1080, "rotation": 90}
    assert (row["variable_rate"], row["audio_channels"], row["audio_rate_hz"]) == (False, 2, 48_000)
    sound = documents.encode(factories.song_media())
    assert sound["rate"] is None and sound["audio_channels"] == 2


# --- frames decide, contradictions are refused -----------------------------------------------------------------------


def _changed(document: dict[str, Any], path: tuple[str | int, ...], to: Any) -> dict[str, Any]:
    changed = copy.deepcopy(document)
    place = changed
    for part in path[:-1]:
        place = place[part]  # type: ignore[index]
    place[path[-1]] = to  # type: ignore[index]
    return changed


NTSC = factories.timeline(3, rate="30000/1001")


@pytest.mark.parametrize("name", ["timeline_start", "duration", "source_start", "source_end"])
def test_seconds_may_be_rounded_but_not_contradict_the_frames(name: str) -> None:
    document = documents.encode(NTSC)
    seconds = document["clips"][1][name]
    assert documents.decode(_changed(document, ("clips", 1, name), round(seconds, 2) + 0.004)) == NTSC
    with pytest.raises(DocumentError, match=rf"clips\[1\]\.{name}"):
        documents.decode(_changed(document, ("clips", 1, name), seconds + 0.02))


@pytest.mark.parametrize(
    ("path", "to"),
    [
        (("duration",), 99.0),
        (("clips", 0, "duration"), "1.0"),
        (("clips", 0, "duration"), True),
        (("clips", 0, "locked"), True),
        (("clips", 1, "locked"), False),
        (("media", 0, "rotation"), 0),
        (("media", 0, "rate"), "25/1"),
    ],
)
def test_half_changed_documents_are_refused(path: tuple[str | int, ...], to: object) -> None:
    with pytest.raises(DocumentError) as caught:
        documents.decode(_changed(documents.encode(NTSC), path, to))
    assert caught.value.code == "document_invalid" and str(path[-1]) in caught.value.message


def test_derived_fields_may_be_left_out() -> None:
    document = documents.encode(NTSC)
    for row in document["clips"]:
        for name in ("timeline_start", "duration", "source_start", "source_end", "locked"):
            del row[name]
    assert documents.decode(document) == NTSC


# --- versions and unknown fields -------------------------------------------------------------------------------------


def test_fields_of_a_newer_minor_version_survive_a_rewrite() -> None:
    document = {**documents.encode(factories.timeline(2)), "version": "1.9", "mood": {"name": "sunny", "levels": [1, 2.5, None]}}
    document["clips"][0]["grade"] = "warm"
    document["clips"][0]["extra"] = "a field that happens to be called so"
    document["song"]["key"] = "F#m"
    document["user_edits"][0]["details"] = {"why": "it was"}
    again = documents.encode(documents.decode(document))
    assert again["mood"] == document["mood"]
    assert again["clips"][0]["grade"] == "warm" and again["clips"][0]["extra"] == document["clips"][0]["extra"]
    assert again["song"]["key"] == "F#m"
    assert again["user_edits"][0] == document["user_edits"][0]
    assert again["version"] == "1.0"
    documents.validate(again)


def test_unknown_fields_survive_editing() -> None:
    document = documents.encode(factories.timeline(2))
    document["clips"][1]["grade"] = "warm"
    revised = documents.decode(document).replace(revision=2, parent=1)
    assert documents.encode(revised)["clips"][1]["grade"] == "warm"


def test_profiles_keep_unknown_fields() -> None:
    document = {**documents.encode(factories.profile()), "grain": 0.25}
    assert documents.encode(documents.decode(document))["grain"] == 0.25


@pytest.mark.parametrize(
    ("head", "code"),
    [
        ({"version": "2.0"}, "document_newer"),
        ({"version": "0.9"}, "document_older"),
        ({"version": "1"}, "document_invalid"),
        ({"version": None}, "document_invalid"),
        ({"version": "9" * 5000 + ".0"}, "document_invalid"),
        ({"schema": "cutprint/recipe"}, "document_unknown"),
        ({"schema": "timeline"}, "document_unknown"),
        ({"schema": None}, "document_unknown"),
        ({"schema": ["cutprint/timeline"]}, "document_unknown"),
    ],
)
def test_other_heads_are_refused(head: dict[str, Any], code: str) -> None:
    document = {**documents.encode(factories.timeline(1)), **head}
    for action in (documents.decode, documents.validate):
        with pytest.raises(DocumentError) as caught:
            action(document)
        assert caught.value.code == code
        assert caught.value.hint


@pytest.mark.parametrize("other", [None, 3, "x", [], {}, [{}]])
def test_other_json_is_no_document(other: object) -> None:
    with pytest.raises(DocumentError) as caught:
        documents.decode(other)
    assert caught.value.code == "document_unknown"


def test_older_versions_walk_up_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    def named(document: dict[str, Any]) -> dict[str, Any]:
        return {**{name: item for name, item in document.items() if name != "project"}, "project_id": document["project"]}

    monkeypatch.setitem(kinds.UPGRADES, ("timeline", "0.8"), ("0.9", named))
    monkeypatch.setitem(kinds.UPGRADES, ("timeline", "0.9"), ("1.0", lambda document: {**document, "seed": document["seed"] + 1}))
    old = {**documents.encode(factories.timeline(2)), "version": "0.8", "project": "p_old"}
    del old["project_id"]
    timeline = documents.decode(old)
    assert (timeline.project_id, timeline.seed) == ("p_old", 1)
    documents.validate(old)
    del old["project"]
    with pytest.raises(DocumentError, match="not whole"):
        documents.decode(old)


# --- broken documents ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "to", "place"),
    [
        (("rate",), "fast", "timeline.rate"),
        (("rate",), "1e999999999/1", "timeline.rate"),
        (("rate",), "30/0", "timeline.rate"),
        (("rate",), "0/1", "timeline"),
        (("rate",), 30, "timeline.rate"),
        (("width",), 1080.5, "timeline.width"),
        (("width",), True, "timeline.width"),
        (("clips",), None, "timeline.clips"),
        (("clips",), {}, "timeline.clips"),
        (("clips", 0), "clip", "timeline.clips[0]"),
        (("clips", 0, "speed"), "1e9999999/1", "timeline.clips[0].speed"),
        (("clips", 0, "duration_frames"), "30", "timeline.clips[0].duration_frames"),
        (("clips", 0, "metadata", "shot_type"), "closeup", "timeline.clips[0].metadata.shot_type"),
        (("clips", 1, "lock_metadata", "reason"), "because", "timeline.clips[1].lock_metadata.reason"),
        (("song", "bpm"), None, "timeline.song.bpm"),
        (("song", "beats", 0), "0.5", "timeline.song.beats[0]"),
        (("song", "beats"), "0.5", "timeline.song.beats"),
        (("song", "bpm"), 10**400, "timeline"),
        (("media", 0, "video", "rotation"), 45, "timeline"),
        (("media", 0, "kind"), "hologram", "timeline.media[0].kind"),
        (("brief",), [], "timeline.brief"),
        (("user_edits", 0, "action"), "danced", "timeline.user_edits[0].action"),
    ],
)
def test_a_broken_field_is_named_by_its_place(path: tuple[str | int, ...], to: object, place: str) -> None:
    document = _changed(documents.encode(factories.timeline(2)), path, to)
    with pytest.raises(DocumentError) as caught:
        documents.decode(document)
    assert caught.value.code == "document_invalid"
    assert caught.value.message.startswith(place)


@pytest.mark.parametrize("name", ["rate", "clips", "media", "duration_frames", "project_id"])
def test_a_missing_field_is_named(name: str) -> None:
    document = documents.encode(factories.timeline(2))
    del document[name]
    with pytest.raises(DocumentError, match=f"{name} is missing"):
        documents.decode(document)


def test_a_broken_law_is_told_as_one() -> None:
    document = _changed(documents.encode(factories.timeline(2)), ("duration_frames",), 61)
    with pytest.raises(DocumentError) as caught:
        documents.decode(document)
    assert caught.value.code == "broken_timeline"


numbers = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
leaves = st.none() | st.booleans() | numbers | st.text(max_size=5) | st.just([]) | st.just({})


def _places(plain: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    inner = plain.items() if isinstance(plain, dict) else enumerate(plain) if isinstance(plain, list) else ()
    return [path, *(place for name, item in inner for place in _places(item, (*path, name)))]


@pytest.mark.parametrize("value", WHOLE[:1] + WHOLE[2:9:2], ids=lambda value: type(value).__name__)
@settings(max_examples=150)
@given(data=st.data())
def test_whatever_is_changed_the_answer_is_a_value_or_a_document_error(value: object, data: st.DataObject) -> None:
    """Fuzz: one field replaced by anything. Only `DocumentError` may come out, and what decodes can be written again."""
    document = documents.encode(value)
    place = data.draw(st.sampled_from(_places(document)[1:]))
    try:
        again = documents.decode(_changed(document, place, data.draw(leaves)))
    except DocumentError:
        return
    written = documents.encode(again)
    assert documents.encode(documents.decode(written)) == written  # as documents: what was not measured equals nothing


# --- numbers ---------------------------------------------------------------------------------------------------------


def test_unmeasured_samples_are_null() -> None:
    curve = Curve(np.array([0.1, np.nan, np.inf, 1e-8, 16777217], np.float32), 3)
    document = documents.encode(factories.clip_analysis(curves={"motion": curve}))
    assert document["curves"]["motion"] == {"step_frames": 3, "values": [0.1, None, None, 1e-08, 16777216.0]}


def test_unmeasured_facts_are_null_and_come_back() -> None:
    analysis = factories.clip_analysis(blur=math.nan)
    document = documents.encode(analysis)
    assert document["blur"] is None
    documents.validate(document)
    assert math.isnan(documents.decode(document).blur)
    facts = dataclasses.replace(factories.FACTS, exposure=math.nan)
    timeline = documents.encode(factories.timeline(1, clips=(factories.placement(1, facts=facts),)))
    assert timeline["clips"][0]["metadata"]["exposure"] is None
    documents.validate(timeline)


def test_numbers_that_must_be_finite_are_a_bug_otherwise() -> None:
    with pytest.raises(ValueError, match=r"SongUse\.bpm"):
        documents.encode(factories.timeline(1, song=factories.song_use(1.0, bpm=math.inf)))


def test_numpy_numbers_are_numbers() -> None:
    song = factories.song_use(1.0, bpm=np.float32(120), beats=tuple(np.arange(3, dtype=np.float64)))
    document = documents.encode(factories.timeline(1, song=song))
    assert document["song"]["bpm"] == 120.0 and type(document["song"]["bpm"]) is float
    documents.loads(documents.dumps(document))


def test_odd_rates_stay_exact() -> None:
    """30.001 fps lies within `FrameRate.parse`'s snapping distance of 30: a document must not snap."""
    rate = FrameRate(30_001, 1000)
    stream = factories.video(rate=rate)
    assert documents.decode(documents.encode(factories.media(stream=stream))).video.rate == rate


def test_signatures_keep_all_64_bits() -> None:
    signatures = np.array([0, 1, 2**64 - 1, 0x0123456789ABCDEF], np.uint64)
    document = documents.encode(factories.clip_analysis(signatures=signatures))
    assert document["signatures"] == ["0" * 16, "0" * 15 + "1", "f" * 16, "0123456789abcdef"]


@pytest.mark.parametrize(
    "text",
    [
        "clip ä ß ñ",
        "קליפ",
        "مقطع فيديو",
        "クリップ カメラ",
        "剪辑",
        "क्लिप",
        "คลิป",
        "👗✨👩🏽‍🎤",
        "a\u0000b\u2028c\ufeffd",
        '"\\/\n\t',
        "stray \udce9 byte",
    ],
)
def test_text_of_all_scripts_survives(text: str) -> None:
    media = factories.media(1, path=f"/shoot/{text}.mp4")
    timeline = factories.timeline(1, media=(media, factories.song_media()), creator_id=text, extra={text: text})
    _goes_round(timeline)
