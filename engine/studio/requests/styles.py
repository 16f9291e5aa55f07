"""Requests about creators' styles: learning them, looking at them, mixing and moving them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from engine.studio.requests.fields import said

__all__ = [
    "BLOCKS",
    "LearnRequest",
    "StyleBlendRequest",
    "StyleEvaluateRequest",
    "StyleExportRequest",
    "StyleImportRequest",
    "StyleListRequest",
    "StyleRemoveRequest",
    "StyleSetRequest",
    "StyleShowRequest",
]

BLOCKS = ("pace", "transitions", "beat", "selection")
"""Parts of a style that can be taken from somebody else on their own."""


@dataclass(frozen=True)
class LearnRequest:
    """A creator's style from finished videos, old projects and finished timelines; learning again adds to it."""

    creator: str = said("Whose style it is.")
    videos: tuple[Path, ...] = said("Finished videos and folders of them.", (), argument=True)
    raw: Path | None = said("Folder with the raw clips the videos were cut from: teaches which moments are chosen.", None)
    timeline: tuple[Path, ...] = said("A finished timeline from an editing program (OTIO, FCPXML, Final Cut 7 XML, EDL).", ())
    media: Path | None = said("Folder to look in for what the timelines use.", None)
    song: tuple[Path, ...] = said("A song that lies under the videos; it is found in their sound by itself.", ())
    leave_out_misfits: bool = said("Keep works that do not fit with the others, but do not learn from them.", False)


@dataclass(frozen=True)
class StyleShowRequest:
    """A creator's style in an editor's words, and how well each figure is known."""

    creator: str | None = said("Whose style; default: the only creator known, else the neutral style.", None, argument=True)
    plot: Path | None = said("Draw it to this PNG file.", None)


@dataclass(frozen=True)
class StyleListRequest:
    """Every creator whose style is known."""


@dataclass(frozen=True)
class StyleBlendRequest:
    """A new style mixed from two: mine, and some of theirs."""

    mine: str = said("The style to start from.", argument=True)
    theirs: str = said("The style to take some of.", argument=True)
    name: str = said("What the new style is called.", flag="as")
    share: float = said("How much of theirs: 0.3 is 30 %.", 0.3)
    block: tuple[str, ...] = said("What is taken; default: pace, transitions and beat, not the choice of clips.", (), choices=BLOCKS)


@dataclass(frozen=True)
class StyleSetRequest:
    """Sliders on top of what was learned; 0 takes one back."""

    creator: str = said("Whose style.", argument=True)
    pace: float | None = said("-1 slower to 1 quicker.", None)
    energy: float | None = said("-1 calmer to 1 livelier pictures.", None)
    beat: float | None = said("-1 freer to 1 stricter on the beat.", None)
    transitions: float | None = said("-1 hard cuts to 1 more dissolves.", None)


@dataclass(frozen=True)
class StyleRemoveRequest:
    """Unlearns works, or a whole creator."""

    works: tuple[str, ...] = said("Works as `style show` names them, or their files.", (), argument=True)
    creator: str | None = said("Whose works; default: the only creator known.", None)
    everything: bool = said("Forget the creator altogether.", False)


@dataclass(frozen=True)
class StyleExportRequest:
    """A style as one file for another machine."""

    creator: str = said("Whose style.", argument=True)
    output: Path = said("The file to write.", short="o")
    without_works: bool = said("Leave out the facts of the works it was learned from: it can then be used, not corrected.", False)


@dataclass(frozen=True)
class StyleImportRequest:
    """A style from a file that `style export` wrote."""

    file: Path = said("The file.", argument=True)
    name: str | None = said("What to call it here; default: its own name.", None, flag="as")
    replace: bool = said("Replace a style of that name.", False)


@dataclass(frozen=True)
class StyleEvaluateRequest:
    """How well a style is known: every figure on works that were left out of learning."""

    creator: str | None = said("Whose style; default: the only creator known.", None, argument=True)
