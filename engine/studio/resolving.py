"""From an NLE's file to the media it means: read, then find each file by its place, its name, and what the file says about it.

What cannot be told apart is reported, never guessed. `render`, `learn` and `readback` all come through here.
"""

from __future__ import annotations

import io
import os
import unicodedata
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import CutprintError, DocumentError, MissingToolError
from engine.model.cutlist import CutEvent, CutList, MediaLink
from engine.model.media import Media
from engine.model.time import FrameRate
from engine.studio.footage import full_path, probe_cached

if TYPE_CHECKING:
    from engine.progress import Progress
    from engine.studio.context import Studio

__all__ = ["Offline", "Resolved", "files_by_name", "read_cut_list", "resolve", "same_name", "timeline_bytes"]

BUNDLE_FILES = ("Info.fcpxml", "CurrentVersion.fcpxml")
"""What a folder that stands for one timeline holds (Resolve's FCPXML 1.10, Final Cut's .fcpxmld)."""
MOST_BYTES = 24 * 2**20
"""No timeline is larger (the readers' own limit); more is not even read from disk."""
SLACK_S = Fraction(1, 10)
"""How far lengths and starts that a file states may lie from the media's: programs round them to frames of the sequence."""

Key = tuple[str, str | None]


@dataclass(frozen=True)
class Offline:
    """Media that were not found. `events` : how many clips use them."""

    name: str
    path: str | None
    events: int
    why: str


@dataclass(frozen=True)
class Resolved:
    """A cut list with its media. `offline` comes in order of first use."""

    cuts: CutList
    media: Mapping[Key, Media]
    offline: tuple[Offline, ...]

    def media_of(self, event: CutEvent) -> Media | None:
        """What an event shows; None where it is offline, or has no media (titles, generators)."""
        return self.media.get(_key(event.media))


def _key(link: MediaLink) -> Key:
    return (link.name, link.url)


def read_cut_list(studio: Studio, path: Path, rate: FrameRate | None = None) -> CutList:
    """The timeline in a file of another program, found out by what it holds; folders and zips that stand for one are opened.

    rate : the timeline's, where the caller knows it (an EDL does not say).
    Raises `DocumentError` where there is none, `MissingToolError` where this door has no readers.
    """
    if "any" not in studio.readers:
        raise MissingToolError("format_missing", "This door reads no timelines of other programs.", "Use the `cutprint` command.")
    return studio.readers["any"].read(timeline_bytes(path), path.name, rate)


def timeline_bytes(path: Path) -> bytes:
    """What a timeline's file holds; of folders and zips that stand for one, the timeline in them. Raises `DocumentError`."""
    inner = next((path / name for name in BUNDLE_FILES if (path / name).is_file()), path)
    return _unpacked(_content(inner), path)


def _content(path: Path) -> bytes:
    try:
        if path.stat().st_size > MOST_BYTES:
            message = f"{path.name} is larger than any timeline ({MOST_BYTES // 2**20} MB)."
            raise DocumentError("interchange_unsafe", message, "Choose the timeline's file, not its media.", path=str(path))
        return path.read_bytes()
    except FileNotFoundError as cause:
        raise DocumentError("timeline_missing", f"There is no timeline at {path}.", "Check the path.", path=str(path)) from cause
    except (OSError, ValueError) as cause:
        hint = "Give the exported file (.otio, .fcpxml, .xml or .edl)."
        raise DocumentError("timeline_unreadable", f"{path} cannot be read as a timeline.", hint, path=str(path)) from cause


def _unpacked(content: bytes, path: Path) -> bytes:
    """The timeline inside an .otioz; other content as it is."""
    if not content.startswith(b"PK\x03\x04"):
        return content
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as bundle, bundle.open("content.otio") as file:
            inner = file.read(MOST_BYTES + 1)
    except (zipfile.BadZipFile, KeyError, OSError, RuntimeError, NotImplementedError) as cause:
        hint = "Export as .otio instead."
        raise DocumentError("interchange_damaged", f"{path.name} is a zip without a timeline in it.", hint, path=str(path)) from cause
    if len(inner) > MOST_BYTES:
        raise DocumentError("interchange_unsafe", f"{path.name} unpacks to more than any timeline.", "Export as .otio instead.")
    return inner


def resolve(
    studio: Studio,
    cuts: CutList,
    *,
    beside: Path | None = None,
    folders: Sequence[Path] = (),
    known: Sequence[Media] = (),
    progress: Progress,
) -> Resolved:
    """Finds each media link of a cut list.

    beside : folder of the file that was read; relative paths count from it, and names are looked up in it.
    folders : where to look by name, with all their sub-folders. known : media of the edit that the list is a version of; a link that means
    one of them by place or by name counts as found although the file itself may be gone.
    """
    events = [event for track in cuts.tracks for event in track.events]
    links = {_key(event.media): event.media for event in events}
    reach = {key: _reach(events, key) for key in links}
    media: dict[Key, Media] = {}
    for key, link in links.items():
        row = _among(link, known, reach[key])
        if row is not None:
            media[key] = row
    places = {key: _places(link, beside, folders) for key, link in links.items() if key not in media}
    index = files_by_name([*([beside] if beside else [])], deep=False) if beside else {}
    for name, paths in files_by_name(folders).items():
        index.setdefault(name, []).extend(path for path in paths if path not in index[name])
    candidates = {key: found or _named(links[key], index) for key, found in places.items()}
    probed = _probed(studio, candidates.values(), progress)
    offline: list[Offline] = []
    for key, paths in candidates.items():
        choice = _chosen(links[key], paths, probed, reach[key], by_place=bool(places[key]))
        if isinstance(choice, Media):
            media[key] = choice
        else:
            count = sum(_key(event.media) == key for event in events)
            offline.append(Offline(links[key].name, links[key].path, count, choice))
    return Resolved(cuts, media, tuple(offline))


def same_name(a: str, b: str) -> bool:
    """Whether two file names are the same to a person: composed alike, whatever the case."""
    return _plain(a) == _plain(b)


def _plain(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()


def _base(path: str) -> str:
    return path.replace("\\", "/").rsplit("/", 1)[-1]


def _reach(events: Iterable[CutEvent], key: Key) -> Fraction | None:
    """How far into the file, from its own first frame, the list reaches; None where it does not say where the file begins."""
    used = [event for event in events if _key(event.media) == key]
    start = used[0].media.media_start_s
    return None if start is None else max(max(event.source_start_s, event.source_end_s) for event in used) - start


def _among(link: MediaLink, known: Sequence[Media], reach: Fraction | None) -> Media | None:
    """The known file that a link means: the same place, else the only one of that name that it fits."""
    path = link.path
    here = [row for row in known if path is not None and _plain(row.path.replace("\\", "/")) == _plain(path.replace("\\", "/"))]
    if here:
        return here[0]
    names = {_plain(name) for name in (_base(path or ""), link.name) if name}
    fitting = [row for row in known if _plain(row.name) in names and _fits(link, row, reach)]
    return fitting[0] if len({row.media_id for row in fitting}) == 1 else None


def _fits(link: MediaLink, media: Media, reach: Fraction | None) -> bool:
    """Whether a file could be the one meant: long enough for what is used, and as long as the list says, where it says so."""
    frame_s = media.video.rate.frame_duration if media.video is not None else SLACK_S
    slack = max(SLACK_S, 2 * frame_s)
    length = media.video.rate.seconds(media.video.duration_frames) if media.video is not None else Fraction(media.duration_s)
    if reach is not None and reach > length + slack:
        return False
    return link.media_duration_s is None or link.media_duration_s <= length + slack


def _places(link: MediaLink, beside: Path | None, folders: Sequence[Path]) -> list[Path]:
    """The file at the place that the link names, if there is one; relative places count from the list's folder."""
    if not link.path:
        return []
    given = Path(link.path)
    tries = [given] if given.is_absolute() else [folder / given for folder in (*([beside] if beside else []), *folders)]
    return [full_path(one) for one in tries if _is_file(one)][:1]


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def files_by_name(folders: Sequence[Path], deep: bool = True) -> dict[str, list[Path]]:
    """Files in `folders`, by their name as people compare names. `deep`: with all sub-folders; links to folders are not followed."""
    found: dict[str, list[Path]] = {}
    for folder in folders:
        for path in _files(folder, deep):
            rows = found.setdefault(_plain(path.name), [])
            if path not in rows:
                rows.append(path)
    return found


def _files(folder: Path, deep: bool) -> Iterator[Path]:
    for here, below, names in os.walk(full_path(folder)):
        below[:] = sorted(name for name in below if not name.startswith(".")) if deep else []
        yield from (Path(here) / name for name in sorted(names) if not name.startswith("."))


def _named(link: MediaLink, index: Mapping[str, list[Path]]) -> list[Path]:
    names = dict.fromkeys(_plain(name) for name in (_base(link.path or ""), link.name) if name)
    return [path for name in names for path in index.get(name, [])]


def _probed(studio: Studio, candidates: Iterable[Sequence[Path]], progress: Progress) -> dict[Path, Media | CutprintError]:
    paths = list(dict.fromkeys(path for paths in candidates for path in paths))
    return dict(zip(paths, probe_cached(studio, paths, progress))) if paths else {}


def _chosen(
    link: MediaLink, paths: Sequence[Path], probed: Mapping[Path, Media | CutprintError], reach: Fraction | None, by_place: bool
) -> Media | str:
    """The one file meant, or why there is none."""
    if not paths:
        return "no media" if link.url is None and "." not in link.name else "not found"
    usable = [row for row in (probed[path] for path in paths) if isinstance(row, Media)]
    if not usable:
        return next(row.message for row in (probed[path] for path in paths) if isinstance(row, CutprintError))
    if by_place:
        return usable[0]
    fitting = [row for row in usable if _fits(link, row, reach)]
    if not fitting:
        return f"{usable[0].path} has that name, but is shorter than what is used"
    best = max(_likeness(link, row) for row in fitting)
    chosen = [row for row in fitting if _likeness(link, row) == best]
    if len({row.media_id for row in chosen}) > 1:
        return "several files have that name: " + ", ".join(row.path for row in chosen[:3])
    return chosen[0]


def _likeness(link: MediaLink, media: Media) -> tuple[bool, bool, bool, int]:
    """How well a file of the right name answers to the rest of what is said: start, rate, length, folders from the last one up."""
    video = media.video
    start = video is not None and link.media_start_s == video.rate.seconds(video.start_frame)
    rate = video is not None and link.rate == video.rate
    length = link.media_duration_s is not None and abs(link.media_duration_s - Fraction(media.duration_s)) <= SLACK_S
    return (start, rate, length, _shared_folders(link.path or "", media.path))


def _shared_folders(a: str, b: str) -> int:
    count = 0
    for one, other in zip(a.replace("\\", "/").split("/")[::-1], b.replace("\\", "/").split("/")[::-1]):
        if _plain(one) != _plain(other):
            break
        count += 1
    return count
