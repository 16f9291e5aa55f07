"""What each use case may be asked, one frozen dataclass each. Doors build options, JSON Schemas and pages from the fields.

Standard library only: every command, `--help` too, loads this. Field metadata: `help` (one sentence), `flag` (the option's name
where it is not the field's), `argument` (positional), `choices`, `short` (a one-letter option), `unit`.
"""

from __future__ import annotations

from dataclasses import MISSING, dataclass, field
from pathlib import Path
from typing import Any

__all__ = [
    "AnalyzeRequest",
    "CacheRequest",
    "DemoRequest",
    "DoctorRequest",
    "EditRequest",
    "ExportRequest",
    "RenderRequest",
    "ShowRequest",
    "SongRequest",
]

ASPECTS = {"9:16": (1080, 1920), "4:5": (1080, 1350), "1:1": (1080, 1080), "16:9": (1920, 1080)}
"""Aspect ratio -> the picture size edits are made in."""

PRESETS = ("instagram", "tiktok", "youtube-shorts", "square", "landscape", "master")
QUALITIES = ("draft", "high", "maximum")
EXPORT_FORMATS = ("otio", "resolve-otio", "fcpxml", "fcp7", "edl", "json")
MARKERS = ("none", "sections", "beats", "reasons", "all")


def _field(description: str, default: Any = MISSING, **metadata: Any) -> Any:
    return field(default=default, metadata={"help": description, **metadata})


@dataclass(frozen=True)
class AnalyzeRequest:
    """Facts of each clip, measured once and kept."""

    clips: tuple[Path, ...] = _field("Video files and folders (searched with all their sub-folders).", argument=True)
    plot: Path | None = _field("Draw a sheet per clip into this folder.", None)
    fast: bool = _field("Key frames only: about a sixth of the work, rougher facts.", False)


@dataclass(frozen=True)
class SongRequest:
    """Tempo, beats, downbeats, sections and energy of a song."""

    file: Path = _field("The song, or a video whose sound is meant.", argument=True)
    click: Path | None = _field("Write the song with clicks on its beats to this WAV file, to check by ear.", None)
    plot: Path | None = _field("Draw waveform, beats, sections and energy to this PNG file.", None)
    half: bool = _field("Count half as many beats, from now on for this song.", False)
    double: bool = _field("Count twice as many beats, from now on for this song.", False)
    offset: float | None = _field("Move all beats by this many seconds, from now on for this song.", None, unit="s")
    beats: Path | None = _field("Take the beats from this text file (one time in seconds a line), from now on.", None)
    forget: bool = _field("Forget earlier corrections of this song.", False)


@dataclass(frozen=True)
class EditRequest:
    """A beat-synced edit from raw clips and a song."""

    clips: tuple[Path, ...] = _field("Video files and folders (searched with all their sub-folders).", argument=True)
    song: Path = _field("The song to cut to.")
    output: Path = _field("Folder for the edit and its timelines.", short="o")
    creator: str | None = _field("Whose style to edit in; default: the only creator known, else a neutral style.", None)
    duration: float = _field("Length of the edit in seconds: 15, 30, 60 or any other.", 30.0, unit="s")
    aspect: str = _field("Shape of the picture.", "9:16", choices=tuple(ASPECTS))
    fps: str | None = _field("Frame rate such as 25, 29.97 or 30000/1001; default: the commonest among the clips.", None)
    seed: int = _field("Another number gives another edit among equally good ones.", 0)
    draft: bool = _field("A first edit from key frames only, quickly.", False)
    must_use: tuple[str, ...] = _field("A clip that has to appear: its file name, or name@IN-OUT in seconds.", ())
    avoid: tuple[str, ...] = _field("A clip, or part of one (name@IN-OUT), that must not appear.", ())
    first: str | None = _field("The clip to open with: its file name, or name@IN-OUT in seconds.", None)
    last: str | None = _field("The clip to end with: its file name, or name@IN-OUT in seconds.", None)
    audio: str = _field("Sound of the result: the song, the clips' own, both, or none.", "song", choices=("song", "source", "both", "none"))
    song_start: float | None = _field("Second of the song to begin with; default: the best phrase.", None, unit="s")
    song_loop: bool = _field("Repeat a song that is too short, joined at bar lines.", False)
    render: bool = _field("Also render the MP4.", False)
    name: str | None = _field("What to call the edit; default: the output folder's name.", None)


@dataclass(frozen=True)
class ShowRequest:
    """The cut as a table."""

    timeline: Path = _field("A timeline.json, or the folder that holds it.", argument=True)
    unused: bool = _field("List every clip that was not used, with its reason.", False)


@dataclass(frozen=True)
class ExportRequest:
    """A timeline for another program."""

    timeline: Path = _field("A timeline.json, or the folder that holds it.", argument=True)
    to: str = _field("The format.", choices=EXPORT_FORMATS)
    output: Path = _field("The file to write.", short="o")
    markers: str = _field("Which markers to carry.", "all", choices=MARKERS)


@dataclass(frozen=True)
class RenderRequest:
    """An MP4 of a timeline, without any editing program."""

    timeline: Path = _field("A timeline.json, or the folder that holds it.", argument=True)
    output: Path = _field("The file to write.", short="o")
    preset: str | None = _field("Picture size and limits of a platform; default: the timeline's own size.", None, choices=PRESETS)
    quality: str = _field("How much care the encoder takes.", "high", choices=QUALITIES)
    audio: str | None = _field(
        "Sound of the result; default: what the edit was made with.", None, choices=("song", "source", "both", "none")
    )
    media: Path | None = _field("Folder to look in for clips and song that have moved.", None)


@dataclass(frozen=True)
class DemoRequest:
    """The whole main job on a small synthetic shoot and song."""

    output: Path = _field("Folder for the shoot, the song and the edit.", Path("cutprint-demo"), short="o")


@dataclass(frozen=True)
class DoctorRequest:
    """Checks of everything Cutprint needs, one cause and one fix a line."""


@dataclass(frozen=True)
class CacheRequest:
    """What is kept about clips and songs already measured."""

    action: str = _field("info or clear.", argument=True, choices=("info", "clear"))
