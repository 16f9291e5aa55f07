# ruff: noqa: C408, E501  (a style is one row, wide as it is: rows are compared with each other)
"""The styles of the training music and the forms of its pieces: two tables, read by `music`.

A style is a row: tempo range, patterns of drums (one character a step: X accent, x hit, o ghost, ? sometimes), and which kinds of bass,
chords and lead it may have. The patterns are what any drum tutor teaches; nothing is sampled or copied from anywhere.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["FORMS", "STYLES", "Style"]


@dataclass(frozen=True)
class Style:
    bpm: tuple[float, float]
    drums: tuple[dict[str, str], ...]
    bass: tuple[str, ...] = ("x---x---x---x---",)
    chords: tuple[str, ...] = ("pad",)
    lead: tuple[str, ...] = ("melody", "voice", "")
    metre: int = 4
    steps: int = 4
    swing: tuple[float, float] = (0.5, 0.5)
    loose_ms: tuple[float, float] = (0.0, 4.0)
    form: str = "song"
    bass_sounds: tuple[str, ...] = ("bass", "sub", "sawbass")
    chord_sounds: tuple[str, ...] = ("piano", "epiano", "guitar", "organ", "pad", "strings", "stab")
    lead_sounds: tuple[str, ...] = ("lead", "pluck", "flute", "bell", "brass", "piano", "chip")
    drift: float = 0.0
    push: float = 0.08


FOUR = "X---X---X---X---"
BACK = "----X-------X---"
EIGHT = "x-o-x-o-x-o-x-o-"
SIXTEEN = "xoxoxoxoxoxoxoxo"
OFF = "--x---x---x---x-"

STYLES: dict[str, Style] = {
    "house": Style((116, 130), (dict(kick=FOUR, clap=BACK, open=OFF, hat=SIXTEEN), dict(kick=FOUR, clap=BACK, open=OFF, shaker=SIXTEEN)), ("--x---x---x---x-", "x--x--x-x--x--x-", "--xx--xx--xx--xx"), ("stabs", "pad", "offbeat"), form="edm"),
    "techno": Style((124, 142), (dict(kick=FOUR, hat=OFF, rim="---x--x----x--?-"), dict(kick=FOUR, open=OFF, hat=SIXTEEN, clap=BACK)), ("-xxx-xxx-xxx-xxx", "--x---x---x---x-"), ("stabs", "arp16", "pad"), ("", "riff"), form="edm"),
    "trance": Style((132, 146), (dict(kick=FOUR, clap=BACK, open=OFF),), ("-xxx-xxx-xxx-xxx", "--xx--xx--xx--xx"), ("arp16", "pad"), ("melody", "riff"), form="edm", lead_sounds=("lead", "pluck")),
    "bigroom": Style((124, 132), (dict(kick=FOUR, clap=BACK), dict(kick=FOUR, snare="----------------", open=OFF)), ("x-x-x-x-x-x-x-x-", "--x---x---x---x-"), ("stabs", "pad"), ("riff",), form="edm"),
    "dubstep": Style((136, 146), (dict(kick="X-----?---?-----", snare="--------X-------", hat=EIGHT), dict(kick="X-------?-x-----", snare="--------X-------", hat="x--x--x-x--x--x-")), ("x--x--x-x-x-x---", "xxx-x-x-xx--x---"), ("pad", "stabs"), form="edm", bass_sounds=("sawbass", "distorted")),
    "trap": Style((62, 84), (dict(kick="X-----x---x--?--", clap=BACK, hat="xxxxxxxxxxxxxxxx"), dict(kick="X--x------x--x--", snare=BACK, hat="xoxoxoxxxoxoxxxx")), ("X-----x---x-----", "X---------x--x--"), ("pad", "arp8", "bells"), ("voice", "riff", ""), bass_sounds=("sub",)),
    "trap_double": Style((126, 160), (dict(kick="X-----?---x-----", clap="--------X-------", hat="x-x-x-x-x-x-x-x-"), dict(kick="X--?--x-----?---", snare="--------X-------", hat="x-xxx-x-x-x-xxx-")), ("X-----------x---",), ("pad", "bells"), ("voice", "riff"), bass_sounds=("sub",)),
    "boombap": Style((80, 100), (dict(kick="X-----x-?-X-----", snare=BACK, hat=EIGHT), dict(kick="X--x---o--X--?--", snare=BACK, hat="x-x-x-xox-x-x-x-")), ("x-----x---x-----", "x--x----x-x-----"), ("comp", "pad", "stabs"), ("voice", "riff"), swing=(0.5, 0.62), loose_ms=(3, 14)),
    "lofi": Style((68, 92), (dict(kick="X-----?-x-?-----", snare=BACK, hat=EIGHT), dict(kick="X------x--x-----", rim=BACK, shaker=SIXTEEN)), ("x-------x--x----", "x-----x---------"), ("comp", "pad"), ("melody", ""), swing=(0.5, 0.64), loose_ms=(5, 20), chord_sounds=("epiano", "piano", "guitar")),
    "dnb": Style((164, 180), (dict(kick="X---------x-----", snare=BACK, hat=EIGHT), dict(kick="X-----?---x-----", snare="----X--o-o--X--o", hat=SIXTEEN, ride="x-x-x-x-x-x-x-x-")), ("x---------x-----", "x-----x-x-------"), ("pad", "arp8"), form="edm", bass_sounds=("sub", "sawbass")),
    "breaks": Style((120, 140), (dict(kick="X--x------xx----", snare="----X--o-o--X--o", hat=EIGHT),), ("x--x------xx----",), ("stabs", "pad"), form="edm"),
    "pop": Style((88, 128), (dict(kick="X-------X-------", snare=BACK, hat=EIGHT), dict(kick="X-----x-X-?-----", clap=BACK, hat=EIGHT, shaker=SIXTEEN), dict(kick="X--x----X--x----", snare=BACK, hat=SIXTEEN)), ("x-x-x-x-x-x-x-x-", "x-----x-x-------", "x-------x-------"), ("block", "pad", "strum", "arp8"), ("voice", "melody")),
    "rock": Style((96, 168), (dict(kick="X-------X-x-----", snare=BACK, hat=EIGHT), dict(kick="X-x---x-X-------", snare=BACK, ride=EIGHT), dict(kick="X-----x---x-----", snare=BACK, open="x---x---x---x---")), ("x-x-x-x-x-x-x-x-", "x-x-x-xxx-x-x-x-"), ("strum", "power"), ("voice", "melody", "riff"), loose_ms=(2, 10), drift=0.01, chord_sounds=("distorted", "guitar"), bass_sounds=("bass", "sawbass")),
    "punk": Style((160, 212), (dict(kick="X---X-x-X---X---", snare="--X---X---X---X-", hat="x-x-x-x-x-x-x-x-"), dict(kick="X-----x-X-----x-", snare=BACK, open="x---x---x---x---"), dict(kick="X-------X-x-----", snare=BACK, hat="x---x---x---x---")), ("x-x-x-x-x-x-x-x-",), ("power",), ("voice",), loose_ms=(2, 9), drift=0.008, chord_sounds=("distorted",)),
    "fastpop": Style((150, 210), (dict(kick="X-------X-------", snare=BACK, hat="x---x---x---x---"), dict(kick=FOUR, snare=BACK, open=OFF), dict(kick="X-----x-X---x---", snare=BACK, ride="x---x---x---x---")), ("x-x-x-x-x-x-x-x-", "x---x---x---x---"), ("strum", "block", "arp8", "power"), ("voice", "melody", "riff")),
    "metal": Style((100, 200), (dict(kick="XxXxXxXxXxXxXxXx", snare=BACK, crash="x-------------?-"), dict(kick="X-xxX-xxX-xxX-xx", snare="--------X-------", open="x---x---x---x---")), ("x-xxx-xxx-xxx-xx",), ("power",), ("riff", "voice"), chord_sounds=("distorted",), bass_sounds=("sawbass",)),
    "ballad": Style((54, 84), (dict(kick="X-------X-?-----", snare=BACK, hat=EIGHT), dict(rim=BACK, kick="X-----x-X-------"), dict()), ("x-------x-------", "x--------------x"), ("arp8", "block", "pad"), ("voice", "melody"), loose_ms=(4, 20), drift=0.02, chord_sounds=("piano", "epiano", "guitar", "strings")),
    "waltz": Style((84, 190), (dict(kick="X-----------", hat="----x---x---"), dict(kick="X-----------", snare="----o---o---"), dict()), ("X-----------",), ("oompah", "pad", "arp8"), ("melody", "voice"), metre=3, loose_ms=(2, 14), drift=0.015),
    "waltz_pop": Style((80, 160), (dict(kick="X-----------", snare="--------X---", hat="x-o-x-o-x-o-"), dict(kick="X-------x---", snare="----X-------", hat="x---x---x---")), ("x---x---x---", "x-------x---"), ("strum", "arp8", "pad"), ("voice",), metre=3),
    "sixeight": Style((40, 76), (dict(kick="X-----X-----", snare="---X-----X--", hat="xoxoxoxoxoxo"), dict(kick="X--------x--", snare="------X-----", hat="xxxxxxxxxxxx")), ("x-----x-----",), ("arp3", "pad"), ("voice", "melody"), steps=3),
    "twelve": Style((52, 80), (dict(kick="X-----X--x--", snare="---X-----X--", hat="xxxxxxxxxxxx"),), ("x-----x--x--",), ("arp3", "block"), ("voice", "brass"), steps=3, loose_ms=(3, 12)),
    "shuffle": Style((84, 150), (dict(kick="X-----X-----", snare="---X-----X--", hat="x-xx-xx-xx-x"), dict(kick="X--x--X--x--", snare="---X-----X--", ride="x-xx-xx-xx-x")), ("x--x--x--x--", "x-xx-xx-xx-x"), ("comp3", "block", "organ"), ("voice", "melody"), steps=3, loose_ms=(3, 12), drift=0.012),
    "swing": Style((96, 210), (dict(ride="x--x-xx--x-x", hat="---x-----x--", kick="o--o--o--o--"), dict(brush="x--x-xx--x-x", hat="---x-----x--")), ("x--x--x--x--",), ("comp3", "block"), ("melody", "riff"), steps=3, loose_ms=(4, 16), drift=0.012, bass_sounds=("bass",), chord_sounds=("piano", "guitar", "epiano", "brass")),
    "funk": Style((90, 122), (dict(kick="X--x--x---x--x--", snare="----X--o-o--X--o", hat=SIXTEEN), dict(kick="X-x-------xx----", snare="----X--o----X-o-", hat="x-xxx-xxx-xxx-xx")), ("x--x-xx---x--x-x", "xx-x--x-x-xx----"), ("comp", "stabs", "mutes"), ("riff", "brass", "voice"), swing=(0.5, 0.56), loose_ms=(2, 9)),
    "disco": Style((108, 128), (dict(kick=FOUR, snare=BACK, open=OFF, hat=SIXTEEN),), ("x-x-x-x-x-x-x-x-", "x-xx--xxx-xx--xx"), ("mutes", "strings", "stabs"), ("voice", "strings")),
    "soul": Style((64, 120), (dict(kick="X-----x-X-x-----", snare=BACK, hat=EIGHT, shaker=SIXTEEN), dict(kick="X-------X-------", snare="X---X---X---X---", hat=EIGHT)), ("x--x--x-x--x--x-", "x-----xxx-------"), ("comp", "organ", "block"), ("voice", "brass"), swing=(0.5, 0.58), loose_ms=(4, 16), drift=0.01),
    "reggae": Style((64, 92), (dict(kick="--------X-------", rim="--------X-------", hat=EIGHT), dict(kick=FOUR, snare="--------X-------", hat=EIGHT)), ("x-----x-x--x----", "--x-x---x-x-----"), ("skank",), ("voice", "melody", "brass"), loose_ms=(3, 12), swing=(0.5, 0.6)),
    "ska": Style((130, 180), (dict(kick="X-------X-------", snare=BACK, hat="x-x-x-x-x-x-x-x-"),), ("x---x---x---x---",), ("offbeat",), ("brass", "voice"), loose_ms=(2, 9)),
    "reggaeton": Style((84, 104), (dict(kick=FOUR, snare="---x--x----x--x-", hat=EIGHT), dict(kick="X---x---X---x---", clap="---X--X----X--X-")), ("x-----x-x-----x-", "x---x---x---x---"), ("stabs", "pad", "bells"), ("voice", "riff")),
    "bossa": Style((110, 170), (dict(kick="X--xX--xX--xX--x", rim="x--x--x---x--x--", shaker=SIXTEEN), dict(kick="X--xX--xX--xX--x", rim="--x--x--x--x---x", hat=EIGHT)), ("x-----xxx-----xx", "x--x----x--x----"), ("comp", "strum"), ("voice", "flute"), loose_ms=(3, 12), drift=0.008, chord_sounds=("guitar", "piano")),
    "samba": Style((90, 130), (dict(kick="o--oX--oo--oX--o", shaker="XoxXXoxXXoxXXoxX", rim="x-x-xx-x-x-xx-x-"),), ("--------x-------", "x--xx--xx--xx--x"), ("comp",), ("voice", "flute"), loose_ms=(3, 10)),
    "salsa": Style((160, 210), (dict(conga="--x---xx--x---xx", bell="X-x-x-xxX-x-x-xx", rim="x--x--x---x-x---"), dict(conga="--x---xx--x---xx", bell="X-x-X-x-X-x-X-x-", rim="--x-x---x--x--x-")), ("---x--x----x--x-", "x--x--x-x--x--x-"), ("montuno",), ("brass", "voice"), loose_ms=(3, 10), drift=0.008),
    "afro": Style((96, 124), (dict(kick="X--x----X--x----", rim="---x--x---x-x---", shaker=SIXTEEN, conga="--x---xx--x---xx"), dict(kick=FOUR, shaker="x-xxx-xxx-xxx-xx", conga="x--x--x-x--x--x-")), ("x--x--x---x-x---", "------x-x-x-----"), ("mutes", "pad", "comp"), ("voice", "riff"), loose_ms=(2, 10)),
    "country": Style((84, 130), (dict(kick="X-------X-------", snare="----X-------X---", brush=SIXTEEN), dict(snare="xoXoxoXoxoXoxoXo", kick="X---X---X---X---")), ("x-------x-------",), ("boomchick", "strum"), ("voice", "melody"), loose_ms=(3, 12), drift=0.01, chord_sounds=("guitar", "piano")),
    "folk": Style((76, 150), (dict(), dict(shaker=EIGHT), dict(kick="X---X---X---X---")), ("x-------x-------", "----------------"), ("strum", "arp8", "boomchick"), ("voice", "flute"), loose_ms=(5, 20), drift=0.025, chord_sounds=("guitar", "muted", "piano")),
    "folk3": Style((80, 150), (dict(), dict(shaker="x-o-x-o-x-o-")), ("x-----------",), ("strum", "arp8", "oompah"), ("voice", "flute"), metre=3, loose_ms=(5, 20), drift=0.025, chord_sounds=("guitar", "piano")),
    "march": Style((96, 128), (dict(kick="X-------X-------", snare="x-xoX-xox-xoX-xo", crash="x---------------"),), ("x---x---x---x---",), ("oompah4", "offbeat"), ("brass", "flute"), loose_ms=(3, 10), drift=0.01, chord_sounds=("brass", "organ")),
    "orchestra": Style((60, 150), (dict(), dict(tom="X-------x---x---"), dict(crash="x---------------", tom="X-x-x-x-X-x-x-x-")), ("x-------x-------", "x---x---x---x---"), ("ostinato", "pad", "block"), ("melody", "brass", "strings"), loose_ms=(6, 22), drift=0.04, chord_sounds=("strings", "brass"), lead_sounds=("strings", "brass", "flute")),
    "orchestra3": Style((70, 170), (dict(), dict(tom="X-----------")), ("x-----------",), ("ostinato", "oompah", "pad"), ("melody", "strings"), metre=3, loose_ms=(6, 20), drift=0.04, chord_sounds=("strings", "brass")),
    "piano": Style((60, 150), (dict(),), ("x-------x-------", "x---x---x---x---", "----------------"), ("alberti", "block", "arp16", "oompah4"), ("melody",), loose_ms=(4, 18), drift=0.035, chord_sounds=("piano",), lead_sounds=("piano",), bass_sounds=("bass",)),
    "chip": Style((110, 180), (dict(kick="X-------X-------", snare=BACK, hat=EIGHT), dict(hat=SIXTEEN, snare=BACK)), ("x-x-x-x-x-x-x-x-", "x--x--x-x--x--x-"), ("arp16", "stabs"), ("riff", "melody"), chord_sounds=("chip",), lead_sounds=("chip",), bass_sounds=("chip", "sub")),
    "synthwave": Style((80, 118), (dict(kick="X-------X-------", snare=BACK, hat=SIXTEEN), dict(kick=FOUR, snare=BACK, hat=EIGHT)), ("x-x-x-x-x-x-x-x-", "xxxxxxxxxxxxxxxx"), ("pad", "arp16"), ("melody", "riff"), form="edm", bass_sounds=("sawbass",)),
    "ambient": Style((70, 140), (dict(), dict(kick="X-------o-------"), dict(shaker="o-o-o-o-o-o-o-o-")), ("x---------------",), ("arp8", "pad", "bells"), ("", "melody"), chord_sounds=("pad", "epiano", "bell", "mallet")),
    "ambientdrop": Style((130, 155), (dict(kick="X---------x-----", snare="--------X-------", hat=EIGHT),), ("x---------x-----",), ("pad", "stabs"), ("riff", "voice"), form="edm"),
    "cinematic": Style((70, 150), (dict(tom="X--x--x-X--x--x-"), dict(kick="X---------------", tom="X-x-x-x-X-x-x-xx"), dict(kick=FOUR, clap=BACK)), ("x-------x-------",), ("ostinato", "pad", "arp16"), ("melody", ""), form="build", chord_sounds=("strings", "pad", "piano")),
    "clapstomp": Style((78, 112), (dict(kick="X-x-----X-x-----", clap=BACK), dict(kick=FOUR, clap=BACK, rim=OFF)), ("x-------x-------", "----------------"), ("strum", "block"), ("voice", "riff")),
    "latin_pop": Style((88, 108), (dict(kick=FOUR, rim="---x--x----x--x-", shaker=SIXTEEN, conga="--x---xx--x---xx"),), ("x--x--x-x--x--x-",), ("strum", "stabs", "montuno"), ("voice", "brass")),
    "percussion": Style((84, 150), (dict(conga="X--x--x-X--x--x-", shaker=SIXTEEN, bell="x---x-x-x---x-x-"), dict(tom="X--xX--xX-x-X-xx", rim="x-x-xx-x-x-xx-x-")), ("----------------",), ("none",), ("", "riff"), loose_ms=(3, 12)),
    "arpeggio": Style((90, 150), (dict(),), ("----------------", "x---------------"), ("arp16", "arp8"), ("", "melody"), chord_sounds=("pluck", "mallet", "bell", "piano", "guitar")),
}  # fmt: skip

# Sections of a form: label, energy, bars, and which layers play (d drums, k no kick, b bass, c chords, l lead, r riser, f filtered).
FORMS: dict[str, tuple[tuple[tuple[str, float, int, str], ...], ...]] = {
    "edm": (
        (("intro", 0.4, 4, "dc"), ("verse", 0.6, 8, "dbc"), ("build", 0.5, 4, "kclr"), ("drop", 1.0, 8, "dbcl"), ("break", 0.25, 6, "cl"), ("build", 0.5, 4, "kclr"), ("drop", 1.0, 8, "dbcl"), ("outro", 0.3, 4, "d")),
        (("intro", 0.2, 8, "cf"), ("build", 0.45, 4, "kcr"), ("drop", 1.0, 8, "dbcl"), ("break", 0.2, 4, "c"), ("drop", 1.0, 8, "dbcl"), ("outro", 0.3, 4, "dc")),
        (("intro", 0.35, 8, "dkf"), ("build", 0.5, 4, "dkclr"), ("drop", 1.0, 16, "dbcl"), ("break", 0.3, 8, "cl"), ("build", 0.5, 4, "kclr"), ("drop", 1.0, 8, "dbcl")),
    ),
    "song": (
        (("intro", 0.4, 4, "cb"), ("verse", 0.6, 8, "dbcl"), ("hook", 0.9, 8, "dbcl"), ("verse", 0.6, 8, "dbcl"), ("hook", 0.9, 8, "dbcl"), ("break", 0.3, 4, "cl"), ("hook", 0.95, 8, "dbcl"), ("outro", 0.3, 4, "c")),
        (("verse", 0.7, 8, "dbcl"), ("hook", 0.9, 8, "dbcl"), ("verse", 0.7, 8, "dbc"), ("break", 0.3, 4, "c"), ("hook", 1.0, 8, "dbcl")),
        (("intro", 0.3, 4, "c"), ("verse", 0.5, 8, "cbl"), ("hook", 0.9, 8, "dbcl"), ("verse", 0.6, 8, "dbcl"), ("hook", 0.95, 8, "dbcl"), ("outro", 0.4, 4, "cb")),
        (("verse", 0.8, 32, "dbcl"),),
    ),
    "build": (
        (("intro", 0.2, 8, "c"), ("verse", 0.45, 8, "cb"), ("build", 0.6, 8, "dcbr"), ("drop", 1.0, 12, "dbcl"), ("outro", 0.2, 4, "c")),
    ),
}  # fmt: skip
