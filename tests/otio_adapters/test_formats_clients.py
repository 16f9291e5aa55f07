"""Other programs show the frames that are meant: melt and OpenShot read our files, and our own render agrees with every format."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import clients
import factories
import opentimelineio as otio
import pytest
from absence import absent

from engine.media.probe import probe
from engine.model.cutlist import CutList
from engine.model.time import FrameRate
from engine.model.timeline import Placement, Timeline
from otio_adapters.readers import READERS
from otio_adapters.writers import WRITERS

RATES = [FrameRate.parse(text) for text in ("24000/1001", "25", "30000/1001", "30")]
SHOTS = ((1, 10, 20), (2, 3, 13), (3, 30, 1), (1, 35, 25), (4, 11, 21), (2, 20, 17))
"""(file, first frame of it, frames of the edit). File 4 runs at another rate."""
ANOTHER = 4


def edit(folder: Path, rate: FrameRate) -> tuple[Timeline, dict[str, int]]:
    """Cuts of takes with timecode, one used twice, one a single frame long, one at another rate; and which media is which file."""
    takes = clients.coded_media(folder / "a b", rate, [1, 2, 3], start="01:00:00:00")
    takes += clients.coded_media(folder, FrameRate(30) if rate == FrameRate(25) else FrameRate(25), [ANOTHER])
    media = [probe(path) for path in takes]
    clips: list[Placement] = []
    for number, (file, first, length) in enumerate(SHOTS, 1):
        at = clips[-1].span.end if clips else 0
        clips.append(factories.placement(number, at, length, of=media[file - 1], source_start_frame=first, crop=()))
    plain = {"song": None, "transitions": (), "markers": (), "outcomes": (), "audio": "none"}
    made = factories.timeline(1, rate=rate, clips=tuple(clips), media=tuple(media), duration_frames=clips[-1].span.end, **plain)
    return made, {row.media_id: number for number, row in enumerate(media, 1)}


def as_otio(timeline: Timeline, form: str) -> otio.schema.Timeline:
    """As OpenTimelineIO's own adapters read our file: Final Cut 7 XML by `otio-fcp-adapter`."""
    text = WRITERS[form].write(timeline).content.decode()
    found = otio.adapters.read_from_string(text, "fcp_xml" if form == "fcp7" else "otio_json")
    return found[0] if isinstance(found, otio.schema.SerializableCollection) else found


@pytest.mark.needs_tool("melt")
@pytest.mark.parametrize("rate", RATES, ids=str)
def test_melt_shows_every_frame_that_is_meant(rate: FrameRate, tmp_path: Path) -> None:
    timeline, numbers = edit(tmp_path, rate)
    wanted = clients.expected(timeline, numbers)
    for form in ("otio", "fcp7"):
        seen = clients.melted(as_otio(timeline, form), rate, tmp_path / form)
        assert len(seen) == len(wanted), form
        for number, (found, meant) in enumerate(zip(seen, wanted)):
            assert found is not None and found[0] == meant[0], (form, number)
            # melt counts in frames of the edit, so of a take at another rate it may show the next frame.
            assert found == meant or (meant[0] == ANOTHER and abs(found[1] - meant[1]) == 1), (form, number, found, meant)


@pytest.mark.parametrize("rate", RATES, ids=str)
def test_openshot_cuts_where_we_do(rate: FrameRate, tmp_path: Path) -> None:
    if not Path("/usr/lib/python3/dist-packages/openshot_qt").is_dir():
        absent("OpenShot (Debian's openshot-qt)")
    timeline, _ = edit(tmp_path, rate)
    xml = tmp_path / "cut.xml"
    xml.write_bytes(clients.spelled_out(WRITERS["fcp7"].write(timeline).content))
    rows = clients.openshot(xml, rate, tmp_path)
    assert [row["title"] for row in rows] == [clip.file for clip in timeline.clips]
    for row, clip in zip(rows, timeline.clips, strict=True):
        assert clients.frames_of(row["position"], rate) == clip.timeline_start_frame
        assert clients.frames_of(row["end"] - row["start"], rate) == clip.duration_frames
        begin = float(row["start"]) * rate.fps
        assert abs(begin - float(clip.source_start_s * rate.fraction)) <= (0.5 if clip.media_id == timeline.clips[4].media_id else 1e-3)


def frames_shown(read: CutList, timeline: Timeline, numbers: dict[str, int]) -> list[tuple[int, int]]:
    """What somebody who plays a read timeline sees: of every frame the file and its frame on screen, a millisecond later."""
    paths = {row.path: row for row in timeline.media}
    found = []
    for event in next(track for track in read.tracks if track.kind == "video").events:
        media = paths[event.media.path or ""]
        assert media.video is not None
        begin = event.source_start_s - media.video.rate.seconds(media.video.start_frame)
        for k in range(event.record.duration):
            at = begin + read.rate.seconds(k) * event.speed + Fraction(1, 1000)
            found.append((numbers[media.media_id], media.video.rate.frame_at(at)))
    return found


@pytest.mark.parametrize("rate", [RATES[1], RATES[2]], ids=str)
def test_film_and_every_format_agree_frame_for_frame(rate: FrameRate, tmp_path: Path) -> None:
    timeline, numbers = edit(tmp_path, rate)
    timeline = timeline.replace(width=clients.SIZE[0], height=clients.SIZE[1])
    seen = clients.rendered(timeline, tmp_path)
    assert len(seen) == timeline.duration_frames
    for form in WRITERS:
        told = frames_shown(READERS["any"].read(WRITERS[form].write(timeline).content), timeline, numbers)
        if form == "edl":  # counts takes of another rate in frames of the edit
            assert all(a == b or (b and a[0] == b[0] == ANOTHER and abs(a[1] - b[1]) == 1) for a, b in zip(told, seen, strict=True))
        else:
            assert told == seen, form
