"""Writes features and targets of training music to a folder: `python -m engine.analysis.training.make_examples FOLDER FIRST LAST`.

Seeds are the numbers FIRST to LAST; each gives one piece of every style that is trained on and one beatless piece, as it is and augmented.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from engine.analysis.beats_network import FRAMES_PER_S, bands
from engine.analysis.training.music import STYLES, Piece, augmented, beatless, compose

__all__ = ["LEFT_OUT", "targets"]

LEFT_OUT = ("bossa", "disco", "ballad", "country", "breaks")
"""Styles that training never hears: they tell what to expect of new ones."""


def targets(piece: Piece, frames: int) -> np.ndarray[tuple[int, int], np.dtype[np.float16]]:
    """1 on the frame of a beat (column 0) or downbeat (column 1), a half beside it."""
    found = np.zeros((frames, 2), np.float16)
    for time, position in piece.beats:
        at = round(time * FRAMES_PER_S)
        for column in (0, 1) if position == 1 else (0,):
            for frame, value in ((at - 1, 0.5), (at + 1, 0.5), (at, 1.0)):
                if 0 <= frame < frames:
                    found[frame, column] = max(found[frame, column], value)
    return found


def write(piece: Piece, path: Path) -> None:
    levels = bands(piece.samples)
    part = path.with_suffix(".part.npz")
    np.savez(part, levels=levels.astype(np.float16), targets=targets(piece, len(levels)))
    part.replace(path)


def main(folder: Path, first: int, last: int) -> None:
    for seed in range(first, last + 1):
        for name in STYLES:
            piece = compose(name, seed, 40.0)
            kind = "test" if name in LEFT_OUT else "train"
            write(piece, folder / f"{kind}_{name}_{seed}_a.npz")
            if kind == "train":
                write(augmented(piece, seed), folder / f"{kind}_{name}_{seed}_b.npz")
        for variant in "ab":
            write(beatless(2 * seed + (variant == "b")), folder / f"train_beatless_{seed}_{variant}.npz")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
