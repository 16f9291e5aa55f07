"""Pages of videos."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

from bridge_server.pages.layout import Result, size

__all__ = ["PAGES"]


def render_page(result: Result) -> str:
    """What was made, how large, how long it took, and what was not as asked."""
    lines = [line for video in result["videos"] for line in _video(video)]
    if result["preview"]:
        made = result["preview"]
        lines.append(
            f"{made['path']}: {made['kind']} preview, {made['frames']} frames, {size(made['size_bytes'])}, {made['seconds_taken']:.1f} s."
        )
        lines += _common(made)
    if result["cover"]:
        what = "sharpest face" if result["cover"]["face"] else "picture"
        lines.append(f"{result['cover']['path']}: cover, the {what} at {result['cover']['time_s']:.2f} s.")
    return "\n".join(lines)


def _video(video: Result) -> Iterator[str]:
    where = f"{video['path']}: {video['frames']} frames, {video['width']}x{video['height']}"
    if "size_bytes" not in video:
        most = size(video["at_most_bytes"])
        yield f"{where}, {video['encoder']}, {video['segments']} segments: about {size(video['estimated_bytes'])} (at most {most})"
        yield f"  in about {video['estimated_s']:.0f} s."
    else:
        reused, all_segments = video["segments_reused"], video["segments_reused"] + video["segments_rendered"]
        cached = f", {reused} of {all_segments} segments from the cache" if reused else ""
        yield f"{where}, {video['encoder']}, {size(video['size_bytes'])}, {video['seconds_taken']:.0f} s{cached}."
        if video["loudness_lufs"] is not None:
            change = f" ({video['gain_db']:+.1f} dB)" if video["gain_db"] else ""
            yield f"Sound: {video['loudness_lufs']:.1f} LUFS, peaks to {video['true_peak_dbtp']:.1f} dBTP{change}."
    yield from _common(video)


def _common(made: Result) -> Iterator[str]:
    if made["song_start_s"] is not None:
        yield f"Frame 0 is second {made['song_start_s']:.3f} of the song."
    yield from (f"Note: {line}" for line in made["warnings"])


PAGES: Mapping[str, Callable[[Result], str]] = MappingProxyType({"render": render_page})
