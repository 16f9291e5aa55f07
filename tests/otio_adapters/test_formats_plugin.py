"""OpenTimelineIO's own tools read and write `timeline.json`: run as a user runs them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import factories
import opentimelineio as otio
import pytest
from round_trips import changed_edit

from engine.errors import DocumentError
from engine.model import documents
from engine.model.time import FrameRate
from engine.model.timeline import Timeline
from otio_adapters import timeline_adapter
from otio_adapters.writers import WRITERS

CONVERT = Path(sys.executable).with_name("otioconvert")


def text_of(timeline: Timeline) -> str:
    return documents.dumps(documents.encode(timeline))


def converted(source: Path, target: Path) -> str:
    done = subprocess.run([str(CONVERT), "-i", str(source), "-o", str(target)], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0 and target.is_file(), done.stderr
    return target.read_text(encoding="utf-8")


def edit_in(text: str) -> Timeline:
    document = documents.loads(text)
    documents.validate(document)
    found = documents.decode(document)
    assert isinstance(found, Timeline)
    return found


def test_otioconvert_reads_and_writes_ours(tmp_path: Path) -> None:
    """There and back is the same text; a file of Resolve becomes an edit that every command takes."""
    ours = tmp_path / "timeline.json"
    ours.write_text(text_of(factories.timeline(5, rate="30000/1001")), encoding="utf-8")
    converted(ours, tmp_path / "cut.otio")
    assert converted(tmp_path / "cut.otio", tmp_path / "back.json") == ours.read_text(encoding="utf-8")
    clips = otio.adapters.read_from_file(str(tmp_path / "cut.otio")).video_tracks()[0]
    assert [clip.duration().value for clip in clips] == [30, 30, 30, 30, 30]
    (tmp_path / "resolve.otio").write_bytes(WRITERS["resolve-otio"].write(factories.timeline(3)).content)
    found = edit_in(converted(tmp_path / "resolve.otio", tmp_path / "new.json"))
    assert [(clip.file, clip.duration_frames) for clip in found.clips] == [(f"front_cam_00{k}.mp4", 30) for k in (1, 2, 3)]
    assert found.song is not None and found.song.source_start_s == pytest.approx(12.5)


@pytest.mark.parametrize("seed", range(12))
def test_any_edit_is_the_same_text_after_the_librarys_own_files(seed: int) -> None:
    """At any rate, with markers, speeds, crops, joins of the song: its JSON reader changes last digits, and that is no change."""
    text = text_of(changed_edit(seed))
    file = otio.adapters.write_to_string(timeline_adapter.read_from_string(text), "otio_json")
    again = otio.adapters.write_to_string(otio.adapters.read_from_string(file, "otio_json"), "otio_json")
    assert timeline_adapter.write_to_string(otio.adapters.read_from_string(again, "otio_json")) == text


def rewritten(timeline: Timeline, change: Callable[[Any], None]) -> Timeline:
    """Through OpenTimelineIO, changed there by its own calls."""
    built = timeline_adapter.read_from_string(text_of(timeline))
    change(built)
    return edit_in(timeline_adapter.write_to_string(built))


def test_what_was_changed_there_is_a_new_edit_of_the_same_media() -> None:
    timeline = factories.timeline(4)

    def change(built: Any) -> None:
        track = built.video_tracks()[0]
        del track[1]
        track[1].source_range = otio.opentime.TimeRange(otio.opentime.RationalTime(12, 30), otio.opentime.RationalTime(9, 30))
        track.insert(1, otio.schema.Gap(duration=otio.opentime.RationalTime(40, 30)))

    found = rewritten(timeline, change)
    assert [(clip.id, clip.duration_frames, clip.enabled) for clip in found.clips] == [
        ("clip_1", 30, True),
        (found.clips[1].id, 40, False),
        ("clip_3", 9, True),
        ("clip_4", 30, True),
    ]
    assert found.clip("clip_3").source_start_frame == 12
    assert {row.media_id for row in found.media} <= {row.media_id for row in timeline.media}
    assert found.media[0].video == timeline.media[0].video and (found.width, found.height) == (1080, 1920)
    assert found.project_id == timeline.project_id and not any(clip.lock for clip in found.clips)


@pytest.mark.parametrize("name", ["aswf_picchu_effects.otio", "ayon_clip_qt_embedded_tc.json", "ayon_clip_qt_retimed_speed.json"])
def test_files_of_other_programs_become_lawful_edits(shared_folder: Path, name: str) -> None:
    text = (shared_folder / "nle_samples" / name).read_text()
    found = edit_in(timeline_adapter.write_to_string(otio.adapters.read_from_string(text, "otio_json")))
    assert found.rate in (FrameRate(24), FrameRate(25)) and found.clips
    assert all(clip.speed > 0 for clip in found.clips)
    back = otio.adapters.read_from_string(WRITERS["otio"].write(found).content.decode(), "otio_json")
    assert len(list(back.find_clips())) >= len(found.clips)


def test_a_lone_audio_track_and_other_documents_are_refused() -> None:
    built = otio.schema.Timeline("sound only")
    built.tracks.append(otio.schema.Track("A1", kind=otio.schema.TrackKind.Audio))
    with pytest.raises(DocumentError):
        timeline_adapter.write_to_string(built)
    with pytest.raises(DocumentError):
        timeline_adapter.read_from_string(text_of(factories.profile()))  # type: ignore[arg-type]
    with pytest.raises(DocumentError):
        timeline_adapter.read_from_string(json.dumps({"a": 1}))
