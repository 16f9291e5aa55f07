"""Time and memory of analysing a song of three minutes: `python tests/benchmarks/bench_song_cost.py [SONG [MINUTES]]`.

Beside it, in the same run, decoding it and librosa's own beat tracker. Warm: libraries are loaded and compiled before the clock starts.
Seconds on the clock, and of processor time in this process (which a busy machine does not distort); memory before librosa's tracker ran.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

MINUTES = 3.0


def main() -> None:
    import librosa

    from engine.analysis.song import RATE_HZ, analyse_song
    from engine.media.decode import audio
    from engine.media.encode import write_wav
    from engine.media.probe import probe

    media = Path(__file__).parents[3] / "shared" / "media" / "songs" / "cluecards_lobby.mp3"
    song = Path(sys.argv[1]) if len(sys.argv) > 1 else media
    minutes = float(sys.argv[2]) if len(sys.argv) > 2 else MINUTES
    if not song.exists():
        print(f"skipped: {song} is absent")
        return
    with tempfile.TemporaryDirectory() as folder:
        samples = audio(song, RATE_HZ)
        long = np.resize(samples, round(minutes * 60 * RATE_HZ))
        path = Path(folder) / "song.wav"
        write_wav(path, long, RATE_HZ)
        short = Path(folder) / "short.wav"
        write_wav(short, long[: 12 * RATE_HZ], RATE_HZ)
        analyse_song(probe(short))
        rows = [
            _timed("decoding alone", lambda: audio(path, RATE_HZ)),
            _timed("cutprint, everything", lambda: analyse_song(probe(path))),
        ]
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        librosa.beat.beat_track(y=long[: 12 * RATE_HZ], sr=RATE_HZ)
        rows.append(_timed("librosa.beat.beat_track", lambda: librosa.beat.beat_track(y=audio(path, RATE_HZ), sr=RATE_HZ)))
    for name, clock, processor in rows:
        print(f"{name:26} {clock:6.2f} s, of a processor {processor:6.2f} s: {processor / rows[-1][2]:5.2f} of librosa's tracker")
    print(f"largest memory of the process {memory:.0f} MB")


def _timed(name: str, work: Callable[[], object]) -> tuple[str, float, float]:
    clock, processor = time.perf_counter(), time.process_time()
    work()
    return name, time.perf_counter() - clock, time.process_time() - processor


if __name__ == "__main__":
    main()
