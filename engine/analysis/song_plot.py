"""A picture of a song: waveform, energy, beats, bars, sections, drops."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from engine.media.decode import audio
from engine.model.analysis import SongAnalysis
from engine.model.media import Media

__all__ = ["plot_song"]

COLOURS = {"intro": "#9ecae1", "build": "#fdae6b", "drop": "#e6550d", "break": "#a1d99b", "outro": "#bcbddc", "verse": "#d9d9d9"}


def plot_song(media: Media, analysis: SongAnalysis, path: Path) -> None:
    """Draws the song to a PNG file at `path`."""
    from matplotlib.figure import Figure

    rate_hz = 4_000
    samples = audio(media.path, rate_hz)
    figure = Figure(figsize=(16, 5), dpi=110, layout="constrained")
    axes = figure.subplots()
    width = max(1, len(samples) // 4000)
    peaks = np.abs(samples[: len(samples) // width * width]).reshape(-1, width).max(axis=1) if len(samples) >= width else samples
    at = np.arange(len(peaks)) * width / rate_hz
    for section in analysis.sections:
        axes.axvspan(section.start_s, section.end_s, color=COLOURS.get(section.label, "#eeeeee"), alpha=0.45, lw=0)
        axes.text((section.start_s + section.end_s) / 2, 1.12, section.label, ha="center", fontsize=9)
    axes.fill_between(at, -peaks, peaks, color="#444444", lw=0)
    axes.plot(np.arange(len(analysis.energy)) / analysis.energy_rate_hz, analysis.energy, color="#08519c", lw=1.5, label="energy")
    axes.vlines(analysis.beats, -1.0, -0.9, color="#222222", lw=0.6)
    axes.vlines(analysis.downbeats, -1.0, -0.8, color="#cb181d", lw=1.0, label="bars")
    axes.vlines(analysis.drops, -1.0, 1.05, color="#e6550d", lw=2.5, label="drops")
    axes.set(xlim=(0, max(analysis.duration_s, 0.1)), ylim=(-1.05, 1.25), xlabel="seconds", yticks=[])
    axes.set_title(f"{media.name}: {analysis.tempo_bpm:.1f} beats a minute, confidence {analysis.confidence:.2f}")
    axes.legend(loc="lower right", fontsize=8)
    part = path.with_name(f".{path.stem}.part.png")
    figure.savefig(part, format="png")
    part.replace(path)
