"""Fits which level to count at, and how sure to be: `python -m engine.analysis.training.levels BANK OUT.npz [SEEDS]`.

It makes its own music, of seeds that the network was not trained on, SEEDS of each style. Prints how well what was fitted does on styles
that it was not fitted on, by parts of the styles in turn and on those that the network was not trained on either. A reading is right from
F .8 at 70 ms.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.analysis.beats import EDGE_FRAMES, readings_of
from engine.analysis.beats_evidence import FACTS, harmony
from engine.analysis.beats_levels import LEAST_BEATS, Reading, believed, chosen, odds, sureness
from engine.analysis.beats_network import FRAMES_PER_S, bands
from engine.analysis.training.bank import Bank
from engine.analysis.training.effects import produced
from engine.analysis.training.grooves import INVENTED
from engine.analysis.training.make_examples import INVENTED_A_SEED, LEFT_OUT
from engine.analysis.training.music import STYLES, compose

FIRST_SEED, FIRST_INVENTED, LENGTH_S = 31_000, 32_000, 50.0
PLAIN_EVERY = 3
"""One piece in so many is as it was composed; the others are as a studio would produce them."""
MUSIC = FACTS
BEATS = ("decoded", "beat", "beat_odds", "half", "half_odds", "third", "quarter")
BARS = ("decoded", "beat", "beat_odds", "half", "half_odds", "bar", "in_bar", "half_bar")
LEVEL_FACTS = (BEATS + MUSIC, BARS + MUSIC, (*dict.fromkeys(BEATS + BARS), "share", "alternating", *MUSIC))
"""Sets of facts that are fitted apart and averaged: bars tell more where the style is known, beats alone more where it is not."""
SURE_FACTS = ("beat", "beat_odds", "weakest", "share", "bar", "unsteady")
RIGHT_F, NEAR_S = 0.8, 0.07
PRIOR = 1.0
"""Precision of the normal prior of the weights."""
PARTS = 8

Array = NDArray[np.float64]
Fit = dict[str, Array]


@dataclass(frozen=True)
class Example:
    style: str
    left_out: bool
    readings: list[Reading]
    right: Array


def composed(bank: Bank, seeds: int) -> Iterator[Example]:
    """Music with a beat in each style, and INVENTED_A_SEED pieces a seed that are each a style of their own."""
    for k in range(seeds):
        numbers = range(FIRST_INVENTED + k * INVENTED_A_SEED, FIRST_INVENTED + (k + 1) * INVENTED_A_SEED)
        for style, seed in [*((name, FIRST_SEED + k) for name in STYLES), *((INVENTED, number) for number in numbers)]:
            piece = compose(style, seed, LENGTH_S, bank)
            piece = produced(piece, seed) if seed % PLAIN_EVERY else piece
            true = np.array([time for time, _ in piece.beats])
            if len(true) >= LEAST_BEATS:
                found = readings_of(bands(piece.samples), harmony(piece.samples))
                yield example(f"invented_{seed}" if style == INVENTED else str(style), found, true)


def example(style: str, found: list[Reading], true: Array) -> Example:
    return Example(style, style in LEFT_OUT, found, np.array([_f(reading, true) >= RIGHT_F for reading in found], float))


def _f(reading: Reading, true: Array) -> float:
    beats = (reading.found.frames - EDGE_FRAMES) / FRAMES_PER_S
    beats = beats[(beats > true[0] - 0.2) & (beats < true[-1] + 0.2)]
    if not len(beats):
        return 0.0
    near = np.abs(beats[:, None] - true[None, :]) <= NEAR_S
    hits = min(near.any(axis=0).sum(), near.any(axis=1).sum())
    return float(2 * hits / (len(beats) + len(true)))


def fitted(examples: Sequence[Example]) -> Fit:
    """Weights under the names that `beats_levels` reads. How sure to be is learned from levels chosen without knowing the style."""
    levels = fitted_levels(examples)
    inside, fits = in_parts(examples, fitted_levels)
    shares = [believed(one.readings, fits[number]) for one, number in zip(examples, inside)]
    return levels | _fitted_sureness(examples, shares)


def in_parts(examples: Sequence[Example], fit: Callable[[Sequence[Example]], Fit]) -> tuple[list[int], list[Fit]]:
    """The part that each example is in, whole styles together, and for each part a fit to the others."""
    styles = sorted({one.style for one in examples})
    part = {style: k % PARTS for k, style in enumerate(np.random.default_rng(0).permutation(styles))}
    inside = [part[one.style] for one in examples]
    return inside, [fit([one for one, number in zip(examples, inside) if number != left]) for left in range(PARTS)]


def fitted_levels(examples: Sequence[Example]) -> Fit:
    """The mean of a conditional logit on each of LEVEL_FACTS."""
    names = list(dict.fromkeys(name for facts in LEVEL_FACTS for name in facts))
    known = [one for one in examples if one.right.any()]
    tables = [np.array([[reading.facts[name] for name in names] for reading in one.readings]) for one in known]
    mean, scale = np.concatenate(tables).mean(axis=0), np.concatenate(tables).std(axis=0) + 1e-6
    total = np.zeros(len(names))
    for facts in LEVEL_FACTS:
        columns = [names.index(name) for name in facts]
        total[columns] += _logit([((table - mean) / scale)[:, columns] for table in tables], [one.right for one in known])
    return {"level_names": np.array(names), "level_mean": mean, "level_scale": scale, "level": total / len(LEVEL_FACTS)}


def _logit(tables: Sequence[Array], right: Sequence[Array]) -> Array:
    from scipy.optimize import minimize

    def loss(weights: Array) -> tuple[float, Array]:
        total, slope = PRIOR / 2 * float(weights @ weights), PRIOR * weights
        for table, good in zip(tables, right):
            worth = table @ weights
            shares = np.exp(worth - worth.max())
            shares /= shares.sum()
            chance = float(shares @ good) + 1e-12
            total -= np.log(chance)
            slope = slope + table.T @ (shares - shares * good / chance)
        return total, slope

    return np.asarray(minimize(loss, np.zeros(tables[0].shape[1]), jac=True, method="L-BFGS-B").x)


def _fitted_sureness(examples: Sequence[Example], shares: Sequence[Array]) -> Fit:
    from scipy.optimize import minimize

    rows, right = [], []
    for one, share in zip(examples, shares):
        best = chosen(share)
        rows.append([*(one.readings[best].facts[name] for name in SURE_FACTS), odds(float(share[best]))])
        right.append(one.right[best])
    table, truth = np.array(rows), np.array(right)
    mean, scale = table.mean(axis=0), table.std(axis=0) + 1e-6
    table = np.column_stack([(table - mean) / scale, np.ones(len(table))])

    def loss(weights: Array) -> tuple[float, Array]:
        chance = 1 / (1 + np.exp(-(table @ weights)))
        total = -float(np.log(np.where(truth > 0, chance, 1 - chance) + 1e-12).sum()) + PRIOR / 2 * float(weights[:-1] @ weights[:-1])
        return total, table.T @ (chance - truth) + PRIOR * np.append(weights[:-1], 0.0)

    found = minimize(loss, np.zeros(table.shape[1]), jac=True, method="L-BFGS-B").x
    return {"sure_names": np.array(SURE_FACTS), "sure_mean": mean, "sure_scale": scale, "sure": found[:-1], "sure_bias": found[-1]}


def judged(examples: Sequence[Example], fit: Fit) -> tuple[Array, Array]:
    """Whether the chosen reading is right, and how sure it says to be, for each example."""
    right, sure = [], []
    for one in examples:
        shares = believed(one.readings, fit)
        best = chosen(shares)
        right.append(one.right[best])
        sure.append(sureness(one.readings[best], float(shares[best]), fit))
    return np.array(right), np.array(sure)


def auc(sure: Array, right: Array) -> float:
    """How often a right one has more of it than a wrong one."""
    above = sure[right > 0][:, None] - sure[right <= 0][None, :]
    return float((above > 0).mean() + 0.5 * (above == 0).mean()) if above.size else float("nan")


def cross_judged(examples: Sequence[Example]) -> tuple[Array, Array]:
    """`judged` of each example by a fit that knows nothing of its style."""
    inside, fits = in_parts(examples, fitted)
    rows = [judged([one], fits[number]) for one, number in zip(examples, inside)]
    return np.concatenate([right for right, _ in rows]), np.concatenate([sure for _, sure in rows])


def main(bank: Path, out: Path, seeds: int) -> None:
    examples = list(composed(Bank(bank), seeds))
    heard = [one for one in examples if not one.left_out]
    held = [one for one in examples if one.left_out]
    for name, part, (right, sure) in (
        ("styles in turn", heard, cross_judged(heard)),
        ("left-out styles", held, judged(held, fitted(heard))),
    ):
        plain = np.mean([one.right[0] for one in part])
        print(f"{name}: {len(part)} pieces, right {right.mean():.3f} ({plain:.3f} as decoded), AUC {auc(sure, right):.3f}")
    weights: dict[str, Any] = {**fitted(heard)}
    np.savez(out, **weights)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else 3)
