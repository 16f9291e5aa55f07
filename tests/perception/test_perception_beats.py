"""The published beat tracker: its front end, its weights, and what happens without them. Needs the extra [beats] for some."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from engine.analysis.song import RATE_HZ, analyse_samples
from engine.errors import MissingToolError
from engine.perception.beat_this import BeatThisListener, mel_spectrogram

ABSENT = "the extra [beats] (beat-this and torch) is not installed"


def test_a_tone_stands_in_the_mel_band_of_its_pitch() -> None:
    tone = np.sin(2 * np.pi * 1000 * np.arange(RATE_HZ) / RATE_HZ).astype(np.float32)
    mel = mel_spectrogram(tone)
    assert mel.shape == (51, 128)
    # Slaney: 15 mel at 1 kHz; 128 bands between 30 Hz (.45 mel) and 11 kHz (50.7).
    assert int(mel[25].argmax()) == pytest.approx((15 - 0.45) / (50.7 - 0.45) * 129 - 1, abs=1)
    assert mel_spectrogram(np.zeros(200, np.float32)).shape == (1, 128)


@dataclasses.dataclass(frozen=True)
class Metronome:
    """A listener that hears 100 beats a minute in everything, 50 frames a second, three to the bar."""

    name: str = "metronome"
    rate_hz: int = RATE_HZ
    frames_per_s: float = 50.0

    def curves(self, samples: np.ndarray) -> np.ndarray:
        curves = np.full((len(samples) // 441 + 1, 2), 0.001, np.float32)
        curves[5::30, 0] = 0.95
        curves[5::90, 1] = 0.95
        return curves


def test_beats_come_from_the_listener_that_is_given() -> None:
    noise = np.random.default_rng(0).normal(0, 0.1, 20 * RATE_HZ).astype(np.float32)
    found = analyse_samples(noise, listener=Metronome())
    assert found.options == "metronome" and found.beat_source == "tracked"
    assert found.tempo_bpm == pytest.approx(100, rel=0.02) and found.beats_per_bar == 3
    assert np.abs(np.array(found.beats[1:-1]) - 0.1 - 0.6 * np.round((np.array(found.beats[1:-1]) - 0.1) / 0.6)).max() < 0.05


def test_without_the_package_it_says_what_to_install(tmp_path: Path) -> None:
    try:
        import beat_this  # noqa: F401
    except ImportError:
        with pytest.raises(MissingToolError, match="not installed") as caught:
            BeatThisListener(tmp_path / "final0.ckpt")
        assert caught.value.code == "beats_missing" and "cutprint[beats]" in caught.value.hint
    else:
        pytest.skip("the extra [beats] is installed")


def test_tiny_random_weights_are_loaded_and_heard(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch", reason=ABSENT)
    tracker = pytest.importorskip("beat_this.model.beat_tracker", reason=ABSENT)
    torch.manual_seed(0)
    sizes = {"transformer_dim": 32, "n_layers": 1, "head_dim": 8, "stem_dim": 8, "ff_mult": 1}
    network = tracker.BeatThis(**sizes)
    state = {f"model.{key}": value for key, value in network.state_dict().items()}
    torch.save({"hyper_parameters": {**sizes, "lr": 1e-3}, "state_dict": state}, tmp_path / "tiny.ckpt")
    listener = BeatThisListener(tmp_path / "tiny.ckpt")
    noise = np.random.default_rng(0).normal(0, 0.1, 70 * RATE_HZ).astype(np.float32)
    curves = listener.curves(noise)
    assert curves.shape == (3501, 2) and curves.min() >= 0 and curves.max() <= 1
    # In one go it hears the same, away from the borders of its pieces.
    with torch.inference_mode():
        out = network.eval()(torch.from_numpy(mel_spectrogram(noise[: 20 * RATE_HZ])[None]))
    assert torch.sigmoid(out["beat"][0]).numpy()[50:900] == pytest.approx(curves[50:900, 0], abs=0.05)
    (tmp_path / "other.ckpt").write_bytes(b"no weights")
    with pytest.raises(MissingToolError) as caught:
        BeatThisListener(tmp_path / "other.ckpt")
    assert caught.value.code == "beat_weights_unusable"
