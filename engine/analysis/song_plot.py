"""A picture of a song: waveform and energy, above them the sections, below them beats, bars, phrases, drops."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from engine.media.decode import audio
from engine.model.analysis import SongAnalysis
from engine.model.media import Media

__all__ = ["label_rows", "plot_song"]

COLOURS = {"intro": "#9ecae1", "build": "#fdae6b", "drop": "#e6550d", "break": "#a1d99b", "outro": "#bcbddc", "verse": "#d9d9d9"}
LETTER_SHARE = 0.0055
"""Width of a letter as a share of the picture's, at 9 points on 16 inches."""
ROWS = 3
"""Rows that labels of neighbours may take; a label for which there is no room in any is left out."""


def label_rows(spans: Sequence[tuple[float, float, str]], duration_s: float) -> list[tuple[float, int, str]]:
    """(centre in seconds, row from 0, label) of the labels of (start, end, label) that fit beside each other without overlap."""
    ends, placed = [-1.0] * ROWS, []
    for start, end, label in spans:
        half = (len(label) + 1) * LETTER_SHARE * duration_s / 2
        centre = min(max((start + end) / 2, half), max(half, duration_s - half))
        row = next((k for k in range(ROWS) if centre - half >= ends[k]), None)
        if row is not None:
            ends[row] = centre + half
            placed.append((centre, row, label))
    return placed


def plot_song(media: Media, analysis: SongAnalysis, path: Path) -> None:
    """Draws the song to a PNG file at `path`."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(16, 5.5), dpi=110, layout="constrained")
    top, middle, bottom = figure.subplots(3, 1, sharex=True, gridspec_kw={"height_ratios": [1.2, 6, 1]})
    _draw_sections(analysis, top, middle)
    _draw_sound(media, analysis, middle)
    _draw_beats(analysis, bottom)
    middle.vlines(analysis.drops, -1.0, 1.05, color="#e6550d", lw=2.5, label="drop")
    bottom.set(xlim=(0, max(analysis.duration_s, 0.1)), xlabel="seconds")
    top.set_title(f"{media.name}: {analysis.tempo_bpm:.1f} beats a minute, confidence {analysis.confidence:.2f}")
    figure.legend(loc="outside lower right", fontsize=8, ncols=6)
    part = path.with_name(f".{path.stem}.part.png")
    figure.savefig(part, format="png")
    part.replace(path)


def _draw_sections(analysis: SongAnalysis, top: Any, middle: Any) -> None:
    for section in analysis.sections:
        for axes in (top, middle):
            axes.axvspan(section.start_s, section.end_s, color=COLOURS.get(section.label, "#eeeeee"), alpha=0.45, lw=0)
            axes.axvline(section.start_s, color="white", lw=1.5)
    for at, row, label in label_rows([(one.start_s, one.end_s, one.label) for one in analysis.sections], analysis.duration_s):
        top.text(at, 0.83 - row / ROWS, label, ha="center", va="center", fontsize=9)
    top.set(ylim=(0, 1), yticks=[])


def _draw_sound(media: Media, analysis: SongAnalysis, axes: Any) -> None:
    rate_hz = 4_000
    samples = audio(media.path, rate_hz)
    width = max(1, len(samples) // 4000)
    peaks = np.abs(samples[: len(samples) // width * width]).reshape(-1, width).max(axis=1) if len(samples) >= width else samples
    at = np.arange(len(peaks)) * width / rate_hz
    axes.fill_between(at, -peaks, peaks, color="#666666", lw=0)
    axes.plot(np.arange(len(analysis.energy)) / analysis.energy_rate_hz, analysis.energy, color="#08519c", lw=1.5, label="energy")
    axes.set(ylim=(-1.05, 1.1), yticks=[])


def _draw_beats(analysis: SongAnalysis, axes: Any) -> None:
    axes.vlines(analysis.beats, 0.0, 0.4, color="#222222", lw=0.6, label="beat")
    axes.vlines(analysis.downbeats, 0.0, 0.65, color="#cb181d", lw=1.0, label="bar")
    axes.vlines(analysis.phrase_starts, 0.0, 1.0, color="#54278f", lw=1.6, label="phrase")
    axes.set(ylim=(0, 1.05), yticks=[])
