"""Writes features and targets of training music to a folder: `python -m engine.analysis.training.make_examples FOLDER FIRST LAST [BANK]`.

Seeds are the numbers FIRST to LAST; each gives one piece of every style that is trained on, as it is and augmented, and beatless pieces.
With a BANK of recorded instruments (see `bank`) it also gives pieces in styles of their own, all as a studio would produce them.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from engine.analysis.beats_network import FRAMES_PER_S, bands
from engine.analysis.training.bank import Bank
from engine.analysis.training.effects import produced
from engine.analysis.training.grooves import INVENTED
from engine.analysis.training.music import STYLES, Piece, augmented, beatless, compose

__all__ = ["LEFT_OUT", "targets"]

LEFT_OUT = ("bossa", "disco", "ballad", "country", "breaks")
"""Styles that training never hears: they tell what to expect of new ones."""
INVENTED_A_SEED, BEATLESS_A_SEED = 60, 6


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


def main(folder: Path, first: int, last: int, bank: Bank | None = None) -> None:
    for seed in range(first, last + 1):
        for name in STYLES:
            piece = compose(name, seed, 40.0, bank)
            kind = "test" if name in LEFT_OUT else "train"
            write(piece if bank is None else produced(piece, seed), folder / f"{kind}_{name}_{seed}_a.npz")
            if kind == "train":
                write(augmented(piece, seed), folder / f"{kind}_{name}_{seed}_b.npz")
        for index in range(INVENTED_A_SEED if bank is not None else 0):
            number = seed * INVENTED_A_SEED + index
            piece = produced(compose(INVENTED, number, 40.0, bank), number)
            write(augmented(piece, number) if index % 3 == 0 else piece, folder / f"train_invented_{number}_a.npz")
        for variant in range(BEATLESS_A_SEED if bank is not None else 2):
            write(beatless(seed * (BEATLESS_A_SEED if bank is not None else 2) + variant), folder / f"train_beatless_{seed}_{variant}.npz")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), Bank(Path(sys.argv[4])) if len(sys.argv) > 4 else None)
