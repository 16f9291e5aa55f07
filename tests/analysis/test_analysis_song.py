"""Songs against sound whose beats, bars and silences are known."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
from pathlib import Path

import footage
import numpy as np
import pytest

from engine.analysis.corrections import correct
from engine.analysis.song import RATE_HZ, analyse_samples, analyse_song, click_mix
from engine.analysis.song_plot import LETTER_SHARE, label_rows, plot_song
from engine.errors import BadOption, CutprintError, SongError
from engine.media.probe import probe
from engine.model import documents
from engine.model.analysis import SongAnalysis


def pulses(bpm: float, seconds: float, first_s: float = 0.0, level: float = 0.8, kicks: bool = True) -> tuple[np.ndarray, np.ndarray]:
    """A drum pattern: a kick on the bar, a click on every beat, quiet noise between; and its beats in seconds."""
    chance = np.random.default_rng(1)
    samples = chance.normal(0, 0.002, round(seconds * RATE_HZ))
    beats = np.arange(first_s, seconds - 0.1, 60 / bpm)
    at = np.arange(round(0.12 * RATE_HZ)) / RATE_HZ
    kick, hat = np.sin(2 * np.pi * 60 * at) * np.exp(-at * 25), chance.normal(0, 0.4, len(at)) * np.exp(-at * 60)
    for number, beat in enumerate(beats):
        start = round(beat * RATE_HZ)
        kicked = kicks and number % 2 == 0
        sound = level * (hat + (kick if kicked else 0.0) * (1.0 if number % 4 == 0 else 0.6))
        part = samples[start : start + len(sound)]
        part += sound[: len(part)]
    return np.clip(samples, -1, 1).astype(np.float32), beats


AAC_RUN_IN_S = 1024 / 44_100
"""An AAC encoder's run-in. A bare .aac stream has no place to say it, so players start there too; .m4a and .mp4 do say it."""


def share_near(found: tuple[float, ...], true: np.ndarray, within_s: float) -> float:
    """Share of true beats with a found one near."""
    times = np.array(found)
    return float(np.mean([np.abs(times - beat).min() <= within_s for beat in true])) if len(times) else 0.0


@pytest.mark.parametrize("bpm", [60, 75, 90, 100, 120, 128, 140, 160, 174, 190])
def test_steady_pulses_of_every_tempo(bpm: float) -> None:
    """The pulse is found at its tempo or, as listeners do, at half or double of it; each beat that is named lies on a true one."""
    samples, beats = pulses(bpm, 24)
    facts = analyse_samples(samples)
    assert facts.beat_source == "tracked" and facts.confidence > 0.3
    ratio = facts.tempo_bpm / bpm
    assert min(abs(ratio / factor - 1) for factor in (0.5, 1.0, 2.0)) < 0.01
    inner = beats[(beats > 1) & (beats < 23)]
    if ratio < 0.75:
        assert all(np.abs(beats - one).min() < 0.02 for one in facts.beats if 1 < one < 23)
    else:
        assert share_near(facts.beats, inner, 0.02) > 0.97


def test_the_usual_tempos_are_read_as_they_are() -> None:
    for bpm in (90, 100, 110, 120, 128, 140):
        assert analyse_samples(pulses(bpm, 20)[0]).tempo_bpm == pytest.approx(bpm, rel=0.01)


def test_beats_lie_on_the_attack_wherever_the_song_begins() -> None:
    for first in (0.0, 0.13, 0.37, 3.21):
        samples, beats = pulses(120, 20, first)
        facts = analyse_samples(samples)
        offsets = [min(facts.beats, key=lambda one: abs(one - beat)) - beat for beat in beats if 4 < beat < 19]
        assert abs(float(np.mean(offsets))) < 0.008 and float(np.max(np.abs(offsets))) < 0.02


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("a.mp3", ()),
        ("a.m4a", ()),
        ("a.aac", ()),
        ("a.ogg", ("-c:a", "libvorbis")),
        ("a.opus", ("-c:a", "libopus")),
        ("a.flac", ("-ar", "96000")),
        ("low.wav", ("-ar", "8000")),
        ("high.wav", ("-ar", "192000", "-ac", "1")),
        ("surround.flac", ("-ac", "8")),
        ("film.mp4", ()),
    ],
)
def test_every_format_rate_and_number_of_channels(tmp_path: Path, name: str, arguments: tuple[str, ...]) -> None:
    from engine.media import ffmpeg

    beats = footage.click_song(tmp_path / "song.wav", 120, 12)
    ffmpeg.run(["-i", f"file:{tmp_path / 'song.wav'}", *arguments, f"file:{tmp_path / name}"])
    facts = analyse_song(probe(tmp_path / name))
    late_s = AAC_RUN_IN_S if name == "a.aac" else 0.0
    assert facts.tempo_bpm == pytest.approx(120, rel=0.005)
    assert facts.beats[0] < 0.02 + late_s, "the beat that the song begins with is there"
    assert share_near(facts.beats, np.array(beats), 0.02 + late_s) == 1


def test_songs_that_cannot_be_heard_say_so(tmp_path: Path) -> None:
    (tmp_path / "a.mp3").write_bytes(np.random.default_rng(0).bytes(5000))
    with pytest.raises(CutprintError) as caught:
        analyse_song(probe(tmp_path / "a.mp3"))
    assert caught.value.exit_code == 3 and caught.value.hint


@pytest.mark.parametrize("tag", [b"drms", b"enca"])
def test_protected_songs_are_refused_as_such(tmp_path: Path, tag: bytes) -> None:
    from engine.media import ffmpeg

    footage.click_song(tmp_path / "song.wav", 120, 3)
    ffmpeg.run(["-i", f"file:{tmp_path / 'song.wav'}", f"file:{tmp_path / 'a.m4a'}"])
    body = (tmp_path / "a.m4a").read_bytes()
    assert body.count(b"mp4a") == 1
    (tmp_path / "a.m4p").write_bytes(body.replace(b"mp4a", tag))
    with pytest.raises(SongError, match="copy-protected") as caught:
        analyse_song(probe(tmp_path / "a.m4p"))
    assert caught.value.code == "song_protected" and caught.value.exit_code == 3


def test_a_pause_bends_neither_tempo_nor_bars() -> None:
    """Music, 3.7 s of silence (7.4 beats), music that begins its bar anew: no beats in between, bars right on both sides."""
    first, beats = pulses(120, 16)
    second, again = pulses(120, 16)
    facts = analyse_samples(np.concatenate([first, np.zeros(round(3.7 * RATE_HZ), np.float32), second]))
    assert not [beat for beat in facts.beats if 16.3 < beat < 19.4]
    for start, part in ((0.0, beats), (19.7, again)):
        assert share_near(facts.beats, start + part[1:-1], 0.02) == 1
        assert share_near(facts.downbeats, start + part[4:-1:4], 0.02) == 1


def test_a_pulse_that_goes_on_through_a_rest_has_its_beats_there() -> None:
    first, beats = pulses(120, 40)
    first[16 * RATE_HZ : 19 * RATE_HZ] = 0
    facts = analyse_samples(first)
    assert share_near(facts.beats, beats[1:-1], 0.04) == 1 and not facts.notes


def test_a_change_of_tempo_is_followed_and_told() -> None:
    slow, beats = pulses(100, 20)
    fast, more = pulses(120, 20)
    facts = analyse_samples(np.concatenate([slow, fast]))
    assert share_near(facts.beats, np.concatenate([beats[1:-1], 20 + more[1:-1]]), 0.035) > 0.93
    assert any("tempo moves" in note for note in facts.notes)


def test_bars_begin_on_the_kick() -> None:
    samples, beats = pulses(120, 30)
    facts = analyse_samples(samples)
    assert facts.beats_per_bar == 4
    assert set(facts.downbeats) <= set(facts.beats)
    assert share_near(facts.downbeats, beats[4:-4:4], 0.03) > 0.9


def test_silence_gets_an_even_grid_and_says_so() -> None:
    facts = analyse_samples(np.zeros(RATE_HZ * 10, np.float32))
    assert (facts.beat_source, facts.confidence, facts.tempo_bpm) == ("even", 0.0, 120.0)
    assert np.diff(facts.beats) == pytest.approx(0.5)
    assert any("silent" in note for note in facts.notes)


def test_noise_has_no_steady_beat() -> None:
    noise = np.random.default_rng(5).normal(0, 0.1, RATE_HZ * 20).astype(np.float32)
    facts = analyse_samples(noise)
    assert facts.beat_source == "even" and facts.confidence == 0
    assert any("beat" in note for note in facts.notes)


def test_the_even_grid_lies_on_the_attacks_there_are() -> None:
    from engine.analysis.beats import FRAMES_PER_S, Onsets
    from engine.analysis.song import _best_phase

    strength = np.zeros(2000)
    strength[np.round(np.arange(0.31, 19.9, 0.8) * FRAMES_PER_S).astype(int)] = 1
    assert _best_phase(Onsets(strength, strength), 0.8) == pytest.approx(0.31, abs=0.011)


@pytest.mark.parametrize("seconds", [0.0, 0.05, 0.5, 2.0])
def test_very_short_songs(seconds: float) -> None:
    samples = pulses(120, max(seconds, 0.2))[0][: round(seconds * RATE_HZ)]
    facts = analyse_samples(samples)
    assert facts.duration_s == pytest.approx(seconds, abs=1e-4)
    assert all(0 <= beat < max(seconds, 1e-9) for beat in facts.beats)
    documents.validate(documents.encode(facts))


def test_silence_before_the_music_is_no_build_and_the_music_no_drop() -> None:
    samples, _ = pulses(120, 30)
    led = np.concatenate([np.zeros(round(2.5 * RATE_HZ), np.float32), samples])
    facts = analyse_samples(led)
    assert not [drop for drop in facts.drops if drop < 6]
    assert facts.sections[0].label == "intro" or facts.sections[0].energy > 0.3


def test_drops_are_found_after_builds_and_nowhere_else() -> None:
    """Two pieces of generated dance music whose drops are known, and a ballad that only grows louder."""
    from engine.analysis.training.music import compose

    found = true = hits = 0
    for style, seed in (("bigroom", 5101), ("trance", 5102), ("ballad", 5103)):
        piece = compose(style, seed, 60.0)
        facts = analyse_samples(piece.samples)
        assert all(
            any(abs(drop - section.start_s) < 1e-6 and section.label == "drop" for section in facts.sections) for drop in facts.drops
        )
        found, true = found + len(facts.drops), true + len(piece.drops)
        hits += sum(any(abs(drop - other) <= 0.5 for other in facts.drops) for drop in piece.drops)
    assert true >= 3 and hits >= 0.6 * true and hits >= 0.6 * found


def test_loud_is_more_energy_than_quiet() -> None:
    quiet, _ = pulses(120, 16, level=0.5, kicks=False)
    loud, _ = pulses(120, 16, level=0.9)
    facts = analyse_samples(np.concatenate([quiet, loud]))
    assert facts.energy_at(24) > facts.energy_at(8) + 0.2


def test_sections_cover_the_song_and_energy_has_its_rate() -> None:
    facts = analyse_samples(pulses(120, 20)[0])
    assert facts.sections[0].start_s == 0 and facts.sections[-1].end_s == pytest.approx(20, abs=0.01)
    assert all(a.end_s == pytest.approx(b.start_s) for a, b in zip(facts.sections, facts.sections[1:]))
    assert len(facts.energy) == pytest.approx(20 * facts.energy_rate_hz, abs=1)
    assert len(facts.accents) == len(facts.beats) and set(facts.phrase_starts) <= set(facts.beats)


def test_the_same_sound_gives_the_same_facts() -> None:
    samples = pulses(120, 12)[0]
    assert analyse_samples(samples) == analyse_samples(samples.copy())


def test_another_process_with_other_threads_finds_the_same(tmp_path: Path) -> None:
    samples = pulses(112, 12)[0]
    np.save(tmp_path / "samples.npy", samples)
    code = (
        "import sys, numpy; from engine.analysis.song import analyse_samples; from engine.model import documents\n"
        "sys.stdout.write(documents.dumps(documents.encode(analyse_samples(numpy.load(sys.argv[1])))))"
    )
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"), "3")
    command = [sys.executable, "-c", code, str(tmp_path / "samples.npy")]
    out = subprocess.run(command, env={**os.environ, **threads}, capture_output=True, text=True, check=True, timeout=120).stdout
    assert out == documents.dumps(documents.encode(analyse_samples(samples)))


def test_a_tempo_that_breathes_is_followed() -> None:
    """Rubato: the tempo swings by 7 % to either side of 96, a swing in ten seconds."""
    at, beats = 0.2, []
    while at < 39.5:
        beats.append(at)
        at += 60 / (96 * (1 + 0.07 * np.sin(2 * np.pi * at / 10)))
    plain, even = pulses(120, 40)
    samples = np.zeros_like(plain)
    for number, beat in enumerate(beats):
        source = round(even[number % 4] * RATE_HZ)
        sound = plain[source : source + round(0.3 * RATE_HZ)]
        start = round(beat * RATE_HZ)
        samples[start : start + len(sound)] += sound[: len(samples) - start]
    facts = analyse_samples(samples)
    assert share_near(facts.beats, np.array(beats[1:-1]), 0.035) > 0.95 and len(facts.beats) < 1.05 * len(beats)
    assert any("tempo moves" in note for note in facts.notes)


def curves_of(bpm: float, between: float, seconds: float = 30.0) -> np.ndarray:
    """Curves of likelihood with beats at `bpm`, bars of four, and peaks of height `between` half-way between beats."""
    from engine.analysis.beats_network import FRAMES_PER_S

    curves = np.full((round(seconds * FRAMES_PER_S), 2), 0.002, np.float32)
    beats = np.arange(0.5, seconds - 1, 60 / bpm)
    curves[np.round((beats + 30 / bpm) * FRAMES_PER_S).astype(int), 0] = between
    curves[np.round(beats * FRAMES_PER_S).astype(int), 0] = 0.7
    curves[np.round(beats[::4] * FRAMES_PER_S).astype(int), 1] = 0.6
    return curves


@pytest.mark.parametrize(("bpm", "between", "level"), [(70, 0.02, 1), (70, 0.15, 1), (70, 0.68, 2), (100, 0.02, 1), (100, 0.1, 1)])
def test_possible_beats_between_beats_do_not_double_the_tempo(bpm: float, between: float, level: int) -> None:
    """Peaks a fifth as high as the beats are no beats, though a path over them is the likelier one; peaks as high as the beats are."""
    from engine.analysis.beats_decoding import decode
    from engine.analysis.beats_evidence import Music
    from engine.analysis.beats_levels import believed, chosen, readings, sureness
    from engine.analysis.beats_network import FRAMES_PER_S

    curves = curves_of(bpm, between)
    silent = Music(np.zeros((len(curves), 3)), np.zeros((len(curves) // 10 + 1, 12)))
    found = readings(curves, silent, lambda slowest, fastest: decode(curves, FRAMES_PER_S, slowest, fastest), FRAMES_PER_S, 0)
    shares = believed(found)
    best = chosen(shares)
    assert found[best].bpm == pytest.approx(level * bpm, rel=0.02)
    assert shares.sum() == pytest.approx(1) and 0 <= sureness(found[best], float(shares[best])) <= 1
    assert {round(one.bpm / bpm, 1) for one in found} >= {1.0, 2.0}, "the other octave is weighed too"


@pytest.mark.parametrize(("last", "quiet_on", "kept"), [(7600, 0.15, True), (8000, 0.0005, False)])
def test_a_steady_song_is_not_drawn_off_its_beat(last: int, quiet_on: float, kept: bool) -> None:
    """Off-beats that are louder for a while do not shift the beats of a steady song, as long as something is heard on them; where nothing
    is, the beat has moved."""
    from engine.analysis.beats import track_beats
    from engine.analysis.beats_network import FRAMES_PER_S

    frames = np.arange(10, 8000, 46)
    curves = np.full((8000, 2), 2e-3, np.float32)
    for number, frame in enumerate(frames):
        late = 6000 < frame < last
        place = frame + 23 if late else frame
        curves[frame - 1 : frame + 2, 0] = quiet_on if late else 0.7
        curves[place - 1 : place + 2, 0] = 0.7
        curves[place, 1] = 0.5 if number % 4 == 0 else 2e-3
    track = track_beats(np.ones((8000, 50), np.float32), np.ones((810, 12), np.float32), curves)
    true = frames[(frames > 6300) & (frames < last - 100)] / FRAMES_PER_S
    assert (share_near(tuple(track.beats), true, 0.05) > 0.9) == kept


def test_music_tells_bars_from_their_halves() -> None:
    """Chords that change every four beats, and a rhythm that comes back after four, speak for bars of four and against twice or half
    the tempo; a rest of any sound says nothing and breaks nothing."""
    from engine.analysis.beats_decoding import Decoded
    from engine.analysis.beats_evidence import Music, evidence
    from engine.analysis.beats_network import FRAMES_PER_S

    frames = np.round(np.arange(0, 40, 0.6) * FRAMES_PER_S).astype(int)
    attacks = np.zeros((frames[-1] + 10, 3))
    for number, frame in enumerate(frames):
        attacks[frame : frame + 4, (0, 2, 2, 1)[number % 4]] = 1.0
    bars = np.arange(0, 41, 0.1) // 2.4
    sung = np.eye(12)[(bars.astype(int) * 5) % 12]
    music = Music(attacks, np.pad(np.cumsum(sung, axis=0), ((1, 0), (0, 0))))
    found = {
        name: evidence(music, Decoded(beats, np.arange(len(beats)) % 4 + 1, 4), 0)
        for name, beats in (("half", frames[::2]), ("true", frames), ("double", np.sort(np.concatenate([frames, frames[:-1] + 30]))))
    }
    assert found["true"]["harm_bar"] > found["half"]["harm_bar"] + 0.5, "at half the tempo bars change in their middle, too"
    assert found["double"]["harm_alternate"] > found["true"]["harm_alternate"] + 0.5, "at double, every other bar line changes nothing"
    assert found["true"]["repeat_bar"] > 0.9 and found["true"]["repeat_half_bar"] < 0.5
    assert found["half"]["repeat_half_bar"] > 0.9
    empty = evidence(Music(np.zeros((100, 3)), np.zeros((12, 12))), Decoded(np.array([5, 55]), np.array([1, 2]), 4), 3)
    assert all(np.isfinite(value) for value in empty.values())


def test_only_clear_belief_replaces_the_decoded_level() -> None:
    from engine.analysis.beats_levels import CLEAR, chosen

    assert chosen(np.array([1 - CLEAR - 0.01, CLEAR + 0.01])) == 1
    assert chosen(np.array([1 - CLEAR + 0.01, CLEAR - 0.01])) == 0
    assert chosen(np.array([1.0])) == 0


def test_other_levels_are_listed_with_their_share(song: SongAnalysis) -> None:
    shares = [row.confidence for row in song.tempo_alternatives]
    assert shares == sorted(shares, reverse=True) and sum(shares) < 1
    assert all(abs(np.log(row.bpm / song.tempo_bpm)) > 0.2 for row in song.tempo_alternatives)


@pytest.fixture(scope="module")
def song() -> SongAnalysis:
    return analyse_samples(pulses(120, 20)[0])


def test_corrections(song: SongAnalysis) -> None:
    half = correct(song, half=True)
    assert half.tempo_bpm == pytest.approx(60, rel=0.01) and set(half.beats) <= set(song.beats)
    assert set(song.downbeats) & set(half.beats), "bars stay on beats"
    double = correct(song, double=True)
    assert double.tempo_bpm == pytest.approx(240, rel=0.01) and set(song.beats) <= set(double.beats)
    moved = correct(song, offset_s=0.1)
    assert np.array(moved.beats[:5]) == pytest.approx(np.array(song.beats[:5]) + 0.1, abs=1e-5)
    own = correct(song, beats=(1.0, 2.0, 3.0, 4.0, 5.0))
    assert own.beats == (1.0, 2.0, 3.0, 4.0, 5.0) and own.downbeats == (1.0, 5.0)
    for one in (half, double, moved, own):
        assert one.beat_source == "user" and set(one.downbeats) <= set(one.beats) and len(one.accents) == len(one.beats)
        documents.validate(documents.encode(one))
    with pytest.raises(BadOption):
        correct(song, offset_s=500)


@pytest.mark.parametrize(("level", "shift"), [(1.0, 0.0), (0.5, 0.0), (2.0, 0.0), (1.0, 0.25)])
def test_shaky_late_taps_choose_level_and_phase(song: SongAnalysis, level: float, shift: float) -> None:
    """Ten seconds of taps, 60 ms late, shaky by 25 ms, one missing and one double, correct the whole song to the true times."""
    rng = np.random.default_rng(3)
    true = np.array(song.beats[0] + shift + np.arange(0, 20, 0.5 / level))
    true = true[true < 19.9]
    taps = true[(true > 4) & (true < 14)]
    taps = np.delete(taps + 0.06 + rng.normal(0, 0.025, len(taps)), 3)
    taps = np.sort(np.append(taps, taps[-2] + 0.02))
    found = correct(song, taps=tuple((float(time), None) for time in taps))
    assert found.beat_source == "user" and set(found.downbeats) <= set(found.beats)
    inside = true[(true > 1) & (true < 19)]
    assert share_near(found.beats, inside, 0.02) == 1, "every beat is there"
    extra = [beat for beat in found.beats if 1 < beat < 19 and np.abs(true - beat).min() > 0.02]
    assert not extra, "and nothing else"


def test_taps_at_a_tempo_of_their_own_follow_the_onsets() -> None:
    """Music read as beatless (an even grid elsewhere) is corrected by taps to where its notes are, all the way."""
    samples, beats = pulses(97, 24)
    heard = dataclasses.replace(analyse_samples(samples), beats=(), downbeats=(), accents=(), phrase_starts=(), beat_source="even")
    taps = beats[6:16] - 0.03 + np.random.default_rng(5).normal(0, 0.02, 10)
    found = correct(heard, taps=tuple((float(time), k % 4 == 2) for k, time in enumerate(taps)))
    assert share_near(found.beats, beats[2:-1], 0.03) > 0.95
    assert share_near(found.downbeats[1:-1], beats[8::4], 0.03) > 0.4 and len(found.downbeats) == pytest.approx(len(found.beats) / 4, abs=1)


@pytest.mark.parametrize("taps", [(1.0, 1.5), (1.0, 1.1, 3.0, 3.6, 3.7, 6.0, 6.9, 7.0), (1.0, 1.01, 1.02, 1.03, 1.04)])
def test_taps_without_a_pulse_are_refused(song: SongAnalysis, taps: tuple[float, ...]) -> None:
    with pytest.raises(BadOption, match="no pulse"):
        correct(song, taps=tuple((time, None) for time in taps))


def test_onsets_and_the_level_of_energy(song: SongAnalysis) -> None:
    assert len(song.onsets) == len(song.onset_strengths) > 30
    assert share_near(song.beats[1:-1], np.array(song.onsets), 0.03) > 0.95, "each beat of the pulse is an onset"
    assert len(song.energy_level) == len(song.energy) and min(song.energy_level) >= 0 and max(song.energy_level) <= 1
    assert np.std(song.energy_level) < np.std(song.energy)


def test_training_music_is_what_its_seed_says() -> None:
    """Invented styles, effects and beatless sound: the same seed gives the same samples, with a truth that moves along."""
    from engine.analysis.training.effects import produced
    from engine.analysis.training.grooves import INVENTED
    from engine.analysis.training.music import beatless, compose

    for seed in range(4):
        piece, again = (produced(compose(INVENTED, seed, 12.0), seed) for _ in range(2))
        assert np.array_equal(piece.samples, again.samples) and np.isfinite(piece.samples).all()
        assert piece.beats == again.beats and piece.beats[-1][0] < len(piece.samples) / RATE_HZ
        assert {position for _, position in piece.beats} in ({1, 2, 3, 4}, {1, 2, 3})
        assert beatless(seed, 5.0).beats == ()


def test_clicks_lie_on_the_beats(tmp_path: Path) -> None:
    beats = footage.click_song(tmp_path / "song.wav", 120, 8)
    media = probe(tmp_path / "song.wav")
    facts = analyse_song(media)
    mixed, rate = click_mix(media, facts)
    assert mixed.shape[0] == 2 and np.abs(mixed).max() <= 1
    from engine.media.decode import audio

    plain = audio(media.path, rate, mono=False) * 0.6
    added = np.abs(mixed - plain[:, : mixed.shape[1]]).max(axis=0) > 0.05
    starts = np.flatnonzero(added[1:] & ~added[:-1]) / rate
    for beat in facts.beats[1:-1]:
        assert np.abs(starts - beat).min() < 0.005
    assert share_near(facts.beats, np.array(beats[2:-2]), 0.02) > 0.9


def test_the_picture_of_a_song(tmp_path: Path) -> None:
    footage.click_song(tmp_path / "song.wav", 120, 8)
    media = probe(tmp_path / "song.wav")
    plot_song(media, analyse_song(media), tmp_path / "song.png")
    from PIL import Image

    with Image.open(tmp_path / "song.png") as sheet:
        colours = np.asarray(sheet.convert("RGB")).reshape(-1, 3)
    assert len(np.unique(colours, axis=0)) > 20 and sheet.size[0] > 800


def test_labels_in_the_picture_do_not_lie_on_each_other() -> None:
    """Sections of every length, many of them shorter than their names, some at the very ends."""
    chance = np.random.default_rng(2)
    for duration in (9.0, 60.0, 600.0):
        bounds = np.concatenate([[0.0], np.sort(chance.uniform(0, duration, 14)), [duration]])
        spans = [(float(a), float(b), str(chance.choice(["intro", "verse", "build", "outro"]))) for a, b in zip(bounds, bounds[1:])]
        placed = label_rows(spans, duration)
        assert len(placed) > 9
        halves = [len(name) * LETTER_SHARE * duration / 2 for _, _, name in placed]
        boxes = [(at - half, at + half, row) for half, (at, row, _) in zip(halves, placed)]
        assert all(a >= 0 and b <= duration for a, b, _ in boxes), "inside the picture"
        assert all(a[2] != b[2] or a[1] <= b[0] or b[1] <= a[0] for k, a in enumerate(boxes) for b in boxes[:k])


@pytest.mark.slow
def test_real_songs(real_media: Path) -> None:
    """Tempo within 1 % of two programs' agreed beats on music with a plain pulse, and a silent start is no drop."""
    lobby = analyse_song(probe(real_media / "songs" / "cluecards_lobby.mp3"))
    assert lobby.tempo_bpm == pytest.approx(95, rel=0.01) and not lobby.drops
    slow = analyse_song(probe(real_media / "songs" / "cluecards_game-60s.mp3"))
    rows = [line.split("\t") for line in (real_media / "songs" / "cluecards_game-60s.beats.tsv").read_text().splitlines()]
    agreed = np.array([float(row[0]) for row in rows if row[0][0].isdigit() and row[2] == "1"])
    assert share_near(slow.beats, agreed, 0.035) > 0.95, "at their level or twice it, no agreed beat is left out"
    assert any(bpm == pytest.approx(65.2, rel=0.02) for bpm in (slow.tempo_bpm, *(row.bpm for row in slow.tempo_alternatives)))
    assert any(section.label == "break" for section in slow.sections)
