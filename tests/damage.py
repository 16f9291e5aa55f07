"""Timeline files damaged in every way that comes to mind, by chance or by malice: `damaged(content, chance)`."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import factories

from engine.model.timeline import CropKey
from otio_adapters.readers import format_of
from otio_adapters.writers import WRITERS

ODD = (b"-1", b"0", b"1e308", b"9" * 21, b"9" * 4000, b"1/0", b"NaN", b"", b"null", b"[]", b"-0.5", b"{}", b"1/" + b"9" * 40, b"0x10", b" ")
NUMBER = re.compile(rb"(?<=[\">: ])-?\d+(?:[./]\d+)?")
ELEMENT = re.compile(rb"<(\w[\w-]*)\b[^>]*?(?:/>|>.*?</\1>)", re.DOTALL)
LAUGHS = b"".join(b'<!ENTITY l%d "%s">' % (k, b"&l%d;" % (k - 1) * 10 if k else b"lol") for k in range(12))
EXTERNAL = b'<!ENTITY x SYSTEM "file:///etc/passwd"><!ENTITY % p SYSTEM "http://127.0.0.1:9/x.dtd">%p;'
LARGEST = 1_500_000
"""Bytes to which a file is blown up (chosen: a real one of half an hour has about as many)."""


def cut_off(content: bytes, chance: random.Random) -> bytes:
    return content[: chance.randrange(len(content))]


def cut_out(content: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(content))
    return content[:at] + content[at + chance.randrange(1, 400) :]


def stuttered(content: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(content))
    return content[:at] + content[max(0, at - chance.randrange(1, 400)) :]


def byte_changed(content: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(content))
    return content[:at] + bytes([chance.randrange(256)]) + content[at + 1 :]


def number_changed(content: bytes, chance: random.Random) -> bytes:
    numbers = [one.span() for one in NUMBER.finditer(content)]
    if not numbers:
        return byte_changed(content, chance)
    start, end = chance.choice(numbers)
    return content[:start] + chance.choice(ODD) + content[end:]


def numbers_swapped(content: bytes, chance: random.Random) -> bytes:
    numbers = [one.span() for one in NUMBER.finditer(content)]
    if len(numbers) < 2:
        return byte_changed(content, chance)
    (a, b), (c, d) = sorted(chance.sample(numbers, 2))
    return content[:a] + content[c:d] + content[b:c] + content[a:b] + content[d:]


def word_changed(content: bytes, chance: random.Random) -> bytes:
    """A name of an element, key or schema becomes another one of the file."""
    words = list(re.finditer(rb"[A-Za-z_][\w-]{2,}", content))
    if len(words) < 2:
        return byte_changed(content, chance)
    one, other = chance.sample(words, 2)
    return content[: one.start()] + other[0] + content[one.end() :]


def blown_up(content: bytes, chance: random.Random) -> bytes:
    """A piece of it again and again, some megabytes of it."""
    pieces = [one.span() for one in ELEMENT.finditer(content)] or [(len(content) // 3, 2 * len(content) // 3)]
    start, end = chance.choice(pieces)
    piece = content[start:end] or b" "
    times = chance.choice((50, 500, 5000))
    return content[:end] + piece * min(times, max(1, (LARGEST - len(content)) // len(piece))) + content[end:]


def deepened(content: bytes, chance: random.Random) -> bytes:
    depth = chance.choice((30, 99, 101, 5000))
    if content.lstrip().startswith(b"{"):
        return content.replace(b'"children":', b'"children":' + b'[{"OTIO_SCHEMA": "Stack.1", "children": ' * depth, 1)
    return content.replace(b">", b">" + b"<a>" * depth, 3)


def with_entities(content: bytes, chance: random.Random) -> bytes:
    declared = chance.choice((LAUGHS, EXTERNAL))
    name = b"xmeml" if b"<xmeml" in content else b"fcpxml"
    bare = re.sub(rb"<\?xml[^>]*>|<!DOCTYPE[^>]*>", b"", content)
    used = chance.choice((b"&l11;", b"&x;", b"&amp;"))
    return b"<!DOCTYPE " + name + b" [" + declared + b"]>" + bare.replace(b"</", used + b"</", 1)


def in_circles(content: bytes, chance: random.Random) -> bytes:
    """Ids and references all become one."""
    return re.sub(rb'(\b(?:id|ref)=")[^"]*', rb"\1r1", content)


def other_letters(content: bytes, chance: random.Random) -> bytes:
    text = content.decode("utf-8", "replace")
    return chance.choice(
        (text.encode("utf-16"), text.encode("utf-8-sig"), content.replace(b"e", b"\x00"), b"\xff" + content, content[::-1])
    )


DAMAGES: tuple[Callable[[bytes, random.Random], bytes], ...] = (
    cut_off,
    cut_out,
    stuttered,
    byte_changed,
    number_changed,
    numbers_swapped,
    word_changed,
    blown_up,
    deepened,
    with_entities,
    in_circles,
    other_letters,
)


def damaged(content: bytes, chance: random.Random, *, large: bool = True) -> tuple[bytes, str]:
    """One to three damages, and their names. large : also blown up to megabytes."""
    kinds = [one for one in DAMAGES if large or one is not blown_up]
    done = []
    for _ in range(chance.choice((1, 1, 1, 2, 3))):
        kind = chance.choice(kinds)
        content = kind(content, chance) or b" "
        done.append(kind.__name__)
    return content, "+".join(done)


def whole_files(shared_folder: Path, most_bytes: int = 10**9) -> list[tuple[str, bytes]]:
    """Real files of other programs up to a size, and one of each of our writers."""
    paths = [path for path in sorted((shared_folder / "nle_samples").iterdir()) if path.suffix in (".otio", ".json", ".fcpxml", ".xml")]
    real = [(path.name, path.read_bytes()) for path in paths if 0 < path.stat().st_size < most_bytes]
    timeline = factories.timeline(12)
    moving = replace(timeline.clips[0], crop=(CropKey(0, 0.0, 0.1, 1.0, 0.5), CropKey(20, 0.0, 0.4, 1.0, 0.5)))
    timeline = timeline.replace(clips=(moving, *timeline.clips[1:]))
    ours = [(name, WRITERS[name].write(timeline).content) for name in sorted(WRITERS)]
    return [*((name, body) for name, body in real if format_of(body)), *ours]
