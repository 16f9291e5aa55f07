"""Learning a creator end to end, from small media: what is learned, what counts once, what is reported, what is refused."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import factories
import footage
import numpy as np
import pytest
import works
from reels import Cut, write_reel

from bridge_server.bootstrap import open_studio
from engine.errors import BadOption, DocumentError, FootageError
from engine.media.encode import write_wav
from engine.media.probe import probe
from engine.model.works import RawClip
from engine.progress import SILENT
from engine.studio.context import Studio
from engine.studio.learning import learn, merged
from engine.studio.requests import (
    LearnRequest,
    StyleBlendRequest,
    StyleExportRequest,
    StyleImportRequest,
    StyleRemoveRequest,
    StyleShowRequest,
)
from engine.studio.styles import style_blend, style_export, style_import, style_remove, style_show
from engine.studio.works import NO_SONG
from engine.style.examples import from_timeline
from engine.style.fitting import is_same_work
from engine.style.profile import build_profile
from engine.style.training import learned_model, train
from otio_adapters.writers import WRITERS

SIZE = (180, 320)


def song() -> Any:
    """Nine seconds at 120 a minute, no two beats alike: a bare click would lie as well a beat further on."""
    random = np.random.default_rng(5)
    samples = 0.01 * random.standard_normal(9 * 22_050)
    for k in range(18):
        hits = [(0.5 * k, 1.0), *((0.5 * k + float(random.uniform(0.08, 0.45)), 0.6) for _ in range(3))]
        for at, loud in hits:
            start, length = int(at * 22_050), int(random.uniform(400, 1500))
            burst = random.standard_normal(length) * np.exp(-np.arange(length) / 250) * loud * random.uniform(0.3, 0.9)
            part = samples[start : start + length]
            part += burst[: len(part)]
    return (0.8 * samples / np.abs(samples).max()).astype(np.float32)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five raw clips, a song, and a finished reel of four of them cut on its beats (and the same reel in another encoding)."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "raw").mkdir()
    for seed in range(5):
        footage.lively_video(folder / "raw" / f"take_{seed}.mp4", seed + 10, 2.5)
    write_wav(folder / "song.wav", song(), 22_050)
    cuts = [Cut(probe(folder / "raw" / f"take_{seed}.mp4"), 12 + 5 * seed, 30, left=0.3 + 0.1 * seed) for seed in (0, 1, 2, 3)]
    cuts[2] = dataclasses.replace(cuts[2], mirrored=True)
    write_reel(folder / "reel.mp4", cuts, size=SIZE, audio=folder / "song.wav")
    write_reel(folder / "reel_small.mp4", cuts, size=(144, 256), audio=folder / "song.wav")
    return folder


@pytest.fixture
def studio(workspace: Path) -> Iterator[Studio]:
    """Workers are threads here: starting processes would cost more than the work."""
    with open_studio({"workspace": workspace}) as opened:
        yield dataclasses.replace(opened, make_executor=lambda _count: ThreadPoolExecutor(1))


def taught(studio: Studio, *videos: Path, creator: str = "mira", **more: Any) -> dict[str, Any]:
    return learn(studio, LearnRequest(creator=creator, videos=videos, **more), SILENT)


def test_an_old_project_teaches_what_was_used_and_what_was_not(studio: Studio, project: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.mp4"
    broken.write_text("no video")
    said = taught(studio, project / "reel.mp4", broken, raw=project / "raw", song=(project / "song.wav",))
    assert said["works"] == 1 and [row["name"] for row in said["problems"]] == ["broken.mp4"]
    assert said["learned"][0]["shots"] == 4 and said["learned"][0]["found_in_raw"] == 4 and said["unused_raw"] == 1
    assert any("No CLIP model" in note and "of 4 shots" in note for note in said["notes"]), "what sizes and angles rest on"
    assert any("song.wav" in note for note in said["learned"][0]["notes"]), "a given song is found under the video's sound"
    assert said["still_from_population"] and not said["enough"]
    work = studio.store.profiles.works("mira")[0]
    assert all("lit" in clip.features for clip in work.raw), "light is judged by what is not black"
    names = {clip.media_id: clip.file for clip in work.raw}
    assert [names[shot.used.media_id] for shot in work.shots if shot.used] == [f"take_{seed}.mp4" for seed in range(4)]
    for seed, shot in enumerate(work.shots):
        assert shot.used is not None and shot.used.start_s * 30 == pytest.approx(12 + 5 * seed, abs=2.01)
        assert shot.used.mirrored == (seed == 2) and shot.used.speed == 1.0
    again = taught(studio, project / "reel.mp4", project / "reel_small.mp4")
    assert again["works"] == 1 and again["learned"][-1]["counted_as"] == "reel.mp4"
    assert studio.store.profiles.works("mira")[0].raw, "what the raw clips taught is kept"


def test_learning_again_adds_and_a_work_can_be_unlearned(studio: Studio, project: Path, tmp_path: Path) -> None:
    taught(studio, project / "reel.mp4")
    cuts = [Cut(probe(project / "raw" / f"take_{seed}.mp4"), 20, 24) for seed in (4, 2, 0)]
    write_reel(tmp_path / "second.mp4", cuts, size=SIZE)
    said = taught(studio, tmp_path / "second.mp4")
    assert said["works"] == 2 and any("No sound" in note for note in said["learned"][0]["notes"])
    left = style_remove(studio, StyleRemoveRequest(creator="mira", works=("second",)), SILENT)
    assert left["removed"] == ["second.mp4"] and left["left"] == 1
    shown = style_show(studio, StyleShowRequest(creator="mira", plot=tmp_path / "style.png"), SILENT)
    assert [row["name"] for row in shown["works"]] == ["reel.mp4"] and shown["said"]
    assert (tmp_path / "style.png").stat().st_size > 10_000


@pytest.mark.parametrize("name", ["otio", "resolve-otio", "fcpxml", "fcp7", "edl"])
def test_finished_timelines_of_every_format_teach_cuts(studio: Studio, tmp_path: Path, name: str) -> None:
    writer = WRITERS[name]
    path = tmp_path / f"old{writer.suffix}"
    path.write_bytes(writer.write(factories.timeline(7)).content)
    said = learn(studio, LearnRequest(creator="mira", timeline=(path,)), SILENT)
    work = studio.store.profiles.works("mira")[0]
    assert said["works"] == 1 and said["learned"][0]["kind"] == "timeline"
    assert [round(shot.start_s, 3) for shot in work.shots] == [float(k) for k in range(7)]
    assert any("offline" in note for note in said["learned"][0]["notes"])


def test_styles_travel_and_a_strangers_is_checked(studio: Studio, project: Path, tmp_path: Path) -> None:
    taught(studio, project / "reel.mp4")
    file = tmp_path / "mira.json"
    style_export(studio, StyleExportRequest(creator="mira", output=file), SILENT)
    assert style_import(studio, StyleImportRequest(file=file, name="hers"), SILENT)["works"] == 1
    mixed = style_blend(studio, StyleBlendRequest(mine="mira", theirs="hers", name="party", share=0.3), SILENT)
    assert mixed["creator"] == "party" and mixed["said"]
    before = file.read_text(encoding="utf-8")
    for wrong in ('{"schema": "x"}', before.replace('"trained_on_videos"', '"__class__"'), before[: len(before) // 2]):
        file.write_text(wrong, encoding="utf-8")
        with pytest.raises((DocumentError, FootageError)):
            style_import(studio, StyleImportRequest(file=file, name="wrong"), SILENT)
    assert "wrong" not in studio.store.profiles.names()


@pytest.mark.parametrize(
    "change",
    [
        lambda it: it["profile"]["pacing_patterns"].update(beat_offset_frames={"nan": 1.0}),
        lambda it: it["profile"]["pacing_patterns"].update(beat_offset_frames={"soon": 1.0}),
        lambda it: it["profile"]["pacing_patterns"].update(duration_beats={"-3": 1.0}),
        lambda it: it["profile"]["moment_preferences"].update(position=[]),
        lambda it: it["models"].update(number=10**30),
        lambda it: it["models"]["selection"]["weights"].__setitem__(0, 1e308),
        lambda it: it.update(works=it["works"] * 2),
        lambda it: it["works"][0].update(signature=["zz"] * 9),
        lambda it: it["works"][0]["shots"][0].update(features={"motion_intensity": 1e308}),
        lambda it: it["works"][0]["grid"].update(times_s=it["works"][0]["grid"]["times_s"][::-1]),
    ],
)
def test_a_style_with_impossible_values_is_refused(studio: Studio, tmp_path: Path, change: Callable[[Any], None]) -> None:
    work = works.work(3, raw=20)
    models = train("mira", [work])
    profile = build_profile("mira", [work], "2026-01-01T00:00:00Z", learned=learned_model(models, "models/1.json"))
    studio.store.profiles.save(profile, models, [work])
    file = tmp_path / "mira.json"
    style_export(studio, StyleExportRequest(creator="mira", output=file), SILENT)
    style_import(studio, StyleImportRequest(file=file, name="whole"), SILENT)
    package = json.loads(file.read_text(encoding="utf-8"))
    change(package)
    file.write_text(json.dumps(package), encoding="utf-8")
    with pytest.raises(DocumentError):
        style_import(studio, StyleImportRequest(file=file, name="wrong"), SILENT)
    assert studio.store.profiles.names() == ["mira", "whole"]


@pytest.mark.parametrize("name", ["a\x1b[31mb", "a\u202eb", "a\nb", " ", "n" * 101])
def test_names_that_could_fool_the_eye_are_refused(studio: Studio, name: str) -> None:
    with pytest.raises(BadOption):
        studio.store.profiles.begin(name, "2026-01-01T00:00:00Z")
    for good in ("Ana\u00a0B", "\N{WOMAN}\u200d\N{ARTIST PALETTE}", "نمی\u200cدانم"):
        assert studio.store.profiles.begin(good, "2026-01-01T00:00:00Z") == good


def layered(folder: Path, name: str = "layered") -> Path:
    """A hand-made timeline: an insert on an upper track, a logo and grain above, a clip switched off, a division that nobody sees."""

    def span(start: int, length: int) -> dict[str, Any]:
        at, long = ({"OTIO_SCHEMA": "RationalTime.1", "value": value, "rate": 30} for value in (start, length))
        return {"OTIO_SCHEMA": "TimeRange.1", "start_time": at, "duration": long}

    def clip(file: str, start: int, length: int, enabled: bool = True) -> dict[str, Any]:
        media = {
            "OTIO_SCHEMA": "ExternalReference.1",
            "target_url": f"file:///gone/{file}",
            "available_range": span(0, 900),
            "metadata": {},
        }
        return {"OTIO_SCHEMA": "Clip.1", "name": file, "enabled": enabled, "source_range": span(start, length), "media_reference": media}

    def gap(length: int) -> dict[str, Any]:
        return {"OTIO_SCHEMA": "Gap.1", "name": "", "source_range": span(0, length)}

    def track(*children: dict[str, Any]) -> dict[str, Any]:
        return {"OTIO_SCHEMA": "Track.1", "name": "V", "kind": "Video", "children": list(children)}

    lowest = track(
        clip("a.mp4", 0, 30),
        clip("a.mp4", 30, 30),
        clip("b.mp4", 10, 60),
        clip("c.mp4", 0, 30, False),
        clip("c.mp4", 5, 30),
        clip("d.mp4", 0, 60),
    )
    insert = track(gap(75), clip("e.mp4", 0, 30), gap(15), clip("logo.png", 0, 90))
    grain = track(clip("grain.mov", 0, 240))
    tracks = {"OTIO_SCHEMA": "Stack.1", "name": "tracks", "children": [lowest, insert, grain]}
    path = folder / f"{name}.otio"
    path.write_bytes(json.dumps({"OTIO_SCHEMA": "Timeline.1", "name": name, "tracks": tracks}).encode())
    return path


def test_a_timeline_teaches_what_its_viewer_sees(studio: Studio, tmp_path: Path) -> None:
    learn(studio, LearnRequest(creator="mira", timeline=(layered(tmp_path),)), SILENT)
    shots = studio.store.profiles.works("mira")[0].shots
    cuts = [round(shot.start_s * 30) for shot in shots]
    assert cuts == [0, 60, 75, 105, 150, 180], "one shot of a divided clip, an insert over b, b again, c after a gap, d"
    assert round((shots[3].start_s + shots[3].duration_s) * 30) == 120, "what is switched off is a gap"


def test_one_timeline_under_two_names_counts_once() -> None:
    first = from_timeline(factories.timeline(9), kind="timeline")
    again = dataclasses.replace(first, media_id="again", name="v2")
    assert is_same_work(first, again)
    other = [dataclasses.replace(shot, used=dataclasses.replace(shot.used, media_id="x")) for shot in again.shots if shot.used]
    assert not is_same_work(first, dataclasses.replace(again, shots=tuple(other))), "one template, other clips"


def test_a_timeline_takes_over_the_beats_of_its_video() -> None:
    made = from_timeline(factories.timeline(9))
    assert made.grid is not None
    video = dataclasses.replace(made, kind="video", media_id="video", name="film.mp4")
    bare = [dataclasses.replace(shot, beats=None, offset_s=None, energy=None, strength=None) for shot in made.shots]
    clip = RawClip("m", "m.mp4", 9.0, {}, True)
    timeline = dataclasses.replace(made, kind="timeline", media_id="t", grid=None, raw=(clip,), shots=tuple(bare), notes=(NO_SONG,))
    for pair in ([video], [timeline]), ([timeline], [video]):
        (work,), again = merged(*pair)
        assert again and work.raw and work.grid == video.grid and work.shots[3].offset_s == video.shots[3].offset_s
        assert NO_SONG not in work.notes
