"""Styles that nobody plays: grooves drawn from a seed by what holds for most music, so that a network learns the rule and not the style.

Kicks love the first beat, snares the middle of the bar, hats an even pulse, basses the kick; everything may be otherwise. A third of the
grooves change between beat and half-time beat, some have no drums at all.
"""

from __future__ import annotations

import numpy as np

from engine.analysis.training.sounds import Random
from engine.analysis.training.styles import FORMS, Style

__all__ = ["INVENTED", "invented"]

INVENTED = "invented"
"""Name under which `music.compose` makes a piece in a style of its own."""

MEDIAN_BPM, SPREAD = 112.0, 0.33
"""Centre and spread (of the logarithm) of tempo: pop music's."""
SLOWEST, FASTEST = 56.0, 208.0
CHORDS = (
    "pad", "block", "strum", "arp8", "arp16", "stabs", "comp", "offbeat", "mutes", "bells", "alberti", "ostinato", "boomchick", "power",
)  # fmt: skip
TERNARY_CHORDS = ("pad", "block", "comp3", "arp3", "organ", "stabs")
CHORD_SOUNDS = (
    "piano", "epiano", "guitar", "organ", "pad", "strings", "stab", "brass", "mallet", "pluck", "muted", "distorted", "voice", "bell",
)  # fmt: skip
LEAD_SOUNDS = (
    "lead", "pluck", "flute", "bell", "brass", "piano", "chip", "guitar", "strings", "mallet", "distorted", "organ", "epiano",
)  # fmt: skip


def invented(seed: int) -> Style:
    """A style drawn from `seed`."""
    rng = np.random.default_rng([seed, 23])
    metre, steps = [(4, 4), (4, 4), (4, 4), (4, 4), (4, 3), (3, 4)][int(rng.integers(6))]
    bpm = float(np.clip(MEDIAN_BPM * np.exp(rng.normal(0, SPREAD)), SLOWEST, FASTEST))
    drums = tuple(_kit(rng, metre, steps, bpm) for _ in range(3))
    chords = TERNARY_CHORDS if steps == 3 else ("pad", "block", "oompah", "arp8", "strum", "comp") if metre == 3 else CHORDS
    live = rng.random() < 0.5
    return Style(
        bpm=(bpm * 0.99, bpm * 1.01),
        drums=drums,
        bass=tuple(_bass(rng, metre, steps, drums[0].get("kick", "")) for _ in range(2)),
        chords=tuple(str(kind) for kind in rng.choice(chords, size=2)),
        lead=("melody", "riff", "voice", ""),
        metre=metre,
        steps=steps,
        swing=(0.5, 0.5) if steps == 3 or rng.random() < 0.7 else (0.53, 0.66),
        loose_ms=(2.0, 18.0) if live else (0.0, 3.0),
        form=str(rng.choice(list(FORMS), p=[0.35, 0.45, 0.2])),
        bass_sounds=("bass", "sub", "sawbass"),
        chord_sounds=tuple(str(sound) for sound in rng.choice(CHORD_SOUNDS, size=3)),
        lead_sounds=tuple(str(sound) for sound in rng.choice(LEAD_SOUNDS, size=3)),
        drift=float(rng.choice([0.0, 0.01, 0.03])) if live else 0.0,
        push=float(rng.choice([0.0, 0.1, 0.5])),
    )


def _kit(rng: Random, metre: int, steps: int, bpm: float) -> dict[str, str]:
    """Patterns of one drummer; empty where nobody drums."""
    if rng.random() < 0.08:
        return {}
    size, kit = metre * steps, {}
    kit["kick"] = _kick(rng, metre, steps)
    snare = _snare(rng, metre, steps, bpm)
    if snare:
        kit[str(rng.choice(["snare", "snare", "clap", "rim", "brush"]))] = snare
    kit |= _pulse(rng, metre, steps, bpm)
    if rng.random() < 0.35:
        kit[str(rng.choice(["conga", "rim", "bell", "tom", "shaker"]))] = _spread(rng, size)
    return kit


def _kick(rng: Random, metre: int, steps: int) -> str:
    if rng.random() < 0.2:
        return ("X" + "-" * (steps - 1)) * metre
    busy = float(rng.uniform(0.3, 1.6))
    chance = [0.95 if k == 0 else busy * (0.25 if k % steps == 0 else 0.18 if k % 2 == 0 else 0.09) for k in range(metre * steps)]
    if metre == 4:
        chance[2 * steps] += 0.35
    return "".join("x" if rng.random() < share else "-" for share in chance)


def _snare(rng: Random, metre: int, steps: int, bpm: float) -> str:
    """On two and four, on three alone (fast tempos, half time), on every off-beat (fast feel), or anywhere."""
    size, kind = metre * steps, rng.random()
    hits: set[int] = set()
    if metre == 3:
        hits = {2 * steps} if kind < 0.4 else {steps, 2 * steps} if kind < 0.8 else set()
    elif kind < 0.62:
        hits = {steps, 3 * steps}
    elif kind < 0.76 and bpm > 95:
        hits = {2 * steps}
    elif kind < 0.82 and bpm < 100:
        hits = {k * steps + steps // 2 for k in range(metre)}
    elif kind < 0.87:
        hits = {k * steps for k in range(metre)}
    ghosts = float(rng.choice([0.0, 0.0, 0.06, 0.15]))
    marks = ["X" if k in hits else "o" if rng.random() < ghosts else "-" for k in range(size)]
    return "".join(marks) if any(mark != "-" for mark in marks) else ""


def _pulse(rng: Random, metre: int, steps: int, bpm: float) -> dict[str, str]:
    """Hats, ride or shaker: quarters, eighths, sixteenths (not too fast), off-beats, long-short-short, or broken."""
    kind = str(rng.choice(["hat", "hat", "ride", "shaker", "open", "brush"]))
    if steps == 3:
        beat = str(rng.choice(["xxx", "x-x", "X--", "xox", "--x"]))
    else:
        beats = ["X---", "x-x-", "X-o-", "--x-", "--X-", "x-xx", "xx-x", "xoxo" if bpm < 150 else "x-x-", "xxxx" if bpm < 130 else "X---"]
        beat = str(rng.choice(beats))
    pattern = list(beat * metre)
    if rng.random() < 0.3:
        pattern = [mark if rng.random() < 0.8 else "-" for mark in pattern]
    return {} if rng.random() < 0.15 else {kind: "".join(pattern)}


def _spread(rng: Random, size: int) -> str:
    """Hits as even as they can be, turned: what most claves, bells and tresillos are (Toussaint 2005, Euclidean rhythms)."""
    count, turn = int(rng.integers(3, max(4, size // 2 + 2))), int(rng.integers(size))
    hits = {(k * size // count + turn) % size for k in range(count)}
    return "".join("x" if k in hits else "-" for k in range(size))


def _bass(rng: Random, metre: int, steps: int, kick: str) -> str:
    size, kind = metre * steps, rng.random()
    if kind < 0.3 and "x" in kick.lower():
        return kick.lower()
    if kind < 0.5:
        return ("x" + "-" * (steps - 1)) * metre
    if kind < 0.6:
        return ("-" * (steps // 2) + "x" + "-" * (steps - 1 - steps // 2)) * metre
    if kind < 0.7:
        return "-" * size
    chance = [0.85 if k == 0 else 0.4 if k % steps == 0 else 0.3 if k % 2 == 0 else 0.15 for k in range(size)]
    return "".join("x" if rng.random() < share else "-" for share in chance)
