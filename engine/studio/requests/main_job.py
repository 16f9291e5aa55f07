"""Requests of the main job: clips and a song to an edit, looked at, exported, rendered."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from engine.studio.requests.fields import said

__all__ = [
    "AnalyzeRequest",
    "CacheRequest",
    "DemoRequest",
    "DoctorRequest",
    "EditRequest",
    "ExportRequest",
    "ShowRequest",
    "SongRequest",
]

ASPECTS = {"9:16": (1080, 1920), "4:5": (1080, 1350), "1:1": (1080, 1080), "16:9": (1920, 1080)}
"""Aspect ratio -> the picture size edits are made in."""

EXPORT_FORMATS = ("otio", "resolve-otio", "premiere-otio", "fcpxml", "fcp7", "edl", "json")
MARKERS = ("none", "sections", "beats", "reasons", "all")


@dataclass(frozen=True)
class AnalyzeRequest:
    """Facts of each clip, measured once and kept."""

    clips: tuple[Path, ...] = said("Video files and folders (searched with all their sub-folders).", argument=True)
    plot: Path | None = said("Draw a sheet per clip into this folder.", None)
    fast: bool = said("Key frames only: about a sixth of the work, rougher facts.", False)
    angle: tuple[str, ...] = said("Angle of clips by their names, such as 'side_cam_*=side'; overrides what was measured.", ())
    lut: Path | None = said("A .cube LUT that turns log footage into a picture before it is judged.", None)
    find: str | None = said("Clips that show what these words say first, such as 'a dog on a beach' (needs the setting clip_model).", None)


@dataclass(frozen=True)
class SongRequest:
    """Tempo, beats, downbeats, sections and energy of a song."""

    file: Path = said("The song, or a video whose sound is meant.", argument=True)
    click: Path | None = said("Write the song with clicks on its beats to this WAV file, to check by ear.", None)
    plot: Path | None = said("Draw waveform, beats, sections and energy to this PNG file.", None)
    half: bool = said("Count half as many beats, from now on for this song.", False)
    double: bool = said("Count twice as many beats, from now on for this song.", False)
    offset: float | None = said("Move all beats by this many seconds, from now on for this song.", None, unit="s")
    beats: Path | None = said("Take the beats from this text file (one time in seconds a line), from now on.", None)
    tap: Path | None = said("Find the beats from taps along the song (a text file, one time in seconds a line), from now on.", None)
    forget: bool = said("Forget earlier corrections of this song.", False)


@dataclass(frozen=True)
class EditRequest:
    """A beat-synced edit from raw clips and a song."""

    clips: tuple[Path, ...] = said("Video files and folders (searched with all their sub-folders).", argument=True)
    song: Path = said("The song to cut to.")
    output: Path = said("Folder for the edit and its timelines.", short="o")
    creator: str | None = said("Whose style to edit in; default: the only creator known, else a neutral style.", None)
    duration: float = said("Length of the edit in seconds: 15, 30, 60 or any other.", 30.0, unit="s")
    aspect: str = said("Shape of the picture.", "9:16", choices=tuple(ASPECTS))
    fps: str | None = said("Frame rate such as 25, 29.97 or 30000/1001; default: the commonest among the clips.", None)
    seed: int = said("Another number gives another edit among equally good ones.", 0)
    draft: bool = said("A first edit from key frames only, quickly.", False)
    angle: tuple[str, ...] = said("Angle of clips by their names, such as 'side_cam_*=side'; overrides what was measured.", ())
    lut: Path | None = said("A .cube LUT for log footage: clips are judged, and rendered, as they look through it.", None)
    must_use: tuple[str, ...] = said("A clip that has to appear: its file name, or name@IN-OUT in seconds.", ())
    avoid: tuple[str, ...] = said("A clip, or part of one (name@IN-OUT), that must not appear.", ())
    first: str | None = said("The clip to open with: its file name, or name@IN-OUT in seconds.", None)
    last: str | None = said("The clip to end with: its file name, or name@IN-OUT in seconds.", None)
    audio: str = said("Sound of the result: the song, the clips' own, both, or none.", "song", choices=("song", "source", "both", "none"))
    song_start: float | None = said("Second of the song to begin with; default: the best phrase.", None, unit="s")
    song_loop: bool = said("Repeat a song that is too short, joined at bar lines.", False)
    song_join: bool = said("Let the song skip from one phrase to a later one, joined at a bar line, where that fits better.", False)
    looks: str | None = said("Keep each look (outfit, place) together, or show each at least once.", None, choices=("together", "each"))
    slow_motion: bool = said("Show takes with a high frame rate slowly, where the music is quiet.", False)
    min_shot: float | None = said("No shot shorter than this; default: 0.3.", None, unit="s")
    max_shot: float | None = said("No shot longer than this; default: 6.", None, unit="s")
    without: tuple[str, ...] = said("Part of the objective to leave out (docs/editing.md lists them); may be given several times.", ())
    variants: int = said("How many different edits to make; the others go into folders variant-2, variant-3 and so on.", 1)
    render: bool = said("Also render the MP4.", False)
    name: str | None = said("What to call the edit; default: the output folder's name.", None)


@dataclass(frozen=True)
class ShowRequest:
    """The cut as a table."""

    timeline: Path = said("A timeline.json, or the folder that holds it.", argument=True)
    unused: bool = said("List every clip that was not used, with its reason.", False)


@dataclass(frozen=True)
class ExportRequest:
    """A timeline for another program."""

    timeline: Path = said("A timeline.json, or the folder that holds it.", argument=True)
    to: str = said("The format.", choices=EXPORT_FORMATS)
    output: Path = said("The file to write.", short="o")
    markers: str = said("Which markers to carry.", "all", choices=MARKERS)
    alternates: bool = said("Add the runner-up of every clip on a track above, switched off.", False)
    format_version: str | None = said("Version of FCPXML, 1.9 to 1.13; default: 1.10.", None)


@dataclass(frozen=True)
class DemoRequest:
    """The whole main job on a small synthetic shoot and song."""

    output: Path = said("Folder for the shoot, the song and the edit.", Path("cutprint-demo"), short="o")


@dataclass(frozen=True)
class DoctorRequest:
    """Checks of everything Cutprint needs, one cause and one fix a line."""

    bundle: Path | None = said("Also write a zip for support: checks, versions, settings, bare logs; no media, names or tokens.", None)


@dataclass(frozen=True)
class CacheRequest:
    """What is kept about clips and songs already measured."""

    action: str = said("info or clear.", argument=True, choices=("info", "clear"))
