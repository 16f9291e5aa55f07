"""A film cut into pieces that are encoded each by itself: stretches of shots that nothing else is mixed into, and the joints between."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from engine.render.film import Film, Joint, Shot

__all__ = ["Piece", "pieces_of"]


@dataclass(frozen=True)
class Piece:
    """`frames` of the film. kind : `shot` (one shot), or a joint's kind with the two shots it joins.

    The shots of a crossing joint are both as long as the piece; those of a dip to black lie one after the other.
    """

    kind: str
    shots: tuple[Shot, ...]
    frames: int

    @property
    def id(self) -> str:
        return "+".join(shot.id for shot in self.shots)


def pieces_of(film: Film) -> tuple[Piece, ...]:
    """All pieces in order; their frames sum to the film's."""
    return tuple(_pieces(film))


def _pieces(film: Film) -> Iterator[Piece]:
    for index, shot in enumerate(film.shots):
        arriving, leaving = film.joints.get(index), film.joints.get(index + 1)
        if arriving is not None:
            yield _joint(film, index, arriving)
        first = arriving.after if arriving else 0
        frames = shot.frames - first - (leaving.before if leaving else 0)
        if frames > 0:
            yield Piece("shot", (shot.part(first, frames, film.rate),), frames)


def _joint(film: Film, index: int, joint: Joint) -> Piece:
    """A transition: what is left of the first shot and its handle, what comes before the second one and its beginning."""
    first, second = film.shots[index - 1], film.shots[index]
    if joint.kind == "dip_to_black":
        dark = first.part(first.frames - joint.before, joint.before, film.rate), second.part(0, joint.after, film.rate)
        return Piece(joint.kind, dark, joint.frames)
    a = first.part(first.frames - joint.before, joint.frames, film.rate)
    b = second.part(-joint.before, joint.frames, film.rate)
    return Piece(joint.kind, (a, b), joint.frames)
