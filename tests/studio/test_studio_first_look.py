"""A first edit from key frames comes early; the full look refines it and keeps what a person did."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import footage
import pytest

from bridge_server.bootstrap import open_studio
from engine.edit.revise import lock
from engine.progress import SILENT
from engine.store.projects import ProjectFolder, load_timeline
from engine.studio import editing
from engine.studio.requests import EditRequest


def test_many_new_clips_give_a_first_edit_that_the_full_look_refines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clips = footage.shoot(tmp_path / "shoot", 6, 1.2)
    footage.click_song(tmp_path / "song.wav", 120, 12)
    out = tmp_path / "out"
    request = EditRequest(clips=(clips,), song=tmp_path / "song.wav", output=out, duration=5.0)
    monkeypatch.setattr(editing, "FIRST_LOOK_FROM_S", 0.01)
    gathered = editing.gather
    kept: list[str] = []

    def interrupted(studio, given, options, exclude, progress, rules=()):  # type: ignore[no-untyped-def]
        """Somebody locks the second clip of the first edit while the full look goes on."""
        if not options.draft and not kept:
            first, _ = load_timeline(out)
            assert first.revision == 1 and first.brief["draft"] is True
            kept.append(first.clips[1].id)
            locked = dataclasses.replace(lock(first, [first.clips[1].id], "2025-01-15T10:23:45Z"))
            ProjectFolder(out).commit(locked, {})
        return gathered(studio, given, options, exclude, progress, rules)

    monkeypatch.setattr(editing, "gather", interrupted)
    with open_studio({}) as studio:
        result = editing.edit(studio, request, SILENT)
    assert kept and result["revision"] == 3
    draft, _ = load_timeline(next((out / "revisions").glob("*r0002.json")))
    final, _ = load_timeline(out)
    stayed = next(clip for clip in final.clips if clip.id == kept[0])
    assert stayed.lock is not None
    assert final.parent == 2 and final.brief["draft"] is False
    before = next(clip for clip in draft.clips if clip.id == kept[0])
    assert (before.span, before.source_start_frame, before.media_id) == (stayed.span, stayed.source_start_frame, stayed.media_id)
    assert any("first look" in row for row in draft.ai_reasoning.evidence_missing) and "motion" not in draft.clips[0].facts.ai_reasoning
    assert not any("first look" in row for row in final.ai_reasoning.evidence_missing), "what was missing has been looked at since"
    others = [clip for clip in final.clips if clip.id != kept[0]]
    assert all("motion" in clip.facts.ai_reasoning and clip.facts.motion_intensity > 0 for clip in others), "told by what is known now"
    assert final.created_at >= draft.created_at
