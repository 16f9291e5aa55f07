"""What a stretch of song is worth under an edit: whole phrases, a drop where it tells, energy, no dead start."""

from __future__ import annotations

from collections.abc import Sequence

from engine.edit.song_pieces import Piece, song_time
from engine.model.analysis import SongAnalysis

__all__ = ["FADE_OUT_S", "drops_in", "fade_out", "near", "phrase_end", "worth"]

FADE_OUT_S = 1.0
"""The usual end of a cut-off song under a short video (chosen)."""
TAIL_S = (0.3, 2.5)
"""A phrase that ends this long before the edit does is a good end: the song fades over what rings after it (chosen: about a bar)."""
ENDS_ITSELF_S = 0.2
GOOD_DROP = (0.15, 0.6)
"""Shares of the edit between which a drop is placed well: after a set-up, with room to show."""
BEST_DROP = 0.33
"""Where it is placed best (chosen: a third to raise hopes, two thirds to fulfil them)."""
QUIET_START_S, QUIET_ENERGY = 1.5, 0.15
"""A window whose first seconds lie on average below this energy (25 dB under the song's loud level) opens on a silence: nobody waits
for it."""
EXACT_S = 0.15
"""Moments of a song this near to each other are one (chosen: a third of a beat at 130 beats a minute)."""


def near(times: Sequence[float], time: float, within_s: float = EXACT_S) -> bool:
    return any(abs(one - time) <= within_s for one in times)


def worth(song: SongAnalysis, pieces: Sequence[Piece]) -> float:
    """How good the stretches are together: a phrase at both ends, a drop well placed, energy, and some change of it."""
    at, begin, end = pieces[-1]
    start, wanted = pieces[0][1], at + end - begin
    total = 1.0 if near(song.phrase_starts, start) else 0.0
    total += 0.3 if near([section.start_s for section in song.sections], start) else 0.0
    total += _worth_of_end(song, end)
    shares = [drop / wanted for drop in drops_in(song, pieces)]
    well = [share for share in shares if GOOD_DROP[0] <= share <= GOOD_DROP[1]]
    total += max(2.0 - 0.5 * abs(share - BEST_DROP) for share in well) if well else 0.5 if shares else 0.0
    window = [song.energy_at(song_time(pieces, wanted * k / 40)) for k in range(40)]
    opening = [song.energy_at(song_time(pieces, QUIET_START_S * k / 10)) for k in range(11)]
    total -= 4.0 if sum(opening) / len(opening) < QUIET_ENERGY else 0.0  # more than all the rest together can make up for
    total += 2.0 * sum(window) / len(window) + 0.5 * (max(window) - min(window))
    return round(total, 9)


def _worth_of_end(song: SongAnalysis, end: float) -> float:
    if near(song.phrase_starts, end) or abs(end - song.duration_s) < 1.0:
        return 0.6
    if phrase_end(song, end) is not None:
        return 0.5
    return 0.2 if near(song.downbeats, end) else 0.0


def drops_in(song: SongAnalysis, pieces: Sequence[Piece]) -> list[float]:
    """Edit times of the drops that are heard."""
    return [at + drop - begin for at, begin, end in pieces for drop in song.drops if begin - EXACT_S <= drop < end]


def phrase_end(song: SongAnalysis, end: float) -> float | None:
    """The second at which a phrase ends shortly before `end`, so that a fade may run over the rest."""
    found = [time for time in song.phrase_starts if TAIL_S[0] <= end - time <= TAIL_S[1]]
    return found[-1] if found else None


def fade_out(song: SongAnalysis, end: float, wanted: float) -> float:
    """Length of the fade: over what follows the last phrase, or the last bar, or the usual one."""
    if end > song.duration_s - ENDS_ITSELF_S:
        return min(0.05, wanted / 4)
    last = phrase_end(song, end)
    if last is None:
        bars = [time for time in song.downbeats if FADE_OUT_S / 2 <= end - time <= TAIL_S[1] / 1.5]
        last = bars[-1] if bars else None
    return min(end - last if last is not None else FADE_OUT_S, wanted / 4)
