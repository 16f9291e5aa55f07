"""What a person may ask of a section: the guide's four instructions, and sentences made of known words.

Every instruction becomes a leaning of the objective, and a figure of the section that has to move its way: what cannot be shown in
the result is refused, not claimed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from engine.edit.scoring import Leaning
from engine.errors import BadOption
from engine.model.names import INSTRUCTION_ALIASES
from engine.model.timeline import SongUse

__all__ = ["Instruction", "leaning_of", "parse", "vocabulary"]

PACE_OCTAVES = 0.5
"""By how much "tighter" and "slower" shift the wanted hold, in octaves, at strength 1 (a hazard's logit of about .5)."""
ENERGY_WORTH, ENERGY_PACE = 0.8, -0.23
"""What a beat of full motion in loud music earns at strength 1, and the quicker pace that goes with it (15 % shorter)."""
KIND_WORTH = 0.4
"""What a beat of a kind that is wanted more earns at strength 1 (a third more than the profile's own wish for a shot type)."""
REPEAT_WORTH = 0.25
"""What each clip that stood there before costs a beat when something else is asked for."""


@dataclass(frozen=True)
class Instruction:
    """One thing that is asked: `name` is one of `names.INSTRUCTIONS`, or "more"/"fewer" of `kind` (a column of the features).

    start_s, end_s : where, in edit seconds; None is the section's own start or end.
    """

    name: str
    kind: str = ""
    words: str = ""
    start_s: float | None = None
    end_s: float | None = None


ACTIONS: Mapping[str, str] = MappingProxyType(
    {
        **INSTRUCTION_ALIASES,
        "make it tighter": "make_tighter",
        "faster": "make_tighter",
        "quicker": "make_tighter",
        "shorter shots": "make_tighter",
        "longer shots": "slow_down",
        "slow down": "slow_down",
        "add energy": "add_energy",
        "more energy": "add_energy",
        "more energetic": "add_energy",
        "something else": "regenerate_section",
        "different": "regenerate_section",
    }
)
KINDS: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("close-ups", "close ups", "closeups", "close-up shots"), "shot_type_close_up"),
        **dict.fromkeys(("medium shots", "mediums"), "shot_type_medium"),
        **dict.fromkeys(("wide shots", "wides"), "shot_type_wide"),
        **dict.fromkeys(("faces", "people"), "face"),
        **dict.fromkeys(("motion", "movement", "action"), "motion_intensity"),
        **dict.fromkeys(("front shots", "shots from the front"), "angle_front"),
        **dict.fromkeys(("side shots", "shots from the side"), "angle_side"),
        **dict.fromkeys(("overhead shots", "shots from above"), "angle_overhead"),
    }
)
DEGREES: Mapping[str, str] = MappingProxyType({"more": "more", "fewer": "fewer", "less": "fewer"})
PLACES = ("drop", "intro", "build", "break", "outro", "verse")
FILLERS = frozenset({"the", "a", "it", "make", "please", "this", "part", "section", "with", "and", "but", "then"})


def vocabulary() -> str:
    """All that is understood, in a line."""
    actions = sorted({name for name in ACTIONS if "_" not in name})
    places = f"from/until/in the {'|'.join(PLACES)}, at the beginning, at the end, from S, until S (seconds)"
    return f"{', '.join(actions)}; more or fewer {', '.join(sorted(KINDS))}; {places}"


def parse(text: str, song: SongUse | None, duration_s: float) -> tuple[Instruction, ...]:
    """A name, or a sentence of known words with commas or "and" between its wishes. Raises `BadOption` (`unknown_words`) with the list."""
    plain = " ".join(text.lower().split())
    if plain.replace(" ", "_") in INSTRUCTION_ALIASES:
        return (Instruction(INSTRUCTION_ALIASES[plain.replace(" ", "_")], words=text),)
    rows: list[Instruction] = []
    unknown: list[str] = []
    for clause in re.split(r"[,;]|\.(?!\d)|\band\b|\bthen\b|\bbut\b", plain):
        found, left = _clause(clause.strip(), song, duration_s)
        unknown += left
        rows += found
    if unknown or not rows:
        said = f"I do not understand {', '.join(repr(word) for word in unknown)}." if unknown else "That says nothing that can be done."
        raise BadOption("unknown_words", said, f"Known: {vocabulary()}.", words=unknown)
    return tuple(rows)


def _clause(clause: str, song: SongUse | None, duration_s: float) -> tuple[list[Instruction], list[str]]:
    """The instructions of one clause, and the words that nobody knows."""
    rest, start, end = _place(clause, song, duration_s)
    rows = []
    for words, kind in sorted(KINDS.items(), key=lambda row: -len(row[0])):
        match = re.search(rf"\b({'|'.join(DEGREES)}) {re.escape(words)}(?![\w-])", rest)
        if match:
            rows.append(Instruction(DEGREES[match.group(1)], kind, match.group(0), start, end))
            rest = rest.replace(match.group(0), " ", 1)
    for words, name in sorted(ACTIONS.items(), key=lambda row: -len(row[0])):
        if re.search(rf"\b{re.escape(words)}\b", rest):
            rows.append(Instruction(name, words=words, start_s=start, end_s=end))
            rest = re.sub(rf"\b{re.escape(words)}\b", " ", rest, count=1)
    return rows, [word for word in rest.split() if word not in FILLERS]


def _place(clause: str, song: SongUse | None, duration_s: float) -> tuple[str, float | None, float | None]:
    """The clause without its words of place, and where that is."""
    start: float | None = None
    end: float | None = None
    number = r"(\d+(?:\.\d+)?) ?s?(?:econds)?"
    for pattern, side in ((rf"\b(?:from|after) {number}\b", 0), (rf"\b(?:until|to|before) {number}\b", 1)):
        match = re.search(pattern, clause)
        if match:
            start, end = (float(match.group(1)), end) if side == 0 else (start, float(match.group(1)))
            clause = clause.replace(match.group(0), " ", 1)
    match = re.search(rf"\b(from|after|until|before|in) the ({'|'.join(PLACES)})\b", clause)
    if match:
        start, end = _section(match.group(2), match.group(1), song, start, end)
        clause = clause.replace(match.group(0), " ", 1)
    for words, part in (("at the beginning", (0.0, duration_s / 4)), ("at the end", (duration_s * 3 / 4, duration_s))):
        if words in clause:
            start, end = part
            clause = clause.replace(words, " ", 1)
    return clause, start, end


def _section(label: str, word: str, song: SongUse | None, start: float | None, end: float | None) -> tuple[float | None, float | None]:
    """Edit seconds of a named part of the song. Raises `BadOption` (`no_such_section`) where the edit has none."""
    spans = [(one.start_s, one.end_s) for one in song.sections if one.label == label] if song else []
    if label == "drop" and not spans and song:
        spans = [(drop, float("inf")) for drop in song.drops]
    if not spans:
        known = sorted({one.label for one in song.sections}) if song else []
        raise BadOption("no_such_section", f"The music of this edit has no {label}.", f"Its parts: {', '.join(known) or 'none'}.")
    first, last = spans[0]
    if word in ("from", "after"):
        return first, end
    return (start, first) if word in ("until", "before") else (first, last)


def leaning_of(one: Instruction, strength: float, first_frame: int, last_frame: int, before: Sequence[str]) -> Leaning:
    """The instruction as a bend of the objective. before : media that stands in the section now."""
    where = Leaning(first_frame=first_frame, last_frame=last_frame)
    if one.name == "make_tighter":
        return replace(where, pace_octaves=-PACE_OCTAVES * strength)
    if one.name == "slow_down":
        return replace(where, pace_octaves=PACE_OCTAVES * strength)
    if one.name == "add_energy":
        return replace(where, pace_octaves=ENERGY_PACE * strength, energy=ENERGY_WORTH * strength)
    if one.name == "regenerate_section":
        return replace(where, repeats=dict.fromkeys(before, REPEAT_WORTH * strength))
    return replace(where, kinds={one.kind: KIND_WORTH * strength * (1 if one.name == "more" else -1)})
