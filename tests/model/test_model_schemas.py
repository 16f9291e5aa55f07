"""The shipped schemas: fresh, strict, complete by the guide, true to the table of names, and explained field by field."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import factories
import jsonschema
import pytest

from engine.errors import DocumentError
from engine.model import documents, events, names
from engine.model.documents import kinds, meanings, reference, schemas

ROOT = Path(__file__).parents[2]
ALL = sorted(documents.KINDS)


@pytest.mark.parametrize("name", ALL)
def test_the_shipped_schema_is_the_one_its_type_makes(name: str) -> None:
    kind = documents.KINDS[name]
    fresh = documents.dumps(schemas.schema_of(name, kind.version, kind.type))
    shipped = kinds.schema_path(name).read_text(encoding="utf-8")
    assert shipped == fresh, "run: python -m engine.model.documents.schemas"
    jsonschema.Draft202012Validator.check_schema(documents.schema(name))
    assert documents.schema(name)["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def test_no_schema_is_left_over() -> None:
    shipped = {path.name.removesuffix(".schema.json") for path in kinds.schema_path("media").parent.glob("*")}
    assert shipped == set(ALL)


def test_the_reference_page_is_fresh() -> None:
    page = (ROOT / "docs" / "documents.md").read_text(encoding="utf-8")
    assert page == reference.reference(), "run: python -m engine.model.documents.reference > docs/documents.md"


# --- the guide's fields ----------------------------------------------------------------------------------------------

GUIDE = {
    "timeline": """
        version project_id creator_id created_at song song.file song.bpm song.duration song.beats song.energy_curve clips
        clips.id clips.file clips.source_start clips.source_end clips.timeline_start clips.duration clips.locked
        clips.lock_metadata clips.metadata clips.metadata.shot_type clips.metadata.angle clips.metadata.motion_intensity
        clips.metadata.visual_quality clips.metadata.color_variance clips.metadata.ai_confidence clips.metadata.ai_reasoning
        clips.edit_history clips.edit_history.action clips.edit_history.timestamp clips.edit_history.version
        clips.lock_metadata.locked_by clips.lock_metadata.locked_at clips.lock_metadata.reason clips.lock_metadata.note
        deleted_clips deleted_clips.clip_id deleted_clips.deleted_at deleted_clips.ai_confidence deleted_clips.user_reason
        deleted_clips.metadata transitions transitions.from_clip transitions.to_clip transitions.type transitions.at_beat
        transitions.beat_index user_edits user_edits.timestamp user_edits.action user_edits.clip_id ai_reasoning
        ai_reasoning.pacing_target ai_reasoning.style_match_score ai_reasoning.notes final_status final_status.exported
        final_status.export_timestamp final_status.user_satisfaction final_status.would_post_unchanged
        final_status.manual_edit_percentage final_status.time_ai_edit final_status.time_manual_edit final_status.time_saved
    """,
    "style_profile": """
        creator_id version trained_on_videos last_updated shot_patterns shot_patterns.avg_shot_length
        shot_patterns.shot_length_std shot_patterns.shot_length_distribution shot_patterns.shot_types sequencing_patterns
        sequencing_patterns.angle_transitions sequencing_patterns.same_angle_repeat_rate
        sequencing_patterns.max_same_angle_streak pacing_patterns pacing_patterns.cuts_per_beat pacing_patterns.beat_skip_rate
        pacing_patterns.hold_duration_close_up pacing_patterns.hold_duration_medium pacing_patterns.hold_duration_wide
        energy_matching energy_matching.high_energy_sections energy_matching.high_energy_sections.preferred_shot_type
        energy_matching.high_energy_sections.cut_frequency energy_matching.high_energy_sections.motion_preference
        energy_matching.low_energy_sections energy_matching.low_energy_sections.preferred_shot_type
        energy_matching.low_energy_sections.cut_frequency energy_matching.low_energy_sections.motion_preference
        transition_preferences transition_preferences.hard_cut transition_preferences.quick_dissolve
        transition_preferences.whip_pan quality_thresholds quality_thresholds.min_visual_quality
        quality_thresholds.max_motion_blur quality_thresholds.min_exposure quality_thresholds.max_exposure learned_model
        learned_model.model_type learned_model.model_path learned_model.feature_importance
    """,
}
"""Every field of the guide's two documents, except the free keys of its three tables of shares."""

GUIDE_BY_ACTION = """
    clips.edit_history.from_position clips.edit_history.to_position user_edits.from_position user_edits.instruction
    user_edits.reason_selected user_edits.section_end user_edits.section_start user_edits.to_position
"""
"""Fields that the guide's rows have only for some actions."""

GUIDE_KEYS = {
    "shot_patterns.shot_types": "close_up medium wide zoom",
    "sequencing_patterns.angle_transitions": "front_to_side side_to_front front_to_zoom side_to_zoom zoom_to_front",
    "learned_model.feature_importance": "shot_type motion_intensity beat_proximity prev_shot_type music_energy visual_quality",
}
"""The free keys: they have to be allowed."""
CONTRACT = """
    schema rate width height revision parent seed media outcomes tracks brief profile
    clips.timeline_start_frame clips.duration_frames clips.source_start_frame clips.source_rate clips.media_id clips.decision clips.crop
    clips.decision.parts clips.decision.runners_up clips.speed clips.enabled
    song.downbeats song.sections song.drops song.source_start_s song.source_duration_s song.fade_in_s song.fade_out_s song.energy_rate_hz
    song.confidence song.beat_source
    media.media_id media.path media.rate media.start_frame media.duration_frames media.stored_width media.stored_height
    media.display_width media.display_height media.rotation media.variable_rate media.audio_channels media.audio_rate_hz
    outcomes.status outcomes.threshold outcomes.value outcomes.limit outcomes.duplicate_of outcomes.best_slot outcomes.best_score
    outcomes.beaten_by ai_reasoning.style_match ai_reasoning.relaxed ai_reasoning.evidence_missing
"""


def _field(schema: dict[str, Any], path: str) -> dict[str, Any]:
    """The schema of a dotted field, through lists, choices and references. KeyError where there is none."""
    place: dict[str, Any] = schema
    for part in path.split("."):
        place = _inside(schema, place)["properties"][part]
    return place


def _inside(schema: dict[str, Any], place: dict[str, Any]) -> dict[str, Any]:
    for step in ("items", "anyOf", "$ref"):
        if step in place:
            inner = place[step]
            found = schema["$defs"][inner.rsplit("/", 1)[-1]] if step == "$ref" else inner[0] if step == "anyOf" else inner
            return _inside(schema, found)
    return place


@pytest.mark.parametrize("name", GUIDE)
def test_every_field_of_the_guide_is_there_and_required(name: str) -> None:
    schema = documents.schema(name)
    for path in GUIDE[name].split():
        _field(schema, path)
        parent, _, last = path.rpartition(".")
        place = _inside(schema, _field(schema, parent)) if parent else schema
        assert last in place["required"], path


def test_fields_of_some_actions_are_described() -> None:
    for path in GUIDE_BY_ACTION.split():
        assert _field(documents.schema("timeline"), path)["description"], path


@pytest.mark.parametrize("path", GUIDE_KEYS)
def test_the_guides_keys_are_allowed(path: str) -> None:
    place = _inside(documents.schema("style_profile"), _field(documents.schema("style_profile"), path))
    checker = jsonschema.Draft202012Validator({**place, "$defs": documents.schema("style_profile")["$defs"]})
    checker.validate(dict.fromkeys(GUIDE_KEYS[path].split(), 0.1))
    assert not checker.is_valid({"medium": "often"})


def test_every_field_of_the_contract_is_there() -> None:
    for path in CONTRACT.split():
        _field(documents.schema("timeline"), path)


def test_every_document_carries_every_field_of_its_schema() -> None:
    document = documents.encode(factories.timeline(2))
    missing = set(documents.schema("timeline")["properties"]) - document.keys()
    assert not missing
    assert not set(documents.schema("timeline")["$defs"]["Placement"]["properties"]) - document["clips"][0].keys()


# --- vocabularies ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "path", "table"),
    [
        ("timeline", "audio", names.AUDIO_MODES),
        ("timeline", "clips.metadata.shot_type", names.SHOT_TYPES),
        ("timeline", "clips.metadata.angle", names.ANGLES),
        ("timeline", "clips.metadata.motion", names.MOTIONS),
        ("timeline", "clips.lock_metadata.reason", names.LOCK_REASONS),
        ("timeline", "transitions.type", names.TRANSITIONS),
        ("timeline", "tracks.kind", names.TRACK_KINDS),
        ("timeline", "outcomes.status", names.OUTCOMES),
        ("timeline", "user_edits.action", names.USER_ACTIONS),
        ("timeline", "deleted_clips.user_reason", (*names.DELETE_REASONS, None)),
        ("timeline", "song.sections.label", names.SECTION_LABELS),
        ("song_analysis", "sections.label", names.SECTION_LABELS),
        ("brief", "audio", names.AUDIO_MODES),
        ("style_profile", "energy_matching.low_energy_sections.cut_frequency", names.CUT_FREQUENCIES),
        ("style_profile", "energy_matching.low_energy_sections.preferred_shot_type", names.SHOT_TYPES),
        ("event_regenerate_requested", "instruction", names.INSTRUCTIONS),
        ("event_clip_deleted", "reason_selected", (*names.DELETE_REASONS, None)),
        ("event_clip_locked", "reason", names.LOCK_REASONS),
    ],
)
def test_closed_vocabularies_are_the_tables_of_names(kind: str, path: str, table: tuple[str | None, ...]) -> None:
    assert _field(documents.schema(kind), path)["enum"] == list(table)


@pytest.mark.parametrize(("field", "table"), [("shot_type", names.SHOT_TYPES), ("angle", names.ANGLES), ("motion", names.MOTIONS)])
def test_probabilities_are_over_the_tables_of_names(field: str, table: tuple[str, ...]) -> None:
    assert documents.schema("clip_analysis")["properties"][field]["propertyNames"]["enum"] == list(table)


def test_every_event_is_an_action_and_has_a_document() -> None:
    assert set(events.EVENTS) == set(names.USER_ACTIONS)
    assert {name.removeprefix("event_") for name in ALL if name.startswith("event_")} == set(events.EVENTS)
    types = {one for one in vars(events).values() if isinstance(one, type) and issubclass(one, events.Event)}
    assert types - set(events.EVENTS.values()) == {events.Event, events.ClipChanged}


def test_every_alias_leads_to_an_instruction() -> None:
    assert set(names.INSTRUCTION_ALIASES.values()) == set(names.INSTRUCTIONS)


# --- every field explained -------------------------------------------------------------------------------------------


def _objects(name: str) -> dict[str, dict[str, Any]]:
    schema = documents.schema(name)
    return {name: schema, **schema["$defs"]}


@pytest.mark.parametrize("name", ALL)
def test_every_field_says_what_it_means(name: str) -> None:
    silent = [
        f"{part}.{field}"
        for part, body in _objects(name).items()
        for field, one in body["properties"].items()
        if field not in ("schema", "version") and len(one.get("description", "")) < 3
    ]
    assert not silent


def test_no_meaning_without_a_field() -> None:
    fields: dict[str, set[str]] = {}
    for kind in documents.KINDS.values():
        for base in kind.type.__mro__:
            fields.setdefault(base.__name__, set()).update(documents.schema(kind.name)["properties"])
        for part, body in documents.schema(kind.name)["$defs"].items():
            fields.setdefault(part, set()).update(body["properties"])
    idle = {f"{name}.{field}" for name in meanings.TABLE for field in meanings._rows(name) if field not in fields.get(name, ())}
    assert not idle


# --- validation ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "to", "says"),
    [
        (("clips", 1, "duration"), "long", "timeline.clips[1].duration"),
        (("clips", 0, "metadata", "visual_quality"), 1.5, "timeline.clips[0].metadata.visual_quality"),
        (("clips", 0, "metadata", "shot_type"), "closeup", "timeline.clips[0].metadata.shot_type"),
        (("song", "beats", 1), None, "timeline.song.beats[1]"),
        (("song", "energy_curve", 0), -0.1, "timeline.song.energy_curve[0]"),
        (("final_status", "user_satisfaction"), 6, "timeline.final_status.user_satisfaction"),
        (("rate",), "29.97", "timeline.rate"),
        (("seed",), None, "timeline.seed"),
    ],
)
def test_validation_names_the_place(path: tuple[Any, ...], to: object, says: str) -> None:
    document = documents.encode(factories.timeline(2))
    place: Any = document
    for part in path[:-1]:
        place = place[part]
    place[path[-1]] = to
    with pytest.raises(DocumentError) as caught:
        documents.validate(document)
    assert caught.value.code == "document_invalid" and says in caught.value.message and caught.value.hint


@pytest.mark.parametrize("field", ["clips", "rate", "final_status", "revision"])
def test_validation_misses_what_is_missing(field: str) -> None:
    document = documents.encode(factories.timeline(2))
    del document[field]
    with pytest.raises(DocumentError, match=field):
        documents.validate(document)
