"""Training music from a seed: the styles of `styles` played by synthetic instruments, with the true beats, bars, sections and drops."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from engine.analysis.training.bank import Bank, Players
from engine.analysis.training.grooves import INVENTED, invented
from engine.analysis.training.sounds import RATE_HZ, Random, Sound, drum, note, riser, room, speech, tilted
from engine.analysis.training.styles import FORMS, STYLES, Style

__all__ = ["STYLES", "Piece", "augmented", "beatless", "compose"]

VELOCITY = {"X": 1.0, "x": 0.75, "o": 0.35, "-": 0.0}


@dataclass(frozen=True)
class Piece:
    """Rendered music and its truth. beats : seconds and position in the bar (1 is the downbeat); drops : seconds."""

    style: str
    samples: Sound
    beats: tuple[tuple[float, int], ...]
    sections: tuple[tuple[float, float, str, float], ...] = ()
    drops: tuple[float, ...] = ()


@dataclass
class _Score:
    """A piece while it is being written: the clock, the sounds in use, and three buses."""

    rng: Random
    style: Style
    times: NDArray[np.float64]
    drums: Sound
    tonal: Sound
    swing: float
    loose_s: float
    players: Players
    sounds: dict[object, Sound] = field(default_factory=dict)

    def at(self, bar: int, step: float) -> float:
        """Seconds of a step of a bar, swung and played by a person."""
        steps = self.style.steps
        beat, part = divmod(step, steps)
        if steps == 4 and self.swing > 0.5:
            part += (part % 2 == 1) * (self.swing - 0.5) * 2
        where = bar * self.style.metre + beat + part / steps
        time = float(np.interp(where, np.arange(len(self.times)), self.times))
        return time + float(self.rng.normal(0, self.loose_s))

    def beat_s(self, bar: int) -> float:
        index = min(len(self.times) - 2, bar * self.style.metre)
        return float(self.times[index + 1] - self.times[index])

    def hit(self, kind: str, at_s: float, gain: float) -> None:
        key = (kind, int(self.rng.integers(2)))
        if key not in self.sounds:
            self.sounds[key] = self.players.drum(kind) if self.players.has_drum(kind) else drum(kind, self.rng)
        _put(self.drums, self.sounds[key], at_s, gain)

    def tone(self, timbre: str, pitch: float, at_s: float, seconds: float, gain: float) -> None:
        key = (timbre, round(pitch), round(seconds / 0.05))
        if key not in self.sounds:
            length = max(1, round(seconds / 0.05)) * 0.05
            recorded = self.players.has_note(timbre)
            self.sounds[key] = self.players.note(timbre, pitch, length) if recorded else note(timbre, round(pitch), length, self.rng)
        _put(self.tonal, self.sounds[key], at_s, gain)


def _put(bus: Sound, part: Sound, at_s: float, gain: float) -> None:
    start = round(at_s * RATE_HZ)
    if start < 0:
        part, start = part[-start:], 0
    part = part[: max(0, len(bus) - start)]
    bus[start : start + len(part)] += np.float32(gain) * part


def compose(name: str, seed: int, seconds: float = 45.0, bank: Bank | None = None) -> Piece:
    """A piece of style `name` (or of one of its own: INVENTED): the same seed and bank give the same samples."""
    rng = np.random.default_rng([seed, sum(map(ord, name))])
    style = invented(seed) if name == INVENTED else STYLES[name]
    bpm = float(rng.uniform(*style.bpm))
    bars = max(6, int(seconds / (60 / bpm * style.metre)))
    plan = _plan(rng, style, bars)
    times = _clock(rng, style, bpm, bars)
    length = round((times[-1] + 1.2) * RATE_HZ)
    swing, loose_s = float(rng.uniform(*style.swing)), float(rng.uniform(*style.loose_ms)) / 1000
    score = _Score(rng, style, times, np.zeros(length, np.float32), np.zeros(length, np.float32), swing, loose_s, Players(bank, seed))
    _play(score, plan)
    return _finished(score, plan, name)


def _plan(rng: Random, style: Style, bars: int) -> list[tuple[int, int, str, float, str]]:
    """Sections as (first bar, last bar, label, energy, layers), scaled to whole phrases that fill `bars`."""
    forms = FORMS[style.form]
    form = forms[int(rng.integers(len(forms)))]
    scale = bars / sum(row[2] for row in form)
    at, plan = 0, []
    for label, energy, count, layers in form:
        size = max(2, round(count * scale / 2) * 2)
        if at < bars:
            plan.append((at, min(bars, at + size), label, energy, layers))
        at += size
    return plan


def _clock(rng: Random, style: Style, bpm: float, bars: int) -> NDArray[np.float64]:
    """Seconds of every beat: steady, drifting, or with a change of tempo; a last beat more than the bars need."""
    count = bars * style.metre + 1
    period = np.full(count, 60 / bpm)
    if style.drift and rng.random() < 0.8:
        walk = np.cumsum(rng.normal(0, style.drift / 3, count))
        period *= np.exp(np.clip(walk - np.linspace(0, walk[-1], count) * 0.7, -0.18, 0.18))
    if rng.random() < 0.08:
        where = int(rng.uniform(0.3, 0.7) * bars) * style.metre
        period[where:] *= rng.uniform(0.85, 1.18)
    if style.drift > 0.012 and rng.random() < 0.4:
        period[-6:] *= np.linspace(1, rng.uniform(1.1, 1.5), 6)
    first = 0.0 if rng.random() < 0.3 else float(rng.uniform(0.05, 1.5))
    return np.asarray(first + np.concatenate([[0], np.cumsum(period)]))


def _play(score: _Score, plan: list[tuple[int, int, str, float, str]]) -> None:
    rng, style = score.rng, score.style
    kits = [_varied(rng, style.drums[int(rng.integers(len(style.drums)))]) for _ in range(2)]
    bass_line, bass_sound = str(rng.choice(style.bass)), str(rng.choice(style.bass_sounds))
    chords = [(str(rng.choice(style.chords)), str(rng.choice(style.chord_sounds))) for _ in range(2 if rng.random() < 0.5 else 1)]
    lead, lead_sound = str(rng.choice(style.lead)), str(rng.choice(style.lead_sounds))
    harmony = _harmony(rng)
    per_chord = int(rng.choice([1, 1, 1, 2]))
    riff = _rhythm(rng, style, 0.45)
    for first, last, label, energy, layers in plan:
        kit = kits[0] if label in ("verse", "intro", "outro") else kits[-1]
        for bar in range(first, last):
            chord = harmony[bar // per_chord % len(harmony)]
            gain = 0.35 + 0.65 * energy
            if "d" in layers or "k" in layers:
                _drum_bar(score, kit, bar, gain, "k" not in layers, fill=bar == last - 1 and rng.random() < 0.6)
            if "b" in layers:
                _bass_bar(score, bass_line, bass_sound, bar, chord, gain)
            if "c" in layers:
                for kind, timbre in chords:
                    _chord_bar(score, kind, timbre, bar, chord, gain * 0.5)
            if "l" in layers and lead:
                _lead_bar(score, lead, lead_sound, bar, chord, gain, riff)
        if "d" in layers and first and rng.random() < 0.6:
            score.hit("crash", score.at(first, 0), 0.4)
        if "r" in layers:
            begin, end = score.times[first * style.metre], score.times[last * style.metre]
            _put(score.tonal, riser(min(8.0, end - begin), rng), max(begin, end - 8.0), 0.3)
            if rng.random() < 0.5:
                for step in range(style.metre * style.steps):
                    score.hit("snare", score.at(last - 1, step), 0.15 + 0.3 * step / 16)


def _varied(rng: Random, kit: dict[str, str]) -> dict[str, str]:
    """The same pattern as another drummer plays it: a few hits more or less, some parts left out."""
    varied = {}
    for kind, pattern in kit.items():
        if kind not in ("kick", "snare", "clap") and rng.random() < 0.2:
            continue
        steps = list(pattern)
        for k, step in enumerate(steps):
            if step == "?":
                steps[k] = "x" if rng.random() < 0.4 else "-"
            elif step == "o" and rng.random() < 0.3:
                steps[k] = "-"
        if kind == "kick" and rng.random() < 0.3:
            k = int(rng.integers(len(steps)))
            steps[k] = "x" if steps[k] == "-" else steps[k]
        varied[kind] = "".join(steps)
    return varied


_DRUM_GAIN = {
    "kick": 0.9, "snare": 0.6, "clap": 0.5, "hat": 0.22, "open": 0.25, "ride": 0.25, "crash": 0.35, "tom": 0.6, "conga": 0.45,
    "shaker": 0.2, "rim": 0.35, "bell": 0.25, "brush": 0.35,
}  # fmt: skip


def _drum_bar(score: _Score, kit: dict[str, str], bar: int, gain: float, kick: bool, fill: bool) -> None:
    rng = score.rng
    for kind, pattern in kit.items():
        if kind == "kick" and not kick:
            continue
        for step, mark in enumerate(pattern):
            velocity = VELOCITY.get(mark, 0.0)
            if velocity and not (fill and step >= len(pattern) * 3 // 4 and kind != "kick"):
                score.hit(kind, score.at(bar, step), gain * _DRUM_GAIN[kind] * velocity * rng.uniform(0.8, 1.1))
    if fill and kit:
        kind = str(rng.choice(["snare", "tom"]))
        size = score.style.metre * score.style.steps
        for step in range(size * 3 // 4, size):
            if rng.random() < 0.7:
                score.hit(kind, score.at(bar, step), gain * rng.uniform(0.25, 0.6))


SCALES = ((0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 10), (0, 2, 3, 5, 7, 9, 10))


def _harmony(rng: Random) -> list[tuple[int, tuple[int, ...]]]:
    """Chords of a loop: root and three or four tones as MIDI numbers around the fourth octave."""
    scale, key = SCALES[int(rng.integers(len(SCALES)))], int(rng.integers(12))
    degrees = [0, *rng.choice(7, size=int(rng.choice([1, 3, 3, 3, 7])))]
    if rng.random() < 0.1:
        degrees = [0, 0, 0, 0]
    size = 4 if rng.random() < 0.4 else 3
    chords = []
    for degree in degrees:
        tones = [scale[(degree + 2 * k) % 7] + 12 * ((degree + 2 * k) // 7) for k in range(size)]
        chords.append((key + tones[0] % 12, tuple(60 + (key + tone) % 12 for tone in tones)))
    return chords


def _bass_bar(score: _Score, line: str, timbre: str, bar: int, chord: tuple[int, tuple[int, ...]], gain: float) -> None:
    root = 28 + (chord[0] - 4) % 12
    step_s = score.beat_s(bar) / score.style.steps
    hits = [k for k, mark in enumerate(line) if VELOCITY.get(mark, 0.0)]
    for index, step in enumerate(hits):
        until = hits[index + 1] if index + 1 < len(hits) else len(line)
        jump = score.rng.choice([0, 0, 0, 7, 12, -5]) if index else 0
        length = (until - step) * step_s * score.rng.choice([0.5, 0.9, 0.9])
        score.tone(timbre, root + jump, score.at(bar, step), length, gain * 0.5)


def _chord_bar(score: _Score, kind: str, timbre: str, bar: int, chord: tuple[int, tuple[int, ...]], gain: float) -> None:
    rng, style = score.rng, score.style
    size, beat = style.metre * style.steps, style.steps
    step_s = score.beat_s(bar) / beat
    tones = chord[1]
    if kind == "none":
        return
    if kind.startswith("arp") or kind in ("alberti", "ostinato", "montuno", "bells"):
        stride = {"arp16": 1, "ostinato": 2, "arp3": 1, "montuno": 1, "bells": 2}.get(kind, 2)
        order = tones[::-1] if kind == "bells" else (tones[0], tones[2], tones[1], tones[2]) if kind == "alberti" else tones
        for index, step in enumerate(range(0, size, stride)):
            if kind == "montuno" and "x-xx-xx-x-xx-xx-"[step % 16] == "-":
                continue
            accent = 1.2 if index % 4 == 0 else 0.9
            octave = 12 if kind in ("bells", "montuno") else 0
            score.tone(timbre, order[index % len(order)] + octave, score.at(bar, step), stride * step_s * 1.1, gain * accent)
        return
    for step, length, up in _strokes(rng, style, kind, size, beat):
        late = 0.0
        spread = 0.008 if timbre in ("guitar", "muted") and kind in ("strum", "boomchick") else 0.0
        for tone in tones if not up else tones[::-1]:
            late += spread
            when = score.at(bar, step) + late
            if step == 0 and kind in ("pad", "block") and rng.random() < style.push / 2:
                when -= 2 * step_s
            score.tone(timbre, tone, when, length * step_s, gain * (0.8 if up else 1.0))
        if kind in ("boomchick", "oompah", "oompah4") and step == 0:
            score.tone(timbre, tones[0] - 24, score.at(bar, 0), beat * step_s, gain * 1.4)


def _strokes(rng: Random, style: Style, kind: str, size: int, beat: int) -> list[tuple[int, float, bool]]:
    """When a chord sounds in a bar: step, length in steps, whether it is an upstroke."""
    if kind in ("pad", "block", "power", "organ", "strings", "brass"):
        stride = {"pad": size, "power": max(1, beat // 2)}.get(kind, beat)
        return [(step, stride * 0.9, False) for step in range(0, size, stride)]
    if kind in ("offbeat", "skank"):
        return [(step, 1, False) for step in range(beat // 2, size, beat)]
    if kind in ("oompah", "oompah4", "boomchick"):
        every = range(beat, size, beat) if kind == "oompah" else range(beat, size, 2 * beat)
        return [(0, beat, False), *((step, beat * 0.6, False) for step in every)]
    if kind == "strum":
        pattern = "x---x-u---u-x-u-" if rng.random() < 0.7 else "x-u-x-u-x-u-x-u-"
        return [(k, 2, mark == "u") for k, mark in enumerate(pattern[:size]) if mark != "-"]
    if kind == "mutes":
        return [(k, 0.7, False) for k in range(size) if rng.random() < (0.8 if k % beat == 0 else 0.5)]
    share = 0.4 if kind in ("comp", "comp3") else 0.3
    return [(k, 1.2, False) for k in range(size) if rng.random() < share * (1.2 if k % beat == 0 else 0.8 if k % 2 == 0 else 0.4)]


def _rhythm(rng: Random, style: Style, share: float) -> list[int]:
    size = style.metre * style.steps
    weight = [1.5 if k == 0 else 1.2 if k % style.steps == 0 else 1.0 if k % 2 == 0 else 0.4 for k in range(size)]
    return [k for k in range(size) if rng.random() < share * weight[k]] or [0]


def _lead_bar(
    score: _Score, kind: str, timbre: str, bar: int, chord: tuple[int, tuple[int, ...]], gain: float, riff: Sequence[int]
) -> None:
    rng, style = score.rng, score.style
    if kind != "riff" and rng.random() < 0.15:
        return
    steps = riff if kind == "riff" else _rhythm(rng, style, 0.35)
    timbre = kind if kind in ("brass", "flute", "strings", "voice") else timbre
    step_s = score.beat_s(bar) / style.steps
    sloppy = 0.035 if kind == "voice" else 0.006 if timbre in ("strings", "flute") else 0.0
    octave = int(rng.choice([0, 12])) if kind != "voice" else -12
    for index, step in enumerate(steps):
        until = steps[index + 1] if index + 1 < len(steps) else style.metre * style.steps
        pitch = chord[1][int(rng.integers(len(chord[1])))] + octave + (0 if rng.random() < 0.7 else int(rng.choice([-2, 2, 5])))
        when = score.at(bar, step) + float(rng.normal(0.4 * sloppy, sloppy))
        score.tone(timbre, pitch, when, max(0.06, (until - step) * step_s * 0.95), gain * 0.4)


def _finished(score: _Score, plan: list[tuple[int, int, str, float, str]], name: str) -> Piece:
    rng, style = score.rng, score.style
    tonal = score.tonal
    if style.form == "edm" and rng.random() < 0.6:
        tonal = tonal * _ducked(score)
    mix = score.drums * np.float32(rng.uniform(0.5, 1.2)) + tonal * np.float32(rng.uniform(0.35, 1.0))
    for first, last, _, _, layers in plan:
        if "f" in layers:
            a, b = (round(score.times[k * style.metre] * RATE_HZ) for k in (first, last))
            mix[a:b] = tilted(mix[a:b], -6.0)
    if rng.random() < 0.7:
        mix = room(mix, float(rng.uniform(0.3, 2.5)), float(rng.uniform(0.05, 0.5)), rng)
    mix = np.asarray(np.tanh(mix / (np.percentile(np.abs(mix), 99.7) + 1e-6) * rng.uniform(0.5, 1.3)), np.float32)
    end = plan[-1][1] * style.metre
    beats = tuple((round(float(time), 5), k % style.metre + 1) for k, time in enumerate(score.times[: end + 1]))
    sections = tuple(
        (float(score.times[a * style.metre]), float(score.times[b * style.metre]), label, energy) for a, b, label, energy, _ in plan
    )
    drops = tuple(row[0] for row in sections if row[2] == "drop")
    return Piece(name, mix, beats, sections, drops)


def _ducked(score: _Score) -> Sound:
    """A bus that gives way on every beat, as under a pumping compressor."""
    curve = np.ones(len(score.tonal), np.float32)
    dip = (1 - 0.7 * np.exp(-np.arange(round(0.25 * RATE_HZ)) / RATE_HZ / 0.08)).astype(np.float32)
    for time in score.times:
        start = round(float(time) * RATE_HZ)
        part = curve[start : start + len(dip)]
        part[:] = np.minimum(part, dip[: len(part)])
    return curve


def beatless(seed: int, seconds: float = 30.0) -> Piece:
    """Music or sound without a beat: drifting pads, free notes, talk, noise that swells (wind, waves, crowds), stray hits."""
    rng = np.random.default_rng([seed, 7])
    out = np.zeros(round(seconds * RATE_HZ), np.float32)
    kind = ["pads", "free", "talk", "noise", "swells", "hits"][int(rng.integers(6))]
    if kind == "talk":
        out += speech(seconds, rng)
    if kind == "swells":
        out += _swelling(rng, len(out))
    for at in np.cumsum(rng.exponential(float(rng.uniform(0.3, 1.5)), 80)) if kind == "hits" else ():
        _put(out, drum(str(rng.choice(["tom", "rim", "bell", "crash", "kick", "shaker"])), rng), float(at), float(rng.uniform(0.1, 0.8)))
    at = 0.0
    while at < seconds and kind in ("pads", "free"):
        timbre = str(rng.choice(["pad", "strings", "flute"] if kind == "pads" else ["piano", "bell", "guitar", "mallet"]))
        _put(out, note(timbre, int(rng.integers(45, 80)), float(rng.uniform(1, 6)), rng), at, float(rng.uniform(0.3, 1)))
        at += float(rng.exponential(1.2 if kind == "pads" else 0.5))
    out += np.float32(rng.uniform(0.001, 0.02) if kind != "noise" else 0.2) * rng.standard_normal(len(out)).astype(np.float32)
    return Piece("beatless", room(out, 2.0, 0.4, rng), ())


def _swelling(rng: Random, count: int) -> Sound:
    """Dark noise whose loudness wanders."""
    knots = rng.uniform(0.02, 1.0, int(count / RATE_HZ / rng.uniform(1.0, 4.0)) + 2)
    level = np.interp(np.arange(count), np.linspace(0, count, len(knots)), knots)
    return np.asarray(0.3 * level * tilted(rng.standard_normal(count).astype(np.float32), float(rng.uniform(-6, 0))), np.float32)


def augmented(piece: Piece, seed: int) -> Piece:
    """The piece faster or slower (pitch with it), with talk over it, tilted, clipped or noisy: what recordings do to music."""
    rng = np.random.default_rng([seed, 11])
    factor = _factor(piece, rng)
    count = int(len(piece.samples) / factor)
    samples = np.interp(np.arange(count) * factor, np.arange(len(piece.samples)), piece.samples).astype(np.float32)
    if rng.random() < 0.5:
        talk = speech(count / RATE_HZ + 0.1, rng)[:count]
        samples += talk * np.float32(rng.uniform(0.1, 0.6) * np.sqrt((samples**2).mean()) / (np.sqrt((talk**2).mean()) + 1e-9) * 1.5)
    samples = tilted(samples, float(rng.uniform(-3, 3)))
    if rng.random() < 0.4:
        samples = np.tanh(samples * rng.uniform(1, 4)).astype(np.float32)
    samples += np.float32(10 ** rng.uniform(-4, -1.8)) * rng.standard_normal(count).astype(np.float32)
    beats = tuple((time / factor, position) for time, position in piece.beats)
    return Piece(piece.style, samples, beats)


def _factor(piece: Piece, rng: Random) -> float:
    """Speed-up between .72 and 1.5 that keeps 50 to 215 beats a minute."""
    if len(piece.beats) < 2:
        return float(rng.uniform(0.72, 1.5))
    bpm = 60 / float(np.median(np.diff([time for time, _ in piece.beats])))
    return float(np.clip(rng.uniform(0.72, 1.5), 50 / bpm, 215 / bpm))
