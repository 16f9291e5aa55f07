"""Beats by Beat This! (Foscarin, Schlueter, Widmer 2024), a published network whose code and weights are under the MIT licence.

Needs the extra `[beats]` and a weights file that the user has; nothing is downloaded. Its front end is rebuilt here from its published
figures, so that torchaudio is not needed: 22 050 Hz, Hann windows of 1024 every 441 samples, 128 mel bands (Slaney) from 30 Hz to 11 kHz.
"""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import MissingToolError

__all__ = ["BeatThisListener", "mel_spectrogram"]

RATE_HZ, WINDOW, HOP, BANDS = 22_050, 1024, 441, 128
LOWEST_HZ, HIGHEST_HZ = 30.0, 11_000.0
LOUDER = 1000.0
PIECE_FRAMES, BORDER_FRAMES = 1500, 50
"""What goes through the network at once (30 s, its training length) and how much of each end is heard but not used."""


class BeatThisListener:
    """Curves of likelihood from the weights in `path`. Raises `MissingToolError` where package or weights cannot be used."""

    rate_hz = RATE_HZ
    frames_per_s = RATE_HZ / HOP

    def __init__(self, path: Path) -> None:
        self.name = f"beat_this:{path.stem}"
        self._network = _network(path)

    def curves(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """Probability of a beat and of a downbeat in each frame, shape (frames, 2). samples : mono, `rate_hz`."""
        import torch

        mel = mel_spectrogram(samples)
        found = np.zeros((len(mel), 2), np.float32)
        step = PIECE_FRAMES - 2 * BORDER_FRAMES
        with torch.inference_mode():
            for start in range(0, len(mel), step):
                first = max(0, start - BORDER_FRAMES)
                out = self._network(torch.from_numpy(mel[first : start + step + BORDER_FRAMES][None]))
                both = torch.sigmoid(torch.stack([out["beat"][0], out["downbeat"][0]], dim=1)).float().numpy()
                count = min(step, len(mel) - start)
                found[start : start + count] = both[start - first : start - first + count]
        return found


def _network(path: Path) -> Any:
    try:
        import torch
        from beat_this.model.beat_tracker import BeatThis
    except ImportError as cause:
        raise MissingToolError("beats_missing", "Beat This! is not installed.", 'Run pip install "cutprint[beats]".') from cause
    try:
        kept = torch.load(path, map_location="cpu", weights_only=True)
        known = set(inspect.signature(BeatThis).parameters)
        network = BeatThis(**{key: value for key, value in kept["hyper_parameters"].items() if key in known})
        network.load_state_dict({key.removeprefix("model."): value for key, value in kept["state_dict"].items()})
    except Exception as cause:  # torch raises what it likes at files that are none of its own
        hint = "Set beat_weights to a checkpoint of Beat This!, such as final0.ckpt, or leave it empty."
        raise MissingToolError("beat_weights_unusable", f"{path} holds no weights of Beat This!.", hint, path=str(path)) from cause
    return network.eval()


def mel_spectrogram(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """log(1 + LOUDER x mel magnitude), shape (frames, BANDS), frame k centred on sample k * HOP."""
    padded = np.pad(samples, WINDOW // 2, mode="reflect" if len(samples) > WINDOW // 2 else "constant")
    frames = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::HOP]
    window, filters = np.hanning(WINDOW + 1)[:-1].astype(np.float32), _filters()
    parts = []
    for start in range(0, len(frames), PIECE_FRAMES):
        spectrum = np.abs(np.fft.rfft(frames[start : start + PIECE_FRAMES] * window, axis=1)) / np.sqrt(WINDOW)
        parts.append(np.log1p(LOUDER * (spectrum @ filters)))
    return np.concatenate(parts).astype(np.float32)


def _filters() -> NDArray[np.float32]:
    """Triangles evenly spaced in mel, of height 1: shape (bins, BANDS)."""
    edges = _hz(np.linspace(_mel(LOWEST_HZ), _mel(HIGHEST_HZ), BANDS + 2))
    bins = np.arange(WINDOW // 2 + 1)[:, None] * RATE_HZ / WINDOW
    rise, fall = (bins - edges[:-2]) / np.diff(edges)[:-1], (edges[2:] - bins) / np.diff(edges)[1:]
    return np.asarray(np.maximum(0, np.minimum(rise, fall)), np.float32)


LINEAR_TO_HZ, HZ_PER_MEL, MELS_PER_E = 1000.0, 200.0 / 3, 27.0 / np.log(6.4)
"""Slaney's scale (Auditory Toolbox 1998): linear to 1 kHz, logarithmic above."""


def _mel(hz: float) -> float:
    return hz / HZ_PER_MEL if hz < LINEAR_TO_HZ else LINEAR_TO_HZ / HZ_PER_MEL + float(np.log(hz / LINEAR_TO_HZ)) * MELS_PER_E


def _hz(mel: NDArray[np.float64]) -> NDArray[np.float64]:
    bend = LINEAR_TO_HZ / HZ_PER_MEL
    return np.where(mel < bend, mel * HZ_PER_MEL, LINEAR_TO_HZ * np.exp((np.maximum(mel, bend) - bend) / MELS_PER_E))
