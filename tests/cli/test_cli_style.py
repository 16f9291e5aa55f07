"""A creator's style from finished films to edits, through the command line: taught, looked at, cut in, steered, mixed, moved, unlearned."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import cv2
import factories
import footage
import pytest
from click.testing import CliRunner
from reels import Cut, write_reel

from bridge_server.cli import cli
from engine.media import ffmpeg
from engine.media.probe import probe
from engine.model.timeline import Timeline, Transition
from engine.store.projects import load_timeline
from otio_adapters.writers import WRITERS

pytestmark = pytest.mark.timeout(900)

BEAT_S = 0.5
SIZE = (144, 256)


class Home:
    """A workspace of its own with two creators' films and a shoot."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.workspace = folder, folder / "workspace"
        (folder / "takes").mkdir()
        footage.click_song(folder / "song.wav", 120, 16)
        footage.shoot(folder / "clips", 12, 2.0)
        self.takes = [probe(footage.lit_video(folder / "takes" / f"{k}.mp4", k, 2.5)) for k in range(5)]
        self.quick = self._film("quick", [1] * 14)
        self.slow = self._film("slow", [4, 4, 4, 2])
        self.soft = [self._timeline(folder / f"soft {k}.otio", 12 + k) for k in range(2)]

    def run(self, *arguments: object, text: bool = False, status: int = 0) -> Any:
        words = [*map(str, arguments), "--workspace", str(self.workspace), *([] if text else ["--json"])]
        result = CliRunner().invoke(cli, words)
        assert result.exit_code == status, result.output
        return result.stdout if text else json.loads(result.stdout)

    def _film(self, name: str, beats: list[int]) -> Path:
        """Takes cut on the beats of the song."""
        path = self.folder / f"{name}.mp4"
        takes = [self.takes[3 * k % len(self.takes)] for k in range(len(beats))]
        rows = [
            Cut(take, 5 + k % 3, round(length * BEAT_S * 30), left=0.2 + 0.1 * (k % 5))
            for k, (take, length) in enumerate(zip(takes, beats))
        ]
        write_reel(path, rows, size=SIZE, audio=self.folder / "song.wav")
        return path

    @staticmethod
    def _timeline(path: Path, clips: int) -> Path:
        """A finished timeline that dissolves at every cut."""
        made = factories.timeline(clips)
        made = made.replace(clips=tuple(dataclasses.replace(one, source_start_frame=20) for one in made.clips))  # pictures to dissolve with
        pairs = zip(made.clips, made.clips[1:])
        soft = tuple(Transition(a.id, b.id, "quick_dissolve", False, None, 8) for a, b in pairs)
        path.write_bytes(WRITERS["otio"].write(made.replace(transitions=soft)).content)
        return path


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    made = Home(tmp_path_factory.mktemp("home"))
    said = made.run("learn", "--creator", "quick", made.quick)
    assert said["works"] == 1 and not said["enough"] and said["still_from_population"]
    timelines = [word for path in made.soft for word in ("--timeline", path)]
    assert made.run("learn", "--creator", "slow", made.slow, *timelines)["works"] == 3
    return made


@pytest.fixture(scope="module")
def edits(home: Home) -> dict[str, Path]:
    """The same clips and song in both styles."""
    for name in ("quick", "slow"):
        words = ("--song", home.folder / "song.wav", "--duration", 6, "--creator", name)
        said = home.run("edit", home.folder / "clips", *words, "-o", home.folder / f"edit {name}")
        assert name in json.dumps(said), "it says whose style it used"
    return {name: home.folder / f"edit {name}" for name in ("quick", "slow")}


def head(folder: Path) -> Timeline:
    return load_timeline(folder)[0]


def mean_shot_s(timeline: Timeline) -> float:
    return float(timeline.duration_s) / len(timeline.clips)


def test_an_edit_shows_its_creators_habits(home: Home, edits: dict[str, Path]) -> None:
    quick, slow = head(edits["quick"]), head(edits["slow"])
    assert mean_shot_s(slow) > 1.4 * mean_shot_s(quick)
    assert not [one for one in quick.transitions if one.type != "hard_cut"]
    assert any(one.type == "quick_dissolve" for one in slow.transitions)
    for name, timeline in (("quick", quick), ("slow", slow)):
        said = timeline.ai_reasoning
        assert timeline.creator_id == name and said.style_match_score is not None
        rows = {row.dimension: row for row in said.style_match}
        assert {"shot_length_s", "cuts_per_beat"} <= set(rows)
        assert all(row.inside == (row.low <= row.value <= row.high) for row in rows.values())


def test_revising_stays_in_the_style(home: Home, edits: dict[str, Path]) -> None:
    before = head(edits["slow"])
    home.run("change", edits["slow"], "lock", before.clips[0].id)
    home.run("revise", edits["slow"], "--instruction", "tighter")
    after = head(edits["slow"])
    assert after.creator_id == "slow" and after.ai_reasoning.style_match_score is not None
    assert mean_shot_s(after) < mean_shot_s(before), "tighter than before"
    assert mean_shot_s(after) > mean_shot_s(head(edits["quick"])), "and still this creator's"
    kept = after.clips[0]
    assert (kept.media_id, kept.duration_frames) == (before.clips[0].media_id, before.clips[0].duration_frames)
    length = {row.dimension: row.value for row in after.ai_reasoning.style_match}["shot_length_s"]
    assert length < {row.dimension: row.value for row in before.ai_reasoning.style_match}["shot_length_s"], "the match is of this revision"


def test_a_style_is_shown_in_words_figures_and_a_picture(home: Home) -> None:
    plot = home.folder / "slow.png"
    said = home.run("style", "show", "slow", "--plot", plot, text=True)
    assert "learned from 3 works" in said and "Cuts every" in said and "dissolves" in said and "3 of 10 works" in said
    picture = cv2.imread(str(plot))
    assert picture is not None and picture.shape[1] >= 800 and picture.std() > 10
    profile = home.run("style", "show", "slow")["profile"]
    for name, row in profile["figures"].items():
        assert row["n"] >= 0 and row["source"] in ("prior", "mostly_prior", "blend", "creator"), name
    assert profile["pacing_patterns"]["cuts_per_beat"] < home.run("style", "show", "quick")["profile"]["pacing_patterns"]["cuts_per_beat"]


def test_what_a_strangers_file_says_cannot_move_the_cursor(home: Home, tmp_path: Path) -> None:
    file = tmp_path / "style.json"
    home.run("style", "export", "quick", "-o", file)
    package = json.loads(file.read_text(encoding="utf-8"))
    package["profile"]["notes"] = ["Fine.\x1b[2J\x1b]0;owned\x07 Caf\u00e9\u00a0noir \u202egnp"]
    file.write_text(json.dumps(package), encoding="utf-8")
    home.run("style", "import", file, "--as", "stranger")
    said = home.run("style", "show", "stranger", text=True)
    assert "Fine." in said and "Caf\u00e9\u00a0noir" in said
    assert not {"\x1b", "\x07", "\u202e"} & set(said)
    home.run("style", "remove", "--creator", "stranger", "--everything")


def test_blends_take_the_blocks_they_are_told(home: Home) -> None:
    mine, theirs = (home.run("style", "show", name)["profile"] for name in ("slow", "quick"))
    home.run("style", "blend", "slow", "quick", "--as", "mixed", "--share", 0.3, "--block", "pace")
    mixed = home.run("style", "show", "mixed")["profile"]
    rate = [one["pacing_patterns"]["cuts_per_beat"] for one in (mine, mixed, theirs)]
    assert rate[0] < rate[1] < rate[2] and rate[1] - rate[0] < rate[2] - rate[1], "30 %, not half"
    assert mixed["transition_preferences"] == mine["transition_preferences"], "only pace was asked for"
    home.run("style", "blend", "slow", "quick", "--as", "mixed", "--share", 0.3, "--block", "transitions")
    mixed = home.run("style", "show", "mixed")["profile"]
    assert mixed["pacing_patterns"]["cuts_per_beat"] == rate[0]
    assert mixed["transition_preferences"]["quick_dissolve"] < mine["transition_preferences"]["quick_dissolve"] - 0.1
    assert home.run("learn", "--creator", "mixed", home.quick, status=2)["error"]["code"] == "is_a_blend"
    assert home.run("style", "blend", "slow", "quick", "--as", "quick", status=5)["error"]["code"] == "creator_exists"


def test_a_slider_moves_the_next_edit_and_goes_back(home: Home, edits: dict[str, Path]) -> None:
    home.run("style", "set", "quick", "--pace", -1)
    words = ("--song", home.folder / "song.wav", "--duration", 6, "--creator", "quick")
    home.run("edit", home.folder / "clips", *words, "-o", home.folder / "slower")
    assert mean_shot_s(head(home.folder / "slower")) > 1.15 * mean_shot_s(head(edits["quick"]))
    assert "pace -1.00" in home.run("style", "show", "quick", text=True)
    home.run("style", "set", "quick", "--pace", 0)
    assert "Sliders" not in home.run("style", "show", "quick", text=True)


def test_styles_are_moved_works_unlearned_and_the_same_work_counts_once(home: Home, tmp_path: Path) -> None:
    file = tmp_path / "slow style.json"
    home.run("style", "export", "slow", "-o", file)
    home.run("style", "import", file, "--as", "copy")
    shown = [home.run("style", "show", name)["profile"] for name in ("slow", "copy")]
    assert shown[0]["pacing_patterns"] == shown[1]["pacing_patterns"] and shown[0]["figures"] == shown[1]["figures"]
    again = tmp_path / "smaller.mp4"
    ffmpeg.run(["-i", f"file:{home.slow}", "-vf", "scale=108:192", "-crf", "30", f"file:{again}"])
    said = home.run("learn", "--creator", "copy", again)
    assert said["works"] == 3 and said["learned"][0]["counted_as"] == "slow.mp4"
    wrong = home.run("style", "remove", "soft 0.otio", "soft 7", "--creator", "copy", status=3)["error"]
    assert wrong["code"] == "work_unknown" and "soft 7" in wrong["message"] and "soft 0" not in wrong["message"]
    assert len(home.run("style", "show", "copy")["works"]) == 3, "one wrong name and nothing is unlearned"
    home.run("style", "remove", "soft 0.otio", "soft 1", "--creator", "copy")
    assert [row["name"] for row in home.run("style", "show", "copy")["works"]] == ["smaller.mp4"]
    assert home.run("style", "remove", "smaller.mp4", "--creator", "copy", status=5)["error"]["code"] == "last_work"
    home.run("style", "remove", "--creator", "copy", "--everything")
    assert {row["creator"] for row in home.run("style", "list")["creators"]} >= {"quick", "slow"}


def test_works_that_do_not_fit_are_named_and_can_be_left_out(home: Home) -> None:
    said = home.run("learn", "--creator", "both", home.quick, home.folder / "clips" / "front_cam_001.mp4", "--leave-out-misfits")
    assert said["left_out"] == ["front_cam_001.mp4"] and said["works"] == 1
    assert any("hardly cut" in reason for row in said["misfits"] for reason in row["reasons"])


@pytest.mark.parametrize("words", [("show", "nobody"), ("evaluate", "nobody"), ("remove", "--creator", "nobody", "slow.mp4")])
def test_a_creator_nobody_knows_is_said_to_be_unknown(home: Home, words: tuple[str, ...]) -> None:
    assert home.run("style", *words, status=3)["error"]["code"] == "creator_unknown"


def test_works_that_cannot_be_learned_from_say_why_and_what_to_do(home: Home, tmp_path: Path) -> None:
    (tmp_path / "words.otio").write_text("no timeline")
    (tmp_path / "words.mp4").write_text("no film")
    alone = home.run("learn", "--creator", "new", "--timeline", tmp_path / "words.otio", status=3)["error"]
    assert alone["code"] == "nothing_learned" and alone["message"].count("words.otio") == 1 and ".fcpxml" in alone["hint"]
    both = home.run("learn", "--creator", "new", tmp_path / "words.mp4", "--timeline", tmp_path / "words.otio", status=3)["error"]
    assert "words.mp4" in both["message"] and "words.otio" in both["message"]
    assert "new" not in {row["creator"] for row in home.run("style", "list")["creators"]}
