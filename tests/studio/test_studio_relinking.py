"""Media that moved are found by content under any name; an edit travels with its media; nothing of anybody's is overwritten."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import factories
import footage
import pytest

from bridge_server.bootstrap import open_studio
from engine.errors import MediaError, OutputError, RefusedError
from engine.media.decode import FrameReader
from engine.media.probe import probe
from engine.model.timeline import Timeline
from engine.progress import SILENT
from engine.store.projects import ProjectFolder, load_timeline
from engine.studio.context import Studio
from engine.studio.exporting import all_formats
from engine.studio.relinking import collect, relink
from engine.studio.requests import CollectRequest, RelinkRequest


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    with open_studio({"workspace": tmp_path / "ws", "workers": 1}) as one:
        yield one


@pytest.fixture
def edit(studio: Studio, tmp_path: Path) -> Path:
    """An edit of two clips of one name from two cards, and a song."""
    paths = []
    for number in (1, 2):
        folder = tmp_path / f"card {number}"
        folder.mkdir()
        paths.append(footage.coded_video(folder / "C001.mp4", number, 30, size=(64, 64)))
    footage.click_song(tmp_path / "song.wav", seconds=4)
    clips = [probe(path) for path in paths]
    song = probe(tmp_path / "song.wav")
    placed = tuple(factories.placement(k + 1, 10 * k, 10, of=one, crop=()) for k, one in enumerate(clips))
    timeline: Timeline = factories.timeline(
        1,
        clips=placed,
        media=(*clips, song, factories.media(77, path="/gone/unused.mp4")),
        song=factories.song_use(2 / 3, media_id=song.media_id, file="song.wav"),
        duration_frames=20,
        transitions=(),
        markers=(),
        tracks=(),
        outcomes=(),
    )
    folder = tmp_path / "edit"
    ProjectFolder(folder).commit(timeline, all_formats(studio, timeline)[0])
    return folder


def test_moved_and_renamed_media_are_found_by_content(studio: Studio, edit: Path, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    (disk / "deep").mkdir(parents=True)
    shutil.move(tmp_path / "card 1/C001.mp4", disk / "deep/first look.mp4")
    shutil.move(tmp_path / "card 2/C001.mp4", disk / "C001.mp4")
    result = relink(studio, RelinkRequest(edit, disk), SILENT)
    assert [Path(row["now"]).name for row in result["relinked"]] == ["first look.mp4", "C001.mp4"]
    assert [row["name"] for row in result["offline"]] == ["unused.mp4"] and result["online"] == 1
    after, _ = load_timeline(edit)
    assert after.revision == 2 and [clip.file for clip in after.clips] == ["first look.mp4", "C001.mp4"]
    assert b"first%20look.mp4" in (edit / "timeline.fcpxml").read_bytes()
    again = relink(studio, RelinkRequest(edit, disk), SILENT)
    assert not again["relinked"] and load_timeline(edit)[0].revision == 2, "nothing found, nothing written"
    with pytest.raises(MediaError):
        relink(studio, RelinkRequest(edit, tmp_path / "nowhere"), SILENT)


def test_an_edit_travels_with_its_media(studio: Studio, edit: Path, tmp_path: Path) -> None:
    result = collect(studio, CollectRequest(edit, tmp_path / "travel"), SILENT)
    assert result["files"] == 3 and sorted(path.name for path in (tmp_path / "travel/media").iterdir()) == [
        "C001 (2).mp4",
        "C001.mp4",
        "song.wav",
    ]
    moved, _ = load_timeline(tmp_path / "travel")
    assert all(Path(row.path).is_file() and probe(Path(row.path)).media_id == row.media_id for row in moved.media)
    assert load_timeline(edit)[0].revision == 1, "the edit itself stays as it was"
    collect(studio, CollectRequest(edit, tmp_path / "travel"), SILENT)  # what lies there already is not copied again
    (tmp_path / "travel/media/C001.mp4").write_bytes(b"somebody else's")
    with pytest.raises(RefusedError):
        collect(studio, CollectRequest(edit, tmp_path / "travel"), SILENT)


def test_what_cannot_be_found_is_named_before_anything_is_copied(studio: Studio, edit: Path, tmp_path: Path) -> None:
    shutil.move(tmp_path / "card 1", tmp_path / "attic")
    with pytest.raises(MediaError) as caught:
        collect(studio, CollectRequest(edit, tmp_path / "travel"), SILENT)
    assert caught.value.code == "media_offline" and not (tmp_path / "travel").exists()
    assert collect(studio, CollectRequest(edit, tmp_path / "travel", tmp_path / "attic"), SILENT)["files"] == 3
    with pytest.raises(OutputError):
        collect(studio, CollectRequest(edit, edit), SILENT)


def test_variable_rate_clips_travel_as_constant_rate_copies(studio: Studio, tmp_path: Path) -> None:
    """Every frame of the copy shows what was on screen then, so the edit counts the same frames of it."""
    clip = probe(footage.variable_rate_video(tmp_path / "phone.mp4", 5, 60))
    assert clip.video is not None and clip.video.variable_rate
    placed = factories.placement(1, 0, 20, of=clip, source_start_frame=10, crop=())
    plain = {"song": None, "transitions": (), "markers": (), "tracks": (), "outcomes": ()}
    timeline: Timeline = factories.timeline(1, clips=(placed,), media=(clip,), duration_frames=20, rate=clip.video.rate, **plain)
    ProjectFolder(tmp_path / "edit").commit(timeline, all_formats(studio, timeline)[0])
    told = collect(studio, CollectRequest(timeline=tmp_path / "edit", output=tmp_path / "box", constant_rate=True), SILENT)
    assert told["constant_rate"] == 1
    after, _ = load_timeline(tmp_path / "box")
    (copy,) = after.media
    assert copy.video is not None and not copy.video.variable_rate and copy.name == "phone (constant rate).mov"
    assert (copy.video.rate, copy.video.duration_frames) == (clip.video.rate, clip.video.duration_frames)
    assert after.clips[0].media_id == copy.media_id and after.clips[0].source_start_frame == 10
    seen = [footage.read_code(frame.picture) for frame in FrameReader(copy, max_side_px=320)]
    kept = [number for number in range(60) if number % 3 != 1]
    recorded = [int(clip.video.rate.seconds(frame) * 30) for frame in range(clip.video.duration_frames)]  # of the 30 a second
    assert seen == [(5, max(one for one in kept if one <= number)) for number in recorded]
    assert not any("Variable" in line for line in all_formats(studio, after)[2])
    again = collect(studio, CollectRequest(timeline=tmp_path / "edit", output=tmp_path / "box", constant_rate=True), SILENT)
    assert again["files"] == 1
