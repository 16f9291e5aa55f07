"""Finished videos as people have them: letterboxed, with a watermark, with cards, at 60 frames, silent, wide, cut off, or no video.

One batch goes through `learn` as it is: each file is handled or reported, and none stops the others.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import footage
import numpy as np
import pytest
from numpy.typing import NDArray
from reels import Cut, pictures

from bridge_server.bootstrap import open_studio
from engine.analysis.bars import active_picture, may_have_bars
from engine.analysis.clip import AnalysisOptions, analyse_clip
from engine.errors import CutprintError
from engine.media.encode import write_video
from engine.media.probe import probe
from engine.model.time import FrameRate
from engine.model.works import FinishedWork
from engine.progress import SILENT
from engine.studio.context import Studio
from engine.studio.learning import learn
from engine.studio.requests import LearnRequest

Picture = NDArray[np.uint8]
SIZE = (180, 320)
LENGTHS = (0.8, 1.0, 0.7, 0.9)


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("raw")
    for seed in range(4):
        footage.lit_video(folder / f"take_{seed}.mp4", seed)
    footage.click_song(folder / "song.wav", 120, 6)
    return folder


def reel(
    raw: Path,
    path: Path,
    rate: str = "30",
    size: tuple[int, int] = SIZE,
    treat: Callable[[Picture], Picture] = lambda picture: picture,
    head: list[Picture] | None = None,
    tail: list[Picture] | None = None,
    sound: bool = True,
) -> Path:
    """Four takes one after the other, each frame treated; cards before and after."""
    fps = FrameRate.parse(rate)
    cuts = [Cut(probe(raw / f"take_{seed}.mp4"), 9 + 4 * seed, round(LENGTHS[seed] * fps.fps)) for seed in range(4)]
    shown = [treat(picture) for cut in cuts for picture in pictures(cut, fps, size)]
    every = [*(head or []), *shown, *(tail or [])]
    write_video(path, every, fps, (every[0].shape[1], every[0].shape[0]), audio=raw / "song.wav" if sound else None)
    return path


def boxed(picture: Picture) -> Picture:
    """Inside a white upright frame, a caption on the lower strip and a mark in the corner of the picture."""
    whole = np.full((320, 180, 3), 250, np.uint8)
    whole[110:212] = picture
    cv2.putText(whole, "weekend", (30, 270), cv2.FONT_HERSHEY_SIMPLEX, 0.7, (20, 20, 20), 2)
    cv2.putText(whole, "@mira", (125, 130), cv2.FONT_HERSHEY_SIMPLEX, 0.4, (255, 255, 255), 1)
    return whole


def marked(picture: Picture) -> Picture:
    marked = picture.copy()
    cv2.putText(marked, "@mira", (90, 30), cv2.FONT_HERSHEY_SIMPLEX, 0.7, (255, 255, 255), 2)
    return marked


def card(text: str, seconds: float) -> list[Picture]:
    plain = np.full((320, 180, 3), (30, 60, 120), np.uint8)
    cv2.putText(plain, text, (20, 160), cv2.FONT_HERSHEY_SIMPLEX, 0.9, (255, 255, 255), 2)
    return [plain] * round(seconds * 30)


@pytest.fixture
def studio(workspace: Path) -> Iterator[Studio]:
    with open_studio({"workspace": workspace}) as opened:
        yield dataclasses.replace(opened, make_executor=lambda _count: ThreadPoolExecutor(1))


def lengths(work: FinishedWork) -> list[float]:
    return [shot.duration_s for shot in work.shots]


def test_a_batch_of_odd_files_is_learned_from_or_reported_file_by_file(studio: Studio, raw: Path, tmp_path: Path) -> None:
    batch = tmp_path / "finished works é"
    batch.mkdir()
    plain = reel(raw, batch / "plain.mp4")
    reel(raw, batch / "sixty.mp4", rate="60")
    reel(raw, batch / "marked.mp4", treat=marked)
    reel(raw, batch / "cards.mp4", head=card("SUMMER", 1.2), tail=card("follow", 1.0))
    reel(raw, batch / "silent.mp4", sound=False)
    reel(raw, batch / "wide.mp4", size=(320, 180))
    whole = plain.read_bytes()
    (batch / "cut off.mp4").write_bytes(whole[: len(whole) // 3])
    (batch / "words.mp4").write_text("this is no film")
    write_video(batch / "one frame.mp4", [card("x", 0.1)[0]], FrameRate.parse("30"), SIZE)
    missing = tmp_path / "nowhere.mp4"
    said = learn(studio, LearnRequest(creator="mira", videos=(batch, missing)), SILENT)
    rows = {row["name"]: row for row in said["learned"]}
    problems = {row["name"]: row["message"] for row in said["problems"]}
    assert {"plain.mp4", "sixty.mp4", "marked.mp4", "cards.mp4", "silent.mp4", "wide.mp4"} <= set(rows)
    assert {"words.mp4", "cut off.mp4", "nowhere.mp4"} <= set(problems) and all(problems.values())
    assert any("No sound" in note for note in rows["silent.mp4"]["notes"])
    assert "hardly cut" in rows["one frame.mp4"]["misfit"][0]
    assert any("aspect" in reason for reason in rows["wide.mp4"]["misfit"])
    notes = " ".join(rows["cards.mp4"]["notes"])
    assert "intro card of 1.2 s" in notes and "end card of 1.0 s" in notes
    for name in ("sixty.mp4", "marked.mp4", "cards.mp4", "silent.mp4", "wide.mp4"):
        assert rows[name]["shots"] == 4, f"{name}: what lies around or over the pictures is no shot"
    same = [name for name in ("plain.mp4", "sixty.mp4", "marked.mp4", "silent.mp4") if not rows[name]["counted_as"]]
    assert len(same) <= 1, "the same work in four exports counts once"
    assert any(work.grid is not None and len(work.shots) == 4 for work in studio.store.profiles.works("mira")), "and not as the silent one"


def test_sixty_frames_and_cards_do_not_count_as_style(studio: Studio, raw: Path, tmp_path: Path) -> None:
    known = {}
    for path in (reel(raw, tmp_path / "plain.mp4"), reel(raw, tmp_path / "odd.mp4", rate="60", treat=marked, head=card("SUMMER", 1.0))):
        learn(studio, LearnRequest(creator=path.stem, videos=(path,)), SILENT)
        (known[path.stem],) = studio.store.profiles.works(path.stem)
    plain, odd = known["plain"], known["odd"]
    assert odd.fps == 60 and lengths(odd) == pytest.approx(lengths(plain), abs=0.04)
    assert [shot.begins_with for shot in odd.shots] == [shot.begins_with for shot in plain.shots]
    for mine, theirs in zip(odd.shots, plain.shots):
        assert mine.features["motion_intensity"] == pytest.approx(theirs.features["motion_intensity"], abs=0.06)
        assert max(mine.shot_type, key=mine.shot_type.__getitem__) == max(theirs.shot_type, key=theirs.shot_type.__getitem__)


def test_a_letterboxed_work_is_measured_and_found_by_its_picture_alone(studio: Studio, raw: Path, tmp_path: Path) -> None:
    path = reel(raw, tmp_path / "boxed.mp4", size=(180, 102), treat=boxed)
    said = learn(studio, LearnRequest(creator="mira", videos=(path,), raw=raw), SILENT)
    (row,) = said["learned"]
    assert any("Bars around the picture" in note for note in row["notes"])
    assert row["shots"] == 4 and row["found_in_raw"] == 4
    (work,) = studio.store.profiles.works("mira")
    names = {clip.media_id: clip.file for clip in work.raw}
    for seed, shot in enumerate(work.shots):
        assert shot.used is not None and names[shot.used.media_id] == f"take_{seed}.mp4"
        assert shot.used.start_s * 30 == pytest.approx(9 + 4 * seed, abs=2.01)
        bare = analyse_clip(probe(raw / f"take_{seed}.mp4"), AnalysisOptions(faces=False))
        assert shot.features["exposure"] == pytest.approx(bare.exposure, abs=0.05), "white strips are no light"


def test_strips_are_told_from_pictures(raw: Path, tmp_path: Path) -> None:
    found = {}
    for name, treat, size in (("boxed", boxed, (180, 102)), ("bare", lambda picture: picture, SIZE)):
        media = probe(reel(raw, tmp_path / f"{name}.mp4", size=size, treat=treat))
        prints = analyse_clip(media, AnalysisOptions(faces=False)).prints
        found[name] = may_have_bars(prints), active_picture(media, prints)
    assert found["bare"] == (False, None)
    part = found["boxed"][1]
    assert part is not None and part == pytest.approx((0, 110 / 320, 1, 102 / 320), abs=0.012)
    dark = footage.coded_video(tmp_path / "dark.mp4", frames=30)
    assert active_picture(probe(dark), analyse_clip(probe(dark), AnalysisOptions(faces=False)).prints) is None


def test_nothing_usable_at_all_is_one_clear_error(studio: Studio, tmp_path: Path) -> None:
    (tmp_path / "words.mp4").write_text("no film")
    with pytest.raises(CutprintError) as caught:
        learn(studio, LearnRequest(creator="mira", videos=(tmp_path / "words.mp4", tmp_path / "nowhere.mp4")), SILENT)
    assert caught.value.code == "nothing_learned" and caught.value.exit_code == 3 and "words.mp4" in caught.value.message
    assert studio.store.profiles.names() == []
