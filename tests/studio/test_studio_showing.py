"""The cut as people read it."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import factories

from bridge_server.bootstrap import open_studio
from bridge_server.pages.main_job import show_page
from engine.model import documents
from engine.progress import SILENT
from engine.studio.requests import ShowRequest
from engine.studio.showing import show


def test_what_is_locked_or_switched_off_is_marked(tmp_path: Path) -> None:
    timeline = factories.timeline(4)
    clips = [dataclasses.replace(clip, enabled=number not in (1, 2)) for number, clip in enumerate(timeline.clips)]
    (tmp_path / "timeline.json").write_text(documents.dumps(documents.encode(dataclasses.replace(timeline, clips=tuple(clips)))), "utf-8")
    with open_studio({"workspace": tmp_path / "ws"}) as studio:
        rows = show_page(show(studio, ShowRequest(tmp_path), SILENT)).splitlines()[1:5]
    ends = [row.split("  ")[-1].strip() for row in rows]
    assert ends[1:3] == ["locked, switched off", "switched off"]
    assert "switched off" not in rows[0] + rows[3]
