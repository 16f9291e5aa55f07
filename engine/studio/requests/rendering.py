"""Requests for videos of timelines."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from engine.studio.requests.fields import said

__all__ = ["ENCODERS", "FITS", "PRESETS", "PREVIEWS", "QUALITIES", "RenderRequest"]

PRESETS = ("instagram", "tiktok", "youtube-shorts", "square", "landscape", "master", "master-dnxhr")
QUALITIES = ("draft", "high", "maximum")
FITS = ("crop", "blur", "plain")
ENCODERS = ("x264", "hardware", "videotoolbox", "nvenc", "qsv", "amf")
PREVIEWS = ("proxy", "crop", "rhythm")


@dataclass(frozen=True)
class RenderRequest:
    """A video of a timeline, without any editing program."""

    timeline: Path = said(
        "A timeline.json, the folder that holds it, or an .otio, .fcpxml, .xml or .edl of another program.", argument=True
    )
    output: Path = said("The file to write; with several presets, their names are added to it.", short="o")
    preset: tuple[str, ...] = said("Picture size and limits of a platform, or a master; may be given several times.", (), choices=PRESETS)
    quality: str = said("How much care the encoder takes.", "high", choices=QUALITIES)
    audio: str | None = said("Sound of the result; default: what the edit was made with.", None, choices=("song", "source", "both", "none"))
    media: Path | None = said("Folder to look in for clips and song that have moved.", None)
    fit: str = said("Fill the frame, or show whole pictures over their own blur or a plain colour.", "crop", choices=FITS)
    background: str = said("Colour behind pictures with --fit plain: black, white, or #rrggbb.", "black")
    lut: Path | None = said("A .cube file for the look of all clips.", None)
    loudness: str = said("Loudness: preset, off, or a number of LUFS such as -14.", "preset")
    encoder: str = said("The H.264 encoder; a hardware encoder is tried first and x264 used where it fails.", "x264", choices=ENCODERS)
    cover: str | None = said("Also write a cover picture: auto for the sharpest face, or a second of the film.", None)
    preview: str | None = said("A quick look: joined small copies, cropped small copies, or the rhythm alone.", None, choices=PREVIEWS)
    estimate: bool = said("Only say how large it will be, how long it will take and what cannot be carried out.", False)
