"""Small copies for preview: what they hold, and that they appear whole or not at all."""

from __future__ import annotations

from pathlib import Path

import footage
import numpy as np
import pytest

from engine.analysis.clip import AnalysisOptions, analyse_clip
from engine.errors import Cancelled
from engine.media.decode import FrameReader
from engine.media.probe import probe
from engine.media.proxy import ProxyWriter, write_proxy
from engine.progress import CallbackProgress


def numbers(path: Path) -> list[int]:
    return [code[1] for frame in FrameReader(probe(path), pixel="rgb") if (code := footage.read_code(frame.picture)) is not None]


def test_the_measuring_pass_writes_every_moment_as_a_key_frame(tmp_path: Path) -> None:
    clip = footage.coded_video(tmp_path / "clip.mp4", frames=50, rate="25")
    proxy = tmp_path / "cache" / "proxy.mp4"
    analyse_clip(probe(clip), AnalysisOptions(faces=False), proxy=proxy)
    assert [entry.name for entry in proxy.parent.iterdir()] == ["proxy.mp4"]
    video = probe(proxy).video
    assert video is not None and video.rate.fps == 30 and video.duration_frames == 60
    assert numbers(proxy) == [min(49, k * 25 // 30) for k in range(60)], "what was on screen at k / 30 s"
    assert all(frame.is_key for frame in FrameReader(probe(proxy)))


def test_turned_and_variable_sources_are_upright_and_keep_their_time(tmp_path: Path) -> None:
    phone = footage.rotated(footage.coded_video(tmp_path / "phone.mp4", frames=12, size=(320, 180)), 90)
    assert write_proxy(probe(phone), tmp_path / "phone-proxy.mp4")
    video = probe(tmp_path / "phone-proxy.mp4").video
    assert video is not None and (video.display_width, video.display_height, video.rotation) == (180, 320, 0)
    uneven = footage.variable_rate_video(tmp_path / "uneven.mp4", frames=30)
    assert write_proxy(probe(uneven), tmp_path / "uneven-proxy.mp4")
    shown = numbers(tmp_path / "uneven-proxy.mp4")
    assert all(abs(shown[k] - shown[0] - k) <= 1 for k in range(len(shown)))


def test_a_stop_or_a_refusing_disk_leaves_nothing(tmp_path: Path) -> None:
    clip = footage.coded_video(tmp_path / "clip.mp4", frames=40)
    told: list[object] = []
    stopped = CallbackProgress(lambda *words: told.append(words), lambda: len(told) > 2)
    stopped.stage("", 40)
    with pytest.raises(Cancelled):
        analyse_clip(probe(clip), AnalysisOptions(faces=False), stopped, tmp_path / "cache" / "proxy.mp4")
    assert not list((tmp_path / "cache").iterdir())
    (tmp_path / "file").write_text("in the way")
    facts = analyse_clip(probe(clip), AnalysisOptions(faces=False), proxy=tmp_path / "file" / "proxy.mp4")
    assert facts.duration_frames == 40, "a disk that refuses costs the proxy, never the measurement"
    writer = ProxyWriter(tmp_path / "file" / "proxy.mp4")
    writer.see(0.0, (np.zeros((36, 64), np.uint8), np.zeros((18, 32), np.uint8), np.zeros((18, 32), np.uint8)))
    assert writer.failed
