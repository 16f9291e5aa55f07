"""Files -> finished works: videos with their own sound or a given song, timelines of other programs, and the raw clips behind them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from engine.analysis import bars
from engine.analysis.aligning import RATE_HZ, align
from engine.analysis.clip import AnalysisOptions
from engine.analysis.finished import SHOTS_VERSION, ShotLook, look_at_shots
from engine.analysis.song import SONG_ANALYSER_VERSION
from engine.analysis.transitions import joined
from engine.errors import CutprintError, FootageError, MediaError
from engine.media import decode
from engine.media.probe import check_there
from engine.model import documents
from engine.model.analysis import ClipAnalysis, Prints, Shot, SongAnalysis
from engine.model.cutlist import CutEvent, CutList, CutTrack
from engine.model.media import Media
from engine.model.showing import seen, undivided
from engine.model.time import FrameSpan
from engine.model.works import FinishedShot, FinishedWork, RawUse
from engine.store.cache import CacheKey
from engine.studio import songs
from engine.studio.finding import find_uses
from engine.studio.footage import Clip, Part, Problem, gather, grouped, measured_parts
from engine.studio.resolving import Resolved, read_cut_list, resolve
from engine.studio.seeing import shots_seen
from engine.studio.workers import run_all
from engine.style import examples
from engine.style.examples import Seen

if TYPE_CHECKING:
    from engine.progress import Progress
    from engine.studio.context import Studio

__all__ = ["NO_SONG", "WITHOUT_BEATS", "Table", "table_of", "timeline_works", "video_works"]

KIND_OF_TRANSITION = {"dissolve": "quick_dissolve", "dip_to_black": "dip_to_black", "whip_pan": "whip_pan"}
UNSEEN = ShotLook({"unknown": 1.0}, {"unknown": 1.0}, {"static": 1.0})
STILL_FILES = frozenset((".png", ".psd", ".tif", ".tiff", ".tga", ".svg", ".ai", ".eps", ".gif", ".webp"))
"""Files of logos and titles, which have see-through parts; a JPEG has none, and is a shot like others."""
INSERT_ZOOM = 0.9
"""A picture on an upper track that is smaller leaves the one under it in sight (chosen)."""
EFFECT_SHOTS, EFFECT_SHARE = 3, 0.5
"""What lies over so many whole shots and over more than this share of the timeline is grain or a light leak, mixed in (chosen): files
say of few programs how a picture is mixed."""
LEAST_SONG_S = 5.0
"""A sound under a timeline that is shorter is an effect, not its song."""


NO_SOUND, NO_BEAT, NO_SONG = (
    "No sound: how its cuts lie to the beat is not known.",
    "No beat was found in its sound.",
    "No song was found under it.",
)
WITHOUT_BEATS = (NO_SOUND, NO_BEAT, NO_SONG)
"""What is said of works that have no beats."""


@dataclass(frozen=True)
class Table:
    """Raw clips as they lay on the table. groups : media id -> number of its near-duplicates."""

    clips: Mapping[str, Clip] = field(default_factory=dict)
    groups: Mapping[str, int] = field(default_factory=dict)

    @property
    def analyses(self) -> dict[str, tuple[str, ClipAnalysis]]:
        return {one: (clip.path.name, clip.analysis) for one, clip in self.clips.items()}


def table_of(studio: Studio, folder: Path | None, progress: Progress) -> tuple[Table, tuple[Problem, ...]]:
    """The raw clips in a folder, measured; and those that cannot be used."""
    if folder is None:
        return Table(), ()
    footage = gather(studio, [folder], AnalysisOptions(), None, progress)
    clips = {clip.media.media_id: clip for clip in footage.clips}
    twins = [group for group in grouped(footage) if group.kind == "near_duplicate"]
    numbers = {member: number for number, group in enumerate(twins) for member in group.members}
    return Table(clips, numbers), footage.problems


def video_works(
    studio: Studio, videos: Sequence[Path], given: Sequence[Path], table: Table, progress: Progress
) -> tuple[list[FinishedWork], list[Problem]]:
    """Finished videos as works, in their order; and the files that cannot be used."""
    absent = [Problem(path, error) for path in videos if (error := _absence(path))]
    there = [path for path in videos if _absence(path) is None]
    if not there:
        return [], absent
    footage = gather(studio, there, AnalysisOptions(), None, progress, previews=False)  # nobody plays a work here
    parts = _pictures(studio, footage.clips, progress)
    measured = measured_parts(studio, footage.clips, parts, progress)
    clips = [replace(clip, analysis=replace(clip.analysis, shots=joined(clip.analysis))) for clip in measured]
    looks = _looks(studio, clips, parts, progress)
    sounds = _soundtracks(studio, [clip.media for clip in clips], progress)
    choices = [songs.measured_song(studio, path, progress) for path in given]
    works = []
    for clip in clips:
        progress.check()
        part = parts.get(clip.media.media_id)
        song, offset, note = _song_of(clip.media, sounds.get(clip.media.media_id), choices)
        shots = shots_seen(studio, clip.media, looks[clip.media.media_id], clip.analysis.shots, progress)
        seen = [Seen(look.shot_type, look.angle, look.motion, look.face_height) for look in shots]
        work = examples.from_video(clip.media, clip.analysis, seen, song, offset, studio.now())
        work = _with_raw(studio, work, clip, table, progress, part)
        work = examples.without_cards(work, clip.analysis)
        works.append(_noted(_noted(work, note), _letterboxed(clip.media, part)))
    return works, [*absent, *footage.problems]


def _absence(path: Path) -> MediaError | None:
    try:
        check_there(path)
    except MediaError as error:
        return error
    return None


def _pictures(studio: Studio, clips: Sequence[Clip], progress: Progress) -> dict[str, Part]:
    """Media id -> the part of the frame that shows something, of those with strips of nothing around it."""
    doubted = [clip for clip in clips if bars.may_have_bars(clip.analysis.prints)]
    jobs = [(clip.media, clip.analysis.prints) for clip in doubted]
    found = run_all(studio, picture_in, jobs, "Looking for letterbox bars", progress) if jobs else []
    return {clip.media.media_id: part for clip, part in zip(doubted, found) if isinstance(part, tuple)}


def picture_in(job: tuple[Media, Prints]) -> Part | None:
    """One video's picture in a worker process."""
    return bars.active_picture(*job)


def _letterboxed(media: Media, part: Part | None) -> str:
    if part is None or media.video is None:
        return ""
    width, height = media.video.display_width, media.video.display_height
    return f"Bars around the picture were left out: it is {round(part[2] * width)}x{round(part[3] * height)} of {width}x{height}."


def _noted(work: FinishedWork, note: str) -> FinishedWork:
    return replace(work, notes=(*work.notes, note)) if note else work


def _looks(studio: Studio, clips: Sequence[Clip], parts: Mapping[str, Part], progress: Progress) -> dict[str, tuple[ShotLook, ...]]:
    keys = {clip.media.media_id: _look_key(clip) for clip in clips}
    found: dict[str, tuple[ShotLook, ...]] = {}
    for clip in clips:
        body = studio.cache.get(keys[clip.media.media_id])
        rows = documents.loads(body.decode()) if body else None
        if isinstance(rows, list) and len(rows) == len(clip.analysis.shots):
            found[clip.media.media_id] = tuple(ShotLook(**row) for row in rows)
    missing = [clip for clip in clips if clip.media.media_id not in found]
    jobs = [(clip.media, clip.analysis.shots, parts.get(clip.media.media_id)) for clip in missing]
    weights = [float(len(clip.analysis.shots)) for clip in missing]
    for clip, looks in zip(missing, run_all(studio, look, jobs, "Looking at shots", progress, weights) if jobs else ()):
        if isinstance(looks, CutprintError):
            found[clip.media.media_id] = (UNSEEN,) * len(clip.analysis.shots)
        else:
            studio.cache.put(keys[clip.media.media_id], documents.dumps([one.__dict__ for one in looks]).encode())
            found[clip.media.media_id] = looks
    return found


def _look_key(clip: Clip) -> CacheKey:
    """Another analysis may find other shots, and may have looked at a part of the picture alone."""
    return CacheKey(clip.media.media_id, "shots", SHOTS_VERSION, f"{clip.analysis.analyser_version} {clip.analysis.options}")


def look(job: tuple[Media, tuple[Shot, ...], Part | None]) -> tuple[ShotLook, ...]:
    """One video's shots in a worker process."""
    return look_at_shots(*job)


def _soundtracks(studio: Studio, media: Sequence[Media], progress: Progress) -> dict[str, SongAnalysis]:
    """What is heard in each video; those without sound, or with sound that nothing can be made of, are left out."""
    heard = [one for one in media if one.audio is not None]
    missing = [one for one in heard if studio.cache.get(CacheKey(one.media_id, "song", SONG_ANALYSER_VERSION)) is None]
    weights = [one.duration_s for one in missing]
    for one, body in zip(missing, run_all(studio, songs.measure, missing, "Listening to the videos", progress, weights) if missing else ()):
        if isinstance(body, bytes):
            studio.cache.put(CacheKey(one.media_id, "song", SONG_ANALYSER_VERSION), body)
    found = {}
    for one in heard:
        if studio.cache.get(CacheKey(one.media_id, "song", SONG_ANALYSER_VERSION)) is not None:
            found[one.media_id] = songs.measured_song(studio, Path(one.path), progress)[1]
    return found


def _song_of(media: Media, own: SongAnalysis | None, given: Sequence[tuple[Media, SongAnalysis]]) -> tuple[SongAnalysis | None, float, str]:
    """The beats to measure against: of a given song where one lies under the video, else of the video's own sound."""
    if media.audio is None:
        return None, 0.0, NO_SOUND
    if given:
        try:
            heard = decode.audio(media.path, RATE_HZ)
        except CutprintError:
            heard = None
        found = [(align(heard, decode.audio(song.path, RATE_HZ)), song, beats) for song, beats in given] if heard is not None else []
        best = max(found, key=lambda row: row[0].z, default=None)
        if best is not None and best[0].sure:
            return best[2], -best[0].song_at_s, f"Over {best[1].name} from {best[0].song_at_s:.2f} s."
    if own is None or own.confidence <= 0:
        return own, 0.0, NO_BEAT
    return own, 0.0, ""


def _with_raw(studio: Studio, work: FinishedWork, clip: Clip, table: Table, progress: Progress, part: Part | None = None) -> FinishedWork:
    if not table.clips:
        return work
    sources = {one: raw for one, raw in table.clips.items() if one != clip.media.media_id}
    spans = [_span(shot, clip.analysis) for shot in work.shots]
    uses = find_uses(studio, clip, spans, sources, progress, part)
    used = {use.media_id for use in uses if use is not None}
    return examples.with_uses(work, uses, examples.raw_clips(table.analyses, used, table.groups))


def _span(shot: FinishedShot, analysis: ClipAnalysis) -> FrameSpan:
    start = analysis.rate.frames(shot.start_s)
    return FrameSpan(start, max(start + 1, analysis.rate.frames(shot.start_s + shot.duration_s)))


def timeline_works(
    studio: Studio, paths: Sequence[Path], folders: Sequence[Path], table: Table, progress: Progress
) -> tuple[list[FinishedWork], list[Problem]]:
    """Finished timelines as works; what they use is looked for beside them and in `folders`."""
    works, problems = [], []
    for path in paths:
        try:
            works.append(_timeline_work(studio, path, folders, table, progress))
        except CutprintError as error:
            if error.exit_code != 3:
                raise
            problems.append(Problem(path, error))
    return works, problems


def _timeline_work(studio: Studio, path: Path, folders: Sequence[Path], table: Table, progress: Progress) -> FinishedWork:
    check_there(path)
    cuts = read_cut_list(studio, path)
    resolved = resolve(studio, cuts, beside=path.parent, folders=folders, progress=progress)
    events = _shown(resolved, path)
    clips = _clips_of(studio, resolved, events, table, progress)
    song, song_at = _song_under(studio, resolved, progress)
    length = max(event.record.end for event in events)
    duration = float(cuts.rate.seconds(length))
    grid = examples.beat_grid(song, song_at, duration) if song else None
    shots = [_event_shot(cuts, event, events[0], resolved, clips) for event in events]
    notes = [f"{one.name} is offline ({one.why})." for one in resolved.offline] + ([] if grid else [NO_SONG])
    used = {shot.used.media_id for shot in shots if shot.used}
    raw = examples.raw_clips(table.analyses, used, table.groups) if table.clips and used else ()
    return FinishedWork(
        path.name,
        _content_id(path, shots),
        "timeline",
        duration,
        cuts.width or 0,
        cuts.height or 0,
        cuts.rate.fps,
        examples.placed(shots, grid),
        grid,
        raw=raw,
        learned_at=studio.now(),
        notes=tuple(notes),
    )


def _content_id(path: Path, shots: Sequence[FinishedShot]) -> str:
    """Equal cuts of equal names are one work, whichever format they came in."""
    import hashlib

    said = ";".join(f"{shot.start_s:.3f}:{shot.duration_s:.3f}" for shot in shots)
    return hashlib.sha256(f"{path.stem}|{said}".encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _shown(resolved: Resolved, path: Path) -> list[CutEvent]:
    """What is seen, in order: upper tracks hide lower ones, what is switched off is not there, divisions that nobody sees are none."""
    cuts = resolved.cuts
    tracks = [track for track in cuts.tracks if track.kind == "video" and track.enabled]
    levels: list[CutTrack] = []
    for track in tracks:
        lower = [event.record for one in levels for event in one.events]
        events = [event for event in track.events if event.enabled and (not lower or _hides(event, lower, resolved))]
        levels += [replace(track, events=tuple(events))] if events else []
    joins = [one.at for track in tracks for one in track.transitions]
    shown = undivided(seen(levels, cuts.rate), cuts.rate, joins)
    if not shown:
        raise FootageError("timeline_empty", f"{path.name} has no video track with clips in it.", "Export the finished sequence.")
    return shown


def _hides(event: CutEvent, lower: Sequence[FrameSpan], resolved: Resolved) -> bool:
    """Whether something on an upper track takes the place of what lies under it: titles, logos, inserts, grain and light leaks do not."""
    media = resolved.media_of(event)
    if media is None and event.media.url is None:
        return False
    if {Path(name).suffix.lower() for name in (event.media.name, event.media.path or "")} & STILL_FILES:
        return False
    if event.framing and all(one.zoom < INSERT_ZOOM for one in event.framing):
        return False
    under = sum(event.record.start <= span.start and span.end <= event.record.end for span in lower)
    whole = max(span.end for span in lower) - min(span.start for span in lower)
    return under < EFFECT_SHOTS or event.record.duration <= EFFECT_SHARE * whole


def _clips_of(studio: Studio, resolved: Resolved, events: Sequence[CutEvent], table: Table, progress: Progress) -> dict[str, Clip]:
    media = {one.media_id: one for event in events if (one := resolved.media_of(event)) is not None and one.video is not None}
    missing = [Path(one.path) for media_id, one in media.items() if media_id not in table.clips]
    footage = gather(studio, missing, AnalysisOptions(), None, progress) if missing else None
    found = {media_id: table.clips[media_id] for media_id in media if media_id in table.clips}
    return {**found, **({clip.media.media_id: clip for clip in footage.clips} if footage else {})}


def _event_shot(cuts: CutList, event: CutEvent, first: CutEvent, resolved: Resolved, clips: Mapping[str, Clip]) -> FinishedShot:
    start = float(cuts.rate.seconds(event.record.start))
    seconds = float(cuts.rate.seconds(event.record.duration))
    joins = [one for track in cuts.tracks if track.kind == "video" and track.enabled for one in track.transitions]
    kinds = {one.at: KIND_OF_TRANSITION.get(one.kind, "quick_dissolve") for one in joins}
    begins = "start" if event is first else kinds.get(event.record.start, "hard_cut")
    media = resolved.media_of(event)
    clip = clips.get(media.media_id) if media else None
    if clip is None or clip.media.video is None:
        return FinishedShot(start, seconds, begins)
    rate = clip.media.video.rate
    offset = event.media.media_start_s
    offset = offset if offset is not None else Fraction(rate.seconds(clip.media.video.start_frame))
    inside = max(0.0, float(event.source_start_s - offset))
    use = RawUse(clip.media.media_id, inside, inside + seconds * float(event.speed), max(0.01, float(event.speed)))
    low = min(clip.analysis.duration_frames - 1, rate.frames(use.start_s))
    span = FrameSpan(low, max(low + 1, min(clip.analysis.duration_frames, rate.frames(use.end_s))))
    facts = clip.analysis
    return FinishedShot(
        start, seconds, begins, dict(facts.shot_type), dict(facts.angle), dict(facts.motion), examples.features_of(facts, span), used=use
    )


def _song_under(studio: Studio, resolved: Resolved, progress: Progress) -> tuple[SongAnalysis | None, float]:
    """The longest sound on an audio track that is no clip's own, and its second at the timeline's first frame."""
    best: tuple[float, CutEvent, Media] | None = None
    for track in resolved.cuts.tracks:
        for event in track.events if track.kind == "audio" else ():
            media = resolved.media_of(event)
            if media is not None and media.audio is not None and media.video is None:
                length = float(resolved.cuts.rate.seconds(event.record.duration))
                best = max(best, (length, event, media), key=lambda row: row[0]) if best else (length, event, media)
    if best is None or best[0] < LEAST_SONG_S:
        return None, 0.0
    _, event, media = best
    song = songs.measured_song(studio, Path(media.path), progress)[1]
    inside = float(event.source_start_s - (event.media.media_start_s or 0))
    return song, inside - float(resolved.cuts.rate.seconds(event.record.start))
