"""Scores beat trackers on annotated music, all in one run: `python tests/benchmarks/bench_beats.py --help` lists what music there is.

Measures: F35 and F70 (F-measure at 35 and 70 ms), CMLt (continuity, correct level), cut33 (share of beats within 33 ms of a true one),
off (mean signed offset in ms of beats within 70 ms, + late), db (downbeat F at 70 ms). Nothing is trimmed from the start.
Confidence: how often a right piece (F70 of .8 or more) has more of it than a wrong or beatless one (AUC), over all pieces of the run.
Songs whose beats two programs proposed (`*.beats.tsv`) count in a table of their own: beats that those did not agree on count neither way.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import sys
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Times = NDArray[np.float64]
Tracker = Callable[[NDArray[np.float32]], tuple[Times, Times]]
MEASURES = ("F35", "F70", "CMLt", "cut33", "off", "db")
RATE_HZ = 22_050
LIBROSA_LAG_S = 0.040


@dataclass(frozen=True)
class Truth:
    """Annotated music. unsure : true-or-not beats that count neither way."""

    name: str
    samples: NDArray[np.float32]
    beats: Times
    downbeats: Times
    unsure: Times
    sections: tuple[float, ...] = ()
    drops: tuple[float, ...] = ()


def rendered(media: Path) -> Iterator[Truth]:
    """The pieces of `beats/`, whose truth is known."""
    import json

    from engine.media.decode import audio

    for path in sorted((media / "beats" / "ann").glob("*.json")):
        told = json.loads(path.read_text())
        times = np.array([row[0] for row in told["beats"]])
        first = np.array([row[1] == 1 for row in told["beats"]])
        samples = audio(media / "beats" / "audio" / f"{path.stem}.ogg", RATE_HZ)
        sections = tuple(row["start"] for row in told["sections"])
        yield Truth(path.stem, samples, times, times[first], np.zeros(0), sections, tuple(told["drops"]))


def songs(media: Path) -> Iterator[Truth]:
    """Songs with a `.beats.tsv`."""
    for path in sorted((media / "songs").glob("*.beats.tsv")):
        stem = path.name.removesuffix(".beats.tsv")
        rows = [line.split("\t") for line in path.read_text().splitlines() if line and line[0].isdigit()]
        times, bar = np.array([float(row[0]) for row in rows]), np.array([row[1] == "1" for row in rows])
        agreed = np.array([len(row) < 3 or row[2].strip() == "1" for row in rows])
        yield Truth(stem, _song_samples(media, stem), times[agreed], times[bar], times[~agreed])


def _song_samples(media: Path, stem: str) -> NDArray[np.float32]:
    from engine.media.decode import audio

    found = sorted(path for path in (media / "songs").glob(f"{stem}.*") if path.suffix != ".tsv")
    if found:
        return audio(found[0], RATE_HZ)
    stems = [audio(path, RATE_HZ) for path in sorted((media / "songs").glob(f"{stem.removesuffix('_mix')}_*.mp3"))]
    mix = np.zeros(max(map(len, stems)), np.float32)
    for one in stems:
        mix[: len(one)] += one / len(stems)
    return mix


def generated(count: int, names: tuple[str, ...] = (), first: int = 5000) -> Iterator[Truth]:
    """Our own training music with seeds that training never saw, one style after another."""
    from engine.analysis.training.music import STYLES, compose

    styles = names or tuple(STYLES)
    for index in range(count):
        name = styles[index % len(styles)]
        piece = compose(name, first + index, 50.0)
        times, positions = np.array(piece.beats).T
        starts = tuple(row[0] for row in piece.sections)
        yield Truth(f"{name}_{first + index}", piece.samples, times, times[positions == 1], np.zeros(0), starts, piece.drops)


def beatless(count: int) -> Iterator[Truth]:
    """Sound without a beat, of seeds that training never saw."""
    from engine.analysis.training.music import beatless as compose_beatless

    for seed in range(95_000, 95_000 + count):
        yield Truth(f"beatless_{seed}", compose_beatless(seed).samples, np.zeros(0), np.zeros(0), np.zeros(0))


def scores(truth: Truth, beats: Times, downbeats: Times) -> dict[str, float]:
    """The measures of one tracker on one piece."""
    import mir_eval

    true = truth.beats
    within = (true[0] - 0.2, true[-1] + 0.2)
    beats, downbeats = _inside(beats, *within), _inside(downbeats, *within)
    fair = _without(beats, truth.unsure)
    everything = np.sort(np.concatenate([true, truth.unsure]))
    distance = _signed(fair, true)
    near = distance[np.abs(distance) <= 0.070]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return {
            "F35": mir_eval.beat.f_measure(true, fair, 0.035),
            "F70": mir_eval.beat.f_measure(true, fair, 0.070),
            "CMLt": mir_eval.beat.continuity(everything, beats)[1],
            "cut33": float((np.abs(distance) <= 0.033).mean()) if len(distance) else 0.0,
            "off": 1000 * float(near.mean()) if len(near) else float("nan"),
            "db": mir_eval.beat.f_measure(truth.downbeats, downbeats, 0.070) if len(downbeats) else float("nan"),
        }


def _inside(times: Times, start: float, end: float) -> Times:
    return times[(times >= start) & (times <= end)]


def _without(beats: Times, unsure: Times) -> Times:
    return beats[np.abs(_signed(beats, unsure)) > 0.1] if len(unsure) else beats


def _signed(beats: Times, true: Times) -> Times:
    if not len(beats):
        return beats
    return np.asarray(beats - true[np.argmin(np.abs(beats[:, None] - true[None, :]), axis=1)])


def librosa_plain(samples: NDArray[np.float32]) -> tuple[Times, Times]:
    import librosa

    return np.asarray(librosa.beat.beat_track(y=samples, sr=RATE_HZ, units="time")[1]), np.zeros(0)


def librosa_shifted(samples: NDArray[np.float32]) -> tuple[Times, Times]:
    beats = librosa_plain(samples)[0] - LIBROSA_LAG_S
    return beats[beats >= 0], np.zeros(0)


def analysed(samples: NDArray[np.float32]) -> Any:
    """Our analysis, once per piece and run."""
    from engine.analysis.song import analyse_samples

    key = hashlib.sha256(samples.tobytes()).digest()
    if key not in _ANALYSES:
        _ANALYSES[key] = analyse_samples(samples)
    return _ANALYSES[key]


_ANALYSES: dict[bytes, Any] = {}


def ours(samples: NDArray[np.float32]) -> tuple[Times, Times]:
    found = analysed(samples)
    return np.array(found.beats), np.array(found.downbeats)


TRACKERS: dict[str, Tracker] = {"librosa": librosa_plain, "librosa-40ms": librosa_shifted, "cutprint": ours}


def table(title: str, truths: list[Truth], names: list[str], by_style: bool = False) -> None:
    print(f"\n{title}\n{'piece':34}{'tracker':14}" + "".join(f"{name:>8}" for name in MEASURES))
    rows: dict[str, list[list[float]]] = {name: [] for name in names}
    for truth in truths:
        for name in names:
            row = [scores(truth, *TRACKERS[name](truth.samples))[measure] for measure in MEASURES]
            rows[name].append(row)
            if not by_style:
                _line(truth.name, name, row)
    styles = [truth.name.rpartition("_")[0] for truth in truths]
    for style in dict.fromkeys(styles) if by_style else ():
        for name in names:
            _line(style, name, _means([row for row, other in zip(rows[name], styles) if other == style]))
    for name in names:
        _line("MEAN", name, _means(rows[name]))


def _means(rows: list[list[float]]) -> list[float]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # columns that no piece has a figure for
        return list(np.nanmean(np.array(rows), axis=0))


def _line(piece: str, tracker: str, row: list[float]) -> None:
    figures = (f"{value:8.1f}" if name == "off" else f"{value:8.3f}" for name, value in zip(MEASURES, row))
    print(f"{piece[:33]:34}{tracker:14}" + "".join(figures), flush=True)


def structure(truths: list[Truth]) -> None:
    """Section boundaries at 0.5 and 3 s, drops at 0.5 s."""
    import mir_eval

    hits, found, true, edges = 0, 0, 0, []
    for truth in truths:
        song = analysed(truth.samples)
        end = song.duration_s
        told = np.array(sorted({0.0, *(time for time in truth.sections if 1.0 < time < end - 1), end}))
        mine = np.array([*(row.start_s for row in song.sections), end])
        hits += sum(any(abs(drop - other) <= 0.5 for other in song.drops) for drop in truth.drops)
        found, true = found + len(song.drops), true + len(truth.drops)
        if len(told) < 3:
            continue  # one section: there is no boundary to find
        pairs = [np.stack([bounds[:-1], bounds[1:]], axis=1) for bounds in (told, mine)]
        edges.append([mir_eval.segment.detection(*pairs, window=width, trim=True)[2] for width in (0.5, 3.0)])
    half, three = np.nanmean(np.array(edges), axis=0)
    recall, precision = hits / max(1, true), hits / max(1, found)
    print(f"sections of {len(edges)} pieces: F {half:.3f} at 0.5 s, {three:.3f} at 3 s")
    print(f"drops: {true} true, {found} found, recall {recall:.3f}, precision {precision:.3f}")


def confidence(truths: list[Truth]) -> None:
    """AUC of confidence for right against wrong, with and without beatless pieces, and what became of those."""
    told = [(analysed(truth.samples), truth) for truth in truths]
    right = np.array([len(truth.beats) > 0 and scores(truth, *ours(truth.samples))["F70"] >= 0.8 for _, truth in told])
    sure, pulse = np.array([song.confidence for song, _ in told]), np.array([len(truth.beats) > 0 for _, truth in told])
    print(
        f"\nconfidence: AUC {_auc(sure, right):.3f} of {len(told)}, {_auc(sure[pulse], right[pulse]):.3f} of the {pulse.sum()} with a beat"
    )
    even = np.array([song.beat_source == "even" for song, _ in told])
    print(f"beatless pieces said to be: {(even & ~pulse).sum()} of {(~pulse).sum()}; others said to be: {(even & pulse).sum()}")
    wrong = [(song, truth) for song, truth in told if len(truth.beats) and not _near_level(song.tempo_bpm, truth)]
    listed = sum(any(_near_level(row.bpm, truth) for row in song.tempo_alternatives) for song, truth in wrong)
    print(f"wrong tempo: {len(wrong)}; the true one is among the alternatives of {listed}")


def _near_level(bpm: float, truth: Truth) -> bool:
    return abs(bpm * float(np.median(np.diff(truth.beats))) / 60 - 1) < 0.04


def _auc(values: Times, positive: NDArray[np.bool_]) -> float:
    if positive.all() or not positive.any():
        return float("nan")
    above = values[positive][:, None] - values[~positive][None, :]
    return float((above > 0).mean() + 0.5 * (above == 0).mean())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    beside = Path(__file__).resolve().parents[3] / "shared" / "media"
    parser.add_argument("--media", type=Path, default=Path(os.environ.get("CUTPRINT_TEST_MEDIA", beside)))
    parser.add_argument("--songs", action="store_true", help="also songs with beats that programs agreed on")
    parser.add_argument("--generated", type=int, default=0, help="also this many pieces of our own music")
    parser.add_argument("--left-out", type=int, default=0, help="also this many pieces of styles that training never heard")
    parser.add_argument("--beatless", type=int, default=0, help="also this many pieces without a beat")
    parser.add_argument("--only", action="append", choices=list(TRACKERS), help="trackers to score (default: all)")
    asked = parser.parse_args()
    names = asked.only or list(TRACKERS)
    heard = list(rendered(asked.media))
    table("rendered, truth known", heard, names)
    structure(heard)
    if asked.songs:
        heard += (pieces := list(songs(asked.media)))
        table("songs, beats that two programs agreed on", pieces, names)
    if asked.left_out:
        from engine.analysis.training.make_examples import LEFT_OUT

        heard += (pieces := list(generated(asked.left_out, LEFT_OUT, 9000)))
        table("our own generator, styles left out of training", pieces, names, by_style=True)
    if asked.generated:
        heard += (pieces := list(generated(asked.generated)))
        table("our own generator, styles of the training, unseen seeds", pieces, names, by_style=True)
        structure(pieces)
    heard += list(beatless(asked.beatless))
    confidence(heard)


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    main()
