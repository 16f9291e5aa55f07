"""A sheet to look at: one picture per placement over the song it is cut to."""

from __future__ import annotations

import io
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from engine.model.timeline import Placement, SongUse, Timeline

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw
    from PIL.ImageFont import FreeTypeFont

__all__ = ["jpeg", "picture_from", "storyboard"]

WIDTH = 1680
MARGIN = 32
GAP = 16
BACKGROUND, PANEL, INK, FAINT = (20, 21, 24), (32, 34, 39), (236, 236, 232), (150, 152, 158)
ACCENT = (255, 176, 66)
SECTIONS = {
    "intro": (70, 110, 150),
    "build": (176, 122, 60),
    "drop": (196, 72, 60),
    "break": (72, 128, 96),
    "outro": (104, 92, 148),
    "verse": (84, 88, 98),
}
STRIP_HEIGHT = 150
CAPTION_LINES = 3
FIRST_KEY = 0


def storyboard(timeline: Timeline, frame_of: Callable[[Placement], NDArray[np.uint8]]) -> bytes:
    """The sheet as PNG bytes.

    frame_of : a placement's picture, the whole displayed source frame, RGB uint8 (height, width, 3); the edit's crop is applied here.
    """
    from PIL import Image, ImageDraw

    columns = _columns(timeline)
    cell_width = (WIDTH - 2 * MARGIN - GAP * (columns - 1)) // columns
    picture_height = round(cell_width * timeline.height / timeline.width)
    caption_height = 24 + 17 * CAPTION_LINES
    rows = -(-len(timeline.clips) // columns)
    top = MARGIN + 56 + STRIP_HEIGHT + GAP
    height = top + rows * (picture_height + caption_height + GAP) + MARGIN - GAP
    sheet = Image.new("RGB", (WIDTH, height), BACKGROUND)
    draw = ImageDraw.Draw(sheet)
    _head(draw, timeline)
    _strip(draw, timeline, MARGIN + 56)
    for number, clip in enumerate(timeline.clips):
        x = MARGIN + number % columns * (cell_width + GAP)
        y = top + number // columns * (picture_height + caption_height + GAP)
        picture = _cropped(frame_of(clip), clip, cell_width, picture_height)
        sheet.paste(Image.fromarray(picture), (x, y))
        _label(draw, timeline, number, clip, (x, y), (cell_width, picture_height))
    body = io.BytesIO()
    sheet.save(body, "PNG")
    return body.getvalue()


def jpeg(picture: NDArray[np.uint8]) -> bytes:
    """RGB (height, width, 3) as a JPEG, small enough to keep."""
    from PIL import Image

    body = io.BytesIO()
    Image.fromarray(picture).save(body, "JPEG", quality=90)
    return body.getvalue()


def picture_from(body: bytes) -> NDArray[np.uint8]:
    """The inverse of `jpeg`."""
    from PIL import Image

    with Image.open(io.BytesIO(body)) as image:
        return np.asarray(image.convert("RGB"))


def _columns(timeline: Timeline) -> int:
    """More pictures a row the taller they are and the more there are."""
    tall = timeline.height > timeline.width
    if len(timeline.clips) <= 5:
        return max(2 if not tall else 4, len(timeline.clips))
    return (8 if len(timeline.clips) <= 24 else 10) if tall else 5


def _font(size: int, bold: bool = False) -> FreeTypeFont:
    import matplotlib
    from PIL import ImageFont

    # DejaVu comes with matplotlib on every system and covers Latin, Greek, Cyrillic and more.
    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    return ImageFont.truetype(str(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / name), size)


def _head(draw: ImageDraw, timeline: Timeline) -> None:
    name = str(timeline.extra.get("name") or "Cutprint")
    draw.text((MARGIN, MARGIN - 6), name, INK, _font(26, bold=True))
    song = timeline.song
    words = [
        f"{float(timeline.duration_s):.1f} s",
        f"{len(timeline.clips)} shots",
        f"{timeline.width}x{timeline.height} at {timeline.rate} fps",
    ]
    if song is not None:
        words.append(f"{song.file}, {song.bpm:.1f} beats a minute")
    draw.text((MARGIN, MARGIN + 28), "   ".join(words), FAINT, _font(14))


def _strip(draw: ImageDraw, timeline: Timeline, top: int) -> None:
    """The song from left to right: sections, energy, beats, bars, drops; and every shot as a block under them."""
    left, right = MARGIN, WIDTH - MARGIN
    seconds = float(timeline.duration_s)

    def x_of(time: float) -> int:
        return left + round((right - left) * min(1.0, time / seconds))

    draw.rectangle((left, top, right, top + STRIP_HEIGHT), PANEL)
    if timeline.song is not None:
        _music(draw, timeline.song, x_of, top)
    low = top + STRIP_HEIGHT - 44
    for number, clip in enumerate(timeline.clips):
        x0, x1 = x_of(float(timeline.rate.seconds(clip.span.start))), x_of(float(timeline.rate.seconds(clip.span.end)))
        shade = (72, 76, 86) if number % 2 else (92, 97, 108)
        draw.rectangle((x0 + 1, low, x1 - 1, top + STRIP_HEIGHT - 8), shade)
        if x1 - x0 > 22:
            draw.text(((x0 + x1) / 2, low + 18), str(number + 1), INK, _font(13, bold=True), anchor="mm")


def _music(draw: ImageDraw, song: SongUse, x_of: Callable[[float], int], top: int) -> None:
    for section in song.sections:
        x0, x1 = x_of(section.start_s), x_of(section.end_s)
        draw.rectangle((x0, top, x1, top + 22), SECTIONS.get(section.label, SECTIONS["verse"]))
        draw.text((x0 + 6, top + 4), section.label, INK, _font(12, bold=True))
    base = top + STRIP_HEIGHT - 56
    span = base - top - 34
    points = [(x_of(k / song.energy_rate_hz), base - round(value * span)) for k, value in enumerate(song.energy_curve)]
    if len(points) > 1:
        draw.polygon([(points[0][0], base), *points, (points[-1][0], base)], fill=(48, 58, 74))
        draw.line(points, (110, 150, 200), 2)
    bars = {round(time, 4) for time in song.downbeats}
    for beat in song.beats:
        is_bar = round(beat, 4) in bars
        draw.line((x_of(beat), base - (14 if is_bar else 7), x_of(beat), base + 8), ACCENT if is_bar else FAINT, 1)
    for drop in song.drops:
        draw.line((x_of(drop), top, x_of(drop), base + 8), (255, 96, 80), 3)


def _cropped(picture: NDArray[np.uint8], clip: Placement, width: int, height: int) -> NDArray[np.uint8]:
    from PIL import Image

    rows, columns = picture.shape[:2]
    if clip.crop:
        key = clip.crop[FIRST_KEY]
        box = (key.x * columns, key.y * rows, (key.x + key.width) * columns, (key.y + key.height) * rows)
    else:
        share = min(columns / width, rows / height)
        wide, tall = width * share, height * share
        box = ((columns - wide) / 2, (rows - tall) / 2, (columns + wide) / 2, (rows + tall) / 2)
    resized = Image.fromarray(picture).resize((width, height), Image.Resampling.LANCZOS, box=box)
    return np.asarray(resized)


def _label(draw: ImageDraw, timeline: Timeline, number: int, clip: Placement, at: tuple[int, int], size: tuple[int, int]) -> None:
    x, y = at
    width, height = size
    badge = str(number + 1)
    draw.rectangle((x, y, x + 12 + 9 * len(badge), y + 24), (0, 0, 0))
    draw.text((x + 6, y + 4), badge, INK, _font(14, bold=True))
    _bar(draw, clip.facts.ai_confidence, x, y + height, width)
    start = float(timeline.rate.seconds(clip.timeline_start_frame))
    head = f"{start:.2f} s  +{float(timeline.rate.seconds(clip.duration_frames)):.2f}"
    draw.text((x, y + height + 7), head, INK, _font(13, bold=True))
    lines = _wrapped(_facts(clip), width)
    for line_number, line in enumerate(lines[:CAPTION_LINES]):
        draw.text((x, y + height + 25 + 17 * line_number), line, FAINT, _font(12))


def _bar(draw: ImageDraw, sure: float, x: int, y: int, width: int) -> None:
    """Confidence as a line under the picture: red unsure, green sure."""
    colour = (round(220 - 130 * sure), round(90 + 110 * sure), 90)
    draw.rectangle((x, y, x + width, y + 3), PANEL)
    draw.rectangle((x, y, x + round(width * sure), y + 3), colour)


def _facts(clip: Placement) -> str:
    words: list[Any] = [word.replace("_", "-") for word in (clip.facts.angle, clip.facts.shot_type) if word != "unknown"]
    return f"{clip.file}: {' '.join(words)} {clip.facts.ai_confidence:.2f}".replace(":  ", ": ")


def _wrapped(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, max(8, width // 7), break_long_words=True)
