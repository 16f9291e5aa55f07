"""Programs that are not ours, reading what we wrote: melt (by OpenTimelineIO's own adapters) and OpenShot's importer."""

from __future__ import annotations

import json
import subprocess
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import footage
import numpy as np
import opentimelineio as otio

from engine.media import ffmpeg
from engine.model.time import FrameRate
from engine.model.timeline import Timeline
from engine.render.film import film_of
from engine.render.run import RenderOptions, render

SIZE = (192, 108)


def coded_media(folder: Path, rate: FrameRate, numbers: Sequence[int], frames: int = 75, start: str | None = None) -> list[Path]:
    """Files whose every frame says of which file it is (`numbers`), and its own number. start : their timecode."""
    folder.mkdir(parents=True, exist_ok=True)
    code = ("-timecode", start) if start else ()
    more = {"frames": frames, "rate": rate.to_json(), "size": SIZE}
    names = [folder / f"take #{k} 100% é {rate}.mov" for k in numbers]
    return [footage.coded_video(path, source=k, arguments=code, **more) for k, path in zip(numbers, names)]  # type: ignore[arg-type]


def expected(timeline: Timeline, numbers: dict[str, int]) -> list[tuple[int, int]]:
    """(source, its frame) on screen at each frame of the edit. numbers : media id -> source."""
    return [
        (
            numbers[clip.media_id],
            clip.source_rate.frame_at(clip.source_start_s + timeline.rate.seconds(k) * clip.speed),
        )
        for clip in timeline.clips
        for k in range(clip.duration_frames)
    ]


def normal(timeline: Any) -> Any:
    """As MLT needs it: paths instead of URLs, and media that begin at zero."""
    time, span = otio.opentime.RationalTime, otio.opentime.TimeRange
    for clip in timeline.find_clips():
        media = clip.media_reference
        url = getattr(media, "target_url", None)
        if not url:
            continue
        media.target_url = unquote(urlsplit(url).path) if url.startswith("file:") else url
        available, used = media.available_range, clip.source_range
        if available:
            start = used.start_time - available.start_time.rescaled_to(used.start_time.rate)
            clip.source_range = span(time(round(start.value), used.start_time.rate), used.duration)
            media.available_range = span(time(0, available.duration.rate), available.duration)
    for track in [one for one in timeline.tracks if one.kind == otio.schema.TrackKind.Audio or not one.enabled]:
        timeline.tracks.remove(track)
    return timeline


def melted(timeline: Any, rate: FrameRate, folder: Path) -> list[tuple[int, int] | None]:
    """What melt shows of an OTIO timeline, frame by frame."""
    folder.mkdir(parents=True, exist_ok=True)
    otio.adapters.write_to_file(normal(timeline), str(folder / "cut.mlt"), adapter_name="mlt_xml")
    width, height = SIZE
    profile = {"description": "t", "frame_rate_num": rate.numerator, "frame_rate_den": rate.denominator, "width": width, "height": height}
    profile |= {"progressive": 1, "sample_aspect_num": 1, "sample_aspect_den": 1, "display_aspect_num": 16, "display_aspect_den": 9}
    (folder / "profile").write_text("".join(f"{name}={value}\n" for name, value in {**profile, "colorspace": 709}.items()))
    consumer = ["-consumer", f"avformat:{folder / 'out.mkv'}", "vcodec=libx264", "preset=ultrafast", "crf=14", "an=1"]
    command = ["melt", str(folder / "cut.mlt"), "-quiet", "-profile", str(folder / "profile"), *consumer]
    subprocess.run([*command, "terminate_on_pause=1", "real_time=-1"], check=True, timeout=120, capture_output=True)
    return shown(folder / "out.mkv")


def rendered(timeline: Timeline, folder: Path) -> list[tuple[int, int] | None]:
    """What our own render shows."""
    paths = {row.media_id: row.path for row in timeline.media}
    render(film_of(timeline), folder / "film.mp4", paths=paths, cache=folder / "cache", options=RenderOptions(), workers=2)
    return shown(folder / "film.mp4")


def shown(path: Path) -> list[tuple[int, int] | None]:
    """The code on each frame of a film of SIZE, however large it is on disk."""
    width, height = SIZE
    picture = ["-vf", f"scale={width}:{height}:flags=area", "-fps_mode", "passthrough", "-pix_fmt", "gray", "-f", "rawvideo"]
    raw = subprocess.run(
        [ffmpeg.find_ffmpeg().path, "-v", "error", "-i", f"file:{path}", *picture, "-"], check=True, timeout=120, capture_output=True
    ).stdout
    pictures = np.frombuffer(raw, np.uint8).reshape(-1, height, width)
    return [footage.read_code(one) for one in pictures]


OPENSHOT = """
import json, os, sys
sys.path.insert(0, "/usr/lib/python3/dist-packages/openshot_qt")
from unittest.mock import MagicMock
from urllib.parse import unquote, urlparse
from classes.app import OpenShotApp

source, numerator, denominator, out = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
app = OpenShotApp(["x"], mode="unittest")
app.window = MagicMock()
app.project.load("")
app.updates.update(["fps"], {"num": numerator, "den": denominator})
import classes.importers.final_cut_pro as importer

def find(path):
    path = unquote(urlparse(path).path) if path.startswith("file:") else path
    return (path, True, False) if os.path.exists(path) else ("", True, True)

importer.find_missing_file = find
importer.QFileDialog = MagicMock(getOpenFileName=lambda *a, **k: (source, ""))
importer.import_xml()
rows = [{key: clip[key] for key in ("title", "position", "start", "end", "layer")} for clip in app.project._data["clips"]]
json.dump(rows, open(out, "w"))
os._exit(0)
"""
"""Runs under the system's Python, whose OpenShot is. It asks for files by dialog, so the dialog answers by itself."""


def openshot(xml: Path, rate: FrameRate, folder: Path) -> list[dict[str, Any]]:
    """What OpenShot's own importer makes of a Final Cut 7 XML file: position, start, end in seconds, title, layer."""
    script, out = folder / "import.py", folder / "parsed.json"
    script.write_text(OPENSHOT)
    environment = {"QT_QPA_PLATFORM": "offscreen", "HOME": str(folder), "PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"}
    command = ["/usr/bin/python3", str(script), str(xml), str(rate.numerator), str(rate.denominator), str(out)]
    done = subprocess.run(command, env=environment, timeout=120, capture_output=True, check=False)
    assert out.is_file(), done.stderr.decode()[-2000:]
    rows: list[dict[str, Any]] = json.loads(out.read_bytes())
    return sorted(rows, key=lambda row: float(row["position"]))


def spelled_out(xml: bytes) -> bytes:
    """The same with every file described at each of its uses, as OpenShot needs it: it does not follow ids of files."""
    root = ET.fromstring(xml)
    full = {one.attrib["id"]: one for one in root.iter("file") if one.find("pathurl") is not None}
    for item in root.iter("clipitem"):
        file = item.find("file")
        if file is not None and file.find("pathurl") is None:
            item[list(item).index(file)] = full[file.attrib["id"]]
    return ET.tostring(root)


def frames_of(seconds: float, rate: FrameRate) -> int:
    """A whole number of frames, or it was none."""
    exact = Fraction(seconds).limit_denominator(10**7) * rate.fraction
    assert abs(exact - round(exact)) < Fraction(1, 1000), seconds
    return round(exact)
