"""Time and memory of analysing a song of three minutes: `python tests/benchmarks/bench_song_cost.py [SONG]`.

Beside it, in the same run, decoding it and librosa's own beat tracker. Warm: libraries are loaded and compiled before the clock starts.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

LENGTH_S = 180.0


def main() -> None:
    import librosa

    from engine.analysis.song import RATE_HZ, analyse_song
    from engine.media.decode import audio
    from engine.media.encode import write_wav
    from engine.media.probe import probe

    media = Path(__file__).parents[3] / "shared" / "media" / "songs" / "cluecards_lobby.mp3"
    song = Path(sys.argv[1]) if len(sys.argv) > 1 else media
    if not song.exists():
        print(f"skipped: {song} is absent")
        return
    with tempfile.TemporaryDirectory() as folder:
        samples = audio(song, RATE_HZ)
        long = np.resize(samples, round(LENGTH_S * RATE_HZ))
        path = Path(folder) / "song.wav"
        write_wav(path, long, RATE_HZ)
        short = Path(folder) / "short.wav"
        write_wav(short, long[: 12 * RATE_HZ], RATE_HZ)
        analyse_song(probe(short))
        librosa.beat.beat_track(y=long[: 12 * RATE_HZ], sr=RATE_HZ)
        rows = []
        for name, work in (
            ("decoding alone", lambda: audio(path, RATE_HZ)),
            ("librosa.beat.beat_track", lambda: librosa.beat.beat_track(y=audio(path, RATE_HZ), sr=RATE_HZ)),
            ("cutprint, everything", lambda: analyse_song(probe(path))),
        ):
            started = time.perf_counter()
            work()
            rows.append((name, time.perf_counter() - started))
    base = rows[1][1]
    for name, taken in rows:
        print(f"{name:26} {taken:6.2f} s   {taken / base:5.2f} of librosa's tracker")
    print(f"largest memory of the process {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


if __name__ == "__main__":
    main()
