"""Timelines of other programs and the media they mean: by place, by name, by what is said of them, and never by a guess."""

from __future__ import annotations

import dataclasses
import io
import shutil
import zipfile
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import factories
import footage
import pytest

from bridge_server.bootstrap import open_studio
from engine.errors import DocumentError
from engine.media.probe import probe
from engine.model.cutlist import CutEvent, CutList, CutTrack, MediaLink
from engine.model.interchange import ExportOptions
from engine.model.media import Media
from engine.model.time import FrameRate, FrameSpan
from engine.model.timeline import Timeline
from engine.progress import SILENT
from engine.studio.context import Studio
from engine.studio.resolving import Resolved, files_by_name, read_cut_list, resolve
from otio_adapters.writers import WRITERS


@pytest.fixture(scope="module")
def shoot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shoot") / "Dreh #1 ö"
    folder.mkdir()
    for number, frames in ((1, 60), (2, 45)):
        footage.coded_video(folder / f"A {number}.mp4", number, frames, size=(64, 64))
    return folder


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    with open_studio({"workspace": tmp_path / "ws", "workers": 1}) as one:
        yield one


def edit_of(*files: Media) -> Timeline:
    """Ten frames of each, one after another."""
    clips = tuple(factories.placement(k + 1, 10 * k, 10, of=one, source_start_frame=5, crop=()) for k, one in enumerate(files))
    return factories.timeline(
        1, clips=clips, media=files, song=None, transitions=(), markers=(), tracks=(), outcomes=(), duration_frames=10 * len(files)
    )


def list_of(*links: MediaLink, last_s: Fraction = Fraction(1)) -> CutList:
    events = [CutEvent(link.name, FrameSpan(30 * k, 30 * k + 30), link, last_s - 1, last_s) for k, link in enumerate(links)]
    return CutList("cut", FrameRate(30), (CutTrack("video", "V1", tuple(events)),))


def found(studio: Studio, cuts: CutList, **where: object) -> Resolved:
    return resolve(studio, cuts, progress=SILENT, **where)  # type: ignore[arg-type]


@pytest.mark.parametrize("form", ["otio", "resolve-otio", "fcpxml", "fcp7", "edl"])
def test_every_format_finds_its_media_again(studio: Studio, shoot: Path, tmp_path: Path, form: str) -> None:
    files = [probe(path) for path in sorted(shoot.iterdir())]
    path = tmp_path / "cut.file"
    path.write_bytes(WRITERS[form].write(edit_of(*files), ExportOptions()).content)
    cuts = read_cut_list(studio, path)
    result = found(studio, cuts)
    assert [result.media_of(event) for event in cuts.tracks[0].events] == files and not result.offline


def test_moved_media_are_found_by_name_and_the_rest_is_named(studio: Studio, shoot: Path, tmp_path: Path) -> None:
    moved = tmp_path / "disk 2" / "deep"
    shutil.copytree(shoot, moved)
    links = [MediaLink("A 1.mp4", "file:///gone/A%201.mp4"), MediaLink("a 2.MP4", "D:\\cards\\a 2.MP4"), MediaLink("B.mov", "/gone/B.mov")]
    cuts = list_of(*links, links[2], MediaLink("Title"))
    nowhere = found(studio, cuts)
    assert [(row.name, row.events) for row in nowhere.offline] == [("A 1.mp4", 1), ("a 2.MP4", 1), ("B.mov", 2), ("Title", 1)]
    result = found(studio, cuts, folders=[tmp_path / "disk 2"])
    assert [one and Path(one.path).name for one in map(result.media_of, cuts.tracks[0].events)] == ["A 1.mp4", "A 2.mp4", None, None, None]
    assert [(row.name, row.why) for row in result.offline] == [("B.mov", "not found"), ("Title", "no media")]


def test_files_of_one_name_are_told_apart_or_reported(studio: Studio, shoot: Path, tmp_path: Path) -> None:
    for folder, source in (("card1", "A 1.mp4"), ("card2", "A 2.mp4"), ("copy", "A 1.mp4")):
        (tmp_path / folder).mkdir()
        shutil.copy(shoot / source, tmp_path / folder / "C001.mp4")
    cards = [tmp_path / one for one in ("card1", "card2")]
    plain = list_of(MediaLink("C001.mp4"))
    (row,) = found(studio, plain, folders=cards).offline
    assert row.why.startswith("several files have that name") and "card1" in row.why and "card2" in row.why
    by_folder = list_of(MediaLink("C001.mp4", "/Volumes/Trip/CARD2/C001.mp4"))
    assert found(studio, by_folder, folders=cards).media_of(by_folder.tracks[0].events[0]) == probe(tmp_path / "card2/C001.mp4")
    said = list_of(MediaLink("C001.mp4", None, Fraction(0), Fraction(2)))
    assert found(studio, said, folders=cards).media_of(said.tracks[0].events[0]) == probe(tmp_path / "card1/C001.mp4"), (
        "only one is as long"
    )
    assert not found(studio, plain, folders=[tmp_path / "card1", tmp_path / "copy"]).offline, "the same content twice is no question"
    long = list_of(MediaLink("C001.mp4", None, Fraction(0)), last_s=Fraction(9))
    assert "shorter" in found(studio, long, folders=[tmp_path / "card1"]).offline[0].why


def test_known_media_count_as_found_although_they_are_gone(studio: Studio) -> None:
    """What comes back is compared with the edit it came from, on a machine that need not have the clips."""
    one, two = (factories.media(number, path=f"C:\\Shoot\\take {number}.mp4") for number in (1, 2))
    cuts = list_of(MediaLink("take 1.mp4", "file://localhost/C%3a/Shoot/take%201.mp4"), MediaLink("TAKE 2.mp4", "/Users/mira/take 2.mp4"))
    result = found(studio, cuts, known=[one, two])
    assert [result.media_of(event) for event in cuts.tracks[0].events] == [one, two]
    twin = dataclasses.replace(two, media_id="other", path="/b/take 2.mp4")
    assert [row.name for row in found(studio, cuts, known=[one, two, twin]).offline] == ["TAKE 2.mp4"], "two of that name: not guessed"


def test_places_relative_to_the_file_and_names_beside_it(studio: Studio, shoot: Path, tmp_path: Path) -> None:
    (tmp_path / "out" / "media").mkdir(parents=True)
    shutil.copy(shoot / "A 1.mp4", tmp_path / "out/media/x.mp4")
    shutil.copy(shoot / "A 2.mp4", tmp_path / "out/y.mp4")
    cuts = list_of(MediaLink("x.mp4", "media/x.mp4"), MediaLink("y.mp4", "/gone/y.mp4"))
    result = found(studio, cuts, beside=tmp_path / "out")
    assert not result.offline and len(result.media) == 2
    assert set(files_by_name([tmp_path / "out"], deep=False)) == {"y.mp4"}


def test_broken_media_and_places_that_are_none(studio: Studio, tmp_path: Path) -> None:
    (tmp_path / "text.mp4").write_text("no video")
    cuts = list_of(
        MediaLink("text.mp4", str(tmp_path / "text.mp4")), MediaLink("x.mp4", "/a\x00b/x.mp4"), MediaLink("y.mp4", "https://a/y.mp4")
    )
    offline = found(studio, cuts, beside=tmp_path).offline
    assert [row.name for row in offline] == ["text.mp4", "x.mp4", "y.mp4"] and "text.mp4" in offline[0].why


def test_bundles_are_opened(studio: Studio, tmp_path: Path) -> None:
    timeline = factories.timeline(3)
    folder = tmp_path / "cut.fcpxmld"
    folder.mkdir()
    (folder / "Info.fcpxml").write_bytes(WRITERS["fcpxml"].write(timeline).content)
    assert len(read_cut_list(studio, folder).tracks[0].events) == 3
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as bundle:
        bundle.writestr("content.otio", WRITERS["resolve-otio"].write(timeline).content)
    (tmp_path / "cut.otioz").write_bytes(body.getvalue())
    assert len(read_cut_list(studio, tmp_path / "cut.otioz").tracks[0].events) == 3


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (None, "timeline_missing"),
        (b"", "interchange_empty"),
        (b"PK\x03\x04 no zip", "interchange_damaged"),
        (b"hello", "interchange_unknown"),
    ],
)
def test_what_is_no_timeline_is_refused(studio: Studio, tmp_path: Path, content: bytes | None, code: str) -> None:
    path = tmp_path / "cut.otio"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DocumentError) as caught:
        read_cut_list(studio, path)
    assert caught.value.code == code and caught.value.hint
    with pytest.raises(DocumentError) as folder:
        read_cut_list(studio, tmp_path)
    assert folder.value.code == "timeline_unreadable"


def test_a_lists_rate_can_be_told(studio: Studio, tmp_path: Path) -> None:
    path = tmp_path / "cut.edl"
    content = WRITERS["edl"].write(factories.timeline(2, rate=25)).content
    path.write_bytes(b"\r\n".join(line for line in content.split(b"\r\n") if b"RATE" not in line))
    assert read_cut_list(studio, path, FrameRate(25)).rate == FrameRate(25)
