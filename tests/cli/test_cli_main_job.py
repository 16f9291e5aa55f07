"""The main job through the command line, as a user meets it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import footage
import numpy as np
import pytest

from engine.media.decode import FrameReader
from engine.media.probe import probe
from engine.model import documents
from engine.model.time import FrameRate
from engine.model.timeline import Timeline

OUTPUTS = (
    "timeline.json",
    "timeline.otio",
    "timeline.resolve.otio",
    "timeline.fcpxml",
    "timeline.xml",
    "timeline.edl",
    "storyboard.png",
)


def cutprint(*arguments: object, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Runs the command in a process of its own."""
    command = [sys.executable, "-m", "bridge_server", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=280, env={**os.environ, **(environment or {})}, check=False)


def refused(result: subprocess.CompletedProcess[str], status: int, code: str) -> dict[str, Any]:
    """Checks the whole manner of a refusal: exit code, one JSON document, message and hint, no traceback."""
    assert result.returncode == status, result.stderr
    error = json.loads(result.stdout)["error"]
    assert error["code"] == code
    assert error["message"] and error["message"] in result.stderr
    assert "Traceback" not in result.stderr + result.stdout
    return dict(error)


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shoot of eight clips and a song of 20 s at 120 beats a minute."""
    folder = tmp_path_factory.mktemp("job")
    footage.shoot(folder / "clips")
    footage.click_song(folder / "song.wav", 120, 20)
    return folder


def timeline_in(folder: Path) -> Timeline:
    document = documents.loads((folder / "timeline.json").read_text(encoding="utf-8"))
    documents.validate(document)
    timeline = documents.decode(document)
    assert isinstance(timeline, Timeline)
    return timeline


@pytest.mark.slow
def test_edit_and_render_are_frame_exact_and_on_the_beat(job: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    result = cutprint("edit", job / "clips", "--song", job / "song.wav", "--duration", 6, "--fps", 29.97, "-o", out, "--render", "--json")
    assert result.returncode == 0, result.stderr
    said = json.loads(result.stdout)
    timeline = timeline_in(out)
    assert timeline.rate == FrameRate(30_000, 1001)
    assert timeline.duration_frames == timeline.rate.frames(6) == said["frames"]
    assert all((out / name).stat().st_size > 0 for name in OUTPUTS)
    assert timeline.song is not None
    beat_frames = {timeline.rate.frames(beat) for beat in timeline.song.beats}
    assert timeline.cut_frames and set(timeline.cut_frames) <= beat_frames
    assert len({clip.media_id for clip in timeline.clips}) == len(timeline.clips)
    video = probe(out / "edit.mp4").video
    assert video is not None
    assert (video.duration_frames, video.rate, video.variable_rate) == (timeline.duration_frames, timeline.rate, False)
    assert (video.display_width, video.display_height) == (1080, 1920)
    assert cuts_in_picture(out / "edit.mp4", len(timeline.cut_frames)) == pytest.approx(timeline.cut_frames, abs=1)


def cuts_in_picture(path: Path, count: int) -> list[int]:
    """The `count` frames at which the rendered picture changes most."""
    frames = [frame.picture.astype(np.int16) for frame in FrameReader(probe(path), max_side_px=160, pixel="rgb")]
    changes = [float(np.abs(b - a).mean()) for a, b in zip(frames, frames[1:])]
    return sorted(int(index) + 1 for index in np.argsort(changes)[-count:])


@pytest.mark.slow
def test_second_edit_comes_from_the_cache_and_is_a_new_revision(job: Path, tmp_path: Path) -> None:
    arguments = ("edit", job / "clips", "--song", job / "song.wav", "--duration", 4, "-o", tmp_path / "out", "--json")
    first = json.loads(cutprint(*arguments).stdout)
    again = json.loads(cutprint(*arguments).stdout)
    assert first["clips"]["measured"] == 8
    assert again["clips"]["measured"] == 0
    assert (first["revision"], again["revision"]) == (1, 2)
    assert again["project_id"] == first["project_id"]
    timeline = timeline_in(tmp_path / "out")
    assert (timeline.revision, timeline.parent) == (2, 1)
    kept = sorted(path.name for path in (tmp_path / "out" / "revisions").iterdir())
    assert "timeline.r0001.json" in kept
    assert "timeline.r0001.edl" in kept


@pytest.mark.slow
def test_same_seed_same_edit(job: Path, tmp_path: Path) -> None:
    cuts = []
    for name in ("a", "b"):
        result = cutprint("edit", job / "clips", "--song", job / "song.wav", "--duration", 5, "--seed", 3, "-o", tmp_path / name)
        assert result.returncode == 0, result.stderr
        cuts.append([(clip.media_id, clip.span, clip.source_start_frame) for clip in timeline_in(tmp_path / name).clips])
    assert cuts[0] == cuts[1]


@pytest.mark.slow
def test_awkward_names(job: Path, tmp_path: Path) -> None:
    folder = tmp_path / "Съёмка #1 100% 🎬 & 'raw'"
    footage.shoot(folder, 5)
    song = folder / "música % #2.wav"
    footage.click_song(song, 128, 12)
    out = folder / "out put"
    result = cutprint("edit", folder, "--song", song, "--duration", 4, "-o", out, "--render")
    assert result.returncode == 0, result.stderr
    video = probe(out / "edit.mp4").video
    assert video is not None and video.duration_frames == 120
    assert cutprint("show", out, "--unused").returncode == 0


@pytest.mark.slow
def test_bad_files_are_named_and_do_not_stop_the_edit(job: Path, tmp_path: Path) -> None:
    folder = footage.shoot(tmp_path / "clips", 5)
    (folder / "notes.mp4").write_text("this is no video")
    (folder / "empty.mov").touch()
    whole = (folder / "front_cam_001.mp4").read_bytes()
    (folder / "cut_off.mp4").write_bytes(whole[: len(whole) // 3])
    (folder / "copy.mp4").write_bytes(whole)
    if os.name == "posix":
        Path(os.fsdecode(os.fsencode(folder) + b"/broken \xff\xfe name.mp4")).write_bytes(whole)
    result = cutprint("edit", folder, "--song", job / "song.wav", "--duration", 4, "-o", tmp_path / "out", "--json")
    assert result.returncode == 0, result.stderr
    outcomes = {outcome.file: outcome.status for outcome in timeline_in(tmp_path / "out").outcomes}
    assert {outcomes[name] for name in ("notes.mp4", "empty.mov", "cut_off.mp4")} == {"unreadable"}
    assert sorted(status for name, status in outcomes.items() if name in ("copy.mp4", "front_cam_001.mp4"))[0] == "near_duplicate"
    assert {"notes.mp4", "empty.mov"} <= set(json.loads(result.stdout)["clips"]["reasons"]["cannot be read as video"])
    assert timeline_in(tmp_path / "out").final_status.time_ai_edit
    assert json.loads(result.stdout)["clips"]["rejected"] == (4 if os.name == "posix" else 3)
    assert cutprint("analyze", folder).returncode == 0


HARD = {
    "hlg.mp4": "-colorspace bt2020nc -color_primaries bt2020 -color_trc arib-std-b67 -pix_fmt yuv420p10le -c:v libx264 -preset ultrafast",
    "pq.mp4": "-colorspace bt2020nc -color_primaries bt2020 -color_trc smpte2084 -pix_fmt yuv420p10le -c:v libx264 -preset ultrafast",
    "woven.mp4": "-vf tinterlace=interleave_top,fieldorder=tff -flags +ildct+ilme -c:v libx264 -preset ultrafast",
    "odd.mp4": "-vf scale=321:181,format=yuv444p -c:v libx264 -preset ultrafast",
    "keyed.mov": "-vf format=rgba,colorkey=0xdc463c:0.2 -c:v qtrle",
    "slow.mp4": "-vf fps=12 -c:v libx264 -preset ultrafast",
    "quick.mp4": "-vf fps=240 -c:v libx264 -preset ultrafast",
    "gappy.mp4": "-vf select='not(mod(n,7)*mod(n,3))' -fps_mode vfr -c:v libx264 -preset ultrafast",
    "tail.mkv": "-c copy",
    "one.mp4": "-frames:v 1 -c:v libx264",
    "still.png": "-frames:v 1",
    "spoken.mp4": "-f lavfi -i sine=440 -t 1 -map 1:a -c:a aac",
}


def hard_folder(folder: Path) -> Path:
    """A clip of each kind that is no ordinary picture, each of another scene, and files that are none."""
    from engine.media import ffmpeg

    folder.mkdir()
    for number, (name, options) in enumerate(HARD.items()):
        source = footage.lively_video(folder.parent / f"source{number}.mp4", 20 + number, 1.2)
        ffmpeg.run(["-i", f"file:{source}", *options.split(), f"file:{folder / name}"])
    whole = (folder / "tail.mkv").read_bytes()
    (folder / "tail.mkv").write_bytes(whole[: len(whole) * 7 // 10])
    footage.rotated(footage.lively_video(folder / "plain.mp4", 50, 1.2), 90)
    (folder / "log.mp4").write_bytes(footage.lively_video(folder.parent / "log.mp4", 51, 1.2).read_bytes())
    (folder / "logM01.XML").write_text('<Item name="CaptureGammaEquation" value="s-log3-cine"/>')
    (folder / "text.mp4").write_text("this is no film\n")
    return folder


@pytest.mark.slow
def test_every_hard_input_at_once_makes_an_edit(job: Path, tmp_path: Path) -> None:
    clips, space = hard_folder(tmp_path / "hard"), ("--workspace", tmp_path / "ws")
    told = json.loads(cutprint("analyze", clips, "--plot", tmp_path / "sheets", "--json", *space).stdout)
    verdicts = {Path(row["path"]).name: (row["verdict"], " ".join([row["why"], *row["warnings"]])) for row in told["clips"]}
    refusals = {name: why for name, (verdict, why) in verdicts.items() if verdict == "unusable"}
    assert set(refusals) == {"one.mp4", "text.mp4", "spoken.mp4"} and all(refusals.values())
    warned = {name for name, (verdict, _) in verdicts.items() if verdict == "usable with warnings"}
    assert warned == {"hlg.mp4", "pq.mp4", "gappy.mp4", "tail.mkv", "log.mp4"}
    assert "its end is missing" in verdicts["tail.mkv"][1]
    assert len(told["plots"]) == len(verdicts) - 2
    made = cutprint(
        "edit", clips, "--song", job / "song.wav", "-o", tmp_path / "out", "--duration", 4, "--aspect", "1:1", "--render", *space
    )
    assert made.returncode == 0, made.stderr
    timeline = timeline_in(tmp_path / "out")
    used = {Path(row.path).name for row in timeline.media if row.media_id in {clip.media_id for clip in timeline.clips}}
    assert len(used) >= 3 and not used & set(refusals)
    assert sum(1 for _ in FrameReader(probe(tmp_path / "out" / "edit.mp4"))) == timeline.duration_frames


@pytest.mark.slow
def test_one_usable_clip_fills_what_it_can(job: Path, tmp_path: Path) -> None:
    folder = tmp_path / "one"
    folder.mkdir()
    footage.lively_video(folder / "only.mp4", 1, 12.0)
    good = cutprint("edit", folder, "--song", job / "song.wav", "--duration", 9, "-o", tmp_path / "out", "--json")
    assert good.returncode == 0, good.stderr
    assert json.loads(good.stdout)["relaxed"]
    spans = sorted((clip.source_start_s, clip.source_end_s(FrameRate(30))) for clip in timeline_in(tmp_path / "out").clips)
    assert all(a[1] < b[0] for a, b in zip(spans, spans[1:]))
    error = refused(
        cutprint("edit", folder, "--song", job / "song.wav", "--duration", 19, "-o", tmp_path / "long", "--json"), 3, "footage_too_short"
    )
    assert 0 < error["details"]["fillable_s"] < 19
    assert not (tmp_path / "long" / "timeline.json").exists()


def test_no_usable_clip(job: Path, tmp_path: Path) -> None:
    from engine.media.encode import write_video

    folder = tmp_path / "dark"
    folder.mkdir()
    write_video(folder / "black.mp4", [np.zeros((180, 320, 3), np.uint8)] * 60, FrameRate(30), (320, 180))
    arguments = ("edit", folder, "--song", job / "song.wav", "--duration", 4, "-o", tmp_path / "out", "--json")
    error = refused(cutprint(*arguments), 3, "no_usable_clips")
    assert "black" in error["message"]


def test_short_and_silent_songs(job: Path, tmp_path: Path) -> None:
    short = tmp_path / "short.wav"
    footage.click_song(short, 120, 2)
    error = refused(cutprint("edit", job / "clips", "--song", short, "--duration", 8, "-o", tmp_path / "a", "--json"), 3, "song_too_short")
    assert error["details"]["longest_s"] == pytest.approx(2.0, abs=0.11)
    assert not (tmp_path / "a").exists(), "a refused job leaves no folder behind"
    silent = footage.silent_song(tmp_path / "silent.wav", 10)
    result = cutprint("edit", job / "clips", "--song", silent, "--duration", 4, "-o", tmp_path / "b", "--json")
    assert result.returncode == 0, result.stderr
    said = json.loads(result.stdout)
    assert said["song"]["confidence"] == 0
    assert any("even grid" in note for note in said["song"]["notes"])


def test_no_clips_and_wrong_usage(job: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    refused(cutprint("edit", tmp_path / "empty", "--song", job / "song.wav", "-o", tmp_path / "o", "--json"), 3, "no_clips")
    refused(cutprint("edit", tmp_path / "gone", "--song", job / "song.wav", "-o", tmp_path / "o", "--json"), 3, "media_missing")
    refused(cutprint("edit", job / "clips", "--song", tmp_path / "gone.mp3", "-o", tmp_path / "o", "--json"), 3, "song_missing")
    refused(cutprint("edit", job / "clips", "--json"), 2, "usage")
    early = cutprint("--workspace", tmp_path / "ws", "analyze", job / "clips")
    assert early.returncode == 2 and "after the command's name" in early.stderr
    bad = ("edit", job / "clips", "--song", job / "song.wav", "-o", tmp_path / "o", "--json")
    refused(cutprint(*bad, "--duration", 0), 2, "bad_duration")
    refused(cutprint(*bad, "--fps", "fast"), 2, "bad_rate")
    refused(cutprint(*bad, "--creator", "nobody"), 3, "creator_unknown")
    assert cutprint("edit", "--help").returncode == 0


def test_missing_ffmpeg(job: Path, tmp_path: Path) -> None:
    wrong = {"CUTPRINT_FFMPEG": str(tmp_path / "no-ffmpeg")}
    arguments = ("edit", job / "clips", "--song", job / "song.wav", "--duration", 4, "-o", tmp_path / "out", "--render", "--json")
    for words in (arguments, (*arguments[:-2], "--json")):
        refused(cutprint(*words, environment=wrong), 4, "ffmpeg_not_found")
        assert not (tmp_path / "out").exists(), "said before any work"
    doctor = cutprint("doctor", "--json", environment=wrong)
    assert doctor.returncode == 4
    rows = {row["name"]: row for row in json.loads(doctor.stdout)["checks"]}
    assert rows["ffmpeg"]["status"] == "problem" and rows["ffmpeg"]["fix"]


@pytest.mark.slow
def test_nothing_of_the_user_is_overwritten(job: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "timeline.xml").write_text("mine")
    arguments = ("edit", job / "clips", "--song", job / "song.wav", "--duration", 4, "-o", out, "--json")
    refused(cutprint(*arguments), 5, "output_not_ours")
    assert (out / "timeline.xml").read_text() == "mine"
    (out / "timeline.xml").unlink()
    assert cutprint(*arguments).returncode == 0
    (out / "timeline.edl").write_text("I changed this")
    refused(cutprint(*arguments), 5, "output_not_ours")
    assert (out / "timeline.edl").read_text() == "I changed this"
    (tmp_path / "mine.edl").write_text("mine")
    refused(cutprint("export", out, "--to", "edl", "-o", tmp_path / "mine.edl", "--json"), 5, "output_not_ours")
    assert cutprint("export", out, "--to", "edl", "-o", tmp_path / "new.edl").returncode == 0
    assert cutprint("export", out, "--to", "edl", "-o", tmp_path / "new.edl").returncode == 0


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="signals are POSIX")
def test_interrupted_work_leaves_nothing_half_written(job: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    command = [sys.executable, "-m", "bridge_server", "edit", str(job / "clips"), "--song", str(job / "song.wav")]
    child = subprocess.Popen([*command, "--duration", "6", "-o", str(out), "--render"], stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 120
    assert child.stderr is not None
    while time.monotonic() < deadline and "Rendering" not in child.stderr.readline():
        pass
    child.send_signal(signal.SIGINT)
    _, rest = child.communicate(timeout=60)
    assert child.returncode == 130, rest
    assert "Traceback" not in rest
    assert not (out / "edit.mp4").exists()
    assert not [path for path in out.rglob("*") if ".part" in path.name or path.name.startswith(".cutprint-")]
    timeline_in(out)
    again = subprocess.run(
        [*command, "--duration", "6", "-o", str(out), "--render"], capture_output=True, text=True, check=False, timeout=200
    )
    assert again.returncode == 0, again.stderr
    assert probe(out / "edit.mp4").video is not None


@pytest.mark.slow
def test_two_at_once(job: Path, tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "bridge_server",
        "edit",
        str(job / "clips"),
        "--song",
        str(job / "song.wav"),
        "--duration",
        "4",
        "--json",
    ]
    elsewhere = [subprocess.Popen([*command, "-o", str(tmp_path / name)], stdout=subprocess.PIPE, stderr=subprocess.PIPE) for name in "ab"]
    assert [child.wait(timeout=200) for child in elsewhere] == [0, 0]
    same = [subprocess.Popen([*command, "-o", str(tmp_path / "c")], stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in "ab"]
    outputs = [child.communicate(timeout=200)[0] for child in same]
    codes = [child.returncode for child in same]
    assert set(codes) <= {0, 5} and 0 in codes
    for code, output in zip(codes, outputs):
        if code == 5:
            assert json.loads(output)["error"]["code"] == "output_busy"
    timeline_in(tmp_path / "c")
    for child in [*elsewhere, *same]:
        for pipe in (child.stdout, child.stderr):
            assert pipe is not None
            pipe.close()


@pytest.mark.skipif(os.name == "nt" or os.geteuid() != 0, reason="gives up root's rights")
@pytest.mark.needs_tool("setpriv")
def test_read_only_output_folder(job: Path, tmp_path: Path) -> None:
    locked = tmp_path / "locked"
    locked.mkdir()
    locked.chmod(0o555)
    rights = "-dac_override,-dac_read_search"
    command = ["setpriv", f"--bounding-set={rights}", f"--inh-caps={rights}", sys.executable, "-m", "bridge_server"]
    job_words = ["edit", str(job / "clips"), "--song", str(job / "song.wav"), "-o", str(locked / "out"), "--json"]
    result = subprocess.run([*command, *job_words], capture_output=True, text=True, check=False, timeout=60)
    refused(result, 3, "output_read_only")
    assert not list(locked.iterdir())


@pytest.mark.skipif(os.name == "nt" or os.geteuid() != 0, reason="mounts a small disk")
@pytest.mark.needs_tool("mount")
@pytest.mark.slow
def test_full_disk(job: Path, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=900k", "tmpfs", str(disk)], check=False, capture_output=True).returncode:
        pytest.skip("this system lets nobody mount")
    try:
        command = ("edit", job / "clips", "--song", job / "song.wav", "--duration", 6, "-o", disk / "out", "--render", "--json")
        refused(cutprint(*command), 3, "disk_full")
        assert not (disk / "out" / "edit.mp4").exists()
        assert not [path for path in disk.rglob("*") if ".part" in path.name]
    finally:
        subprocess.run(["umount", str(disk)], check=True)
