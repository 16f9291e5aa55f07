"""Small films with numbers in their pictures, rendered and read back."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import factories
import footage
import numpy as np

from engine.media.decode import FrameReader
from engine.media.probe import probe
from engine.model.media import Media
from engine.model.song import SectionSpan
from engine.model.time import FrameRate
from engine.model.timeline import Placement, Timeline
from engine.render.film import film_of
from engine.render.presets import preset_named
from engine.render.run import RenderOptions, RenderReport, render

SIZE = (180, 320)


def placed(media: Media, start: int, duration: int, source_start: int, number: int, **fields: object) -> Placement:
    assert media.video is not None
    return factories.placement(
        number,
        start,
        duration,
        of=media,
        source_start_frame=source_start,
        source_rate=media.video.rate,
        crop=(),
        **fields,
    )


def timeline_of(
    media: Sequence[Media], rate: FrameRate, lengths: Sequence[int], starts: Sequence[int], song: Path | None = None, **fields: object
) -> Timeline:
    """A small upright timeline of one placement per media."""
    bounds = [0, *np.cumsum(lengths).tolist()]
    clips = [placed(one, bounds[k], lengths[k], starts[k], k + 1) for k, one in enumerate(media)]
    use, rows = None, list({one.media_id: one for one in media}.values())
    if song is not None:
        sound = probe(song)
        rows.append(sound)
        seconds = float(rate.seconds(bounds[-1]))
        use = factories.song_use(
            seconds,
            media_id=sound.media_id,
            file=song.name,
            sections=(SectionSpan(0.0, seconds, "verse", 0.5),),
            drops=(),
            **{"source_start_s": 1.0, "fade_out_s": 0.0, "beats": (), "downbeats": (), **dict(fields.pop("song_fields", {}))},  # type: ignore[call-overload]
        )
    plain = {
        "width": SIZE[0],
        "height": SIZE[1],
        "transitions": (),
        "markers": (),
        "outcomes": (),
        "tracks": (),
        "user_edits": (),
        "deleted_clips": (),
    }
    return Timeline(
        project_id="p",
        created_at=factories.NOW,
        rate=rate,
        duration_frames=bounds[-1],
        clips=tuple(clips),
        media=tuple(rows),
        song=use,
        **{**plain, **fields},  # type: ignore[arg-type]
    )


def rendered(timeline: Timeline, folder: Path, audio: str | None = None, **options: object) -> tuple[Path, RenderReport]:
    paths = {row.media_id: row.path for row in timeline.media}
    preset = preset_named(options.get("preset"))  # type: ignore[arg-type]
    output, film = folder / f"film{preset.suffix}", film_of(timeline, audio)
    report = render(film, output, paths=paths, cache=folder / "cache", options=RenderOptions(**options), workers=2)  # type: ignore[arg-type]
    return output, report


def shown(path: Path) -> list[tuple[int, int]]:
    """(source, frame) in every frame of a video."""
    found = []
    for frame in FrameReader(probe(path), max_side_px=320):
        code = footage.read_code(frame.picture)
        assert code is not None, f"frame {frame.index} cannot be read"
        found.append(code)
    return found


def expected(timeline: Timeline, numbers: Sequence[int]) -> list[tuple[int, Fraction]]:
    """(source, exact source position) of every frame: what is on screen a millisecond after its time."""
    rows = []
    for clip, number in zip(timeline.clips, numbers):
        for k in range(clip.duration_frames):
            time = clip.source_start_s + timeline.rate.seconds(k) + Fraction(1, 1000)
            rows.append((number, time * clip.source_rate.fraction))
    return rows


def check(timeline: Timeline, path: Path, numbers: Sequence[int]) -> None:
    video = probe(path).video
    assert video is not None
    assert (video.rate, video.duration_frames, video.variable_rate) == (timeline.rate, timeline.duration_frames, False)
    assert (video.stored_width, video.stored_height, video.pixel_format) == (*SIZE, "yuv420p")
    seen, wanted = shown(path), expected(timeline, numbers)
    assert [source for source, _ in seen] == [source for source, _ in wanted], "every cut is on its frame"
    assert [frame for _, frame in seen] == [int(position) for _, position in wanted]
