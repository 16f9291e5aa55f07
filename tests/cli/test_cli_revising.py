"""An edit worked on through the command line: changes, undo and its branches, sections, variants, wishes beside the clips, refusals."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import footage
import pytest
from click.testing import CliRunner

from bridge_server.cli import cli
from engine.model.timeline import Placement, Timeline
from engine.store.projects import load_timeline


def run(*arguments: object) -> dict[str, Any]:
    """A command that must succeed, and its answer."""
    result = CliRunner().invoke(cli, [*map(str, arguments), "--json"])
    assert result.exit_code == 0, result.output
    return dict(json.loads(result.stdout))


def refused(code: str, status: int, *arguments: object) -> dict[str, Any]:
    result = CliRunner().invoke(cli, [*map(str, arguments), "--json"])
    assert result.exit_code == status, result.output
    error = json.loads(result.stdout)["error"]
    assert error["code"] == code and error["message"] and "Traceback" not in result.output
    return dict(error)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shoot of eight clips with wishes beside it, and an edit of eight seconds."""
    home = tmp_path_factory.mktemp("made")
    footage.shoot(home / "clips", 8, 2.5)
    footage.click_song(home / "song.wav", 120, 14)
    names = sorted(path.name for path in (home / "clips").iterdir())
    (home / "clips" / "cutprint.toml").write_text(f'first = "{names[2]}"\navoid = ["{names[0]}"]\nmust_use = ["{names[5]}"]\n')
    run("edit", home / "clips", "--song", home / "song.wav", "--duration", 6, "-o", home / "edit", "--variants", 2)
    return home


@pytest.fixture
def project(made: Path, tmp_path: Path) -> Path:
    shutil.copytree(made / "edit", tmp_path / "edit")
    return tmp_path / "edit"


def head(project: Path) -> Timeline:
    return load_timeline(project)[0]


def shown(timeline: Timeline) -> list[tuple[object, ...]]:
    return [(one.id, one.media_id, one.span, one.source_start_frame) for one in timeline.clips]


def test_wishes_beside_the_clips_and_variants_that_say_in_what_they_differ(made: Path) -> None:
    names = sorted(path.name for path in (made / "clips").iterdir() if path.suffix != ".toml")
    first, second = (head(made / "edit"), head(made / "edit" / "variant-2"))
    for timeline in (first, second):
        files = [one.file for one in timeline.clips]
        assert files[0] == names[2] and names[5] in files and names[0] not in files
        assert timeline.duration_frames == first.duration_frames
    assert [row[1:] for row in shown(first)] != [row[1:] for row in shown(second)]


def test_variants_are_distinct_and_what_is_said_of_them_is_true(made: Path, tmp_path: Path) -> None:
    song = made / "song.wav"
    answer = run("edit", made / "clips", "--song", song, "--duration", 5, "-o", tmp_path / "more", "--variants", 3)
    rows = answer["variants"]
    edits = [head(tmp_path / "more"), *(head(Path(row["folder"])) for row in rows[1:])]
    assert len(rows) + answer["missing_variants"] == 3 and len(rows) >= 2
    cuts = [[row[1:] for row in shown(one)] for one in edits]
    assert all(a != b for number, a in enumerate(cuts) for b in cuts[:number])
    known = {clip.file for clip in edits[0].clips}
    for one, cut, row in zip(edits, cuts, rows):
        new = sorted({clip.file for clip in one.clips} - known)
        same = sum((media, span.start, start) in {(m, s.start, at) for m, s, at in cuts[0]} for media, span, start in cut)
        assert (row["shots"], row["new_clips"], row["same_placements"]) == (len(one.clips), new, same)
        assert f"opens with {one.clips[0].file}" in row["words"] and f"{len(one.clips)} shots of" in row["words"]
    assert all(f"{len(row['new_clips'])} clips the first does not use, {row['same_placements']} of" in row["words"] for row in rows[1:])


def test_wishes_and_lengths_that_cannot_be_are_refused(made: Path, tmp_path: Path) -> None:
    names = sorted(path.name for path in (made / "clips").iterdir() if path.suffix != ".toml")
    job = ["edit", made / "clips", "--song", made / "song.wav", "--duration", 5, "-o", tmp_path / "edit"]
    refused("wish_unusable", 3, *job, "--must-use", names[0])  # the folder's own file bars it
    refused("wish_unusable", 3, *job, "--last", names[2])  # it is to open already
    refused("wish_unusable", 3, *job, "--must-use", f"{names[4]}@0.5-1.5", "--avoid", f"{names[4]}@0.2-2")
    refused("wish_unusable", 3, *job, "--min-shot", 2, *(word for name in names[3:] for word in ("--must-use", name)))
    for lengths in (["--min-shot", 3, "--max-shot", 1], ["--max-shot", 0]):
        refused("bad_duration", 2, *job, *lengths)
    assert not (tmp_path / "edit").exists() or not any((tmp_path / "edit").glob("*.json"))


def free(before: Timeline) -> Placement:
    """An unlocked placement before another one."""
    return next(one for one, after in zip(before.clips, before.clips[1:]) if one.lock is None and after.lock is None)


def trimmed(before: Timeline) -> tuple[list[object], Callable[[Timeline], bool]]:
    clip = free(before)
    return ["trim", clip.id, "--tail", 0.1], lambda after: after.clip(clip.id).duration_frames == clip.duration_frames - 3


def slipped(before: Timeline) -> tuple[list[object], Callable[[Timeline], bool]]:
    clip = max((one for one in before.clips if one.lock is None), key=lambda one: one.source_start_frame)
    return ["slip", clip.id, "--by", -0.1], lambda after: after.clip(clip.id).source_start_frame == clip.source_start_frame - 3


def moved(before: Timeline) -> tuple[list[object], Callable[[Timeline], bool]]:
    clip = before.clips[1]
    return ["move", clip.id, "--to", 3], lambda after: after.clips.index(after.clip(clip.id)) == 2


def replaced(before: Timeline) -> tuple[list[object], Callable[[Timeline], bool]]:
    other = next(row for row in before.outcomes if row.status in ("avoided", "not_chosen"))
    clip = min((one for one in before.clips if one.lock is None), key=lambda one: one.duration_frames)
    return ["replace", clip.id, "--with", other.file], lambda after: after.clip(clip.id).file == other.file


def inserted(before: Timeline) -> tuple[list[object], Callable[[Timeline], bool]]:
    other = next(row for row in before.outcomes if row.status in ("avoided", "not_chosen"))
    at = max((one for one in before.clips if one.lock is None), key=lambda one: one.duration_frames).timeline_start_frame / 30
    return ["insert", "--at", at, "--length", 0.5, "--with", other.file], lambda after: any(one.file == other.file for one in after.clips)


def test_changes_lock_what_they_touch_and_keep_the_music(project: Path) -> None:
    for change in (moved, trimmed, inserted, slipped, replaced):
        before = head(project)
        arguments, done = change(before)
        answer = run("change", project, *arguments)
        after = head(project)
        assert done(after) and after.revision == before.revision + 1 == answer["revision"], change.__name__
        assert after.duration_frames == before.duration_frames and after.song == before.song
        touched = after.user_edits[-1].clip_id
        assert touched is not None and after.clip(touched).lock is not None and after.clip(touched).lock.locked_by == "user"
        kept = [one for one in after.clips if one.id != touched and one in before.clips]
        assert len(kept) >= len(before.clips) - 3, "the others stay"


def test_redo_goes_back_to_where_undo_came_from(project: Path) -> None:
    start = head(project)
    for number in (0, 1):
        run("change", project, "lock", start.clips[number].id)
        last = head(project).revision
        run("undo", project)
        assert head(project).user_edits[-1].action == "undo" and head(project).revision == start.revision
    manifest = next(path for path in project.iterdir() if path.is_file() and b'"undone"' in path.read_bytes())
    table = json.loads(manifest.read_text())
    manifest.write_text(json.dumps({**table, "undone": []}))
    error = refused("several_ways", 5, "redo", project)
    assert error["details"]["revisions"] == [last - 1, last]
    manifest.write_text(json.dumps(table))
    run("redo", project)
    assert head(project).revision == last and head(project).clips[1].lock is not None, "the branch that was undone last"
    row = head(project).user_edits[-1]
    assert row.action == "redo" and row.details == {"from_revision": start.revision, "to_revision": last}
    history = run("history", project)["revisions"]
    assert [row["head"] for row in history].count(True) == 1 and all("undo" not in row["what"] for row in history)


def test_sections_are_made_again_and_refusals_say_why(project: Path, made: Path) -> None:
    before = head(project)
    refused("outside", 5, "revise", project, "--instruction", "tighter", "--from", 30, "--to", 40)
    refused("unknown_words", 2, "revise", project, "--instruction", "sparkle")
    refused("unknown_clip", 3, "change", project, "lock", "clip_99")
    run("change", project, "lock", before.clips[0].id)
    old = project / "revisions" / f"timeline.r{before.revision:04d}.json"
    error = refused("newer_revision", 5, "revise", old, "--instruction", "tighter")
    assert error["details"]["head"] == before.revision + 1
    done = run("revise", project, "--instruction", "regenerate", "--variants", 2)
    after = head(project)
    assert after.clips[0].media_id == before.clips[0].media_id and after.clips[0].span == before.clips[0].span
    assert len(done["variants"]) + done["missing_variants"] == 2 and done["effects"]
    run("change", project, "lock", *(one.id for one in after.clips if one.lock is None))
    refused("all_locked", 5, "revise", project, "--instruction", "slower")


def test_a_sentence_is_done_written_down_and_told(project: Path) -> None:
    """Words beside the guide's four instructions have to fit its documents and events, too."""
    before = head(project)
    done = run("revise", project, "--instruction", "more motion, and something else at the end")
    after = head(project)
    asked = [row.details for row in after.user_edits[len(before.user_edits) :]]
    assert [(row["instruction"], row["words"]) for row in asked] == [
        ("regenerate_section", "more motion"),
        ("regenerate_section", "something else"),
    ]
    assert len(done["effects"]) == 2 and after.revision == before.revision + 1
    assert "regenerate_requested more motion" in run("history", project)["revisions"][-1]["what"]


def test_locks_that_leave_nothing_and_documents_that_contradict_themselves(project: Path, tmp_path: Path) -> None:
    before = head(project)
    ids = [one.id for one in before.clips]
    run("change", project, "lock", *ids)
    refused("already_locked", 5, "change", project, "lock", ids[0])
    document = json.loads((project / "timeline.json").read_text())
    document["clips"][2]["timeline_start_frame"] = document["clips"][1]["timeline_start_frame"]
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "timeline.json").write_text(json.dumps(document))
    result = CliRunner().invoke(cli, ["revise", str(tmp_path / "bad"), "--instruction", "tighter"])
    assert result.exit_code == 3 and ids[2] in result.output and "Traceback" not in result.output
    assert [path.name for path in (tmp_path / "bad").iterdir()] == ["timeline.json"]
