"""Requests around editing programs: timelines that come back, media that moved, edits that travel."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from engine.studio.requests.fields import said

__all__ = ["CollectRequest", "ReadbackRequest", "RelinkRequest", "UnmarkRequest"]


@dataclass(frozen=True)
class ReadbackRequest:
    """What somebody changed in an editing program, as the next revision."""

    edited: Path = said("The timeline as the program exported it: .otio, .fcpxml, Final Cut 7 .xml or .edl.", argument=True)
    against: Path = said("The edit it came from: a timeline.json, or the folder that holds it.")
    media: Path | None = said("Folder to look in for clips that were put in there.", None)
    lock_label: tuple[str, ...] = said("A label or clip colour that means locked; default: Rose and Lime.", ())
    dry_run: bool = said("Only say what changed; write nothing.", False)


@dataclass(frozen=True)
class UnmarkRequest:
    """A timeline without our markers; those of people stay, and LOCK does."""

    file: Path = said("A timeline as a program exported it, or as we did: .otio, .fcpxml, Final Cut 7 .xml or .edl.", argument=True)
    output: Path = said("The file to write.", short="o")


@dataclass(frozen=True)
class RelinkRequest:
    """Media that moved, found again by their content."""

    timeline: Path = said("A timeline.json, or the folder that holds it.", argument=True)
    media: Path = said("Folder to search, with all its sub-folders.")


@dataclass(frozen=True)
class CollectRequest:
    """An edit with its media, in one folder that can travel."""

    timeline: Path = said("A timeline.json, or the folder that holds it.", argument=True)
    output: Path = said("The folder to fill.", short="o")
    media: Path | None = said("Folder to look in for clips and song that have moved.", None)
    constant_rate: bool = said("Of variable-rate clips (phones, screen recordings) put in copies at a constant rate.", False)
